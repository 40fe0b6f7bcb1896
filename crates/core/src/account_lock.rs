//! An administrator's word that a user may not sign on, for good or for a while.
//!
//! A lock refuses sign-ons and ends nothing: what is to end is ended, or the user is disabled. Failed sign-ons lock nobody;
//! they are counted elsewhere.

use crate::time::Timestamp;

/// A user's account is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountLock {
    /// Since when.
    pub at: Timestamp,
    /// Until when. Without a time: until an administrator unlocks the account.
    pub until: Option<Timestamp>,
}

/// What an administrator orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockChange {
    /// The user may not sign on.
    Lock {
        /// Until when. Without a time: until an administrator unlocks the account.
        until: Option<Timestamp>,
    },
    /// The user may sign on again, and failed sign-ons are forgiven.
    Unlock,
}

impl AccountLock {
    /// Whether it holds at that time.
    pub fn holds(self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

impl LockChange {
    /// Locked until somebody unlocks it, or unlocked.
    pub const fn of(locked: bool) -> Self {
        if locked { Self::Lock { until: None } } else { Self::Unlock }
    }

    /// The lock after this change.
    pub(crate) fn applied_to(self, lock: Option<AccountLock>, now: Timestamp) -> Option<AccountLock> {
        match self {
            Self::Unlock => None,
            Self::Lock { until } => {
                let since = lock.filter(|lock| lock.holds(now)).map_or(now, |lock| lock.at);
                Some(AccountLock { at: since, until })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms)
    }

    /// F-8: a lock holds from its beginning to its end, and a second order keeps the beginning.
    #[test]
    fn a_lock_holds_until_it_ends() {
        let lock = LockChange::Lock { until: Some(at(9)) }.applied_to(None, at(1)).expect("a lock");
        assert_eq!((lock.at, lock.holds(at(8)), lock.holds(at(9))), (at(1), true, false));
        let longer = LockChange::Lock { until: None }.applied_to(Some(lock), at(5)).expect("a lock");
        assert_eq!((longer.at, longer.holds(at(1 << 40))), (at(1), true));
        let anew = LockChange::Lock { until: None }.applied_to(Some(lock), at(9)).expect("a lock");
        assert_eq!(anew.at, at(9), "the first one was over");
        assert_eq!(LockChange::Unlock.applied_to(Some(longer), at(6)), None);
    }
}
