//! Records of endings of many, by scope and generation.
//!
//! Each is also the order for a walk over the sessions that it ended: it is committed with the ending, and `walked_to` and
//! `done` say how far the walk has come. No rule is here: which sessions those are, core says.

use adieu_core::{EndScope, EndedWith, MassEnding, Session, Timestamp, UserKey};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::{Damaged, InRow as _};
use crate::rows::{ENDED, bounds, signed, unsigned};
use adieu_store_records::{MassDetail, from_json, scope_key, scope_of, to_json};

/// Keeps a record; a lean one is as short as it can be.
pub(crate) fn write_mass_ending(db: &Connection, mass: &MassEnding, lean: bool) -> rusqlite::Result<()> {
    let detail = MassDetail::of(mass);
    let detail = if lean { detail.lean() } else { detail };
    let done = !mass.scope.has_sessions();
    let sql = "INSERT OR REPLACE INTO mass_ending(scope, generation, at, done, walked_to, detail)
        VALUES (?1, ?2, ?3, ?4, 0, ?5)";
    db.prepare_cached(sql)?.execute(params![
        scope_key(&mass.scope),
        signed(mass.generation),
        mass.record.at.ms(),
        done,
        to_json(&detail)
    ])?;
    Ok(())
}

fn mass_ending_row(row: &Row<'_>, scope: &EndScope) -> rusqlite::Result<MassEnding> {
    let detail: MassDetail = from_json(row.get_ref("detail")?.as_str()?, "mass ending").in_row()?;
    let (generation, at) = (unsigned(row, "generation")?, Timestamp::from_ms(row.get("at")?));
    let (spared, is_echo, with_grants) = (detail.spared(), detail.is_echo(), detail.with_grants());
    let record = detail.record(at).in_row()?;
    Ok(MassEnding { spared, is_echo, with_grants, ..MassEnding::whole(scope.clone(), generation, record) })
}

/// A walk over the sessions that an ending of many ended.
pub(crate) struct Walk {
    scope: Vec<u8>,
    generation: i64,
    /// The first place that is still to be looked at.
    pub(crate) from: i64,
    /// The last place of the walk.
    pub(crate) to: i64,
}

/// Walks that are not done, the oldest endings first.
pub(crate) fn walks(db: &Connection, most: u32) -> rusqlite::Result<Vec<Walk>> {
    let sql = "SELECT scope, generation, walked_to FROM mass_ending WHERE done = 0 ORDER BY at LIMIT ?1";
    db.prepare_cached(sql)?
        .query_map([most], |row| {
            let (scope, walked_to) = (row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(2)?);
            let (first, last) = places(&scope)?;
            Ok(Walk { from: first.max(walked_to + 1), to: last, generation: row.get(1)?, scope })
        })?
        .collect()
}

/// The places where sessions of a scope lie: those of its user, or all.
fn places(scope: &[u8]) -> rusqlite::Result<(i64, i64)> {
    match scope_of(scope) {
        Some(EndScope::User(key)) => Ok(bounds(key)),
        Some(EndScope::Realm(_)) => Ok((0, i64::MAX)),
        Some(EndScope::Client(_)) | None => Err(Damaged::row("scope")),
    }
}

/// The places of the next stretch of a walk that hold a session.
pub(crate) fn stretch_of(db: &Connection, walk: &Walk, most: u32) -> rusqlite::Result<Vec<(i64, bool)>> {
    let sql = format!(
        "SELECT locator, state != {ENDED} FROM session WHERE locator BETWEEN ?1 AND ?2 ORDER BY locator LIMIT ?3"
    );
    db.prepare_cached(&sql)?
        .query_map(params![walk.from, walk.to, most], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Writes down how far a walk has come: to a place, or to its end.
pub(crate) fn write_walk(db: &Connection, walk: &Walk, walked_to: Option<i64>) -> rusqlite::Result<()> {
    let sql = "UPDATE mass_ending SET walked_to = ?3, done = ?4 WHERE scope = ?1 AND generation = ?2";
    let (place, done) = (walked_to.unwrap_or(walk.to), walked_to.is_none());
    db.prepare_cached(sql)?.execute(params![walk.scope, walk.generation, place, done])?;
    Ok(())
}

/// Drops records of then and earlier whose walk is done; says how many.
pub(crate) fn drop_mass_endings(db: &Connection, until: Timestamp, most: u32) -> rusqlite::Result<u32> {
    let sql = "DELETE FROM mass_ending WHERE (scope, generation) IN
        (SELECT scope, generation FROM mass_ending WHERE done = 1 AND at <= ?1 LIMIT ?2)";
    Ok(db.prepare_cached(sql)?.execute(params![until.ms(), most])? as u32)
}

/// The record of an ending of many.
pub(crate) fn mass_ending(
    db: &Connection,
    scope: &EndScope,
    generation: u64,
) -> rusqlite::Result<Option<MassEnding>> {
    let sql = "SELECT generation, at, detail FROM mass_ending WHERE scope = ?1 AND generation = ?2";
    db.prepare_cached(sql)?
        .query_row(params![scope_key(scope), signed(generation)], |row| mass_ending_row(row, scope))
        .optional()
}

/// The first record of a scope behind a generation.
fn first_behind(db: &Connection, scope: &EndScope, generation: u64) -> rusqlite::Result<Option<MassEnding>> {
    let sql = "SELECT generation, at, detail FROM mass_ending WHERE scope = ?1 AND generation > ?2
        ORDER BY generation LIMIT 1";
    db.prepare_cached(sql)?
        .query_row(params![scope_key(scope), signed(generation)], |row| mass_ending_row(row, scope))
        .optional()
}

/// The endings of many that a session was born before.
pub(crate) fn ended_with(db: &Connection, key: UserKey, session: &Session) -> rusqlite::Result<EndedWith> {
    let user = first_behind(db, &EndScope::User(key), session.born.user)?;
    let realm = first_behind(db, &EndScope::Realm(session.realm), session.born.realm)?;
    Ok(EndedWith { user: user.map(|mass| mass.record), realm: realm.map(|mass| mass.record) })
}
