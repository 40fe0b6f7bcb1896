//! An order on its way: run in a batch, again and again until nothing is missing, then answered.
//!
//! A question is a job, too: it writes nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};

use adieu_core::{Outage, Unwritten};
use tokio::sync::oneshot;

use crate::batch::{Batch, LockHint};
use crate::error::{Closed, damage};
use crate::working::{Halt, Looked};

/// An order on its way.
pub(crate) trait Job: Send {
    /// Runs it; its outcome is kept for the answer.
    fn run(&mut self, batch: &mut Batch) -> Looked<()>;
    fn answer(self: Box<Self>, failure: Option<Unwritten>);
}

/// An order with what it comes to.
struct Order<T, E, F> {
    work: F,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job for Order<T, E, F>
where
    T: Send,
    E: From<Unwritten> + Send,
    F: FnMut(&mut Batch) -> Looked<Result<T, E>> + Send,
{
    fn run(&mut self, batch: &mut Batch) -> Looked<()> {
        let outcome = (self.work)(batch)?;
        debug_assert!(
            outcome.is_ok() || batch.is_refused_in_writing() || !batch.is_touched(),
            "an order that is refused has written something"
        );
        self.outcome = Some(outcome);
        Ok(())
    }

    fn answer(self: Box<Self>, failure: Option<Unwritten>) {
        let outcome = match failure {
            Some(failure) => Err(E::from(failure)),
            None => self.outcome.unwrap_or_else(|| Err(Unwritten::NotTaken(Closed.into()).into())),
        };
        let _ = self.reply.send(outcome); // Nobody waits any more: the commit stands all the same.
    }
}

/// How far a job has come in its batch.
pub(crate) enum JobState {
    Waiting,
    Done,
    /// It alone does not go on.
    Failed(Unwritten),
    /// It goes into the next batch.
    Deferred,
}

/// A job with what is known of it.
pub(crate) struct Queued {
    job: Box<dyn Job>,
    pub(crate) state: JobState,
    /// Locks that it needed when it was put off.
    pub(crate) hints: Vec<LockHint>,
    /// How often it was put off.
    pub(crate) deferred: u32,
}

impl Queued {
    pub(crate) fn new<T, E, F>(work: F, reply: oneshot::Sender<Result<T, E>>) -> Self
    where
        T: Send + 'static,
        E: From<Unwritten> + Send + 'static,
        F: FnMut(&mut Batch) -> Looked<Result<T, E>> + Send + 'static,
    {
        let job = Box::new(Order { work, outcome: None, reply });
        Self { job, state: JobState::Waiting, hints: Vec::new(), deferred: 0 }
    }

    /// Runs it once, and undoes what it did if it does not come to its end or is not to keep it; says whether something is missing.
    pub(crate) fn run(&mut self, batch: &mut Batch, keeps: bool) -> bool {
        batch.begin_order();
        // What a panic leaves half done is undone with the rest.
        let ran = catch_unwind(AssertUnwindSafe(|| self.job.run(batch)));
        let state = match ran {
            Ok(Ok(())) if keeps => {
                self.state = JobState::Done;
                return false;
            }
            Ok(Ok(())) => JobState::Waiting,
            Ok(Err(Halt::Missing)) => {
                batch.undo_order();
                return true;
            }
            Ok(Err(Halt::Deferred)) => {
                self.hints = batch.take_hints();
                JobState::Deferred
            }
            Ok(Err(Halt::Damaged(damaged))) => JobState::Failed(Unwritten::NotTaken(damage(damaged))),
            // An order that panics is not to be sent again: it would panic again.
            Err(_) => {
                JobState::Failed(Unwritten::InDoubt(Outage::new("an order met a fault of the program")))
            }
        };
        batch.undo_order();
        self.state = state;
        false
    }

    pub(crate) fn answer(self, failure: Option<Unwritten>) {
        self.job.answer(match self.state {
            JobState::Failed(own) => Some(own),
            JobState::Waiting | JobState::Done | JobState::Deferred => failure,
        });
    }
}

/// Runs all that wait, in their order; keeps what they did up to the first one that misses something, so that each sees what the ones
/// before it did. Says whether something is missing.
pub(crate) fn run_all(jobs: &mut [Queued], batch: &mut Batch) -> bool {
    let mut missing = false;
    for queued in jobs.iter_mut().filter(|queued| matches!(queued.state, JobState::Waiting)) {
        missing |= queued.run(batch, !missing);
    }
    missing
}
