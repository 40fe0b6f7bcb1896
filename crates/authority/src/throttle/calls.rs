//! How often a client may call for what ends much or tells who is known, and how many names of what it signed are remembered for it.
//!
//! What was used up grows back evenly. Calls that fail count like those that succeed. Bounded memory (HOME-LIMITS); it is forgotten
//! with the process. S-GTR-10, S-CA-2.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use adieu_core::{ClientId, RealmId, Span, Timestamp};

use super::bucket::{Limit, Pace};
use super::table::Table;

/// Calls of one client in a minute.
const CALLS_MAX: u32 = 600;
const CALLS_WINDOW: Span = Span::from_s(60);
/// Minutes for which names of one client are remembered, added up, in an hour: 20,000 that are remembered for an hour each, or
/// 333 a second that are remembered for a minute.
const NAME_MINUTES_MAX: u32 = 1_200_000;
const NAMES_WINDOW: Span = Span::from_s(3600);

/// The counts of clients.
pub(crate) struct ClientThrottle {
    limit: Limit,
    /// Clients by the hash of their id, under a key of this process: who shares one by chance shares a count.
    counts: Mutex<Table<u64>>,
    hasher: RandomState,
}

impl ClientThrottle {
    /// One that counts calls.
    pub(crate) fn of_calls() -> Self {
        Self::of(Pace::of(CALLS_MAX, CALLS_WINDOW))
    }

    /// One that counts the minutes for which names are remembered.
    pub(crate) fn of_name_minutes() -> Self {
        Self::of(Pace::of(NAME_MINUTES_MAX, NAMES_WINDOW))
    }

    fn of(pace: Option<Pace>) -> Self {
        let limit = Limit { pace, undecided_max: 0 };
        Self { limit, counts: Mutex::default(), hasher: RandomState::new() }
    }

    /// Counts one, and says whether the client had one left.
    pub(crate) fn take(&self, realm: RealmId, client: &ClientId, now: Timestamp) -> bool {
        self.spend(realm, client, 1, now)
    }

    /// Whether the client has one left.
    pub(crate) fn has_left(&self, realm: RealmId, client: &ClientId, now: Timestamp) -> bool {
        self.spend(realm, client, 0, now)
    }

    /// Counts so many, if the client has one left; says whether it had.
    pub(crate) fn spend(&self, realm: RealmId, client: &ClientId, count: u32, now: Timestamp) -> bool {
        let key = self.hasher.hash_one((realm, client));
        let wanted = [(key, self.limit)];
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let admitted = counts.take(&wanted, now).is_ok();
        if admitted {
            for _ in 0..count {
                counts.spend(&key, self.limit, now);
            }
            counts.decided(&wanted, now);
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms)
    }

    #[test]
    fn a_client_that_calls_too_often_waits_and_no_other_one_does() {
        let throttle = ClientThrottle::of_calls();
        let (realm, client) =
            (RealmId::from_uuid(uuid::Uuid::nil()), |name: &str| name.parse().expect("an id"));
        let take = |name: &str, now| throttle.take(realm, &client(name), at(now));
        for _ in 0..CALLS_MAX {
            assert!(take("siem", 0));
        }
        assert!(!take("siem", 0) && take("other", 0));
        assert!(take("siem", 100), "one has grown back");
        assert!(!take("siem", 100));
    }

    /// HOME-LIMITS: 20,000 names for an hour each, or sixty times as many for a minute.
    #[test]
    fn names_are_counted_by_how_long_they_are_remembered() {
        let throttle = ClientThrottle::of_name_minutes();
        let (realm, shop) = (RealmId::from_uuid(uuid::Uuid::nil()), "shop".parse().expect("an id"));
        for _ in 0..20_000 {
            assert!(throttle.spend(realm, &shop, 60, at(0)));
        }
        assert!(!throttle.has_left(realm, &shop, at(0)) && !throttle.spend(realm, &shop, 1, at(0)));
        assert!(throttle.has_left(realm, &"desk".parse().expect("an id"), at(0)));
        assert!(throttle.has_left(realm, &shop, at(3)), "one minute has grown back");
    }
}
