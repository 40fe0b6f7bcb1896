//! One seed, run and judged: what is printed of it.
//!
//! A report of a seed that fails has the last things that happened, and the last acts of the store.

use std::fmt;

use crate::checker::violations;
use crate::driver::{Run, run};
use crate::network::VirtualTime;
use crate::plant::Plant;

/// Events that a report shows.
const EVENTS_SHOWN: usize = 60;

/// What came of a seed.
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// What broke a promise, in words.
    pub violations: Vec<String>,
    /// Acts of the store that took effect, or were lost on their way.
    pub acts: u64,
    /// Orders that callers gave.
    pub orders: usize,
    run: Run,
}

impl Report {
    /// A number that is the same for runs in which the same happened.
    pub fn history_hash(&self) -> u64 {
        self.run.history.hash()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events = &self.run.history.0;
        writeln!(f, "seed {}: {} violations; {:?}", self.seed, self.violations.len(), self.run.rules)?;
        writeln!(f, "history {:016x}, {} events, the last ones:", self.history_hash(), events.len())?;
        let first = events.len().saturating_sub(EVENTS_SHOWN);
        for (no, event) in events.iter().enumerate().skip(first) {
            writeln!(f, "{no:>6} {event}")?;
        }
        writeln!(f, "what is kept of notices:")?;
        for known in &self.run.facts.receipts {
            let receipt = &known.receipt;
            writeln!(
                f,
                "{} {} to {}: {:?} {:?}, over at {} ms, {} tries",
                receipt.place.line(),
                known.ending,
                receipt.receiver,
                receipt.state,
                receipt.message,
                VirtualTime::of_shown(receipt.ended_at),
                receipt.tries,
            )?;
        }
        writeln!(f, "the last acts of the store:")?;
        for step in &self.run.trail {
            writeln!(f, "{:>10} ms  node {} {} {:?}", step.at, step.node, step.act, step.fate)?;
        }
        for violation in &self.violations {
            writeln!(f, "violation: {violation}")?;
        }
        Ok(())
    }
}

/// Runs a seed on this thread and judges it.
///
/// # Errors
/// If the run cannot be made at all.
pub fn simulate(seed: u64, plant: Option<Plant>) -> anyhow::Result<Report> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    let run = runtime.block_on(run(seed, plant))?;
    // What is under way still is thrown away with the runtime.
    drop(runtime);
    let violations = violations(&run.rules, &run.history, &run.facts);
    let orders = run.history.orders();
    Ok(Report { seed, violations, acts: run.acts, orders, run })
}
