//! How many lines are written of requests that anybody may send and that are refused or not served.
//!
//! So a flood costs no disk, at whichever mount, and a flood of one mistake hides no other (HOME-LIMITS). What is left out is counted
//! in the next line of its kind.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use adieu_core::Timestamp;

use crate::sign_on_outcome::RefusalLines;

/// Lines of each kind in a second, as many as of each reason for which a client is refused.
pub(crate) const LINES_MAX: u64 = 20;

/// One more line may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineTaken {
    /// How many of its kind were left out before it, if any were.
    pub left_out: Option<u64>,
}

/// How many were written in this second, by channel and reason: words of the source, so that there are not many.
#[derive(Default)]
pub(crate) struct RequestLines(Mutex<BTreeMap<(&'static str, &'static str), RefusalLines>>);

impl RequestLines {
    pub(crate) fn take(&self, kind: (&'static str, &'static str), now: Timestamp) -> Option<LineTaken> {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left_out = kinds.entry(kind).or_default().take_up_to(LINES_MAX, now)?;
        Some(LineTaken { left_out: (left_out > 0).then_some(left_out) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: HOME-LIMITS: of each kind so many lines in a second, and the next one says how many were left out.
    #[test]
    fn a_flood_of_one_kind_is_bounded_and_hides_no_other() {
        let (lines, now) = (RequestLines::default(), Timestamp::from_ms(7000));
        let flood = (0..1000).filter(|_| lines.take(("am", "outage"), now).is_some());
        assert_eq!(flood.count() as u64, LINES_MAX);
        assert_eq!(lines.take(("kratos", "outage"), now), Some(LineTaken { left_out: None }));
        let later = now.plus(adieu_core::Span::from_s(1));
        let left_out = Some(1000 - LINES_MAX);
        assert_eq!(lines.take(("am", "outage"), later), Some(LineTaken { left_out }));
    }
}
