//! What an engine brings to be tested.
//!
//! Nothing here knows any engine.

use std::ops::RangeInclusive;
use std::sync::Arc;

use adieu_core::Session;

use crate::Store;

/// An engine under test, and the place where it keeps its things.
#[expect(async_fn_in_trait, reason = "only tests implement and call it, on their own thread")]
pub trait Engine: Sized {
    /// A place of its own, empty.
    async fn fresh() -> Self;

    /// Opens the store in this place.
    async fn open(&self) -> Arc<dyn Store>;

    /// Opens a second store on the same data while the first is open, as another node of the installation has it. `None` of an
    /// engine that belongs to one process.
    async fn open_beside(&self) -> Option<Arc<dyn Store>>;

    /// Waits until the activity of sessions that a store of this place has heard of is written. An engine may write it apart from
    /// everything else, and only the engine knows when it has.
    async fn activity_is_written(&self, store: &Arc<dyn Store>);

    /// Puts copies of the row of a stored session into other slots of its user, past the store and all its rules.
    async fn fill_slots(&self, store: &Arc<dyn Store>, like: &Session, slots: RangeInclusive<u32>);

    /// The place as a sudden death of the process leaves it at this moment. Whatever is still open on the old place
    /// says no goodbye to the new one.
    async fn after_crash(&self) -> Self;
}
