//! Consents, by user and client.
//!
//! A withdrawn one is no row any more; its number is remembered among those of all that was removed.

use adieu_core::{ClientId, Consent, UserId, Version};
use adieu_store_records::Damaged;

use crate::shared::Ciphers;
use crate::working::{ColumnKind, Columns, Kept, StoreQuestion, Value};

/// A consent's row.
#[derive(Clone, Debug)]
pub(crate) struct KeptConsent(pub(crate) Consent);

impl Kept for KeptConsent {
    type Key = (UserId, ClientId);
    const TABLE: &'static str = "consent";
    const KEY: &'static [(&'static str, ColumnKind)] =
        &[("user_id", ColumnKind::Bytes), ("client", ColumnKind::Text)];
    const REST: &'static [(&'static str, ColumnKind)] = &[
        ("client_generation", ColumnKind::Int),
        ("client_identity", ColumnKind::Int),
        ("scope", ColumnKind::Text),
        ("claims", ColumnKind::Text),
        ("version", ColumnKind::Int),
        ("given_at", ColumnKind::Int),
    ];
    const LOOSE: bool = true;

    fn key(&self) -> Self::Key {
        (self.0.user, self.0.client.clone())
    }

    fn key_values((user, client): &Self::Key) -> Vec<Value> {
        vec![Value::uuid(user.uuid()), Value::text(client.as_str())]
    }

    fn read_key(columns: &mut Columns<'_>) -> Result<Self::Key, Damaged> {
        Ok((columns.user()?, columns.text("client id")?.parse().map_err(|_| Damaged("client id"))?))
    }

    fn read((user, client): Self::Key, columns: &mut Columns<'_>, _: &Ciphers) -> Result<Self, Damaged> {
        Ok(Self(Consent {
            user,
            client,
            client_generation: columns.number("consent")?,
            client_identity: columns.number("consent")?,
            scope: columns.text("consent")?.to_owned(),
            claims: columns.text("consent")?.to_owned(),
            number: Version::from_stored(columns.number("consent")?),
            given_at: columns.time("consent")?,
        }))
    }

    fn values(&self) -> Vec<Value> {
        vec![
            Value::number(self.0.client_generation),
            Value::number(self.0.client_identity),
            Value::text(&self.0.scope),
            Value::text(&self.0.claims),
            Value::number(self.0.number.number()),
            Value::time(self.0.given_at),
        ]
    }
}

/// All consents of a user, by client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ConsentsOf(pub(crate) UserId);

impl StoreQuestion for ConsentsOf {
    type Answer = Vec<Consent>;
    const SQL: &'static str = "SELECT q.n, c.user_id, c.client, c.client_generation, c.client_identity, c.scope, c.claims, c.version,
            c.given_at
        FROM unnest($1::bigint[], $2::bytea[]) AS q(n, id) JOIN consent c ON c.user_id = q.id ORDER BY q.n, c.client";
    const KINDS: &'static [ColumnKind] = &[ColumnKind::Bytes];

    fn values(&self) -> Vec<Value> {
        vec![Value::uuid(self.0.uuid())]
    }

    fn read(
        &self,
        answer: &mut Self::Answer,
        columns: &mut Columns<'_>,
        ciphers: &Ciphers,
    ) -> Result<(), Damaged> {
        let key = KeptConsent::read_key(columns)?;
        answer.push(KeptConsent::read(key, columns, ciphers)?.0);
        Ok(())
    }
}
