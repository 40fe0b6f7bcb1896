//! Which flows are kept that nobody has finished: so many of a kind, and so many of them begun from one address.
//!
//! Beyond, the oldest give way, so that whoever begins flows without end loses only their own, and the database does not grow
//! (HOME-LIMITS, ONE-SLOW-HURTS-NONE). Every process counts what it has begun itself. Nothing here reads a body or the clock.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use adieu_store::FlowId;

use crate::throttle::Network;

/// How many unfinished flows there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowLimits {
    /// Of one kind.
    pub of_kind_max: usize,
    /// Of one kind, begun from one address (IPv6: one /64).
    pub by_address_max: usize,
}

impl Default for FlowLimits {
    fn default() -> Self {
        Self { of_kind_max: 50_000, by_address_max: 1_000 }
    }
}

/// The flows that this process has begun and that nobody has taken away.
pub(crate) struct Unfinished {
    limits: FlowLimits,
    kinds: Mutex<HashMap<&'static str, OfKind>>,
}

#[derive(Default)]
struct OfKind {
    /// What the next one is numbered.
    next: u64,
    by_age: BTreeMap<u64, (FlowId, Option<Network>)>,
    ages: HashMap<FlowId, u64>,
    by_network: HashMap<Network, BTreeSet<u64>>,
}

impl Unfinished {
    pub(crate) fn new(limits: FlowLimits) -> Self {
        Self { limits, kinds: Mutex::default() }
    }

    /// A flow begins; gives those that go for it.
    pub(crate) fn begin(&self, kind: &'static str, id: FlowId, from: Option<Network>) -> Vec<FlowId> {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        kinds.entry(kind).or_default().begin(id, from, self.limits)
    }

    /// A flow is over.
    pub(crate) fn end(&self, kind: &'static str, id: FlowId) {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_kind) = kinds.get_mut(kind)
            && let Some(&age) = of_kind.ages.get(&id)
        {
            of_kind.forget(age);
        }
    }
}

impl OfKind {
    fn begin(&mut self, id: FlowId, from: Option<Network>, limits: FlowLimits) -> Vec<FlowId> {
        if let Some(&age) = self.ages.get(&id) {
            self.forget(age);
        }
        let own = from.and_then(|from| self.by_network.get(&from));
        let oldest_own =
            own.filter(|own| own.len() >= limits.by_address_max).and_then(BTreeSet::first).copied();
        let mut going: Vec<FlowId> = oldest_own.and_then(|age| self.forget(age)).into_iter().collect();
        if self.by_age.len() >= limits.of_kind_max {
            let oldest = self.by_age.keys().next().copied();
            going.extend(oldest.and_then(|age| self.forget(age)));
        }
        self.next += 1;
        self.by_age.insert(self.next, (id, from));
        self.ages.insert(id, self.next);
        if let Some(from) = from {
            self.by_network.entry(from).or_default().insert(self.next);
        }
        going
    }

    fn forget(&mut self, age: u64) -> Option<FlowId> {
        let (id, from) = self.by_age.remove(&age)?;
        self.ages.remove(&id);
        if let Some(from) = from
            && let Some(own) = self.by_network.get_mut(&from)
        {
            own.remove(&age);
            if own.is_empty() {
                self.by_network.remove(&from);
            }
        }
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: FlowLimits = FlowLimits { of_kind_max: 6, by_address_max: 3 };

    fn id(n: u8) -> FlowId {
        [n; 16]
    }

    /// Goal: S-3, an address that begins flows without end loses its own oldest ones, and nobody else's.
    #[test]
    fn an_address_gives_way_to_itself() {
        let unfinished = Unfinished::new(LIMITS);
        let (one, other) = (Network::of("192.0.2.1"), Network::of("192.0.2.2:99"));
        assert!(unfinished.begin("login", id(100), other).is_empty());
        for n in 0..3 {
            assert!(unfinished.begin("login", id(n), one).is_empty());
        }
        assert_eq!(unfinished.begin("login", id(3), one), [id(0)]);
        assert_eq!(unfinished.begin("login", id(4), one), [id(1)]);
        assert!(unfinished.begin("error", id(0), one).is_empty(), "every kind has a bound of its own");
        unfinished.end("login", id(2));
        assert!(unfinished.begin("login", id(5), one).is_empty(), "a finished one has made room");
        assert!(unfinished.begin("login", id(5), one).is_empty(), "one that begins anew counts once");
    }

    /// Goal: S-3, all flows of a kind have a bound, whoever begins them; neighbours of one /64 are one address.
    #[test]
    fn the_oldest_of_a_kind_gives_way() {
        let unfinished = Unfinished::new(LIMITS);
        for n in 0..6 {
            assert!(unfinished.begin("login", id(n), Network::of(&format!("192.0.2.{n}"))).is_empty());
        }
        assert_eq!(unfinished.begin("login", id(6), None), [id(0)]);
        let neighbours = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4"];
        let begun = (10..).zip(neighbours);
        let going: Vec<FlowId> =
            begun.flat_map(|(n, from)| unfinished.begin("login", id(n), Network::of(from))).collect();
        assert_eq!(going, [id(1), id(2), id(3), id(10)]);
        assert_eq!(unfinished.kinds.lock().unwrap()["login"].by_age.len(), 6);
    }
}
