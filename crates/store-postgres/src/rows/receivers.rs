//! Receivers: how each does, and from when on it waits to be given something.
//!
//! Who waits is found by whether they have a part in what is reserved and since when.

use adieu_core::{Receiver, ReceiverHealth, Timestamp};
use adieu_store_records::{Damaged, HealthDetail, from_json, to_json};

use crate::shared::Ciphers;
use crate::working::{ColumnKind, Columns, Kept, Lock, Value};

/// A receiver's row.
#[derive(Clone, Debug)]
pub(crate) struct KeptReceiver {
    pub(crate) receiver: Receiver,
    pub(crate) health: ReceiverHealth,
}

/// A receiver out of a column.
pub(crate) fn receiver(columns: &mut Columns<'_>) -> Result<Receiver, Damaged> {
    Receiver::of_key(columns.text("receiver")?).map_err(|_| Damaged("receiver"))
}

impl Kept for KeptReceiver {
    type Key = Receiver;
    const TABLE: &'static str = "receiver";
    const KEY: &'static [(&'static str, ColumnKind)] = &[("receiver", ColumnKind::Text)];
    const REST: &'static [(&'static str, ColumnKind)] =
        &[("slow", ColumnKind::Int), ("waits_from", ColumnKind::Int), ("detail", ColumnKind::Text)];
    const LOCK: Option<Lock> = Some(Lock::Exclusive);

    fn key(&self) -> Receiver {
        self.receiver.clone()
    }

    fn key_values(key: &Receiver) -> Vec<Value> {
        vec![Value::text(key.key())]
    }

    fn read_key(columns: &mut Columns<'_>) -> Result<Receiver, Damaged> {
        receiver(columns)
    }

    fn read(receiver: Receiver, columns: &mut Columns<'_>, _: &Ciphers) -> Result<Self, Damaged> {
        let _slow = columns.int("receiver")?;
        let waits_from = columns.int_or_none("receiver")?.map(Timestamp::from_ms);
        let detail: HealthDetail = from_json(columns.text("receiver")?, "receiver")?;
        Ok(Self { receiver, health: detail.complete(waits_from)? })
    }

    fn values(&self) -> Vec<Value> {
        vec![
            Value::flag(!self.health.has_reserve()),
            Value::or_null(self.health.waits_from.map(Value::time)),
            Value::Text(to_json(&HealthDetail::of(&self.health))),
        ]
    }
}
