//! Writing connections: group commit, then the answers.
//!
//! ENDED-IS-DURABLE: nobody is answered before the commit that carries their order is acknowledged. A batch that meets others is tried
//! again as a whole; one that the database refuses is tried order by order, so that one fault spoils one answer. Whether a commit
//! landed whose answer was lost is found out, not guessed: see [`Lane::landed`].

use std::sync::Arc;
use std::time::Duration;

use adieu_core::{Outage, Unwritten};
use adieu_store::Pending;
use tokio::sync::oneshot;

use crate::batch::Batch;
use crate::commit::{Failed, commit};
use crate::database::{Connector, Database};
use crate::error::{Closed, Fault, Held, OpenError, QueueFull};
use crate::job::{JobState, Queued};
use crate::lane::take_lane;
use crate::queue::{NotQueued, Queue, Taking, queue};
use crate::shared::Shared;
use crate::working::{ColumnKind, Looked, Value, arrays_of};

/// Orders that may wait for the writers (HOME-LIMITS): some tenths of a second of work.
const WAITING_MAX: usize = 16_384;
/// Orders of one commit; keeps a commit short enough for its callers.
const BATCH_MAX: usize = 1_000;
/// Tries of one batch that meets others or loses its connection.
const TRIES_MAX: u32 = 12;
/// How long it is looked for whether a commit has landed whose answer was lost: whoever waits for it hears soon that nobody knows.
const DOUBT_MAX: Duration = Duration::from_secs(2);
/// How often an order goes into the next batch because of a lock.
const DEFERRED_MAX: u32 = 100;

pub(crate) struct Writer {
    queue: Queue,
}

impl Writer {
    /// Starts so many writing connections over one queue.
    pub(crate) fn start(
        connector: &Arc<Connector>,
        shared: &Arc<Shared>,
        begin: BeginBatch,
        connections: u32,
    ) -> Self {
        let (queue, taking) = queue(WAITING_MAX);
        let taking = Arc::new(taking);
        for _ in 0..connections.max(1) {
            let lane = Lane {
                connector: Arc::clone(connector),
                shared: Arc::clone(shared),
                taking: Arc::clone(&taking),
                connection: None,
                lines: None,
                batches: 0,
                begin,
            };
            tokio::spawn(lane.work());
        }
        Self { queue }
    }

    /// Queues an order. `work` decides and writes; it may be run again, from the start, on another working set.
    pub(crate) fn write<T, E, F>(&self, work: F) -> Pending<Result<T, E>>
    where
        T: Send + 'static,
        E: From<Unwritten> + Send + 'static,
        F: FnMut(&mut Batch) -> Looked<Result<T, E>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        match self.queue.push(Queued::new(work, reply)) {
            Ok(()) => Box::pin(async move {
                // Only a writer that died in mid-commit drops the reply.
                answer.await.unwrap_or_else(|_| Err(Unwritten::InDoubt(Closed.into()).into()))
            }),
            Err(NotQueued::Full) => not_taken(QueueFull.into()),
            Err(NotQueued::Closed) => not_taken(Closed.into()),
        }
    }

    pub(crate) fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    /// Whether orders are still taken.
    pub(crate) fn is_open(&self) -> bool {
        self.queue.is_open()
    }
}

/// What the metrics say of a failure that no operator can mend.
const UNKNOWN: &str = "other";

fn count_failures(outage: &Outage, orders: usize) {
    let reason = outage.hindrance().map_or(UNKNOWN, adieu_core::Hindrance::word);
    metrics::counter!("adieu_store_write_failures_total", "reason" => reason).increment(orders as u64);
}

fn not_taken<T: Send + 'static, E: From<Unwritten> + Send + 'static>(
    outage: Outage,
) -> Pending<Result<T, E>> {
    count_failures(&outage, 1);
    Box::pin(async move { Err(Unwritten::NotTaken(outage).into()) })
}

/// A list of lines that one writing connection after the other writes.
#[derive(Clone, Copy)]
pub(crate) struct OwnLines {
    /// Who writes it: nobody else's list has this owner.
    pub(crate) owner: [u8; 16],
    pub(crate) lane: u64,
}

/// A connection with the list of lines that it writes.
pub(crate) struct LaneConnection {
    pub(crate) database: Database,
    pub(crate) lines: OwnLines,
}

/// One writing connection, and what it does for its queue.
struct Lane {
    connector: Arc<Connector>,
    shared: Arc<Shared>,
    taking: Arc<Taking>,
    connection: Option<LaneConnection>,
    /// Its list, as long as nobody has taken it over.
    lines: Option<OwnLines>,
    /// How many batches it has begun.
    batches: u64,
    begin: BeginBatch,
}

/// What makes the working set of a batch, with the list of its lines.
pub(crate) type BeginBatch = fn(&Arc<Shared>, u64) -> Batch;

impl Lane {
    async fn work(mut self) {
        let mut deferred = Vec::new();
        loop {
            // Who was put off does not wait for others to come.
            let mut jobs: Vec<Queued> = std::mem::take(&mut deferred);
            if jobs.is_empty() {
                jobs = self.taking.take(BATCH_MAX).await;
            } else {
                jobs.extend(self.taking.take_waiting(BATCH_MAX.saturating_sub(jobs.len())).await);
            }
            if jobs.is_empty() {
                return;
            }
            metrics::histogram!("adieu_store_commit_orders").record(jobs.len() as f64);
            deferred = self.work_off(jobs).await;
        }
    }

    /// Carries out some orders and answers them; gives back those that go into the next batch.
    async fn work_off(&mut self, jobs: Vec<Queued>) -> Vec<Queued> {
        let mut deferred = Vec::new();
        let mut parts = vec![jobs];
        while let Some(mut jobs) = parts.pop() {
            match self.commit(&mut jobs).await {
                Ok(()) => self.answer(jobs, &mut deferred),
                Err(Uncommitted::Refused(Fault::Refused(_, None))) if jobs.len() > 1 => {
                    parts.extend(jobs.into_iter().rev().map(|job| vec![job]));
                }
                Err(Uncommitted::Refused(fault)) => self.fail(jobs, Unwritten::NotTaken(fault.outage())),
                Err(Uncommitted::Other(failure)) => self.fail(jobs, failure),
            }
        }
        deferred
    }

    fn answer(&self, jobs: Vec<Queued>, deferred: &mut Vec<Queued>) {
        for mut job in jobs {
            if !matches!(job.state, JobState::Deferred) {
                job.answer(None);
            } else if job.deferred < DEFERRED_MAX {
                (job.state, job.deferred) = (JobState::Waiting, job.deferred + 1);
                deferred.push(job);
            } else {
                job.answer(Some(Unwritten::NotTaken(Held.into())));
            }
        }
    }

    fn fail(&self, jobs: Vec<Queued>, failure: Unwritten) {
        let (in_doubt, outage) = match failure {
            Unwritten::NotTaken(outage) => (false, outage),
            Unwritten::InDoubt(outage) => (true, outage),
        };
        let (shown, hindrance) = (outage.to_string(), outage.hindrance());
        let reason = hindrance.map_or(UNKNOWN, adieu_core::Hindrance::word);
        if let Some(left_out) = self.shared.uncommitted.take() {
            let orders = jobs.len();
            tracing::error!(error = shown, reason, orders, in_doubt, left_out, "the store could not commit");
        }
        count_failures(&outage, jobs.len());
        if let Some(hindrance) = hindrance {
            self.shared.health.hinder(hindrance);
        }
        for job in jobs {
            let outage = Outage::new(shown.clone()).because(hindrance);
            job.answer(Some(if in_doubt { Unwritten::InDoubt(outage) } else { Unwritten::NotTaken(outage) }));
        }
    }

    /// Runs the orders in one transaction, again where that is worth it.
    async fn commit(&mut self, jobs: &mut [Queued]) -> Result<(), Uncommitted> {
        let not_taken = |outage| Err(Uncommitted::Other(Unwritten::NotTaken(outage)));
        let (mut tries, shared, begin) = (0, Arc::clone(&self.shared), self.begin);
        let begun_at = tokio::time::Instant::now();
        loop {
            tries += 1;
            for job in jobs.iter_mut() {
                job.state = JobState::Waiting;
            }
            let is_last = tries >= TRIES_MAX || begun_at.elapsed() > self.connector.options.statement_timeout;
            self.batches += 1;
            let number = self.batches;
            let connection = match self.connected().await {
                Ok(connection) => connection,
                Err(error) => return not_taken(Outage::new(error.to_string())),
            };
            let id = [connection.lines.owner.to_vec(), number.to_be_bytes().to_vec()].concat();
            let mut batch = begin(&shared, connection.lines.lane);
            match commit(connection, &mut batch, jobs, &id).await {
                Ok(()) => return Ok(()),
                Err(Failed::Before(fault)) => {
                    let is_usable = match &self.connection {
                        Some(connection) if !matches!(fault, Fault::Lost(_)) => {
                            connection.database.roll_back().await
                        }
                        _ => false,
                    };
                    if !is_usable {
                        self.connection = None;
                    }
                    if matches!(fault, Fault::Refused(..)) {
                        return Err(Uncommitted::Refused(fault));
                    }
                    if is_last {
                        return not_taken(fault.outage());
                    }
                    pause(tries, &fault).await;
                }
                Err(Failed::LaneLost) => {
                    (self.connection, self.lines) = (None, None);
                    if is_last {
                        return not_taken(Outage::new("its list of lines was taken over again and again"));
                    }
                }
                Err(Failed::Sent(fault)) => {
                    self.connection = None;
                    match self.landed(&id).await {
                        Ok(true) => return Ok(()),
                        Ok(false) if !is_last => {}
                        Ok(false) => return not_taken(fault.outage()),
                        Err(outage) => return Err(Uncommitted::Other(Unwritten::InDoubt(outage))),
                    }
                }
            }
        }
    }

    async fn connected(&mut self) -> Result<&mut LaneConnection, OpenError> {
        match &mut self.connection {
            Some(connection) => Ok(connection),
            none => {
                let database = self.connector.connect().await?;
                let lines = match self.lines {
                    Some(lines) => lines,
                    None => {
                        let owner = adieu_core::entropy::draw::<16>(self.connector.entropy.as_ref());
                        let lane = take_lane(&database.client, &owner, self.shared.vitals.node).await?;
                        *self.lines.insert(OwnLines { owner, lane })
                    }
                };
                Ok(none.insert(LaneConnection { database, lines }))
            }
        }
    }

    /// Whether the commit of a batch landed whose answer was lost. The id of the batch is written here: if it was there, the batch
    /// landed; if not, it can land no more, because it would meet its own id, also where its transaction is still open.
    async fn landed(&mut self, id: &[u8]) -> Result<bool, Outage> {
        let mut last = Outage::new(Closed);
        let begun_at = tokio::time::Instant::now();
        for tries in 0_u32.. {
            if tries > 0 && begun_at.elapsed() > DOUBT_MAX {
                break;
            }
            let found = match self.connected().await {
                Ok(connection) => keep_id(&connection.database, id).await.map_err(|fault| fault.outage()),
                Err(error) => Err(Outage::new(error.to_string())),
            };
            match found {
                Ok(is_new) => return Ok(!is_new),
                Err(outage) => (self.connection, last) = (None, outage),
            }
            tokio::time::sleep(Duration::from_millis(25) * 2_u32.pow(tries.min(3))).await;
        }
        Err(last)
    }
}

/// Why orders were not carried out.
enum Uncommitted {
    /// The database refused; one order alone may be the cause.
    Refused(Fault),
    Other(Unwritten),
}

/// Waits before another try: at once the first time, then longer, so that those who met do not meet again.
async fn pause(tries: u32, fault: &Fault) {
    if tries > 1 {
        tracing::debug!(tries, %fault, "a batch is tried again");
        tokio::time::sleep(Duration::from_millis(1) * 2_u32.pow(tries.min(8))).await;
    }
}

/// Writes the id of a batch down; says whether it was not there.
async fn keep_id(database: &Database, id: &[u8]) -> Result<bool, Fault> {
    let mut pipeline = crate::database::Pipeline::default();
    let sql = format!("{} ON CONFLICT (id) DO NOTHING RETURNING id", crate::commit::KEEP_ID);
    pipeline.push(sql, arrays_of([ColumnKind::Bytes], [vec![Value::Bytes(id.to_vec())]]));
    let answers = database.run(pipeline).await?;
    Ok(answers.first().is_some_and(|rows| !rows.is_empty()))
}
