//! Short-lived state. A flow's own row guards it: of many who take it one gets it.
//!
//! Bodies are bytes.

use adieu_core::{Flow, FlowId};
use adieu_store_records::Damaged;

use crate::rows::realm_value;
use crate::shared::Ciphers;
use crate::working::{ColumnKind, Columns, Kept, Lock, Value};

/// A flow's row.
#[derive(Clone)]
pub(crate) struct KeptFlow(pub(crate) Flow);

impl Kept for KeptFlow {
    type Key = FlowId;
    const TABLE: &'static str = "flow";
    const KEY: &'static [(&'static str, ColumnKind)] = &[("id", ColumnKind::Bytes)];
    const REST: &'static [(&'static str, ColumnKind)] = &[
        ("realm", ColumnKind::Bytes),
        ("kind", ColumnKind::Text),
        ("expires_at", ColumnKind::Int),
        ("body", ColumnKind::Bytes),
    ];
    const LOCK: Option<Lock> = Some(Lock::Exclusive);

    fn key(&self) -> FlowId {
        self.0.id
    }

    fn key_values(key: &FlowId) -> Vec<Value> {
        vec![Value::Bytes(key.to_vec())]
    }

    fn read_key(columns: &mut Columns<'_>) -> Result<FlowId, Damaged> {
        columns.bytes("flow id")?.try_into().map_err(|_| Damaged("flow id"))
    }

    fn read(id: FlowId, columns: &mut Columns<'_>, _: &Ciphers) -> Result<Self, Damaged> {
        Ok(Self(Flow {
            id,
            realm: columns.realm()?,
            kind: columns.text("flow")?.to_owned(),
            expires_at: columns.time("flow")?,
            body: columns.bytes("flow")?.to_vec(),
        }))
    }

    fn values(&self) -> Vec<Value> {
        vec![
            realm_value(self.0.realm),
            Value::text(&self.0.kind),
            Value::time(self.0.expires_at),
            Value::Bytes(self.0.body.clone()),
        ]
    }
}
