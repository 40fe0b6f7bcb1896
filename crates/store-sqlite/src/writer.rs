//! The writing thread: group commit, publication, answers, in this order.
//!
//! ENDED-IS-DURABLE: nobody is answered before the commit that carries their order is synced. NO-STALE-YES: before
//! the answer the maps say what the commit says. If an order fails on the database or panics, the batch is rolled back and
//! each order is tried alone, so that one bad page or one fault spoils one answer.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use adieu_core::{
    Client, ClientId, EndingChange, Grant, Outage, Realm, RealmId, Session, SessionId, SessionIdCipher,
    StoredClient, Unwritten, User, UserId, present_client,
};
use adieu_store::Pending;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::cache::CachedSession;
use crate::error::{Closed, OpenError, QueueFull};
use crate::hooks::Place;
use crate::queue::{NotQueued, Queue};
use crate::rows::{self, LiveEntry};
use crate::shared::Shared;
use crate::stale::StaleEntries;

/// Orders that may wait for the writer (HOME-LIMITS): some tenths of a second of work.
const WAITING_MAX: usize = 16_384;
/// Orders of one commit; keeps a commit short enough for its callers and portable to other engines.
const BATCH_MAX: usize = 1_000;

/// One order on its way: run inside a transaction (again, if that was rolled back), then answered.
trait Job: Send {
    fn run(&mut self, batch: &mut Batch<'_>) -> rusqlite::Result<()>;
    fn answer(self: Box<Self>, failure: Option<Unwritten>);
}

struct Order<T, E, F> {
    work: F,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job for Order<T, E, F>
where
    T: Send,
    E: From<Unwritten> + Send + 'static,
    F: FnMut(&mut Batch<'_>) -> rusqlite::Result<Result<T, E>> + Send,
{
    fn run(&mut self, batch: &mut Batch<'_>) -> rusqlite::Result<()> {
        batch.refused_in_writing = false;
        let changes = batch.db.total_changes();
        let outcome = (self.work)(batch)?;
        debug_assert!(
            outcome.is_ok() || batch.refused_in_writing || batch.db.total_changes() == changes,
            "an order that is refused has written something"
        );
        self.outcome = Some(outcome);
        Ok(())
    }

    fn answer(self: Box<Self>, failure: Option<Unwritten>) {
        let outcome = match failure {
            Some(failure) => Err(E::from(failure)),
            None => self.outcome.unwrap_or_else(|| Err(Unwritten::NotTaken(Outage::new(Closed)).into())),
        };
        let _ = self.reply.send(outcome); // Nobody waits any more: the commit stands all the same.
    }
}

/// What the commit in the making changes, to be published after it.
pub(crate) struct Batch<'a> {
    pub(crate) db: &'a Connection,
    pub(crate) shared: &'a Shared,
    touched: Vec<Touched>,
    /// Keys of what an earlier order of this batch has written: the maps do not show it yet.
    dirty: HashSet<u128>,
    /// Whether the disk is full.
    room: DiskRoom,
    stale: &'a mut StaleEntries,
    /// The order at work is refused, and what it wrote belongs to the refusal.
    refused_in_writing: bool,
}

/// What there is room for. An ending is the last thing that a full disk stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DiskRoom {
    /// Everything.
    Enough,
    /// An ending takes no more room than its session did, and a record of many as little as it can.
    Short,
    /// An ending of many goes without its record.
    None,
}

enum Touched {
    Session(SessionId, Option<Arc<Session>>),
    User(UserId, Arc<User>),
    Realm(RealmId, Arc<Realm>),
    Client(ClientId, Option<Arc<Client>>),
    Grant(Arc<Grant>),
}

impl<'a> Batch<'a> {
    pub(crate) fn cipher(&self) -> &'a SessionIdCipher {
        &self.shared.cipher
    }

    /// The session of an id, as the orders before this one left it. This thread is the only writer, so what no order of
    /// the batch has touched is in the map as it is in the database.
    pub(crate) fn session(&self, id: SessionId) -> rusqlite::Result<Option<Arc<Session>>> {
        if !self.dirty.contains(&id.number())
            && let Some(cached) = self.shared.caches.sessions.find(&id.number())
        {
            return Ok(Some(Arc::clone(&cached.session)));
        }
        Ok(rows::session(self.db, self.cipher(), id)?.map(Arc::new))
    }

    /// The user of an id, as the orders before this one left it.
    pub(crate) fn user(&self, id: UserId) -> rusqlite::Result<Option<Arc<User>>> {
        let key = id.uuid().as_u128();
        match self.shared.caches.users.find(&key) {
            Some(user) if !self.dirty.contains(&key) => Ok(Some(user)),
            Some(_) | None => Ok(rows::user(self.db, id)?.map(Arc::new)),
        }
    }

    /// The realm of an id, as the orders before this one left it.
    pub(crate) fn realm(&self, id: RealmId) -> rusqlite::Result<Option<Arc<Realm>>> {
        let key = id.uuid().as_u128();
        match self.shared.caches.realms.find(&key) {
            Some(realm) if !self.dirty.contains(&key) => Ok(Some(realm)),
            Some(_) | None => Ok(rows::realm(self.db, id)?.map(Arc::new)),
        }
    }

    pub(crate) fn write_session(&mut self, session: Session) -> rusqlite::Result<()> {
        if rows::write_session(self.db, &session)? {
            // The lists of this user are written anyway.
            let stale = self.stale.take(session.locator.user_key());
            self.drop_stale(&stale)?;
        }
        self.dirty.insert(session.id.number());
        self.touched.push(Touched::Session(session.id, Some(Arc::new(session))));
        Ok(())
    }

    pub(crate) fn write_user(&mut self, user: User) -> rusqlite::Result<()> {
        rows::write_user(self.db, &user)?;
        self.dirty.insert(user.id.uuid().as_u128());
        self.touched.push(Touched::User(user.id, Arc::new(user)));
        Ok(())
    }

    pub(crate) fn write_realm(&mut self, realm: Realm) -> rusqlite::Result<()> {
        rows::write_realm(self.db, &realm)?;
        self.dirty.insert(realm.id.uuid().as_u128());
        self.touched.push(Touched::Realm(realm.id, Arc::new(realm)));
        Ok(())
    }

    pub(crate) fn write_client(&mut self, stored: StoredClient) -> rusqlite::Result<()> {
        rows::list_post_logout_uris(self.db, &stored)?;
        rows::write_client(self.db, &stored)?;
        let id = stored.client.id.clone();
        self.touched.push(Touched::Client(id, present_client(Some(stored)).map(Arc::new)));
        Ok(())
    }

    pub(crate) fn write_grant(&mut self, grant: Grant) -> rusqlite::Result<()> {
        rows::write_grant(self.db, &grant)?;
        self.touched.push(Touched::Grant(Arc::new(grant)));
        Ok(())
    }

    /// Says that the order at work is refused and writes that down: a code that is replayed revokes its grant.
    pub(crate) fn refuse_in_writing(&mut self) {
        self.refused_in_writing = true;
    }

    /// Takes entries off the lists of live sessions if their sessions have ended; on a full disk they stay.
    pub(crate) fn drop_stale(&self, entries: &[LiveEntry]) -> rusqlite::Result<()> {
        if self.room == DiskRoom::Enough {
            for entry in entries {
                rows::drop_stale(self.db, *entry)?;
            }
        }
        Ok(())
    }

    /// The one place that writes an ending (ONE-ROAD): the changes that `decide_ending` has decided.
    pub(crate) fn apply(&mut self, changes: Vec<EndingChange>) -> rusqlite::Result<()> {
        for change in changes {
            match change {
                EndingChange::Bury(tombstone) => {
                    if self.room != DiskRoom::Enough && tombstone.ending.reason.is_some() {
                        tracing::warn!(
                            session = %tombstone.session.id,
                            "the disk is full: the ending stands, its reason is lost"
                        );
                    }
                    rows::bury(self.db, &tombstone, self.room != DiskRoom::Enough)?;
                    if tombstone.forgotten && self.room == DiskRoom::Enough {
                        rows::forget_listed(self.db, rows::signed(tombstone.session.locator.number()))?;
                    }
                    self.dirty.insert(tombstone.session.id.number());
                    self.touched.push(Touched::Session(tombstone.session.id, None));
                    let stale = self.stale.note(LiveEntry::of(&tombstone.session));
                    self.drop_stale(&stale)?;
                }
                EndingChange::Write(session) => self.write_session(*session)?,
                EndingChange::RaiseUser { key, to, forget } => {
                    if let Some(user) = rows::user_by_key(self.db, key)? {
                        self.write_user(user.in_generation(to, forget))?;
                    }
                }
                EndingChange::RaiseRealm { id, to } => {
                    if let Some(realm) = rows::realm(self.db, id)? {
                        self.write_realm(Realm { generation: to, ..realm })?;
                    }
                }
                EndingChange::RaiseClient { id, to } => {
                    if let Some(StoredClient { client, removed }) = rows::client(self.db, &id)? {
                        let client = Client { generation: to, ..client };
                        self.write_client(StoredClient { client, removed })?;
                    }
                }
                EndingChange::Record(mass) => match self.room {
                    DiskRoom::Enough | DiskRoom::Short => {
                        rows::write_mass_ending(self.db, &mass, self.room != DiskRoom::Enough)?;
                    }
                    DiskRoom::None => tracing::error!(
                        scope = ?mass.scope, generation = mass.generation, cause = mass.record.cause.word(),
                        "the disk is full: the ending stands, its record is lost"
                    ),
                },
            }
        }
        Ok(())
    }
}

impl Touched {
    fn publish(self, shared: &Shared, commit: u64) {
        let caches = &shared.caches;
        match self {
            Self::Session(id, None) => caches.sessions.publish(id.number(), |_| None, commit),
            Self::Session(id, Some(session)) => {
                let next = |held: Option<&Arc<CachedSession>>| {
                    let seen_at = session.seen_at;
                    Some(Arc::new(match held {
                        Some(held) => held.next(session),
                        None => CachedSession::new(session, seen_at),
                    }))
                };
                caches.sessions.publish(id.number(), next, commit);
            }
            Self::User(id, user) => caches.users.publish(id.uuid().as_u128(), |_| Some(user), commit),
            Self::Realm(id, realm) => caches.realms.publish(id.uuid().as_u128(), |_| Some(realm), commit),
            Self::Client(id, client) => caches.clients.publish(id, |_| client, commit),
            Self::Grant(grant) => caches.grants.publish(grant.id.number().into(), |_| Some(grant), commit),
        }
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
        let work = move || {
            let _lost = Lost { queue: &orders, when_lost };
            let mut stale = StaleEntries::default();
            while let Some(jobs) = orders.gather(BATCH_MAX) {
                work_off(&connection, &shared, &mut stale, jobs);
            }
        };
        let thread = thread::Builder::new().name("store-write".into()).spawn(work);
        Ok(Self { queue, thread: Some(thread.map_err(OpenError::io("store-write"))?) })
    }

    /// Queues an order. `work` decides and writes; it may be run again, from the start, on a rolled-back database.
    pub(crate) fn write<T, E, F>(&self, work: F) -> Pending<Result<T, E>>
    where
        T: Send + 'static,
        E: From<Unwritten> + Send + 'static,
        F: FnMut(&mut Batch<'_>) -> rusqlite::Result<Result<T, E>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        match self.queue.push(Box::new(Order { work, outcome: None, reply })) {
            Ok(()) => Box::pin(async move {
                // Only a writer that died in mid-commit drops the reply.
                answer.await.unwrap_or_else(|_| Err(Unwritten::InDoubt(Outage::new(Closed)).into()))
            }),
            Err(NotQueued::Full(_)) => not_taken(Outage::new(QueueFull)),
            Err(NotQueued::Closed(_)) => not_taken(Outage::new(Closed)),
        }
    }

    /// Queues something that nobody waits for; it may be dropped when the queue is full.
    pub(crate) fn write_aside<F>(&self, mut work: F)
    where
        F: FnMut(&mut Batch<'_>) -> rusqlite::Result<()> + Send + 'static,
    {
        drop(self.write::<(), Unwritten, _>(move |batch| work(batch).map(Ok)));
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
    fn shown(&self) -> String {
        match self {
            Self::Undone(error) | Self::Unknown(error) => {
                format!("{error}; is the disk full or damaged?")
            }
            Self::Panicked => "an order met a fault of the program and was rolled back".into(),
        }
    }
}

fn work_off(db: &Connection, shared: &Shared, stale: &mut StaleEntries, mut jobs: Vec<Box<dyn Job>>) {
    metrics::histogram!("adieu_store_commit_orders").record(jobs.len() as f64);
    let mut result = commit(db, shared, stale, &mut jobs, DiskRoom::Enough);
    for room in [DiskRoom::Short, DiskRoom::None] {
        if let ([_], Err(BatchFailure::Undone(error))) = (&jobs[..], &result)
            && error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
        {
            result = commit(db, shared, stale, &mut jobs, room);
        }
    }
    match result {
        Ok(()) => jobs.into_iter().for_each(|job| job.answer(None)),
        Err(BatchFailure::Undone(_) | BatchFailure::Panicked) if jobs.len() > 1 => {
            for job in jobs {
                work_off(db, shared, stale, vec![job]);
            }
        }
        Err(failure) => {
            let shown = failure.shown();
            tracing::error!(error = shown, orders = jobs.len(), "the store could not commit");
            for job in jobs {
                job.answer(Some(match &failure {
                    BatchFailure::Undone(_) => Unwritten::NotTaken(Outage::new(shown.clone())),
                    // An order that panics alone is not to be sent again: it would panic again.
                    BatchFailure::Unknown(_) | BatchFailure::Panicked => {
                        Unwritten::InDoubt(Outage::new(shown.clone()))
                    }
                }));
            }
        }
    }
}

/// Runs the orders in one transaction.
fn commit(
    db: &Connection,
    shared: &Shared,
    stale: &mut StaleEntries,
    jobs: &mut [Box<dyn Job>],
    room: DiskRoom,
) -> Result<(), BatchFailure> {
    let undo = |failure| {
        roll_back(db);
        failure
    };
    db.execute_batch("BEGIN IMMEDIATE").map_err(|error| undo(BatchFailure::Undone(error)))?;
    let mut batch = Batch {
        db,
        shared,
        touched: Vec::new(),
        dirty: HashSet::new(),
        room,
        stale,
        refused_in_writing: false,
    };
    for job in jobs.iter_mut() {
        // What a panic leaves half done is in the transaction, and in the batch, which is dropped.
        let run = AssertUnwindSafe(|| {
            shared.pass(Place::OrderRun);
            job.run(&mut batch)
        });
        match catch_unwind(run) {
            Ok(ran) => ran.map_err(|error| undo(BatchFailure::Undone(error)))?,
            Err(_) => return Err(undo(BatchFailure::Panicked)),
        }
    }
    let touched = batch.touched;
    shared.pass(Place::BatchRun);
    let clock = commit_clock();
    db.execute_batch("COMMIT").map_err(|error| {
        roll_back(db);
        BatchFailure::Unknown(error)
    })?;
    clock.stop();
    shared.pass(Place::Committed);
    // After the commit and before the answers: the maps say what the database says.
    let number = shared.caches.published() + 1;
    for change in touched {
        change.publish(shared, number);
    }
    shared.caches.publish(number);
    Ok(())
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
