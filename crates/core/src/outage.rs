//! What went wrong below, as an opaque cause, and what became of the write that it stopped.
//!
//! The cause is for the log; no face and no rule looks inside. What somebody can do something about has a word besides, the
//! hindrance. Every act that writes says "not taken" and "in doubt" with the one type here.

use std::error::Error;
use std::fmt;

use crate::Span;

/// The store did not do its work. Only the log cares why.
pub struct Outage {
    cause: Box<dyn Error + Send + Sync>,
    hindrance: Option<Hindrance>,
    /// In seconds: faces pass an outage along, and it stays small.
    again_after_s: u16,
}

impl Outage {
    /// Wraps the cause.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { cause: cause.into(), hindrance: None, again_after_s: 1 }
    }

    /// Says what hindered the store, too.
    #[must_use]
    pub fn because(self, hindrance: impl Into<Option<Hindrance>>) -> Self {
        Self { hindrance: hindrance.into(), ..self }
    }

    /// Says when the same is worth another try, too.
    #[must_use]
    pub fn again_after(self, wait: Span) -> Self {
        let s = (wait.ms().saturating_add(999) / 1000).max(1);
        Self { again_after_s: u16::try_from(s).unwrap_or(u16::MAX), ..self }
    }

    /// In how many seconds the same may be tried again: one, where nobody knows better.
    pub const fn retry_after_s(&self) -> u16 {
        self.again_after_s
    }

    /// What hindered the store, if that is known.
    pub const fn hindrance(&self) -> Option<Hindrance> {
        self.hindrance
    }
}

/// What keeps a store from its work and an operator may mend. Its text is a sentence without an end, for whoever operates the
/// installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Hindrance {
    /// There is no room.
    #[error("the disk is full, or the database is as large as it may be")]
    DiskFull,
    /// Nothing may be written there.
    #[error("the data folder can't be written: it is read-only, or belongs to somebody else")]
    ReadOnly,
    /// The operating system or the file says that something is broken.
    #[error("the disk does not read or write, or the database is damaged")]
    DiskFault,
    /// More waits than the store takes.
    #[error("too many orders wait for the store")]
    Overload,
    /// The store is shutting down, or its thread is gone.
    #[error("the store is closed")]
    Closed,
}

impl Hindrance {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::DiskFull, Self::ReadOnly, Self::DiskFault, Self::Overload, Self::Closed];

    /// The word in metrics and in the log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::DiskFull => "disk_full",
            Self::ReadOnly => "read_only",
            Self::DiskFault => "disk_fault",
            Self::Overload => "overload",
            Self::Closed => "closed",
        }
    }
}

/// Why nobody may say that a write is done.
#[derive(Debug, thiserror::Error)]
pub enum Unwritten {
    /// Nothing was written: the same order may be sent again.
    #[error("the store could not take the order")]
    NotTaken(#[source] Outage),
    /// The commit may have landed: report neither "done" nor "not done".
    #[error("the store did not confirm the order")]
    InDoubt(#[source] Outage),
}

impl Unwritten {
    /// What hindered the store, if that is known.
    pub const fn hindrance(&self) -> Option<Hindrance> {
        match self {
            Self::NotTaken(outage) | Self::InDoubt(outage) => outage.hindrance(),
        }
    }

    /// The cause, for callers that say the same in both cases.
    pub fn into_outage(self) -> Outage {
        match self {
            Self::NotTaken(outage) | Self::InDoubt(outage) => outage,
        }
    }
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.cause, f)
    }
}

impl fmt::Debug for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.cause, f)
    }
}

impl Error for Outage {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.source()
    }
}
