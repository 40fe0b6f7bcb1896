//! Failed sign-ons, counted by the name that was tried and by the address it was tried from.
//!
//! Each has so many failures at hand in a window of time, and they grow back evenly; whoever has none left gets one try in
//! each span in which one grows back. While something has failed, tries that are not decided yet count as well, so that many
//! at once are no way around it. The name counts as it was typed, known or not: nobody learns who exists. Bounded memory
//! (HOME-LIMITS): of two generations the elder is dropped when the younger is full. It is forgotten with the process.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};

use adieu_core::directory::matched;
use adieu_core::{RealmId, Span, Timestamp, TokenHash};

/// Names and addresses in one generation: about 4 MiB for each of both.
const KNOWN_MAX: usize = 32_768;
/// Undecided tries of a name or address of which nothing has failed: as many passwords as may wait to be hashed.
const UNDECIDED_MAX: u32 = 256;
/// How long failures may take to grow back at most.
const DEBT_MAX_MS: i64 = 24 * 3600 * 1000;

/// How many sign-ons may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureLimits {
    /// Of one name in the window; 0 is no limit.
    pub by_name_max: u32,
    /// From one address in the window; 0 is no limit.
    pub by_address_max: u32,
    /// The window.
    pub window: Span,
}

impl Default for FailureLimits {
    fn default() -> Self {
        Self { by_name_max: 10, by_address_max: 100, window: Span::from_s(300) }
    }
}

/// Somebody has failed too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limited {
    /// When the next try may be made.
    pub(crate) retry_after: Span,
}

/// The counters.
pub(crate) struct Throttle {
    limits: FailureLimits,
    /// By the hash of realm and name: names may be long, and none is kept that is not there already.
    names: Mutex<Buckets<[u8; 32]>>,
    addresses: Mutex<Buckets<IpAddr>>,
}

/// A try that is not decided yet; one that is dropped was no failure.
pub(crate) struct Try<'t> {
    throttle: &'t Throttle,
    name: [u8; 32],
    address: Option<IpAddr>,
}

impl Throttle {
    pub(crate) fn new(limits: FailureLimits) -> Self {
        Self { limits, names: Mutex::default(), addresses: Mutex::default() }
    }

    /// Takes a try, if name and address have one left.
    pub(crate) fn take(
        &self,
        realm: RealmId,
        name: &str,
        address: Option<&str>,
        now: Timestamp,
    ) -> Result<Try<'_>, Limited> {
        let name = TokenHash::of(format!("{realm} {}", matched(name)).as_bytes()).to_bytes();
        let address = address.and_then(ip);
        with(&self.names, |names| names.take(name, self.by_name(), now))?;
        let mut tried = Try { throttle: self, name, address: None };
        if let Some(address) = address {
            with(&self.addresses, |addresses| addresses.take(address, self.by_address(), now))?;
            tried.address = Some(address);
        }
        Ok(tried)
    }

    fn by_name(&self) -> Option<Pace> {
        Pace::of(self.limits.by_name_max, self.limits.window)
    }

    fn by_address(&self) -> Option<Pace> {
        Pace::of(self.limits.by_address_max, self.limits.window)
    }
}

impl Try<'_> {
    /// The password was another one. Says how many failures the name has left, if they are counted.
    pub(crate) fn failed(self, now: Timestamp) -> Option<u32> {
        let throttle = self.throttle;
        if let Some(address) = self.address {
            with(&throttle.addresses, |addresses| addresses.fail(&address, throttle.by_address(), now));
        }
        with(&throttle.names, |names| names.fail(&self.name, throttle.by_name(), now))
    }

    /// The password was right, which forgives its name what was tried before.
    pub(crate) fn succeeded(self) {
        with(&self.throttle.names, |names| names.forgive(&self.name));
    }
}

impl Drop for Try<'_> {
    fn drop(&mut self) {
        with(&self.throttle.names, |names| names.decided(&self.name));
        if let Some(address) = self.address {
            with(&self.throttle.addresses, |addresses| addresses.decided(&address));
        }
    }
}

fn with<K, T>(buckets: &Mutex<Buckets<K>>, act: impl FnOnce(&mut Buckets<K>) -> T) -> T {
    act(&mut buckets.lock().unwrap_or_else(PoisonError::into_inner))
}

/// An address without the port that channels may have stored with it. IPv6 counts by its network: one host has many.
fn ip(text: &str) -> Option<IpAddr> {
    let with_port = text.parse::<SocketAddr>().map(|address| address.ip());
    match with_port.or_else(|_| text.parse::<IpAddr>()).ok()? {
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => Some(IpAddr::V4(address)),
            None => Some(IpAddr::V6((u128::from(address) >> 64 << 64).into())),
        },
        address => Some(address),
    }
}

/// How fast failures grow back.
#[derive(Clone, Copy)]
struct Pace {
    one_ms: i64,
    window_ms: i64,
}

impl Pace {
    /// None if there is no limit.
    fn of(max: u32, window: Span) -> Option<Self> {
        let one_ms = (window.ms() / i64::from(max.max(1))).max(1);
        (max > 0 && window.ms() > 0)
            .then_some(Self { one_ms, window_ms: one_ms.saturating_mul(i64::from(max)) })
    }
}

/// What is known of one name or address.
#[derive(Clone, Copy, Default)]
struct Bucket {
    /// The moment at which all failures will have grown back.
    full_at_ms: i64,
    /// When the last try was taken.
    tried_at_ms: i64,
    /// Tries that are not decided.
    undecided: u32,
}

impl Bucket {
    fn used_ms(&self, now: Timestamp) -> i64 {
        self.full_at_ms.saturating_sub(now.ms()).max(0)
    }

    /// Failures that are left, undecided tries not counted.
    fn left(&self, pace: Pace, now: Timestamp) -> u32 {
        u32::try_from((pace.window_ms - self.used_ms(now)).max(0) / pace.one_ms).unwrap_or(u32::MAX)
    }

    /// When the next try may be taken; nothing if it may be now.
    fn wait_ms(&self, pace: Pace, now: Timestamp) -> Option<i64> {
        let used = self.used_ms(now);
        let (left, most) = (self.left(pace, now), if used == 0 { UNDECIDED_MAX } else { 0 });
        if self.undecided < left.max(most) {
            return None;
        }
        let since = now.ms().saturating_sub(self.tried_at_ms);
        if left > 0 || self.undecided > 0 && since >= pace.one_ms {
            return Some(1000); // The ones before it are about to be decided.
        }
        let trickle = pace.one_ms.saturating_sub(since);
        let grown = used.saturating_sub(pace.window_ms - pace.one_ms);
        Some(trickle.min(grown)).filter(|wait| *wait > 0)
    }
}

/// What is known of all of them.
struct Buckets<K> {
    young: HashMap<K, Bucket>,
    old: HashMap<K, Bucket>,
}

impl<K> Default for Buckets<K> {
    fn default() -> Self {
        Self { young: HashMap::new(), old: HashMap::new() }
    }
}

impl<K: Eq + Hash + Clone> Buckets<K> {
    fn take(&mut self, key: K, pace: Option<Pace>, now: Timestamp) -> Result<(), Limited> {
        let Some(pace) = pace else { return Ok(()) };
        let known = self.young.get(&key).or_else(|| self.old.get(&key)).copied().unwrap_or_default();
        if let Some(wait) = known.wait_ms(pace, now) {
            return Err(Limited { retry_after: Span::from_ms(wait) });
        }
        if self.young.len() >= KNOWN_MAX && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, Bucket { tried_at_ms: now.ms(), undecided: known.undecided + 1, ..known });
        Ok(())
    }

    /// Counts a failure; says how many are left. More of them than there were take longer to grow back, a day at most.
    fn fail(&mut self, key: &K, pace: Option<Pace>, now: Timestamp) -> Option<u32> {
        let pace = pace?;
        let bucket = self.find(key)?;
        let full_at = bucket.full_at_ms.max(now.ms()).saturating_add(pace.one_ms);
        bucket.full_at_ms = full_at.min(now.ms().saturating_add(DEBT_MAX_MS.max(pace.window_ms)));
        Some(bucket.left(pace, now))
    }

    fn forgive(&mut self, key: &K) {
        if let Some(bucket) = self.find(key) {
            bucket.full_at_ms = 0;
        }
    }

    fn decided(&mut self, key: &K) {
        if let Some(bucket) = self.find(key) {
            bucket.undecided = bucket.undecided.saturating_sub(1);
        }
    }

    fn find(&mut self, key: &K) -> Option<&mut Bucket> {
        match self.young.get_mut(key) {
            Some(bucket) => Some(bucket),
            None => self.old.get_mut(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_ms(s * 1000)
    }

    fn realm(n: u128) -> RealmId {
        RealmId::from_uuid(uuid::Uuid::from_u128(n))
    }

    fn throttle() -> Throttle {
        Throttle::new(FailureLimits { by_name_max: 3, by_address_max: 5, window: Span::from_s(90) })
    }

    /// A try that fails: how many are left, or how long to wait.
    fn fails(throttle: &Throttle, name: &str, address: &str, now: Timestamp) -> Result<Option<u32>, i64> {
        let taken = throttle.take(realm(1), name, Some(address), now);
        taken.map(|tried| tried.failed(now)).map_err(|limited| limited.retry_after.s())
    }

    /// Goal: after so many failures a name waits, however it is spelled, and gets one try at a time back.
    #[test]
    fn a_name_has_so_many_failures_and_they_grow_back() {
        let throttle = throttle();
        for (spelled, left) in [("ada", 2), ("ADA", 1), (" Ada ", 0)] {
            assert_eq!(fails(&throttle, spelled, "192.0.2.1:80", at(0)), Ok(Some(left)));
        }
        assert_eq!(fails(&throttle, "ada", "192.0.2.2", at(0)), Err(30));
        assert_eq!(fails(&throttle, "ada", "192.0.2.2", at(29)), Err(1));
        assert!(throttle.take(realm(2), "ada", None, at(0)).is_ok(), "another realm's");
        assert_eq!(fails(&throttle, "bob", "192.0.2.2", at(0)), Ok(Some(2)));
        assert_eq!(fails(&throttle, "ada", "192.0.2.2", at(30)), Ok(Some(0)));
        assert_eq!(fails(&throttle, "ada", "192.0.2.2", at(30)), Err(30));
        assert_eq!(fails(&throttle, "ada", "192.0.2.2", at(200)), Ok(Some(2)), "all are back");
    }

    /// Goal: an address has its own number, whatever port and whatever host of its network; a name refused for it has
    /// lost nothing.
    #[test]
    fn an_address_has_so_many_failures() {
        let throttle = throttle();
        for n in 0..5 {
            assert!(fails(&throttle, &format!("n{n}"), &format!("[2001:db8::{n}]:{n}"), at(0)).is_ok());
        }
        assert_eq!(fails(&throttle, "zoe", "2001:db8::9", at(0)), Err(18));
        assert_eq!(fails(&throttle, "zoe", "2001:db8:0:1::9", at(0)), Ok(Some(2)));
        assert!(throttle.take(realm(1), "yan", None, at(0)).is_ok(), "nobody knows from where");
    }

    /// Goal: who knows the password is not counted, however many at once, and has the slate wiped clean.
    #[test]
    fn right_passwords_are_not_counted() {
        let throttle = throttle();
        let many: Vec<_> = (0..64).map(|_| throttle.take(realm(1), "ada", None, at(0))).collect();
        assert!(many.iter().all(Result::is_ok));
        for tried in many.into_iter().flatten() {
            tried.succeeded();
        }
        assert_eq!(fails(&throttle, "ada", "192.0.2.1", at(0)), Ok(Some(2)));
        assert_eq!(fails(&throttle, "ada", "192.0.2.1", at(0)), Ok(Some(1)));
        throttle.take(realm(1), "ada", None, at(0)).expect("a try").succeeded();
        assert_eq!(fails(&throttle, "ada", "192.0.2.1", at(0)), Ok(Some(2)));
    }

    /// Goal: many at once are no way around the limit: what failed beyond it takes so much longer to grow back, and once
    /// something has failed, tries in flight count.
    #[test]
    fn many_at_once_are_no_way_around_it() {
        let throttle = throttle();
        let many: Vec<_> = (0..10).filter_map(|_| throttle.take(realm(1), "ada", None, at(0)).ok()).collect();
        assert_eq!(many.len(), 10);
        for tried in many {
            tried.failed(at(0));
        }
        for s in [30, 60, 90, 120] {
            assert_eq!(fails(&throttle, "ada", "192.0.2.1", at(s)), Ok(Some(0)), "one at a time: {s}");
            assert_eq!(fails(&throttle, "ada", "192.0.2.1", at(s)), Err(30));
        }
        assert_eq!(fails(&throttle, "bob", "192.0.2.2", at(0)), Ok(Some(2)));
        let two: Vec<_> =
            (0..2).map(|_| throttle.take(realm(1), "bob", None, at(0)).expect("a try")).collect();
        assert!(throttle.take(realm(1), "bob", None, at(0)).is_err());
        drop(two);
        assert!(throttle.take(realm(1), "bob", None, at(0)).is_ok(), "given up is no failure");
    }

    #[test]
    fn nought_is_no_limit_and_memory_is_bounded() {
        let off =
            Throttle::new(FailureLimits { by_name_max: 0, by_address_max: 0, window: Span::from_s(90) });
        for _ in 0..1000 {
            assert_eq!(fails(&off, "ada", "192.0.2.1", at(0)), Ok(None));
        }
        let mut buckets = Buckets::default();
        let pace = Pace::of(3, Span::from_s(90));
        for n in 0..3 * KNOWN_MAX {
            assert!(buckets.take(n, pace, at(0)).is_ok());
        }
        assert!(buckets.young.len() <= KNOWN_MAX && buckets.old.len() <= KNOWN_MAX);
    }
}
