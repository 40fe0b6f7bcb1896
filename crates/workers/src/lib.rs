//! A bounded pool of threads for work that takes a core for milliseconds: hashing, signing.
//!
//! Such work has its own few threads, a bounded queue and a bounded wait, so that a storm of it slows no check and no ending;
//! beyond the bounds the answer is [`WorkError::Busy`], at once (ONE-SLOW-HURTS-NONE, HOME-LIMITS). Each source of work has a
//! line of its own, and the lines take turns. A place in the queue can be reserved before something is spent that the work is
//! needed for. Work that panics costs its caller an answer and nobody else anything: its thread goes on with new state.
//! Nothing here knows what the work is.

mod lines;
mod priority;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::lines::{Lines, Waiting};
pub use crate::priority::Priority;

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
    /// Threads that work. With none, work is done where it is asked for, by whoever asks.
    pub threads: usize,
    /// Pieces of work that wait, those included that a place is reserved for.
    pub waiting_max: usize,
    /// How long a caller without a reserved place waits for the answer.
    pub patience: Duration,
    /// The priority of the threads.
    pub priority: Priority,
}

/// On whose behalf work is asked for. No source waits behind all that another one has asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WorkSource(u128);

impl WorkSource {
    /// The server itself, and whoever administers it.
    pub const SERVER: Self = Self(0);

    /// The source of that number.
    pub const fn of(number: u128) -> Self {
        Self(number)
    }
}

/// Called with a thread's state to work, and with none to say that it gave way to others.
type Job<S> = Box<dyn FnOnce(Option<&mut S>) + Send>;

/// Threads with a state `S` each.
pub struct Workers<S> {
    shared: Arc<Shared<S>>,
    patience: Duration,
}

struct Shared<S> {
    /// They close when nobody can put work into them any more.
    lines: Arc<Lines<Job<S>>>,
    /// What whoever asks works with, where there are no threads.
    without_threads: Option<Mutex<S>>,
}

impl<S> Drop for Shared<S> {
    fn drop(&mut self) {
        self.lines.close();
    }
}

/// A place in the queue that is kept for one piece of work. Dropped unused, it is free for others.
#[must_use = "a place is reserved for work"]
pub struct ReservedPlace<S> {
    shared: Arc<Shared<S>>,
    source: WorkSource,
    used: bool,
}

impl<S: Send + 'static> Workers<S> {
    /// Starts the threads. `state` makes what each of them works with.
    pub fn start(name: &str, bounds: Bounds, state: impl Fn() -> S + Clone + Send + 'static) -> Self {
        let lines = Arc::new(Lines::new(bounds.waiting_max));
        let without_threads = (bounds.threads == 0).then(|| Mutex::new(state()));
        for n in 0..bounds.threads {
            let (lines, state) = (Arc::clone(&lines), state.clone());
            thread::Builder::new()
                .name(format!("{name}-{n}"))
                .spawn(move || {
                    bounds.priority.of_this_thread();
                    work(&lines, state);
                })
                .expect("the system has a thread left at start");
        }
        Self { shared: Arc::new(Shared { lines, without_threads }), patience: bounds.patience }
    }

    /// Reserves a place in the queue, if one is free.
    pub fn reserve(&self) -> Result<ReservedPlace<S>, WorkError> {
        self.place(WorkSource::SERVER)
    }

    /// Reserves a place in the line of a source, if one is free.
    pub fn reserve_for(&self, source: WorkSource) -> Result<ReservedPlace<S>, WorkError> {
        self.place(source)
    }

    /// Does `work` on one of the threads when the turn of its source has come.
    pub async fn run<T: Send + 'static>(
        &self,
        source: WorkSource,
        work: impl FnOnce(&mut S) -> T + Send + 'static,
    ) -> Result<T, WorkError> {
        let answer = self.place(source)?.put(false, work);
        tokio::time::timeout(self.patience, answer).await.unwrap_or(Err(WorkError::Busy))
    }

    fn place(&self, source: WorkSource) -> Result<ReservedPlace<S>, WorkError> {
        let gave_way = self.shared.lines.take_place(source).map_err(|_| WorkError::Busy)?;
        if let Some(job) = gave_way {
            job(None);
        }
        Ok(ReservedPlace { shared: Arc::clone(&self.shared), source, used: false })
    }
}

impl<S: Send + 'static> ReservedPlace<S> {
    /// Does `work` on one of the threads. The wait is bounded by what stood in the queue before it.
    pub async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce(&mut S) -> T + Send + 'static,
    ) -> Result<T, WorkError> {
        self.put(true, work).await
    }

    async fn put<T: Send + 'static>(
        mut self,
        reserved: bool,
        work: impl FnOnce(&mut S) -> T + Send + 'static,
    ) -> Result<T, WorkError> {
        if let Some(state) = &self.shared.without_threads {
            // A panic is the caller's own.
            return Ok(work(&mut state.lock().unwrap_or_else(PoisonError::into_inner)));
        }
        let (reply, answer) = oneshot::channel();
        let job: Job<S> = Box::new(move |state| {
            // The caller may have stopped waiting.
            if !reply.is_closed() {
                let _ = reply.send(state.map(work).ok_or(WorkError::Busy));
            }
        });
        self.used = true;
        self.shared.lines.put(self.source, Waiting { job, reserved });
        // A panic drops the reply; so does the end of the threads, which is the end of the process.
        answer.await.unwrap_or(Err(WorkError::Faulted))
    }
}

impl<S> Drop for ReservedPlace<S> {
    fn drop(&mut self) {
        if !self.used {
            self.shared.lines.give_back(self.source);
        }
    }
}

fn work<S>(lines: &Lines<Job<S>>, new_state: impl Fn() -> S) {
    let mut state = new_state();
    while let Some(job) = lines.next() {
        // What a panic left of the state is thrown away.
        if catch_unwind(AssertUnwindSafe(|| job(Some(&mut state)))).is_err() {
            state = new_state();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    fn bounds(waiting_max: usize) -> Bounds {
        Bounds { threads: 1, waiting_max, patience: Duration::from_secs(60), priority: Priority::Normal }
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
        assert_eq!(pool.run(WorkSource::SERVER, |()| 3).await, Err(WorkError::Busy));
        open.send(()).expect("the gate is there");
        assert_eq!(waiting.await, Ok(2));
        assert_eq!(pool.run(WorkSource::SERVER, |()| 4).await, Ok(4));
    }

    /// Goal: S-1: a caller that fills the queue keeps no other one out: the newest of its own work is refused instead.
    /// Method: one thread held by a gate, a queue of two that one source fills.
    #[tokio::test]
    async fn a_source_that_fills_the_queue_gives_way() {
        let pool = Arc::new(Workers::start("test", bounds(2), || ()));
        let open = gate(&pool).await;
        let crowd: Vec<_> =
            (0..2).map(|n| pool.place(WorkSource::of(1)).expect("a place").put(false, move |()| n)).collect();
        let mut crowd = crowd.into_iter().map(tokio::spawn);
        let (first, second) = (crowd.next().expect("one"), crowd.next().expect("two"));
        tokio::task::yield_now().await; // Both wait in the queue now.
        let other = pool.place(WorkSource::of(2)).expect("a place").put(false, |()| 7);
        assert_eq!(second.await.expect("no panic"), Err(WorkError::Busy));
        open.send(()).expect("the gate is there");
        assert_eq!(other.await, Ok(7));
        assert_eq!(first.await.expect("no panic"), Ok(0));
    }

    /// Goal: ONE-SLOW-HURTS-NONE: work of another source waits behind one piece of a long line, also where all places were reserved.
    /// Method: one thread held by a gate; twenty pieces of one source, then one of another.
    #[tokio::test]
    async fn places_of_a_source_stand_in_its_own_line() {
        let pool = Workers::start("test", bounds(32), || ());
        let open = gate(&pool).await;
        let (done, order) = channel();
        let mut all = Vec::new();
        for source in [WorkSource::of(1); 20].into_iter().chain([WorkSource::SERVER]) {
            let (place, done) = (pool.reserve_for(source).expect("a place"), done.clone());
            all.push(tokio::spawn(place.run(move |()| done.send(source).expect("somebody counts"))));
        }
        tokio::task::yield_now().await; // All of them wait now.
        open.send(()).expect("the gate is there");
        for one in all {
            one.await.expect("no panic").expect("it was done");
        }
        let order: Vec<WorkSource> = order.try_iter().collect();
        let turn = order.iter().position(|source| *source == WorkSource::SERVER);
        assert!(turn.is_some_and(|turn| turn <= 1), "{order:?}");
    }

    /// Goal: a place that was reserved is there when the work comes, however many ask meanwhile; an unused one is free again.
    #[tokio::test]
    async fn a_reserved_place_is_kept() {
        let pool = Workers::start("test", bounds(1), || ());
        let place = pool.reserve().expect("a place");
        assert_eq!(pool.run(WorkSource::SERVER, |()| 1).await, Err(WorkError::Busy));
        assert_eq!(place.run(|()| 2).await, Ok(2));
        drop(pool.reserve().expect("a place"));
        assert_eq!(pool.run(WorkSource::SERVER, |()| 3).await, Ok(3));
    }

    /// Goal: a caller whose waiting time is over is told so, and a caller that reserved a place waits on.
    #[tokio::test]
    async fn patience_ends_and_a_reserved_place_does_not() {
        let pool = Workers::start("test", Bounds { patience: Duration::ZERO, ..bounds(8) }, || ());
        let open = gate(&pool).await;
        let kept = tokio::spawn(pool.reserve().expect("a place").run(|()| 1));
        assert_eq!(pool.run(WorkSource::SERVER, |()| 2).await, Err(WorkError::Busy));
        open.send(()).expect("the gate is there");
        assert_eq!(kept.await.expect("no panic"), Ok(1));
    }

    /// Goal: where nothing may depend on how threads are scheduled, work is done without any, and keeps its state.
    #[tokio::test]
    async fn without_threads_work_is_done_where_it_is_asked_for() {
        let here = thread::current().id();
        let pool = Workers::start("test", Bounds { threads: 0, ..bounds(1) }, || 0);
        let count = |state: &mut i32| {
            *state += 1;
            (thread::current().id(), *state)
        };
        assert_eq!(pool.run(WorkSource::SERVER, count).await, Ok((here, 1)));
        assert_eq!(pool.reserve().expect("a place").run(count).await, Ok((here, 2)));
        for _ in 0..2 {
            assert!(pool.reserve().is_ok(), "what was given back is there again");
        }
    }

    /// Goal: one piece of work that panics costs its caller an answer of its own, and nobody else a thread or a spoiled state.
    #[tokio::test]
    async fn work_that_panics_is_answered_and_its_thread_goes_on() {
        let pool = Workers::start("test", bounds(8), Vec::new);
        let faulted = pool.run(WorkSource::SERVER, |state: &mut Vec<u8>| {
            state.push(1);
            assert!(state.is_empty(), "a fault on purpose");
        });
        assert_eq!(faulted.await, Err(WorkError::Faulted));
        for _ in 0..3 {
            assert_eq!(pool.run(WorkSource::SERVER, |state| state.len()).await, Ok(0));
        }
    }
}
