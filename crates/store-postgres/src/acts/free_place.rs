//! What says where a user's next session lies, and which tombstones stay.
//!
//! Both are decided by core (`free_place`).

use adieu_core::{FreePlace, PlaceSearch, UntoldEndings, UserKey};

use crate::batch::Batch;
use crate::working::Looked;

/// The place for one more session of a user.
pub(super) fn free_place(batch: &mut Batch, key: UserKey) -> Looked<FreePlace> {
    let mut search = PlaceSearch::new(key, batch.last_place(key)?);
    if !search.wants_rows() {
        let place =
            search.found(|| Ok::<_, crate::working::Halt>((UntoldEndings::default(), Default::default())))?;
        if let FreePlace::At(place) = place {
            // Behind the last row nothing lies, and the user is held.
            batch.sessions.know_absent(place);
        }
        return Ok(place);
    }
    batch.places(key, |place, ended_at| search.pass(place, ended_at))?;
    search.found(|| Ok((batch.untold_endings()?, batch.shared_places(key)?)))
}
