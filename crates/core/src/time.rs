//! Moments, spans and the clock that tells them, as arguments.
//!
//! Only the binary makes a real clock; tests freeze theirs. Nothing here reads one.

use std::fmt;

/// A moment: milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment `ms` milliseconds after 1970-01-01 UTC.
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since 1970-01-01 UTC.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01 UTC, rounded down.
    pub const fn s(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This moment and `span` more; stays at the last moment instead of overflowing.
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// How long after `earlier` this is; nothing if it is before.
    pub const fn since(self, earlier: Self) -> Span {
        let ms = self.0.saturating_sub(earlier.0);
        Span(if ms < 0 { 0 } else { ms })
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ms", self.0)
    }
}

/// A length of time in milliseconds, never negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Span(i64);

impl Span {
    /// `ms` milliseconds; a negative number is none.
    pub const fn from_ms(ms: i64) -> Self {
        Self(if ms < 0 { 0 } else { ms })
    }

    /// `s` seconds.
    pub const fn from_s(s: i64) -> Self {
        Self::from_ms(s.saturating_mul(1000))
    }

    /// Milliseconds.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// Whole seconds, rounded down.
    pub const fn s(self) -> i64 {
        self.0 / 1000
    }

    /// A `parts`th of this span.
    pub const fn part(self, parts: i64) -> Self {
        Self(self.0 / parts)
    }
}

/// Tells the time. `adieu` has the real one, tests a frozen one.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_saturates_instead_of_wrapping() {
        let last = Timestamp::from_ms(i64::MAX);
        assert_eq!(last.plus(Span::from_s(1)), last);
        assert_eq!(Timestamp::from_ms(5).since(Timestamp::from_ms(9)), Span::from_ms(0));
        assert_eq!(Timestamp::from_ms(-1).s(), -1);
        assert_eq!(Span::from_s(i64::MAX).ms(), i64::MAX);
    }
}
