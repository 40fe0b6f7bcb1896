//! How a session that is not live ended, as far as that is known.
//!
//! Several things may have ended it: its time, an ending of all its user's sessions, one of all its realm's. The earliest
//! counts, however late somebody looks. Whether it is live at all is `session::verdict`'s to say.

use crate::ending_record::EndingRecord;
use crate::session::{Around, NotLive, Session, Verdict, verdict};
use crate::time::Timestamp;

/// The endings of many that ended a session: of each scope the first one after the session was born.
///
/// The first *generation* above the one that the session was born under is the one that ended it; those behind it found it
/// over. An engine looks for them when the session's generations are not the present ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndedWith {
    /// Of the user's sessions.
    pub user: Option<EndingRecord>,
    /// Of the realm's.
    pub realm: Option<EndingRecord>,
}

/// How a session ended, if it is not live and anything tells.
pub fn how_ended(
    session: &Session,
    seen_at: Timestamp,
    around: Around,
    with: &EndedWith,
    now: Timestamp,
) -> Option<EndingRecord> {
    let why = match verdict(session, seen_at, around, now) {
        Verdict::Live | Verdict::Not(NotLive::Disabled | NotLive::HalfSignedOn | NotLive::Unknown) => {
            return None;
        }
        Verdict::Not(NotLive::Reset) => return session.reset_by.as_deref().cloned(),
        Verdict::Not(why) => why,
    };
    let over_at = session.ends_at(seen_at);
    let idle = over_at != session.expires_at;
    let time = if idle { NotLive::Idle } else { NotLive::Expired };
    let (user, realm) = match why {
        NotLive::Generation => (with.user.clone(), with.realm.clone()),
        _ => (None, None),
    };
    // Clocks of nodes differ. Whoever ordered an ending of many behind the limit found the session over, and everybody says so:
    // else who walks over the sessions would leave it to time, and who buries it to the ending of many (NOTICE-WITH-ENDING).
    let latest = user.iter().chain(&realm).map(|record| record.at).fold(now, Timestamp::max);
    let by_time = (over_at <= latest).then(|| EndingRecord::by_itself(time.as_cause(), over_at));
    // Of two at one moment time was first: a check at that moment says so.
    by_time.into_iter().chain(user).chain(realm).min_by_key(|record| record.at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cause::Cause;
    use crate::origin::{Actor, Channel, Origin};
    use crate::session::tests::{around, plain};
    use crate::session::{Generations, State};

    fn at(s: i64) -> Timestamp {
        Timestamp::from_ms(s * 1000)
    }

    fn ordered(s: i64, cause: Cause) -> EndingRecord {
        let origin = Origin::of(Actor::Operator, Channel::named("test"), None);
        EndingRecord::ordered(&origin, cause, None, at(s))
    }

    /// Goal: whoever asks late is told what ended the session first. It is idle at 100 s and expires at 1,000 s.
    #[test]
    fn the_earliest_of_what_may_have_ended_a_session_ended_it() {
        let both = |user, realm| EndedWith {
            user: Some(ordered(user, Cause::UserDisabled)),
            realm: Some(ordered(realm, Cause::Administrator)),
        };
        let moved = Around { generations: Generations { user: 9, realm: 9 }, ..around() };
        for (with, expect) in [
            (both(10, 20), (10, Cause::UserDisabled)),
            (both(20, 10), (10, Cause::Administrator)),
            (both(20, 20), (20, Cause::UserDisabled)),
            (both(100, 200), (100, Cause::Idle)),
            (both(99, 200), (99, Cause::UserDisabled)),
            (EndedWith::default(), (100, Cause::Idle)),
        ] {
            let record = how_ended(&plain(), at(0), moved, &with, at(5000)).expect("it ended");
            assert_eq!((record.at, record.cause), (at(expect.0), expect.1));
        }
        assert_eq!(how_ended(&plain(), at(0), moved, &EndedWith::default(), at(50)), None, "nothing tells");
        // Generations that did not move have ended nothing, whatever record there is.
        assert_eq!(how_ended(&plain(), at(0), around(), &both(10, 20), at(50)), None);
        let idle = how_ended(&plain(), at(0), around(), &both(10, 20), at(100)).expect("it ended");
        assert_eq!((idle.cause, idle.actor), (Cause::Idle, Actor::System));
    }

    /// Goal: what ended a session does not depend on whose clock is asked: an ending of many that was ordered behind the session's
    /// limit found it over, also for whoever's clock has not come so far. It is idle at 100 s.
    #[test]
    fn whoever_is_asked_says_the_same() {
        let moved = Around { generations: Generations { user: 9, realm: 9 }, ..around() };
        let of_user = |s| EndedWith { user: Some(ordered(s, Cause::UserDisabled)), realm: None };
        for (ordered_at, expect) in [(102, Cause::Idle), (100, Cause::Idle), (98, Cause::UserDisabled)] {
            let said = [99, 101, 103].map(|now| {
                how_ended(&plain(), at(0), moved, &of_user(ordered_at), at(now)).map(|one| one.cause)
            });
            assert_eq!(said, [Some(expect); 3], "ordered at {ordered_at} s");
        }
    }

    #[test]
    fn a_reset_session_ended_by_its_reset() {
        let mut session = plain();
        session.state = State::Reset;
        assert_eq!(how_ended(&session, at(0), around(), &EndedWith::default(), at(1)), None);
        session.reset_by = Some(Box::new(ordered(1, Cause::Administrator)));
        let record = how_ended(&session, at(0), around(), &EndedWith::default(), at(5000)).expect("it ended");
        assert_eq!((record.at, record.cause), (at(1), Cause::Administrator));
    }
}
