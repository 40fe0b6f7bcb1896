//! How often a change is made anew because another one came before it.
//!
//! Whoever changes a record reads it, says the change, and stores it from the version that was read; a stale one is made anew
//! from what the store has then. So two channels that change different members of one record at the same moment both
//! win.

use adieu_core::{DirectoryError, Outage, Unwritten};

/// Attempts at one change (HOME-LIMITS). Each of them fails only because another change was made meanwhile.
const ATTEMPTS_MAX: u32 = 16;

/// The attempts that one change has left.
pub(crate) struct Attempts(u32);

impl Attempts {
    pub(crate) const fn begin() -> Self {
        Self(ATTEMPTS_MAX)
    }

    /// One more attempt. At the bound nothing is taken: whoever asked may come again.
    pub(crate) fn again(&mut self) -> Result<(), DirectoryError> {
        self.0 -= 1;
        match self.0 {
            0 => Err(Unwritten::NotTaken(Outage::new("others changed the record again and again")).into()),
            _ => Ok(()),
        }
    }
}

/// A record that could not be read is no change that could be made.
pub(crate) fn unread(outage: Outage) -> DirectoryError {
    Unwritten::NotTaken(outage).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: HOME-LIMITS: a change is tried sixteen times, then the caller hears that nothing was taken.
    #[test]
    fn attempts_have_an_end() {
        let mut attempts = Attempts::begin();
        for _ in 1..ATTEMPTS_MAX {
            attempts.again().expect("another attempt");
        }
        let end = attempts.again();
        assert!(matches!(end, Err(DirectoryError::Unwritten(Unwritten::NotTaken(_)))), "{end:?}");
    }
}
