//! Records of endings of many, by scope and generation.
//!
//! Each is also the order for a walk over the sessions that it ended: `walked_to` and `done` say how far the walk has come.

use adieu_core::{EndScope, MassEnding, Timestamp};
use adieu_store_records::{Damaged, MassDetail, from_json, scope_key, scope_of, to_json};

use crate::shared::Ciphers;
use crate::working::{ColumnKind, Columns, Kept, StoreQuestion, Value};

/// The key of a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MassKey {
    pub(crate) scope: Vec<u8>,
    pub(crate) generation: u64,
}

impl MassKey {
    pub(crate) fn of(scope: &EndScope, generation: u64) -> Self {
        Self { scope: scope_key(scope), generation }
    }
}

/// A record's row.
#[derive(Clone, Debug)]
pub(crate) struct KeptMass {
    pub(crate) mass: MassEnding,
    /// Whether its sessions are buried.
    pub(crate) done: bool,
    /// The last place that was looked at.
    pub(crate) walked_to: u64,
}

impl KeptMass {
    /// A new record, whose walk has not begun.
    pub(crate) fn new(mass: MassEnding) -> Self {
        Self { done: !mass.scope.has_sessions(), walked_to: 0, mass }
    }
}

impl Kept for KeptMass {
    type Key = MassKey;
    const TABLE: &'static str = "mass_ending";
    const KEY: &'static [(&'static str, ColumnKind)] =
        &[("scope", ColumnKind::Bytes), ("generation", ColumnKind::Int)];
    const REST: &'static [(&'static str, ColumnKind)] = &[
        ("at", ColumnKind::Int),
        ("done", ColumnKind::Int),
        ("walked_to", ColumnKind::Int),
        ("detail", ColumnKind::Text),
    ];
    const LOOSE: bool = true;

    fn key(&self) -> MassKey {
        MassKey::of(&self.mass.scope, self.mass.generation)
    }

    fn key_values(key: &MassKey) -> Vec<Value> {
        vec![Value::Bytes(key.scope.clone()), Value::number(key.generation)]
    }

    fn read_key(columns: &mut Columns<'_>) -> Result<MassKey, Damaged> {
        Ok(MassKey { scope: columns.bytes("scope")?.to_vec(), generation: columns.number("generation")? })
    }

    fn read(key: MassKey, columns: &mut Columns<'_>, _: &Ciphers) -> Result<Self, Damaged> {
        let scope = scope_of(&key.scope).ok_or(Damaged("scope"))?;
        let at: Timestamp = columns.time("mass ending")?;
        let (done, walked_to) = (columns.flag("mass ending")?, columns.number("mass ending")?);
        let detail: MassDetail<'_> = from_json(columns.text("mass ending")?, "mass ending")?;
        let (spared, is_echo, with_grants) = (detail.spared(), detail.is_echo(), detail.with_grants());
        let record = detail.record(at)?;
        let mass =
            MassEnding { spared, is_echo, with_grants, ..MassEnding::whole(scope, key.generation, record) };
        Ok(Self { mass, done, walked_to })
    }

    fn values(&self) -> Vec<Value> {
        vec![
            Value::time(self.mass.record.at),
            Value::flag(self.done),
            Value::number(self.walked_to),
            Value::Text(to_json(&MassDetail::of(&self.mass))),
        ]
    }
}

/// The first record of a scope behind a generation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FirstBehind(pub(crate) MassKey);

impl StoreQuestion for FirstBehind {
    type Answer = Option<KeptMass>;
    const SQL: &'static str = "SELECT q.n, m.scope, m.generation, m.at, m.done, m.walked_to, m.detail
        FROM unnest($1::bigint[], $2::bytea[], $3::bigint[]) AS q(n, scope, behind)
        CROSS JOIN LATERAL (SELECT * FROM mass_ending WHERE mass_ending.scope = q.scope AND mass_ending.generation > q.behind
            ORDER BY generation LIMIT 1) m";
    const KINDS: &'static [ColumnKind] = &[ColumnKind::Bytes, ColumnKind::Int];

    fn values(&self) -> Vec<Value> {
        KeptMass::key_values(&self.0)
    }

    fn read(
        &self,
        answer: &mut Self::Answer,
        columns: &mut Columns<'_>,
        ciphers: &Ciphers,
    ) -> Result<(), Damaged> {
        let key = KeptMass::read_key(columns)?;
        *answer = Some(KeptMass::read(key, columns, ciphers)?);
        Ok(())
    }
}
