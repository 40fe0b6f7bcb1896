//! Subscribers of realms. There are few of them, and they are found by their realm, whose directory guards them.
//!
//! Nothing here opens a credential.

use adieu_core::{RealmId, Subscriber, SubscriberId, Version};
use adieu_store_records::{Damaged, SubscriberColumns, SubscriberDetail, from_json, to_json};

use crate::rows::realm_value;
use crate::shared::Ciphers;
use crate::working::{ColumnKind, Columns, Kept, StoreQuestion, Value};

/// A subscriber's row.
#[derive(Clone, Debug)]
pub(crate) struct KeptSubscriber(pub(crate) Subscriber);

impl Kept for KeptSubscriber {
    type Key = SubscriberId;
    const TABLE: &'static str = "subscriber";
    const KEY: &'static [(&'static str, ColumnKind)] = &[("id", ColumnKind::Text)];
    const REST: &'static [(&'static str, ColumnKind)] = &[
        ("realm", ColumnKind::Bytes),
        ("version", ColumnKind::Int),
        ("sealed", ColumnKind::Bytes),
        ("sealed_before", ColumnKind::Bytes),
        ("detail", ColumnKind::Text),
    ];
    const LOOSE: bool = true;

    fn key(&self) -> SubscriberId {
        self.0.id.clone()
    }

    fn key_values(key: &SubscriberId) -> Vec<Value> {
        vec![Value::text(key.as_str())]
    }

    fn read_key(columns: &mut Columns<'_>) -> Result<SubscriberId, Damaged> {
        columns.text("name of a subscriber")?.parse().map_err(|_| Damaged("name of a subscriber"))
    }

    fn read(id: SubscriberId, columns: &mut Columns<'_>, _: &Ciphers) -> Result<Self, Damaged> {
        let of_columns = SubscriberColumns {
            id,
            realm: columns.realm()?,
            version: Version::from_stored(columns.number("version")?),
            sealed: columns.bytes("subscriber")?.to_vec(),
            sealed_before: columns.bytes_or_none("subscriber")?,
        };
        let detail: SubscriberDetail = from_json(columns.text("subscriber")?, "subscriber")?;
        Ok(Self(detail.complete(of_columns)?))
    }

    fn values(&self) -> Vec<Value> {
        let one = &self.0;
        let before = one.previous.as_ref().map(|previous| previous.credential.as_bytes().to_vec());
        vec![
            realm_value(one.realm),
            Value::number(one.version.number()),
            Value::Bytes(one.credential.as_bytes().to_vec()),
            Value::or_null(before.map(Value::Bytes)),
            Value::Text(to_json(&SubscriberDetail::of(one))),
        ]
    }
}

/// The subscribers of a realm, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SubscribersOf(pub(crate) RealmId);

impl StoreQuestion for SubscribersOf {
    type Answer = Vec<Subscriber>;
    const SQL: &'static str = "SELECT q.n, s.id, s.realm, s.version, s.sealed, s.sealed_before, s.detail
        FROM unnest($1::bigint[], $2::bytea[]) AS q(n, realm) JOIN subscriber s ON s.realm = q.realm ORDER BY q.n, s.id";
    const KINDS: &'static [ColumnKind] = &[ColumnKind::Bytes];

    fn values(&self) -> Vec<Value> {
        vec![realm_value(self.0)]
    }

    fn read(
        &self,
        answer: &mut Self::Answer,
        columns: &mut Columns<'_>,
        ciphers: &Ciphers,
    ) -> Result<(), Damaged> {
        let id = KeptSubscriber::read_key(columns)?;
        answer.push(KeptSubscriber::read(id, columns, ciphers)?.0);
        Ok(())
    }
}

/// A realm with subscribers that are switched on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SubscribedRealm {
    pub(crate) id: RealmId,
    /// The highest version of its subscribers: another one after each change of them.
    version: u64,
}

/// All realms with subscribers that are switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SubscribedRealms;

impl StoreQuestion for SubscribedRealms {
    type Answer = Vec<SubscribedRealm>;
    const SQL: &'static str =
        "SELECT q.n, s.realm, max(s.version) FROM unnest($1::bigint[]) AS q(n), subscriber s
        JOIN realm r ON r.id = s.realm AND r.subscribers > 0 GROUP BY q.n, s.realm ORDER BY q.n, s.realm";
    const KINDS: &'static [ColumnKind] = &[];

    fn values(&self) -> Vec<Value> {
        vec![]
    }

    fn read(&self, answer: &mut Self::Answer, columns: &mut Columns<'_>, _: &Ciphers) -> Result<(), Damaged> {
        let id = columns.realm()?;
        answer.push(SubscribedRealm { id, version: columns.number("version")? });
        Ok(())
    }
}
