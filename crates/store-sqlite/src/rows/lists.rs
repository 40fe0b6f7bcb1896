//! Lists of sessions by the time they opened: of a realm, of a user, and those of a user that may be live.
//!
//! An entry is written with its session and stays with its row, live or ended, until the row goes; whoever reads a list
//! compares with the row, so that a stale entry shows nothing. The list of those that may be live is kept by the user's
//! generation: what ended with others is on no list that is read. An ending leaves that list alone, for it would pay for a
//! second page; what ended is taken off it in passing (see `stale`).

use std::ops::ControlFlow;

use adieu_core::session::Generations;
use adieu_core::{
    Assurance, Incarnation, Locator, RealmId, Session, SessionIdCipher, SessionOutline, Span, Timestamp,
    User, UserKey,
};
use adieu_store::SessionCursor;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::{Damaged, InRow as _};
use crate::rows::{ENDED, signed, state, unsigned};
use adieu_store_records::Opened;

/// A list.
#[derive(Clone, Copy)]
pub(crate) enum SessionList {
    /// All of a realm.
    Realm(RealmId),
    /// All of a user.
    User(UserKey),
    /// Those of a user that may be live, born under this generation of the user.
    Live(UserKey, u64),
}

impl SessionList {
    /// Those of a user that may be live now.
    pub(crate) const fn live_of(user: &User) -> Self {
        Self::Live(user.key, user.generation)
    }
}

/// The next places of a list, newest first.
pub(crate) fn cursors_after(
    db: &Connection,
    list: SessionList,
    after: Option<SessionCursor>,
    most: u32,
) -> rusqlite::Result<Vec<SessionCursor>> {
    let (opened_at, locator) =
        after.map_or((i64::MAX, i64::MAX), |after| (after.opened_at.ms(), signed(after.locator.number())));
    let read = |params: &[&dyn rusqlite::ToSql]| {
        db.prepare_cached(&page_sql(list))?.query_map(params, cursor_row)?.collect()
    };
    match list {
        SessionList::Realm(id) => read(&[&opened_at, &locator, &most, &id.uuid().as_bytes()]),
        SessionList::User(key) => read(&[&opened_at, &locator, &most, &signed(key.number())]),
        SessionList::Live(key, generation) => {
            read(&[&opened_at, &locator, &most, &signed(key.number()), &signed(generation)])
        }
    }
}

fn page_sql(list: SessionList) -> String {
    let (table, whose) = match list {
        SessionList::Realm(_) => ("recent", "realm = ?4"),
        SessionList::User(_) => ("user_recent", "key = ?4"),
        SessionList::Live(..) => ("user_live", "key = ?4 AND generation = ?5"),
    };
    format!(
        "SELECT opened_at, locator FROM {table} WHERE {whose} AND (opened_at, locator) < (?1, ?2)
            ORDER BY opened_at DESC, locator DESC LIMIT ?3"
    )
}

fn cursor_row(row: &Row<'_>) -> rusqlite::Result<SessionCursor> {
    let locator = Locator::from_number(unsigned(row, "locator")?).ok_or_else(|| Damaged::row("locator"))?;
    Ok(SessionCursor { opened_at: Timestamp::from_ms(row.get("opened_at")?), locator })
}

/// How many sessions of a user lie there, live or not, of each generation they were born under.
pub(crate) fn count_by_generation(db: &Connection, key: UserKey) -> rusqlite::Result<Vec<(u64, u64)>> {
    let sql = "SELECT s.user_generation AS generation, count(*) AS sessions FROM user_recent l
        JOIN session s ON s.locator = l.locator WHERE l.key = ?1 GROUP BY s.user_generation";
    db.prepare_cached(sql)?
        .query_map([signed(key.number())], |row| {
            Ok((unsigned(row, "generation")?, unsigned(row, "sessions")?))
        })?
        .collect()
}

/// Reads the outlines of the sessions of a user that may be live, oldest first, until `hear` breaks off. Gives some of the
/// entries that are stale.
pub(crate) fn live_outlines(
    db: &Connection,
    cipher: &SessionIdCipher,
    user: &User,
    mut hear: impl FnMut(SessionOutline) -> ControlFlow<()>,
) -> rusqlite::Result<Vec<LiveEntry>> {
    let mut stale = Vec::new();
    let mut statement = db.prepare_cached(&outlines_sql())?;
    let mut rows = statement.query([signed(user.key.number()), signed(user.generation)])?;
    while let Some(row) = rows.next()? {
        let place = cursor_row(row)?;
        if row.get::<_, Option<i64>>("state")?.is_none() {
            if stale.len() < STALE_MAX {
                stale.push(LiveEntry { generation: user.generation, place });
            }
        } else if hear(outline_row(row, cipher, place)?).is_break() {
            break;
        }
    }
    Ok(stale)
}

fn outlines_sql() -> String {
    format!(
        "SELECT l.opened_at, l.locator, s.incarnation, s.state, s.user_generation, s.realm_generation, s.seen_at,
            s.expires_at, s.idle, s.assurance FROM user_live l LEFT JOIN session s ON s.locator = l.locator AND s.state != {ENDED}
            WHERE l.key = ?1 AND l.generation = ?2 ORDER BY l.opened_at, l.locator"
    )
}

/// Stale entries that one reading gives (HOME-LIMITS): to drop them takes no longer than a few sign-ons.
const STALE_MAX: usize = 256;

fn outline_row(
    row: &Row<'_>,
    cipher: &SessionIdCipher,
    place: SessionCursor,
) -> rusqlite::Result<SessionOutline> {
    let incarnation = Incarnation::from_bits(unsigned(row, "incarnation")?);
    Ok(SessionOutline {
        id: cipher.encipher(place.locator, incarnation),
        locator: place.locator,
        state: state(row.get("state")?)?,
        assurance: assurance(row)?,
        born: Generations {
            user: unsigned(row, "user_generation")?,
            realm: unsigned(row, "realm_generation")?,
        },
        opened_at: place.opened_at,
        seen_at: Timestamp::from_ms(row.get("seen_at")?),
        idle: row.get::<_, Option<i64>>("idle")?.map(Span::from_ms),
        expires_at: Timestamp::from_ms(row.get("expires_at")?),
    })
}

/// How far the user of a session has proven who they are. The methods in its detail say the same.
fn assurance(row: &Row<'_>) -> rusqlite::Result<Assurance> {
    match row.get::<_, i64>("assurance")? {
        1 => Ok(Assurance::One),
        2 => Ok(Assurance::Two),
        _ => Err(Damaged::row("session assurance")),
    }
}

/// An entry of a list of sessions that may be live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LiveEntry {
    /// The generation of the user under which its session was born.
    pub(crate) generation: u64,
    /// Its place in the list.
    pub(crate) place: SessionCursor,
}

impl LiveEntry {
    pub(crate) fn of(session: &Session) -> Self {
        let place = SessionCursor { opened_at: session.opened_at, locator: session.locator };
        Self { generation: session.born.user, place }
    }

    fn user_key(self) -> i64 {
        signed(self.place.locator.number()) >> Locator::SLOT_BITS
    }
}

/// Puts a new session on the lists.
pub(crate) fn put_listed(db: &Connection, session: &Session) -> rusqlite::Result<()> {
    let (opened_at, locator) = (session.opened_at.ms(), signed(session.locator.number()));
    db.prepare_cached("INSERT OR IGNORE INTO recent(realm, opened_at, locator) VALUES (?1, ?2, ?3)")?
        .execute(params![session.realm.uuid().as_bytes(), opened_at, locator])?;
    db.prepare_cached("INSERT OR IGNORE INTO user_recent(key, opened_at, locator) VALUES (?1, ?2, ?3)")?
        .execute([locator >> Locator::SLOT_BITS, opened_at, locator])?;
    put_live(db, LiveEntry::of(session))
}

pub(crate) fn put_live(db: &Connection, entry: LiveEntry) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO user_live(key, generation, opened_at, locator) VALUES (?1, ?2, ?3, ?4)";
    db.prepare_cached(sql)?.execute(live_key(entry))?;
    Ok(())
}

/// Takes an entry off the list of those that may be live.
pub(crate) fn drop_live(db: &Connection, entry: LiveEntry) -> rusqlite::Result<()> {
    let sql = "DELETE FROM user_live WHERE key = ?1 AND generation = ?2 AND opened_at = ?3 AND locator = ?4";
    db.prepare_cached(sql)?.execute(live_key(entry))?;
    Ok(())
}

/// The same, unless a session that is not ended lies there.
pub(crate) fn drop_stale(db: &Connection, entry: LiveEntry) -> rusqlite::Result<()> {
    let sql = format!(
        "DELETE FROM user_live WHERE key = ?1 AND generation = ?2 AND opened_at = ?3 AND locator = ?4
            AND NOT EXISTS (SELECT 1 FROM session WHERE locator = ?4 AND state != {ENDED})"
    );
    db.prepare_cached(&sql)?.execute(live_key(entry))?;
    Ok(())
}

fn live_key(entry: LiveEntry) -> [i64; 4] {
    let LiveEntry { generation, place } = entry;
    [entry.user_key(), signed(generation), place.opened_at.ms(), signed(place.locator.number())]
}

/// Takes whatever lies at a place off the lists.
pub(crate) fn forget_listed(db: &Connection, locator: i64) -> rusqlite::Result<()> {
    let listed = db
        .prepare_cached("SELECT detail, user_generation FROM session WHERE locator = ?1")?
        .query_row([locator], |row| {
            let generation = unsigned(row, "user_generation")?;
            Ok((Opened::of(row.get_ref("detail")?.as_str()?).in_row()?, generation))
        })
        .optional()?;
    let Some((Opened { realm, at }, generation)) = listed else { return Ok(()) };
    db.prepare_cached("DELETE FROM recent WHERE realm = ?1 AND opened_at = ?2 AND locator = ?3")?
        .execute(params![realm.uuid().as_bytes(), at.ms(), locator])?;
    let key = locator >> Locator::SLOT_BITS;
    db.prepare_cached("DELETE FROM user_recent WHERE key = ?1 AND opened_at = ?2 AND locator = ?3")?
        .execute([key, at.ms(), locator])?;
    let sql = "DELETE FROM user_live WHERE key = ?1 AND generation = ?2 AND opened_at = ?3 AND locator = ?4";
    db.prepare_cached(sql)?.execute([key, signed(generation), at.ms(), locator])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::plan_of;

    /// Goal: what is counted and listed is found by keys; nothing reads past a user's live sessions (decision 0016).
    #[test]
    fn live_sessions_are_found_by_keys() {
        let plan = plan_of(&outlines_sql());
        assert_eq!(plan.len(), 2, "{plan:?}");
        assert!(plan[0].starts_with("SEARCH l USING PRIMARY KEY (key=? AND generation=?)"), "{plan:?}");
        assert!(plan[1].starts_with("SEARCH s USING INTEGER PRIMARY KEY (rowid=?)"), "{plan:?}");
    }

    /// Goal: a page of a list reads its own entries only: they lie in the order in which they are shown, so that nothing is
    /// sorted and the limit ends the reading.
    #[test]
    fn a_page_is_read_in_the_order_of_its_list() {
        let key = UserKey::from_random(7);
        for (list, expect) in [
            (
                SessionList::Realm(RealmId::from_uuid(uuid::Uuid::nil())),
                "SEARCH recent USING PRIMARY KEY (realm=? AND ",
            ),
            (SessionList::User(key), "SEARCH user_recent USING PRIMARY KEY (key=? AND "),
            (SessionList::Live(key, 3), "SEARCH user_live USING PRIMARY KEY (key=? AND generation=? AND "),
        ] {
            let plan = plan_of(&page_sql(list));
            assert!(plan.len() == 1 && plan[0].starts_with(expect), "{plan:?}");
        }
    }
}
