//! How often which answer was given to "is this session live?".
//!
//! Counts only; the recorder stands in the binary.

use adieu_core::{Check, FoundSession};
use adieu_core::{Outage, Verdict};

/// How often which answer was given. The handles are got once: a check is too cheap to look them up.
#[derive(Clone)]
pub(crate) struct Counts {
    live: metrics::Counter,
    not_live: metrics::Counter,
    cannot_tell: metrics::Counter,
}

impl Counts {
    pub(crate) fn new() -> Self {
        Self {
            live: metrics::counter!("adieu_checks_total", "answer" => "live"),
            not_live: metrics::counter!("adieu_checks_total", "answer" => "not_live"),
            cannot_tell: metrics::counter!("adieu_checks_total", "answer" => "cannot_tell"),
        }
    }

    pub(crate) fn count(&self, answer: &Result<Check, Outage>) {
        match answer {
            Ok(Check::Live(_)) => self.live.increment(1),
            Ok(Check::Half(_) | Check::Not(_)) => self.not_live.increment(1),
            Err(_) => self.cannot_tell.increment(1),
        }
    }

    /// A look by public id asks the same question.
    pub(crate) fn count_verdict(&self, answer: &Result<Option<FoundSession>, Outage>) {
        match answer {
            Ok(Some(FoundSession { verdict: Verdict::Live, .. })) => self.live.increment(1),
            Ok(_) => self.not_live.increment(1),
            Err(_) => self.cannot_tell.increment(1),
        }
    }
}
