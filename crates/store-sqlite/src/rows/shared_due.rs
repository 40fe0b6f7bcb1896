//! When sessions of whose end somebody is told are over, so that they can be told at that moment: sessions in which clients take
//! part, and those of realms with subscribers.
//!
//! A session has one entry at most that counts: the one of the moment in its row. Activity writes nothing here: an entry is met
//! at its moment, and one that came too early is put at the next. An ending leaves its session's entry alone.

use adieu_core::{Locator, Session, Timestamp};
use rusqlite::{Connection, params};

use crate::rows::signed;

/// Sees to it that a session of whose end somebody is told is looked at no later than it may be over; gives the moment. `noted` is
/// the one that is in its row.
pub(crate) fn watch_shared(
    db: &Connection,
    session: &Session,
    noted: Option<Timestamp>,
) -> rusqlite::Result<Timestamp> {
    let ends_at = session.ends_at(session.seen_at);
    match noted {
        Some(noted) if noted <= ends_at => Ok(noted),
        Some(_) | None => {
            put_shared_due(db, session.locator, ends_at)?;
            Ok(ends_at)
        }
    }
}

fn put_shared_due(db: &Connection, locator: Locator, at: Timestamp) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO shared_due(at, locator) VALUES (?1, ?2)";
    db.prepare_cached(sql)?.execute(params![at.ms(), signed(locator.number())])?;
    Ok(())
}

/// A session that may be over.
#[derive(Clone, Copy)]
pub(crate) struct SharedDue {
    pub(crate) at: Timestamp,
    pub(crate) locator: i64,
}

/// Those that may be over at `now`, the earliest first.
pub(crate) fn shared_due(db: &Connection, now: Timestamp, most: u32) -> rusqlite::Result<Vec<SharedDue>> {
    db.prepare_cached(SHARED_DUE)?
        .query_map(params![now.ms(), most], |row| {
            Ok(SharedDue { at: Timestamp::from_ms(row.get(0)?), locator: row.get(1)? })
        })?
        .collect()
}

const SHARED_DUE: &str = "SELECT at, locator FROM shared_due WHERE at <= ?1 ORDER BY at, locator LIMIT ?2";

pub(crate) fn drop_shared_due(db: &Connection, due: SharedDue) -> rusqlite::Result<()> {
    let sql = "DELETE FROM shared_due WHERE at = ?1 AND locator = ?2";
    db.prepare_cached(sql)?.execute(params![due.at.ms(), due.locator])?;
    Ok(())
}

/// Has a session looked at again when it may be over.
pub(crate) fn postpone_shared(db: &Connection, session: &Session) -> rusqlite::Result<()> {
    let (locator, at) = (session.locator, session.ends_at(session.seen_at));
    let sql = "UPDATE session SET shared_due = ?2 WHERE locator = ?1";
    db.prepare_cached(sql)?.execute(params![signed(locator.number()), at.ms()])?;
    put_shared_due(db, locator, at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::plan_of;

    /// Goal: who asks every second reads what is due, and nothing else.
    #[test]
    fn what_is_due_is_found_by_its_moment() {
        let plan = plan_of(SHARED_DUE);
        assert!(
            plan.len() == 1 && plan[0].starts_with("SEARCH shared_due USING PRIMARY KEY (at<?)"),
            "{plan:?}"
        );
    }
}
