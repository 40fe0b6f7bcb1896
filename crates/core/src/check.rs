//! Checks: what a token or an id says of a session, and what counts as activity of its user.
//!
//! One rule for facts from memory and from a database. Nothing here ends anything.

use std::sync::Arc;

use crate::directory::User;
use crate::facts::SessionFacts;
use crate::grant::Grant;
use crate::session::{NotLive, Session, Verdict};
use crate::time::Timestamp;
use crate::token::SessionToken;

/// A session that is live, with its user.
#[derive(Clone, Debug)]
pub struct LiveSession {
    /// The session.
    pub session: Arc<Session>,
    /// Its user.
    pub user: Arc<User>,
    /// Its last activity.
    pub seen_at: Timestamp,
}

/// A session whose user gave one factor where two are asked for. It is not live: the second factor can be given in it, and it
/// can be ended.
#[derive(Clone, Debug)]
pub struct HalfSession {
    /// The session.
    pub session: Arc<Session>,
    /// Its user.
    pub user: Arc<User>,
}

/// The answer of a check.
#[derive(Clone, Debug)]
pub enum Check {
    /// The session is live.
    Live(LiveSession),
    /// It is not: its user is half signed on.
    Half(HalfSession),
    /// It is not.
    Not(NotLive),
}

/// A session found by its public id, live or not.
#[derive(Clone, Debug)]
pub struct FoundSession {
    /// The session.
    pub session: Arc<Session>,
    /// Its user.
    pub user: Arc<User>,
    /// Its last activity.
    pub seen_at: Timestamp,
    /// Whether it is live.
    pub verdict: Verdict,
}

impl FoundSession {
    /// Whether a grant belongs to what is live in the session: the session is, in the grant's epoch.
    pub fn carries(&self, grant: &Grant) -> bool {
        self.verdict == Verdict::Live && self.session.epoch == grant.epoch
    }
}

/// What a token says, by the stored session of its id, and the activity that it is to be noted for; `touch` says whether
/// the check speaks for the user at work.
pub fn decide_check(
    facts: Option<SessionFacts>,
    token: &SessionToken,
    touch: bool,
    now: Timestamp,
) -> (Check, Option<Timestamp>) {
    let Some(facts) = facts.filter(|facts| facts.session.token_hash.matches(&token.secret)) else {
        return (Check::Not(NotLive::Unknown), None);
    };
    let (found, activity) = decide_find(facts, touch, now);
    let FoundSession { session, user, seen_at, verdict } = found;
    match verdict {
        Verdict::Live => (Check::Live(LiveSession { session, user, seen_at }), activity),
        Verdict::Not(NotLive::HalfSignedOn) => (Check::Half(HalfSession { session, user }), None),
        Verdict::Not(why) => (Check::Not(why), None),
    }
}

/// What is found under an id, and the activity that is to be noted. Only a live session's user can be at work.
pub fn decide_find(facts: SessionFacts, touch: bool, now: Timestamp) -> (FoundSession, Option<Timestamp>) {
    let verdict = facts.verdict(now);
    let activity = (touch && verdict == Verdict::Live).then(|| facts.seen_at.max(now));
    let SessionFacts { session, seen_at, user, .. } = facts;
    (FoundSession { session, user, seen_at: activity.unwrap_or(seen_at), verdict }, activity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::tests::facts;
    use crate::second_factor::{CodeSet, RecoveryCodes};
    use crate::token::SessionSecret;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_ms(s * 1000)
    }

    fn with_secret(byte: u8) -> (SessionFacts, SessionToken) {
        let (mut facts, secret) = (facts(), SessionSecret::from_bytes([byte; SessionSecret::LENGTH]));
        Arc::make_mut(&mut facts.session).token_hash = secret.hash();
        let token = SessionToken { id: facts.session.id, secret };
        (facts, token)
    }

    /// Goal: F-1: a session that a user with a second factor has opened by one factor is never told as live, and gets no activity.
    #[test]
    fn a_half_signed_on_session_is_none_that_is_live() {
        let (mut facts, token) = with_secret(1);
        Arc::make_mut(&mut facts.user).recovery_codes =
            Some(RecoveryCodes::unused(CodeSet::from_bytes([7; 16])));
        let (check, activity) = decide_check(Some(facts.clone()), &token, true, at(50));
        assert!(matches!(&check, Check::Half(half) if half.session.id == token.id), "{check:?}");
        assert_eq!(activity, None);
        let (found, activity) = decide_find(facts, true, at(50));
        assert_eq!((found.verdict, activity), (Verdict::Not(NotLive::HalfSignedOn), None));
    }

    /// Goal: activity is noted for the user of a live session and for nobody else. It is idle at 100 s.
    #[test]
    fn only_a_live_sessions_own_token_counts_as_activity() {
        let (facts, token) = with_secret(1);
        let (_, wrong) = with_secret(2);
        let (check, activity) = decide_check(Some(facts.clone()), &token, true, at(50));
        assert!(matches!(check, Check::Live(live) if live.seen_at == at(50)));
        assert_eq!(activity, Some(at(50)));
        assert_eq!(decide_check(Some(facts.clone()), &token, false, at(50)).1, None);
        for (facts, token, now, why) in [
            (Some(facts.clone()), &wrong, at(50), NotLive::Unknown),
            (None, &token, at(50), NotLive::Unknown),
            (Some(facts), &token, at(100), NotLive::Idle),
        ] {
            let (check, activity) = decide_check(facts, token, true, now);
            assert!(matches!(check, Check::Not(not) if not == why), "{check:?}");
            assert_eq!(activity, None, "{why:?}");
        }
    }
}
