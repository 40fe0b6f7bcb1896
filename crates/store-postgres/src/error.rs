//! What can go wrong, and which of the three kinds it is: never taken, in doubt, or a refusal to open.
//!
//! The texts of refusals are for the person who starts the server. No text contains an address with a password.

use std::error::Error as _;

use adieu_core::{Hindrance, Outage};
use adieu_store_records::Damaged;
use tokio_postgres::error::SqlState;

/// Why a store was not opened. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address is none.
    #[error(
        "the address of the store can't be read: {0}; it looks like postgres://user:password@host:5432/database?sslmode=require"
    )]
    Address(String),
    /// The certificates that are to be trusted can't be read.
    #[error("the certificates to trust for the store can't be read: {0}")]
    Roots(String),
    /// The file of the password can't be read.
    #[error("the password of the store can't be read: {0}")]
    Password(String),
    /// Nobody answers there, or not as who may write.
    #[error("the store can't be reached: {0}; is the database running, and does it take writes there?")]
    Unreachable(String),
    /// It is there, and has no connection left.
    #[error("the store takes no more connections: {0}")]
    Full(String),
    /// The database was made by a later version.
    #[error("the database has schema {found}, this version knows up to {known}: use the newer version")]
    TooNew {
        /// The schema number found.
        found: i64,
        /// The newest one known here.
        known: i64,
    },
    /// Another node migrates and does not come to an end.
    #[error(
        "another node has been changing the schema for longer than it may: see whether it lives, and start again"
    )]
    Migrating,
    /// The installation key is another.
    #[error(
        "the installation key is not the one of this database: all nodes of an installation share one; nothing was changed"
    )]
    KeyOfAnother,
    /// The installation was moved into another store.
    #[error(
        "the installation in this database was moved away, or a move was interrupted: serve where it was moved to, or give the same \
         `adieu move` again; only if nothing serves there, `DELETE FROM installation WHERE id = 1` lets nodes go on here"
    )]
    Moved,
    /// A node serves from it.
    #[error(
        "{0} nodes serve from the database: stop them, and wait five seconds where one was killed; nothing was changed"
    )]
    InUse(i64),
    /// There is no installation to move.
    #[error("there is no installation in the database")]
    Empty,
    /// There is one where none may be.
    #[error("the database has an installation already: name an empty one; nothing was changed")]
    Taken,
    /// A value is not what all versions write.
    #[error("a stored {0} can't be read: restore the database from a backup")]
    Damaged(&'static str),
    /// The database's user makes no tables there.
    #[error(
        "the database's user may not make tables: {0}; GRANT CREATE ON SCHEMA public TO that user, or have it own a schema of its name"
    )]
    MayNotMake(String),
    /// The database refused something.
    #[error("the database refuses: {0}")]
    Database(String),
}

impl From<tokio_postgres::Error> for OpenError {
    fn from(error: tokio_postgres::Error) -> Self {
        let comes_back =
            [&SqlState::CANNOT_CONNECT_NOW, &SqlState::ADMIN_SHUTDOWN, &SqlState::CRASH_SHUTDOWN];
        if error.code() == Some(&SqlState::TOO_MANY_CONNECTIONS) {
            Self::Full(shown(&error))
        } else if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
            Self::MayNotMake(shown(&error))
        } else if error.as_db_error().is_some_and(|refusal| !comes_back.contains(&refusal.code())) {
            Self::Database(shown(&error))
        } else {
            Self::Unreachable(shown(&error))
        }
    }
}

/// The store is shutting down.
#[derive(Debug, thiserror::Error)]
#[error("the store is closed")]
pub(crate) struct Closed;

/// More waits than the queue holds (HOME-LIMITS).
#[derive(Debug, thiserror::Error)]
#[error("too many orders wait for the store")]
pub(crate) struct QueueFull;

/// An order could not be carried out because of what others hold.
#[derive(Debug, thiserror::Error)]
#[error("others hold what the order needs")]
pub(crate) struct Held;

impl From<Held> for Outage {
    fn from(held: Held) -> Self {
        Self::new(held).because(Hindrance::Overload)
    }
}

impl From<Closed> for Outage {
    fn from(closed: Closed) -> Self {
        Self::new(closed).because(Hindrance::Closed)
    }
}

impl From<QueueFull> for Outage {
    fn from(full: QueueFull) -> Self {
        Self::new(full).because(Hindrance::Overload)
    }
}

/// Why a batch did not become a commit, or a question had no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// Others were in the way: the same may be tried again at once.
    #[error("others were in the way: {0}")]
    Conflict(String),
    /// The connection is gone.
    #[error("the connection to the database is lost: {0}")]
    Lost(String),
    /// The database refused.
    #[error("the database refused: {0}")]
    Refused(String, Option<Hindrance>),
}

impl Fault {
    pub(crate) fn outage(&self) -> Outage {
        let hindrance = match self {
            Self::Conflict(_) => Some(Hindrance::Overload),
            Self::Lost(_) => None,
            Self::Refused(_, hindrance) => *hindrance,
        };
        Outage::new(self.to_string()).because(hindrance)
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        let text = shown(&error);
        let Some(state) = error.code() else {
            return Self::Lost(text);
        };
        let is = |states: &[&SqlState]| states.contains(&state);
        if is(&[
            &SqlState::T_R_SERIALIZATION_FAILURE,
            &SqlState::T_R_DEADLOCK_DETECTED,
            &SqlState::UNIQUE_VIOLATION,
            &SqlState::LOCK_NOT_AVAILABLE,
        ]) {
            return Self::Conflict(text);
        }
        if is(&[
            &SqlState::ADMIN_SHUTDOWN,
            &SqlState::CRASH_SHUTDOWN,
            &SqlState::CANNOT_CONNECT_NOW,
            &SqlState::DATABASE_DROPPED,
            &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
            &SqlState::QUERY_CANCELED,
        ]) || state.code().starts_with("08")
        {
            return Self::Lost(text);
        }
        let hindrance = if is(&[&SqlState::DISK_FULL, &SqlState::INSUFFICIENT_RESOURCES]) {
            Some(Hindrance::DiskFull)
        } else if is(&[&SqlState::READ_ONLY_SQL_TRANSACTION, &SqlState::INSUFFICIENT_PRIVILEGE]) {
            Some(Hindrance::ReadOnly)
        } else if is(&[&SqlState::DATA_CORRUPTED, &SqlState::INDEX_CORRUPTED, &SqlState::IO_ERROR]) {
            Some(Hindrance::DiskFault)
        } else {
            None
        };
        // A primary that became a standby: whoever connects anew finds the new one.
        if hindrance == Some(Hindrance::ReadOnly) && is(&[&SqlState::READ_ONLY_SQL_TRANSACTION]) {
            return Self::Lost(text);
        }
        Self::Refused(text, hindrance)
    }
}

/// What an error says, with what is below it.
pub(crate) fn shown(error: &tokio_postgres::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// A stored value that can't be read.
pub(crate) fn damage(damaged: Damaged) -> Outage {
    Outage::new(damaged)
}
