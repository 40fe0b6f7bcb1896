//! Whether a database and an installation key belong together.
//!
//! The database keeps a value that is derived from the key. With another key nothing that is sealed opens, and nobody's secret,
//! recovery code or session id is found: such a folder is refused before anything is written in it.

use adieu_core::{ClientId, InstallationKey, Purpose, RealmId, TokenHash};
use rusqlite::{Connection, OptionalExtension};

use crate::records::hash;
use crate::rows::{unsigned, uuid_column};

/// Clients that are asked where a database of an older version keeps no such value.
const CLIENTS_MAX: u32 = 16;

/// Whether the database is one of this key. One that keeps no value yet is judged by the secrets of its clients, which are derived
/// as well; where there are none, nothing speaks against the key.
pub(crate) fn fits(db: &Connection, key: &InstallationKey) -> rusqlite::Result<bool> {
    match kept(db)? {
        Some(kept) => {
            Ok(TokenHash::from_bytes(kept).same(&TokenHash::from_bytes(key.derive(Purpose::KeyCheck))))
        }
        None => clients_fit(db, key),
    }
}

/// Keeps the value of this key, if there is none yet.
pub(crate) fn keep(db: &Connection, key: &InstallationKey) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO installation(id, key_check) VALUES (0, ?1)";
    db.execute(sql, [key.derive(Purpose::KeyCheck)]).map(drop)
}

fn kept(db: &Connection) -> rusqlite::Result<Option<[u8; 32]>> {
    // A database of an older version that is only read.
    if !db.table_exists(None, "installation")? {
        return Ok(None);
    }
    db.query_row("SELECT key_check FROM installation WHERE id = 0", [], |row| row.get(0)).optional()
}

fn clients_fit(db: &Connection, key: &InstallationKey) -> rusqlite::Result<bool> {
    let sql =
        "SELECT id, realm, secret, coalesce(detail ->> 'secret_version', 0) AS secret_version FROM client
        WHERE removed = 0 AND secret IS NOT NULL LIMIT ?1";
    let mut statement = db.prepare(sql)?;
    let mut found = statement.query([CLIENTS_MAX])?;
    let mut all_differ = false;
    while let Some(row) = found.next()? {
        let Ok(id) = row.get::<_, String>("id")?.parse::<ClientId>() else { continue };
        let realm = RealmId::from_uuid(uuid_column(row, "realm")?);
        let derived = key.client_secret(realm, &id, unsigned(row, "secret_version")?);
        if hash(row.get("secret")?)?.same(&TokenHash::of(derived.as_bytes())) {
            return Ok(true);
        }
        all_differ = true;
    }
    Ok(!all_differ)
}
