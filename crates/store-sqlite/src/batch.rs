//! What the orders of one commit read and write, and what has to be published after it.
//!
//! Reads see what the orders before this one wrote. Nothing here begins, ends or undoes a transaction: see `writer`.

use std::collections::HashSet;
use std::sync::Arc;

use adieu_core::{
    Client, ClientId, Consent, EndingChange, EndingEntry, EndingPlace, Grant, Realm, RealmId, Session,
    SessionId, SessionIdCipher, StoredClient, Timestamp, User, UserId, present_client,
};
use rusqlite::Connection;

use crate::cache::{ByNumber, CachedSession};
use crate::rows::{self, EndingLine, LiveEntry};
use crate::shared::Shared;
use crate::stale::StaleEntries;
use adieu_store_records::append_entry;

/// What the commit in the making changes, to be published after it.
pub(crate) struct Batch<'a> {
    pub(crate) db: &'a Connection,
    pub(crate) shared: &'a Shared,
    touched: Vec<Touched>,
    /// Keys of what an earlier order of this batch has written: the maps do not show it yet.
    dirty: HashSet<u128, ByNumber>,
    /// Whether the disk is full.
    room: DiskRoom,
    kept: &'a mut WriterMemory,
    /// What this batch has ended.
    ended: EndedLine,
    /// The order at work is refused, and what it wrote belongs to the refusal.
    refused_in_writing: bool,
    /// Whether a request waits for this batch, or for the next one.
    is_waited_for: &'a dyn Fn() -> bool,
}

/// Rows that a long order in the background looks at before it gives way: about a millisecond.
const ROWS_BEFORE_GIVING_WAY: u32 = 32;

/// What there is room for. An ending is the last thing that a full disk stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DiskRoom {
    /// Everything.
    Enough,
    /// An ending takes no more room than its session did, and a record of many as little as it can.
    Short,
    /// An ending goes without its entry in the index of endings, too.
    Tight,
    /// An ending of many goes without its record, too.
    None,
}

/// What the writer remembers between two batches. A crash makes it forget; nothing is decided by it.
pub(crate) struct WriterMemory {
    pub(crate) stale: StaleEntries,
    /// The number of the newest line of endings that is written or may be.
    pub(crate) newest_line: u64,
}

/// The line of endings in the making.
#[derive(Default)]
struct EndedLine {
    body: Vec<u8>,
    entries: u32,
    at: Timestamp,
    /// Entries that there is no room for.
    lost: u32,
}

/// One thing that a commit has changed, as it is to be published.
pub(crate) enum Touched {
    Session(SessionId, Option<Arc<Session>>),
    User(UserId, Arc<User>),
    Realm(RealmId, Arc<Realm>),
    Client(ClientId, Option<Arc<Client>>),
    Grant(Arc<Grant>),
    Consent((UserId, ClientId), Option<Arc<Consent>>),
}

impl<'a> Batch<'a> {
    /// A batch in which nothing is changed yet.
    pub(crate) fn begin(
        db: &'a Connection,
        shared: &'a Shared,
        kept: &'a mut WriterMemory,
        room: DiskRoom,
        is_waited_for: &'a dyn Fn() -> bool,
    ) -> Self {
        let (touched, dirty, ended) = (Vec::new(), HashSet::default(), EndedLine::default());
        Self { db, shared, touched, dirty, room, kept, ended, refused_in_writing: false, is_waited_for }
    }

    /// Whether a long order in the background, which has looked at so many rows, leaves the rest to its next turn because a request waits.
    /// It always comes on a little, however many wait.
    pub(crate) fn gives_way_after(&self, rows: u32) -> bool {
        rows >= ROWS_BEFORE_GIVING_WAY && (self.is_waited_for)()
    }

    /// The next order is at work.
    pub(crate) fn begin_order(&mut self) {
        self.refused_in_writing = false;
    }

    /// Whether the order at work has said that it is refused in writing.
    pub(crate) fn is_refused_in_writing(&self) -> bool {
        self.refused_in_writing
    }

    /// Enters an ending in the line of this batch; gives its place. On a disk without room for the line it stands without.
    pub(crate) fn enter(&mut self, entry: &EndingEntry, now: Timestamp) -> Option<EndingPlace> {
        if matches!(self.room, DiskRoom::Tight | DiskRoom::None) {
            self.ended.lost += 1;
            return None;
        }
        let place = self.next_place();
        append_entry(&mut self.ended.body, entry);
        self.ended.entries += 1;
        self.ended.at = self.ended.at.max(now);
        Some(place)
    }

    /// The entries of what this batch has ended so far.
    pub(crate) fn line_in_the_making(&self) -> &[u8] {
        &self.ended.body
    }

    /// The place that the next ending gets.
    pub(crate) fn next_place(&self) -> EndingPlace {
        let place = EndingPlace::of(self.kept.newest_line + 1, self.ended.entries);
        place.expect("a batch ends less than a line has room for")
    }

    /// How many endings go without their entries.
    pub(crate) fn entries_lost(&self) -> u32 {
        self.ended.lost
    }

    /// Writes the line of what this batch has ended, if it has; the last write before the commit. Its number is used up, also
    /// where nobody can say whether the commit landed.
    pub(crate) fn write_line(&mut self) -> rusqlite::Result<()> {
        if self.ended.entries == 0 {
            return Ok(());
        }
        let (number, at) = (self.kept.newest_line + 1, self.ended.at);
        let body = std::mem::take(&mut self.ended.body);
        rows::write_line(self.db, &EndingLine { number, at, body })?;
        self.kept.newest_line = number;
        Ok(())
    }

    /// What is to be published after the commit.
    pub(crate) fn into_touched(self) -> Vec<Touched> {
        self.touched
    }

    pub(crate) fn cipher(&self) -> &'a SessionIdCipher {
        &self.shared.cipher
    }

    /// The session of an id, as the orders before this one left it. This thread is the only writer, so what no order of
    /// the batch has touched is in the map as it is in the database.
    pub(crate) fn session(&self, id: SessionId) -> rusqlite::Result<Option<Arc<Session>>> {
        if !self.dirty.contains(&id.number())
            && let Some(cached) = self.shared.caches.sessions.find(&id.number())
        {
            return Ok(Some(cached.session));
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
        let is_told =
            session.participants > 0 || self.realm(session.realm)?.is_some_and(|realm| realm.subscribers > 0);
        if rows::write_session(self.db, &session, is_told)? {
            // The lists of this user are written anyway.
            let stale = self.kept.stale.take(session.locator.user_key());
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
        rows::list_application_traits(self.db, &stored)?;
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

    pub(crate) fn write_consent(&mut self, consent: Consent) -> rusqlite::Result<()> {
        rows::write_consent(self.db, &consent)?;
        let key = (consent.user, consent.client.clone());
        self.touched.push(Touched::Consent(key, Some(Arc::new(consent))));
        Ok(())
    }

    pub(crate) fn drop_consent(&mut self, user: UserId, client: ClientId) -> rusqlite::Result<()> {
        rows::drop_consent(self.db, user, &client)?;
        self.touched.push(Touched::Consent((user, client), None));
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
                    let stale = self.kept.stale.note(LiveEntry::of(&tombstone.session));
                    self.drop_stale(&stale)?;
                }
                EndingChange::Write(session) => self.write_session(*session)?,
                EndingChange::RaiseUser(raise) => {
                    if let Some(user) = rows::user_by_key(self.db, raise.key)? {
                        self.write_user(user.raised(raise))?;
                    }
                }
                EndingChange::RaiseRealm { id, to } => {
                    if let Some(realm) = rows::realm(self.db, id)? {
                        self.write_realm(Realm { generation: to, ..realm })?;
                    }
                }
                EndingChange::RaiseClient { id, to } => {
                    if let Some(mut stored) = rows::client(self.db, &id)? {
                        stored.client.generation = to;
                        self.write_client(stored)?;
                    }
                }
                EndingChange::Record(mass) => match self.room {
                    DiskRoom::Enough | DiskRoom::Short | DiskRoom::Tight => {
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
    pub(crate) fn publish(self, shared: &Shared, commit: u64) {
        let caches = &shared.caches;
        match self {
            Self::Session(id, None) => caches.sessions.publish(id.number(), |_| None, commit),
            Self::Session(id, Some(session)) => {
                let next = |held: Option<&CachedSession>| {
                    let seen_at = session.seen_at;
                    Some(match held {
                        Some(held) => held.next(session),
                        None => CachedSession::new(session, seen_at),
                    })
                };
                caches.sessions.publish(id.number(), next, commit);
            }
            Self::User(id, user) => caches.users.publish(id.uuid().as_u128(), |_| Some(user), commit),
            Self::Realm(id, realm) => caches.realms.publish(id.uuid().as_u128(), |_| Some(realm), commit),
            Self::Client(id, client) => caches.clients.publish(id, |_| client, commit),
            Self::Consent(key, consent) => caches.consents.publish(key, |_| consent, commit),
            Self::Grant(grant) => caches.grants.publish(grant.id.number().into(), |_| Some(grant), commit),
        }
    }
}
