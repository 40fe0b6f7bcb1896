//! Short-lived state.
//!
//! Bodies are bytes; whoever asks for another kind gets nothing.

use adieu_core::{Outage, RealmId, Timestamp, Unwritten, decide_create_flow};
use adieu_store::{Flow, FlowId, Flows, Pending};
use rusqlite::{Connection, OptionalExtension, Row, params};

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

fn write_flow(db: &Connection, flow: &Flow) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO flow(id, realm, kind, expires_at, body) VALUES (?1, ?2, ?3, ?4, ?5)";
    let Flow { id, realm, kind, expires_at, body } = flow;
    db.prepare_cached(sql)?.execute(params![id, realm.uuid().as_bytes(), kind, expires_at.ms(), body])?;
    Ok(())
}

impl Flows for SqliteStore {
    fn put_flow(&self, flow: Flow) -> Pending<Result<(), Unwritten>> {
        self.writer.write(move |batch| write_flow(batch.db, &flow).map(Ok))
    }

    fn create_flow(&self, flow: Flow, now: Timestamp) -> Pending<Result<bool, Unwritten>> {
        self.writer.write(move |batch| {
            let sql = "SELECT * FROM flow WHERE id = ?1";
            let before = batch.db.prepare_cached(sql)?.query_row([flow.id], flow_row).optional()?;
            let kept = decide_create_flow(before.as_ref(), now);
            if kept {
                write_flow(batch.db, &flow)?;
            }
            Ok(Ok(kept))
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
