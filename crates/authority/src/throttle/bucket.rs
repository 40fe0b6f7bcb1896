//! One count: what was used up of a number that grows back evenly, and how much is not decided yet.
//!
//! Plain arithmetic. Nothing here knows what is counted, and nothing reads a clock.

use adieu_core::{Span, Timestamp};

/// How much there is, and how fast it grows back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    max: u32,
    /// How long one takes to grow back.
    one_ms: i64,
}

impl Pace {
    /// So many in a window; none if there is no limit.
    pub(super) fn of(max: u32, window: Span) -> Option<Self> {
        let one_ms = (window.ms() / i64::from(max.max(1))).max(1);
        (max > 0 && window.ms() > 0).then_some(Self { max, one_ms })
    }

    const fn window_ms(self) -> i64 {
        self.one_ms.saturating_mul(self.max as i64)
    }
}

/// What limits a count.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limit {
    /// How many may be used up; none is no limit.
    pub(super) pace: Option<Pace>,
    /// How many may be undecided at one time; 0 is no limit.
    pub(super) undecided_max: u32,
}

impl Limit {
    /// Whether there is anything to count.
    pub(super) const fn counts(self) -> bool {
        self.pace.is_some() || self.undecided_max > 0
    }
}

/// Why a try is not taken now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TryRefused {
    /// Others that are about to be decided come first.
    Busy,
    /// Nothing is left; one will have grown back after so long.
    UsedUp(Span),
}

/// One count.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bucket {
    /// The moment at which all will have grown back.
    full_at_ms: i64,
    /// Tries that are not decided. Each of them may use one up.
    undecided: u32,
}

impl Bucket {
    /// Whether another try may be taken.
    pub(super) fn admits(&self, limit: Limit, now: Timestamp) -> Result<(), TryRefused> {
        if let Some(pace) = limit.pace {
            let left = self.left(pace, now);
            if left == 0 {
                let wait = self.used_ms(pace, now) - (pace.window_ms() - pace.one_ms);
                return Err(TryRefused::UsedUp(Span::from_ms(wait.max(1))));
            }
            if self.undecided >= left {
                return Err(TryRefused::Busy);
            }
        }
        if limit.undecided_max > 0 && self.undecided >= limit.undecided_max {
            return Err(TryRefused::Busy);
        }
        Ok(())
    }

    pub(super) const fn begin(&mut self) {
        self.undecided += 1;
    }

    pub(super) const fn decided(&mut self) {
        self.undecided = self.undecided.saturating_sub(1);
    }

    /// How many are left, undecided tries not counted.
    pub(super) fn left(&self, pace: Pace, now: Timestamp) -> u32 {
        u32::try_from((pace.window_ms() - self.used_ms(pace, now)).max(0) / pace.one_ms).unwrap_or(u32::MAX)
    }

    /// Uses one up.
    pub(super) fn spend(&mut self, pace: Pace, now: Timestamp) {
        self.full_at_ms = now.ms().saturating_add(self.used_ms(pace, now)).saturating_add(pace.one_ms);
    }

    pub(super) const fn forgive(&mut self) {
        self.full_at_ms = 0;
    }

    /// Whether forgetting it would forgive anything.
    pub(super) fn owes(&self, now: Timestamp) -> bool {
        self.undecided > 0 || self.full_at_ms > now.ms()
    }

    /// Never more than the window, so that a clock that was set back keeps nobody waiting for longer.
    fn used_ms(&self, pace: Pace, now: Timestamp) -> i64 {
        self.full_at_ms.saturating_sub(now.ms()).clamp(0, pace.window_ms())
    }
}
