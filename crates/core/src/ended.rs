//! What an ending comes to, as whoever ordered it is told.
//!
//! Nothing here decides: see `ending`.

use std::sync::Arc;

use crate::ending_id::EndingPlace;
use crate::ending_record::EndingRecord;
use crate::ids::{RealmId, UserId};
use crate::session::{Around, Session};
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
    /// Where the ending stands in the index of endings, which is what its public id says enciphered; none if the disk was too
    /// full for its entry.
    pub place: Option<EndingPlace>,
    /// The realm.
    pub realm: RealmId,
    /// The user, if it was one user's.
    pub user: Option<UserId>,
    /// The session, if it was one.
    pub session: Option<SessionId>,
    /// How many clients took part, if it was one session.
    pub participants: u32,
    /// Whether somebody may have to be told of it now.
    pub may_be_told: bool,
    /// How many live sessions it ended, counted no further than to [`ENDED_COUNTED_MAX`](crate::live_tally::ENDED_COUNTED_MAX);
    /// none where they are not counted: of a realm, of a client.
    pub live: Option<u32>,
    /// When, why, by whom.
    pub record: Arc<EndingRecord>,
}

impl Ended {
    /// The same with its place in the index of endings. What was over before has none.
    pub fn at(self, place: Option<EndingPlace>) -> Self {
        match self {
            Self::Now(ended) => Self::Now(EndedSessions { place, ..ended }),
            Self::Before => Self::Before,
        }
    }

    /// How many live sessions ended by this order, where they are counted: see [`EndedSessions::live`].
    pub fn live_sessions(&self) -> u32 {
        match self {
            Self::Now(ended) => ended.live.unwrap_or_default(),
            Self::Before => 0,
        }
    }

    /// The place of the ending, if this order ended something and the disk had room for it.
    pub const fn place(&self) -> Option<EndingPlace> {
        match self {
            Self::Now(ended) => ended.place,
            Self::Before => None,
        }
    }
}

impl EndedSessions {
    /// What ended with one session, which was live or half signed on.
    pub(crate) fn of(session: &Session, around: Around, was_live: bool, record: Arc<EndingRecord>) -> Self {
        Self {
            place: None,
            realm: session.realm,
            user: Some(session.user),
            session: Some(session.id),
            participants: session.participants,
            may_be_told: session.participants > 0 || around.is_subscribed,
            live: Some(u32::from(was_live)),
            record,
        }
    }
}
