//! The bytes that bodies of requests hold: how many all of them, and how many those of one address.
//!
//! They count as they arrive, until the request is answered. A body that would hold more than its address may fails, and the face says so
//! in its own words (HOME-LIMITS, ONE-SLOW-HURTS-NONE). Nothing here reads a socket or a clock. Decision 0019.

use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use adieu_http_kit::body::BodiesHoldTooMuch;
use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};

use crate::config::ListenerLimits;
use crate::serve::activity::Activity;
use crate::serve::places::network;

/// What bodies of one listener hold.
pub(super) struct BodyBytes {
    all_max: usize,
    by_address_max: usize,
    held: Mutex<HeldBytes>,
}

#[derive(Default)]
struct HeldBytes {
    all: usize,
    by_network: HashMap<IpAddr, usize>,
}

impl BodyBytes {
    pub(super) fn new(limits: &ListenerLimits) -> Arc<Self> {
        let (all_max, by_address_max) = (limits.body_bytes_max, limits.body_bytes_by_address_max);
        let by_address_max = by_address_max.min(all_max);
        Arc::new(Self { all_max, by_address_max, held: Mutex::default() })
    }

    fn held(&self) -> MutexGuard<'_, HeldBytes> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds more bytes for an address, unless that would be too many; a trusted proxy has no share, but all of them together have.
    fn hold(&self, network: Option<IpAddr>, bytes: usize) -> bool {
        let mut held = self.held();
        let all = held.all.saturating_add(bytes);
        let own = |held: &HeldBytes, of| held.by_network.get(&of).copied().unwrap_or_default();
        let within = |own: usize| own.saturating_add(bytes) <= self.by_address_max;
        if all > self.all_max || network.is_some_and(|of| !within(own(&held, of))) {
            return false;
        }
        held.all = all;
        if let Some(of) = network {
            *held.by_network.entry(of).or_default() += bytes;
        }
        true
    }

    fn give_back(&self, network: Option<IpAddr>, bytes: usize) {
        let mut held = self.held();
        held.all -= bytes;
        let Some(of) = network else { return };
        if let Some(own) = held.by_network.get_mut(&of) {
            *own -= bytes;
            if *own == 0 {
                held.by_network.remove(&of);
            }
        }
    }
}

/// What the body of one request holds, until the request is answered and its body is gone.
pub(super) struct HeldBody {
    of: Arc<BodyBytes>,
    network: Option<IpAddr>,
    bytes: Mutex<usize>,
}

impl HeldBody {
    /// That of a request of an address; of none that counts, if a trusted proxy speaks for itself.
    pub(super) fn new(of: &Arc<BodyBytes>, address: Option<IpAddr>) -> Arc<Self> {
        Arc::new(Self { of: Arc::clone(of), network: address.map(network), bytes: Mutex::new(0) })
    }

    fn hold(&self, bytes: usize) -> bool {
        let holds = self.of.hold(self.network, bytes);
        if holds {
            *self.bytes.lock().unwrap_or_else(PoisonError::into_inner) += bytes;
        }
        holds
    }
}

impl Drop for HeldBody {
    fn drop(&mut self) {
        let bytes = *self.bytes.get_mut().unwrap_or_else(PoisonError::into_inner);
        if bytes > 0 {
            self.of.give_back(self.network, bytes);
        }
    }
}

/// A body whose bytes count.
pub(super) struct CountedBody {
    body: Incoming,
    held: Arc<HeldBody>,
    /// Whether it was told that it may hold no more: what comes then is thrown away.
    refused: bool,
}

impl CountedBody {
    pub(super) const fn of(body: Incoming, held: Arc<HeldBody>) -> Self {
        Self { body, held, refused: false }
    }
}

impl HttpBody for CountedBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(context));
        let frame = match frame {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            None => return Poll::Ready(None),
        };
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        if !self.refused && !self.held.hold(bytes) {
            self.refused = true;
            return Poll::Ready(Some(Err(BodiesHoldTooMuch.into())));
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A body whose connection keeps us waiting while it is read and does not come.
pub(super) struct AwaitedBody<B> {
    body: B,
    activity: Activity,
    lacking: bool,
}

impl<B> AwaitedBody<B>
where
    B: HttpBody<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + Unpin + 'static,
{
    pub(super) fn of(body: B, activity: Activity) -> Body {
        Body::new(Self { body, activity, lacking: false })
    }
}

impl<B> AwaitedBody<B> {
    fn says(&mut self, lacking: bool) {
        match (self.lacking, lacking) {
            (false, true) => self.activity.lacks_body(),
            (true, false) => self.activity.lacks_body_no_more(),
            (false, false) | (true, true) => {}
        }
        self.lacking = lacking;
    }
}

impl<B: HttpBody + Unpin> HttpBody for AwaitedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        self.says(frame.is_pending());
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for AwaitedBody<B> {
    fn drop(&mut self) {
        self.says(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(body_bytes_max: usize, body_bytes_by_address_max: usize) -> Arc<BodyBytes> {
        BodyBytes::new(&ListenerLimits {
            body_bytes_max,
            body_bytes_by_address_max,
            ..ListenerLimits::default()
        })
    }

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().expect("an address"))
    }

    /// Goal: what one address sends takes no more memory than its share, in however many bodies, and keeps nobody else's out.
    #[test]
    fn an_address_holds_its_share_and_no_more() {
        let all = bytes(100, 30);
        let (first, second) =
            (HeldBody::new(&all, address("192.0.2.1")), HeldBody::new(&all, address("192.0.2.1")));
        assert!(first.hold(20) && second.hold(10) && !second.hold(1) && !first.hold(1));
        let other = HeldBody::new(&all, address("192.0.2.2"));
        assert!(other.hold(30), "another address has a share of its own");
        drop(first);
        assert!(second.hold(20) && !second.hold(1), "what was answered holds nothing");
        drop((second, other));
        let held = all.held();
        assert_eq!((held.all, held.by_network.len()), (0, 0));
    }

    /// Goal: all bodies together have a bound, too; a trusted proxy has no share, and one IPv6 network has one.
    #[test]
    fn all_addresses_hold_no_more_than_all_may() {
        let all = bytes(50, 30);
        let proxy = HeldBody::new(&all, None);
        assert!(proxy.hold(40));
        let of = |text| HeldBody::new(&all, address(text));
        let (one, same) = (of("2001:db8::1"), of("2001:db8::2"));
        assert!(one.hold(10) && !same.hold(1));
        drop(proxy);
        assert!(same.hold(20) && !one.hold(1), "both are of one network");
    }
}
