//! A bounded pool of threads for work that takes a core for milliseconds: hashing, signing.
//!
//! Such work has its own few threads, a bounded queue and a bounded wait, so that a storm of it slows no check and no ending;
//! beyond the bounds the answer is [`WorkError::Busy`], at once (ONE-SLOW-HURTS-NONE, HOME-LIMITS). A place in the queue can be
//! reserved before something is spent that the work is needed for. Work that panics costs its caller an answer and
//! nobody else anything: its thread goes on with new state. Nothing here knows what the work is.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Why work was not done. Nothing came of it, and it may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WorkError {
    /// As much of this kind waits as may, or it waited for as long as it may.
    #[error("too much work of this kind waits")]
    Busy,
    /// The work panicked; the log tells where.
    #[error("the work broke off by a fault of its own")]
    Faulted,
}

/// How much may wait, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Threads that work; at least one.
    pub threads: usize,
    /// Pieces of work that wait, those included that a place is reserved for.
    pub waiting_max: usize,
    /// How long a caller without a reserved place waits for the answer.
    pub patience: Duration,
}

type Job<S> = Box<dyn FnOnce(&mut S) + Send>;

/// Threads with a state `S` each.
pub struct Workers<S> {
    jobs: Sender<Job<S>>,
    places: Arc<Semaphore>,
    patience: Duration,
}

/// A place in the queue that is kept for one piece of work. Dropped unused, it is free for others.
#[must_use = "a place is reserved for work"]
pub struct ReservedPlace<S> {
    jobs: Sender<Job<S>>,
    permit: OwnedSemaphorePermit,
}

impl<S: Send + 'static> Workers<S> {
    /// Starts the threads. `state` makes what each of them works with.
    pub fn start(name: &str, bounds: Bounds, state: impl Fn() -> S + Clone + Send + 'static) -> Self {
        let (jobs, queue) = channel::<Job<S>>();
        let queue = Arc::new(Mutex::new(queue));
        for n in 0..bounds.threads.max(1) {
            let (queue, state) = (Arc::clone(&queue), state.clone());
            thread::Builder::new()
                .name(format!("{name}-{n}"))
                .spawn(move || work(&queue, state))
                .expect("the system has a thread left at start");
        }
        let places = Arc::new(Semaphore::new(bounds.waiting_max));
        Self { jobs, places, patience: bounds.patience }
    }

    /// Reserves a place in the queue, if one is free.
    pub fn reserve(&self) -> Result<ReservedPlace<S>, WorkError> {
        let permit = Arc::clone(&self.places).try_acquire_owned().map_err(|_| WorkError::Busy)?;
        Ok(ReservedPlace { jobs: self.jobs.clone(), permit })
    }

    /// Does `work` on one of the threads.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut S) -> T + Send + 'static,
    ) -> Result<T, WorkError> {
        let answer = self.reserve()?.run(work);
        tokio::time::timeout(self.patience, answer).await.unwrap_or(Err(WorkError::Busy))
    }
}

impl<S: Send + 'static> ReservedPlace<S> {
    /// Does `work` on one of the threads. The wait is bounded by what stood in the queue before it.
    pub async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce(&mut S) -> T + Send + 'static,
    ) -> Result<T, WorkError> {
        let (reply, answer) = oneshot::channel();
        let permit = self.permit;
        let job: Job<S> = Box::new(move |state| {
            drop(permit); // It waits no more.
            // The caller may have stopped waiting.
            if !reply.is_closed() {
                let _ = reply.send(work(state));
            }
        });
        // A panic drops the reply; so does the end of the threads, which is the end of the process.
        self.jobs.send(job).map_err(|_| WorkError::Faulted)?;
        answer.await.map_err(|_| WorkError::Faulted)
    }
}

fn work<S>(queue: &Mutex<Receiver<Job<S>>>, new_state: impl Fn() -> S) {
    let mut state = new_state();
    while let Some(job) = next(queue) {
        // What a panic left of the state is thrown away.
        if catch_unwind(AssertUnwindSafe(|| job(&mut state))).is_err() {
            state = new_state();
        }
    }
}

fn next<S>(queue: &Mutex<Receiver<Job<S>>>) -> Option<Job<S>> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(waiting_max: usize) -> Bounds {
        Bounds { threads: 1, waiting_max, patience: Duration::from_secs(60) }
    }

    /// Holds the only thread of a pool until it is opened.
    async fn gate(pool: &Workers<()>) -> std::sync::mpsc::Sender<()> {
        let (open, gate) = channel::<()>();
        let (began, begun) = oneshot::channel();
        let held = pool.reserve().expect("a place").run(move |()| {
            let _ = began.send(());
            let _ = gate.recv();
        });
        tokio::spawn(held);
        begun.await.expect("the work began");
        open
    }

    /// Goal: HOME-LIMITS and ONE-SLOW-HURTS-NONE: beyond the bound the answer is "busy" at once, and what was taken on is done.
    /// Method: one thread held by a gate, a queue of one.
    #[tokio::test]
    async fn beyond_its_bound_the_pool_refuses_at_once() {
        let pool = Workers::start("test", bounds(1), || ());
        let open = gate(&pool).await;
        let waiting = pool.reserve().expect("one may wait").run(|()| 2);
        assert_eq!(pool.run(|()| 3).await, Err(WorkError::Busy));
        open.send(()).expect("the gate is there");
        assert_eq!(waiting.await, Ok(2));
        assert_eq!(pool.run(|()| 4).await, Ok(4));
    }

    /// Goal: a place that was reserved is there when the work comes, however many ask meanwhile; an unused one is free again.
    #[tokio::test]
    async fn a_reserved_place_is_kept() {
        let pool = Workers::start("test", bounds(1), || ());
        let place = pool.reserve().expect("a place");
        assert_eq!(pool.run(|()| 1).await, Err(WorkError::Busy));
        assert_eq!(place.run(|()| 2).await, Ok(2));
        drop(pool.reserve().expect("a place"));
        assert_eq!(pool.run(|()| 3).await, Ok(3));
    }

    /// Goal: whoever has no patience left is told so, and whoever reserved a place waits on.
    #[tokio::test]
    async fn patience_ends_and_a_reserved_place_does_not() {
        let pool = Workers::start("test", Bounds { patience: Duration::ZERO, ..bounds(8) }, || ());
        let open = gate(&pool).await;
        let kept = tokio::spawn(pool.reserve().expect("a place").run(|()| 1));
        assert_eq!(pool.run(|()| 2).await, Err(WorkError::Busy));
        open.send(()).expect("the gate is there");
        assert_eq!(kept.await.expect("no panic"), Ok(1));
    }

    /// Goal: one piece of work that panics costs its caller an answer of its own, and nobody else a thread or a spoiled state.
    #[tokio::test]
    async fn work_that_panics_is_answered_and_its_thread_goes_on() {
        let pool = Workers::start("test", bounds(8), Vec::new);
        let faulted = pool.run(|state: &mut Vec<u8>| {
            state.push(1);
            assert!(state.is_empty(), "a fault on purpose");
        });
        assert_eq!(faulted.await, Err(WorkError::Faulted));
        for _ in 0..3 {
            assert_eq!(pool.run(|state| state.len()).await, Ok(0));
        }
    }
}
