//! Places among the requests that are under way for keys of clients.
//!
//! Each client has one of them at most, and those that were slow when they were last asked, or did not answer, have half of them together. So
//! who lets us hang takes no place of who answers soon (ONE-SLOW-HURTS-NONE). What is noted here is by client, not by address: a client that registers
//! another address is the same one.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use adieu_core::ClientId;

/// Requests that are under way at once (HOME-LIMITS).
pub(crate) const UNDER_WAY_MAX: usize = 128;
/// How many of them are for clients that were slow when they were last asked, or did not answer.
pub(crate) const SLOW_UNDER_WAY_MAX: usize = 64;
/// Clients of which it is noted that they were slow (HOME-LIMITS).
const SLOW_MAX: usize = 1024;

/// The places.
#[derive(Default)]
pub(crate) struct AskPlaces(Mutex<PlacesTaken>);

#[derive(Default)]
struct PlacesTaken {
    /// Clients that are asked.
    under_way: HashSet<ClientId>,
    /// Clients that were slow when they were last asked, or did not answer.
    slow: HashSet<ClientId>,
}

/// A place, which is given back when it is dropped.
pub(crate) struct AskPlace {
    places: Arc<AskPlaces>,
    client: ClientId,
}

impl AskPlaces {
    /// A place to ask this client; none if there is none for it.
    pub(crate) fn take(self: &Arc<Self>, client: &ClientId) -> Option<AskPlace> {
        let mut taken = self.taken();
        let slow = taken.under_way.intersection(&taken.slow).count();
        let has_room = taken.under_way.len() < UNDER_WAY_MAX
            && (slow < SLOW_UNDER_WAY_MAX || !taken.slow.contains(client));
        (has_room && taken.under_way.insert(client.clone()))
            .then(|| AskPlace { places: Arc::clone(self), client: client.clone() })
    }

    fn taken(&self) -> MutexGuard<'_, PlacesTaken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AskPlace {
    /// Notes whether the client answered soon.
    pub(crate) fn answered(&self, soon: bool) {
        let mut taken = self.places.taken();
        if soon {
            taken.slow.remove(&self.client);
            return;
        }
        if taken.slow.len() >= SLOW_MAX {
            taken.slow.clear(); // Seldom, and whoever is slow is noted again.
        }
        taken.slow.insert(self.client.clone());
    }
}

impl Drop for AskPlace {
    fn drop(&mut self) {
        self.places.taken().under_way.remove(&self.client);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(n: usize) -> ClientId {
        format!("client-{n}").parse().expect("an id")
    }

    /// Goal: ONE-SLOW-HURTS-NONE: each client has one place; those that were slow have half of them, and no other one's.
    #[test]
    fn who_is_slow_takes_no_place_of_who_answers() {
        let places = Arc::new(AskPlaces::default());
        let first = places.take(&client(0)).expect("a place");
        assert!(places.take(&client(0)).is_none(), "one for each");
        drop(first);
        for n in 0..UNDER_WAY_MAX {
            places.take(&client(n)).expect("it was given back").answered(false);
        }
        let held: Vec<_> = (0..UNDER_WAY_MAX).filter_map(|n| places.take(&client(n))).collect();
        assert_eq!(held.len(), SLOW_UNDER_WAY_MAX);
        let honest: Vec<_> = (1000..2000).filter_map(|n| places.take(&client(n))).collect();
        assert_eq!(honest.len(), UNDER_WAY_MAX - SLOW_UNDER_WAY_MAX);
        drop(held);
        let back = places.take(&client(0)).expect("a place");
        back.answered(true);
        assert!(!places.taken().slow.contains(&client(0)), "it is back");
    }

    #[test]
    fn what_is_noted_is_bounded() {
        let places = Arc::new(AskPlaces::default());
        for n in 0..2 * SLOW_MAX {
            places.take(&client(n)).expect("a place").answered(false);
        }
        assert!(places.taken().slow.len() <= SLOW_MAX && places.taken().under_way.is_empty());
    }
}
