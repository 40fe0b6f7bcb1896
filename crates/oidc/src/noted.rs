//! What is written down of requests that are refused: which client, from where, and what was wrong.
//!
//! The answer says none of it, and nothing that was shown is written down: no secret, no code, no token (EMPTY-HANDS).

use std::fmt::Display;

use adieu_authority::{ClientId, ClientRefusal, ClientRefusalReason};
use adieu_http_kit::client::Peer;
use adieu_http_kit::form::Params;

use crate::client_auth::{named, once};
use crate::{Authorize, AuthorizeError, ClientRequest, Provider, Refusal};

/// Characters of an address that are written down: registered ones are shorter (HOME-LIMITS).
const ADDRESS_CHARS_MAX: usize = 256;

impl Provider<'_> {
    /// Writes down that a client was refused, if it was.
    pub(crate) async fn noted<T>(
        &self,
        endpoint: &'static str,
        request: &ClientRequest<'_>,
        answer: Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let Err(refusal) = &answer else { return answer };
        let Some(reason) = refusal.reason() else { return answer };
        let detail = match refusal {
            Refusal::RedirectUri(said) => Some(written(said)),
            Refusal::Request(says) | Refusal::InvalidRequestObject(says) => Some((*says).to_owned()),
            Refusal::KeysLater(later) => Some(later.detail.clone()),
            _ => None,
        };
        self.authority
            .note_client_refusal(ClientRefusal {
                realm: &self.issuer.realm,
                channel: self.channel.clone(),
                endpoint,
                address: request.peer.map(|peer| peer as &(dyn Display + Sync)),
                client: named(request.headers, request.form),
                reason,
                detail: detail.as_deref(),
            })
            .await;
        answer
    }

    /// Writes down that a browser came with a request that cannot be answered, if it did: what nobody can tell its client.
    pub(crate) async fn noted_in_browser(
        &self,
        params: &Params,
        peer: Option<&Peer>,
        answer: Result<Authorize, AuthorizeError>,
    ) -> Result<Authorize, AuthorizeError> {
        let client: Option<ClientId> =
            once(params, "client_id").ok().flatten().and_then(|id| id.parse().ok());
        let (reason, detail) = match &answer {
            Err(AuthorizeError::Missing("client_id")) => (ClientRefusalReason::NoClient, None),
            Err(AuthorizeError::Missing(name)) => {
                (ClientRefusalReason::RedirectUri, Some(format!("`{name}` is missing.")))
            }
            Err(AuthorizeError::Client(reason)) => (*reason, None),
            Err(AuthorizeError::RedirectUri(said)) => (ClientRefusalReason::RedirectUri, Some(written(said))),
            Err(AuthorizeError::Repeated(name)) => {
                (ClientRefusalReason::InvalidRequest, Some(format!("`{name}` is repeated.")))
            }
            Err(AuthorizeError::KeysLater(later)) => (later.why, Some(later.detail.clone())),
            Err(AuthorizeError::Told { refusal, .. }) => {
                let (channel, error) = (&*self.channel.0, refusal.code());
                let client = client.as_ref().map(ClientId::as_str);
                tracing::debug!(client, realm = %self.issuer.realm.id, channel, error, detail = %refusal, "a client was told by its browser that it is refused");
                return answer;
            }
            Ok(_) | Err(AuthorizeError::Outage(_)) => return answer,
        };
        self.authority
            .note_client_refusal(ClientRefusal {
                realm: &self.issuer.realm,
                channel: self.channel.clone(),
                endpoint: "authorize",
                address: peer.map(|peer| peer as &(dyn Display + Sync)),
                client,
                reason,
                detail: detail.as_deref(),
            })
            .await;
        answer
    }
}

/// An address as it may stand in a line: bounded, and without what moves the line.
fn written(said: &str) -> String {
    let plain = |letter: char| letter.is_ascii_graphic();
    let kept = said.chars().take(ADDRESS_CHARS_MAX);
    kept.fold(String::new(), |mut text, letter| {
        if plain(letter) {
            text.push(letter);
        } else {
            let mut bytes = [0; 4];
            for byte in letter.encode_utf8(&mut bytes).bytes() {
                text.push_str(&format!("%{byte:02X}"));
            }
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_a_line_is_bounded_and_plain() {
        assert_eq!(written("https://a.test/cb?x=1"), "https://a.test/cb?x=1");
        assert_eq!(written("a b\n\u{e4}"), "a%20b%0A%C3%A4");
        assert_eq!(written(&"x".repeat(9000)).len(), ADDRESS_CHARS_MAX);
    }
}
