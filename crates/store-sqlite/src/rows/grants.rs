//! Grants.
//!
//! What was revoked is written, never deleted, until nothing of it can be live.

use adieu_core::{Grant, GrantId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::InRow as _;
use crate::rows::signed;
use adieu_store_records::{GrantDetail, from_json, to_json};

pub(crate) fn grant(db: &Connection, id: GrantId) -> rusqlite::Result<Option<Grant>> {
    db.prepare_cached("SELECT detail FROM held WHERE id = ?1")?
        .query_row([signed(id.number())], |row| {
            from_json::<GrantDetail>(row.get_ref(0)?.as_str()?, "grant").in_row()?.complete(id).in_row()
        })
        .optional()
}

pub(crate) fn write_grant(db: &Connection, grant: &Grant) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO held(id, expires_at, detail) VALUES (?1, ?2, ?3)")?.execute(
        params![signed(grant.id.number()), grant.expires_at.ms(), to_json(&GrantDetail::of(grant))],
    )?;
    Ok(())
}
