//! Values of columns, and arrays of them: what is read and written of many rows goes in one statement.
//!
//! Three kinds of columns are enough, and all databases that speak PostgreSQL have them.

use adieu_core::{RealmId, Timestamp, UserId};
use adieu_store_records::Damaged;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

/// The kind of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    Int,
    Text,
    Bytes,
}

impl ColumnKind {
    /// The type of an array of such values.
    pub(crate) const fn array_type(self) -> &'static str {
        match self {
            Self::Int => "bigint[]",
            Self::Text => "text[]",
            Self::Bytes => "bytea[]",
        }
    }
}

/// A value of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    Null,
}

impl Value {
    /// A number of at most 63 bits.
    pub(crate) fn number(number: u64) -> Self {
        Self::Int(signed(number))
    }

    pub(crate) fn time(at: Timestamp) -> Self {
        Self::Int(at.ms())
    }

    pub(crate) fn uuid(id: Uuid) -> Self {
        Self::Bytes(id.as_bytes().to_vec())
    }

    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn flag(flag: bool) -> Self {
        Self::Int(i64::from(flag))
    }

    pub(crate) fn or_null(value: Option<Self>) -> Self {
        value.unwrap_or(Self::Null)
    }
}

/// A stored number, as columns have it.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).expect("stored numbers have at most 63 bits")
}

/// Values of one column, as one parameter.
#[derive(Debug)]
pub(crate) enum Array {
    Ints(Vec<Option<i64>>),
    Texts(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl Array {
    fn of(kind: ColumnKind) -> Self {
        match kind {
            ColumnKind::Int => Self::Ints(Vec::new()),
            ColumnKind::Text => Self::Texts(Vec::new()),
            ColumnKind::Bytes => Self::Bytes(Vec::new()),
        }
    }

    fn push(&mut self, value: Value) {
        match (self, value) {
            (Self::Ints(all), Value::Int(one)) => all.push(Some(one)),
            (Self::Ints(all), Value::Null) => all.push(None),
            (Self::Texts(all), Value::Text(one)) => all.push(Some(one)),
            (Self::Texts(all), Value::Null) => all.push(None),
            (Self::Bytes(all), Value::Bytes(one)) => all.push(Some(one)),
            (Self::Bytes(all), Value::Null) => all.push(None),
            (array, value) => panic!("{value:?} does not go into {array:?}"),
        }
    }

    pub(crate) fn as_parameter(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Ints(all) => all,
            Self::Texts(all) => all,
            Self::Bytes(all) => all,
        }
    }
}

/// Rows of values as one array for each column.
pub(crate) fn arrays_of(
    kinds: impl IntoIterator<Item = ColumnKind>,
    rows: impl IntoIterator<Item = Vec<Value>>,
) -> Vec<Array> {
    let mut arrays: Vec<Array> = kinds.into_iter().map(Array::of).collect();
    for row in rows {
        debug_assert_eq!(row.len(), arrays.len(), "a value for each column");
        for (array, value) in arrays.iter_mut().zip(row) {
            array.push(value);
        }
    }
    arrays
}

/// Reads the columns of a row one after the other.
pub(crate) struct Columns<'a> {
    row: &'a Row,
    next: usize,
}

impl<'a> Columns<'a> {
    pub(crate) const fn of(row: &'a Row) -> Self {
        Self { row, next: 0 }
    }

    fn take<T: tokio_postgres::types::FromSql<'a>>(&mut self, what: &'static str) -> Result<T, Damaged> {
        let at = self.next;
        self.next += 1;
        self.row.try_get(at).map_err(|_| Damaged(what))
    }

    pub(crate) fn int(&mut self, what: &'static str) -> Result<i64, Damaged> {
        self.take(what)
    }

    /// A number that the statement itself says.
    pub(crate) fn short(&mut self, what: &'static str) -> Result<i32, Damaged> {
        self.take(what)
    }

    pub(crate) fn int_or_none(&mut self, what: &'static str) -> Result<Option<i64>, Damaged> {
        self.take(what)
    }

    pub(crate) fn ints(&mut self, what: &'static str) -> Result<Vec<i64>, Damaged> {
        self.take(what)
    }

    pub(crate) fn ints_or_none(&mut self, what: &'static str) -> Result<Vec<Option<i64>>, Damaged> {
        self.take(what)
    }

    pub(crate) fn number(&mut self, what: &'static str) -> Result<u64, Damaged> {
        u64::try_from(self.int(what)?).map_err(|_| Damaged(what))
    }

    pub(crate) fn small(&mut self, what: &'static str) -> Result<u32, Damaged> {
        u32::try_from(self.int(what)?).map_err(|_| Damaged(what))
    }

    pub(crate) fn flag(&mut self, what: &'static str) -> Result<bool, Damaged> {
        Ok(self.int(what)? != 0)
    }

    pub(crate) fn time(&mut self, what: &'static str) -> Result<Timestamp, Damaged> {
        self.int(what).map(Timestamp::from_ms)
    }

    pub(crate) fn text(&mut self, what: &'static str) -> Result<&'a str, Damaged> {
        self.take(what)
    }

    pub(crate) fn text_or_none(&mut self, what: &'static str) -> Result<Option<String>, Damaged> {
        self.take(what)
    }

    pub(crate) fn bytes(&mut self, what: &'static str) -> Result<&'a [u8], Damaged> {
        self.take(what)
    }

    pub(crate) fn bytes_or_none(&mut self, what: &'static str) -> Result<Option<Vec<u8>>, Damaged> {
        self.take(what)
    }

    pub(crate) fn uuid(&mut self, what: &'static str) -> Result<Uuid, Damaged> {
        Uuid::from_slice(self.bytes(what)?).map_err(|_| Damaged(what))
    }

    pub(crate) fn realm(&mut self) -> Result<RealmId, Damaged> {
        self.uuid("realm id").map(RealmId::from_uuid)
    }

    pub(crate) fn user(&mut self) -> Result<UserId, Damaged> {
        self.uuid("user id").map(UserId::from_uuid)
    }
}
