//! Users. A user's row guards the user's sessions, names, grants and consents.
//!
//! A deleted user stays: the verdict on what is left of their sessions needs the generations.

use std::sync::Arc;

use adieu_core::{RealmId, User, UserId, UserKey, Version};
use adieu_store_records::{Damaged, UserColumns, UserDetail, from_json, to_json};

use crate::rows::realm_value;
use crate::shared::Ciphers;
use crate::working::{ColumnKind, Columns, Kept, Lock, StoreQuestion, Value};

/// A user's row.
#[derive(Clone, Debug)]
pub(crate) struct KeptUser(pub(crate) Arc<User>);

impl Kept for KeptUser {
    type Key = UserKey;
    const TABLE: &'static str = "person";
    const KEY: &'static [(&'static str, ColumnKind)] = &[("key", ColumnKind::Int)];
    const REST: &'static [(&'static str, ColumnKind)] = &[
        ("id", ColumnKind::Bytes),
        ("realm", ColumnKind::Bytes),
        ("population", ColumnKind::Bytes),
        ("enabled", ColumnKind::Int),
        ("generation", ColumnKind::Int),
        ("removed", ColumnKind::Int),
        ("password", ColumnKind::Text),
        ("version", ColumnKind::Int),
        ("detail", ColumnKind::Text),
    ];
    const LOCK: Option<Lock> = Some(Lock::Exclusive);

    fn key(&self) -> UserKey {
        self.0.key
    }

    fn key_values(key: &UserKey) -> Vec<Value> {
        vec![Value::number(key.number())]
    }

    fn read_key(columns: &mut Columns<'_>) -> Result<UserKey, Damaged> {
        user_key(columns)
    }

    fn read(key: UserKey, columns: &mut Columns<'_>, _: &Ciphers) -> Result<Self, Damaged> {
        let (id, realm) = (columns.user()?, columns.realm()?);
        let _population = columns.bytes("population id")?;
        let columns_of = UserColumns {
            key,
            id,
            realm,
            enabled: columns.flag("user")?,
            generation: columns.number("generation")?,
            removed: columns.flag("user")?,
            password: columns.text_or_none("password")?,
            version: Version::from_stored(columns.number("version")?),
        };
        let detail: UserDetail = from_json(columns.text("user")?, "user")?;
        Ok(Self(Arc::new(detail.complete(columns_of)?)))
    }

    fn values(&self) -> Vec<Value> {
        let user = &self.0;
        vec![
            Value::uuid(user.id.uuid()),
            realm_value(user.realm),
            Value::uuid(user.population.uuid()),
            Value::flag(user.enabled),
            Value::number(user.generation),
            Value::flag(user.removed),
            Value::or_null(user.password.clone().map(Value::Text)),
            Value::number(user.version.number()),
            Value::Text(to_json(&UserDetail::of(user))),
        ]
    }
}

/// A user's key out of a column.
pub(crate) fn user_key(columns: &mut Columns<'_>) -> Result<UserKey, Damaged> {
    UserKey::from_stored(columns.number("user key")?).ok_or(Damaged("user key"))
}

/// Whether a user, a session or a tombstone lies under a key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyInUse(pub(crate) UserKey);

impl StoreQuestion for KeyInUse {
    type Answer = bool;
    const SQL: &'static str = "SELECT q.n FROM unnest($1::bigint[], $2::bigint[]) AS q(n, k)
        WHERE EXISTS (SELECT 1 FROM person WHERE key = q.k) OR EXISTS (SELECT 1 FROM session WHERE user_key = q.k)";
    const KINDS: &'static [ColumnKind] = &[ColumnKind::Int];

    fn values(&self) -> Vec<Value> {
        vec![Value::number(self.0.number())]
    }

    fn read(&self, answer: &mut bool, _: &mut Columns<'_>, _: &Ciphers) -> Result<(), Damaged> {
        *answer = true;
        Ok(())
    }
}

/// The users of a realm that are there, in the order of their ids.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UsersOf {
    pub(crate) realm: RealmId,
    pub(crate) after: Option<UserId>,
    pub(crate) most: u32,
}

impl StoreQuestion for UsersOf {
    type Answer = Vec<UserKey>;
    const SQL: &'static str = "SELECT q.n, u.key
        FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bigint[]) AS q(n, realm, after, most)
        CROSS JOIN LATERAL (SELECT key, id FROM person WHERE person.realm = q.realm AND person.id > q.after AND removed = 0
            ORDER BY id LIMIT q.most) u ORDER BY q.n, u.id";
    const KINDS: &'static [ColumnKind] = &[ColumnKind::Bytes, ColumnKind::Bytes, ColumnKind::Int];

    fn values(&self) -> Vec<Value> {
        let after = self.after.map(|id| id.uuid().as_bytes().to_vec()).unwrap_or_default();
        vec![realm_value(self.realm), Value::Bytes(after), Value::Int(self.most.into())]
    }

    fn read(&self, answer: &mut Vec<UserKey>, columns: &mut Columns<'_>, _: &Ciphers) -> Result<(), Damaged> {
        answer.push(user_key(columns)?);
        Ok(())
    }
}
