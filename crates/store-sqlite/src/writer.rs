//! The writing thread: group commit, publication, answers, in this order.
//!
//! ENDED-IS-DURABLE: nobody is answered before the commit that carries their order is synced. NO-STALE-YES: before
//! the answer the maps say what the commit says. If an order fails on the database, the batch is rolled back and each
//! order is tried alone, so that one bad page spoils one answer.

use std::collections::HashSet;
use std::sync::Arc;
use std::thread;

use adieu_core::{
    Client, ClientId, EndingChange, Grant, Outage, Realm, RealmId, Session, SessionId, SessionIdCipher,
    Unwritten, User, UserId,
};
use adieu_store::Pending;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::cache::CachedSession;
use crate::error::{Closed, OpenError, QueueFull};
use crate::hooks::Place;
use crate::queue::{NotQueued, Queue};
use crate::rows;
use crate::shared::Shared;

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
        self.outcome = Some((self.work)(batch)?);
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
    room: Room,
}

/// What there is room for. An ending is the last thing that a full disk stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
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
        rows::write_session(self.db, &session)?;
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

    pub(crate) fn write_client(&mut self, client: Client, removed: bool) -> rusqlite::Result<()> {
        rows::write_client(self.db, &client, removed)?;
        let id = client.id.clone();
        self.touched.push(Touched::Client(id, (!removed).then(|| Arc::new(client))));
        Ok(())
    }

    pub(crate) fn write_grant(&mut self, grant: Grant) -> rusqlite::Result<()> {
        rows::write_grant(self.db, &grant)?;
        self.touched.push(Touched::Grant(Arc::new(grant)));
        Ok(())
    }

    /// The one place that writes an ending (ONE-ROAD): the changes that `decide_ending` has decided.
    pub(crate) fn apply(&mut self, changes: Vec<EndingChange>) -> rusqlite::Result<()> {
        for change in changes {
            match change {
                EndingChange::Bury(tombstone) => {
                    rows::bury(self.db, &tombstone, self.room != Room::Enough)?;
                    self.dirty.insert(tombstone.session.id.number());
                    self.touched.push(Touched::Session(tombstone.session.id, None));
                }
                EndingChange::Write(session) => self.write_session(*session)?,
                EndingChange::RaiseUser { key, to, forget } => {
                    if let Some(user) = rows::user_by_key(self.db, key)? {
                        let forgotten = if forget { to } else { user.forgotten };
                        self.write_user(User { generation: to, forgotten, ..user })?;
                    }
                }
                EndingChange::RaiseRealm { id, to } => {
                    if let Some(realm) = rows::realm(self.db, id)? {
                        self.write_realm(Realm { generation: to, ..realm })?;
                    }
                }
                EndingChange::RaiseClient { id, to } => {
                    if let Some((client, removed)) = rows::client(self.db, &id)? {
                        self.write_client(Client { generation: to, ..client }, removed)?;
                    }
                }
                EndingChange::Record(mass) => match self.room {
                    Room::Enough | Room::Short => {
                        rows::write_mass_ending(self.db, &mass, self.room != Room::Enough)?;
                    }
                    Room::None => tracing::error!(
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
    pub(crate) fn start(connection: Connection, shared: &Arc<Shared>) -> Result<Self, OpenError> {
        let queue = Arc::new(Queue::new(WAITING_MAX));
        let (orders, shared) = (Arc::clone(&queue), Arc::clone(shared));
        let work = move || {
            let _abandoned = Abandoned(&orders);
            while let Some(jobs) = orders.gather(BATCH_MAX) {
                work_off(&connection, &shared, jobs);
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

/// A writer that dies of a fault leaves nobody waiting: what waits is in doubt, what comes is not taken.
struct Abandoned<'a>(&'a Queue<Box<dyn Job>>);

impl Drop for Abandoned<'_> {
    fn drop(&mut self) {
        self.0.abandon();
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
    /// The commit itself failed: it may be on disk.
    Unknown(rusqlite::Error),
}

fn work_off(db: &Connection, shared: &Shared, mut jobs: Vec<Box<dyn Job>>) {
    metrics::histogram!("adieu_store_commit_orders").record(jobs.len() as f64);
    let mut result = commit(db, shared, &mut jobs, Room::Enough);
    for room in [Room::Short, Room::None] {
        if let ([_], Err(BatchFailure::Undone(error))) = (&jobs[..], &result)
            && error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
        {
            result = commit(db, shared, &mut jobs, room);
        }
    }
    match result {
        Ok(()) => jobs.into_iter().for_each(|job| job.answer(None)),
        Err(BatchFailure::Undone(_)) if jobs.len() > 1 => {
            for job in jobs {
                work_off(db, shared, vec![job]);
            }
        }
        Err(failure) => {
            let shown = match &failure {
                BatchFailure::Undone(error) | BatchFailure::Unknown(error) => error.to_string(),
            };
            tracing::error!(
                error = shown,
                orders = jobs.len(),
                "the store could not commit; is the disk full or damaged?"
            );
            for job in jobs {
                job.answer(Some(match &failure {
                    BatchFailure::Undone(_) => Unwritten::NotTaken(Outage::new(shown.clone())),
                    BatchFailure::Unknown(_) => Unwritten::InDoubt(Outage::new(shown.clone())),
                }));
            }
        }
    }
}

/// Runs the orders in one transaction.
fn commit(
    db: &Connection,
    shared: &Shared,
    jobs: &mut [Box<dyn Job>],
    room: Room,
) -> Result<(), BatchFailure> {
    let undo = |error| {
        // A rollback that fails leaves a transaction that the next BEGIN reports.
        let _ = db.execute_batch("ROLLBACK");
        BatchFailure::Undone(error)
    };
    db.execute_batch("BEGIN IMMEDIATE").map_err(undo)?;
    let mut batch = Batch { db, shared, touched: Vec::new(), dirty: HashSet::new(), room };
    for job in jobs.iter_mut() {
        job.run(&mut batch).map_err(undo)?;
    }
    let touched = batch.touched;
    shared.pass(Place::BatchRun);
    let clock = commit_clock();
    db.execute_batch("COMMIT").map_err(|error| {
        let _ = db.execute_batch("ROLLBACK"); // If SQLite has not rolled back itself already.
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
