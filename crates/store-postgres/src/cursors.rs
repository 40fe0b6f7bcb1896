//! Where the sweeps of this node stand: another node begins anew, and looks at some of it again.
//!
//! Nothing is decided by a cursor; a step that two callers took finds nothing the second time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use adieu_core::Receiver;

use crate::rows::{Due, SubscribedRealm};

/// Where the sweeps of this node stand.
#[derive(Default)]
pub(crate) struct Cursors {
    /// The walk over the tombstones.
    pub(crate) tombstones: Mutex<u64>,
    /// The walk over the receivers.
    pub(crate) receivers: Mutex<Option<Receiver>>,
    pub(crate) moments: Mutex<MomentsCursor>,
}

/// How far the list of the sweep has been looked through for sessions without a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MomentsCursor {
    /// For which realms: another set of them is looked for from the beginning.
    pub(crate) realms: Vec<SubscribedRealm>,
    /// Behind which entry of the list it goes on.
    pub(crate) after: Option<Due>,
}

/// A cursor.
pub(crate) fn held<T>(cursor: &Mutex<T>) -> MutexGuard<'_, T> {
    // It is whole, whoever panicked.
    cursor.lock().unwrap_or_else(PoisonError::into_inner)
}
