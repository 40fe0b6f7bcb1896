//! Who comes in, and as whom: every request gets its client's real address before a face sees it.
//!
//! Plain HTTP from beyond loopback is for trusted proxies; anybody else's is refused without a look at it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use adieu_http_kit::client::Peer;
use adieu_http_kit::forwarded::{Trusted, origin};
use adieu_http_kit::service::Answering;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;

use crate::services::Present;

/// Which listener.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Public,
    Admin,
}

/// What a connection asks.
#[derive(Clone)]
pub(super) struct Entry {
    side: Side,
    services: Present,
    peer: SocketAddr,
    tls: bool,
    activity: Activity,
}

impl Entry {
    pub(super) fn new(side: Side, services: Present, peer: SocketAddr, tls: bool) -> Self {
        Self { side, services, peer, tls, activity: Activity::default() }
    }

    pub(super) fn activity(&self) -> Activity {
        self.activity.clone()
    }

    fn answer(&self, request: Request<Incoming>) -> Answering<Body> {
        let services = self.services.load();
        let mut request = request.map(Body::new);
        match self.side {
            Side::Public if in_the_clear(self.tls, self.peer, &services.trusted) => ready(refused()),
            Side::Public => {
                let (peer, via) = origin(self.peer, request.headers(), &services.trusted, services.style);
                request.extensions_mut().insert(peer);
                if let Some(via) = via {
                    request.extensions_mut().insert(via);
                }
                services.public.begin(request)
            }
            // Nobody stands in front of it: it says who it is.
            Side::Admin => {
                request.extensions_mut().insert(Peer(self.peer));
                services.admin.begin(request)
            }
        }
    }
}

/// Whether a client speaks over a network that anybody may listen to.
fn in_the_clear(tls: bool, peer: SocketAddr, trusted: &Trusted) -> bool {
    let address = peer.ip().to_canonical();
    !tls && !address.is_loopback() && !trusted.contains(address)
}

fn ready(answer: Response<Body>) -> Answering<Body> {
    Box::pin(std::future::ready(Ok(answer)))
}

fn refused() -> Response<Body> {
    let text = "Plain HTTP is for this server's trusted proxies (public.trusted_proxies); come over https.\n";
    let mut answer = Response::new(Body::from(text));
    *answer.status_mut() = StatusCode::FORBIDDEN;
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
        InFlight { answer: self.answer(request), activity: self.activity() }
    }
}

/// What happens on a connection: how much was asked, and how much of it is being answered.
#[derive(Clone, Default)]
pub(super) struct Activity(Arc<Counts>);

#[derive(Default)]
struct Counts {
    asked: AtomicUsize,
    answered: AtomicUsize,
}

impl Activity {
    fn begin(&self) {
        self.0.asked.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn asked(&self) -> usize {
        self.0.asked.load(Ordering::Relaxed)
    }

    pub(super) fn in_flight(&self) -> usize {
        let answered = self.0.answered.load(Ordering::Relaxed);
        self.asked().saturating_sub(answered)
    }
}

/// An answer in the making. One that nobody waits for any more counts as given.
pub(super) struct InFlight {
    answer: Answering<Body>,
    activity: Activity,
}

impl Future for InFlight {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.answer).poll(context)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.activity.0.answered.fetch_add(1, Ordering::Relaxed);
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
        let activity = Activity::default();
        activity.begin();
        let answer = InFlight { answer: ready(refused()), activity: activity.clone() };
        assert_eq!((activity.asked(), activity.in_flight()), (1, 1));
        drop(answer);
        assert_eq!((activity.asked(), activity.in_flight()), (1, 0));
    }
}
