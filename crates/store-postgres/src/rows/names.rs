//! The names under which users are found, and their external ids. One user has each of them in a realm.
//!
//! Two who take one name at the same moment meet at its key.

use adieu_core::{RealmId, UserKey};
use adieu_store_records::Damaged;

use crate::rows::{realm_value, user_key};
use crate::shared::Ciphers;
use crate::working::{ColumnKind, Columns, Kept, Value};

/// A name, in the form in which it is compared.
#[derive(Clone, Debug)]
pub(crate) struct KeptName {
    pub(crate) name: (RealmId, String),
    pub(crate) key: UserKey,
}

/// An external id.
#[derive(Clone, Debug)]
pub(crate) struct KeptExternal {
    pub(crate) id: (RealmId, String),
    pub(crate) key: UserKey,
}

fn values((realm, name): &(RealmId, String)) -> Vec<Value> {
    vec![realm_value(*realm), Value::text(name)]
}

fn read((columns, what): (&mut Columns<'_>, &'static str)) -> Result<(RealmId, String), Damaged> {
    Ok((columns.realm()?, columns.text(what)?.to_owned()))
}

impl Kept for KeptName {
    type Key = (RealmId, String);
    const TABLE: &'static str = "name";
    const KEY: &'static [(&'static str, ColumnKind)] =
        &[("realm", ColumnKind::Bytes), ("name", ColumnKind::Text)];
    const REST: &'static [(&'static str, ColumnKind)] = &[("key", ColumnKind::Int)];
    const LOOSE: bool = true;

    fn key(&self) -> Self::Key {
        self.name.clone()
    }

    fn key_values(key: &Self::Key) -> Vec<Value> {
        values(key)
    }

    fn read_key(columns: &mut Columns<'_>) -> Result<Self::Key, Damaged> {
        read((columns, "name"))
    }

    fn read(name: Self::Key, columns: &mut Columns<'_>, _: &Ciphers) -> Result<Self, Damaged> {
        Ok(Self { name, key: user_key(columns)? })
    }

    fn values(&self) -> Vec<Value> {
        vec![Value::number(self.key.number())]
    }
}

impl Kept for KeptExternal {
    type Key = (RealmId, String);
    const TABLE: &'static str = "external_id";
    const KEY: &'static [(&'static str, ColumnKind)] =
        &[("realm", ColumnKind::Bytes), ("id", ColumnKind::Text)];
    const REST: &'static [(&'static str, ColumnKind)] = &[("key", ColumnKind::Int)];
    const LOOSE: bool = true;

    fn key(&self) -> Self::Key {
        self.id.clone()
    }

    fn key_values(key: &Self::Key) -> Vec<Value> {
        values(key)
    }

    fn read_key(columns: &mut Columns<'_>) -> Result<Self::Key, Damaged> {
        read((columns, "external id"))
    }

    fn read(id: Self::Key, columns: &mut Columns<'_>, _: &Ciphers) -> Result<Self, Damaged> {
        Ok(Self { id, key: user_key(columns)? })
    }

    fn values(&self) -> Vec<Value> {
        vec![Value::number(self.key.number())]
    }
}
