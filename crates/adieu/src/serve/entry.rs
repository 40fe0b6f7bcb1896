//! Who comes in, and as whom: every request gets its client's real address before a face sees it.
//!
//! Plain HTTP from beyond loopback is for trusted proxies; anybody else's is refused without a look at it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use adieu_http_kit::client::Peer;
use adieu_http_kit::forwarded::{Trusted, origin};
use adieu_http_kit::service::Answering;
use axum::body::Body;
use axum::http::uri::Authority;
use axum::http::{HeaderValue, Request, Response, StatusCode, Version, header};
use hyper::body::{Body as _, Incoming};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::metering::RequestChannel;
use crate::serve::activity::Activity;
use crate::serve::bodies::{AwaitedBody, BodyBytes, CountedBody, HeldBody};
use crate::serve::places::ConnectionPlace;
use crate::services::{Present, Services};

/// Which listener.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Public,
    Admin,
}

/// Who speaks on a connection.
#[derive(Clone)]
pub(super) struct Speaker {
    pub(super) peer: SocketAddr,
    pub(super) tls: bool,
    pub(super) place: Arc<ConnectionPlace>,
}

/// What a connection asks.
#[derive(Clone)]
pub(super) struct Entry {
    side: Side,
    services: Present,
    speaker: Speaker,
    activity: Activity,
    bodies: Arc<BodyBytes>,
}

impl Entry {
    pub(super) fn new(side: Side, services: Present, speaker: Speaker, bodies: Arc<BodyBytes>) -> Self {
        let activity = speaker.place.activity();
        Self { side, services, speaker, activity, bodies }
    }

    pub(super) fn activity(&self) -> Activity {
        self.activity.clone()
    }

    /// The place of the connection.
    pub(super) fn place(&self) -> Arc<ConnectionPlace> {
        Arc::clone(&self.speaker.place)
    }

    fn answer(&self, request: Request<Incoming>) -> (Answering<Body>, Option<Arc<HeldBody>>) {
        let services = self.services.load();
        if !names_one_host(&request) {
            return (refused(&services, nameless()), None);
        }
        let Speaker { peer, tls, .. } = self.speaker;
        match self.side {
            Side::Public if in_the_clear(tls, peer, &services.trusted) => {
                (refused(&services, in_plain_http()), None)
            }
            Side::Public => {
                let (peer, via) = origin(peer, request.headers(), &services.trusted, services.style);
                let (mut request, held) = self.counted(request, peer.0, &services.trusted);
                request.extensions_mut().insert(peer);
                if let Some(via) = via {
                    request.extensions_mut().insert(via);
                }
                (services.public.begin(request), held)
            }
            // Nobody stands in front of it: it says who it is. Documents for `apply` are larger than any share.
            Side::Admin => {
                let mut request = request.map(|body| AwaitedBody::of(body, self.activity()));
                request.extensions_mut().insert(Peer(peer));
                (services.admin.begin(request), None)
            }
        }
    }

    /// The request with a body whose bytes count for its address, if it has a body. A proxy that says of nobody for whom it speaks has no
    /// share, as it has none of the places.
    fn counted(
        &self,
        request: Request<Incoming>,
        from: SocketAddr,
        trusted: &Trusted,
    ) -> (Request<Body>, Option<Arc<HeldBody>>) {
        if request.body().is_end_stream() {
            return (request.map(Body::new), None);
        }
        let address = from.ip().to_canonical();
        let held = HeldBody::new(&self.bodies, Some(address).filter(|address| !trusted.contains(*address)));
        let counted = Arc::clone(&held);
        let awaited = |body| AwaitedBody::of(CountedBody::of(body, counted), self.activity());
        (request.map(awaited), Some(held))
    }
}

/// Whether a client speaks over a network that anybody may listen to.
fn in_the_clear(tls: bool, peer: SocketAddr, trusted: &Trusted) -> bool {
    let address = peer.ip().to_canonical();
    !tls && !address.is_loopback() && !trusted.contains(address)
}

/// Whether a request says once whom it is for: HTTP/1.1 in one line `Host`, HTTP/2 in its authority; a host that is no host is
/// none. RFC 9112 §3.2, RFC 9113 §8.3.1.
fn names_one_host<B>(request: &Request<B>) -> bool {
    let mut said = request.headers().get_all(header::HOST).iter();
    let (first, further) = (said.next(), said.next());
    if further.is_some() {
        return false;
    }
    match first {
        // An empty one is for whoever has no name.
        Some(host) => {
            let host = host.as_bytes();
            host.is_empty()
                || is_plain(host)
                || Authority::try_from(host).is_ok_and(|_| !host.contains(&b'@'))
        }
        None => request.version() != Version::HTTP_11,
    }
}

/// A name or an IPv4 address, with a port or without: nearly every host, for which no parser is needed.
fn is_plain(host: &[u8]) -> bool {
    let (name, port) = match host.iter().position(|byte| *byte == b':') {
        Some(colon) => (&host[..colon], &host[colon + 1..]),
        None => (host, &b"0"[..]),
    };
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    !name.is_empty() && name.iter().all(is_name) && !port.is_empty() && port.iter().all(u8::is_ascii_digit)
}

/// What is refused here is counted here: nobody else sees it.
fn refused(services: &Services, answer: Response<Body>) -> Answering<Body> {
    services.public.face().meter.begin(RequestChannel::None).answered(answer.status());
    settled(answer)
}

fn settled(answer: Response<Body>) -> Answering<Body> {
    Box::pin(std::future::ready(Ok(answer)))
}

fn in_plain_http() -> Response<Body> {
    let text = "Plain HTTP is for this server's trusted proxies (public.trusted_proxies); come over https.\n";
    said(StatusCode::FORBIDDEN, text)
}

/// Whoever reads such a request otherwise than we do would take what follows for another's: the connection ends.
fn nameless() -> Response<Body> {
    let mut answer = said(StatusCode::BAD_REQUEST, "A request names its host, and names it once.\n");
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}

fn said(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut answer = Response::new(Body::from(text));
    *answer.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, plain);
    answer
}

impl hyper::service::Service<Request<Incoming>> for Entry {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = InFlight;

    fn call(&self, request: Request<Incoming>) -> InFlight {
        self.activity.begin();
        let (answer, held) = self.answer(request);
        InFlight { answer: Some(answer), activity: self.activity(), held }
    }
}

/// Requests that go on although nobody waits for their answers (HOME-LIMITS). Those beyond are dropped where they stand.
static UNAWAITED: Semaphore = Semaphore::const_new(1024);

/// An answer in the making. One that nobody waits for any more counts as given; so long its request's body counts.
///
/// What was begun goes on all the same: browsers cancel the first of two clicks, and an act that takes something away before it puts
/// something else there would leave neither. Decision 0118.
pub(super) struct InFlight {
    /// None once it is given.
    answer: Option<Answering<Body>>,
    activity: Activity,
    held: Option<Arc<HeldBody>>,
}

impl Future for InFlight {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(answer) = &mut self.answer else { return Poll::Pending };
        let given = ready!(Pin::new(answer).poll(context));
        self.answer = None;
        Poll::Ready(given)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.activity.end();
        let Some(answer) = self.answer.take() else { return };
        if let (Ok(runtime), Ok(place)) = (Handle::try_current(), UNAWAITED.try_acquire()) {
            let held = self.held.take();
            runtime.spawn(async move {
                let _ = answer.await; // It is nobody's.
                drop((place, held));
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: passwords and sessions cross a network in the clear to a trusted proxy only.
    #[test]
    fn strangers_do_not_speak_in_the_clear() {
        let trusted = Trusted::parse(&["10.0.0.0/8".into()]).expect("a network");
        for (peer, clear) in [
            ("127.0.0.1:1", false),
            ("[::1]:1", false),
            ("[::ffff:127.0.0.1]:1", false),
            ("10.1.2.3:1", false),
            ("[::ffff:10.1.2.3]:1", false),
            ("203.0.113.9:1", true),
            ("[::ffff:203.0.113.9]:1", true),
            ("[2001:db8::1]:1", true),
        ] {
            let address = peer.parse().expect("an address");
            assert_eq!(in_the_clear(false, address, &trusted), clear, "{peer}");
            assert!(!in_the_clear(true, address, &trusted), "{peer} over TLS");
        }
    }

    #[test]
    fn an_answer_that_nobody_waits_for_is_no_longer_in_flight() {
        let activity = Activity::since(Arc::default());
        activity.begin();
        let answer =
            InFlight { answer: Some(settled(in_plain_http())), activity: activity.clone(), held: None };
        assert_eq!((activity.asked(), activity.in_flight()), (1, 1));
        drop(answer);
        assert_eq!((activity.asked(), activity.in_flight()), (1, 0));
    }

    /// Goal: decision 0118: what a request has begun goes on when its client is gone.
    #[tokio::test]
    async fn what_was_begun_goes_on_without_its_client() {
        let activity = Activity::since(Arc::default());
        activity.begin();
        let (go_on, gone_on) = tokio::sync::oneshot::channel::<()>();
        let (done, is_done) = tokio::sync::oneshot::channel();
        let act = async move {
            gone_on.await.expect("it goes on");
            done.send(()).expect("somebody looks");
            Ok(in_plain_http())
        };
        let mut answer = InFlight { answer: Some(Box::pin(act)), activity: activity.clone(), held: None };
        let polled = std::future::poll_fn(|context| Poll::Ready(Pin::new(&mut answer).poll(context))).await;
        assert!(polled.is_pending(), "it waits");
        drop(answer);
        assert_eq!(activity.in_flight(), 0);
        go_on.send(()).expect("it is there");
        is_done.await.expect("it is done");
    }

    /// Goal: S-25, no request is taken that two readers could take for requests to two hosts.
    #[test]
    fn a_request_names_one_host() {
        for (version, hosts, expect) in [
            (Version::HTTP_11, &["id.example.test"][..], true),
            (Version::HTTP_11, &["127.0.0.1:4433"], true),
            (Version::HTTP_11, &["[::1]:4433"], true),
            (Version::HTTP_11, &[""], true),
            (Version::HTTP_11, &[], false),
            (Version::HTTP_11, &["a.test", "b.test"], false),
            (Version::HTTP_11, &["a.test", "a.test"], false),
            (Version::HTTP_11, &["a.test, b.test"], false),
            (Version::HTTP_11, &["a.test/x"], false),
            (Version::HTTP_11, &["who@a.test"], false),
            (Version::HTTP_10, &[], true),
            (Version::HTTP_10, &["a.test", "b.test"], false),
            (Version::HTTP_2, &[], true),
            (Version::HTTP_2, &["a.test", "b.test"], false),
        ] {
            let mut request = Request::new(());
            *request.version_mut() = version;
            for host in hosts {
                request.headers_mut().append(header::HOST, HeaderValue::from_static(host));
            }
            assert_eq!(names_one_host(&request), expect, "{version:?} {hosts:?}");
        }
    }
}
