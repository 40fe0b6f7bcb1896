//! How an installation goes from one engine into another: its tables, row by row, in one form for all engines.
//!
//! A table that is not named here stays behind. What an engine makes of other rows, such as lists and indexes, it makes anew; each
//! engine's test holds its own tables against this list (decision 0099). Nothing here reads or writes a database.

use adieu_core::ToldUpTo;

/// The kind of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MovedKind {
    /// A number of 64 bits.
    Int,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
}

/// What stands in a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MovedValue {
    /// A number of 64 bits.
    Int(i64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Nothing.
    Null,
}

/// The values of a row, in the order of [`MovedTable::columns`].
pub type MovedRow = Vec<MovedValue>;

/// A table whose rows go over. Engines may have other names for it and its columns.
#[derive(Debug, PartialEq, Eq)]
pub struct MovedTable {
    /// Its name.
    pub name: &'static str,
    /// Its columns.
    pub columns: &'static [(&'static str, MovedKind)],
    /// How many of the first columns are the order in which the rows go over.
    pub ordered_by: usize,
}

/// Rows that go over together: so many are in memory at a time.
pub const MOVED_ROWS: usize = 500;

const fn table(
    name: &'static str,
    ordered_by: usize,
    columns: &'static [(&'static str, MovedKind)],
) -> MovedTable {
    MovedTable { name, columns, ordered_by }
}

use MovedKind::{Bytes, Int, Text};

/// The tables of an installation.
pub const MOVED_TABLES: &[MovedTable] = &[
    table(
        "realm",
        1,
        &[
            ("id", Bytes),
            ("path", Text),
            ("generation", Int),
            ("second_factor", Text),
            ("subscribers", Int),
            ("created_at", Int),
        ],
    ),
    table(
        "population",
        1,
        &[
            ("place", Int),
            ("id", Bytes),
            ("realm", Bytes),
            ("name", Text),
            ("version", Int),
            ("detail", Text),
        ],
    ),
    table(
        "person",
        1,
        &[
            ("key", Int),
            ("id", Bytes),
            ("realm", Bytes),
            ("population", Bytes),
            ("enabled", Int),
            ("generation", Int),
            ("removed", Int),
            ("password", Text),
            ("version", Int),
            ("detail", Text),
        ],
    ),
    table("name", 2, &[("realm", Bytes), ("name", Text), ("key", Int)]),
    table("external_id", 2, &[("realm", Bytes), ("id", Text), ("key", Int)]),
    table(
        "client",
        1,
        &[
            ("id", Text),
            ("realm", Bytes),
            ("generation", Int),
            ("removed", Int),
            ("secret", Bytes),
            ("version", Int),
            ("told", Int),
            ("detail", Text),
        ],
    ),
    table("post_logout_uri", 3, &[("realm", Bytes), ("uri", Text), ("client", Text)]),
    table("application_trait", 3, &[("realm", Bytes), ("word", Text), ("client", Text)]),
    table(
        "signing_key",
        2,
        &[
            ("realm", Bytes),
            ("kid", Text),
            ("algorithm", Text),
            ("sealed", Bytes),
            ("created_at", Int),
            ("signs_from", Int),
        ],
    ),
    table("document", 3, &[("realm", Bytes), ("kind", Text), ("id", Text), ("body", Text), ("version", Int)]),
    table("removed_versions", 1, &[("id", Int), ("version", Int)]),
    table(
        "session",
        1,
        &[
            ("locator", Int),
            ("user_key", Int),
            ("realm", Bytes),
            ("incarnation", Int),
            ("token_hash", Bytes),
            ("state", Int),
            ("epoch", Int),
            ("user_generation", Int),
            ("realm_generation", Int),
            ("opened_at", Int),
            ("seen_at", Int),
            ("expires_at", Int),
            ("idle", Int),
            ("assurance", Int),
            ("due_hour", Int),
            ("shared_due", Int),
            ("hidden", Int),
            ("detail", Text),
        ],
    ),
    table(
        "participant",
        4,
        &[("locator", Int), ("incarnation", Int), ("epoch", Int), ("client", Text), ("detail", Text)],
    ),
    table(
        "mass_ending",
        2,
        &[
            ("scope", Bytes),
            ("generation", Int),
            ("at", Int),
            ("done", Int),
            ("walked_to", Int),
            ("detail", Text),
        ],
    ),
    table("held", 1, &[("id", Int), ("user_id", Bytes), ("expires_at", Int), ("detail", Text)]),
    table(
        "consent",
        2,
        &[
            ("user_id", Bytes),
            ("client", Text),
            ("client_generation", Int),
            ("client_identity", Int),
            ("scope", Text),
            ("claims", Text),
            ("version", Int),
            ("given_at", Int),
        ],
    ),
    table(
        "flow",
        1,
        &[("id", Bytes), ("realm", Bytes), ("kind", Text), ("expires_at", Int), ("body", Bytes)],
    ),
    table(
        "subscriber",
        1,
        &[
            ("id", Text),
            ("realm", Bytes),
            ("version", Int),
            ("sealed", Bytes),
            ("sealed_before", Bytes),
            ("detail", Text),
        ],
    ),
    table("ending_line", 1, &[("line", Int), ("at", Int), ("body", Bytes)]),
    table(
        "receipt",
        4,
        &[
            ("line", Int),
            ("entry", Int),
            ("receiver", Text),
            ("subject", Bytes),
            ("state", Int),
            ("due_at", Int),
            ("leased", Int),
            ("realm", Bytes),
            ("detail", Text),
        ],
    ),
    table(
        "receipt_count",
        2,
        &[
            ("line", Int),
            ("entry", Int),
            ("pending", Int),
            ("confirmed", Int),
            ("refused", Int),
            ("given_up", Int),
            ("cannot_be_told", Int),
        ],
    ),
    table("receiver", 1, &[("receiver", Text), ("slow", Int), ("waits_from", Int), ("detail", Text)]),
];

/// Where an installation stands in the order of its endings. Numbers of lines stay what they are, because the ids of endings
/// are made of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MovedOrder {
    /// Everything before it has its receipts. Of what stands behind it some may have them, too: a receipt is made once.
    pub told: ToldUpTo,
    /// All numbers that were given, and all places that somebody subscribed at, are below or at this one: the next line has it,
    /// or a higher one.
    pub next: u64,
}

/// What went over, as it is told to people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MovedCounts {
    /// Users that were not removed.
    pub users: u64,
    /// Sessions, and what is left of those that ended.
    pub sessions: u64,
    /// Those of them that did not end by themselves; what ended with others is among them.
    pub not_ended: u64,
    /// Grants.
    pub grants: u64,
    /// Receipts of notices.
    pub receipts: u64,
    /// Those of them that are owed.
    pub owed: u64,
}

impl MovedCounts {
    /// Counts rows of a table.
    pub fn count(&mut self, table: &MovedTable, rows: &[MovedRow]) {
        let is = |column: &str, number: i64| {
            let at = table.columns.iter().position(|(name, _)| *name == column);
            let those = rows.iter().filter(|row| at.is_some_and(|at| row[at] == MovedValue::Int(number)));
            those.count() as u64
        };
        let all = rows.len() as u64;
        match table.name {
            "person" => self.users += is("removed", 0),
            "session" => {
                self.sessions += all;
                self.not_ended += all - is("state", 2);
            }
            "held" => self.grants += all,
            "receipt" => {
                self.receipts += all;
                self.owed += is("state", 0);
            }
            _ => {}
        }
    }
}
