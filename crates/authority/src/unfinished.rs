//! Which flows are kept that nobody has finished: so many of a kind, and so many of them begun from one address or one IPv6 /48.
//!
//! Beyond, the oldest give way, so that whoever begins flows without end loses only their own, and the database does not grow
//! (HOME-LIMITS, ONE-SLOW-HURTS-NONE). Every process counts what it has begun itself. Nothing here reads a body or the clock.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use adieu_core::Timestamp;
use adieu_store::FlowId;

use crate::throttle::{Network, SITE_SHARES};

/// How many unfinished flows there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowLimits {
    /// Of one kind.
    pub of_kind_max: usize,
    /// Of one kind, begun from one address (IPv6: one /64; a /48 has four times as many).
    pub by_address_max: usize,
}

impl Default for FlowLimits {
    fn default() -> Self {
        Self { of_kind_max: 50_000, by_address_max: 1_000 }
    }
}

/// A flow that begins.
pub(crate) struct Begun {
    pub(crate) id: FlowId,
    pub(crate) from: Option<Network>,
    /// When it is gone by itself.
    pub(crate) until: Timestamp,
}

/// The flows that this process has begun, that nobody has finished, and whose time is not over.
pub(crate) struct Unfinished {
    limits: FlowLimits,
    kinds: Mutex<HashMap<&'static str, OfKind>>,
}

#[derive(Default)]
struct OfKind {
    /// What the next one is numbered.
    next: u64,
    by_age: BTreeMap<u64, Begun>,
    ages: HashMap<FlowId, u64>,
    by_origin: HashMap<Begins, BTreeSet<u64>>,
}

/// Where flows begin, as they are counted.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Begins {
    At(Network),
    /// At any address of a /48.
    In([u16; 3]),
}

impl Begun {
    fn origins(&self) -> impl Iterator<Item = Begins> + use<> {
        let site = self.from.and_then(Network::site).map(Begins::In);
        self.from.map(Begins::At).into_iter().chain(site)
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
        let mut going = Vec::new();
        for origin in begun.origins() {
            let most = match origin {
                Begins::At(_) => limits.by_address_max,
                Begins::In(_) => limits.by_address_max.saturating_mul(SITE_SHARES as usize),
            };
            let own = self.by_origin.get(&origin).filter(|own| own.len() >= most);
            let oldest = own.and_then(BTreeSet::first).copied();
            going.extend(oldest.and_then(|age| self.forget(age)));
        }
        if self.by_age.len() >= limits.of_kind_max {
            let oldest = self.by_age.keys().next().copied();
            going.extend(oldest.and_then(|age| self.forget(age)));
        }
        self.next += 1;
        self.ages.insert(begun.id, self.next);
        for origin in begun.origins() {
            self.by_origin.entry(origin).or_default().insert(self.next);
        }
        self.by_age.insert(self.next, begun);
        going
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
        let begun = self.by_age.remove(&age)?;
        self.ages.remove(&begun.id);
        for origin in begun.origins() {
            if let Some(own) = self.by_origin.get_mut(&origin) {
                own.remove(&age);
                if own.is_empty() {
                    self.by_origin.remove(&origin);
                }
            }
        }
        Some(begun.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: FlowLimits = FlowLimits { of_kind_max: 20, by_address_max: 3 };

    fn id(n: u8) -> FlowId {
        [n; 16]
    }

    fn at(s: i64) -> Timestamp {
        Timestamp::from_ms(s * 1000)
    }

    /// A flow of ten seconds that begins at that second from that address.
    fn begin(unfinished: &Unfinished, n: u8, from: Option<&str>, s: i64) -> Vec<FlowId> {
        let begun = Begun { id: id(n), from: from.and_then(Network::of), until: at(s + 10) };
        unfinished.begin("login", begun, at(s))
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
        let error = Begun { id: id(0), from: one.and_then(Network::of), until: at(10) };
        assert!(unfinished.begin("error", error, at(0)).is_empty(), "every kind has a bound of its own");
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
}
