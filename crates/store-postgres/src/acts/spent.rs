//! Sessions that are over and stand as if they were not: found at their places, and ended on the one road.
//!
//! Whether one is over is core's to say. A damaged row keeps nobody from the others, and what is missing of many is asked for together.

use adieu_core::{Locator, SessionFacts, Timestamp, spent};

use crate::acts::sessions::end;
use crate::batch::Batch;
use crate::rows::{Due, PlacedSession, SessionRow, hour};
use crate::working::{Halt, Looked};

/// Rows of one kind that one order looks at; keeps its commit as short as any other.
pub(super) const SWEEP_MAX: u32 = 500;

/// Goes over many things, one after the other: what one misses does not keep the others from asking, and whose user another batch
/// holds is left for another time. At the end it says that something is missing, if it is.
#[derive(Default)]
pub(super) struct Pass {
    missing: bool,
    /// The first place that was left for another time.
    pub(super) left: Option<Locator>,
}

impl Pass {
    /// What was done at a place; none where something is missing, or a stored value there can't be read.
    pub(super) fn over<T>(&mut self, done: Looked<T>, place: Locator) -> Option<T> {
        match done {
            Ok(done) => return Some(done),
            Err(Halt::Missing) => self.missing = true,
            Err(Halt::Deferred) => self.left = self.left.or(Some(place)),
            Err(Halt::Damaged(error)) => {
                tracing::error!(place = place.number(), %error, "a row is passed over by the sweep");
            }
        }
        None
    }

    /// Gives the first place that was left for another time.
    pub(super) fn done(self) -> Looked<Option<Locator>> {
        if self.missing { Err(Halt::Missing) } else { Ok(self.left) }
    }
}

/// The row at a place with the facts about its session, if it is not ended.
pub(super) fn facts_at(batch: &Batch, place: Locator) -> Looked<Option<(PlacedSession, SessionFacts)>> {
    let Some(kept) = batch.row_at(place)? else { return Ok(None) };
    let SessionRow::Stored(session) = &kept.row else { return Ok(None) };
    let facts = batch.facts_of(session.clone())?;
    Ok(Some((kept, facts)))
}

/// Ends a session if it is over, on the one road; says whether it was.
pub(super) fn bury_if_over(batch: &mut Batch, facts: &SessionFacts, now: Timestamp) -> Looked<bool> {
    let Some(order) = spent(facts, now) else { return Ok(false) };
    // Its answer is "it was over before".
    let _ = end(batch, &order, now)?;
    Ok(true)
}

/// Puts a session that is not over yet under its new hour, with the activity that is known.
pub(super) fn postpone(batch: &mut Batch, kept: PlacedSession, facts: &SessionFacts) -> Looked<()> {
    let session = facts.as_seen();
    let due_hour = hour(session.ends_at(session.seen_at));
    batch.dues.put(Due { hour: due_hour, locator: session.locator });
    let row = SessionRow::Stored(session.into());
    batch.sessions.put(PlacedSession { row, due_hour, ..kept });
    Ok(())
}
