//! Gathers the facts that a decision needs, from rows inside a transaction and from what only memory knows.
//!
//! Nothing is decided here.

use std::sync::Arc;

use adieu_core::session::Verdict;
use adieu_core::{Around, EndOrder, Family, Generations, Session, Target, Timestamp, User, UserId};
use rusqlite::Connection;

use crate::Shared;
use crate::error::Damaged;
use crate::rows;
use crate::writer::Batch;

/// A session with its user and the world around it.
pub(crate) struct Facts {
    pub(crate) session: Session,
    pub(crate) user: User,
    pub(crate) seen_at: Timestamp,
    pub(crate) around: Around,
}

impl Facts {
    pub(crate) fn verdict(&self, now: Timestamp) -> Verdict {
        adieu_core::verdict(&self.session, self.seen_at, self.around, now)
    }
}

/// The facts around a session that was read.
pub(crate) fn facts(db: &Connection, shared: &Shared, session: Session) -> rusqlite::Result<Facts> {
    let user = rows::user(db, session.user)?.ok_or_else(|| Damaged::row("user of a session"))?;
    let realm = rows::realm(db, session.realm)?.ok_or_else(|| Damaged::row("realm of a session"))?;
    let held = shared.caches.sessions.find(&session.id.number());
    // Memory may know a later activity of the same incarnation; ids of two incarnations differ.
    let seen_at = held.map_or(session.seen_at, |held: Arc<_>| held.seen_at().max(session.seen_at));
    let generations = Generations { user: user.generation, realm: realm.generation };
    let around = Around { generations, user_enabled: user.enabled };
    Ok(Facts { session, user, seen_at, around })
}

/// The facts about what an order means.
pub(crate) fn family(batch: &Batch<'_>, order: &EndOrder) -> rusqlite::Result<Family> {
    let (db, shared) = (batch.db, batch.shared);
    match &order.target {
        Target::Token(token) => one(db, shared, token.id),
        Target::One(session) | Target::OneOf { session, .. } => one(db, shared, *session),
        Target::User(user) => of_user(db, *user, None),
        Target::UserBut { user, keep } => {
            let kept = rows::session(db, &shared.cipher, *keep)?;
            let kept = kept.map(|session| facts(db, shared, session)).transpose()?;
            of_user(db, *user, kept)
        }
        Target::Realm(id) => Ok(rows::realm(db, *id)?
            .map_or(Family::Nothing, |realm| Family::Realm { id: *id, generation: realm.generation })),
        Target::Grants(id) => Ok(rows::client(db, id)?.map_or(Family::Nothing, |(client, _)| {
            Family::Client { id: id.clone(), realm: client.realm, generation: client.generation }
        })),
    }
}

fn one(db: &Connection, shared: &Shared, id: adieu_core::SessionId) -> rusqlite::Result<Family> {
    if let Some(session) = rows::session(db, &shared.cipher, id)? {
        let Facts { session, seen_at, around, .. } = facts(db, shared, session)?;
        return Ok(Family::One { session: Box::new(session), seen_at, around });
    }
    let tombstone = rows::tombstone(db, &shared.cipher, id)?;
    Ok(tombstone.map_or(Family::Nothing, |tombstone| Family::Past(Box::new(tombstone))))
}

fn of_user(db: &Connection, id: UserId, keep: Option<Facts>) -> rusqlite::Result<Family> {
    Ok(rows::user(db, id)?.map_or(Family::Nothing, |user| Family::User {
        key: user.key,
        id,
        realm: user.realm,
        generation: user.generation,
        keep: keep.map(|facts| Box::new((facts.session, facts.seen_at, facts.around))),
    }))
}
