//! What an ending comes to, as whoever ordered it is told.
//!
//! Nothing here decides: see `ending`.

use std::sync::Arc;

use crate::ending_id::EndingId;
use crate::ending_record::EndingRecord;
use crate::ids::{RealmId, UserId};
use crate::session::Session;
use crate::session_id::SessionId;

/// That it is over. On this answer the ending is durable (ENDED-IS-DURABLE).
#[derive(Clone, Debug)]
pub enum Ended {
    /// By this order.
    Now(EndedSessions),
    /// It was over before.
    Before,
}

/// What an order ended, for the log and for whoever is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedSessions {
    /// The id of the ending; none if the disk was too full for its entry in the index of endings.
    pub id: Option<EndingId>,
    /// The realm.
    pub realm: RealmId,
    /// The user, if it was one user's.
    pub user: Option<UserId>,
    /// The session, if it was one.
    pub session: Option<SessionId>,
    /// How many clients took part, if it was one session.
    pub participants: u32,
    /// When, why, by whom.
    pub record: Arc<EndingRecord>,
}

impl Ended {
    /// The same with the id that the index of endings gave it. What was over before has none.
    pub fn with_id(self, id: Option<EndingId>) -> Self {
        match self {
            Self::Now(ended) => Self::Now(EndedSessions { id, ..ended }),
            Self::Before => Self::Before,
        }
    }

    /// The id of the ending, if this order ended something and the disk had room for it.
    pub const fn id(&self) -> Option<EndingId> {
        match self {
            Self::Now(ended) => ended.id,
            Self::Before => None,
        }
    }
}

impl EndedSessions {
    pub(crate) fn of(session: &Session, record: Arc<EndingRecord>) -> Self {
        Self {
            id: None,
            realm: session.realm,
            user: Some(session.user),
            session: Some(session.id),
            participants: session.participants,
            record,
        }
    }
}
