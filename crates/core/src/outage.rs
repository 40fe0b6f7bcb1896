//! What went wrong below, as an opaque cause, and what became of the write that it stopped.
//!
//! The cause is for the log; no face and no rule looks inside. Every act that writes says "not taken" and "in doubt"
//! with the one type here.

use std::error::Error;
use std::fmt;

/// The store did not do its work. Only the log cares why.
pub struct Outage(Box<dyn Error + Send + Sync>);

impl Outage {
    /// Wraps the cause.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
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
    /// The cause, for callers that say the same in both cases.
    pub fn into_outage(self) -> Outage {
        match self {
            Self::NotTaken(outage) | Self::InDoubt(outage) => outage,
        }
    }
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Error for Outage {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}
