//! Places where a test holds one of the engine's threads, to force an order that chance rarely brings.
//!
//! Without the feature `hooks` there is nothing here: passing a place costs nothing and does nothing.

/// A place in the engine.
#[cfg_attr(not(feature = "hooks"), expect(unreachable_pub, reason = "only tests see it"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookPoint {
    /// A reader has read its rows, and has not filled them into the map.
    RowsRead,
    /// The writer is about to run an order of a batch.
    OrderRun,
    /// The writer has run a batch, and has not committed it.
    BatchRun,
    /// The commit is durable; the map does not say so yet, and nobody is answered.
    Committed,
}

#[cfg(not(feature = "hooks"))]
impl crate::shared::Shared {
    /// A thread comes by.
    #[inline]
    pub(crate) fn pass(&self, _: HookPoint) {}
}

#[cfg(feature = "hooks")]
pub(crate) use held::Hooks;

#[cfg(feature = "hooks")]
mod held {
    use std::sync::{Arc, Mutex, PoisonError};

    use super::HookPoint;
    use crate::shared::Shared;

    pub(crate) type Hook = Arc<dyn Fn(HookPoint) + Send + Sync>;

    /// What tests want to happen on the way.
    #[derive(Default)]
    pub(crate) struct Hooks(Mutex<Option<Hook>>);

    impl Hooks {
        /// From now on this is called at every place.
        pub(crate) fn set(&self, hook: Hook) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(hook);
        }
    }

    impl Shared {
        /// A thread comes by; what happens to it is the test's affair.
        pub(crate) fn pass(&self, place: HookPoint) {
            let hook = self.hooks.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(hook) = hook {
                hook(place);
            }
        }
    }
}
