//! Where a user's next session lies, and which tombstones have to stay until their endings are told.
//!
//! A user has so many places; behind the last one, tombstones give way. NOTICE-WITH-ENDING: the tombstone of a session of
//! which somebody is to be told stays until the receipts of its ending are made, because they are made from what lies there.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::ending_entry::EndingEntry;
use crate::ending_record::EndScope;
use crate::ids::{Locator, UserKey};
use crate::time::Timestamp;

/// The endings whose receipts are not made yet, by what they lead to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UntoldEndings {
    places: BTreeSet<Locator>,
    users: BTreeSet<UserKey>,
    /// A realm's is among them: each shared session may have ended with it.
    of_realm: bool,
    /// There are more than are told apart: every tombstone may be one of them.
    overflown: bool,
}

impl UntoldEndings {
    /// So many are told apart (HOME-LIMITS). Where there are more, each session that is over may be one of them.
    pub const MOST: usize = 20_000;

    /// Hears of an entry of the index whose receipts are not made; breaks off when no other one can make a difference.
    pub fn count(&mut self, entry: &EndingEntry) -> ControlFlow<()> {
        match entry {
            EndingEntry::One { told: false, .. } | EndingEntry::Many { scope: EndScope::Client(_), .. } => {}
            _ if self.places.len() + self.users.len() == Self::MOST => self.overflown = true,
            EndingEntry::One { locator, .. } => _ = self.places.insert(*locator),
            EndingEntry::Many { scope: EndScope::User(key), .. } => _ = self.users.insert(*key),
            EndingEntry::Many { scope: EndScope::Realm(_), .. } => self.of_realm = true,
        }
        if self.overflown { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Whether the tombstone at a place is still needed. Of a session that ended with others only clients are told by what lies there,
    /// if some took part in it; of one that ended alone subscribers are, too.
    pub fn may_need(&self, place: Locator, shared: bool) -> bool {
        let with_others = self.of_realm || self.users.contains(&place.user_key());
        self.overflown || self.places.contains(&place) || (shared && with_others)
    }
}

/// The search for the place of a user's next session.
///
/// First comes a place where nothing lies, then the oldest tombstone of which nobody is still to be told.
#[derive(Debug)]
pub struct PlaceSearch {
    gap: Option<Locator>,
    /// Where the next row lies if there is no gap.
    next: Option<Locator>,
    tombstones: Vec<(Timestamp, Locator)>,
}

/// What a search has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FreePlace {
    /// Nothing is lost if the session lies there.
    At(Locator),
    /// No place is free.
    None {
        /// The places of sessions, live or over, in which clients took part: these don't become free as soon as they end.
        shared: BTreeSet<Locator>,
    },
}

impl PlaceSearch {
    /// A search among the places of a user, of whose rows the last one lies there.
    pub fn new(key: UserKey, last: Option<Locator>) -> Self {
        Self { gap: key.place_behind(last), next: key.slot(0), tombstones: Vec::new() }
    }

    /// Whether the user's rows have to be gone through: then [`PlaceSearch::pass`] hears of them.
    pub const fn wants_rows(&self) -> bool {
        self.gap.is_none()
    }

    /// Hears of the user's rows in the order of their places, of a tombstone with the time of its ending; breaks off when the
    /// place is found.
    pub fn pass(&mut self, place: Locator, ended_at: Option<Timestamp>) -> ControlFlow<()> {
        if self.gap.is_none() && self.next != Some(place) {
            self.gap = self.next;
        }
        if self.gap.is_some() {
            return ControlFlow::Break(());
        }
        self.next = place.user_key().place_behind(Some(place));
        self.tombstones.extend(ended_at.map(|at| (at, place)));
        ControlFlow::Continue(())
    }

    /// The place. Where nothing is free of itself, `facts` says which endings are untold, and at which of the user's places
    /// clients took part.
    pub fn found<E>(
        self,
        facts: impl FnOnce() -> Result<(UntoldEndings, BTreeSet<Locator>), E>,
    ) -> Result<FreePlace, E> {
        if let Some(gap) = self.gap.or(self.next) {
            return Ok(FreePlace::At(gap));
        }
        let (untold, shared) = facts()?;
        let told = |place: &Locator| !untold.may_need(*place, shared.contains(place));
        let oldest = self.tombstones.into_iter().filter(|(_, place)| told(place)).min();
        Ok(oldest.map_or(FreePlace::None { shared }, |(_, place)| FreePlace::At(place)))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::ids::RealmId;
    use crate::session_id::Incarnation;

    fn key() -> UserKey {
        UserKey::from_random(9)
    }

    fn slot(slot: u32) -> Locator {
        key().slot(slot).expect("a slot")
    }

    fn one(slot_: u32, told: bool) -> EndingEntry {
        EndingEntry::One { locator: slot(slot_), incarnation: Incarnation::from_bits(1), epoch: 0, told }
    }

    fn untold(entries: &[EndingEntry]) -> UntoldEndings {
        let mut untold = UntoldEndings::default();
        let _ = entries.iter().try_for_each(|entry| untold.count(entry));
        untold
    }

    /// A search among rows at all places but those in `gaps`; a tombstone has the time of its ending.
    fn search(gaps: &[u32], tombstones: &[(u32, i64)], untold: UntoldEndings, shared: &[u32]) -> FreePlace {
        let mut search = PlaceSearch::new(key(), Some(slot(Locator::SLOTS - 1)));
        for n in (0..Locator::SLOTS).filter(|n| !gaps.contains(n)) {
            let ended_at = tombstones.iter().find(|one| one.0 == n).map(|one| Timestamp::from_ms(one.1));
            if search.pass(slot(n), ended_at).is_break() {
                break;
            }
        }
        let facts = || Ok::<_, Infallible>((untold, shared.iter().map(|n| slot(*n)).collect()));
        search.found(facts).expect("found")
    }

    #[test]
    fn a_new_session_lies_behind_the_last_row_then_in_a_gap() {
        let facts = || -> Result<_, Infallible> { unreachable!("nothing has to give way") };
        assert_eq!(PlaceSearch::new(key(), None).found(facts), Ok(FreePlace::At(slot(0))));
        assert_eq!(PlaceSearch::new(key(), Some(slot(7))).found(facts), Ok(FreePlace::At(slot(8))));
        let tombstones = [(0, 1), (3, 2)];
        assert_eq!(search(&[5], &tombstones, untold(&[]), &[]), FreePlace::At(slot(5)));
        assert_eq!(search(&[0], &tombstones, untold(&[]), &[]), FreePlace::At(slot(0)));
    }

    /// Goal: NOTICE-WITH-ENDING: the oldest tombstone gives way, but none of which somebody is still to be told.
    #[test]
    fn where_no_place_is_empty_the_oldest_tombstone_that_was_told_gives_way() {
        let tombstones = [(3, 30), (4, 10), (5, 20)];
        assert_eq!(search(&[], &tombstones, untold(&[]), &[3, 4, 5]), FreePlace::At(slot(4)));
        assert_eq!(search(&[], &tombstones, untold(&[one(4, true)]), &[4, 5]), FreePlace::At(slot(5)));
        assert_eq!(search(&[], &tombstones, untold(&[one(4, false)]), &[]), FreePlace::At(slot(4)));
        let of_subscriber = search(&[], &tombstones, untold(&[one(4, true)]), &[]);
        assert_eq!(of_subscriber, FreePlace::At(slot(5)), "a subscriber is to be told of it");
        let many = |scope| EndingEntry::Many { scope, generation: 1 };
        for scope in [EndScope::User(key()), EndScope::Realm(RealmId::from_uuid(uuid::Uuid::nil()))] {
            let untold = untold(&[many(scope)]);
            assert_eq!(search(&[], &tombstones, untold.clone(), &[4]), FreePlace::At(slot(5)));
            let none = search(&[], &tombstones, untold, &[3, 4, 5]);
            assert!(matches!(none, FreePlace::None { shared } if shared.len() == 3));
        }
        let of_others = [
            many(EndScope::User(UserKey::from_random(8))),
            many(EndScope::Client("shop".parse().expect("an id"))),
        ];
        assert_eq!(search(&[], &tombstones, untold(&of_others), &[4]), FreePlace::At(slot(4)));
        assert!(matches!(search(&[], &[], untold(&[]), &[]), FreePlace::None { .. }), "all are live");
    }

    #[test]
    fn of_more_untold_endings_than_are_told_apart_each_may_be_one() {
        let mut untold = UntoldEndings::default();
        let most = UntoldEndings::MOST as u32;
        assert!((0..most).all(|n| untold.count(&one(n, true)).is_continue()));
        assert!(!untold.may_need(slot(most + 1), true));
        assert!(untold.count(&one(most, true)).is_break());
        assert!(untold.may_need(slot(most + 1), false));
    }
}
