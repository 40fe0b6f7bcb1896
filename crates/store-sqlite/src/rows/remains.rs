//! Tombstones, and rows whatever they hold.
//!
//! An ended session stays in its row (decision 0005).

use adieu_core::{
    Incarnation, Locator, Session, SessionId, SessionIdCipher, Span, Timestamp, Tombstone, counts_as_live,
};
use adieu_store::{LiveCount, SessionCursor};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::InRow as _;
use crate::rows::{
    ENDED, Named, SESSION, drop_participants, forget_listed, session_columns, session_row, signed, state,
};
use adieu_store_records::{TombstoneDetail, from_json, to_json};

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
    let detail: TombstoneDetail = from_json(row.get_ref("detail")?.as_str()?, "tombstone").in_row()?;
    let columns = session_columns(row, named)?;
    let ended_at = columns.seen_at;
    detail.complete(columns, ended_at).in_row()
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

/// The session in an incarnation of a place, or what is left of it.
pub(crate) fn kept_incarnation(
    db: &Connection,
    cipher: &SessionIdCipher,
    (locator, incarnation): (Locator, Incarnation),
) -> rusqlite::Result<Option<SessionRow>> {
    let sql = format!("SELECT {SESSION} FROM session WHERE locator = ?1 AND incarnation = ?2");
    db.prepare_cached(&sql)?
        .query_row([signed(locator.number()), signed(incarnation.number())], |row| {
            kept_row(row, &Named::Enciphered(cipher))
        })
        .optional()
}

/// What lies at a place of the list; none if the entry is stale.
pub(crate) fn kept_at(
    db: &Connection,
    cipher: &SessionIdCipher,
    place: SessionCursor,
) -> rusqlite::Result<Option<SessionRow>> {
    let kept = db
        .prepare_cached(&format!("SELECT {SESSION} FROM session WHERE locator = ?1"))?
        .query_row([signed(place.locator.number())], |row| kept_row(row, &Named::Enciphered(cipher)))
        .optional()?;
    Ok(kept.filter(|kept| kept.session().opened_at == place.opened_at))
}

/// Drops what is kept beside whatever lies at a place: its entries on the lists, and who took part.
pub(crate) fn drop_beside(db: &Connection, locator: i64) -> rusqlite::Result<()> {
    forget_listed(db, locator)?;
    drop_participants(db, locator)
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

/// Counts the live sessions of a stretch of places.
pub(crate) fn count_live(
    db: &Connection,
    from: Option<Locator>,
    most: u32,
    now: Timestamp,
) -> rusqlite::Result<LiveCount> {
    let sql = "SELECT locator, state, idle, seen_at, expires_at FROM session WHERE locator >= ?1 ORDER BY locator LIMIT ?2";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![from.map_or(0, |from| signed(from.number())), most])?;
    let (mut count, mut read) = (LiveCount::default(), 0);
    while let Some(row) = rows.next()? {
        read += 1;
        // The place behind the last one that was read.
        count.next = Locator::from_number(row.get::<_, i64>(0)?.unsigned_abs() + 1);
        let idle = row.get::<_, Option<i64>>(2)?.map(Span::from_ms);
        let times = (Timestamp::from_ms(row.get(3)?), Timestamp::from_ms(row.get(4)?));
        // Tombstones have other states, and damage is for whoever reads the session.
        let live = state(row.get(1)?).is_ok_and(|state| counts_as_live(state, idle, times, now));
        count.live += u64::from(live);
    }
    count.next = count.next.filter(|_| read == most);
    Ok(count)
}

pub(crate) fn drop_tombstone(db: &Connection, locator: i64) -> rusqlite::Result<()> {
    drop_beside(db, locator)?;
    db.prepare_cached(&format!("DELETE FROM session WHERE locator = ?1 AND state = {ENDED}"))?
        .execute([locator])?;
    Ok(())
}
