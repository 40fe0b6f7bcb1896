//! Short-lived state.
//!
//! Bodies are bytes; whoever asks for another kind gets nothing.

use adieu_core::{Outage, RealmId, Timestamp, Unwritten};
use adieu_store::{Flow, FlowId, Flows, Pending};
use rusqlite::{OptionalExtension, Row, params};

use crate::SqliteStore;
use crate::error::Damaged;
use crate::rows::uuid_column;

fn flow_row(row: &Row<'_>) -> rusqlite::Result<Flow> {
    Ok(Flow {
        id: row.get::<_, Vec<u8>>("id")?.try_into().map_err(|_| Damaged::row("flow id"))?,
        realm: RealmId::from_uuid(uuid_column(row, "realm")?),
        kind: row.get("kind")?,
        expires_at: Timestamp::from_ms(row.get("expires_at")?),
        body: row.get("body")?,
    })
}

impl Flows for SqliteStore {
    fn put_flow(&self, flow: Flow) -> Pending<Result<(), Unwritten>> {
        self.writer.write(move |batch| {
            let sql =
                "INSERT OR REPLACE INTO flow(id, realm, kind, expires_at, body) VALUES (?1, ?2, ?3, ?4, ?5)";
            batch.db.prepare_cached(sql)?.execute(params![
                flow.id,
                flow.realm.uuid().as_bytes(),
                flow.kind,
                flow.expires_at.ms(),
                flow.body
            ])?;
            Ok(Ok(()))
        })
    }

    fn flow(&self, id: FlowId, kind: &'static str) -> Pending<Result<Option<Flow>, Outage>> {
        self.readers.read(move |db, _, _| {
            db.prepare_cached("SELECT * FROM flow WHERE id = ?1 AND kind = ?2")?
                .query_row(params![id, kind], flow_row)
                .optional()
        })
    }

    fn take_flow(&self, id: FlowId, kind: &'static str) -> Pending<Result<Option<Flow>, Unwritten>> {
        self.writer.write(move |batch| {
            let sql = "DELETE FROM flow WHERE id = ?1 AND kind = ?2 RETURNING *";
            Ok(Ok(batch.db.prepare_cached(sql)?.query_row(params![id, kind], flow_row).optional()?))
        })
    }
}
