//! The bell that wakes the outbox.
//!
//! Whoever has ended something rings it after the commit. Rings that come while nobody waits are one ring.

use std::sync::Arc;

use tokio::sync::Notify;

/// Wakes the outbox. Clones are handles of the same bell.
#[derive(Clone, Debug, Default)]
pub struct Bell(Arc<Notify>);

impl Bell {
    /// Wakes the outbox, or lets it go on at once when it would wait.
    pub fn ring(&self) {
        self.0.notify_one();
    }

    pub(crate) async fn rung(&self) {
        self.0.notified().await;
    }
}
