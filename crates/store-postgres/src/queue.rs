//! A bounded queue whose consumers take all that waits.
//!
//! That is the whole of group commit: what arrived while the last batch was on its way is the next batch. There is no timer.

use tokio::sync::{Mutex, mpsc};

use crate::job::Queued;

/// The end where jobs are taken.
pub(crate) struct Taking(Mutex<mpsc::Receiver<Queued>>);

/// The end where jobs arrive.
pub(crate) struct Queue {
    sender: mpsc::Sender<Queued>,
    bound: usize,
}

/// Why something was not queued.
pub(crate) enum NotQueued {
    Full,
    Closed,
}

/// A queue for so many.
pub(crate) fn queue(bound: usize) -> (Queue, Taking) {
    let (sender, receiver) = mpsc::channel(bound);
    (Queue { sender, bound }, Taking(Mutex::new(receiver)))
}

impl Queue {
    pub(crate) fn push(&self, queued: Queued) -> Result<(), NotQueued> {
        self.sender.try_send(queued).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => NotQueued::Full,
            mpsc::error::TrySendError::Closed(_) => NotQueued::Closed,
        })
    }

    pub(crate) fn waiting(&self) -> usize {
        self.bound - self.sender.capacity()
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }
}

impl Taking {
    /// Waits for something, then takes up to `most` of what waits; nothing once nobody can push any more.
    pub(crate) async fn take(&self, most: usize) -> Vec<Queued> {
        let mut taken = Vec::new();
        self.0.lock().await.recv_many(&mut taken, most).await;
        taken
    }

    /// Takes what waits, without waiting.
    pub(crate) async fn take_waiting(&self, most: usize) -> Vec<Queued> {
        let mut taken = Vec::new();
        if let Ok(mut receiver) = self.0.try_lock() {
            while taken.len() < most
                && let Ok(one) = receiver.try_recv()
            {
                taken.push(one);
            }
        }
        taken
    }
}
