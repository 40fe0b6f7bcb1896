//! Grants. The row of their user guards them: who knows a grant's number only reads it twice.
//!
//! What was revoked is written, never deleted, until nothing of it can be live.

use std::sync::Arc;

use adieu_core::{Grant, GrantId};
use adieu_store_records::{Damaged, GrantDetail, from_json, to_json};

use crate::shared::Ciphers;
use crate::working::{ColumnKind, Columns, Kept, Value};

/// A grant's row.
#[derive(Clone, Debug)]
pub(crate) struct KeptGrant(pub(crate) Arc<Grant>);

impl Kept for KeptGrant {
    type Key = GrantId;
    const TABLE: &'static str = "held";
    const KEY: &'static [(&'static str, ColumnKind)] = &[("id", ColumnKind::Int)];
    const REST: &'static [(&'static str, ColumnKind)] =
        &[("user_id", ColumnKind::Bytes), ("expires_at", ColumnKind::Int), ("detail", ColumnKind::Text)];
    const LOOSE: bool = true;

    fn key(&self) -> GrantId {
        self.0.id
    }

    fn key_values(key: &GrantId) -> Vec<Value> {
        vec![Value::number(key.number())]
    }

    fn read_key(columns: &mut Columns<'_>) -> Result<GrantId, Damaged> {
        columns.number("grant").map(GrantId::from_number)
    }

    fn read(id: GrantId, columns: &mut Columns<'_>, _: &Ciphers) -> Result<Self, Damaged> {
        let (_user, _expires_at) = (columns.bytes("grant")?, columns.int("grant")?);
        let detail: GrantDetail = from_json(columns.text("grant")?, "grant")?;
        Ok(Self(Arc::new(detail.complete(id)?)))
    }

    fn values(&self) -> Vec<Value> {
        vec![
            Value::uuid(self.0.user.uuid()),
            Value::time(self.0.expires_at),
            Value::Text(to_json(&GrantDetail::of(&self.0))),
        ]
    }
}
