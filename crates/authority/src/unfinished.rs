//! Which flows are kept that nobody has finished: so many of a kind and so many bytes of them, and of these so many that one address,
//! one IPv6 /48 or one client has begun.
//!
//! Beyond its own share, the oldest of whoever begins gives way; beyond what all may have, the oldest of whoever has most: so whoever
//! begins flows without end loses their own, and the database does not grow (HOME-LIMITS, ONE-SLOW-HURTS-NONE). Every process counts what it has begun itself. Nothing here reads a body or the clock.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use adieu_core::{ClientId, Timestamp};
use adieu_store::FlowId;

use crate::throttle::{Network, SITE_SHARES};

/// A client that has proven itself speaks for many users: its share is that of so many addresses.
const CLIENT_SHARES: usize = 10;

/// How many unfinished flows there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowLimits {
    /// Of one kind.
    pub of_kind_max: usize,
    /// Of one kind, begun from one address (IPv6: one /64; a /48 has four times as many, and a client ten times).
    pub by_address_max: usize,
    /// Bytes of all of one kind.
    pub of_kind_bytes_max: usize,
    /// Bytes of all of one kind that were begun from one address, as above.
    pub by_address_bytes_max: usize,
}

impl Default for FlowLimits {
    fn default() -> Self {
        Self {
            of_kind_max: 50_000,
            by_address_max: 1_000,
            of_kind_bytes_max: 64 * 1024 * 1024,
            by_address_bytes_max: 4 * 1024 * 1024,
        }
    }
}

impl FlowLimits {
    /// How many flows of one kind, and how many bytes of them, may be begun there.
    fn of(self, origin: &Begins) -> (usize, usize) {
        let shares = match origin {
            Begins::Nowhere => return (usize::MAX, usize::MAX),
            Begins::At(_) | Begins::In(_) | Begins::For(_) => origin.shares(),
        };
        (self.by_address_max.saturating_mul(shares), self.by_address_bytes_max.saturating_mul(shares))
    }
}

/// Who begins a flow.
#[derive(Clone, Debug)]
pub(crate) enum Beginner {
    /// Somebody at that address, if it is known.
    At(Option<Network>),
    /// A client that has proven itself, from wherever.
    Client(ClientId),
}

/// A flow that begins.
pub(crate) struct Begun {
    pub(crate) id: FlowId,
    pub(crate) by: Beginner,
    /// When it is gone by itself.
    pub(crate) until: Timestamp,
    /// How long its body is.
    pub(crate) bytes: usize,
}

/// The flows that this process has begun, that nobody has finished, and whose time is not over.
pub(crate) struct Unfinished {
    limits: FlowLimits,
    kinds: Mutex<HashMap<&'static str, OfKind>>,
}

#[derive(Default)]
struct OfKind {
    /// What the last one is numbered.
    last: u64,
    bytes: usize,
    by_age: BTreeMap<u64, Begun>,
    ages: HashMap<FlowId, u64>,
    by_origin: HashMap<Begins, OfOrigin>,
    /// Origins by how many flows, and by how many bytes, they have for a share; the last has most. Of those that have as much, the one
    /// with the oldest flow is behind.
    by_flows: BTreeSet<(usize, Reverse<u64>, Begins)>,
    by_bytes: BTreeSet<(usize, Reverse<u64>, Begins)>,
}

#[derive(Default)]
struct OfOrigin {
    ages: BTreeSet<u64>,
    bytes: usize,
}

impl OfOrigin {
    /// Where it stands among origins by its flows, and by its bytes.
    fn places(&self, origin: &Begins) -> Option<[(usize, Reverse<u64>, Begins); 2]> {
        let oldest = Reverse(*self.ages.first()?);
        let weight = |much: usize| much.saturating_mul(WHOLE / origin.shares());
        Some([self.ages.len(), self.bytes].map(|much| (weight(much), oldest, origin.clone())))
    }
}

/// What every number of shares is a part of.
const WHOLE: usize = CLIENT_SHARES * SITE_SHARES as usize;

/// Where flows begin, as they are counted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Begins {
    /// Where the address is not known. That is no one's, and has no bound of its own.
    Nowhere,
    At(Network),
    /// At any address of a /48.
    In([u16; 3]),
    For(ClientId),
}

impl Begins {
    /// For how many it counts.
    const fn shares(&self) -> usize {
        match self {
            Self::Nowhere | Self::At(_) => 1,
            Self::In(_) => SITE_SHARES as usize,
            Self::For(_) => CLIENT_SHARES,
        }
    }
}

impl Begun {
    fn origins(&self) -> Vec<Begins> {
        match &self.by {
            Beginner::At(from) => {
                let site = from.and_then(Network::site).map(Begins::In);
                std::iter::once(from.map_or(Begins::Nowhere, Begins::At)).chain(site).collect()
            }
            Beginner::Client(client) => vec![Begins::For(client.clone())],
        }
    }
}

impl Unfinished {
    pub(crate) fn new(limits: FlowLimits) -> Self {
        Self { limits, kinds: Mutex::default() }
    }

    /// A flow begins; gives those that go for it.
    pub(crate) fn begin(&self, kind: &'static str, begun: Begun, now: Timestamp) -> Vec<FlowId> {
        self.kinds().entry(kind).or_default().begin(begun, self.limits, now)
    }

    /// The body of a flow is so long now; gives those that go for it. One that is over is not counted.
    pub(crate) fn resize(&self, kind: &'static str, id: FlowId, bytes: usize) -> Vec<FlowId> {
        let mut kinds = self.kinds();
        kinds.get_mut(kind).map(|of_kind| of_kind.resize(id, bytes, self.limits)).unwrap_or_default()
    }

    /// A flow is over.
    pub(crate) fn end(&self, kind: &'static str, id: FlowId) {
        if let Some(of_kind) = self.kinds().get_mut(kind)
            && let Some(&age) = of_kind.ages.get(&id)
        {
            of_kind.forget(age);
        }
    }

    fn kinds(&self) -> MutexGuard<'_, HashMap<&'static str, OfKind>> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OfKind {
    fn begin(&mut self, begun: Begun, limits: FlowLimits, now: Timestamp) -> Vec<FlowId> {
        self.forget_what_is_over(now);
        if let Some(&age) = self.ages.get(&begun.id) {
            self.forget(age);
        }
        self.last += 1;
        let age = self.last;
        self.ages.insert(begun.id, age);
        self.count(age, begun);
        self.give_way(age, limits)
    }

    fn resize(&mut self, id: FlowId, bytes: usize, limits: FlowLimits) -> Vec<FlowId> {
        let Some(&age) = self.ages.get(&id) else { return Vec::new() };
        let Some(begun) = self.uncount(age) else { return Vec::new() };
        self.count(age, Begun { bytes, ..begun });
        self.give_way(age, limits)
    }

    fn count(&mut self, age: u64, begun: Begun) {
        for origin in begun.origins() {
            self.weigh(origin, |own| {
                own.ages.insert(age);
                own.bytes += begun.bytes;
            });
        }
        self.bytes += begun.bytes;
        self.by_age.insert(age, begun);
    }

    fn uncount(&mut self, age: u64) -> Option<Begun> {
        let begun = self.by_age.remove(&age)?;
        self.bytes -= begun.bytes;
        for origin in begun.origins() {
            self.weigh(origin, |own| {
                own.ages.remove(&age);
                own.bytes -= begun.bytes;
            });
        }
        Some(begun)
    }

    /// Changes what an origin has, and its places among the others with it.
    fn weigh(&mut self, origin: Begins, change: impl FnOnce(&mut OfOrigin)) {
        let own = self.by_origin.entry(origin.clone()).or_default();
        let before = own.places(&origin);
        change(own);
        let after = own.places(&origin);
        if let Some([flows, bytes]) = before {
            self.by_flows.remove(&flows);
            self.by_bytes.remove(&bytes);
        }
        match after {
            Some([flows, bytes]) => {
                self.by_flows.insert(flows);
                self.by_bytes.insert(bytes);
            }
            None => drop(self.by_origin.remove(&origin)),
        }
    }

    /// Those that go for this one: the oldest of where it began, and of who has most.
    fn give_way(&mut self, to: u64, limits: FlowLimits) -> Vec<FlowId> {
        let mut going = Vec::new();
        let origins = self.by_age.get(&to).map(Begun::origins).unwrap_or_default();
        for origin in origins {
            let (most, most_bytes) = limits.of(&origin);
            while let Some(own) = self.by_origin.get(&origin)
                && (own.ages.len() > most || own.bytes > most_bytes)
                && let Some(&oldest) = own.ages.iter().find(|age| **age != to)
            {
                going.extend(self.forget(oldest));
            }
        }
        while (self.by_age.len() > limits.of_kind_max || self.bytes > limits.of_kind_bytes_max)
            && let Some(oldest) = self.oldest_of_most(to, limits)
        {
            going.extend(self.forget(oldest));
        }
        going
    }

    /// The oldest flow but this one of whoever has most of what there is too much of; of all, if that one has no other.
    fn oldest_of_most(&self, but: u64, limits: FlowLimits) -> Option<u64> {
        let by = if self.by_age.len() > limits.of_kind_max { &self.by_flows } else { &self.by_bytes };
        let of_most = by.last().and_then(|(_, _, origin)| self.by_origin.get(origin));
        let oldest = of_most.and_then(|most| most.ages.iter().find(|age| **age != but));
        oldest.or_else(|| self.by_age.keys().find(|age| **age != but)).copied()
    }

    /// Those of one kind last equally long, so the oldest are over first.
    fn forget_what_is_over(&mut self, now: Timestamp) {
        while let Some((&age, oldest)) = self.by_age.first_key_value()
            && oldest.until <= now
        {
            self.forget(age);
        }
    }

    fn forget(&mut self, age: u64) -> Option<FlowId> {
        let begun = self.uncount(age)?;
        self.ages.remove(&begun.id);
        Some(begun.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: FlowLimits = FlowLimits {
        of_kind_max: 20,
        by_address_max: 3,
        of_kind_bytes_max: 2_000,
        by_address_bytes_max: 300,
    };

    fn id(n: u8) -> FlowId {
        [n; 16]
    }

    fn at(s: i64) -> Timestamp {
        Timestamp::from_ms(s * 1000)
    }

    /// A flow of ten seconds that begins at that second from that address.
    fn begin(unfinished: &Unfinished, n: u8, from: Option<&str>, s: i64) -> Vec<FlowId> {
        unfinished.begin("login", begun(n, from, s), at(s))
    }

    fn begun(n: u8, from: Option<&str>, s: i64) -> Begun {
        Begun { id: id(n), by: Beginner::At(from.and_then(Network::of)), until: at(s + 10), bytes: 10 }
    }

    /// Goal: S-3, an address that begins flows without end loses its own oldest ones, and nobody else's.
    #[test]
    fn an_address_gives_way_to_itself() {
        let unfinished = Unfinished::new(LIMITS);
        let (one, other) = (Some("192.0.2.1"), Some("192.0.2.2:99"));
        assert!(begin(&unfinished, 100, other, 0).is_empty());
        for n in 0..3 {
            assert!(begin(&unfinished, n, one, 0).is_empty());
        }
        assert_eq!(begin(&unfinished, 3, one, 0), [id(0)]);
        assert_eq!(begin(&unfinished, 4, one, 0), [id(1)]);
        let error = unfinished.begin("error", begun(0, one, 0), at(0));
        assert!(error.is_empty(), "every kind has a bound of its own");
        unfinished.end("login", id(2));
        assert!(begin(&unfinished, 5, one, 0).is_empty(), "a finished one has made room");
        assert!(begin(&unfinished, 5, one, 0).is_empty(), "one that begins anew counts once");
        assert_eq!(begin(&unfinished, 6, one, 9), [id(3)]);
        assert!(begin(&unfinished, 7, one, 10).is_empty(), "those whose time is over have made room");
        assert_eq!(unfinished.kinds()["login"].by_age.len(), 2);
    }

    /// Goal: S-3, all flows of a kind have a bound, whoever begins them.
    #[test]
    fn the_oldest_of_a_kind_gives_way() {
        let unfinished = Unfinished::new(LIMITS);
        for n in 0..20 {
            assert!(begin(&unfinished, n, Some(&format!("192.0.2.{n}")), 0).is_empty());
        }
        assert_eq!(begin(&unfinished, 20, None, 0), [id(0)]);
        assert_eq!(unfinished.kinds()["login"].by_age.len(), 20);
    }

    /// Goal: S-3, neighbours of one /64 are one address, and all of one /48 have four shares together: nobody with many of
    /// them pushes out others.
    #[test]
    fn a_site_gives_way_to_itself() {
        let unfinished = Unfinished::new(LIMITS);
        assert!(begin(&unfinished, 100, Some("192.0.2.1"), 0).is_empty());
        let going: Vec<FlowId> =
            (0..4).flat_map(|n| begin(&unfinished, n, Some(&format!("2001:db8::{n}")), 0)).collect();
        assert_eq!(going, [id(0)], "one /64");
        for n in 4..13 {
            assert!(begin(&unfinished, n, Some(&format!("2001:db8:0:{n}::1")), 0).is_empty(), "{n}");
        }
        for n in 13..100 {
            assert_eq!(begin(&unfinished, n, Some(&format!("2001:db8:0:{n}::1")), 0), [id(n - 12)]);
        }
    }

    /// Goal: H6-3: long flows count as what they weigh, when they begin and when they grow, for their address and for all.
    #[test]
    fn flows_have_a_bound_in_bytes() {
        let unfinished = Unfinished::new(FlowLimits { by_address_max: 100, of_kind_max: 100, ..LIMITS });
        let (one, other) = (Some("192.0.2.1"), Some("192.0.2.2"));
        let long = |n: u8, from: Option<&str>, bytes: usize| {
            let begun = Begun { bytes, ..begun(n, from, 0) };
            unfinished.begin("login", begun, at(0))
        };
        assert!(long(100, other, 300).is_empty());
        for n in 0..3 {
            assert!(long(n, one, 100).is_empty());
        }
        assert_eq!(long(3, one, 150), [id(0), id(1)]);
        assert!(unfinished.resize("login", id(2), 150).is_empty());
        assert_eq!(unfinished.resize("login", id(2), 151), [id(3)], "what grows stays");
        assert!(unfinished.resize("login", id(9), 9_000).is_empty(), "what is over is not counted");
        unfinished.end("login", id(2));
        assert!(long(4, one, 300).is_empty());
        for n in 10..14 {
            assert!(long(n, Some(&format!("192.0.2.{n}")), 300).is_empty());
        }
        assert_eq!(long(14, None, 300), [id(100)], "the oldest of all goes");
        assert_eq!(unfinished.kinds()["login"].bytes, 6 * 300);
    }

    /// Goal: H6-8: what a client that has proven itself begins is its own share, from whatever address.
    #[test]
    fn a_client_gives_way_to_itself() {
        let unfinished = Unfinished::new(FlowLimits { of_kind_max: 100, ..LIMITS });
        let push = |n, client: &str| {
            let by = Beginner::Client(client.parse().expect("a client id"));
            unfinished.begin("pushed", Begun { by, ..begun(n, None, 0) }, at(0))
        };
        assert!(push(100, "shop").is_empty());
        for n in 0..30 {
            assert!(push(n, "flood").is_empty());
        }
        assert_eq!(push(30, "flood"), [id(0)]);
    }

    /// Goal: H6-8: several that begin flows without end push out their own, where all together have no more room: never those of somebody
    /// who has few.
    #[test]
    fn whoever_has_most_gives_way_to_all() {
        let limits =
            FlowLimits { of_kind_max: 1_000, by_address_bytes_max: 40, of_kind_bytes_max: 600, ..LIMITS };
        let unfinished = Unfinished::new(FlowLimits { by_address_max: 100, ..limits });
        let push = |n, client: &str, bytes| {
            let by = Beginner::Client(client.parse().expect("a client id"));
            unfinished.begin("pushed", Begun { by, bytes, ..begun(n, None, 0) }, at(0))
        };
        assert!(push(200, "shop", 30).is_empty());
        for n in 0..40 {
            assert!(push(n, "flood", 10).is_empty(), "its share is four hundred");
        }
        for n in 40..57 {
            assert!(push(n, "other-flood", 10).is_empty());
        }
        let gone: Vec<FlowId> = (57..120).flat_map(|n| push(n, "other-flood", 10)).collect();
        assert_eq!(gone.len(), 63);
        assert!(!gone.contains(&id(200)), "the shop has little");
        assert_eq!(gone[0], id(0), "the first flood has most at first");
        assert!(push(201, "shop", 30).iter().all(|gone| *gone != id(200)), "nor does it push out its own");
    }
}
