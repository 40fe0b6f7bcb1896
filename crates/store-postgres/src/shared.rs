//! What all parts of one store share: the ciphers of public ids, what only memory knows, and how the store is.
//!
//! Nothing here speaks to the database.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use adieu_core::{EndingIdCipher, InstallationKey, SessionId, SessionIdCipher, Timestamp};
use adieu_store::{FaultLines, Health};

use crate::activity::SeenActivity;
use crate::vitals::Vitals;

/// The ciphers of public ids.
pub(crate) struct Ciphers {
    pub(crate) sessions: SessionIdCipher,
    pub(crate) endings: EndingIdCipher,
}

impl Ciphers {
    pub(crate) fn new(key: &InstallationKey) -> Self {
        Self { sessions: SessionIdCipher::new(key), endings: EndingIdCipher::new(key) }
    }
}

/// What all parts of one store share.
pub(crate) struct Shared {
    pub(crate) ciphers: Ciphers,
    pub(crate) activity: SeenActivity,
    pub(crate) health: Health,
    /// Lines about questions and about batches that failed.
    pub(crate) unasked: FaultLines,
    pub(crate) uncommitted: FaultLines,
    pub(crate) ticks: Ticks,
    pub(crate) vitals: Arc<Vitals>,
    /// Since when this node gives notices out; none if nobody has asked it for any.
    pub(crate) telling_since: OnceLock<Timestamp>,
}

impl Shared {
    /// The last activity of a session of which this one is written down: memory may know a later one of the same incarnation,
    /// and ids of two incarnations differ.
    pub(crate) fn seen_at(&self, id: SessionId, written: Timestamp) -> Timestamp {
        self.activity.seen_at(id).map_or(written, |seen| seen.max(written))
    }
}

/// Numbers of the lines of this node: they rise with time, and from each line of this node to the next.
#[derive(Default)]
pub(crate) struct Ticks(AtomicU64);

/// Ticks in a millisecond.
const TICKS_MS: u64 = 1 << 10;
/// Above all ticks that a line has room for.
const TICKS: u64 = 1 << 52;

impl Ticks {
    /// The next tick: not before `now`, and above all in `behind`.
    pub(crate) fn next(&self, now: Timestamp, behind: u64) -> u64 {
        let by_clock = u64::try_from(now.ms()).unwrap_or(0).saturating_mul(TICKS_MS).min(TICKS / 2);
        let least = by_clock.max(behind + 1);
        let before = self.0.fetch_max(least, Ordering::Relaxed);
        if before < least { least } else { self.0.fetch_add(1, Ordering::Relaxed) + 1 }
    }
}
