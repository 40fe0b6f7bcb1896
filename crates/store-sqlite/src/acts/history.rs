//! Sessions with what became of them: one, a user's, a realm's.
//!
//! What was forgotten, and what a deleted user had, is shown to nobody.

use std::sync::Arc;

use adieu_core::{KeptSession, RealmId, SessionId, SessionRecord, Timestamp, User, session_record};
use adieu_store::{SessionCursor, SessionPage, SessionQuery};
use rusqlite::Connection;

use crate::acts::family::{ended_with, facts};
use crate::error::Damaged;
use crate::rows::{self, SessionRow};
use crate::shared::Shared;

/// Rows that one page looks at; a page may come out shorter than asked for, with a place to go on (HOME-LIMITS).
const LOOKED_MAX: u32 = 10_000;
/// Places of the list that are read at a time.
const MARKS_MAX: u32 = 500;

/// The session of an id, or what is left of it.
pub(super) fn kept_session(
    db: &Connection,
    shared: &Shared,
    id: SessionId,
    now: Timestamp,
) -> rusqlite::Result<Option<SessionRecord>> {
    match rows::kept(db, &shared.cipher, id)? {
        Some(kept) => remembered(db, shared, kept, now),
        None => Ok(None),
    }
}

/// The sessions of a user, newest first.
pub(super) fn user_session_records(
    db: &Connection,
    shared: &Shared,
    user: &User,
    limit: u32,
    now: Timestamp,
) -> rusqlite::Result<Vec<SessionRecord>> {
    let mut all = Vec::new();
    for kept in rows::kept_of(db, &shared.cipher, user.key)? {
        all.extend(remembered(db, shared, kept, now)?);
    }
    all.sort_by_key(|one| std::cmp::Reverse((one.session.opened_at, one.session.locator)));
    all.truncate(limit as usize);
    Ok(all)
}

/// A page of the sessions of a realm.
pub(super) fn realm_sessions(
    db: &Connection,
    shared: &Shared,
    realm: RealmId,
    listing: SessionQuery,
    now: Timestamp,
) -> rusqlite::Result<SessionPage> {
    let mut page = SessionPage { sessions: Vec::new(), next: None };
    let (mut after, mut looked) = (listing.after, 0);
    loop {
        let marks = rows::marks_after(db, realm, after, MARKS_MAX)?;
        for &mark in &marks {
            if page.sessions.len() as u32 == listing.most || looked == LOOKED_MAX {
                page.next = after;
                return Ok(page);
            }
            (after, looked) = (Some(mark), looked + 1);
            page.sessions.extend(at(db, shared, mark, listing.live, now)?);
        }
        if (marks.len() as u32) < MARKS_MAX {
            return Ok(page);
        }
    }
}

fn at(
    db: &Connection,
    shared: &Shared,
    mark: SessionCursor,
    live: Option<bool>,
    now: Timestamp,
) -> rusqlite::Result<Option<SessionRecord>> {
    let Some(kept) = rows::kept_at(db, &shared.cipher, mark)? else { return Ok(None) };
    let one = remembered(db, shared, kept, now)?;
    Ok(one.filter(|one| live.is_none_or(|live| live == one.is_live())))
}

fn remembered(
    db: &Connection,
    shared: &Shared,
    row: SessionRow,
    now: Timestamp,
) -> rusqlite::Result<Option<SessionRecord>> {
    let clients = rows::clients_of(db, row.session())?;
    let kept = match row {
        SessionRow::Stored(session) => {
            let facts = facts(db, shared, session)?;
            let with = ended_with(db, &facts)?;
            KeptSession::Stored(facts, with)
        }
        SessionRow::Ended(tombstone) => {
            let user = rows::user(db, tombstone.session.user)?;
            let user = user.ok_or_else(|| Damaged::row("user of a tombstone"))?;
            KeptSession::Ended(Box::new(tombstone), Arc::new(user))
        }
    };
    Ok(session_record(kept, clients, now))
}
