//! What can go wrong, and which of the three kinds it is: never taken, in doubt, or a refusal to open.
//!
//! The texts of refusals are for the person who starts the server.

use std::io;
use std::path::PathBuf;

use adieu_core::{Hindrance, Outage};
use rusqlite::ErrorCode;

/// Why a data folder was not opened. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the folder.
    #[error("{0} is in use by another process: stop that one, or give this one a folder of its own")]
    InUse(PathBuf),
    /// Nothing was made in the folder yet.
    #[error(
        "there is no installation in {0}: `adieu init` or `adieu serve` makes one; another one is found by its configuration \
         (--config, ADIEU_CONFIG) or a running server (--server)"
    )]
    Missing(PathBuf),
    /// The folder holds something else.
    #[error("{0} holds files that are not adieu's: choose an empty folder, or one that adieu made")]
    Foreign(PathBuf),
    /// It holds a copy of a database, from which nobody serves.
    #[error(
        "{0} is a backup, or was set aside by a restore: put it in the place of a data folder with `adieu restore`"
    )]
    Copy(PathBuf),
    /// A restore has begun and did not end.
    #[error(
        "a restore or a move into {0} was interrupted: give the same `adieu restore` or `adieu move` again, or empty the folder"
    )]
    Unfinished(PathBuf),
    /// The installation was moved into another store.
    #[error(
        "the installation in {0} was moved away, or a move was interrupted: serve where it was moved to, or give the same `adieu move` \
         again; only if nothing serves there, delete {0}/adieu.moved to go on here"
    )]
    Moved(PathBuf),
    /// The database is there and the key is not.
    #[error(
        "{0} is missing beside its database: restore it from a backup; without it no session can be found"
    )]
    KeyLost(PathBuf),
    /// The key file is not 32 bytes.
    #[error("{0} is damaged: restore it from a backup")]
    KeyDamaged(PathBuf),
    /// The key file is not the one that the database belongs to.
    #[error(
        "{0} is not the key of the database beside it: put the right one back, or restore the folder from a backup; \
         nothing was changed"
    )]
    KeyOfAnother(PathBuf),
    /// The database was written by a later version.
    #[error("the database has schema {found}, this version knows up to {known}: use the newer version")]
    TooNew {
        /// The schema number found.
        found: i64,
        /// The newest one known here.
        known: i64,
    },
    /// The file is no database, or is damaged.
    #[error("the database can't be opened: {0}; if it is damaged, restore the folder from a backup")]
    Database(#[source] rusqlite::Error),
    /// The operating system refused.
    #[error("{path}: {cause}; check that the folder exists, is writable and has space")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
}

impl OpenError {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |cause| Self::Io { path, cause }
    }
}

/// A stored value that no version of ours writes, as an error of the row that holds it.
#[derive(Debug, thiserror::Error)]
#[error("a stored {0} can't be read: restore the folder from a backup")]
pub(crate) struct Damaged(pub(crate) &'static str);

/// What a record says, read from its row.
pub(crate) trait InRow<T> {
    /// A record that can't be read is an error of its row.
    fn in_row(self) -> rusqlite::Result<T>;
}

impl<T> InRow<T> for Result<T, adieu_store_records::Damaged> {
    fn in_row(self) -> rusqlite::Result<T> {
        self.map_err(|damaged| Damaged::row(damaged.0))
    }
}

impl Damaged {
    /// As an error of the row that holds it.
    pub(crate) fn row(what: &'static str) -> rusqlite::Error {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(Self(what)))
    }

    /// Whether an error says so of a value: the rest of the database can be read.
    pub(crate) fn is_cause_of(error: &rusqlite::Error) -> bool {
        matches!(
            error,
            rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
        )
    }
}

/// The store is shutting down or its thread is gone.
#[derive(Debug, thiserror::Error)]
#[error("the store is closed")]
pub(crate) struct Closed;

/// More waits than the queue holds (HOME-LIMITS).
#[derive(Debug, thiserror::Error)]
#[error("too many orders wait for the store")]
pub(crate) struct QueueFull;

pub(crate) fn outage(error: rusqlite::Error) -> Outage {
    let hindrance = hindrance(&error);
    Outage::new(error).because(hindrance)
}

/// What the database says that an operator may mend.
pub(crate) fn hindrance(error: &rusqlite::Error) -> Option<Hindrance> {
    match error.sqlite_error_code()? {
        ErrorCode::DiskFull => Some(Hindrance::DiskFull),
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Some(Hindrance::ReadOnly),
        ErrorCode::SystemIoFailure
        | ErrorCode::CannotOpen
        | ErrorCode::DatabaseCorrupt
        | ErrorCode::NotADatabase => Some(Hindrance::DiskFault),
        _ => None,
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
