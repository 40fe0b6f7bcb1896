//! Rows that guard what has no row of its own to be guarded by: the list of realms, and what is kept of a realm besides its users.
//!
//! They are locked, and never written again once they are there.

use adieu_core::RealmId;
use adieu_store_records::Damaged;

use crate::shared::Ciphers;
use crate::working::{ColumnKind, Columns, Kept, Lock, Value};

/// What a row guards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Guarded {
    /// The list of realms.
    Realms,
    /// The populations, documents, subscribers and keys of a realm.
    Directory(RealmId),
    /// The work that nobody waits for and one node does at a time.
    Work(Work),
}

/// Work that one node does at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Work {
    Sweep,
    Expiry,
    Telling,
    Leasing,
}

impl Work {
    pub(crate) const ALL: [Self; 4] = [Self::Sweep, Self::Expiry, Self::Telling, Self::Leasing];

    const fn word(self) -> &'static [u8] {
        match self {
            Self::Sweep => b"sweep",
            Self::Expiry => b"expiry",
            Self::Telling => b"telling",
            Self::Leasing => b"leasing",
        }
    }
}

/// The first byte of the name of a realm's row.
const DIRECTORY: u8 = b'/';
const REALMS: &[u8] = b"realms";

impl Guarded {
    /// The name of the row.
    pub(crate) fn name(self) -> Vec<u8> {
        match self {
            Self::Realms => REALMS.to_vec(),
            Self::Directory(realm) => [&[DIRECTORY], &realm.uuid().as_bytes()[..]].concat(),
            Self::Work(work) => work.word().to_vec(),
        }
    }

    fn named(name: &[u8]) -> Result<Self, Damaged> {
        let damaged = Damaged("guard");
        match name {
            [DIRECTORY, id @ ..] => {
                let id = uuid::Uuid::from_slice(id).map_err(|_| damaged)?;
                Ok(Self::Directory(RealmId::from_uuid(id)))
            }
            REALMS => Ok(Self::Realms),
            word => {
                let work = Work::ALL.into_iter().find(|work| work.word() == word);
                work.map(Self::Work).ok_or(damaged)
            }
        }
    }
}

/// A guarding row.
#[derive(Clone, Debug)]
pub(crate) struct GuardRow(pub(crate) Guarded);

impl Kept for GuardRow {
    type Key = Guarded;
    const TABLE: &'static str = "guard";
    const KEY: &'static [(&'static str, ColumnKind)] = &[("name", ColumnKind::Bytes)];
    const REST: &'static [(&'static str, ColumnKind)] = &[];
    const LOCK: Option<Lock> = Some(Lock::Exclusive);

    fn key(&self) -> Guarded {
        self.0
    }

    fn key_values(key: &Guarded) -> Vec<Value> {
        vec![Value::Bytes(key.name())]
    }

    fn read_key(columns: &mut Columns<'_>) -> Result<Guarded, Damaged> {
        Guarded::named(columns.bytes("guard")?)
    }

    fn read(key: Guarded, _: &mut Columns<'_>, _: &Ciphers) -> Result<Self, Damaged> {
        Ok(Self(key))
    }

    fn values(&self) -> Vec<Value> {
        vec![]
    }
}
