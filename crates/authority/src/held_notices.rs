//! Whether applications are told of endings at present: not while a restore is tried.
//!
//! Who runs the server knows it, and says so here; whoever shows a notice asks. Nothing is told or kept from here. Decision 0086.

use std::sync::atomic::Ordering;

use crate::Authority;

impl Authority {
    /// Says whether notices are held: nobody is told of anything until they are not.
    pub fn hold_notices(&self, held: bool) {
        self.inner.notices_held.store(held, Ordering::Relaxed);
    }

    /// Whether they are.
    pub fn notices_are_held(&self) -> bool {
        self.inner.notices_held.load(Ordering::Relaxed)
    }
}
