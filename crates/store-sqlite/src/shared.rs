//! What writer, readers and callers of one store share: the ciphers of public ids, the maps, and how the store is.
//!
//! Nothing here reads or writes the database.

use std::sync::OnceLock;

use adieu_core::{EndingIdCipher, SessionId, SessionIdCipher, Timestamp};
use adieu_store::{FaultLines, Health};

use crate::cache::Caches;
#[cfg(feature = "hooks")]
use crate::hooks;

/// What writer, readers and callers share.
pub(crate) struct Shared {
    pub(crate) cipher: SessionIdCipher,
    pub(crate) ending_cipher: EndingIdCipher,
    pub(crate) caches: Caches,
    pub(crate) health: Health,
    /// Lines about batches that failed.
    pub(crate) uncommitted: FaultLines,
    /// Since when this process gives notices out; none if nobody has asked it for any. What an earlier one had leased is free then.
    pub(crate) telling_since: OnceLock<Timestamp>,
    #[cfg(feature = "hooks")]
    pub(crate) hooks: hooks::Hooks,
}

impl Shared {
    /// The last activity of a session of which this one is written down: memory may know a later one of the same incarnation,
    /// and ids of two incarnations differ.
    pub(crate) fn seen_at(&self, id: SessionId, written: Timestamp) -> Timestamp {
        let cached = self.caches.sessions.find(&id.number());
        cached.map_or(written, |cached| cached.seen_at().max(written))
    }
}
