//! Sessions with what became of them: one, a user's, a realm's; and how many there are.
//!
//! What a list shows is decided by core, session by session; a page reads no further than it needs.

use std::collections::HashMap;
use std::sync::Arc;

use adieu_core::{
    Around, KeptSession, Realm, RealmAround, RealmId, Session, SessionFacts, SessionId, SessionOutline,
    SessionRecord, Timestamp, User, UserId, Verdict, is_shown_of_generation, session_record,
};
use adieu_store::{SessionCursor, SessionPage, SessionQuery};
use rusqlite::Connection;

use crate::acts::family::{ended_with, together};
use crate::error::Damaged;
use crate::rows::{self, SessionList, SessionRow};
use crate::shared::Shared;

/// Rows that one page reads; a page may come out shorter than asked for, with a place to go on (HOME-LIMITS).
const ROWS_MAX: u32 = 10_000;
/// Places of the list that are read at a time.
const CURSORS_MAX: u32 = 500;

/// What one question reads, from one snapshot; users and realms once each.
struct Reading<'a> {
    db: &'a Connection,
    shared: &'a Shared,
    users: HashMap<UserId, Arc<User>>,
    realms: HashMap<RealmId, Arc<Realm>>,
    now: Timestamp,
}

/// The session of an id, or what is left of it.
pub(super) fn kept_session(
    db: &Connection,
    shared: &Shared,
    id: SessionId,
    now: Timestamp,
) -> rusqlite::Result<Option<SessionRecord>> {
    match rows::kept(db, &shared.cipher, id)? {
        Some(kept) => Reading::new(db, shared, now).record(kept),
        None => Ok(None),
    }
}

/// A page of the sessions of a user. Those that are live are read off a list of their own.
pub(super) fn user_sessions(
    db: &Connection,
    shared: &Shared,
    user: UserId,
    query: SessionQuery,
    now: Timestamp,
) -> rusqlite::Result<SessionPage> {
    let Some(user) = rows::user(db, user)? else { return Ok(SessionPage::default()) };
    let list = match query.live {
        Some(true) => SessionList::live_of(&user),
        Some(false) | None => SessionList::User(user.key),
    };
    Reading::new(db, shared, now).page(list, query)
}

/// A page of the sessions of a realm.
pub(super) fn realm_sessions(
    db: &Connection,
    shared: &Shared,
    realm: RealmId,
    query: SessionQuery,
    now: Timestamp,
) -> rusqlite::Result<SessionPage> {
    Reading::new(db, shared, now).page(SessionList::Realm(realm), query)
}

/// How many sessions of a user are live; none of them is read as a whole.
pub(super) fn count_live(
    db: &Connection,
    shared: &Shared,
    user: UserId,
    now: Timestamp,
) -> rusqlite::Result<u64> {
    let Some(user) = rows::user(db, user)? else { return Ok(0) };
    let Some(realm) = rows::realm(db, user.realm)? else { return Ok(0) };
    let around = Around::of_sessions(&user, RealmAround::from(&realm));
    let mut count = 0;
    rows::live_outlines(db, &shared.cipher, &user, |outline| {
        count += u64::from(as_seen(shared, outline).verdict(around, now) == Verdict::Live);
        std::ops::ControlFlow::Continue(())
    })?;
    Ok(count)
}

/// How many sessions of a user are kept and may be shown.
pub(super) fn count(db: &Connection, user: UserId) -> rusqlite::Result<u64> {
    let Some(user) = rows::user(db, user)? else { return Ok(0) };
    let counts = rows::count_by_generation(db, user.key)?;
    Ok(counts.iter().filter(|(born, _)| is_shown_of_generation(*born, &user)).map(|(_, count)| count).sum())
}

/// The outline with a later activity, if memory knows one.
pub(super) fn as_seen(shared: &Shared, outline: SessionOutline) -> SessionOutline {
    SessionOutline { seen_at: shared.seen_at(outline.id, outline.seen_at), ..outline }
}

impl<'a> Reading<'a> {
    fn new(db: &'a Connection, shared: &'a Shared, now: Timestamp) -> Self {
        Self { db, shared, users: HashMap::new(), realms: HashMap::new(), now }
    }

    fn page(&mut self, list: SessionList, query: SessionQuery) -> rusqlite::Result<SessionPage> {
        let mut page = SessionPage::default();
        let (mut after, mut read) = (query.after, 0);
        loop {
            let cursors = rows::cursors_after(self.db, list, after, CURSORS_MAX)?;
            for &cursor in &cursors {
                if page.sessions.len() as u32 == query.most || read == ROWS_MAX {
                    page.next = after;
                    return Ok(page);
                }
                (after, read) = (Some(cursor), read + 1);
                page.sessions.extend(self.at(cursor)?.filter(|record| query.asks_for(record)));
            }
            if (cursors.len() as u32) < CURSORS_MAX {
                return Ok(page);
            }
        }
    }

    fn at(&mut self, cursor: SessionCursor) -> rusqlite::Result<Option<SessionRecord>> {
        match rows::kept_at(self.db, &self.shared.cipher, cursor)? {
            Some(kept) => self.record(kept),
            None => Ok(None),
        }
    }

    fn record(&mut self, row: SessionRow) -> rusqlite::Result<Option<SessionRecord>> {
        let clients = rows::clients_of(self.db, row.session())?;
        let kept = match row {
            SessionRow::Stored(session) => {
                let facts = self.facts(session)?;
                let with = ended_with(self.db, &facts)?;
                KeptSession::Stored(facts, Box::new(with))
            }
            SessionRow::Ended(tombstone) => {
                let user = self.user(tombstone.session.user)?;
                let user = user.ok_or_else(|| Damaged::row("user of a tombstone"))?;
                KeptSession::Ended(Box::new(tombstone), user)
            }
        };
        Ok(session_record(kept, clients, self.now))
    }

    fn facts(&mut self, session: Session) -> rusqlite::Result<SessionFacts> {
        let (user, realm) = (self.user(session.user)?, self.realm(session.realm)?);
        together(self.shared, Arc::new(session), user, realm)
    }

    fn user(&mut self, id: UserId) -> rusqlite::Result<Option<Arc<User>>> {
        if let Some(user) = self.users.get(&id) {
            return Ok(Some(Arc::clone(user)));
        }
        let user = rows::user(self.db, id)?.map(Arc::new);
        self.users.extend(user.clone().map(|user| (id, user)));
        Ok(user)
    }

    fn realm(&mut self, id: RealmId) -> rusqlite::Result<Option<Arc<Realm>>> {
        if let Some(realm) = self.realms.get(&id) {
            return Ok(Some(Arc::clone(realm)));
        }
        let realm = rows::realm(self.db, id)?.map(Arc::new);
        self.realms.extend(realm.clone().map(|realm| (id, realm)));
        Ok(realm)
    }
}
