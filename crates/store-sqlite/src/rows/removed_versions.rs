//! What is remembered of the versions of removed records: one number, which never falls.
//!
//! Whether it rises is decided by core.

use adieu_core::RemovedVersions;
use rusqlite::Connection;

use crate::rows::{signed, unsigned};

pub(crate) fn removed_versions(db: &Connection) -> rusqlite::Result<RemovedVersions> {
    db.prepare_cached("SELECT version FROM removed_versions")?
        .query_row([], |row| unsigned(row, "version").map(RemovedVersions::from_stored))
}

pub(crate) fn write_removed_versions(db: &Connection, removed: RemovedVersions) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE removed_versions SET version = ?1")?.execute([signed(removed.number())])?;
    Ok(())
}
