//! Gathers the facts that a decision about an ending needs.
//!
//! Nothing is decided here.

use adieu_core::{EndOrder, EndTarget, Family, LiveTally, SessionId, Timestamp, User};

use crate::batch::Batch;
use crate::rows::SessionRow;
use crate::working::Looked;

/// The facts about what an order means at `now`.
pub(super) fn family(batch: &Batch, order: &EndOrder, now: Timestamp) -> Looked<Family> {
    match &order.target {
        EndTarget::Token(token) => one(batch, token.id),
        EndTarget::One(session) | EndTarget::OneOf { session, .. } => one(batch, *session),
        EndTarget::User(user) | EndTarget::UserAndGrants(user) => {
            let user = batch.user(*user)?;
            let live = live_of(batch, user.as_deref(), None, now)?;
            Ok(Family::of_user(user.as_deref(), None, live))
        }
        EndTarget::UserBut { user, keep } => {
            let (user, kept) = (batch.user(*user), batch.facts(*keep));
            let (user, kept) = (user?, kept?);
            let live = live_of(batch, user.as_deref(), Some(*keep), now)?;
            Ok(Family::of_user(user.as_deref(), kept.as_ref(), live))
        }
        EndTarget::Realm(id) => Ok(Family::of_realm(batch.realm_to_change(*id)?.as_deref())),
        EndTarget::Grants(id) => {
            let client = batch.stored_client_to_change(id)?;
            Ok(Family::of_client(client.as_ref().map(|stored| &stored.client)))
        }
    }
}

/// How many sessions of a user are live but for one; they are read off the list of those that may be.
fn live_of(batch: &Batch, user: Option<&User>, keep: Option<SessionId>, now: Timestamp) -> Looked<u32> {
    let Some(user) = user else { return Ok(0) };
    let Some(realm) = batch.realm(user.realm)? else { return Ok(0) };
    let mut tally = LiveTally::of(user, &realm, keep, now);
    batch.live_outlines(user, |one| tally.count(&one))?;
    Ok(tally.live())
}

fn one(batch: &Batch, id: SessionId) -> Looked<Family> {
    match batch.kept(id)? {
        None => Ok(Family::Nothing),
        Some(SessionRow::Stored(session)) => {
            let facts = batch.facts_of(session)?;
            let with = batch.ended_with(&facts)?;
            Ok(Family::of_session(&facts, with))
        }
        Some(SessionRow::Ended(tombstone)) => {
            let user = batch.user_by_key(tombstone.session.locator.user_key())?;
            Ok(Family::of_tombstone(adieu_core::Tombstone::clone(&tombstone), user.as_deref()))
        }
    }
}
