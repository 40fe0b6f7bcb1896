//! The writing thread: group commit, publication, answers, in this order.
//!
//! ENDED-IS-DURABLE: nobody is answered before the commit that carries their order is synced. NO-STALE-YES: before
//! the answer the maps say what the commit says. If an order fails on the database or panics, the batch is rolled back and
//! each order is tried alone, so that one bad page or one fault spoils one answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use adieu_core::{Hindrance, Outage, Unwritten};
use adieu_store::Pending;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::batch::{Batch, DiskRoom, WriterMemory};
use crate::error::{Closed, OpenError, QueueFull, hindrance};
use crate::hooks::HookPoint;
use crate::queue::{NotQueued, Queue};
use crate::rows;
use crate::shared::Shared;
use crate::stale::StaleEntries;

/// Orders that may wait for the writer (HOME-LIMITS): some tenths of a second of work.
const WAITING_MAX: usize = 16_384;
/// Orders of one commit; keeps a commit short enough for its callers and portable to other engines.
const BATCH_MAX: usize = 1_000;

/// One order on its way: run inside a transaction (again, if that was rolled back), then answered.
trait Job: Send {
    /// Whether a request waits for it.
    fn is_of_request(&self) -> bool;
    fn run(&mut self, batch: &mut Batch<'_>) -> rusqlite::Result<()>;
    fn answer(self: Box<Self>, failure: Option<Unwritten>);
}

struct Order<T, E, F> {
    work: F,
    is_of_request: bool,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job for Order<T, E, F>
where
    T: Send,
    E: From<Unwritten> + Send + 'static,
    F: FnMut(&mut Batch<'_>) -> rusqlite::Result<Result<T, E>> + Send,
{
    fn is_of_request(&self) -> bool {
        self.is_of_request
    }

    fn run(&mut self, batch: &mut Batch<'_>) -> rusqlite::Result<()> {
        batch.begin_order();
        let changes = batch.db.total_changes();
        let outcome = (self.work)(batch)?;
        debug_assert!(
            outcome.is_ok() || batch.is_refused_in_writing() || batch.db.total_changes() == changes,
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

pub(crate) struct Writer {
    queue: Arc<Queue<Box<dyn Job>>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread; `when_lost` is called if it can't go on, after nobody waits for it any more.
    pub(crate) fn start(
        connection: Connection,
        shared: &Arc<Shared>,
        when_lost: fn(),
    ) -> Result<Self, OpenError> {
        let queue = Arc::new(Queue::new(WAITING_MAX));
        let (orders, shared) = (Arc::clone(&queue), Arc::clone(shared));
        let newest_line = rows::newest_line(&connection).map_err(OpenError::Database)?;
        let work = move || {
            let _lost = Lost { queue: &orders, when_lost };
            let mut kept = WriterMemory { stale: StaleEntries::default(), newest_line };
            let desk = Desk { db: &connection, shared: &shared, orders: &orders };
            while let Some(jobs) = orders.gather(BATCH_MAX) {
                desk.work_off(&mut kept, jobs);
            }
        };
        let thread = thread::Builder::new().name("store-write".into()).spawn(work);
        Ok(Self { queue, thread: Some(thread.map_err(OpenError::io("store-write"))?) })
    }

    /// Queues an order that a request waits for. `work` decides and writes; it may be run again, from the start, on a rolled-back
    /// database.
    pub(crate) fn write<T, E, F>(&self, work: F) -> Pending<Result<T, E>>
    where
        T: Send + 'static,
        E: From<Unwritten> + Send + 'static,
        F: FnMut(&mut Batch<'_>) -> rusqlite::Result<Result<T, E>> + Send + 'static,
    {
        self.queue_order(work, true)
    }

    /// As [`Writer::write`], but no request waits for it: no long order gives way to it.
    pub(crate) fn write_in_background<T, E, F>(&self, work: F) -> Pending<Result<T, E>>
    where
        T: Send + 'static,
        E: From<Unwritten> + Send + 'static,
        F: FnMut(&mut Batch<'_>) -> rusqlite::Result<Result<T, E>> + Send + 'static,
    {
        self.queue_order(work, false)
    }

    fn queue_order<T, E, F>(&self, work: F, is_of_request: bool) -> Pending<Result<T, E>>
    where
        T: Send + 'static,
        E: From<Unwritten> + Send + 'static,
        F: FnMut(&mut Batch<'_>) -> rusqlite::Result<Result<T, E>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        match self.queue.push(Box::new(Order { work, is_of_request, outcome: None, reply })) {
            Ok(()) => Box::pin(async move {
                // Only a writer that died in mid-commit drops the reply.
                answer.await.unwrap_or_else(|_| Err(Unwritten::InDoubt(Closed.into()).into()))
            }),
            Err(NotQueued::Full(_)) => not_taken(QueueFull.into()),
            Err(NotQueued::Closed(_)) => not_taken(Closed.into()),
        }
    }

    /// Queues something whose answer nobody looks at; it may be dropped when the queue is full.
    pub(crate) fn write_aside<F>(&self, mut work: F)
    where
        F: FnMut(&mut Batch<'_>) -> rusqlite::Result<()> + Send + 'static,
    {
        drop(self.write_in_background::<(), Unwritten, _>(move |batch| work(batch).map(Ok)));
    }

    pub(crate) fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    /// Whether orders are still taken.
    pub(crate) fn is_open(&self) -> bool {
        self.queue.is_open()
    }
}

/// A writer that dies of a fault outside an order leaves nobody waiting: what waits is in doubt, what comes is not taken.
/// Then whoever opened the store is told: a process that can't write must not go on.
struct Lost<'a> {
    queue: &'a Queue<Box<dyn Job>>,
    when_lost: fn(),
}

impl Drop for Lost<'_> {
    fn drop(&mut self) {
        self.queue.abandon();
        if thread::panicking() {
            tracing::error!("the store's writer met a fault and can't go on");
            (self.when_lost)();
        }
    }
}

fn not_taken<T: Send + 'static, E: From<Unwritten> + Send + 'static>(
    outage: Outage,
) -> Pending<Result<T, E>> {
    count_failures(outage.hindrance(), 1);
    Box::pin(async move { Err(Unwritten::NotTaken(outage).into()) })
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.close(); // What waits is still committed and answered.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // A writer that panicked has answered nobody: that is "in doubt" already.
        }
    }
}

/// Why a batch did not become a commit.
enum BatchFailure {
    /// Rolled back before the commit: nothing was written.
    Undone(rusqlite::Error),
    /// An order panicked: rolled back, nothing was written.
    Panicked,
    /// The commit itself failed: it may be on disk.
    Unknown(rusqlite::Error),
}

impl BatchFailure {
    fn hindrance(&self) -> Option<Hindrance> {
        match self {
            Self::Undone(error) | Self::Unknown(error) => hindrance(error),
            Self::Panicked => None,
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Undone(error) | Self::Unknown(error) => {
                format!("{error}; is the disk full or damaged?")
            }
            Self::Panicked => "an order met a fault of the program and was rolled back".into(),
        }
    }
}

/// What the metrics say of a failure that no operator can mend.
const UNKNOWN: &str = "other";

fn count_failures(hindrance: Option<Hindrance>, orders: usize) {
    let reason = hindrance.map_or(UNKNOWN, Hindrance::word);
    metrics::counter!("adieu_store_write_failures_total", "reason" => reason).increment(orders as u64);
}

/// What the thread works with.
struct Desk<'a> {
    db: &'a Connection,
    shared: &'a Shared,
    orders: &'a Queue<Box<dyn Job>>,
}

impl Desk<'_> {
    fn work_off(&self, kept: &mut WriterMemory, mut jobs: Vec<Box<dyn Job>>) {
        metrics::histogram!("adieu_store_commit_orders").record(jobs.len() as f64);
        let mut result = self.commit(kept, &mut jobs, DiskRoom::Enough);
        for room in [DiskRoom::Short, DiskRoom::Tight, DiskRoom::None] {
            if let ([_], Err(BatchFailure::Undone(error))) = (&jobs[..], &result)
                && error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
            {
                result = self.commit(kept, &mut jobs, room);
            }
        }
        match result {
            Ok(()) => jobs.into_iter().for_each(|job| job.answer(None)),
            Err(BatchFailure::Undone(_) | BatchFailure::Panicked) if jobs.len() > 1 => {
                for job in jobs {
                    self.work_off(kept, vec![job]);
                }
            }
            Err(failure) => {
                let (shown, hindrance) = (failure.shown(), failure.hindrance());
                let reason = hindrance.map_or(UNKNOWN, Hindrance::word);
                if let Some(left_out) = self.shared.uncommitted.take() {
                    tracing::error!(
                        error = shown,
                        reason,
                        orders = jobs.len(),
                        left_out,
                        "the store could not commit"
                    );
                }
                count_failures(hindrance, jobs.len());
                if let Some(hindrance) = hindrance {
                    self.shared.health.hinder(hindrance);
                }
                for job in jobs {
                    let outage = Outage::new(shown.clone()).because(hindrance);
                    job.answer(Some(match &failure {
                        BatchFailure::Undone(_) => Unwritten::NotTaken(outage),
                        // An order that panics alone is not to be sent again: it would panic again.
                        BatchFailure::Unknown(_) | BatchFailure::Panicked => Unwritten::InDoubt(outage),
                    }));
                }
            }
        }
    }

    /// Runs the orders in one transaction.
    fn commit(
        &self,
        kept: &mut WriterMemory,
        jobs: &mut [Box<dyn Job>],
        room: DiskRoom,
    ) -> Result<(), BatchFailure> {
        let (db, shared) = (self.db, self.shared);
        let has_requests = jobs.iter().any(|job| job.is_of_request());
        let is_waited_for = || has_requests || self.orders.any_waits(|job| job.is_of_request());
        let undo = |failure| {
            roll_back(db);
            failure
        };
        db.execute_batch("BEGIN IMMEDIATE").map_err(|error| undo(BatchFailure::Undone(error)))?;
        let mut batch = Batch::begin(db, shared, kept, room, &is_waited_for);
        for job in jobs.iter_mut() {
            // What a panic leaves half done is in the transaction, and in the batch, which is dropped.
            let run = AssertUnwindSafe(|| {
                shared.pass(HookPoint::OrderRun);
                job.run(&mut batch)
            });
            match catch_unwind(run) {
                Ok(ran) => ran.map_err(|error| undo(BatchFailure::Undone(error)))?,
                Err(_) => return Err(undo(BatchFailure::Panicked)),
            }
        }
        batch.write_line().map_err(|error| undo(BatchFailure::Undone(error)))?;
        let lost = batch.entries_lost();
        let touched = batch.into_touched();
        shared.pass(HookPoint::BatchRun);
        let clock = commit_clock();
        db.execute_batch("COMMIT").map_err(|error| {
            roll_back(db);
            BatchFailure::Unknown(error)
        })?;
        clock.stop();
        if lost > 0 {
            tracing::error!(lost, "the disk is full: endings stand, and are missing in the index of endings");
        }
        shared.pass(HookPoint::Committed);
        // After the commit and before the answers: the maps say what the database says.
        let number = shared.caches.published() + 1;
        for change in touched {
            change.publish(shared, number);
        }
        shared.caches.publish(number);
        Ok(())
    }
}

/// Ends the transaction, if SQLite has not done so itself.
fn roll_back(db: &Connection) {
    let rolled_back = db.is_autocommit() || db.execute_batch("ROLLBACK").is_ok();
    assert!(rolled_back && db.is_autocommit(), "a writer that can't roll back can't write any more");
}

/// Measures a commit for the metrics; nothing is decided by it.
struct CommitClock(std::time::Instant);

#[expect(clippy::disallowed_methods, reason = "a measurement for metrics, not a time of the domain")]
fn commit_clock() -> CommitClock {
    CommitClock(std::time::Instant::now())
}

impl CommitClock {
    fn stop(self) {
        metrics::histogram!("adieu_store_commit_seconds").record(self.0.elapsed().as_secs_f64());
    }
}
