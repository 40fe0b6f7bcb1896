//! Endings: how a session, or a set of them, is over.
//!
//! ONE-ROAD: every ending, whoever asked and whatever the cause, is decided by [`decide_ending`] and written by one
//! function of the engine. It is a plain function from facts to changes: what falls, what stays, who took part, and
//! whether this was the first time. Nothing else says "ended".

use std::sync::Arc;

use crate::cause::Cause;
use crate::ended::{Ended, EndedSessions};
use crate::ending_entry::EndingEntry;
use crate::ending_record::{EndScope, EndingRecord, MassEnding};
use crate::how_ended::{EndedWith, how_ended};
use crate::ids::{ClientId, PopulationId, RealmId, UserId, UserKey};
use crate::origin::Origin;
use crate::outage::Unwritten;
use crate::rights::UserReach;
use crate::session::{Around, NotLive, Session, State, Verdict, verdict};
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
    /// Whose sessions the caller may end, if not everybody's: asked of the user as they are inside the transaction.
    pub within: Option<UserReach>,
    /// Where the order came from, and who gave it.
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
    /// All sessions of a user, and all that clients hold in the user's name, what would outlive its session included.
    UserAndGrants(UserId),
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

/// What is known of a session that is over: history, and the difference between "ended" and "never heard of".
#[derive(Clone, Debug)]
pub struct Tombstone {
    /// The session as it was, but for its free properties.
    pub session: Session,
    /// How it ended.
    pub ending: Arc<EndingRecord>,
    /// Whether it is to be shown to nobody.
    pub forgotten: bool,
}

impl Tombstone {
    /// When an epoch of the session was over; none if nothing is known of it.
    pub fn epoch_ended_at(&self, epoch: u32) -> Option<Timestamp> {
        if self.session.epoch == epoch { Some(self.ending.at) } else { self.session.reset_at() }
    }
}

/// The facts about an order's target, as they are inside the transaction.
#[derive(Clone, Debug)]
pub enum Family {
    /// Nothing lies there and nothing did.
    Nothing,
    /// The session is over; this is left of it, and its user is in that population.
    Past(Box<Tombstone>, Option<PopulationId>),
    /// The session.
    One {
        /// As stored.
        session: Arc<Session>,
        /// Its last known activity.
        seen_at: Timestamp,
        /// The world around it.
        around: Around,
        /// The endings of many that ended it, if its generations are not the present ones.
        with: Box<EndedWith>,
        /// Whether it is to be shown to nobody: its user's sessions of that generation were forgotten.
        forgotten: bool,
        /// Where its user is.
        population: PopulationId,
    },
    /// A user.
    User {
        /// Whose rows.
        key: UserKey,
        /// The user.
        id: UserId,
        /// The user's realm.
        realm: RealmId,
        /// Where the user is.
        population: PopulationId,
        /// As it is now.
        generation: u64,
        /// The session to keep, with its last activity and the world around it, if the order names a stored one.
        keep: Option<Box<(Session, Timestamp, Around)>>,
        /// How many of the others are live, as a [`LiveTally`](crate::live_tally::LiveTally) counts.
        live: u32,
        /// Whether a session of the user began since all of them ended together last.
        signed_on_since: bool,
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
    /// What the index of endings is to say of it, in the same transaction; none if all of it stands there already.
    pub entry: Option<EndingEntry>,
    /// The outcome. Its place is the one that the entry gets: [`Ended::at`].
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
    RaiseUser(UserRaise),
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
    /// The record of an ending of many, under its scope and generation.
    Record(Box<MassEnding>),
}

/// The generation of a user rises: what was born before it is over.
#[derive(Clone, Copy, Debug)]
pub struct UserRaise {
    /// Whose.
    pub key: UserKey,
    /// The new number.
    pub to: u64,
    /// Whether what was born before it is to be shown to nobody.
    pub forget: bool,
    /// Whether what was granted before it is revoked, also where it would outlive its session.
    pub grants: bool,
    /// Whether a session lives on.
    pub spares: bool,
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
    /// The caller may not end sessions of that user.
    #[error("the user is beyond the caller's reach")]
    OutOfReach,
    /// The store did not write, or cannot confirm that it did.
    #[error(transparent)]
    Unwritten(#[from] Unwritten),
}

/// Decides an ending from the facts inside the transaction (ONE-ROAD).
pub fn decide_ending(family: &Family, order: &EndOrder, now: Timestamp) -> Result<Ending, EndError> {
    in_reach(family, order)?;
    match family {
        Family::Nothing => Err(EndError::UnknownSession),
        Family::Past(tombstone, _) => decide_past(tombstone, order),
        Family::One { session, seen_at, around, with, forgotten, population: _ } => {
            meant(order, session, *forgotten)?;
            decide_one((session, *seen_at, *around, with), *forgotten, order, now)
        }
        Family::User { key, id, realm, generation, keep, live, signed_on_since, population: _ } => {
            same_realm(order, *realm)?;
            let to = generation + 1;
            let forget = order.kind == EndKind::Forget;
            let grants = matches!(order.target, EndTarget::UserAndGrants(_));
            let mut raise = UserRaise { key: *key, to, forget, grants, spares: false };
            let (mut kept_one, mut spared) = (None, None);
            if let Some((session, seen_at, around)) = keep.as_deref()
                && session.user == *id
                && verdict(session, *seen_at, *around, now) == Verdict::Live
            {
                let mut kept = session.clone();
                kept.born.user = to; // Restamped in the same transaction, so it never looks ended.
                (raise.spares, spared) = (true, Some(kept.id));
                kept_one = Some(EndingChange::Write(Box::new(kept)));
            }
            let changes = std::iter::once(EndingChange::RaiseUser(raise)).chain(kept_one).collect();
            let record = EndingRecord::ordered(&order.origin, order.cause, Some(*id), now);
            let is_echo = order.origin.handed_on && !signed_on_since;
            let whole = MassEnding::whole(EndScope::User(*key), to, record);
            let mass = MassEnding { spared, is_echo, with_grants: grants, ..whole };
            Ok(many_ended(changes, mass, *realm, Some((*id, *live))))
        }
        Family::Realm { id, generation } => {
            same_realm(order, *id)?;
            let to = generation + 1;
            let record = EndingRecord::ordered(&order.origin, order.cause, None, now);
            let mass = MassEnding::whole(EndScope::Realm(*id), to, record);
            Ok(many_ended(vec![EndingChange::RaiseRealm { id: *id, to }], mass, *id, None))
        }
        Family::Client { id, realm, generation } => {
            same_realm(order, *realm)?;
            let to = generation + 1;
            let record = EndingRecord::ordered(&order.origin, order.cause, None, now);
            let mass = MassEnding::whole(EndScope::Client(id.clone()), to, record);
            Ok(many_ended(vec![EndingChange::RaiseClient { id: id.clone(), to }], mass, *realm, None))
        }
    }
}

/// Whether the caller may end sessions of this user. Who may not learns nothing more of what lies there.
fn in_reach(family: &Family, order: &EndOrder) -> Result<(), EndError> {
    let Some(reach) = &order.within else { return Ok(()) };
    let reached = match family {
        Family::Nothing => true,
        Family::Past(tombstone, population) => reach.reaches(tombstone.session.user, *population),
        Family::One { session, population, .. } => reach.reaches(session.user, Some(*population)),
        Family::User { id, population, .. } => reach.reaches(*id, Some(*population)),
        Family::Realm { .. } | Family::Client { .. } => reach.is_whole(),
    };
    if reached { Ok(()) } else { Err(EndError::OutOfReach) }
}

fn same_realm(order: &EndOrder, realm: RealmId) -> Result<(), EndError> {
    if order.realm.is_some_and(|wanted| wanted != realm) { Err(EndError::UnknownSession) } else { Ok(()) }
}

/// Generations that rise, and the record under the new one.
fn many_ended(
    mut changes: Vec<EndingChange>,
    mass: MassEnding,
    realm: RealmId,
    user: Option<(UserId, u32)>,
) -> Ending {
    let record = Arc::new(mass.record.clone());
    let entry = Some(EndingEntry::of_many(&mass));
    changes.push(EndingChange::Record(Box::new(mass)));
    let (user, live) = user.unzip();
    let (session, participants) = (None, 0);
    let ended =
        EndedSessions { place: None, realm, user, session, participants, may_be_told: true, live, record };
    Ending { changes, entry, outcome: Ended::Now(ended) }
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
    Ok(Ending { changes, entry: None, outcome: Ended::Before })
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
        EndTarget::User(_) | EndTarget::UserAndGrants(_) | EndTarget::UserBut { .. } => false,
        EndTarget::Realm(_) | EndTarget::Grants(_) => false,
    };
    if meant { Ok(()) } else { Err(EndError::UnknownSession) }
}

fn decide_one(
    (session, seen_at, around, with): (&Session, Timestamp, Around, &EndedWith),
    forgotten: bool,
    order: &EndOrder,
    now: Timestamp,
) -> Result<Ending, EndError> {
    if order.spare == Some(session.id) {
        return Err(EndError::CallersOwn);
    }
    let forgotten = forgotten || order.kind == EndKind::Forget;
    let bury = |ending| {
        let session = Session { seen_at, properties: Default::default(), ..session.clone() };
        EndingChange::Bury(Box::new(Tombstone { session, ending, forgotten }))
    };
    let record = || EndingRecord::ordered(&order.origin, order.cause, Some(session.user), now);
    // Whoever ends what is over already takes nothing from what ended it.
    let earlier = || how_ended(session, seen_at, around, with, now);
    let before = |changes| Ok(Ending { changes, entry: None, outcome: Ended::Before });
    let entry = || EndingEntry::of_one(session, around.is_subscribed);
    match (verdict(session, seen_at, around, now), order.kind) {
        (was @ (Verdict::Live | Verdict::Not(NotLive::Disabled | NotLive::HalfSignedOn)), kind) => {
            let record = Arc::new(record());
            let was_live = was == Verdict::Live;
            let outcome = Ended::Now(EndedSessions::of(session, around, was_live, Arc::clone(&record)));
            let change = match kind {
                EndKind::End | EndKind::Forget => bury(record),
                EndKind::Reset => {
                    EndingChange::Write(Box::new(session.reset(seen_at, EndingRecord::clone(&record))))
                }
            };
            Ok(Ending { changes: vec![change], entry: Some(entry()), outcome })
        }
        // A reset session is nobody's: no user has it, and its dead token ends nothing.
        (Verdict::Not(NotLive::Reset), _) if matches!(order.target, EndTarget::OneOf { .. }) => {
            Err(EndError::UnknownSession)
        }
        (Verdict::Not(NotLive::Reset), EndKind::Reset) if now < session.expires_at => before(Vec::new()),
        (Verdict::Not(NotLive::Reset), EndKind::End | EndKind::Forget) => match order.target {
            EndTarget::Token(_) => before(Vec::new()),
            _ => before(vec![bury(Arc::new(earlier().unwrap_or_else(record)))]),
        },
        (Verdict::Not(_), EndKind::Reset) => Err(EndError::UnknownSession),
        (Verdict::Not(why), EndKind::End | EndKind::Forget) => {
            let record = earlier().unwrap_or_else(|| EndingRecord::untold(why.as_cause(), now));
            // What ended with others stands in the index by their ending; what time has ended, by nothing before this.
            let entry = record.cause.is_time().then(entry);
            Ok(Ending { changes: vec![bury(Arc::new(record))], entry, outcome: Ended::Before })
        }
    }
}

impl Session {
    /// When its last epoch ended by a reset, if one did.
    pub fn reset_at(&self) -> Option<Timestamp> {
        self.reset_by.as_ref().map(|record| record.at)
    }

    /// This session with its sign-on ended: nobody's, in the next epoch, with nothing of the last one but its
    /// user's name and its dead token's hash, and how it ended.
    fn reset(&self, seen_at: Timestamp, record: EndingRecord) -> Self {
        Self {
            seen_at,
            state: State::Reset,
            reset_by: Some(Box::new(record)),
            epoch: self.epoch + 1,
            methods: Vec::new(),
            properties: Default::default(),
            participants: 0,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests;
