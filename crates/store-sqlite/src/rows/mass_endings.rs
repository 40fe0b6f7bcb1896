//! Records of endings of many, by scope and generation.
//!
//! `done` and `walked_to` say how far the walk over the sessions that each ended has come.

use adieu_core::{EndScope, EndedWith, MassEnding, Session, Timestamp, UserKey};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::records::{MassDetail, from_json, to_json};
use crate::rows::{signed, unsigned};

/// A scope as a key: a letter and the id. All of a scope follow each other by generation.
fn key(scope: &EndScope) -> Vec<u8> {
    let (letter, id) = match scope {
        EndScope::User(key) => (b'u', key.number().to_be_bytes().to_vec()),
        EndScope::Realm(id) => (b'r', id.uuid().as_bytes().to_vec()),
        EndScope::Client(id) => (b'c', id.as_str().as_bytes().to_vec()),
    };
    [vec![letter], id].concat()
}

/// Keeps a record; a lean one is as short as it can be.
pub(crate) fn write_mass_ending(db: &Connection, mass: &MassEnding, lean: bool) -> rusqlite::Result<()> {
    let detail = MassDetail::of(mass);
    let detail = if lean { detail.lean() } else { detail };
    // What a client holds is found by its own generation: there is nothing to walk over.
    let done = matches!(mass.scope, EndScope::Client(_));
    let sql = "INSERT OR REPLACE INTO mass_ending(scope, generation, at, done, walked_to, detail)
        VALUES (?1, ?2, ?3, ?4, 0, ?5)";
    db.prepare_cached(sql)?.execute(params![
        key(&mass.scope),
        signed(mass.generation),
        mass.record.at.ms(),
        done,
        to_json(&detail)
    ])?;
    Ok(())
}

fn mass_ending_row(row: &Row<'_>, scope: &EndScope) -> rusqlite::Result<MassEnding> {
    let detail: MassDetail = from_json(row.get_ref("detail")?.as_str()?, "mass ending")?;
    let (generation, at) = (unsigned(row, "generation")?, Timestamp::from_ms(row.get("at")?));
    Ok(MassEnding { scope: scope.clone(), generation, spared: detail.spared(), record: detail.record(at)? })
}

/// The first record of a scope behind a generation.
fn first_behind(db: &Connection, scope: &EndScope, generation: u64) -> rusqlite::Result<Option<MassEnding>> {
    let sql = "SELECT generation, at, detail FROM mass_ending WHERE scope = ?1 AND generation > ?2
        ORDER BY generation LIMIT 1";
    db.prepare_cached(sql)?
        .query_row(params![key(scope), signed(generation)], |row| mass_ending_row(row, scope))
        .optional()
}

/// The endings of many that a session was born before.
pub(crate) fn ended_with(db: &Connection, key: UserKey, session: &Session) -> rusqlite::Result<EndedWith> {
    let user = first_behind(db, &EndScope::User(key), session.born.user)?;
    let realm = first_behind(db, &EndScope::Realm(session.realm), session.born.realm)?;
    Ok(EndedWith { user: user.map(|mass| mass.record), realm: realm.map(|mass| mass.record) })
}
