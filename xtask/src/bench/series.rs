//! Times of one kind, and the clocks of what is measured.
//!
//! What is printed of them is in `report`.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds, sorted.
pub(crate) struct Series(Vec<f64>);

impl Series {
    pub(crate) fn of(mut ms: Vec<f64>) -> Self {
        ms.sort_by(f64::total_cmp);
        Self(ms)
    }

    /// The value below which such a part of them lies.
    pub(crate) fn at(&self, part: f64) -> f64 {
        let place = (self.0.len().saturating_sub(1) as f64 * part).round() as usize;
        self.0.get(place).copied().unwrap_or(f64::NAN)
    }

    /// The ratio of the medians.
    pub(crate) fn by(&self, unit: &Self) -> f64 {
        self.at(0.5) / unit.at(0.5)
    }
}

#[expect(clippy::disallowed_methods, reason = "what is measured is a real process in real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Nanoseconds since 1970: what two processes of one machine can compare.
#[expect(clippy::disallowed_methods, reason = "what is measured is a real process in real time")]
pub(crate) fn now_ns() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos())
}
