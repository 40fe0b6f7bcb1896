//! When sessions are looked at: by the sweep once their hour is over, and at their moment where somebody is told of their end.
//!
//! Entries that no longer fit their session are dropped when they are met; an ending leaves its session's alone.

use adieu_core::{Locator, Timestamp};
use adieu_store_records::Damaged;

use crate::rows::locator;
use crate::shared::Ciphers;
use crate::working::{ColumnKind, Columns, Kept, Value};

/// A place to be looked at once its hour is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Due {
    pub(crate) hour: i64,
    pub(crate) locator: Locator,
}

/// A session that may be over at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SharedDue {
    pub(crate) at: Timestamp,
    pub(crate) locator: Locator,
}

impl Kept for Due {
    type Key = Self;
    const TABLE: &'static str = "due";
    const KEY: &'static [(&'static str, ColumnKind)] =
        &[("hour", ColumnKind::Int), ("locator", ColumnKind::Int)];
    const REST: &'static [(&'static str, ColumnKind)] = &[];

    fn key(&self) -> Self {
        *self
    }

    fn key_values(key: &Self) -> Vec<Value> {
        vec![Value::Int(key.hour), Value::number(key.locator.number())]
    }

    fn read_key(columns: &mut Columns<'_>) -> Result<Self, Damaged> {
        Ok(Self { hour: columns.int("hour")?, locator: locator(columns)? })
    }

    fn read(key: Self, _: &mut Columns<'_>, _: &Ciphers) -> Result<Self, Damaged> {
        Ok(key)
    }

    fn values(&self) -> Vec<Value> {
        vec![]
    }
}

impl Kept for SharedDue {
    type Key = Self;
    const TABLE: &'static str = "shared_due";
    const KEY: &'static [(&'static str, ColumnKind)] =
        &[("at", ColumnKind::Int), ("locator", ColumnKind::Int)];
    const REST: &'static [(&'static str, ColumnKind)] = &[];

    fn key(&self) -> Self {
        *self
    }

    fn key_values(key: &Self) -> Vec<Value> {
        vec![Value::time(key.at), Value::number(key.locator.number())]
    }

    fn read_key(columns: &mut Columns<'_>) -> Result<Self, Damaged> {
        Ok(Self { at: columns.time("moment")?, locator: locator(columns)? })
    }

    fn read(key: Self, _: &mut Columns<'_>, _: &Ciphers) -> Result<Self, Damaged> {
        Ok(key)
    }

    fn values(&self) -> Vec<Value> {
        vec![]
    }
}
