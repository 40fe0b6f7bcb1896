//! Sessions as they are shown: one with what became of it, for as long as anything of it is kept.
//!
//! What was forgotten, and what a removed user had, is shown to nobody.

use std::sync::Arc;

use crate::cause::Cause;
use crate::check::FoundSession;
use crate::directory::User;
use crate::ending::Tombstone;
use crate::facts::{SessionFacts, is_shown};
use crate::session::{NotLive, Session, Verdict};
use crate::time::Timestamp;

/// What became of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is live.
    Live,
    /// It is not, though nobody ended it by name.
    Over(NotLive),
    /// It was ended.
    Ended {
        /// When.
        at: Timestamp,
        /// Why.
        cause: Cause,
    },
}

/// A session with what became of it.
#[derive(Clone, Debug)]
pub struct SessionRecord {
    /// The session; if it was ended, as it was then.
    pub session: Arc<Session>,
    /// Its user, as known now.
    pub user: Arc<User>,
    /// Its last activity.
    pub seen_at: Timestamp,
    /// What became of it.
    pub fate: Fate,
}

impl SessionRecord {
    /// Whether the session is live.
    pub fn is_live(&self) -> bool {
        self.fate == Fate::Live
    }
}

/// What is kept of a session.
#[derive(Clone, Debug)]
pub enum KeptSession {
    /// All of it.
    Stored(SessionFacts),
    /// What is left of an ended one, and its user.
    Ended(Box<Tombstone>, Arc<User>),
}

/// What is shown of a session; none if it is to be shown to nobody.
pub fn session_record(kept: KeptSession, now: Timestamp) -> Option<SessionRecord> {
    let record = match kept {
        KeptSession::Stored(facts) => {
            let fate = Fate::from(facts.verdict(now));
            SessionRecord { session: facts.session, user: facts.user, seen_at: facts.seen_at, fate }
        }
        KeptSession::Ended(tombstone, _) if tombstone.forgotten => return None,
        KeptSession::Ended(tombstone, user) => SessionRecord {
            seen_at: tombstone.session.seen_at,
            fate: Fate::Ended { at: tombstone.ended_at, cause: tombstone.cause },
            session: Arc::new(tombstone.session),
            user,
        },
    };
    is_shown(&record.session, &record.user).then_some(record)
}

impl From<Verdict> for Fate {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Live => Self::Live,
            Verdict::Not(why) => Self::Over(why),
        }
    }
}

impl From<FoundSession> for SessionRecord {
    fn from(found: FoundSession) -> Self {
        let FoundSession { session, user, seen_at, verdict } = found;
        Self { session, user, seen_at, fate: verdict.into() }
    }
}
