//! Tombstones, and the list of all sessions by the time they opened.
//!
//! An ended session stays in its row (decision 0005). An entry of the list stays with its row, live or ended, and is dropped
//! with it; whoever reads the list compares, so a stale entry shows nothing.

use adieu_core::{Locator, RealmId, Session, SessionId, SessionIdCipher, Timestamp, Tombstone, UserKey};
use adieu_store::SessionCursor;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::Damaged;
use crate::records::{Opened, TombstoneDetail, from_json, to_json};
use crate::rows::{ENDED, Named, SESSION, bounds, drop_participants, session_columns, session_row, signed};

/// What a row holds.
pub(crate) enum SessionRow {
    /// A session.
    Stored(Session),
    /// What is left of one.
    Ended(Tombstone),
}

impl SessionRow {
    /// The session, as it is or was.
    pub(crate) fn session(&self) -> &Session {
        match self {
            Self::Stored(session) => session,
            Self::Ended(tombstone) => &tombstone.session,
        }
    }
}

fn kept_row(row: &Row<'_>, named: &Named<'_>) -> rusqlite::Result<SessionRow> {
    if row.get::<_, i64>("state")? == ENDED {
        tombstone_row(row, named).map(SessionRow::Ended)
    } else {
        session_row(row, named).map(SessionRow::Stored)
    }
}

fn tombstone_row(row: &Row<'_>, named: &Named<'_>) -> rusqlite::Result<Tombstone> {
    let detail: TombstoneDetail = from_json(row.get_ref("detail")?.as_str()?, "tombstone")?;
    let columns = session_columns(row, named)?;
    let ended_at = columns.seen_at;
    detail.complete(columns, ended_at)
}

/// The session's row becomes its tombstone; a lean one takes no more room than the session did.
pub(crate) fn bury(db: &Connection, tombstone: &Tombstone, lean: bool) -> rusqlite::Result<()> {
    let detail = TombstoneDetail::of(tombstone);
    let detail = if lean { detail.lean() } else { detail };
    let sql = format!(
        "UPDATE session SET state = {ENDED}, seen_at = ?3, detail = ?4 WHERE locator = ?1 AND incarnation = ?2"
    );
    db.prepare_cached(&sql)?.execute(params![
        signed(tombstone.session.locator.number()),
        signed(tombstone.session.incarnation.number()),
        tombstone.ending.at.ms(),
        to_json(&detail),
    ])?;
    Ok(())
}

/// What is left of the session that an id named.
pub(crate) fn tombstone(
    db: &Connection,
    cipher: &SessionIdCipher,
    id: SessionId,
) -> rusqlite::Result<Option<Tombstone>> {
    let Some((locator, incarnation)) = cipher.decipher(id) else { return Ok(None) };
    let sql =
        format!("SELECT {SESSION} FROM session WHERE locator = ?1 AND incarnation = ?2 AND state = {ENDED}");
    db.prepare_cached(&sql)?
        .query_row([signed(locator.number()), signed(incarnation.number())], |row| {
            tombstone_row(row, &Named::By(id))
        })
        .optional()
}

/// The session that an id names, or what is left of it.
pub(crate) fn kept(
    db: &Connection,
    cipher: &SessionIdCipher,
    id: SessionId,
) -> rusqlite::Result<Option<SessionRow>> {
    let Some((locator, incarnation)) = cipher.decipher(id) else { return Ok(None) };
    let sql = format!("SELECT {SESSION} FROM session WHERE locator = ?1 AND incarnation = ?2");
    db.prepare_cached(&sql)?
        .query_row([signed(locator.number()), signed(incarnation.number())], |row| {
            kept_row(row, &Named::By(id))
        })
        .optional()
}

/// All that a user's places hold, in their order.
pub(crate) fn kept_of(
    db: &Connection,
    cipher: &SessionIdCipher,
    key: UserKey,
) -> rusqlite::Result<Vec<SessionRow>> {
    let (low, high) = bounds(key);
    db.prepare_cached(&format!("SELECT {SESSION} FROM session WHERE locator BETWEEN ?1 AND ?2"))?
        .query_map([low, high], |row| kept_row(row, &Named::Enciphered(cipher)))?
        .collect()
}

/// The next places of a realm's list, newest first.
pub(crate) fn marks_after(
    db: &Connection,
    realm: RealmId,
    after: Option<SessionCursor>,
    most: u32,
) -> rusqlite::Result<Vec<SessionCursor>> {
    let (opened_at, locator) =
        after.map_or((i64::MAX, i64::MAX), |mark| (mark.opened_at.ms(), signed(mark.locator.number())));
    let sql = "SELECT opened_at, locator FROM recent WHERE realm = ?1 AND (opened_at, locator) < (?2, ?3)
        ORDER BY opened_at DESC, locator DESC LIMIT ?4";
    db.prepare_cached(sql)?
        .query_map(params![realm.uuid().as_bytes(), opened_at, locator, most], |row| {
            let number = row.get::<_, i64>(1)?;
            let locator = u64::try_from(number).ok().and_then(Locator::from_number);
            let locator = locator.ok_or_else(|| Damaged::row("locator"))?;
            Ok(SessionCursor { opened_at: Timestamp::from_ms(row.get(0)?), locator })
        })?
        .collect()
}

/// What lies at a place of the list; none if the entry is stale.
pub(crate) fn kept_at(
    db: &Connection,
    cipher: &SessionIdCipher,
    mark: SessionCursor,
) -> rusqlite::Result<Option<SessionRow>> {
    let kept = db
        .prepare_cached(&format!("SELECT {SESSION} FROM session WHERE locator = ?1"))?
        .query_row([signed(mark.locator.number())], |row| kept_row(row, &Named::Enciphered(cipher)))
        .optional()?;
    Ok(kept.filter(|kept| kept.session().opened_at == mark.opened_at))
}

/// Puts a new session on its realm's list.
pub(crate) fn put_recent(db: &Connection, session: &Session) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT OR IGNORE INTO recent(realm, opened_at, locator) VALUES (?1, ?2, ?3)")?
        .execute(params![
            session.realm.uuid().as_bytes(),
            session.opened_at.ms(),
            signed(session.locator.number())
        ])?;
    Ok(())
}

/// Drops what is kept beside whatever lies at a place: its entry on the list, and who took part.
pub(crate) fn drop_beside(db: &Connection, locator: i64) -> rusqlite::Result<()> {
    let opened = db
        .prepare_cached("SELECT detail FROM session WHERE locator = ?1")?
        .query_row([locator], |row| Opened::of(row.get_ref(0)?.as_str()?))
        .optional()?;
    if let Some(Opened { realm, at }) = opened {
        db.prepare_cached("DELETE FROM recent WHERE realm = ?1 AND opened_at = ?2 AND locator = ?3")?
            .execute(params![realm.uuid().as_bytes(), at.ms(), locator])?;
        drop_participants(db, locator)?;
    }
    Ok(())
}

/// The next stretch of rows behind a place: where each lies, and when it ended if it is a tombstone.
pub(crate) fn stretch_after(
    db: &Connection,
    after: i64,
    most: u32,
) -> rusqlite::Result<Vec<(i64, Option<i64>)>> {
    let sql = format!(
        "SELECT locator, CASE state WHEN {ENDED} THEN seen_at END FROM session WHERE locator > ?1
            ORDER BY locator LIMIT ?2"
    );
    db.prepare_cached(&sql)?.query_map(params![after, most], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

pub(crate) fn drop_tombstone(db: &Connection, locator: i64) -> rusqlite::Result<()> {
    drop_beside(db, locator)?;
    db.prepare_cached(&format!("DELETE FROM session WHERE locator = ?1 AND state = {ENDED}"))?
        .execute([locator])?;
    Ok(())
}
