//! Places for those who follow endings: so many at once and no more.
//!
//! What they follow is no affair of this file.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Who may follow at once (HOME-LIMITS): each looks at the store five times a second.
const FOLLOWERS_MAX: usize = 64;

/// The places.
pub(crate) struct Followers(Arc<Semaphore>);

/// One of them, until it is dropped.
pub(crate) struct FollowersPlace {
    _permit: OwnedSemaphorePermit,
}

impl Default for Followers {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(FOLLOWERS_MAX)))
    }
}

impl Followers {
    /// A place, if there is one.
    pub(crate) fn place(&self) -> Option<FollowersPlace> {
        let permit = Arc::clone(&self.0).try_acquire_owned().ok()?;
        Some(FollowersPlace { _permit: permit })
    }
}
