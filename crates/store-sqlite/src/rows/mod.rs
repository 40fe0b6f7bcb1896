//! Statements: one function per row read or written. No rules here; the caller holds the transaction.
//!
//! A value that no version of ours writes is an error, never a guess. Rows that an ending reads are read by the places of their
//! columns: looking for the names takes longer than reading them.

mod application_traits;
mod consents;
mod directory;
mod documents;
mod ending_lines;
mod grants;
mod lists;
mod mass_endings;
mod participants;
mod receipts;
mod receivers;
mod remains;
mod removed_versions;
mod sessions;
mod shared_due;
mod subscribers;

use adieu_core::Version;
use rusqlite::{Row, RowIndex};
use uuid::Uuid;

use crate::error::Damaged;

pub(crate) use application_traits::*;
pub(crate) use consents::*;
pub(crate) use directory::*;
pub(crate) use documents::*;
pub(crate) use ending_lines::*;
pub(crate) use grants::*;
pub(crate) use lists::*;
pub(crate) use mass_endings::*;
pub(crate) use participants::*;
pub(crate) use receipts::*;
pub(crate) use receivers::*;
pub(crate) use remains::*;
pub(crate) use removed_versions::*;
pub(crate) use sessions::*;
pub(crate) use shared_due::*;
pub(crate) use subscribers::*;

pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).expect("stored numbers have at most 63 bits")
}

pub(crate) fn unsigned(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).and_then(|n| u64::try_from(n).map_err(|_| Damaged::row("number")))
}

pub(crate) fn uuid_column(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<Uuid> {
    let bytes: Vec<u8> = row.get(column)?;
    Uuid::from_slice(&bytes).map_err(|_| Damaged::row("id"))
}

pub(crate) fn version_column(row: &Row<'_>) -> rusqlite::Result<Version> {
    unsigned(row, "version").map(Version::from_stored)
}

/// How SQLite would carry a statement out on an empty database, a step a line.
#[cfg(test)]
fn plan_of(sql: &str) -> Vec<String> {
    let mut db = rusqlite::Connection::open_in_memory().expect("memory");
    crate::schema::migrate(&mut db).expect("the schema");
    let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("a statement");
    let nothing = rusqlite::params_from_iter(vec![0; statement.parameter_count()]);
    let steps = statement.query_map(nothing, |row| row.get("detail"));
    steps.expect("a plan").collect::<rusqlite::Result<_>>().expect("rows")
}
