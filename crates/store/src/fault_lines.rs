//! Lines in the log about what an engine could not do: a few in a second, and how many were left out.
//!
//! While a disk is full or a database is away, every request fails, also those of strangers: none of them may fill the disk with lines
//! (HOME-LIMITS). Decision 0116.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Lines of one kind in a second.
const LINES_MAX: u32 = 20;

/// How many lines of one kind were written in this second.
#[derive(Debug)]
pub struct FaultLines {
    begun: Instant,
    counted: Mutex<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    second: u64,
    written: u32,
    left_out: u64,
}

impl Default for FaultLines {
    #[expect(clippy::disallowed_methods, reason = "a bound on lines of a log, not a time of the domain")]
    fn default() -> Self {
        Self { begun: Instant::now(), counted: Mutex::default() }
    }
}

impl FaultLines {
    /// Whether one more line is written; says how many were left out before it.
    pub fn take(&self) -> Option<u64> {
        self.take_in(self.begun.elapsed().as_secs())
    }

    fn take_in(&self, second: u64) -> Option<u64> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.second != second {
            (counted.second, counted.written) = (second, 0);
        }
        if counted.written >= LINES_MAX {
            counted.left_out += 1;
            return None;
        }
        counted.written += 1;
        Some(std::mem::take(&mut counted.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_few_lines_and_the_next_one_says_how_many_are_missing() {
        let lines = FaultLines::default();
        assert_eq!((0..400).filter(|_| lines.take_in(7).is_some()).count(), LINES_MAX as usize);
        assert_eq!((lines.take_in(8), lines.take_in(8)), (Some(400 - u64::from(LINES_MAX)), Some(0)));
    }
}
