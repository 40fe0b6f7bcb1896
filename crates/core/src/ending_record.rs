//! The record of an ending: when, why, who, through which channel, from where.
//!
//! A single ending's record is in its tombstone; a reset's is in the session, which goes on; an ending of many has one
//! record for all of them ([`MassEnding`]), by the generation that it began. Nothing here decides that something ends.

use crate::cause::Cause;
use crate::ids::{ClientId, RealmId, UserId, UserKey};
use crate::origin::{Actor, Channel, Origin, Reason};
use crate::session_id::SessionId;
use crate::time::Timestamp;

/// How something ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndingRecord {
    /// When it was over.
    pub at: Timestamp,
    /// Why.
    pub cause: Cause,
    /// Who ended it.
    pub actor: Actor,
    /// Why, in that one's own words.
    pub reason: Option<Reason>,
    /// Through which channel.
    pub channel: Channel,
    /// From which address.
    pub address: Option<String>,
}

impl EndingRecord {
    /// The record of an order that is carried out at `at`; its holder is `user`.
    pub fn ordered(origin: &Origin, cause: Cause, user: Option<UserId>, at: Timestamp) -> Self {
        let holder = || user.map_or(Actor::Other, Actor::User);
        Self {
            at,
            cause,
            actor: origin.actor.clone().unwrap_or_else(holder),
            reason: origin.reason.clone(),
            channel: origin.channel.clone(),
            address: origin.address.clone(),
        }
    }

    /// The record of something that nobody ordered.
    pub(crate) const fn by_itself(cause: Cause, at: Timestamp) -> Self {
        Self { at, cause, actor: Actor::System, reason: None, channel: Channel::SYSTEM, address: None }
    }

    /// The record of something of which only the cause is known, and that it was over by `at`.
    pub(crate) const fn untold(cause: Cause, at: Timestamp) -> Self {
        Self { at, cause, actor: Actor::Other, reason: None, channel: Channel::SYSTEM, address: None }
    }
}

/// What a generation belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndScope {
    /// The sessions of a user.
    User(UserKey),
    /// The sessions of a realm.
    Realm(RealmId),
    /// What a client holds because of sessions.
    Client(ClientId),
}

impl EndScope {
    /// Whether sessions end with it, which somebody has to walk over. What a client holds is found by its own generation.
    pub const fn has_sessions(&self) -> bool {
        match self {
            Self::User(_) | Self::Realm(_) => true,
            Self::Client(_) => false,
        }
    }
}

/// An ending of many by one write: a generation began, and everything born under an earlier one was over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MassEnding {
    /// Whose generation.
    pub scope: EndScope,
    /// The number of the generation that began.
    pub generation: u64,
    /// The session that was spared.
    pub spared: Option<SessionId>,
    /// Whether another system handed it on and nobody had signed on here since the last such ending. It may be our own order that comes
    /// back: no other system is told.
    pub is_echo: bool,
    /// Whether all that clients held in the user's name was revoked with the sessions.
    pub with_grants: bool,
    /// How it ended.
    pub record: EndingRecord,
}

impl MassEnding {
    /// An ending that spares no session, and of which everybody is told who is to be.
    pub const fn whole(scope: EndScope, generation: u64, record: EndingRecord) -> Self {
        Self { scope, generation, spared: None, is_echo: false, with_grants: false, record }
    }
}
