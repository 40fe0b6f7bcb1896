//! A bounded queue whose consumer takes all that waits.
//!
//! That is the whole of group commit: what arrived while the last batch was worked on is the next batch.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    arrived: Condvar,
    bound: usize,
}

struct State<T> {
    waiting: VecDeque<T>,
    open: bool,
    /// At least as many as there are consumers that sleep and were not woken yet. Waking a consumer that is awake costs a system call.
    asleep: usize,
}

/// Why something was not queued; it comes back.
pub(crate) enum NotQueued<T> {
    Full(T),
    Closed(T),
}

impl<T> Queue<T> {
    pub(crate) fn new(bound: usize) -> Self {
        let state = Mutex::new(State { waiting: VecDeque::new(), open: true, asleep: 0 });
        Self { state, arrived: Condvar::new(), bound }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // A panicking holder leaves the queue whole: pushes and takes do not panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep<'a>(&self, mut state: MutexGuard<'a, State<T>>) -> MutexGuard<'a, State<T>> {
        state.asleep += 1;
        self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(&self, item: T) -> Result<(), NotQueued<T>> {
        let mut state = self.lock();
        if !state.open {
            return Err(NotQueued::Closed(item));
        }
        if state.waiting.len() >= self.bound {
            return Err(NotQueued::Full(item));
        }
        state.waiting.push_back(item);
        let someone_sleeps = state.asleep > 0;
        state.asleep -= usize::from(someone_sleeps);
        drop(state);
        if someone_sleeps {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Waits for something, then takes up to `most` of what waits; `None` once closed and empty.
    pub(crate) fn take(&self, most: usize) -> Option<Vec<T>> {
        let mut state = self.lock();
        while state.waiting.is_empty() {
            if !state.open {
                return None;
            }
            state = self.sleep(state);
        }
        let count = state.waiting.len().min(most);
        Some(state.waiting.drain(..count).collect())
    }

    /// As [`Queue::take`], but lets the other threads that can run on this core run first, so that their pushes come in. Where
    /// no thread waits for the core it costs nothing; there is no timer.
    pub(crate) fn gather(&self, most: usize) -> Option<Vec<T>> {
        let mut state = self.lock();
        while state.waiting.is_empty() && state.open {
            state = self.sleep(state);
        }
        drop(state);
        std::thread::yield_now();
        self.take(most)
    }

    pub(crate) fn close(&self) {
        self.lock().open = false;
        self.arrived.notify_all();
    }

    /// Closes it and drops what waits: nobody will come for it any more.
    pub(crate) fn abandon(&self) {
        let mut state = self.lock();
        state.open = false;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        drop(waiting); // Whoever waits for one of them hears of it now.
        self.arrived.notify_all();
    }

    pub(crate) fn is_open(&self) -> bool {
        self.lock().open
    }

    /// Whether something of a kind waits.
    pub(crate) fn any_waits(&self, is_of_kind: impl FnMut(&T) -> bool) -> bool {
        self.lock().waiting.iter().any(is_of_kind)
    }

    pub(crate) fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: no wake is lost, whether the consumers sleep, are about to, or work.
    #[test]
    fn whatever_is_pushed_is_taken() {
        const EACH: usize = 20_000;
        let queue = Queue::new(usize::MAX);
        let count = |taken: fn(&Queue<usize>) -> Option<Vec<usize>>| {
            let mut count = 0;
            while let Some(some) = taken(&queue) {
                count += some.len();
            }
            count
        };
        let taken = std::thread::scope(|scope| {
            let consumers = [
                scope.spawn(|| count(|queue| queue.gather(7))),
                scope.spawn(|| count(|queue| queue.take(1))),
            ];
            for producer in
                [0, 1].map(|_| scope.spawn(|| (0..EACH).for_each(|n| assert!(queue.push(n).is_ok()))))
            {
                producer.join().expect("a producer");
            }
            queue.close();
            consumers.map(|consumer| consumer.join().expect("a consumer")).iter().sum::<usize>()
        });
        assert_eq!(taken, 2 * EACH);
    }

    /// Goal: HOME-LIMITS, a full queue refuses; a closed one gives out what it has and then ends.
    #[test]
    fn a_queue_has_a_bound_and_an_end() {
        let queue = Queue::new(2);
        assert!(queue.push(1).is_ok() && queue.push(2).is_ok());
        assert!(matches!(queue.push(3), Err(NotQueued::Full(3))));
        queue.close();
        assert!(matches!(queue.push(4), Err(NotQueued::Closed(4))));
        assert_eq!(queue.take(1), Some(vec![1]));
        assert_eq!(queue.take(9), Some(vec![2]));
        assert_eq!(queue.take(9), None);
    }
}
