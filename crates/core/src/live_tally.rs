//! Counting the live sessions of a user that an ending of many ends.
//!
//! It is done in the transaction of the ending, so that the number that a caller is told is that of the sessions that lived and
//! ended by that request. It is bounded, because the writer counts (HOME-LIMITS).

use std::ops::ControlFlow;

use crate::directory::{Realm, User};
use crate::facts::RealmAround;
use crate::outline::SessionOutline;
use crate::session::{Around, Verdict};
use crate::session_id::SessionId;
use crate::time::Timestamp;

/// No further than this is counted.
pub const ENDED_COUNTED_MAX: u32 = 10_000;

/// Counts the live sessions of a user, but for one that is to be kept.
pub struct LiveTally {
    around: Around,
    keep: Option<SessionId>,
    now: Timestamp,
    live: u32,
}

impl LiveTally {
    /// A tally of a user's sessions in which nothing is counted yet.
    pub fn of(user: &User, realm: &Realm, keep: Option<SessionId>, now: Timestamp) -> Self {
        Self { around: Around::of_sessions(user, RealmAround::from(realm)), keep, now, live: 0 }
    }

    /// Hears of one of the user's sessions, live or not; breaks off at the bound.
    pub fn count(&mut self, session: &SessionOutline) -> ControlFlow<()> {
        let counts = Some(session.id) != self.keep && session.verdict(self.around, self.now) == Verdict::Live;
        self.live += u32::from(counts);
        if self.live < ENDED_COUNTED_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    /// How many there are.
    pub const fn live(&self) -> u32 {
        self.live
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::tests::{facts, user};
    use crate::session::tests::plain;

    fn tally(keep: Option<SessionId>, now: Timestamp) -> LiveTally {
        let realm = Realm {
            id: user().realm,
            path: "/".into(),
            generation: facts().realm.generation,
            second_factor: Default::default(),
            subscribers: 0,
            created_at: Timestamp::from_ms(0),
        };
        LiveTally::of(&user(), &realm, keep, now)
    }

    /// Goal: what is kept and what is over already are not counted, and the counting ends at its bound.
    #[test]
    fn a_tally_counts_what_lives_and_stops_at_its_bound() {
        let outline = SessionOutline::from(&facts());
        let now = Timestamp::from_ms(0);
        let mut counted = tally(None, now);
        assert!(counted.count(&outline).is_continue());
        assert_eq!(counted.live(), 1);
        for mut nothing in [tally(Some(plain().id), now), tally(None, outline.ends_at())] {
            assert!(nothing.count(&outline).is_continue());
            assert_eq!(nothing.live(), 0);
        }
        let heard = (0..ENDED_COUNTED_MAX).take_while(|_| counted.count(&outline).is_continue()).count();
        assert_eq!((heard as u32, counted.live()), (ENDED_COUNTED_MAX - 2, ENDED_COUNTED_MAX));
    }
}
