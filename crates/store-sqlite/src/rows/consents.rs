//! Consents, by user and client.
//!
//! A withdrawn one is no row any more; its number is remembered among those of all that was removed.

use adieu_core::{ClientId, Consent, Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::Damaged;
use crate::rows::{signed, unsigned, uuid_column, version_column};

fn consent_row(row: &Row<'_>) -> rusqlite::Result<Consent> {
    let client: String = row.get("client")?;
    Ok(Consent {
        user: UserId::from_uuid(uuid_column(row, "user")?),
        client: client.parse().map_err(|_| Damaged::row("client id"))?,
        client_generation: unsigned(row, "client_generation")?,
        client_identity: unsigned(row, "client_identity")?,
        scope: row.get("scope")?,
        claims: row.get("claims")?,
        number: version_column(row)?,
        given_at: Timestamp::from_ms(row.get("given_at")?),
    })
}

pub(crate) fn consent(db: &Connection, user: UserId, client: &ClientId) -> rusqlite::Result<Option<Consent>> {
    db.prepare_cached("SELECT * FROM consent WHERE user = ?1 AND client = ?2")?
        .query_row(params![user.uuid().as_bytes(), client.as_str()], consent_row)
        .optional()
}

/// All consents of a user, by client.
pub(crate) fn consents(db: &Connection, user: UserId) -> rusqlite::Result<Vec<Consent>> {
    db.prepare_cached("SELECT * FROM consent WHERE user = ?1 ORDER BY client")?
        .query_map([user.uuid().as_bytes()], consent_row)?
        .collect()
}

pub(crate) fn write_consent(db: &Connection, consent: &Consent) -> rusqlite::Result<()> {
    let sql =
        "INSERT OR REPLACE INTO consent(user, client, client_generation, client_identity, scope, claims, version, given_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    db.prepare_cached(sql)?.execute(params![
        consent.user.uuid().as_bytes(),
        consent.client.as_str(),
        signed(consent.client_generation),
        signed(consent.client_identity),
        consent.scope,
        consent.claims,
        signed(consent.number.number()),
        consent.given_at.ms(),
    ])?;
    Ok(())
}

pub(crate) fn drop_consent(db: &Connection, user: UserId, client: &ClientId) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM consent WHERE user = ?1 AND client = ?2")?
        .execute(params![user.uuid().as_bytes(), client.as_str()])?;
    Ok(())
}
