//! One try: a POST to an address, and what came of it.
//!
//! No redirect is followed, with a token in the body least of all; the whole of it takes ten seconds at most, and the try is over soon after
//! the status is there: what else an answer says is read up to its bounds and no further. Where it may go is the affair of `adieu-egress`. Nothing here is logged.

use std::time::Duration;

use adieu_core::{ANSWER_KEPT_BYTES, NoticeAnswer, Timestamp};
use adieu_egress::{AddressRule, ClientFault, EgressClient, address_was_refused, certificate_was_refused};
use adieu_store::Pending;
use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use url::Url;

use crate::retry_after;

/// How long the rest of an answer is waited for whose status is there.
const REST: Duration = Duration::from_secs(1);

/// What sends notices. Tests of time and order bring one that knows no network.
pub trait NoticeSender: Send + Sync {
    /// Sends a call, and waits for what comes of it, ten seconds at most.
    fn post(&self, call: NoticeCall, now: Timestamp) -> Pending<NoticeOutcome>;
}

/// Sends notices over HTTP.
#[derive(Clone, Debug)]
pub struct Sender(EgressClient);

/// A POST to be sent.
#[derive(Clone)]
pub struct NoticeCall {
    /// Where to.
    pub address: String,
    /// The media type of the body.
    pub media: &'static str,
    /// The other headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

/// What came of a try.
#[derive(Debug)]
pub struct NoticeOutcome {
    /// What the receiver answered, or why it did not.
    pub answer: NoticeAnswer,
    /// The beginning of what the receiver said.
    pub said: Option<String>,
}

impl NoticeOutcome {
    /// No status, and nothing said.
    pub const fn failed(answer: NoticeAnswer) -> Self {
        Self { answer, said: None }
    }
}

impl Sender {
    /// A sender that goes nowhere but where the rule allows.
    ///
    /// # Errors
    /// If the client cannot be made, also with no authority that it trusts.
    pub fn new(rule: AddressRule) -> Result<Self, ClientFault> {
        EgressClient::new(rule).map(Self)
    }

    async fn posted(self, call: NoticeCall, now: Timestamp) -> NoticeOutcome {
        let Ok(url) = Url::parse(&call.address) else {
            return NoticeOutcome::failed(NoticeAnswer::Unreachable);
        };
        if !self.0.rule.allows_host(&url) {
            return NoticeOutcome::failed(NoticeAnswer::AddressRefused);
        }
        let request = self.0.client.post(url).headers(call.headers).header(CONTENT_TYPE, call.media);
        let request = request.body(call.body);
        match request.send().await {
            Ok(response) => read(response, now).await,
            Err(error) => NoticeOutcome::failed(why(&error)),
        }
    }
}

impl NoticeSender for Sender {
    fn post(&self, call: NoticeCall, now: Timestamp) -> Pending<NoticeOutcome> {
        Box::pin(self.clone().posted(call, now))
    }
}

fn why(error: &reqwest::Error) -> NoticeAnswer {
    if address_was_refused(error) {
        NoticeAnswer::AddressRefused
    } else if certificate_was_refused(error) {
        NoticeAnswer::CertificateRefused
    } else if error.is_timeout() {
        NoticeAnswer::TimedOut
    } else {
        NoticeAnswer::Unreachable
    }
}

/// Reads the status and the beginning of the body; what is longer, or comes later, is not waited for. A body that breaks off changes nothing
/// of the status, which the receiver has said (ONE-SLOW-HURTS-NONE).
async fn read(mut response: Response, now: Timestamp) -> NoticeOutcome {
    let code = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = retry_after.and_then(|value| retry_after::read(value, now));
    let mut said = Vec::new();
    let rest = async {
        while said.len() < ANSWER_KEPT_BYTES
            && let Ok(Some(chunk)) = response.chunk().await
        {
            let room = ANSWER_KEPT_BYTES - said.len();
            said.extend_from_slice(&chunk[..chunk.len().min(room)]);
        }
    };
    let _over = tokio::time::timeout(REST, rest).await;
    let said = (!said.is_empty()).then(|| String::from_utf8_lossy(&said).into_owned());
    NoticeOutcome { answer: NoticeAnswer::Status { code, retry_after }, said }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(address: &str) -> NoticeCall {
        let (media, headers) = ("application/json", HeaderMap::new());
        NoticeCall { address: address.into(), media, headers, body: "{}".into() }
    }

    /// Goal: ONE-SLOW-HURTS-NONE: a receiver that has said its status and not the rest ends its try, and its word counts.
    #[tokio::test]
    async fn the_rest_of_an_answer_is_not_waited_for() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let receiver = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a call");
            let mut read = [0; 1024];
            assert_ne!(stream.read(&mut read).await.expect("a request"), 0);
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nwait";
            stream.write_all(head).await.expect("written");
            // Until the other side has gone.
            while stream.read(&mut read).await.is_ok_and(|count| count > 0) {}
        });
        let sender = Sender::new(AddressRule::Any).expect("a client");
        let began = tokio::time::Instant::now();
        let sent = sender.post(call(&format!("http://127.0.0.1:{port}/")), Timestamp::from_ms(0)).await;
        assert_eq!(sent.answer, NoticeAnswer::Status { code: 200, retry_after: None });
        assert_eq!(sent.said.as_deref(), Some("wait"));
        assert!(began.elapsed() < Duration::from_secs(8), "the whole of a try may take ten seconds");
        receiver.await.expect("it was hung up on");
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
