//! Endings: how a session, or a set of them, is over.
//!
//! ONE-ROAD: every ending, whoever asked and whatever the cause, is decided by [`decide_ending`] and written by one
//! function of the engine. It is a plain function from facts to changes: what falls, what stays, who took part, and
//! whether this was the first time. Nothing else says "ended".

use crate::cause::Cause;
use crate::ids::{ClientId, RealmId, UserId, UserKey};
use crate::outage::Unwritten;
use crate::session::{Around, Channel, NotLive, Session, State, Verdict, verdict};
use crate::session_id::SessionId;
use crate::time::Timestamp;
use crate::token::{SessionToken, TokenHash};

/// Somebody or something wants a session, or a set of them, to be over.
#[derive(Clone, Debug)]
pub struct EndOrder {
    /// Only sessions of this realm, if one is named; of any other realm they are unknown.
    pub realm: Option<RealmId>,
    /// Which sessions.
    pub target: EndTarget,
    /// For good, or keeping the id.
    pub kind: EndKind,
    /// Why.
    pub cause: Cause,
    /// The session that the caller is using, if the order must not end that one.
    pub spare: Option<SessionId>,
    /// Where the order came from.
    pub origin: Origin,
}

/// Which sessions an order means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndTarget {
    /// The session that this token opens.
    Token(PresentedToken),
    /// One session, whoever it belongs to.
    One(SessionId),
    /// One session, if it belongs to this user.
    OneOf {
        /// Whose.
        user: UserId,
        /// Which.
        session: SessionId,
    },
    /// All sessions of a user.
    User(UserId),
    /// All sessions of a user but one.
    UserBut {
        /// Whose.
        user: UserId,
        /// The one that lives on.
        keep: SessionId,
    },
    /// All sessions of a realm.
    Realm(RealmId),
    /// No session, but everything a client holds because of sessions.
    Grants(ClientId),
}

/// A session token by its id and the hash of its secret: comparable, and safe to keep in an order.
#[derive(Clone, Copy, Debug)]
pub struct PresentedToken {
    /// The session it claims.
    pub id: SessionId,
    /// The hash of its secret.
    pub hash: TokenHash,
}

impl PartialEq for PresentedToken {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.hash.same(&other.hash)
    }
}

impl Eq for PresentedToken {}

impl From<&SessionToken> for PresentedToken {
    fn from(token: &SessionToken) -> Self {
        Self { id: token.id, hash: token.secret.hash() }
    }
}

/// What becomes of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndKind {
    /// Over for good.
    End,
    /// The sign-on is over; the id stays for the same user to sign on again.
    Reset,
    /// Over for good, and what is left of it is shown to nobody.
    Forget,
}

/// Where an order came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The channel.
    pub channel: Channel,
    /// The caller's address.
    pub address: Option<String>,
}

/// What is known of a session that is over: history, and the difference between "ended" and "never heard of".
#[derive(Clone, Debug)]
pub struct Tombstone {
    /// The session as it was, but for its free properties.
    pub session: Session,
    /// When it was over.
    pub ended_at: Timestamp,
    /// Why.
    pub cause: Cause,
    /// Through which door it was ended.
    pub channel: Channel,
    /// Whether it is to be shown to nobody.
    pub forgotten: bool,
}

/// The facts about an order's target, as they are inside the transaction.
#[derive(Clone, Debug)]
pub enum Family {
    /// Nothing lies there and nothing did.
    Nothing,
    /// The session is over; this is left of it.
    Past(Box<Tombstone>),
    /// The session.
    One {
        /// As stored.
        session: Box<Session>,
        /// Its last known activity.
        seen_at: Timestamp,
        /// The world around it.
        around: Around,
        /// Whether it is to be shown to nobody: its user's sessions of that generation were forgotten.
        forgotten: bool,
    },
    /// A user.
    User {
        /// Whose rows.
        key: UserKey,
        /// The user.
        id: UserId,
        /// The user's realm.
        realm: RealmId,
        /// As it is now.
        generation: u64,
        /// The session to keep, with its last activity and the world around it, if the order names a stored one.
        keep: Option<Box<(Session, Timestamp, Around)>>,
    },
    /// A realm.
    Realm {
        /// Which.
        id: RealmId,
        /// As it is now.
        generation: u64,
    },
    /// A client.
    Client {
        /// Which.
        id: ClientId,
        /// Its realm.
        realm: RealmId,
        /// As it is now.
        generation: u64,
    },
}

/// A decided ending: what to write, and what to say once it is durable.
#[derive(Clone, Debug)]
pub struct Ending {
    /// In this order, in the transaction of the decision.
    pub changes: Vec<EndingChange>,
    /// The outcome.
    pub outcome: Ended,
}

/// One thing to write.
#[derive(Clone, Debug)]
pub enum EndingChange {
    /// The session's row goes, this stays.
    Bury(Box<Tombstone>),
    /// The session's row becomes this.
    Write(Box<Session>),
    /// The user's generation.
    RaiseUser {
        /// Whose.
        key: UserKey,
        /// The new number.
        to: u64,
        /// Whether what was born before it is to be shown to nobody.
        forget: bool,
    },
    /// The realm's generation.
    RaiseRealm {
        /// Which.
        id: RealmId,
        /// The new number.
        to: u64,
    },
    /// The client's generation.
    RaiseClient {
        /// Which.
        id: ClientId,
        /// The new number.
        to: u64,
    },
}

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
    /// The realm.
    pub realm: RealmId,
    /// The user, if it was one user's.
    pub user: Option<UserId>,
    /// The session, if it was one.
    pub session: Option<SessionId>,
    /// The clients that took part, if it was one session.
    pub participants: Vec<ClientId>,
}

/// Why a session could not be ended. It states what is so; each face finds its own words.
#[derive(Debug, thiserror::Error)]
pub enum EndError {
    /// Nothing of that name in the realm, or not with that secret or user.
    #[error("no such session in this realm")]
    UnknownSession,
    /// The order spares the session that its caller is using.
    #[error("the order spares the session its caller is using")]
    CallersOwn,
    /// The store did not write, or cannot confirm that it did.
    #[error(transparent)]
    Unwritten(#[from] Unwritten),
}

/// Decides an ending from the facts inside the transaction (ONE-ROAD).
pub fn decide_ending(family: &Family, order: &EndOrder, now: Timestamp) -> Result<Ending, EndError> {
    match family {
        Family::Nothing => Err(EndError::UnknownSession),
        Family::Past(tombstone) => decide_past(tombstone, order),
        Family::One { session, seen_at, around, forgotten } => {
            meant(order, session, *forgotten)?;
            decide_one((session, *seen_at, *around), *forgotten, order, now)
        }
        Family::User { key, id, realm, generation, keep } => {
            same_realm(order, *realm)?;
            let to = generation + 1;
            let forget = order.kind == EndKind::Forget;
            let mut changes = vec![EndingChange::RaiseUser { key: *key, to, forget }];
            if let Some((session, seen_at, around)) = keep.as_deref()
                && session.user == *id
                && verdict(session, *seen_at, *around, now) == Verdict::Live
            {
                let mut kept = session.clone();
                kept.born.user = to; // Restamped in the same transaction, so it never looks ended.
                changes.push(EndingChange::Write(Box::new(kept)));
            }
            Ok(now_ended(changes, *realm, Some(*id)))
        }
        Family::Realm { id, generation } => {
            same_realm(order, *id)?;
            Ok(now_ended(vec![EndingChange::RaiseRealm { id: *id, to: generation + 1 }], *id, None))
        }
        Family::Client { id, realm, generation } => {
            same_realm(order, *realm)?;
            Ok(now_ended(
                vec![EndingChange::RaiseClient { id: id.clone(), to: generation + 1 }],
                *realm,
                None,
            ))
        }
    }
}

fn same_realm(order: &EndOrder, realm: RealmId) -> Result<(), EndError> {
    if order.realm.is_some_and(|wanted| wanted != realm) { Err(EndError::UnknownSession) } else { Ok(()) }
}

fn now_ended(changes: Vec<EndingChange>, realm: RealmId, user: Option<UserId>) -> Ending {
    Ending {
        changes,
        outcome: Ended::Now(EndedSessions { realm, user, session: None, participants: Vec::new() }),
    }
}

/// A session that is over can be ended again and forgotten, but not reset: there is no id left to keep.
fn decide_past(tombstone: &Tombstone, order: &EndOrder) -> Result<Ending, EndError> {
    meant(order, &tombstone.session, tombstone.forgotten)?;
    let changes = match order.kind {
        EndKind::End => Vec::new(),
        EndKind::Forget if tombstone.forgotten => Vec::new(),
        EndKind::Forget => {
            vec![EndingChange::Bury(Box::new(Tombstone { forgotten: true, ..tombstone.clone() }))]
        }
        EndKind::Reset => return Err(EndError::UnknownSession),
    };
    Ok(Ending { changes, outcome: Ended::Before })
}

/// Whether the order means this session: its realm, and its id, its secret or its user, as the target asks. A
/// forgotten one is known by its bare id only.
fn meant(order: &EndOrder, session: &Session, forgotten: bool) -> Result<(), EndError> {
    same_realm(order, session.realm)?;
    let meant = match &order.target {
        EndTarget::Token(token) => {
            token.id == session.id && token.hash.same(&session.token_hash) && !forgotten
        }
        EndTarget::One(id) => *id == session.id,
        EndTarget::OneOf { user, session: id } => *id == session.id && *user == session.user && !forgotten,
        EndTarget::User(_) | EndTarget::UserBut { .. } | EndTarget::Realm(_) | EndTarget::Grants(_) => false,
    };
    if meant { Ok(()) } else { Err(EndError::UnknownSession) }
}

fn decide_one(
    (session, seen_at, around): (&Session, Timestamp, Around),
    forgotten: bool,
    order: &EndOrder,
    now: Timestamp,
) -> Result<Ending, EndError> {
    if order.spare == Some(session.id) {
        return Err(EndError::CallersOwn);
    }
    let forgotten = forgotten || order.kind == EndKind::Forget;
    let bury = |cause: Cause| {
        let session = Session { seen_at, properties: Default::default(), ..session.clone() };
        let channel = order.origin.channel.clone();
        EndingChange::Bury(Box::new(Tombstone { session, ended_at: now, cause, channel, forgotten }))
    };
    let before = |changes| Ok(Ending { changes, outcome: Ended::Before });
    match (verdict(session, seen_at, around, now), order.kind) {
        (Verdict::Live, kind) | (Verdict::Not(NotLive::Disabled), kind) => {
            let change = match kind {
                EndKind::End | EndKind::Forget => bury(order.cause.clone()),
                EndKind::Reset => EndingChange::Write(Box::new(session.reset())),
            };
            Ok(Ending { changes: vec![change], outcome: Ended::Now(EndedSessions::of(session)) })
        }
        // A reset session is nobody's: no user has it, and its dead token ends nothing.
        (Verdict::Not(NotLive::Reset), _) if matches!(order.target, EndTarget::OneOf { .. }) => {
            Err(EndError::UnknownSession)
        }
        (Verdict::Not(NotLive::Reset), EndKind::Reset) if now < session.expires_at => before(Vec::new()),
        (Verdict::Not(NotLive::Reset), EndKind::End | EndKind::Forget) => match order.target {
            EndTarget::Token(_) => before(Vec::new()),
            _ => before(vec![bury(order.cause.clone())]),
        },
        (Verdict::Not(_), EndKind::Reset) => Err(EndError::UnknownSession),
        (Verdict::Not(why), EndKind::End | EndKind::Forget) => before(vec![bury(why.as_cause())]),
    }
}

impl NotLive {
    /// The cause that ended a session which is not live.
    pub const fn as_cause(self) -> Cause {
        match self {
            Self::Idle => Cause::Idle,
            Self::Expired | Self::Reset | Self::Unknown => Cause::Expired,
            Self::Generation => Cause::EndedWithOthers,
            Self::Disabled => Cause::UserDisabled,
        }
    }
}

impl Session {
    /// This session with its sign-on ended: nobody's, in the next epoch, with nothing of the last one but its
    /// user's name and its dead token's hash.
    fn reset(&self) -> Self {
        Self {
            state: State::Reset,
            epoch: self.epoch + 1,
            methods: Vec::new(),
            properties: Default::default(),
            participants: Vec::new(),
            ..self.clone()
        }
    }
}

impl EndedSessions {
    fn of(session: &Session) -> Self {
        Self {
            realm: session.realm,
            user: Some(session.user),
            session: Some(session.id),
            participants: session.participants.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
