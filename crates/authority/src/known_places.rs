//! From where users signed on, as it was read lately.
//!
//! Believed for seconds, so that a flood of refused tries of one account, from wherever, reads its sessions once. Nothing is read
//! here.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use adieu_core::{Span, Timestamp, UserId};

use crate::throttle::Network;

/// Users whose networks are remembered; all are forgotten when there are as many (HOME-LIMITS).
const USERS_MAX: usize = 4096;
/// For how long they are remembered.
const REMEMBERED: Span = Span::from_s(10);

/// The networks of a user, and until when that is believed.
type Believed = (Box<[Network]>, Timestamp);

/// What was read lately.
#[derive(Default)]
pub(crate) struct KnownPlaces(Mutex<HashMap<UserId, Believed>>);

impl KnownPlaces {
    /// Whether the user is known at a network, by what was read lately.
    pub(crate) fn lately(&self, user: UserId, network: Network, now: Timestamp) -> Option<bool> {
        let users = self.users();
        let (networks, _) = users.get(&user).filter(|(_, until)| now < *until)?;
        Some(networks.contains(&network))
    }

    /// These are all the networks at which the user is known.
    pub(crate) fn remember(&self, user: UserId, networks: Box<[Network]>, now: Timestamp) {
        let mut users = self.users();
        if users.len() >= USERS_MAX {
            users.clear();
        }
        users.insert(user, (networks, now.plus(REMEMBERED)));
    }

    /// The user has signed on: what was read before is true no more.
    pub(crate) fn forget(&self, user: UserId) {
        self.users().remove(&user);
    }

    fn users(&self) -> MutexGuard<'_, HashMap<UserId, Believed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: HOME-LIMITS: an answer is believed for seconds and for every network, a sign-on makes it untrue at once, and memory is
    /// bounded.
    #[test]
    fn answers_are_few_and_short_lived() {
        let places = KnownPlaces::default();
        let user = |n: u32| UserId::from_uuid(uuid::Uuid::from_u128(n.into()));
        let network = |n: u32| Network::V4(n.into());
        let at = |s: i64| Timestamp::from_ms(s * 1000);
        assert_eq!(places.lately(user(1), network(1), at(0)), None, "nothing was read");
        places.remember(user(1), [network(1)].into(), at(0));
        assert_eq!(places.lately(user(1), network(1), at(9)), Some(true));
        assert_eq!(
            places.lately(user(1), network(2), at(9)),
            Some(false),
            "nothing more is read for another network"
        );
        assert_eq!(places.lately(user(1), network(1), at(10)), None);
        assert_eq!(places.lately(user(2), network(1), at(0)), None, "another user");
        places.forget(user(1));
        assert_eq!(places.lately(user(1), network(1), at(0)), None);
        for n in 0..20_000 {
            places.remember(user(n), [].into(), at(0));
            assert!(places.users().len() <= USERS_MAX);
        }
    }
}
