//! One try: a POST to an address, and what came of it.
//!
//! No redirect is followed, with a token in the body least of all; an answer is read up to its bound and no further; the whole
//! of it takes ten seconds at most. Names are resolved once, judged, and connected to as they were judged. Nothing here is logged.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use adieu_core::{ANSWER_KEPT_BYTES, NoticeAnswer, Timestamp};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, Response, redirect};
use url::{Host, Url};

use crate::{addresses, retry_after};

/// How long a connection may take to be made, TLS included.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a try may take in all.
const WHOLE: Duration = Duration::from_secs(10);
/// Connections that are kept for the next notice, for each receiver, and how long.
const IDLE_MAX: usize = 8;
const IDLE: Duration = Duration::from_secs(30);

/// Where notices may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressRule {
    /// To addresses of the open internet.
    Public,
    /// Also into private networks and to this machine.
    Any,
}

/// The sender could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("the client that sends notices could not be set up")]
pub struct SenderFault(#[source] reqwest::Error);

/// Sends messages.
#[derive(Clone, Debug)]
pub struct Sender {
    client: Client,
    rule: AddressRule,
}

/// A POST to be sent.
#[derive(Clone)]
pub(crate) struct NoticeCall {
    pub(crate) address: String,
    pub(crate) media: &'static str,
    /// The others.
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// What came of a try.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) answer: NoticeAnswer,
    /// The beginning of what the receiver said.
    pub(crate) said: Option<String>,
}

impl Outcome {
    pub(crate) const fn failed(answer: NoticeAnswer) -> Self {
        Self { answer, said: None }
    }
}

/// A name leads to no address that notices are sent to.
#[derive(Debug, thiserror::Error)]
#[error("the name leads into a private network")]
struct Refused;

impl Sender {
    /// A sender that goes nowhere but where the rule allows.
    ///
    /// # Errors
    /// If the client cannot be made, also with no authority that it trusts.
    pub fn new(rule: AddressRule) -> Result<Self, SenderFault> {
        let client = Self::builder(rule).build().or_else(|error| {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "no authorities are known: receivers behind https cannot be told");
            Self::builder(rule).tls_certs_only([]).build()
        });
        Ok(Self { client: client.map_err(SenderFault)?, rule })
    }

    fn builder(rule: AddressRule) -> ClientBuilder {
        Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .pool_max_idle_per_host(IDLE_MAX)
            .pool_idle_timeout(IDLE)
            .no_proxy() // A proxy would resolve names, and nobody could judge where they lead.
            .referer(false)
            .user_agent(concat!("adieu/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(JudgedNames(rule))
    }

    /// Sends a call.
    pub(crate) async fn post(&self, call: NoticeCall, now: Timestamp) -> Outcome {
        let Ok(url) = Url::parse(&call.address) else { return Outcome::failed(NoticeAnswer::Unreachable) };
        if !self.rule.allows_host(&url) {
            return Outcome::failed(NoticeAnswer::AddressRefused);
        }
        let request = self.client.post(url).headers(call.headers).header(CONTENT_TYPE, call.media);
        let request = request.body(call.body);
        match request.send().await {
            Ok(response) => read(response, now).await,
            Err(error) => Outcome::failed(why(&error)),
        }
    }
}

impl AddressRule {
    fn allows(self, address: IpAddr) -> bool {
        self == Self::Any || addresses::is_public(address)
    }

    /// Whether a host that is an address itself, and is not resolved, may be sent to.
    fn allows_host(self, url: &Url) -> bool {
        match url.host() {
            Some(Host::Ipv4(address)) => self.allows(address.into()),
            Some(Host::Ipv6(address)) => self.allows(address.into()),
            Some(Host::Domain(_)) => true, // Judged when it is resolved.
            None => false,
        }
    }
}

fn why(error: &reqwest::Error) -> NoticeAnswer {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(this) = cause {
        if this.is::<Refused>() {
            return NoticeAnswer::AddressRefused;
        }
        cause = this.source();
    }
    if error.is_timeout() { NoticeAnswer::TimedOut } else { NoticeAnswer::Unreachable }
}

/// Reads the status and the beginning of the body; what is longer is not waited for. A body that breaks off changes nothing
/// of the status, which the receiver has said.
async fn read(mut response: Response, now: Timestamp) -> Outcome {
    let code = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = retry_after.and_then(|value| retry_after::read(value, now));
    let mut said = Vec::new();
    while said.len() < ANSWER_KEPT_BYTES
        && let Ok(Some(chunk)) = response.chunk().await
    {
        let room = ANSWER_KEPT_BYTES - said.len();
        said.extend_from_slice(&chunk[..chunk.len().min(room)]);
    }
    let said = (!said.is_empty()).then(|| String::from_utf8_lossy(&said).into_owned());
    Outcome { answer: NoticeAnswer::Status { code, retry_after }, said }
}

/// Resolves names by the system, and gives only addresses that may be sent to.
struct JudgedNames(AddressRule);

impl Resolve for JudgedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let rule = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let (allowed, refused): (Vec<SocketAddr>, Vec<SocketAddr>) =
                found.partition(|address| rule.allows(address.ip()));
            if allowed.is_empty() && !refused.is_empty() {
                return Err(Box::new(Refused) as Box<dyn std::error::Error + Send + Sync>);
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(address: &str) -> NoticeCall {
        let (media, headers) = ("application/json", HeaderMap::new());
        NoticeCall { address: address.into(), media, headers, body: "{}".into() }
    }

    #[tokio::test]
    async fn what_leads_into_the_house_is_refused_by_number_and_by_name() {
        let sender = Sender::new(AddressRule::Public).expect("a client");
        for address in [
            "http://127.0.0.1:9/x",
            "http://[::1]:9/x",
            "http://[::ffff:127.0.0.1]:9/x",
            "http://2130706433:9/x", // 127.0.0.1 as one number
            "http://0x7f.1:9/x",
            "http://localhost:9/x",
            "https://169.254.169.254/latest/meta-data",
        ] {
            let sent = sender.post(call(address), Timestamp::from_ms(0)).await;
            assert_eq!(sent.answer, NoticeAnswer::AddressRefused, "{address}");
        }
        let sent = sender.post(call("nonsense"), Timestamp::from_ms(0)).await;
        assert_eq!(sent.answer, NoticeAnswer::Unreachable);
    }
}
