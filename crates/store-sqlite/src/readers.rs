//! Reading threads, for what is not in the map.
//!
//! Each owns a read-only connection and answers one closure at a time, inside one read transaction, so that the rows
//! it sees belong together.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use adieu_core::Outage;
use adieu_store::Pending;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::error::{Closed, OpenError, QueueFull, outage};
use crate::queue::{NotQueued, Queue};
use crate::schema;
use crate::shared::Shared;

/// Threads that read; more would not help on the machines this engine is for.
const THREADS: usize = 2;
/// Reads that may wait (HOME-LIMITS); at 10 µs each that is a tenth of a second.
const WAITING_MAX: usize = 16_384;

type Read = Box<dyn FnOnce(&Connection, &Shared) + Send>;

pub(crate) struct Readers {
    queue: Arc<Queue<Read>>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Readers {
    pub(crate) fn start(path: &Path, shared: &Arc<Shared>) -> Result<Self, OpenError> {
        let queue = Arc::new(Queue::<Read>::new(WAITING_MAX));
        let mut threads = Vec::new();
        for n in 0..THREADS {
            let connection = schema::connect(path, schema::Mode::Reading)?;
            let (queue, shared) = (Arc::clone(&queue), Arc::clone(shared));
            let work = move || {
                while let Some(reads) = queue.take(1) {
                    for read in reads {
                        // A fault in one read is that read's outage, whose reply is dropped; the thread goes on.
                        let _ = catch_unwind(AssertUnwindSafe(|| read(&connection, &shared)));
                    }
                }
            };
            let thread = thread::Builder::new().name(format!("store-read-{n}")).spawn(work);
            threads.push(thread.map_err(OpenError::io(path))?);
        }
        Ok(Self { queue, threads })
    }

    /// Runs `read` in a read transaction. It gets the number of a commit that it is sure to see.
    pub(crate) fn read<T, F>(&self, read: F) -> Pending<Result<T, Outage>>
    where
        T: Send + 'static,
        F: Fn(&Connection, &Shared, u64) -> rusqlite::Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job: Read = Box::new(move |connection, shared| {
            let read_at = shared.caches.published();
            let result = in_transaction(connection, |db| read(db, shared, read_at));
            let _ = reply.send(result.map_err(outage)); // Nobody waits any more: nothing to tell.
        });
        match self.queue.push(job) {
            Ok(()) => Box::pin(async move { answer.await.unwrap_or_else(|_| Err(Closed.into())) }),
            Err(NotQueued::Full(_)) => Box::pin(async { Err(QueueFull.into()) }),
            Err(NotQueued::Closed(_)) => Box::pin(async { Err(Closed.into()) }),
        }
    }

    pub(crate) fn waiting(&self) -> usize {
        self.queue.waiting()
    }
}

fn in_transaction<T>(
    db: &Connection,
    read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let transaction = db.unchecked_transaction()?;
    let result = read(&transaction);
    transaction.finish()?;
    result
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue.close();
        for thread in self.threads.drain(..) {
            let _ = thread.join(); // A reader that panicked has nothing left to say.
        }
    }
}
