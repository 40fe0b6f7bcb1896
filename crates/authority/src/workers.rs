//! A bounded pool for work that takes a core for milliseconds: hashing, signing.
//!
//! So that a storm of sign-ons never slows checks and endings, such work has its own few threads, a bounded queue and
//! a bounded wait; beyond them the answer is "busy", at once (ONE-SLOW-HURTS-NONE, HOME-LIMITS). Work that panics costs its
//! caller an answer and nobody else anything: its thread goes on with a new workbench.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

/// The pool did not do the work, and nothing came of it: it has more to do than it may take on, or the work broke off by a
/// fault of its own, which the log tells. It may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the work was not done; too much of this kind may wait")]
pub struct Busy;

type Work<S> = Box<dyn FnOnce(&mut S) + Send>;

/// Threads with a workbench `S` each.
pub(crate) struct Workers<S> {
    queue: SyncSender<Work<S>>,
    patience: Duration,
}

impl<S: Send + 'static> Workers<S> {
    /// `threads` threads, at most `waiting_max` pieces of work that wait, each for at most `patience`.
    pub(crate) fn start(
        name: &str,
        threads: usize,
        waiting_max: usize,
        patience: Duration,
        bench: impl Fn() -> S + Clone + Send + 'static,
    ) -> Self {
        let (queue, work) = sync_channel::<Work<S>>(waiting_max);
        let work = Arc::new(Mutex::new(work));
        for n in 0..threads.max(1) {
            let (work, new_bench) = (Arc::clone(&work), bench.clone());
            let run = move || {
                let mut bench = new_bench();
                while let Some(work) = next(&work) {
                    // The caller hears of a panic, because its reply is dropped; what the panic left of the bench is thrown away.
                    if catch_unwind(AssertUnwindSafe(|| work(&mut bench))).is_err() {
                        bench = new_bench();
                    }
                }
            };
            thread::Builder::new()
                .name(format!("{name}-{n}"))
                .spawn(run)
                .expect("the system has a thread left at start");
        }
        Self { queue, patience }
    }

    /// Does `work` on one of the threads.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut S) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let (reply, mut answer) = oneshot::channel();
        let job: Work<S> = Box::new(move |bench| {
            // The caller may have stopped waiting.
            if !reply.is_closed() {
                let _ = reply.send(work(bench));
            }
        });
        match self.queue.try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => return Err(Busy),
        }
        match tokio::time::timeout(self.patience, &mut answer).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(_)) | Err(_) => Err(Busy),
        }
    }
}

fn next<S>(work: &Mutex<Receiver<Work<S>>>) -> Option<Work<S>> {
    work.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: HOME-LIMITS and ONE-SLOW-HURTS-NONE: beyond the bound the answer is "busy" at once, and what was taken on is done.
    /// Method: one thread held by a gate, a queue of one.
    #[tokio::test]
    async fn beyond_its_bound_the_pool_refuses_at_once() {
        let pool = Workers::start("test", 1, 1, Duration::from_secs(60), || ());
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let (began, begun) = oneshot::channel();
        let held = pool.run(move |()| {
            let _ = began.send(());
            gate.recv().is_ok()
        });
        let rest = async {
            begun.await.expect("the first began");
            let waiting = pool.run(|()| 2);
            let refused = async {
                tokio::task::yield_now().await;
                assert_eq!(pool.run(|()| 3).await, Err(Busy));
                open.send(()).expect("the gate is there");
            };
            tokio::join!(waiting, refused).0
        };
        let (first, second) = tokio::join!(held, rest);
        assert_eq!((first, second), (Ok(true), Ok(2)));
    }

    /// Goal: one piece of work that panics costs its caller an answer, and nobody else a thread or a spoiled workbench.
    #[tokio::test]
    async fn work_that_panics_is_answered_and_its_thread_goes_on() {
        let pool = Workers::start("test", 1, 8, Duration::from_secs(60), Vec::new);
        let broken = pool.run(|bench: &mut Vec<u8>| {
            bench.push(1);
            assert!(bench.is_empty(), "a fault on purpose");
        });
        assert_eq!(broken.await, Err(Busy));
        for _ in 0..3 {
            assert_eq!(pool.run(|bench| bench.len()).await, Ok(0));
        }
    }
}
