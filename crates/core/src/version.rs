//! Versions of records that people change.
//!
//! A change says from which version of the record it was made, and is refused if the record has another one by then. Of two
//! changes at the same moment the later one is made anew, and neither undoes the other. No lock in a process is needed for it.

use crate::directory::DirectoryError;

/// How often a record was written by changes, its making included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(u64);

impl Version {
    /// The version of the first record that is made, before any was removed.
    pub const FIRST: Self = Self(1);

    /// The version that was stored.
    pub const fn from_stored(number: u64) -> Self {
        Self(number)
    }

    /// The number to store.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The version after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// Whether a change may be made that was made from `from`: the version that its caller has read.
    pub fn is_still(self, from: Self) -> Result<(), DirectoryError> {
        if self == from { Ok(()) } else { Err(DirectoryError::Stale) }
    }

    /// The version after a change that was made from `from`.
    pub fn after_change_from(self, from: Self) -> Result<Self, DirectoryError> {
        self.is_still(from).map(|()| self.next())
    }
}

/// The highest version of all records that were removed from the installation. What is made begins above it, so that no change
/// made from a record that is gone fits another one of the same name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RemovedVersions(u64);

impl RemovedVersions {
    /// The number that was stored.
    pub const fn from_stored(number: u64) -> Self {
        Self(number)
    }

    /// The number to store.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The version of a record that is made now.
    pub const fn first_above(self) -> Version {
        Version(self.0 + 1)
    }

    /// The same after a record of this version was removed.
    #[must_use]
    pub fn with(self, gone: Version) -> Self {
        Self(self.0.max(gone.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_made_from_the_version_that_is_there() {
        let second = Version::FIRST.after_change_from(Version::FIRST).expect("nothing came between");
        assert_eq!(second.number(), 2);
        assert!(matches!(second.after_change_from(Version::FIRST), Err(DirectoryError::Stale)));
        assert!(matches!(Version::FIRST.is_still(second), Err(DirectoryError::Stale)));
    }

    #[test]
    fn what_is_made_begins_above_whatever_was_removed() {
        let none = RemovedVersions::default();
        assert_eq!(none.first_above(), Version::FIRST);
        let removed = none.with(Version::from_stored(7)).with(Version::from_stored(3));
        assert_eq!(removed.first_above().number(), 8);
    }
}
