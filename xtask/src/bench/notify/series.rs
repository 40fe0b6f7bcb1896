//! Times of one kind, and the rows of the table: each ratio with what is allowed, and whether that is met.
//!
//! The clocks of what is measured are here, too.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds, sorted.
pub(crate) struct Series(Vec<f64>);

/// What a ratio may be.
#[derive(Clone, Copy)]
pub(crate) enum RatioLimit {
    AtMost(f64),
    AtLeast(f64),
    /// Anything: it stands beside what has a limit.
    Any,
}

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

    fn shown(&self) -> String {
        format!("{:.2} | {:.2}", self.at(0.5), self.at(0.99))
    }
}

impl RatioLimit {
    fn shown(self, value: f64) -> String {
        let (words, bound, met) = match self {
            Self::AtMost(bound) => ("at most", bound, value <= bound),
            Self::AtLeast(bound) => ("at least", bound, value >= bound),
            Self::Any => return format!("{value:.2} | |"),
        };
        format!("{value:.2} | {words} {bound} | {}", if met { "met" } else { "missed" })
    }
}

/// The head of a table.
pub(crate) fn head(title: &str) {
    println!("\n{title}\n");
    println!("| What | p50, ms | p99, ms | ratio | allowed | |");
    println!("|---|---|---|---|---|---|");
}

/// What others are measured against.
pub(crate) fn unit(what: &str, series: &Series) {
    println!("| {what} | {} | 1 | | |", series.shown());
}

/// A series that has to keep to a ratio of medians.
pub(crate) fn row(what: &str, series: &Series, by: &Series, limit: RatioLimit) {
    println!("| {what} | {} | {} |", series.shown(), limit.shown(series.by(by)));
}

/// A figure that has to keep to a ratio.
pub(crate) fn figure(what: &str, value: &str, ratio: f64, limit: RatioLimit) {
    println!("| {what} | {value} | | {} |", limit.shown(ratio));
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
