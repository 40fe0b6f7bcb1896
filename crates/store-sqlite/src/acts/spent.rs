//! Sessions that are over and stand as if they were not: found at their places, and ended on the one road.
//!
//! Whether one is over is core's to say. A damaged row keeps nobody from the others.

use adieu_core::{Locator, SessionFacts, Timestamp, spent};

use crate::acts::family::facts_in;
use crate::acts::sessions::end;
use crate::batch::Batch;
use crate::error::Damaged;
use crate::rows;

/// Rows of one kind that one order looks at; keeps its commit as short as any other.
pub(super) const SWEEP_MAX: u32 = 500;

/// The facts about the session at a place, if there is one.
fn facts_at(batch: &Batch<'_>, place: i64) -> rusqlite::Result<Option<SessionFacts>> {
    let locator = u64::try_from(place).ok().and_then(Locator::from_number);
    let Some(locator) = locator else { return Ok(None) };
    match rows::session_at(batch.db, batch.cipher(), locator)? {
        Some(session) => facts_in(batch, session.id),
        None => Ok(None),
    }
}

/// The same, but none where they can't be read.
pub(super) fn readable_facts_at(batch: &Batch<'_>, place: i64) -> rusqlite::Result<Option<SessionFacts>> {
    Ok(past_damage(facts_at(batch, place), place)?.flatten())
}

/// What was read or done at a place; none where a stored value there can't be read. One damaged row keeps no sweep from the
/// others: it opens nothing, and stays as it is.
pub(super) fn past_damage<T>(outcome: rusqlite::Result<T>, place: i64) -> rusqlite::Result<Option<T>> {
    match outcome {
        Err(error) if Damaged::is_cause_of(&error) => {
            tracing::error!(place, %error, "a row is passed over by the sweep");
            Ok(None)
        }
        outcome => outcome.map(Some),
    }
}

/// Ends a session if it is over, on the one road; says whether it was.
pub(super) fn bury_if_over(
    batch: &mut Batch<'_>,
    facts: &SessionFacts,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    let Some(order) = spent(facts, now) else { return Ok(false) };
    // Its answer is "it was over before".
    let _ = end(batch, &order, now)?;
    Ok(true)
}
