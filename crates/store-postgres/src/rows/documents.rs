//! Documents that a dialect keeps, and what is remembered of the versions of removed records.
//!
//! Nothing here reads the text of a document.

use adieu_core::{ClientId, Document, RealmId, RemovedVersions, Version};
use adieu_store_records::Damaged;

use crate::rows::realm_value;
use crate::shared::Ciphers;
use crate::working::{ColumnKind, Columns, Kept, StoreQuestion, Value};

/// The key of a document.
pub(crate) type DocumentKey = (RealmId, String, String);

/// A document's row.
#[derive(Clone, Debug)]
pub(crate) struct KeptDocument(pub(crate) Document);

/// Whose key a document has.
pub(crate) fn document_key(document: &Document) -> DocumentKey {
    (document.realm, document.kind.clone(), document.id.clone())
}

impl Kept for KeptDocument {
    type Key = DocumentKey;
    const TABLE: &'static str = "document";
    const KEY: &'static [(&'static str, ColumnKind)] =
        &[("realm", ColumnKind::Bytes), ("kind", ColumnKind::Text), ("id", ColumnKind::Text)];
    const REST: &'static [(&'static str, ColumnKind)] =
        &[("body", ColumnKind::Text), ("version", ColumnKind::Int)];
    const LOOSE: bool = true;

    fn key(&self) -> DocumentKey {
        document_key(&self.0)
    }

    fn key_values((realm, kind, id): &DocumentKey) -> Vec<Value> {
        vec![realm_value(*realm), Value::text(kind), Value::text(id)]
    }

    fn read_key(columns: &mut Columns<'_>) -> Result<DocumentKey, Damaged> {
        let realm = columns.realm()?;
        Ok((realm, columns.text("document")?.to_owned(), columns.text("document")?.to_owned()))
    }

    fn read((realm, kind, id): DocumentKey, columns: &mut Columns<'_>, _: &Ciphers) -> Result<Self, Damaged> {
        let body = columns.text("document")?.to_owned();
        let version = Version::from_stored(columns.number("version")?);
        Ok(Self(Document { realm, kind, id, body, version }))
    }

    fn values(&self) -> Vec<Value> {
        vec![Value::text(&self.0.body), Value::number(self.0.version.number())]
    }
}

/// The documents of a kind in a realm from an id on, by id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DocumentsFrom {
    pub(crate) realm: RealmId,
    pub(crate) kind: String,
    pub(crate) from: String,
    /// Only those before this one.
    pub(crate) before: Option<String>,
    pub(crate) most: u32,
}

impl DocumentsFrom {
    /// Those whose ids begin with the id of a client and a dot. `/` follows the dot.
    pub(crate) fn beside(realm: RealmId, kind: &str, client: &ClientId) -> Self {
        let (from, before) = (format!("{client}."), Some(format!("{client}/")));
        Self { realm, kind: kind.to_owned(), from, before, most: u32::MAX }
    }
}

impl StoreQuestion for DocumentsFrom {
    type Answer = Vec<KeptDocument>;
    const SQL: &'static str = "SELECT q.n, d.realm, d.kind, d.id, d.body, d.version
        FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::bigint[]) AS q(n, realm, kind, first, before, most)
        CROSS JOIN LATERAL (SELECT * FROM document WHERE document.realm = q.realm AND document.kind = q.kind
            AND document.id >= q.first AND (q.before IS NULL OR document.id < q.before) ORDER BY id LIMIT q.most) d
        ORDER BY q.n, d.id";
    const KINDS: &'static [ColumnKind] =
        &[ColumnKind::Bytes, ColumnKind::Text, ColumnKind::Text, ColumnKind::Text, ColumnKind::Int];

    fn values(&self) -> Vec<Value> {
        vec![
            realm_value(self.realm),
            Value::text(&self.kind),
            Value::text(&self.from),
            Value::or_null(self.before.clone().map(Value::Text)),
            Value::Int(self.most.into()),
        ]
    }

    fn read(
        &self,
        answer: &mut Self::Answer,
        columns: &mut Columns<'_>,
        ciphers: &Ciphers,
    ) -> Result<(), Damaged> {
        let key = KeptDocument::read_key(columns)?;
        answer.push(KeptDocument::read(key, columns, ciphers)?);
        Ok(())
    }
}

/// The one number that is remembered of all removed records; it never falls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeptRemoved(pub(crate) RemovedVersions);

impl Kept for KeptRemoved {
    type Key = ();
    const TABLE: &'static str = "removed_versions";
    const KEY: &'static [(&'static str, ColumnKind)] = &[("id", ColumnKind::Int)];
    const REST: &'static [(&'static str, ColumnKind)] = &[("version", ColumnKind::Int)];
    const LOOSE: bool = true;
    const ALTERED_WHERE: &'static str = " AND t.version < n.version";

    fn key(&self) {}

    fn key_values((): &()) -> Vec<Value> {
        vec![Value::Int(0)]
    }

    fn read_key(columns: &mut Columns<'_>) -> Result<(), Damaged> {
        columns.int("version").map(drop)
    }

    fn read((): (), columns: &mut Columns<'_>, _: &Ciphers) -> Result<Self, Damaged> {
        columns.number("version").map(|version| Self(RemovedVersions::from_stored(version)))
    }

    fn values(&self) -> Vec<Value> {
        vec![Value::number(self.0.number())]
    }
}
