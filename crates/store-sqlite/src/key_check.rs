//! Whether a database and an installation key belong together.
//!
//! The database keeps a value that is derived from the key. With another key nothing that is sealed opens, and nobody's secret,
//! recovery code or session id is found: such a folder is refused before anything is written in it.

use adieu_core::{ClientId, InstallationKey, Purpose, RealmId, TokenHash};
use rusqlite::{Connection, OptionalExtension};

use crate::OpensSigningKey;
use crate::error::InRow as _;
use crate::rows::{unsigned, uuid_column};
use adieu_store_records::hash;

/// Clients and signing keys that are asked where a database of an older version keeps no such value.
const ASKED_MAX: u32 = 16;

/// What a database says of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyVerdict {
    /// It is the database's.
    Fits,
    /// It is another.
    Differs,
    /// Nothing speaks for it or against it.
    Unknown,
}

/// Judges a key. A database that keeps no value yet is judged by the secrets of its clients, which are derived as well, and by its
/// sealed signing keys, where `opens` can tell.
pub(crate) fn judge(
    db: &Connection,
    key: &InstallationKey,
    opens: Option<OpensSigningKey>,
) -> rusqlite::Result<KeyVerdict> {
    if let Some(kept) = kept(db)? {
        let own = TokenHash::from_bytes(key.derive(Purpose::KeyCheck));
        let same = TokenHash::from_bytes(kept).same(&own);
        return Ok(if same { KeyVerdict::Fits } else { KeyVerdict::Differs });
    }
    match (by_clients(db, key)?, opens) {
        (KeyVerdict::Fits, _) => Ok(KeyVerdict::Fits),
        (verdict, None) => Ok(verdict),
        (verdict, Some(opens)) => match by_signing_keys(db, key, opens)? {
            KeyVerdict::Unknown => Ok(verdict),
            known => Ok(known),
        },
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

fn by_clients(db: &Connection, key: &InstallationKey) -> rusqlite::Result<KeyVerdict> {
    let sql =
        "SELECT id, realm, secret, coalesce(detail ->> 'secret_version', 0) AS secret_version FROM client
        WHERE removed = 0 AND secret IS NOT NULL LIMIT ?1";
    let mut statement = db.prepare(sql)?;
    let mut found = statement.query([ASKED_MAX])?;
    let mut verdict = KeyVerdict::Unknown;
    while let Some(row) = found.next()? {
        let Ok(id) = row.get::<_, String>("id")?.parse::<ClientId>() else { continue };
        let realm = RealmId::from_uuid(uuid_column(row, "realm")?);
        let derived = key.client_secret(realm, &id, unsigned(row, "secret_version")?);
        if hash(row.get("secret")?).in_row()?.same(&TokenHash::of(derived.as_bytes())) {
            return Ok(KeyVerdict::Fits);
        }
        verdict = KeyVerdict::Differs;
    }
    Ok(verdict)
}

fn by_signing_keys(
    db: &Connection,
    key: &InstallationKey,
    opens: OpensSigningKey,
) -> rusqlite::Result<KeyVerdict> {
    let mut statement = db.prepare("SELECT realm, kid, sealed FROM signing_key LIMIT ?1")?;
    let mut found = statement.query([ASKED_MAX])?;
    let mut verdict = KeyVerdict::Unknown;
    while let Some(row) = found.next()? {
        let realm = RealmId::from_uuid(uuid_column(row, "realm")?);
        let (kid, sealed): (String, Vec<u8>) = (row.get("kid")?, row.get("sealed")?);
        if opens(key, realm, &kid, &sealed) {
            return Ok(KeyVerdict::Fits);
        }
        verdict = KeyVerdict::Differs;
    }
    Ok(verdict)
}
