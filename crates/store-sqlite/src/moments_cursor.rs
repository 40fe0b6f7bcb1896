//! How far the list of the sweep has been looked through for sessions of whose end somebody is told since they began.
//!
//! It is kept in memory: another process looks from the beginning (decision 0064).

use std::sync::{Mutex, PoisonError};

use crate::rows::SubscribedRealm;

/// How far the list of the sweep has been looked through for sessions without a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MomentsCursor {
    /// For which realms: another set of them is looked for from the beginning.
    pub(crate) realms: Vec<SubscribedRealm>,
    /// Behind which key of the list it goes on.
    pub(crate) after: Option<i64>,
}

impl MomentsCursor {
    pub(crate) fn read(shared: &Mutex<Self>) -> Self {
        shared.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Moves the cursor. A step that two callers took is taken twice, and finds nothing the second time.
    pub(crate) fn write(self, shared: &Mutex<Self>) {
        *shared.lock().unwrap_or_else(PoisonError::into_inner) = self;
    }
}
