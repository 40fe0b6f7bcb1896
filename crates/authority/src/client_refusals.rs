//! What is written down of requests that are refused. Of applications that ask in their own name: one count for each, and one line in the log.
//!
//! The line says which client, through which channel, from where, and what was wrong; the answer says none of it. Nothing that was
//! shown is in it, and no name that no client has: that may be a secret in the wrong field (EMPTY-HANDS).

use std::fmt::Display;

use adieu_core::{Channel, Client, ClientAuth, ClientId, Realm};

use crate::Authority;
use crate::client_refusal_reason::ClientRefusalReason;
use crate::request_lines::LineTaken;

/// A request of a client that is refused.
pub struct ClientRefusal<'a> {
    /// Whose client it would be.
    pub realm: &'a Realm,
    /// The dialect that it speaks.
    pub channel: Channel,
    /// What it asked, in one word.
    pub endpoint: &'static str,
    /// Where it came from.
    pub address: Option<&'a (dyn Display + Sync)>,
    /// The client that it names.
    pub client: Option<ClientId>,
    /// What was wrong.
    pub reason: ClientRefusalReason,
    /// The same more closely: never a secret, a code or a token, and of bounded length.
    pub detail: Option<&'a str>,
}

impl Authority {
    /// Whether one more line is written of a request that this channel refuses for that reason, a word of the source: none, where
    /// there were too many of it in this second.
    pub fn take_line(&self, channel: &'static str, reason: &'static str) -> Option<LineTaken> {
        self.inner.request_lines.take((channel, reason), self.now())
    }

    /// Counts that a client is refused, and writes a line about it, as long as there were not too many of that reason in this second.
    pub async fn note_client_refusal(&self, refusal: ClientRefusal<'_>) {
        let (channel, reason) = (refusal.channel.0.to_string(), refusal.reason.word());
        metrics::counter!("adieu_client_refusals_total", "channel" => channel, "reason" => reason)
            .increment(1);
        let Some(left_out) = self.inner.client_refusals.take(refusal.reason, self.now()) else { return };
        let client = match &refusal.client {
            Some(id) => self.client(refusal.realm.id, id).await.ok().flatten(),
            None => None,
        };
        let known = client.as_deref();
        let registered = known.filter(|_| refusal.reason == ClientRefusalReason::OtherMethod);
        tracing::info!(
            reason, client = known.map_or("", |client| client.id.as_str()), realm = %refusal.realm.id,
            channel = &*refusal.channel.0, endpoint = refusal.endpoint,
            address = refusal.address.map(ToString::to_string).unwrap_or_default(),
            detail = refusal.detail, registered = registered.map(method),
            left_out = (left_out > 0).then_some(left_out), "a client was refused"
        );
    }
}

/// How a client is to prove itself, in the standard's word. OpenID Connect Core section 9
const fn method(client: &Client) -> &'static str {
    match client.auth {
        ClientAuth::None => "none",
        ClientAuth::Basic => "client_secret_basic",
        ClientAuth::Post => "client_secret_post",
        ClientAuth::PrivateKey => "private_key_jwt",
    }
}
