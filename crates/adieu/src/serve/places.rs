//! The places of a listener: how many connections are served at once, how many of them one address has, and who gives way.
//!
//! A connection that is being answered keeps its place. One that we wait for, for a handshake, a head, the rest of a body or the next
//! request, gives way to a new one, the one that we have waited for longest first (HOME-LIMITS, ONE-SLOW-HURTS-NONE). Nothing here reads a socket or a clock.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::config::ListenerLimits;
use crate::serve::activity::Activity;

/// The places of one listener.
pub(super) struct ConnectionPlaces {
    all_max: usize,
    by_address_max: usize,
    held: Mutex<Held>,
    moments: Arc<Moments>,
}

/// Moments in their order, and the wish to hear of one at which a connection has become free to give way.
#[derive(Default)]
pub(super) struct Moments {
    next: AtomicU64,
    wanted: AtomicBool,
    changed: Notify,
}

impl Moments {
    /// A later moment than all before.
    pub(super) fn next(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Says that a place or a connection has become free, if somebody waits for that.
    pub(super) fn tell(&self) {
        if self.wanted.load(Ordering::SeqCst) {
            self.changed.notify_one();
        }
    }

    fn told(&self) -> Notified<'_> {
        self.wanted.store(true, Ordering::SeqCst);
        self.changed.notified()
    }
}

/// Who holds places, by network.
#[derive(Default)]
struct Held {
    count: usize,
    by_network: HashMap<IpAddr, Vec<Arc<Seat>>>,
}

struct Seat {
    network: IpAddr,
    /// A trusted proxy's: it stands for many clients.
    exempt: bool,
    activity: Activity,
    give_way: Notify,
}

/// A place that is held until it is dropped.
pub(super) struct ConnectionPlace {
    places: Arc<ConnectionPlaces>,
    seat: Arc<Seat>,
}

impl ConnectionPlaces {
    pub(super) fn new(limits: &ListenerLimits) -> Arc<Self> {
        let all_max = limits.connections_max;
        let by_address_max = match limits.connections_by_address_max {
            0 => all_max.div_ceil(2),
            most => most.min(all_max),
        };
        Arc::new(Self { all_max, by_address_max, held: Mutex::default(), moments: Arc::default() })
    }

    /// A place for a connection from an address. There is none if all that this address may have are busy with its requests; if
    /// all places are busy, it waits for one.
    pub(super) async fn take(self: &Arc<Self>, address: IpAddr, exempt: bool) -> Option<ConnectionPlace> {
        let seat = Arc::new(Seat {
            network: network(address),
            exempt,
            activity: Activity::since(Arc::clone(&self.moments)),
            give_way: Notify::new(),
        });
        loop {
            let told = self.moments.told();
            let seating = self.held().seat(&seat, self.all_max, self.by_address_max);
            match seating {
                Seating::Seated => {
                    self.moments.wanted.store(false, Ordering::SeqCst);
                    return Some(ConnectionPlace { places: Arc::clone(self), seat });
                }
                Seating::ShareIsBusy => return None,
                Seating::AllAreBusy => told.await,
            }
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What came of the wish for a place.
enum Seating {
    Seated,
    ShareIsBusy,
    AllAreBusy,
}

impl Held {
    fn seat(&mut self, seat: &Arc<Seat>, all_max: usize, by_address_max: usize) -> Seating {
        let own = self.by_network.get(&seat.network).map_or(&[][..], Vec::as_slice);
        if !seat.exempt && own.len() >= by_address_max {
            let Some(slowest) = slowest(own.iter()) else { return Seating::ShareIsBusy };
            self.send_away(&slowest);
        }
        if self.count >= all_max {
            let Some(slowest) = slowest(self.by_network.values().flatten()) else {
                return Seating::AllAreBusy;
            };
            self.send_away(&slowest);
        }
        self.by_network.entry(seat.network).or_default().push(Arc::clone(seat));
        self.count += 1;
        Seating::Seated
    }

    /// Its place is free at once; the connection ends as soon as its task looks.
    fn send_away(&mut self, seat: &Arc<Seat>) {
        self.leave(seat);
        seat.give_way.notify_one();
    }

    fn leave(&mut self, seat: &Arc<Seat>) {
        let Some(seats) = self.by_network.get_mut(&seat.network) else { return };
        let Some(at) = seats.iter().position(|held| Arc::ptr_eq(held, seat)) else { return };
        seats.swap_remove(at);
        self.count -= 1;
        if seats.is_empty() {
            self.by_network.remove(&seat.network);
        }
    }
}

/// The connection that keeps us waiting longest of those that do; a trusted proxy's only if there is no other.
fn slowest<'s>(seats: impl Iterator<Item = &'s Arc<Seat>>) -> Option<Arc<Seat>> {
    let waits = seats.filter(|seat| seat.activity.keeps_us_waiting());
    waits.min_by_key(|seat| (seat.exempt, seat.activity.waits_since())).cloned()
}

impl ConnectionPlace {
    /// What happens on the connection that has it.
    pub(super) fn activity(&self) -> Activity {
        self.seat.activity.clone()
    }

    /// Returns when the connection is to give way.
    pub(super) async fn must_go(&self) {
        self.seat.give_way.notified().await;
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        self.places.held().leave(&self.seat);
        self.places.moments.tell();
    }
}

/// Whom an address belongs to: of IPv6, a subscriber has at least a /64 (RFC 6177).
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn places(connections_max: usize, connections_by_address_max: usize) -> Arc<ConnectionPlaces> {
        ConnectionPlaces::new(&ListenerLimits {
            connections_max,
            connections_by_address_max,
            ..ListenerLimits::default()
        })
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    async fn taken(places: &Arc<ConnectionPlaces>, from: &str) -> ConnectionPlace {
        places.take(address(from), false).await.expect("a place")
    }

    /// Whether a connection was told to give way.
    fn must_go(place: &ConnectionPlace) -> bool {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        std::pin::pin!(place.must_go()).poll(&mut context).is_ready()
    }

    /// Goal: S-4, whoever has all of a share gives way to itself: the connection that waits longest goes, a busy one stays.
    #[tokio::test]
    async fn the_slowest_of_an_address_gives_way_to_its_newest() {
        let places = places(8, 3);
        let (busy, slow, quick) = (
            taken(&places, "192.0.2.1").await,
            taken(&places, "192.0.2.1").await,
            taken(&places, "192.0.2.1").await,
        );
        let other = taken(&places, "192.0.2.2").await;
        busy.activity().begin();
        let newest = taken(&places, "::ffff:192.0.2.1").await;
        assert_eq!([&busy, &slow, &quick, &other, &newest].map(must_go), [false, true, false, false, false]);
        quick.activity().begin();
        newest.activity().begin();
        assert!(places.take(address("192.0.2.1"), false).await.is_none(), "all of its own are answered");
        assert!(places.take(address("192.0.2.1"), true).await.is_some(), "a trusted proxy has no share");
        assert!(places.take(address("192.0.2.3"), false).await.is_some());
    }

    /// Goal: S-4, H6-5: whoever lacks the rest of a body waits like whoever lacks a head, and is busy again when it is there.
    #[tokio::test]
    async fn half_bodies_give_way() {
        let places = places(8, 2);
        let (half, idle) = (taken(&places, "192.0.2.1").await, taken(&places, "192.0.2.1").await);
        idle.activity().begin();
        half.activity().begin();
        half.activity().lacks_body();
        idle.activity().end();
        let next = taken(&places, "192.0.2.1").await;
        assert_eq!([&half, &idle, &next].map(must_go), [true, false, false], "its request is the older one");
        for place in [&idle, &next] {
            place.activity().begin();
            place.activity().lacks_body();
        }
        idle.activity().lacks_body_no_more();
        let last = taken(&places, "192.0.2.1").await;
        assert_eq!([&idle, &next, &last].map(must_go), [false, true, false]);
        idle.activity().begin();
        idle.activity().lacks_body();
        assert!(!idle.activity().keeps_us_waiting(), "one of two requests is being answered");
    }

    /// Goal: S-4, when places run out the slowest head goes, whosever it is; a trusted proxy's is the last to go.
    #[tokio::test]
    async fn when_places_run_out_the_slowest_gives_way() {
        let places = places(2, 2);
        let proxy = places.take(address("10.0.0.1"), true).await.expect("a place");
        let slow = taken(&places, "192.0.2.1").await;
        let next = taken(&places, "192.0.2.2").await;
        assert_eq!([&proxy, &slow].map(must_go), [false, true]);
        next.activity().begin();
        let last = taken(&places, "192.0.2.3").await;
        assert!(must_go(&proxy), "nobody else waits");
        last.activity().begin();
        // Both are busy: the next one waits until one of them is answered, and takes its place.
        let waiting = tokio::spawn({
            let places = Arc::clone(&places);
            async move { places.take(address("192.0.2.4"), false).await.is_some() }
        });
        while !places.moments.wanted.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        next.activity().end();
        let waited = tokio::time::timeout(Duration::from_secs(20), waiting).await;
        assert!(waited.expect("in time").expect("no panic"));
        assert!(must_go(&next));
    }

    #[test]
    fn neighbours_share() {
        assert_eq!(network(address("2001:db8:0:1::1")), network(address("2001:db8:0:1:ffff::9")));
        assert_ne!(network(address("2001:db8:0:1::1")), network(address("2001:db8:0:2::1")));
        assert_ne!(network(address("192.0.2.1")), network(address("192.0.2.2")));
        assert_eq!(network(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }
}
