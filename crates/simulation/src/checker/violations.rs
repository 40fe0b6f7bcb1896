//! What was found, in words: the promise first.
//!
//! Each says at which event of the history it was found.

/// What was found so far, and where in the history that is.
#[derive(Default)]
pub(super) struct Violations {
    pub(super) now: usize,
    pub(super) all: Vec<String>,
}

impl Violations {
    pub(super) fn found(&mut self, promise: &str, what: String) {
        self.all.push(format!("{promise}: {what} (event {})", self.now));
    }
}
