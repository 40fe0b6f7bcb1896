//! The statements of tables and questions: one for all rows of a table that are read, and one for all that are written of a kind.
//!
//! Every array holds at most a thousand rows: databases with a bound on a statement take them, too.

use std::collections::BTreeSet;

use adieu_store_records::Damaged;
use tokio_postgres::Row;

use crate::database::Pipeline;
use crate::shared::Ciphers;
use crate::working::{Array, Changes, ColumnKind, Columns, Kept, Lock, StoreQuestion, Value, arrays_of};

/// Rows of one statement.
pub(crate) const ROWS_MAX: usize = 1_000;

fn names(columns: &[(&str, ColumnKind)]) -> String {
    columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

fn all_columns<T: Kept>() -> Vec<(&'static str, ColumnKind)> {
    [T::KEY, T::REST].concat()
}

fn parameters(columns: &[(&str, ColumnKind)], from: usize) -> String {
    let each = columns.iter().enumerate();
    each.map(|(n, (_, kind))| format!("${}::{}", n + from, kind.array_type())).collect::<Vec<_>>().join(", ")
}

fn same_key<T: Kept>() -> String {
    let each = T::KEY.iter().map(|(name, _)| format!("t.{name} = n.{name}"));
    each.collect::<Vec<_>>().join(" AND ")
}

/// Which rows are locked how while they are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Locking {
    pub(crate) lock: Option<Lock>,
    /// Rows that another batch holds are left out.
    pub(crate) skips: bool,
}

impl Locking {
    pub(crate) fn clause(self) -> &'static str {
        match (self.lock, self.skips) {
            (None, _) => "",
            (Some(Lock::Shared), false) => " FOR SHARE OF t",
            (Some(Lock::Shared), true) => " FOR SHARE OF t SKIP LOCKED",
            (Some(Lock::Exclusive), false) => " FOR UPDATE OF t",
            (Some(Lock::Exclusive), true) => " FOR UPDATE OF t SKIP LOCKED",
        }
    }
}

/// The columns of a table, as they are read.
pub(crate) fn selected<T: Kept>() -> String {
    all_columns::<T>().iter().map(|(name, _)| format!("t.{name}")).collect::<Vec<_>>().join(", ")
}

/// The order of its keys.
pub(crate) fn key_order<T: Kept>() -> String {
    T::KEY.iter().map(|(name, _)| format!("t.{name}")).collect::<Vec<_>>().join(", ")
}

/// Puts the statement that reads rows by their keys into the pipeline.
pub(crate) fn push_read<T: Kept>(pipeline: &mut Pipeline, keys: &[T::Key], locking: Locking) {
    let (table, columns) = (T::TABLE, selected::<T>());
    let order =
        if locking.lock.is_some() { format!(" ORDER BY {}", key_order::<T>()) } else { String::new() };
    let sql = match T::KEY {
        [(name, kind)] => format!(
            "SELECT {columns} FROM {table} t WHERE t.{name} = ANY($1::{}){order}{}",
            kind.array_type(),
            locking.clause()
        ),
        many => format!(
            "SELECT {columns} FROM unnest({}) AS n({}) JOIN {table} t ON {}{order}{}",
            parameters(many, 1),
            names(many),
            same_key::<T>(),
            locking.clause()
        ),
    };
    let kinds = T::KEY.iter().map(|(_, kind)| *kind);
    pipeline.push(sql, arrays_of(kinds, keys.iter().map(T::key_values)));
}

/// Puts the statement into the pipeline that reads which of some keys have a row, whoever holds it.
pub(crate) fn push_read_keys<T: Kept>(pipeline: &mut Pipeline, keys: &[T::Key]) {
    let (table, columns) = (T::TABLE, key_order::<T>());
    let sql = format!(
        "SELECT {columns} FROM unnest({}) AS n({}) JOIN {table} t ON {}",
        parameters(T::KEY, 1),
        names(T::KEY),
        same_key::<T>()
    );
    pipeline.push(sql, arrays_of(T::KEY.iter().map(|(_, kind)| *kind), keys.iter().map(T::key_values)));
}

/// The keys that were read.
pub(crate) fn read_keys<T: Kept>(rows: &[Row]) -> BTreeSet<T::Key> {
    rows.iter().filter_map(|row| T::read_key(&mut Columns::of(row)).ok()).collect()
}

/// What was read of rows, each with its key; a row whose key can't be read is nobody's.
pub(crate) fn read_rows<T: Kept>(rows: &[Row], ciphers: &Ciphers) -> Vec<(T::Key, Result<T, Damaged>)> {
    let mut read = Vec::with_capacity(rows.len());
    for row in rows {
        let mut columns = Columns::of(row);
        match T::read_key(&mut columns) {
            Ok(key) => read.push((key.clone(), T::read(key, &mut columns, ciphers))),
            Err(damaged) => tracing::error!(table = T::TABLE, %damaged, "a row has no key that can be read"),
        }
    }
    read
}

/// Puts the statement of some questions into the pipeline.
pub(crate) fn push_questions<Q: StoreQuestion>(pipeline: &mut Pipeline, questions: &[Q]) {
    let kinds = [ColumnKind::Int].into_iter().chain(Q::KINDS.iter().copied());
    let rows = questions.iter().enumerate().map(|(n, question)| {
        let number = Value::Int(i64::try_from(n).expect("few questions"));
        [vec![number], question.values()].concat()
    });
    pipeline.push(Q::SQL, arrays_of(kinds, rows));
}

/// The answers to some questions.
pub(crate) fn read_answers<Q: StoreQuestion>(
    questions: Vec<Q>,
    rows: &[Row],
    ciphers: &Ciphers,
) -> Vec<(Q, Result<Q::Answer, Damaged>)> {
    let mut answers: Vec<Result<Q::Answer, Damaged>> =
        questions.iter().map(|_| Ok(Q::Answer::default())).collect();
    for row in rows {
        let mut columns = Columns::of(row);
        let number = columns.number("answer").ok().and_then(|n| usize::try_from(n).ok());
        if let Some(n) = number
            && let (Some(question), Some(answer)) = (questions.get(n), answers.get_mut(n))
            && let Ok(read) = answer
            && let Err(damaged) = question.read(read, &mut columns, ciphers)
        {
            *answer = Err(damaged);
        }
    }
    questions.into_iter().zip(answers).collect()
}

/// Puts the statements that write the changes of a table into the pipeline.
pub(crate) fn push_changes<T: Kept>(pipeline: &mut Pipeline, changes: Changes<T>) {
    let (table, columns) = (T::TABLE, all_columns::<T>());
    let kinds = || columns.iter().map(|(_, kind)| *kind);
    let values = |row: &T| [T::key_values(&row.key()), row.values()].concat();
    let source = format!("SELECT * FROM unnest({})", parameters(&columns, 1));
    let mut push = |sql: &str, arrays: Vec<Array>| pipeline.push(sql, arrays);
    for dropped in changes.dropped.chunks(ROWS_MAX) {
        let sql = format!(
            "DELETE FROM {table} t USING unnest({}) AS n({}) WHERE {}",
            parameters(T::KEY, 1),
            names(T::KEY),
            same_key::<T>()
        );
        push(&sql, arrays_of(T::KEY.iter().map(|(_, kind)| *kind), dropped.iter().map(T::key_values)));
    }
    for altered in changes.altered.chunks(ROWS_MAX).filter(|_| !T::REST.is_empty()) {
        let set = T::REST.iter().map(|(name, _)| format!("{name} = n.{name}")).collect::<Vec<_>>().join(", ");
        let sql = format!(
            "UPDATE {table} t SET {set} FROM unnest({}) AS n({}) WHERE {}{}",
            parameters(&columns, 1),
            names(&columns),
            same_key::<T>(),
            T::ALTERED_WHERE
        );
        push(&sql, arrays_of(kinds(), altered.iter().map(values)));
    }
    for added in changes.added.chunks(ROWS_MAX) {
        let sql = format!("INSERT INTO {table}({}) {source}", names(&columns));
        push(&sql, arrays_of(kinds(), added.iter().map(values)));
    }
    for put in changes.put.chunks(ROWS_MAX) {
        let key = names(T::KEY);
        let what = match T::REST {
            [] => "NOTHING".to_owned(),
            rest => {
                let set = rest.iter().map(|(name, _)| format!("{name} = excluded.{name}"));
                format!("UPDATE SET {}", set.collect::<Vec<_>>().join(", "))
            }
        };
        let sql = format!("INSERT INTO {table}({}) {source} ON CONFLICT ({key}) DO {what}", names(&columns));
        push(&sql, arrays_of(kinds(), put.iter().map(values)));
    }
}
