//! Reading connections: all questions that wait go together, in one snapshot of the primary.
//!
//! There is no cache: what a question that begins after an ending's answer reads is behind that ending's commit (NO-STALE-YES).

use std::sync::Arc;

use adieu_core::{Outage, Unwritten};
use adieu_store::Pending;
use tokio::sync::oneshot;

use crate::batch::Batch;
use crate::database::{Connector, Database, Pipeline};
use crate::error::{Closed, Fault, QueueFull};
use crate::fetch::fetch;
use crate::job::{JobState, Queued, run_all};
use crate::queue::{NotQueued, Queue, Taking, queue};
use crate::shared::Shared;
use crate::working::Looked;

/// Questions that may wait (HOME-LIMITS).
const WAITING_MAX: usize = 16_384;
/// Questions of one batch; more only makes each wait longer (`limits.md` 2.1).
const BATCH_MAX: usize = 512;
/// Rounds of one batch: a page of a long list takes the most.
const ROUNDS_MAX: u32 = 64;

pub(crate) struct Reader {
    queue: Queue,
}

/// What a question fails with: nothing was written, and nothing is in doubt.
struct Unread(Outage);

impl From<Unwritten> for Unread {
    fn from(unwritten: Unwritten) -> Self {
        Self(unwritten.into_outage())
    }
}

impl Reader {
    pub(crate) fn start(connector: &Arc<Connector>, shared: &Arc<Shared>) -> Self {
        let (queue, taking) = queue(WAITING_MAX);
        let taking = Arc::new(taking);
        for _ in 0..connector.options.readers.max(1) {
            let lane = Lane {
                connector: Arc::clone(connector),
                shared: Arc::clone(shared),
                taking: Arc::clone(&taking),
                database: None,
            };
            tokio::spawn(lane.work());
        }
        Self { queue }
    }

    /// Asks a question. It may be run again, from the start.
    pub(crate) fn read<T, F>(&self, mut read: F) -> Pending<Result<T, Outage>>
    where
        T: Send + 'static,
        F: FnMut(&mut Batch) -> Looked<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel::<Result<T, Unread>>();
        match self.queue.push(Queued::new(move |batch: &mut Batch| read(batch).map(Ok), reply)) {
            Ok(()) => Box::pin(async move {
                answer.await.unwrap_or_else(|_| Err(Unread(Closed.into()))).map_err(|unread| unread.0)
            }),
            Err(NotQueued::Full) => Box::pin(async { Err(QueueFull.into()) }),
            Err(NotQueued::Closed) => Box::pin(async { Err(Closed.into()) }),
        }
    }

    pub(crate) fn waiting(&self) -> usize {
        self.queue.waiting()
    }
}

/// One reading connection.
struct Lane {
    connector: Arc<Connector>,
    shared: Arc<Shared>,
    taking: Arc<Taking>,
    database: Option<Database>,
}

impl Lane {
    async fn work(mut self) {
        loop {
            let mut jobs = self.taking.take(BATCH_MAX).await;
            if jobs.is_empty() {
                return;
            }
            let had_connection = self.database.is_some();
            let mut outcome = self.answer(&mut jobs).await;
            if matches!(outcome, Err(Fault::Lost(_))) && had_connection {
                // The connection was old: the database may be there all the same.
                self.database = None;
                outcome = self.answer(&mut jobs).await;
            }
            if let Err(fault) = outcome {
                self.database = None;
                if let Some(left_out) = self.shared.unasked.take() {
                    tracing::warn!(%fault, questions = jobs.len(), left_out, "the store could not be asked");
                }
                for job in jobs {
                    job.answer(Some(Unwritten::NotTaken(fault.outage())));
                }
            }
        }
    }

    /// Answers each question as soon as it misses nothing; what is left when the database fails stays in `jobs`.
    async fn answer(&mut self, jobs: &mut Vec<Queued>) -> Result<(), Fault> {
        let mut batch = Batch::reading(&self.shared);
        let mut begin = Some(vec![("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY".to_owned(), vec![])]);
        for _ in 0..ROUNDS_MAX {
            run_all(jobs, &mut batch);
            for done in jobs.extract_if(.., |job| !matches!(job.state, JobState::Waiting)) {
                done.answer(None);
            }
            if jobs.is_empty() {
                break;
            }
            let database = match &mut self.database {
                Some(database) => database,
                none => none
                    .insert(self.connector.connect().await.map_err(|error| Fault::Lost(error.to_string()))?),
            };
            fetch(database, &mut batch, begin.take()).await?;
        }
        for job in jobs.drain(..) {
            job.answer(Some(Unwritten::NotTaken(Outage::new("a question asks without end"))));
        }
        if begin.is_none()
            && let Some(database) = &self.database
        {
            let mut end = Pipeline::default();
            end.push("COMMIT", vec![]);
            database.run(end).await?;
        }
        Ok(())
    }
}
