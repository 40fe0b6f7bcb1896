//! A database as the beginning or the end of a move: its rows in the form that all engines share (decision 0099).
//!
//! Whoever moves reads and writes rows as they are and decides nothing. Lists that are made of the sessions are made anew, and so is what
//! stands between nodes: which of them live, their lists of lines, their guards.

mod source;
mod target;

pub use source::DatabaseSource;
pub use target::DatabaseTarget;

use adieu_store_records::{MovedKind, MovedTable, MovedValue};
use tokio_postgres::Client;

use crate::database::{Connector, Database};
use crate::error::OpenError;
use crate::working::{ColumnKind, Value};

/// A connection for statements that take as long as there are rows.
async fn connect(connector: &Connector) -> Result<Database, OpenError> {
    let database = connector.connect().await?;
    let patient = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0";
    database.client.batch_execute(patient).await?;
    Ok(database)
}

/// What reads a column of a table.
fn read(table: &MovedTable, column: &'static str) -> &'static str {
    match (table.name, column) {
        // Whose lease it is nobody asks elsewhere.
        ("receipt", "leased") => "CASE WHEN leased = 0 THEN 0::bigint ELSE 1::bigint END",
        _ => column,
    }
}

fn names(table: &MovedTable) -> String {
    table.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

const fn kind(kind: MovedKind) -> ColumnKind {
    match kind {
        MovedKind::Int => ColumnKind::Int,
        MovedKind::Text => ColumnKind::Text,
        MovedKind::Bytes => ColumnKind::Bytes,
    }
}

fn value(value: &MovedValue) -> Value {
    match value {
        MovedValue::Int(number) => Value::Int(*number),
        MovedValue::Text(text) => Value::Text(text.clone()),
        MovedValue::Bytes(bytes) => Value::Bytes(bytes.clone()),
        MovedValue::Null => Value::Null,
    }
}

/// Nodes that have beaten since a moment of the database's clock.
async fn nodes_since(client: &Client, since: i64) -> Result<i64, tokio_postgres::Error> {
    let row = client.query_one("SELECT count(*) FROM node WHERE seen_at >= $1", &[&since]).await?;
    Ok(row.get(0))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use adieu_store_records::MOVED_TABLES;

    use crate::schema;

    /// What is made anew, or is between the nodes of one database.
    const OWN: [&str; 10] = [
        "live_session",
        "due",
        "shared_due",
        "lane",
        "told_up_to",
        "batch",
        "guard",
        "installation",
        "node",
        "adieu_schema",
    ];
    /// Columns that are made anew, too.
    const OWN_COLUMNS: [(&str, &str); 2] = [("realm", "line_floor"), ("ending_line", "lane")];

    /// Goal: a table or a column that is added stays behind in no move unnoticed: each is in the shared form, or named here.
    #[test]
    fn every_table_goes_over_with_all_its_columns() {
        let made = schema::tables();
        let mut known: BTreeMap<String, BTreeSet<String>> = MOVED_TABLES
            .iter()
            .map(|table| {
                let columns = table.columns.iter().map(|(name, _)| (*name).to_owned());
                (table.name.to_owned(), columns.collect())
            })
            .collect();
        for (table, column) in OWN_COLUMNS {
            known.get_mut(table).expect("it is moved").insert(column.to_owned());
        }
        for (table, columns) in &made {
            if !OWN.contains(&table.as_str()) {
                assert_eq!(Some(columns), known.get(table), "{table}");
            }
        }
        for table in known.keys() {
            assert!(made.contains_key(table), "{table} is not there");
        }
    }
}
