//! Gathers the facts that a decision needs, from rows inside a transaction and from what only memory knows.
//!
//! Nothing is decided here.

use std::sync::Arc;

use adieu_core::{
    EndOrder, EndTarget, EndedWith, Family, LiveTally, Realm, RealmAround, Session, SessionFacts, SessionId,
    Timestamp, User,
};
use rusqlite::Connection;

use crate::acts::lists::as_seen;
use crate::batch::Batch;
use crate::error::Damaged;
use crate::rows;
use crate::shared::Shared;

/// The facts about a session that a reader read: all of them from its own snapshot, so that they belong together.
pub(crate) fn facts(db: &Connection, shared: &Shared, session: Session) -> rusqlite::Result<SessionFacts> {
    let (user, realm) = (rows::user(db, session.user)?, rows::realm(db, session.realm)?);
    together(shared, Arc::new(session), user.map(Arc::new), realm.map(Arc::new))
}

/// The facts about the session of an id, inside the batch that is being committed.
pub(crate) fn facts_in(batch: &Batch<'_>, id: SessionId) -> rusqlite::Result<Option<SessionFacts>> {
    let Some(session) = batch.session(id)? else { return Ok(None) };
    let (user, realm) = (batch.user(session.user)?, batch.realm(session.realm)?);
    together(batch.shared, session, user, realm).map(Some)
}

pub(super) fn together(
    shared: &Shared,
    session: Arc<Session>,
    user: Option<Arc<User>>,
    realm: Option<Arc<Realm>>,
) -> rusqlite::Result<SessionFacts> {
    let user = user.ok_or_else(|| Damaged::row("user of a session"))?;
    let realm = realm.ok_or_else(|| Damaged::row("realm of a session"))?;
    let seen_at = shared.seen_at(session.id, session.seen_at);
    Ok(SessionFacts { session, seen_at, user, realm: RealmAround::from(realm.as_ref()) })
}

/// The endings of many that may have ended a session.
pub(crate) fn ended_with(db: &Connection, facts: &SessionFacts) -> rusqlite::Result<EndedWith> {
    if facts.may_have_ended_with_others() {
        rows::ended_with(db, facts.user.key, &facts.session)
    } else {
        Ok(EndedWith::default())
    }
}

/// The facts about what an order means at `now`.
pub(crate) fn family(batch: &Batch<'_>, order: &EndOrder, now: Timestamp) -> rusqlite::Result<Family> {
    match &order.target {
        EndTarget::Token(token) => one(batch, token.id),
        EndTarget::One(session) | EndTarget::OneOf { session, .. } => one(batch, *session),
        EndTarget::User(user) | EndTarget::UserAndGrants(user) => {
            let user = batch.user(*user)?;
            let live = live_of(batch, user.as_deref(), None, now)?;
            Ok(Family::of_user(user.as_deref(), None, live))
        }
        EndTarget::UserBut { user, keep } => {
            let (user, kept) = (batch.user(*user)?, facts_in(batch, *keep)?);
            let live = live_of(batch, user.as_deref(), Some(*keep), now)?;
            Ok(Family::of_user(user.as_deref(), kept.as_ref(), live))
        }
        EndTarget::Realm(id) => Ok(Family::of_realm(batch.realm(*id)?.as_deref())),
        EndTarget::Grants(id) => {
            let client = rows::client(batch.db, id)?;
            Ok(Family::of_client(client.as_ref().map(|stored| &stored.client)))
        }
    }
}

/// How many sessions of a user are live but for one; they are read off the list of those that may be.
fn live_of(
    batch: &Batch<'_>,
    user: Option<&User>,
    keep: Option<SessionId>,
    now: Timestamp,
) -> rusqlite::Result<u32> {
    let Some(user) = user else { return Ok(0) };
    let Some(realm) = batch.realm(user.realm)? else { return Ok(0) };
    let mut tally = LiveTally::of(user, &realm, keep, now);
    rows::live_outlines(batch.db, batch.cipher(), user, |one| tally.count(&as_seen(batch.shared, one)))?;
    Ok(tally.live())
}

fn one(batch: &Batch<'_>, id: SessionId) -> rusqlite::Result<Family> {
    if let Some(facts) = facts_in(batch, id)? {
        let with = ended_with(batch.db, &facts)?;
        return Ok(Family::of_session(&facts, with));
    }
    let Some(tombstone) = rows::tombstone(batch.db, batch.cipher(), id)? else {
        return Ok(Family::Nothing);
    };
    let user = batch.user(tombstone.session.user)?;
    Ok(Family::of_tombstone(tombstone, user.as_deref()))
}
