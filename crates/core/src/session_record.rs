//! Sessions as they are shown: one with what became of it, for as long as anything of it is kept.
//!
//! What was forgotten, and what a removed user had, is shown to nobody.

use std::sync::Arc;

use crate::directory::User;
use crate::ending::Tombstone;
use crate::ending_record::EndingRecord;
use crate::facts::{SessionFacts, is_shown};
use crate::how_ended::{EndedWith, how_ended};
use crate::ids::ClientId;
use crate::session::{NotLive, Session, Verdict};
use crate::time::Timestamp;

/// What became of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is live.
    Live,
    /// It is not, though nobody ended it by name; and how it ended, as far as that is known.
    Over(NotLive, Option<Box<EndingRecord>>),
    /// It was ended.
    Ended(Arc<EndingRecord>),
}

impl Fate {
    /// How it ended, if it did and that is known.
    pub fn ending(&self) -> Option<&EndingRecord> {
        match self {
            Self::Live => None,
            Self::Over(_, ending) => ending.as_deref(),
            Self::Ended(ending) => Some(ending),
        }
    }
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
    /// The clients that took part in it, in its last epoch.
    pub clients: Vec<ClientId>,
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
    /// All of it, and the endings of many that it was born before.
    Stored(SessionFacts, Box<EndedWith>),
    /// What is left of an ended one, and its user.
    Ended(Box<Tombstone>, Arc<User>),
}

impl KeptSession {
    /// Its user.
    pub fn user(&self) -> &User {
        match self {
            Self::Stored(facts, _) => &facts.user,
            Self::Ended(_, user) => user,
        }
    }

    /// Whether anybody may be shown anything of it.
    pub fn is_shown(&self) -> bool {
        match self {
            Self::Stored(facts, _) => is_shown(&facts.session, &facts.user),
            Self::Ended(tombstone, user) => !tombstone.forgotten && is_shown(&tombstone.session, user),
        }
    }
}

/// What is shown of a session and of the clients that took part; none if it is to be shown to nobody.
pub fn session_record(kept: KeptSession, clients: Vec<ClientId>, now: Timestamp) -> Option<SessionRecord> {
    if !kept.is_shown() {
        return None;
    }
    Some(match kept {
        KeptSession::Stored(facts, with) => {
            let fate = match facts.verdict(now) {
                Verdict::Live => Fate::Live,
                Verdict::Not(why) => {
                    let ending = how_ended(&facts.session, facts.seen_at, facts.around(), &with, now);
                    Fate::Over(why, ending.map(Box::new))
                }
            };
            SessionRecord { session: facts.session, user: facts.user, seen_at: facts.seen_at, fate, clients }
        }
        KeptSession::Ended(tombstone, user) => SessionRecord {
            seen_at: tombstone.session.seen_at,
            fate: Fate::Ended(tombstone.ending),
            session: Arc::new(tombstone.session),
            user,
            clients,
        },
    })
}
