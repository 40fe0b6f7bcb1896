//! How often a client may call for what ends much or tells who is known: so many times a minute, which grow back evenly.
//!
//! Calls that fail count like those that succeed. Bounded memory (HOME-LIMITS); it is forgotten with the process. S-GTR-10.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use adieu_core::{ClientId, RealmId, Span, Timestamp};

use super::bucket::{Limit, Pace};
use super::table::Table;

/// Calls of one client in a minute.
const CALLS_MAX: u32 = 600;
const WINDOW: Span = Span::from_s(60);

/// The counts of clients' calls.
#[derive(Default)]
pub(crate) struct CallThrottle {
    /// Clients by the hash of their id, under a key of this process: who shares one by chance shares a count.
    calls: Mutex<Table<u64>>,
    hasher: RandomState,
}

impl CallThrottle {
    /// Counts a call, and says whether the client had one left.
    pub(crate) fn take(&self, realm: RealmId, client: &ClientId, now: Timestamp) -> bool {
        let key = self.hasher.hash_one((realm, client));
        let limit = Limit { pace: Pace::of(CALLS_MAX, WINDOW), undecided_max: 0 };
        let wanted = [(key, limit)];
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let admitted = calls.take(&wanted, now).is_ok();
        if admitted {
            calls.spend(&key, limit, now);
            calls.decided(&wanted, now);
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
        let throttle = CallThrottle::default();
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
}
