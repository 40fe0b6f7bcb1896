//! What went wrong below, as an opaque cause.
//!
//! It is for the log; no face and no rule looks inside.

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
