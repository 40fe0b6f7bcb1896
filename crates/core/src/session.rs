//! A session, and whether it is live.
//!
//! [`verdict`] is the one place that says so. It compares; it never waits for a sweep: what has passed its limit is
//! over, whether or not its row is still there (NO-STALE-YES).

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::assurance::{Assurance, RECOVERY_CODE, assurance_of_all};
use crate::cause::Cause;
use crate::ending_record::EndingRecord;
use crate::ids::{Locator, RealmId, UserId};
use crate::origin::Channel;
use crate::session_id::{Incarnation, SessionId};
use crate::time::{Span, Timestamp};
use crate::token::TokenHash;

/// What a successful sign-on opens in one user agent.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its public name.
    pub id: SessionId,
    /// Where it lies.
    pub locator: Locator,
    /// Which use of that place it is.
    pub incarnation: Incarnation,
    /// The realm.
    pub realm: RealmId,
    /// Who signed on; after a reset, who did so last.
    pub user: UserId,
    /// Hash of the current token's secret; after a reset, of the dead one.
    pub token_hash: TokenHash,
    /// How often the session was begun anew after a reset. What was issued in an earlier epoch stays dead.
    pub epoch: u32,
    /// Signed on or reset.
    pub state: State,
    /// How the sign-on of the epoch before this one ended, if it was reset. It stays when the session begins anew: the index of
    /// endings has no other record of it.
    pub reset_by: Option<Box<EndingRecord>>,
    /// The generations it was born under.
    pub born: Generations,
    /// When it began.
    pub opened_at: Timestamp,
    /// When the user last authenticated: here, or where somebody else says that they did. Never later than the last sign-on.
    pub authenticated_at: Timestamp,
    /// Last activity that was written down; the engine may know a later one.
    pub seen_at: Timestamp,
    /// Idle limit, fixed when it opened.
    pub idle: Option<Span>,
    /// When it is over in any case.
    pub expires_at: Timestamp,
    /// How the user authenticated, in order.
    pub methods: Vec<Method>,
    /// The channel it came through.
    pub channel: Channel,
    /// The user agent.
    pub device: SessionDevice,
    /// Free properties.
    pub properties: BTreeMap<String, String>,
    /// How many clients took part in this epoch. Who they are is in records of their own (`participant`).
    pub participants: u32,
}

/// Whether somebody is signed on in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The user of the session is signed on.
    SignedOn,
    /// The user gave one factor where two were asked for. Nothing but the second one makes the session live, whatever the
    /// rule and the user are by then; it can be ended.
    HalfSignedOn,
    /// The sign-on was ended and the id kept: nobody's, until the same user signs on again.
    Reset,
}

/// The generation numbers that can end many sessions at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Generations {
    /// Of the user.
    pub user: u64,
    /// Of the realm.
    pub realm: u64,
}

/// One way by which the user authenticated, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// Its name, `password` for one.
    pub name: Cow<'static, str>,
    /// When.
    pub at: Timestamp,
}

/// What is known of the user agent.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Device {
    /// Its address as text, with or without a port.
    pub address: Option<String>,
    /// How it names itself.
    pub user_agent: Option<String>,
    /// Where it is said to be.
    pub location: Option<String>,
}

/// The user agent of a session, boxed: of many sessions nothing is known of it, and there are millions of them in memory.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SessionDevice(Option<Box<Device>>);

impl From<Device> for SessionDevice {
    fn from(device: Device) -> Self {
        Self((device != Device::UNKNOWN).then(|| Box::new(device)))
    }
}

impl std::ops::Deref for SessionDevice {
    type Target = Device;

    fn deref(&self) -> &Device {
        self.0.as_deref().unwrap_or(&Device::UNKNOWN)
    }
}

impl Device {
    /// One of which nothing is known.
    pub const UNKNOWN: Self = Self { address: None, user_agent: None, location: None };
}

/// The answer of a check that could be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The session is live.
    Live,
    /// It is not.
    Not(NotLive),
}

/// Why a session is not live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotLive {
    /// No such session, or the secret is another one.
    Unknown,
    /// Its sign-on was ended; the id waits for the same user.
    Reset,
    /// Its user gave one factor, and two are asked for.
    HalfSignedOn,
    /// The user was inactive for too long.
    Idle,
    /// It reached its last moment.
    Expired,
    /// It ended together with others of its user or realm.
    Generation,
    /// The user may not sign on at present.
    Disabled,
}

impl NotLive {
    /// The cause that ended a session which is not live.
    pub const fn as_cause(self) -> Cause {
        match self {
            Self::Idle => Cause::Idle,
            Self::Expired | Self::Reset | Self::HalfSignedOn | Self::Unknown => Cause::Expired,
            Self::Generation => Cause::EndedWithOthers,
            Self::Disabled => Cause::UserDisabled,
        }
    }
}

/// The facts about the world around a session that a verdict needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Around {
    /// The generations as they are now.
    pub generations: Generations,
    /// Whether the user may sign on.
    pub user_enabled: bool,
    /// The level that is asked of the user's sessions.
    pub level: Assurance,
    /// Whether somebody hears of every ending in the realm. No verdict depends on it.
    pub is_subscribed: bool,
}

/// Whether a session is live at `now`, with `seen_at` its last known activity.
pub fn verdict(session: &Session, seen_at: Timestamp, around: Around, now: Timestamp) -> Verdict {
    let proven = (session.state, session.assurance());
    verdict_of(proven, session.born, (session.ends_at(seen_at), session.expires_at), around, now)
}

/// The same of a session that ends at `ends_at` if nothing more happens and at `expires_at` in any case.
pub(crate) fn verdict_of(
    (state, assurance): (State, Assurance),
    born: Generations,
    (ends_at, expires_at): (Timestamp, Timestamp),
    around: Around,
    now: Timestamp,
) -> Verdict {
    if state == State::Reset {
        return Verdict::Not(NotLive::Reset);
    }
    if born != around.generations {
        return Verdict::Not(NotLive::Generation);
    }
    if now >= ends_at {
        // Both limits may have passed by now: the nearer one ended it.
        return Verdict::Not(if ends_at == expires_at { NotLive::Expired } else { NotLive::Idle });
    }
    if !around.user_enabled {
        return Verdict::Not(NotLive::Disabled);
    }
    // Last: a session that is half signed on is open for the second factor, and can be ended.
    if state == State::HalfSignedOn || assurance < around.level {
        return Verdict::Not(NotLive::HalfSignedOn);
    }
    Verdict::Live
}

/// When a session is over if nothing more happens: the nearer of its two limits.
pub(crate) fn nearer_limit(idle: Option<Span>, expires_at: Timestamp, seen_at: Timestamp) -> Timestamp {
    idle.map_or(expires_at, |idle| expires_at.min(seen_at.plus(idle)))
}

/// The activity that is written of a session, where `seen_at` is written: only a later one, and of nobody who is not signed on.
pub fn activity_to_write(state: State, seen_at: Timestamp, activity: Timestamp) -> Option<Timestamp> {
    (state == State::SignedOn && activity > seen_at).then_some(activity)
}

impl Session {
    /// How far its user has proven who they are.
    pub fn assurance(&self) -> Assurance {
        assurance_of_all(self.methods.iter().map(|method| method.name.as_ref()))
    }

    /// Whether its user proved who they are less than so long ago.
    pub fn proven_within(&self, span: Span, now: Timestamp) -> bool {
        now < self.authenticated_at.plus(span)
    }

    /// When its user last signed on here, however long ago they authenticated where they came from.
    pub fn signed_on_at(&self) -> Timestamp {
        // A second factor that is added to a session is no sign-on.
        let first = self.methods.iter().filter(|method| method.name != RECOVERY_CODE);
        first.map(|method| method.at).fold(self.authenticated_at, Timestamp::max)
    }

    /// When the session is over if nothing more happens: the nearer of its two limits.
    pub fn ends_at(&self, seen_at: Timestamp) -> Timestamp {
        nearer_limit(self.idle, self.expires_at, seen_at)
    }

    /// How stale the written activity may get before it is written again: a tenth of the idle limit, at most a
    /// minute. A crash forgets no more than that.
    pub fn seen_grain(&self) -> Span {
        let minute = Span::from_s(60);
        self.idle.map_or(minute, |idle| idle.part(10).min(minute))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::ids::UserKey;
    use uuid::Uuid;

    /// A session of nobody in particular, opened at zero, idle after 100 s, over after 1,000 s.
    pub(crate) fn plain() -> Session {
        Session {
            id: SessionId::from_bytes([1; 16]),
            locator: UserKey::from_random(9).slot(0).expect("a slot"),
            incarnation: Incarnation::from_bits(3),
            realm: RealmId::from_uuid(Uuid::from_u128(1)),
            user: UserId::from_uuid(Uuid::from_u128(2)),
            token_hash: TokenHash::from_bytes([0; 32]),
            epoch: 0,
            state: State::SignedOn,
            reset_by: None,
            born: Generations { user: 4, realm: 5 },
            opened_at: Timestamp::from_ms(0),
            authenticated_at: Timestamp::from_ms(0),
            seen_at: Timestamp::from_ms(0),
            idle: Some(Span::from_s(100)),
            expires_at: Timestamp::from_ms(1_000_000),
            methods: vec![],
            channel: Channel::named("test"),
            device: SessionDevice::default(),
            properties: BTreeMap::new(),
            participants: 0,
        }
    }

    pub(crate) fn around() -> Around {
        let generations = Generations { user: 4, realm: 5 };
        Around { generations, user_enabled: true, level: Assurance::One, is_subscribed: false }
    }

    fn check(change: impl FnOnce(&mut Session, &mut Around), seen_s: i64, now_s: i64, expect: Verdict) {
        let (mut session, mut around) = (plain(), around());
        change(&mut session, &mut around);
        let at = |s: i64| Timestamp::from_ms(s * 1000);
        assert_eq!(verdict(&session, at(seen_s), around, at(now_s)), expect);
    }

    #[test]
    fn limits_end_a_session_at_the_moment_they_name_and_not_before() {
        check(|_, _| {}, 0, 99, Verdict::Live);
        check(|_, _| {}, 0, 100, Verdict::Not(NotLive::Idle));
        check(|_, _| {}, 950, 999, Verdict::Live);
        check(|_, _| {}, 999, 1000, Verdict::Not(NotLive::Expired));
        check(|s, _| s.idle = None, 0, 999, Verdict::Live);
    }

    /// Goal: the cause that is written down is the true one, however late somebody looks.
    #[test]
    fn when_both_limits_have_passed_the_nearer_one_ended_it() {
        check(|_, _| {}, 0, 5000, Verdict::Not(NotLive::Idle));
        check(|_, _| {}, 899, 5000, Verdict::Not(NotLive::Idle));
        check(|_, _| {}, 900, 5000, Verdict::Not(NotLive::Expired));
        check(|s, _| s.idle = None, 0, 5000, Verdict::Not(NotLive::Expired));
    }

    #[test]
    fn a_generation_that_moved_ends_a_session_in_either_direction() {
        check(|_, a| a.generations.user = 5, 0, 1, Verdict::Not(NotLive::Generation));
        check(|_, a| a.generations.user = 3, 0, 1, Verdict::Not(NotLive::Generation));
        check(|_, a| a.generations.realm = 6, 0, 1, Verdict::Not(NotLive::Generation));
    }

    #[test]
    fn a_reset_session_and_one_of_a_disabled_user_are_not_live() {
        check(|s, _| s.state = State::Reset, 0, 1, Verdict::Not(NotLive::Reset));
        check(|_, a| a.user_enabled = false, 0, 1, Verdict::Not(NotLive::Disabled));
    }

    /// Goal: F-1: no check calls a session live that lacks the second factor, and what is over for another reason stays so.
    #[test]
    fn a_half_signed_on_session_is_not_live() {
        let half = Verdict::Not(NotLive::HalfSignedOn);
        let proven = |s: &mut Session| {
            let method = |name: &'static str| Method { name: name.into(), at: Timestamp::from_ms(0) };
            s.methods = vec![method("password"), method(crate::assurance::RECOVERY_CODE)];
        };
        check(|_, a| a.level = Assurance::Two, 0, 1, half);
        check(|s, _| s.state = State::HalfSignedOn, 0, 1, half);
        check(
            |s, a| {
                proven(s);
                a.level = Assurance::Two;
            },
            0,
            1,
            Verdict::Live,
        );
        check(|s, _| s.state = State::HalfSignedOn, 0, 100, Verdict::Not(NotLive::Idle));
        check(
            |s, a| {
                s.state = State::HalfSignedOn;
                a.generations.user = 5;
            },
            0,
            1,
            Verdict::Not(NotLive::Generation),
        );
    }

    #[test]
    fn activity_is_written_of_whoever_is_signed_on_and_never_taken_back() {
        let at = Timestamp::from_ms;
        let written = |state, activity| activity_to_write(state, at(5), at(activity));
        assert_eq!(written(State::SignedOn, 6), Some(at(6)));
        assert_eq!((written(State::SignedOn, 5), written(State::SignedOn, 4)), (None, None));
        assert_eq!((written(State::HalfSignedOn, 6), written(State::Reset, 6)), (None, None));
    }

    #[test]
    fn a_proof_is_late_at_the_moment_that_it_is_so_old() {
        let session = plain();
        assert!(session.proven_within(Span::from_s(10), Timestamp::from_ms(9_999)));
        assert!(!session.proven_within(Span::from_s(10), Timestamp::from_ms(10_000)));
    }

    #[test]
    fn the_nearer_limit_is_the_end_and_activity_is_written_at_a_tenth_of_idle() {
        let mut session = plain();
        assert_eq!(session.ends_at(Timestamp::from_ms(0)), Timestamp::from_ms(100_000));
        assert_eq!(session.ends_at(Timestamp::from_ms(990_000)), Timestamp::from_ms(1_000_000));
        assert_eq!(session.seen_grain(), Span::from_s(10));
        session.idle = Some(Span::from_s(100_000));
        assert_eq!(session.seen_grain(), Span::from_s(60));
    }
}
