//! Sessions with what became of them: one, a user's, a realm's; and how many there are.
//!
//! What a list shows is decided by core, session by session; a page reads no further than it needs.

use std::ops::ControlFlow;

use adieu_core::{
    Around, KeptSession, RealmAround, RealmId, SessionId, SessionRecord, Timestamp, Tombstone, UserId,
    Verdict, is_shown_of_generation, session_record,
};
use adieu_store::{SessionCursor, SessionPage, SessionQuery};
use adieu_store_records::Damaged;

use crate::batch::Batch;
use crate::rows::{CountByGeneration, ListOfRealm, ListOfUser, LiveOfUser, SessionRow, Stretch};
use crate::working::{Halt, Looked};

/// Rows that one page reads; a page may come out shorter than asked for, with a place to go on (HOME-LIMITS).
const ROWS_MAX: u32 = 10_000;
/// Places of the list that are read at a time.
const CURSORS_MAX: u32 = 500;

/// The session of an id, or what is left of it.
pub(super) fn kept_session(batch: &Batch, id: SessionId, now: Timestamp) -> Looked<Option<SessionRecord>> {
    match batch.kept(id)? {
        Some(kept) => record(batch, kept, now),
        None => Ok(None),
    }
}

/// A page of the sessions of a user. Those that are live are read off a list of their own.
pub(super) fn user_sessions(
    batch: &Batch,
    user: UserId,
    query: SessionQuery,
    now: Timestamp,
) -> Looked<SessionPage> {
    let Some(user) = batch.user(user)? else { return Ok(SessionPage::default()) };
    match query.live {
        Some(true) => page(batch, query, now, |after, most| {
            let list = LiveOfUser(user.key, user.generation);
            batch.asked.live_of_user.get(&Stretch { list, after, most }).cloned()
        }),
        Some(false) | None => page(batch, query, now, |after, most| {
            batch.asked.of_user.get(&Stretch { list: ListOfUser(user.key), after, most }).cloned()
        }),
    }
}

/// A page of the sessions of a realm.
pub(super) fn realm_sessions(
    batch: &Batch,
    realm: RealmId,
    query: SessionQuery,
    now: Timestamp,
) -> Looked<SessionPage> {
    page(batch, query, now, |after, most| {
        batch.asked.of_realm.get(&Stretch { list: ListOfRealm(realm), after, most }).cloned()
    })
}

/// How many sessions of a user are live; none of them is read as a whole.
pub(super) fn count_live(batch: &Batch, user: UserId, now: Timestamp) -> Looked<u64> {
    let Some(user) = batch.user(user)? else { return Ok(0) };
    let Some(realm) = batch.realm(user.realm)? else { return Ok(0) };
    let around = Around::of_sessions(&user, RealmAround::from(realm.as_ref()));
    let mut count = 0;
    batch.live_outlines(&user, |outline| {
        count += u64::from(outline.verdict(around, now) == Verdict::Live);
        ControlFlow::Continue(())
    })?;
    Ok(count)
}

/// How many sessions of a user are kept and may be shown.
pub(super) fn count(batch: &Batch, user: UserId) -> Looked<u64> {
    let Some(user) = batch.user(user)? else { return Ok(0) };
    let counts = batch.asked.count_by_generation.get(&CountByGeneration(user.key))?;
    Ok(counts.iter().filter(|(born, _)| is_shown_of_generation(*born, &user)).map(|(_, count)| count).sum())
}

fn page(
    batch: &Batch,
    query: SessionQuery,
    now: Timestamp,
    next: impl Fn(Option<SessionCursor>, u32) -> Looked<Vec<SessionCursor>>,
) -> Looked<SessionPage> {
    let mut page = SessionPage::default();
    let (mut after, mut read) = (query.after, 0);
    // Where all are asked for, no more places are read than are shown.
    let most =
        if query.live == Some(false) { CURSORS_MAX } else { query.most.saturating_add(1).min(CURSORS_MAX) };
    loop {
        let cursors = next(after, most)?;
        let records = all_at(batch, &cursors, now)?;
        for (&cursor, record) in cursors.iter().zip(records) {
            if page.sessions.len() as u32 == query.most || read == ROWS_MAX {
                page.next = after;
                return Ok(page);
            }
            (after, read) = (Some(cursor), read + 1);
            page.sessions.extend(record.filter(|record| query.asks_for(record)));
        }
        if (cursors.len() as u32) < most {
            return Ok(page);
        }
    }
}

/// What lies at some places, if it is shown; what is missing of all of them is asked for together.
fn all_at(batch: &Batch, cursors: &[SessionCursor], now: Timestamp) -> Looked<Vec<Option<SessionRecord>>> {
    let (mut records, mut halt) = (Vec::with_capacity(cursors.len()), None);
    for cursor in cursors {
        match record_at(batch, *cursor, now) {
            Ok(record) => records.push(record),
            Err(Halt::Missing) => halt = halt.or(Some(Halt::Missing)),
            Err(other) => halt = Some(other),
        }
    }
    halt.map_or(Ok(records), Err)
}

fn record_at(batch: &Batch, cursor: SessionCursor, now: Timestamp) -> Looked<Option<SessionRecord>> {
    let kept = batch.row_at(cursor.locator)?.map(|kept| kept.row);
    match kept.filter(|row| row.session().opened_at == cursor.opened_at) {
        Some(row) => record(batch, row, now),
        None => Ok(None),
    }
}

fn record(batch: &Batch, row: SessionRow, now: Timestamp) -> Looked<Option<SessionRecord>> {
    let clients = batch.clients_of_session(row.session());
    let kept = kept(batch, row);
    Ok(session_record(kept?, clients?, now))
}

/// What is kept of a session, with what stands around it.
pub(super) fn kept(batch: &Batch, row: SessionRow) -> Looked<KeptSession> {
    match row {
        SessionRow::Stored(session) => {
            let facts = batch.facts_of(session)?;
            let with = batch.ended_with(&facts)?;
            Ok(KeptSession::Stored(facts, Box::new(with)))
        }
        SessionRow::Ended(tombstone) => {
            let user = batch.user_by_key(tombstone.session.locator.user_key())?;
            let user = user.ok_or(Damaged("user of a tombstone"))?;
            Ok(KeptSession::Ended(Box::new(Tombstone::clone(&tombstone)), user))
        }
    }
}
