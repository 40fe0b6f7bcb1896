//! What writer, readers and callers of one store share: the cipher of public ids, and the maps.
//!
//! Nothing here reads or writes the database.

use adieu_core::SessionIdCipher;

use crate::cache::Caches;
#[cfg(feature = "hooks")]
use crate::hooks;

/// What writer, readers and callers share.
pub(crate) struct Shared {
    pub(crate) cipher: SessionIdCipher,
    pub(crate) caches: Caches,
    #[cfg(feature = "hooks")]
    pub(crate) hooks: hooks::Hooks,
}
