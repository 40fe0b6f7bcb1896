//! A clock that stands until it is moved, and chance that repeats itself.
//!
//! A run with the same seed draws the same ids and secrets.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use adieu_core::{Clock, Entropy, Span, Timestamp};
use sha2::{Digest, Sha256};

/// A clock that only the test moves.
pub struct FrozenClock(AtomicI64);

impl FrozenClock {
    /// A clock that shows 2026-11-20 09:14:07.312 UTC.
    pub fn new() -> Self {
        Self(AtomicI64::new(1_795_166_047_312))
    }

    /// Moves it forward.
    pub fn advance(&self, span: Span) {
        self.0.fetch_add(span.ms(), Ordering::SeqCst);
    }
}

impl Default for FrozenClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for FrozenClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.0.load(Ordering::SeqCst))
    }
}

/// Bytes that look random and are the same in every run.
pub struct SeededEntropy {
    seed: u64,
    drawn: AtomicU64,
}

impl SeededEntropy {
    /// A source for one seed.
    pub const fn new(seed: u64) -> Self {
        Self { seed, drawn: AtomicU64::new(0) }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let drawn = self.drawn.fetch_add(1, Ordering::Relaxed);
            let block = Sha256::new()
                .chain_update(self.seed.to_be_bytes())
                .chain_update(drawn.to_be_bytes())
                .finalize();
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}
