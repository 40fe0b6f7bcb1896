//! What says where a user's next session lies, and which tombstones stay.
//!
//! Both are decided by core (`free_place`).

use std::ops::ControlFlow;

use adieu_core::{EndingEntry, FreePlace, PlaceSearch, UntoldEndings, UserKey};

use crate::batch::Batch;
use crate::error::{Damaged, InRow as _};
use crate::rows;
use adieu_store_records::entries;

/// The place for one more session of a user.
pub(super) fn free_place(batch: &Batch<'_>, key: UserKey) -> rusqlite::Result<FreePlace> {
    let mut search = PlaceSearch::new(key, rows::last_place(batch.db, key)?);
    if search.wants_rows() {
        rows::places(batch.db, key, |place, ended_at| search.pass(place, ended_at))?;
    }
    search.found(|| Ok((untold_endings(batch)?, rows::shared_places(batch.db, rows::bounds(key))?)))
}

/// The endings whose receipts are not made yet, those of this batch among them.
pub(super) fn untold_endings(batch: &Batch<'_>) -> rusqlite::Result<UntoldEndings> {
    let mut untold = UntoldEndings::default();
    let mut count = |all: &[EndingEntry]| all.iter().try_for_each(|entry| untold.count(entry));
    if count(&entries(batch.line_in_the_making()).in_row()?).is_break() {
        return Ok(untold);
    }
    let told = rows::told_up_to(batch.db)?;
    rows::lines_from(batch.db, told.line, |line| {
        let all = match entries(&line.body).in_row() {
            // Whoever makes the receipts passes it over.
            Err(error) if Damaged::is_cause_of(&error) => return Ok(ControlFlow::Continue(())),
            all => all?,
        };
        let made = if line.number == told.line { told.entry as usize } else { 0 };
        Ok(count(all.get(made..).unwrap_or_default()))
    })?;
    Ok(untold)
}
