//! A data folder as the beginning or the end of a move: its rows in the form that all engines share (decision 0099).
//!
//! Whoever moves reads and writes rows as they are and decides nothing. What only this engine keeps, lists by time and what is due, is
//! made anew of the sessions.

mod source;
mod target;

use std::path::PathBuf;

use adieu_store_records::MovedTable;

pub use source::FolderSource;
pub use target::FolderTarget;

use crate::OpenError;
use crate::backup::BackupError;

/// Why a data folder was not moved, or nothing was moved into one. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The folder can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Tells of endings only once it takes over.
    #[error(
        "{0} was restored as a trial: let it take over first (`adieu take-over`), or move the folder that was backed up"
    )]
    Trial(PathBuf),
    /// The folder to move into holds something.
    #[error("{0} is not empty: name a folder that is empty or missing; nothing was changed")]
    TargetTaken(PathBuf),
    /// The folder to move into can't be made.
    #[error(transparent)]
    Place(BackupError),
    /// SQLite refused.
    #[error(
        "the database of the folder can't be read or written: {0}; if the disk is full, make space and try again"
    )]
    Database(#[from] rusqlite::Error),
}

impl From<BackupError> for MoveError {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Open(OpenError::Foreign(path)) | BackupError::DataTaken(path) => {
                Self::TargetTaken(path)
            }
            BackupError::Open(error) => Self::Open(error),
            other => Self::Place(other),
        }
    }
}

/// How a column of the shared form stands here, if not under its name.
enum Stands {
    /// Under another name.
    As(&'static str),
    /// It is read off the rest of its row, and not written.
    ReadOff(&'static str),
}

/// How a table of the shared form stands here.
struct Standing {
    table: &'static str,
    other: &'static [(&'static str, Stands)],
}

/// How a table stands here: under its name and with its columns, but for these.
fn standing(table: &MovedTable) -> Standing {
    use Stands::{As, ReadOff};
    let (own, other): (&str, &[(&str, Stands)]) = match table.name {
        // Places of populations are in the order in which they are written.
        "population" => ("population", &[("place", ReadOff("seq"))]),
        "person" => ("user", &[]),
        "external_id" => ("external", &[]),
        "client" => (
            "client",
            &[("told", ReadOff("removed = 0 AND detail ->> 'backchannel_logout_uri' IS NOT NULL"))],
        ),
        "session" => (
            "session",
            &[
                ("user_key", ReadOff("locator >> 17")),
                ("realm", ReadOff("unhex(replace(detail ->> 'r', '-', ''))")),
                ("opened_at", ReadOff("detail ->> 'o'")),
                ("hidden", ReadOff("coalesce(detail ->> 'gone', 0)")),
            ],
        ),
        "held" => ("held", &[("user_id", ReadOff("unhex(replace(detail ->> 'u', '-', ''))"))]),
        "consent" => ("consent", &[("user_id", As("user"))]),
        "ending_line" => ("ending_line", &[("line", As("seq"))]),
        "receipt" => ("receipt", &[("receiver", As("client"))]),
        "receiver" => ("receiver", &[("receiver", As("client")), ("slow", As("failing"))]),
        same => (same_name(same), &[]),
    };
    Standing { table: own, other }
}

/// The name of a table that has the same one here.
fn same_name(name: &str) -> &'static str {
    let known = adieu_store_records::MOVED_TABLES.iter().find(|table| table.name == name);
    known.map_or("", |table| table.name)
}

impl Standing {
    fn of(&self, column: &str) -> Option<&Stands> {
        self.other.iter().find(|(name, _)| *name == column).map(|(_, stands)| stands)
    }

    /// What reads a column of the shared form.
    fn read(&self, column: &'static str) -> &'static str {
        match self.of(column) {
            Some(Stands::As(here) | Stands::ReadOff(here)) => here,
            None => column,
        }
    }

    /// Under which name a column is written, if it is.
    fn written(&self, column: &'static str) -> Option<&'static str> {
        match self.of(column) {
            Some(Stands::As(here)) => Some(here),
            Some(Stands::ReadOff(_)) => None,
            None => Some(column),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use adieu_store_records::MOVED_TABLES;

    use super::*;

    /// What is made anew, or says of this one database something that another one has to say for itself.
    const OWN: [&str; 7] =
        ["recent", "user_recent", "user_live", "due", "shared_due", "told_up_to", "installation"];

    /// Goal: a table or a column that is added stays behind in no move unnoticed: each is in the shared form, or named here.
    #[test]
    fn every_table_goes_over_with_all_its_columns() {
        let mut db = rusqlite::Connection::open_in_memory().expect("memory");
        crate::schema::migrate(&mut db).expect("the schema");
        let names = |sql: &str| -> BTreeSet<String> {
            let mut statement = db.prepare(sql).expect("a question");
            let rows = statement.query_map([], |row| row.get(0)).expect("asked");
            rows.collect::<Result<_, _>>().expect("names")
        };
        let found = names(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'",
        );
        let moved = MOVED_TABLES.iter().map(|table| standing(table).table);
        let known: BTreeSet<String> = moved.chain(OWN).map(str::to_owned).collect();
        assert_eq!(found, known);
        for table in MOVED_TABLES {
            let here = standing(table);
            let columns = names(&format!("SELECT name FROM pragma_table_info('{}')", here.table));
            let written = table.columns.iter().filter_map(|(column, _)| here.written(column));
            let mut written: BTreeSet<String> = written.map(str::to_owned).collect();
            if table.name == "population" {
                written.insert("seq".into()); // In the order in which they are written.
            }
            assert_eq!(columns, written, "{}", table.name);
        }
    }
}
