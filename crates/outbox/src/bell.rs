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

    /// Wakes the outbox once the task that calls has had its turn: where the turn ends with an answer that is written, the answer
    /// goes out before the telling wants a core and the store. Called where a runtime runs.
    pub fn ring_after_this_turn(&self) {
        let bell = self.clone();
        tokio::spawn(async move { bell.ring() });
    }

    pub(crate) async fn rung(&self) {
        self.0.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: whoever has ended a session answers before its applications are told; the ring is not lost.
    /// Method: one thread, so that turns have an order. Within the turn the bell has not rung; in the next one it has.
    #[tokio::test]
    async fn the_turn_that_rings_comes_first() {
        let bell = Bell::default();
        bell.ring_after_this_turn();
        tokio::select! {
            biased;
            () = bell.rung() => panic!("it has rung within the turn"),
            () = std::future::ready(()) => {}
        }
        tokio::task::yield_now().await;
        tokio::select! {
            biased;
            () = bell.rung() => {}
            () = std::future::ready(()) => panic!("it has not rung"),
        }
    }
}
