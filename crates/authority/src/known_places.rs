//! Whether users are known at addresses, as it was read lately.
//!
//! Believed for seconds, so that a flood of tries that are refused reads next to nothing. Nothing is read here.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use adieu_core::{Span, Timestamp, UserId};

use crate::throttle::Network;

/// Answers that are remembered; all are forgotten when there are as many (HOME-LIMITS).
const ANSWERS_MAX: usize = 4096;
/// For how long one is remembered.
const REMEMBERED: Span = Span::from_s(10);

/// What was read lately: whether a user is known at a network, and until when that is believed.
#[derive(Default)]
pub(crate) struct KnownPlaces(Mutex<HashMap<(UserId, Network), (bool, Timestamp)>>);

impl KnownPlaces {
    /// What was read of it lately.
    pub(crate) fn lately(&self, place: (UserId, Network), now: Timestamp) -> Option<bool> {
        self.answers().get(&place).filter(|(_, until)| now < *until).map(|(known, _)| *known)
    }

    pub(crate) fn remember(&self, place: (UserId, Network), known: bool, now: Timestamp) {
        let mut answers = self.answers();
        if answers.len() >= ANSWERS_MAX {
            answers.clear();
        }
        answers.insert(place, (known, now.plus(REMEMBERED)));
    }

    /// Somebody signs on there: what was read before is true no more.
    pub(crate) fn forget(&self, user: UserId, network: Option<Network>) {
        if let Some(network) = network {
            self.answers().remove(&(user, network));
        }
    }

    fn answers(&self) -> MutexGuard<'_, HashMap<(UserId, Network), (bool, Timestamp)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: HOME-LIMITS: an answer is believed for seconds, a sign-on makes it untrue at once, and memory is bounded.
    #[test]
    fn answers_are_few_and_short_lived() {
        let places = KnownPlaces::default();
        let place = |n: u32| {
            let user = UserId::from_uuid(uuid::Uuid::from_u128(n.into()));
            (user, Network::V4(n.into()))
        };
        let at = |s: i64| Timestamp::from_ms(s * 1000);
        places.remember(place(1), false, at(0));
        assert_eq!((places.lately(place(1), at(9)), places.lately(place(1), at(10))), (Some(false), None));
        assert_eq!(places.lately((place(1).0, place(2).1), at(0)), None, "another network");
        places.forget(place(1).0, Some(place(1).1));
        assert_eq!(places.lately(place(1), at(0)), None);
        for n in 0..20_000 {
            places.remember(place(n), true, at(0));
            assert!(places.answers().len() <= ANSWERS_MAX);
        }
    }
}
