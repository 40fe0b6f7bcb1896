//! Gathers the facts that a decision needs, from rows inside a transaction and from what only memory knows.
//!
//! Nothing is decided here.

use std::sync::Arc;

use adieu_core::session::Verdict;
use adieu_core::{
    Around, EndOrder, EndTarget, Family, Generations, Realm, Session, SessionId, Timestamp, User, UserId,
};
use rusqlite::Connection;

use crate::error::Damaged;
use crate::rows;
use crate::shared::Shared;
use crate::writer::Batch;

/// A session with its user and the world around it.
pub(crate) struct SessionFacts {
    pub(crate) session: Session,
    pub(crate) user: Arc<User>,
    pub(crate) seen_at: Timestamp,
    pub(crate) around: Around,
}

impl SessionFacts {
    pub(crate) fn verdict(&self, now: Timestamp) -> Verdict {
        adieu_core::verdict(&self.session, self.seen_at, self.around, now)
    }
}

/// The facts around a session that a reader read: all of them from its own snapshot, so that they belong together.
pub(crate) fn facts(db: &Connection, shared: &Shared, session: Session) -> rusqlite::Result<SessionFacts> {
    let (user, realm) = (rows::user(db, session.user)?, rows::realm(db, session.realm)?);
    around(shared, session, user.map(Arc::new), realm.map(Arc::new))
}

/// The facts around the session of an id, inside the batch that is being committed.
pub(crate) fn facts_in(batch: &Batch<'_>, id: SessionId) -> rusqlite::Result<Option<SessionFacts>> {
    let Some(session) = batch.session(id)? else { return Ok(None) };
    let (user, realm) = (batch.user(session.user)?, batch.realm(session.realm)?);
    around(batch.shared, session, user, realm).map(Some)
}

fn around(
    shared: &Shared,
    session: Session,
    user: Option<Arc<User>>,
    realm: Option<Arc<Realm>>,
) -> rusqlite::Result<SessionFacts> {
    let user = user.ok_or_else(|| Damaged::row("user of a session"))?;
    let realm = realm.ok_or_else(|| Damaged::row("realm of a session"))?;
    let held = shared.caches.sessions.find(&session.id.number());
    // Memory may know a later activity of the same incarnation; ids of two incarnations differ.
    let seen_at = held.map_or(session.seen_at, |held: Arc<_>| held.seen_at().max(session.seen_at));
    let generations = Generations { user: user.generation, realm: realm.generation };
    let around = Around { generations, user_enabled: user.enabled };
    Ok(SessionFacts { session, user, seen_at, around })
}

/// The facts about what an order means.
pub(crate) fn family(batch: &Batch<'_>, order: &EndOrder) -> rusqlite::Result<Family> {
    let db = batch.db;
    match &order.target {
        EndTarget::Token(token) => one(batch, token.id),
        EndTarget::One(session) | EndTarget::OneOf { session, .. } => one(batch, *session),
        EndTarget::User(user) => of_user(batch, *user, None),
        EndTarget::UserBut { user, keep } => of_user(batch, *user, facts_in(batch, *keep)?),
        EndTarget::Realm(id) => Ok(batch
            .realm(*id)?
            .map_or(Family::Nothing, |realm| Family::Realm { id: *id, generation: realm.generation })),
        EndTarget::Grants(id) => Ok(rows::client(db, id)?.map_or(Family::Nothing, |(client, _)| {
            Family::Client { id: id.clone(), realm: client.realm, generation: client.generation }
        })),
    }
}

fn one(batch: &Batch<'_>, id: SessionId) -> rusqlite::Result<Family> {
    if let Some(SessionFacts { session, seen_at, around, user }) = facts_in(batch, id)? {
        let forgotten = session.born.user < user.forgotten;
        return Ok(Family::One { session: Box::new(session), seen_at, around, forgotten });
    }
    let Some(mut tombstone) = rows::tombstone(batch.db, batch.cipher(), id)? else {
        return Ok(Family::Nothing);
    };
    let user = batch.user(tombstone.session.user)?;
    tombstone.forgotten |= user.is_some_and(|user| tombstone.session.born.user < user.forgotten);
    Ok(Family::Past(Box::new(tombstone)))
}

fn of_user(batch: &Batch<'_>, id: UserId, keep: Option<SessionFacts>) -> rusqlite::Result<Family> {
    let user = batch.user(id)?.filter(|user| !user.removed);
    Ok(user.map_or(Family::Nothing, |user| Family::User {
        key: user.key,
        id,
        realm: user.realm,
        generation: user.generation,
        keep: keep.map(|facts| Box::new((facts.session, facts.seen_at, facts.around))),
    }))
}
