//! Sessions where they lie, and when the sweep is to look at them.
//!
//! A row that has become a tombstone is none of these: see `remains`.

use std::ops::ControlFlow;

use adieu_core::session::{Generations, SessionDevice};
use adieu_core::{
    Assurance, Channel, Incarnation, Locator, RealmId, Session, SessionId, SessionIdCipher, Span, State,
    Timestamp, UserId, UserKey,
};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use uuid::Uuid;

use crate::error::{Damaged, InRow as _};
use crate::rows::{LiveEntry, drop_live, put_listed, put_live, signed, unsigned, watch_shared};
use adieu_store_records::{SessionDetail, from_json, hash, to_json};

fn hour(at: Timestamp) -> i64 {
    at.s().div_euclid(3600)
}

pub(crate) const SESSION: &str =
    "locator, incarnation, token_hash, state, epoch, user_generation, realm_generation, seen_at,
    expires_at, idle, assurance, detail";

/// Where the columns of [`SESSION`] stand.
mod place {
    pub(super) const LOCATOR: usize = 0;
    pub(super) const INCARNATION: usize = 1;
    pub(super) const TOKEN_HASH: usize = 2;
    pub(super) const STATE: usize = 3;
    pub(super) const EPOCH: usize = 4;
    pub(super) const USER_GENERATION: usize = 5;
    pub(super) const REALM_GENERATION: usize = 6;
    pub(super) const SEEN_AT: usize = 7;
    pub(super) const EXPIRES_AT: usize = 8;
    pub(super) const IDLE: usize = 9;
    pub(super) const DETAIL: usize = 11;
}

/// What the column `state` says.
const SIGNED_ON: i64 = 0;
const RESET: i64 = 1;
/// The row is a tombstone: `seen_at` is when it ended, `detail` a `TombstoneDetail`.
pub(crate) const ENDED: i64 = 2;
const HALF_SIGNED_ON: i64 = 3;

/// The public id of a row, which whoever asked by it knows already.
pub(crate) enum Named<'a> {
    By(SessionId),
    Enciphered(&'a SessionIdCipher),
}

pub(crate) fn session_row(row: &Row<'_>, named: &Named<'_>) -> rusqlite::Result<Session> {
    let detail: SessionDetail = from_json(row.get_ref(place::DETAIL)?.as_str()?, "session").in_row()?;
    let state = state(row.get(place::STATE)?)?;
    detail.complete(Session { state, ..session_columns(row, named)? }).in_row()
}

/// The state of a session that is not ended.
pub(crate) fn state(column: i64) -> rusqlite::Result<State> {
    match column {
        SIGNED_ON => Ok(State::SignedOn),
        RESET => Ok(State::Reset),
        HALF_SIGNED_ON => Ok(State::HalfSignedOn),
        _ => Err(Damaged::row("session state")),
    }
}

/// What of a session is in columns.
pub(crate) fn session_columns(row: &Row<'_>, named: &Named<'_>) -> rusqlite::Result<Session> {
    let locator =
        Locator::from_number(unsigned(row, place::LOCATOR)?).ok_or_else(|| Damaged::row("locator"))?;
    let incarnation = Incarnation::from_bits(unsigned(row, place::INCARNATION)?);
    let zero = Timestamp::default();
    Ok(Session {
        id: match named {
            Named::By(id) => *id,
            Named::Enciphered(cipher) => cipher.encipher(locator, incarnation),
        },
        locator,
        incarnation,
        realm: RealmId::from_uuid(Uuid::nil()),
        user: UserId::from_uuid(Uuid::nil()),
        token_hash: hash(row.get(place::TOKEN_HASH)?).in_row()?,
        epoch: row.get(place::EPOCH)?,
        state: State::SignedOn,
        reset_by: None,
        born: Generations {
            user: unsigned(row, place::USER_GENERATION)?,
            realm: unsigned(row, place::REALM_GENERATION)?,
        },
        opened_at: zero,
        authenticated_at: zero,
        seen_at: Timestamp::from_ms(row.get(place::SEEN_AT)?),
        idle: row.get::<_, Option<i64>>(place::IDLE)?.map(Span::from_ms),
        expires_at: Timestamp::from_ms(row.get(place::EXPIRES_AT)?),
        methods: Vec::new(),
        channel: Channel::named(""),
        device: SessionDevice::default(),
        properties: Default::default(),
        participants: 0,
    })
}

/// The session that an id names, if that incarnation of the place is there.
pub(crate) fn session(
    db: &Connection,
    cipher: &SessionIdCipher,
    id: SessionId,
) -> rusqlite::Result<Option<Session>> {
    let Some((locator, incarnation)) = cipher.decipher(id) else { return Ok(None) };
    let sql =
        format!("SELECT {SESSION} FROM session WHERE locator = ?1 AND incarnation = ?2 AND state != {ENDED}");
    db.prepare_cached(&sql)?
        .query_row([signed(locator.number()), signed(incarnation.number())], |row| {
            session_row(row, &Named::By(id))
        })
        .optional()
}

pub(crate) fn session_at(
    db: &Connection,
    cipher: &SessionIdCipher,
    locator: Locator,
) -> rusqlite::Result<Option<Session>> {
    db.prepare_cached(&format!("SELECT {SESSION} FROM session WHERE locator = ?1 AND state != {ENDED}"))?
        .query_row([signed(locator.number())], |row| session_row(row, &Named::Enciphered(cipher)))
        .optional()
}

pub(crate) fn bounds(key: UserKey) -> (i64, i64) {
    let low = signed(key.number()) << Locator::SLOT_BITS;
    (low, low + i64::from(Locator::SLOTS - 1))
}

/// The last row of a user.
pub(crate) fn last_place(db: &Connection, key: UserKey) -> rusqlite::Result<Option<Locator>> {
    let (low, high) = bounds(key);
    let last: Option<i64> = db
        .prepare_cached("SELECT max(locator) FROM session WHERE locator BETWEEN ?1 AND ?2")?
        .query_row([low, high], |row| row.get(0))?;
    Ok(last.and_then(|last| Locator::from_number(last.unsigned_abs())))
}

/// Goes through the rows of a user in the order of their places, each with the time of its ending if it is a tombstone, for as
/// long as `pass` wants.
pub(crate) fn places(
    db: &Connection,
    key: UserKey,
    mut pass: impl FnMut(Locator, Option<Timestamp>) -> ControlFlow<()>,
) -> rusqlite::Result<()> {
    let sql = format!(
        "SELECT locator, CASE state WHEN {ENDED} THEN seen_at END FROM session WHERE locator BETWEEN ?1 AND ?2
            ORDER BY locator"
    );
    let (low, high) = bounds(key);
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([low, high])?;
    while let Some(row) = rows.next()? {
        let place = Locator::from_number(unsigned(row, 0)?).ok_or_else(|| Damaged::row("locator"))?;
        if pass(place, row.get::<_, Option<i64>>(1)?.map(Timestamp::from_ms)).is_break() {
            break;
        }
    }
    Ok(())
}

/// Whether any user, session or tombstone lies under that key.
pub(crate) fn key_in_use(db: &Connection, key: UserKey) -> rusqlite::Result<bool> {
    let (low, high) = bounds(key);
    let sql = "SELECT EXISTS(SELECT 1 FROM user WHERE key = ?1)
        OR EXISTS(SELECT 1 FROM session WHERE locator BETWEEN ?2 AND ?3)";
    db.prepare_cached(sql)?.query_row(params![signed(key.number()), low, high], |row| row.get(0))
}

/// Writes a session where it lies, on which lists it is, and when it is due for the sweep; `is_told` says whether somebody is told of its
/// end. Says whether it is a new one.
pub(crate) fn write_session(db: &Connection, session: &Session, is_told: bool) -> rusqlite::Result<bool> {
    let locator = signed(session.locator.number());
    let due = hour(session.ends_at(session.seen_at));
    let before = before(db, locator)?;
    let noted = before.as_ref().and_then(|before| before.shared_due);
    let shared_due = if is_told { Some(watch_shared(db, session, noted)?) } else { None };
    let sql = format!(
        "INSERT OR REPLACE INTO session({SESSION}, due_hour, shared_due) VALUES (:locator, :incarnation, :token_hash,
            :state, :epoch, :user_generation, :realm_generation, :seen_at, :expires_at, :idle, :assurance, :detail,
            :due_hour, :shared_due)"
    );
    db.prepare_cached(&sql)?.execute(named_params! {
        ":locator": locator,
        ":incarnation": signed(session.incarnation.number()),
        ":token_hash": session.token_hash.to_bytes(),
        ":state": match session.state {
            State::SignedOn => SIGNED_ON,
            State::HalfSignedOn => HALF_SIGNED_ON,
            State::Reset => RESET,
        },
        ":epoch": session.epoch,
        ":user_generation": signed(session.born.user),
        ":realm_generation": signed(session.born.realm),
        ":seen_at": session.seen_at.ms(),
        ":expires_at": session.expires_at.ms(),
        ":idle": session.idle.map(Span::ms),
        ":assurance": match session.assurance() { Assurance::One => 1, Assurance::Two => 2 },
        ":detail": to_json(&SessionDetail::of(session)),
        ":due_hour": due,
        ":shared_due": shared_due.map(Timestamp::ms),
    })?;
    let entry = LiveEntry::of(session);
    match &before {
        None => put_listed(db, session)?,
        Some(Before { generation, .. }) if *generation != entry.generation => {
            // First the old entry goes: on a full disk the new one takes its room.
            drop_live(db, LiveEntry { generation: *generation, ..entry })?;
            put_live(db, entry)?;
        }
        Some(_) => {}
    }
    if before.as_ref().is_none_or(|before| before.hour != due) {
        put_due(db, due, locator)?;
    }
    Ok(before.is_none())
}

/// What is kept beside a session as it was written last.
struct Before {
    /// Under which hour it is due.
    hour: i64,
    /// When it is looked at because somebody is told of its end.
    shared_due: Option<Timestamp>,
    /// The generation of its user that it was born under.
    generation: u64,
}

/// What was written last at a place; none if there is no session.
fn before(db: &Connection, locator: i64) -> rusqlite::Result<Option<Before>> {
    let sql = format!(
        "SELECT due_hour, shared_due, user_generation FROM session WHERE locator = ?1 AND state != {ENDED}"
    );
    db.prepare_cached(&sql)?
        .query_row([locator], |row| {
            let shared_due = row.get::<_, Option<i64>>("shared_due")?.map(Timestamp::from_ms);
            let generation = unsigned(row, "user_generation")?;
            Ok(Before { hour: row.get("due_hour")?, shared_due, generation })
        })
        .optional()
}

/// Bits of a due key below its hour: entries of one hour follow each other, whatever their places, so that many of them
/// share a page.
const DUE_BITS: u32 = 31;

/// Notes that a place is to be looked at once the hour is over. Entries that no longer fit their session are dropped when
/// they are met; an ending leaves its session's alone.
fn put_due(db: &Connection, hour: i64, locator: i64) -> rusqlite::Result<()> {
    let (first, last) = (hour << DUE_BITS, ((hour + 1) << DUE_BITS) - 1);
    let sql = "INSERT INTO due(key, locator)
        VALUES (coalesce((SELECT max(key) + 1 FROM due WHERE key BETWEEN ?1 AND ?2), ?1), ?3)";
    db.prepare_cached(sql)?.execute([first, last, locator])?;
    Ok(())
}

/// The hour under which the session at a place is due; none if there is no session.
pub(crate) fn due_hour(db: &Connection, locator: i64) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached(&format!("SELECT due_hour FROM session WHERE locator = ?1 AND state != {ENDED}"))?
        .query_row([locator], |row| row.get(0))
        .optional()
}

/// When the session at a place is looked at because somebody is told of its end; none if there is no such session.
pub(crate) fn shared_due_of(db: &Connection, locator: i64) -> rusqlite::Result<Option<Timestamp>> {
    Ok(before(db, locator)?.and_then(|before| before.shared_due))
}

/// Puts a session that is not over yet under its new hour.
pub(crate) fn postpone(db: &Connection, session: &Session) -> rusqlite::Result<()> {
    let locator = signed(session.locator.number());
    let to = hour(session.ends_at(session.seen_at));
    db.prepare_cached("UPDATE session SET due_hour = ?2 WHERE locator = ?1")?.execute([locator, to])?;
    put_due(db, to, locator)
}

pub(crate) fn drop_due(db: &Connection, due: Due) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM due WHERE key = ?1")?.execute([due.key])?;
    Ok(())
}

/// A place to be looked at.
#[derive(Clone, Copy)]
pub(crate) struct Due {
    key: i64,
    pub(crate) locator: i64,
}

impl Due {
    pub(crate) const fn hour(self) -> i64 {
        self.key >> DUE_BITS
    }

    pub(crate) const fn key(self) -> i64 {
        self.key
    }
}

/// Places that may be over before `now`, oldest first.
pub(crate) fn due(db: &Connection, now: Timestamp, most: u32) -> rusqlite::Result<Vec<Due>> {
    due_between(db, None, hour(now), most)
}

/// Places that may be over before the hour of a moment has passed, behind a key of the list.
pub(crate) fn due_after(
    db: &Connection,
    after: Option<i64>,
    moment: Timestamp,
    most: u32,
) -> rusqlite::Result<Vec<Due>> {
    due_between(db, after, hour(moment) + 1, most)
}

fn due_between(
    db: &Connection,
    after: Option<i64>,
    before_hour: i64,
    most: u32,
) -> rusqlite::Result<Vec<Due>> {
    db.prepare_cached("SELECT key, locator FROM due WHERE key > ?1 AND key < ?2 ORDER BY key LIMIT ?3")?
        .query_map(params![after.unwrap_or(i64::MIN), before_hour << DUE_BITS, most], |row| {
            Ok(Due { key: row.get(0)?, locator: row.get(1)? })
        })?
        .collect()
}

/// The state of the session in an incarnation of a place, and its activity as it is written; none if it is not there.
pub(crate) fn seen(
    db: &Connection,
    place: (Locator, Incarnation),
) -> rusqlite::Result<Option<(State, Timestamp)>> {
    let sql = format!(
        "SELECT state, seen_at FROM session WHERE locator = ?1 AND incarnation = ?2 AND state != {ENDED}"
    );
    db.prepare_cached(&sql)?
        .query_row([signed(place.0.number()), signed(place.1.number())], |row| {
            Ok((state(row.get(0)?)?, Timestamp::from_ms(row.get(1)?)))
        })
        .optional()
}

/// Writes down the activity of the session at a place.
pub(crate) fn write_seen(db: &Connection, place: Locator, seen_at: Timestamp) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE session SET seen_at = ?2 WHERE locator = ?1")?
        .execute([signed(place.number()), seen_at.ms()])?;
    Ok(())
}
