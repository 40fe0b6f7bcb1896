//! Work that waits, in one line for each source, and whose turn is next.
//!
//! Threads take from the lines in turn, so whoever asks for much waits behind the own work and delays no other source by more
//! than one piece. When all places are taken, the longest line gives its newest piece up for a source with a shorter one.
//! Nothing here knows what the work is, and nothing here does it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::WorkSource;

/// A piece of work that waits.
pub(crate) struct Waiting<J> {
    pub(crate) job: J,
    /// Whether its place was reserved: such work never gives way.
    pub(crate) reserved: bool,
}

/// What one source waits for.
struct Line<J> {
    waiting: VecDeque<Waiting<J>>,
    /// Places that it takes: what waits, and what is reserved and not given yet.
    places: usize,
}

impl<J> Default for Line<J> {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), places: 0 }
    }
}

struct State<J> {
    lines: HashMap<WorkSource, Line<J>>,
    /// The sources of which something waits, in the order of their turns.
    turns: VecDeque<WorkSource>,
    places: usize,
    closed: bool,
}

/// All lines of one pool.
pub(crate) struct Lines<J> {
    state: Mutex<State<J>>,
    changed: Condvar,
    places_max: usize,
}

/// No place is free.
pub(crate) struct Full;

impl<J> Lines<J> {
    pub(crate) fn new(places_max: usize) -> Self {
        let state = State { lines: HashMap::new(), turns: VecDeque::new(), places: 0, closed: false };
        Self { state: Mutex::new(state), changed: Condvar::new(), places_max }
    }

    /// Takes a place for a source. What had to give way for it is handed back, to be refused.
    pub(crate) fn take_place(&self, source: WorkSource) -> Result<Option<J>, Full> {
        let mut state = self.lock();
        let gave_way = if state.places >= self.places_max {
            Some(state.shorten_the_longest(source).ok_or(Full)?)
        } else {
            None
        };
        state.places += 1;
        state.lines.entry(source).or_default().places += 1;
        Ok(gave_way)
    }

    /// Gives a place back that nothing was put into.
    pub(crate) fn give_back(&self, source: WorkSource) {
        self.lock().free_place(source);
    }

    /// Puts work into a place that its source has taken.
    pub(crate) fn put(&self, source: WorkSource, work: Waiting<J>) {
        let mut state = self.lock();
        let line = state.lines.entry(source).or_default();
        line.waiting.push_back(work);
        if line.waiting.len() == 1 {
            state.turns.push_back(source);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// The work whose turn is next; waits until there is some. Its place is free then. None when the lines are closed and
    /// empty.
    pub(crate) fn next(&self) -> Option<J> {
        let mut state = self.lock();
        loop {
            if let Some(work) = state.next() {
                return Some(work.job);
            }
            if state.closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Nobody will put anything any more.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> State<J> {
    fn next(&mut self) -> Option<Waiting<J>> {
        let source = self.turns.pop_front()?;
        let line = self.lines.get_mut(&source)?;
        let work = line.waiting.pop_front();
        if !line.waiting.is_empty() {
            self.turns.push_back(source);
        }
        self.free_place(source);
        work
    }

    fn free_place(&mut self, source: WorkSource) {
        self.places = self.places.saturating_sub(1);
        if let Some(line) = self.lines.get_mut(&source) {
            line.places = line.places.saturating_sub(1);
            if line.places == 0 {
                self.lines.remove(&source);
            }
        }
    }

    /// The newest piece of the longest line, if that line stays at least as long as the one of `source` becomes.
    fn shorten_the_longest(&mut self, source: WorkSource) -> Option<J> {
        let own = self.lines.get(&source).map_or(0, |line| line.places);
        let gives = |line: &Line<J>| line.waiting.iter().any(|work| !work.reserved);
        let longest = self.lines.iter().filter(|(_, line)| gives(line));
        let (longest, places) =
            longest.map(|(source, line)| (*source, line.places)).max_by_key(|(_, places)| *places)?;
        if places <= own + 1 {
            return None;
        }
        let line = self.lines.get_mut(&longest)?;
        let newest = line.waiting.iter().rposition(|work| !work.reserved)?;
        let work = line.waiting.remove(newest)?;
        if line.waiting.is_empty() {
            self.turns.retain(|source| *source != longest);
        }
        self.free_place(longest);
        Some(work.job)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(n: u128) -> WorkSource {
        WorkSource::of(n)
    }

    fn put(lines: &Lines<&'static str>, n: u128, job: &'static str) -> Result<Option<&'static str>, Full> {
        let gave_way = lines.take_place(source(n))?;
        lines.put(source(n), Waiting { job, reserved: false });
        Ok(gave_way)
    }

    fn all(lines: &Lines<&'static str>) -> Vec<&'static str> {
        lines.close();
        std::iter::from_fn(|| lines.next()).collect()
    }

    /// Goal: S-1: a caller that asks for much delays no other one by more than one piece of work.
    #[test]
    fn sources_take_turns() {
        let lines = Lines::new(16);
        for job in ["a1", "a2", "a3", "a4"] {
            assert!(put(&lines, 1, job).is_ok());
        }
        assert!(put(&lines, 2, "b1").is_ok() && put(&lines, 3, "c1").is_ok() && put(&lines, 2, "b2").is_ok());
        assert_eq!(all(&lines), ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]);
    }

    /// Goal: S-1: a source that fills all places keeps no other one out; the newest of its work gives way, and lines of the
    /// same length do not push each other out.
    #[test]
    fn the_longest_line_gives_way() {
        let lines = Lines::new(4);
        for job in ["a1", "a2", "a3", "a4"] {
            assert!(put(&lines, 1, job).is_ok());
        }
        assert!(put(&lines, 1, "a5").is_err(), "no line pushes out its own");
        assert_eq!(put(&lines, 2, "b1").ok().flatten(), Some("a4"));
        assert_eq!(put(&lines, 2, "b2").ok().flatten(), Some("a3"));
        assert!(put(&lines, 2, "b3").is_err(), "both are as long as each other");
        assert_eq!(put(&lines, 3, "c1").ok().flatten().map(|job| &job[1..]), Some("2"));
        let done = all(&lines);
        assert_eq!(done.len(), 4);
        assert!(done.contains(&"c1"), "{done:?}");
    }

    /// Goal: a reserved place is never taken away, neither before its work comes nor after.
    #[test]
    fn what_is_reserved_never_gives_way() {
        let lines = Lines::new(3);
        for _ in 0..3 {
            assert!(lines.take_place(source(1)).is_ok());
        }
        assert!(put(&lines, 2, "b1").is_err(), "nothing waits that could give way");
        lines.put(source(1), Waiting { job: "a1", reserved: true });
        assert!(put(&lines, 2, "b1").is_err());
        lines.give_back(source(1));
        assert!(put(&lines, 2, "b1").is_ok());
        lines.give_back(source(1));
        assert_eq!(all(&lines), ["a1", "b1"]);
    }
}
