//! The tables, their migrations, and how connections are set up.
//!
//! Sessions lie in locator order, so all rows of a user lie together, and there is no other index on them. An ended session
//! stays in its row as a tombstone: an ending writes one page and not three (decision 0005).

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::error::OpenError;

/// `adie` in ASCII: tells our databases from others.
const APPLICATION_ID: i64 = 0x6164_6965;

/// Each entry takes the schema one number up. Entries are never changed, only added.
const MIGRATIONS: &[&str] = &[
    "CREATE TABLE realm(id BLOB PRIMARY KEY, path TEXT NOT NULL UNIQUE, generation INTEGER NOT NULL,
        created_at INTEGER NOT NULL) WITHOUT ROWID;
     CREATE TABLE population(seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, realm BLOB NOT NULL, name TEXT NOT NULL);
     CREATE TABLE user(key INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, realm BLOB NOT NULL, enabled INTEGER NOT NULL,
        generation INTEGER NOT NULL, password TEXT, detail TEXT NOT NULL);
     CREATE TABLE name(realm BLOB NOT NULL, name TEXT NOT NULL, key INTEGER NOT NULL,
        PRIMARY KEY(realm, name)) WITHOUT ROWID;
     CREATE TABLE client(id TEXT PRIMARY KEY, realm BLOB NOT NULL, generation INTEGER NOT NULL, removed INTEGER NOT NULL,
        secret BLOB, detail TEXT NOT NULL) WITHOUT ROWID;
     CREATE TABLE signing_key(realm BLOB NOT NULL, kid TEXT NOT NULL, algorithm TEXT NOT NULL, sealed BLOB NOT NULL,
        created_at INTEGER NOT NULL, PRIMARY KEY(realm, kid)) WITHOUT ROWID;
     CREATE TABLE session(locator INTEGER PRIMARY KEY, incarnation INTEGER NOT NULL, token_hash BLOB NOT NULL,
        state INTEGER NOT NULL, epoch INTEGER NOT NULL, user_generation INTEGER NOT NULL,
        realm_generation INTEGER NOT NULL, seen_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
        due_hour INTEGER NOT NULL, detail TEXT NOT NULL);
     CREATE TABLE due(key INTEGER PRIMARY KEY, locator INTEGER NOT NULL);
     CREATE TABLE flow(id BLOB PRIMARY KEY, realm BLOB NOT NULL, kind TEXT NOT NULL, expires_at INTEGER NOT NULL,
        body BLOB NOT NULL) WITHOUT ROWID;
     CREATE INDEX flow_expiry ON flow(expires_at);
     CREATE TABLE held(id INTEGER PRIMARY KEY, expires_at INTEGER NOT NULL, detail TEXT NOT NULL);
     CREATE INDEX held_expiry ON held(expires_at);",
];

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Writing,
    Reading,
}

pub(crate) fn connect(path: &Path, mode: Mode) -> Result<Connection, OpenError> {
    let flags = match mode {
        Mode::Writing => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        Mode::Reading => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(OpenError::Database)?;
    set_up(&connection, mode).map_err(OpenError::Database)?;
    Ok(connection)
}

fn set_up(connection: &Connection, mode: Mode) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(128);
    connection.pragma_update(None, "mmap_size", 1_i64 << 34)?;
    if mode == Mode::Writing {
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        // ENDED-IS-DURABLE: in WAL mode only FULL syncs every commit.
        connection.pragma_update(None, "synchronous", "FULL")?;
        // Folds the log into the database after 16 MiB: pages that many commits touch are then written once.
        connection.pragma_update(None, "wal_autocheckpoint", 4096)?;
    }
    // NO-FALSE-NO: a damaged page is an error before a row is looked for on it.
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "trusted_schema", false)
}

/// Brings the schema to the newest number; a database of somebody else or of a later version is refused.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    let known = MIGRATIONS.len() as i64;
    let number = |c: &Connection, pragma: &str| {
        c.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0)).map_err(OpenError::Database)
    };
    let found = number(connection, "user_version")?;
    let owner = number(connection, "application_id")?;
    if owner != APPLICATION_ID && (owner != 0 || found != 0) {
        let path = connection.path().unwrap_or_default().into();
        return Err(OpenError::Foreign(path));
    }
    if found > known {
        return Err(OpenError::TooNew { found, known });
    }
    for (n, sql) in MIGRATIONS.iter().enumerate().skip(usize::try_from(found).unwrap_or(0)) {
        let step = || -> rusqlite::Result<()> {
            let transaction = connection.transaction()?;
            transaction.execute_batch(sql)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", n as i64 + 1)?;
            transaction.commit()
        };
        let mut step = step;
        step().map_err(OpenError::Database)?;
    }
    Ok(())
}
