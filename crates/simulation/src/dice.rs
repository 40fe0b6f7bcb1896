//! Chance that follows from a seed, and nothing else.
//!
//! SplitMix64: small, fast, the same on every machine. Nothing here is secret.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use adieu_core::Entropy;

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

fn mixed(state: u64) -> u64 {
    let one = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let two = (one ^ (one >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    two ^ (two >> 31)
}

/// A source of chance.
pub(crate) struct SeededDice(u64);

impl SeededDice {
    /// One of several sources of a seed.
    pub(crate) fn of(seed: u64, stream: u64) -> Self {
        Self(mixed(seed.wrapping_add(stream.wrapping_mul(STEP))))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mixed(self.0)
    }

    /// A number below `end`; zero if that is zero.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.next() % end }
    }

    /// A number below `end`, for places in a list.
    pub(crate) fn index(&mut self, end: usize) -> usize {
        self.below(end as u64) as usize
    }

    /// Whether something happens that happens so often in a thousand times.
    pub(crate) fn chance(&mut self, permille: u64) -> bool {
        self.below(1000) < permille
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.index(from.len())]
    }

    /// One of some weighted choices.
    pub(crate) fn weighted<T: Copy>(&mut self, choices: &[(u64, T)]) -> T {
        let mut left = self.below(choices.iter().map(|(weight, _)| weight).sum());
        for (weight, choice) in choices {
            match left.checked_sub(*weight) {
                Some(rest) => left = rest,
                None => return *choice,
            }
        }
        choices[0].1
    }
}

/// Dice that many tasks of one thread roll.
pub(crate) struct SharedDice(Mutex<SeededDice>);

impl SharedDice {
    pub(crate) fn of(seed: u64, stream: u64) -> Self {
        Self(Mutex::new(SeededDice::of(seed, stream)))
    }

    pub(crate) fn roll<T>(&self, roll: impl FnOnce(&mut SeededDice) -> T) -> T {
        roll(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Ids and secrets: the same in every run of a seed.
pub(crate) struct SeededBytes(AtomicU64);

impl SeededBytes {
    pub(crate) fn of(seed: u64, stream: u64) -> Self {
        Self(AtomicU64::new(SeededDice::of(seed, stream).next()))
    }
}

impl Entropy for SeededBytes {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let drawn = mixed(self.0.fetch_add(STEP, Ordering::Relaxed));
            chunk.copy_from_slice(&drawn.to_be_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_series_and_each_stream_its_own() {
        let series = |seed, stream| {
            let mut dice = SeededDice::of(seed, stream);
            [dice.next(), dice.next(), dice.next()]
        };
        assert_eq!(series(1, 1), series(1, 1));
        assert_ne!(series(1, 1), series(1, 2));
        assert_ne!(series(1, 1), series(2, 1));
    }

    #[test]
    fn what_is_weighted_with_nothing_never_comes() {
        let mut dice = SeededDice::of(7, 0);
        assert!((0..1000).all(|_| dice.weighted(&[(3, 'a'), (0, 'b'), (1, 'c')]) != 'b'));
    }
}
