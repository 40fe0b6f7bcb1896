//! Documents that a dialect keeps.
//!
//! Nothing here reads their text.

use adieu_core::{ClientId, RealmId, is_beside};
use adieu_store::Document;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::rows::{signed, uuid_column, version_column};

fn document_row(row: &Row<'_>) -> rusqlite::Result<Document> {
    Ok(Document {
        realm: RealmId::from_uuid(uuid_column(row, "realm")?),
        kind: row.get("kind")?,
        id: row.get("id")?,
        body: row.get("body")?,
        version: version_column(row)?,
    })
}

pub(crate) fn document(
    db: &Connection,
    realm: RealmId,
    kind: &str,
    id: &str,
) -> rusqlite::Result<Option<Document>> {
    db.prepare_cached("SELECT * FROM document WHERE realm = ?1 AND kind = ?2 AND id = ?3")?
        .query_row(params![realm.uuid().as_bytes(), kind, id], document_row)
        .optional()
}

pub(crate) fn documents(
    db: &Connection,
    realm: RealmId,
    kind: &str,
    most: u32,
) -> rusqlite::Result<Vec<Document>> {
    db.prepare_cached("SELECT * FROM document WHERE realm = ?1 AND kind = ?2 ORDER BY id LIMIT ?3")?
        .query_map(params![realm.uuid().as_bytes(), kind, most], document_row)?
        .collect()
}

/// Those of a kind that are kept beside a client.
pub(crate) fn documents_beside(
    db: &Connection,
    realm: RealmId,
    kind: &str,
    client: &ClientId,
) -> rusqlite::Result<Vec<Document>> {
    // A range of the primary key: the id, and all that begins with it and a dot. `/` follows the dot.
    let sql = "SELECT * FROM document
        WHERE realm = ?1 AND kind = ?2 AND (id = ?3 OR (id >= ?3 || '.' AND id < ?3 || '/'))";
    let mut found: Vec<Document> = db
        .prepare_cached(sql)?
        .query_map(params![realm.uuid().as_bytes(), kind, client.as_str()], document_row)?
        .collect::<Result<_, _>>()?;
    found.retain(|document| is_beside(client, &document.id));
    Ok(found)
}

pub(crate) fn write_document(db: &Connection, document: &Document) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO document(realm, kind, id, body, version) VALUES (?1, ?2, ?3, ?4, ?5)";
    db.prepare_cached(sql)?.execute(params![
        document.realm.uuid().as_bytes(),
        document.kind,
        document.id,
        document.body,
        signed(document.version.number()),
    ])?;
    Ok(())
}

/// Says whether it was there.
pub(crate) fn drop_document(db: &Connection, realm: RealmId, kind: &str, id: &str) -> rusqlite::Result<bool> {
    let gone = db
        .prepare_cached("DELETE FROM document WHERE realm = ?1 AND kind = ?2 AND id = ?3")?
        .execute(params![realm.uuid().as_bytes(), kind, id])?;
    Ok(gone == 1)
}
