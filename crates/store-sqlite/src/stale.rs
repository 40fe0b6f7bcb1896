//! Entries of lists of live sessions whose sessions have ended: taken off the lists in passing.
//!
//! An ending writes one page and leaves the list alone. What it leaves is remembered here, and dropped when its user signs on,
//! which writes to that list anyway, or when the user has left many. What is forgotten, by a crash or at the bound, is found
//! by whoever reads the list. Nothing is decided by what is remembered here.

use std::collections::HashMap;

use adieu_core::UserKey;

use crate::rows::LiveEntry;

/// Entries of one user that are remembered; then an ending drops them all (HOME-LIMITS): a few milliseconds of the writer's
/// time. So many sessions of one user end between two of their sign-ons only where a program opens and ends them.
const OF_USER_MAX: usize = 1024;
/// Entries that are remembered in all (HOME-LIMITS): some megabytes. Beyond, all are forgotten.
const ALL_MAX: usize = 65_536;

/// What the writer remembers.
#[derive(Default)]
pub(crate) struct StaleEntries {
    of: HashMap<u64, Vec<LiveEntry>>,
    count: usize,
}

impl StaleEntries {
    /// Remembers an entry; gives all of its user's once they are many.
    pub(crate) fn note(&mut self, entry: LiveEntry) -> Vec<LiveEntry> {
        if self.count >= ALL_MAX {
            *self = Self::default();
        }
        let key = entry.place.locator.user_key();
        let entries = self.of.entry(key.number()).or_default();
        entries.push(entry);
        self.count += 1;
        if entries.len() >= OF_USER_MAX { self.take(key) } else { Vec::new() }
    }

    /// Gives what is remembered of a user, and forgets it.
    pub(crate) fn take(&mut self, key: UserKey) -> Vec<LiveEntry> {
        let entries = self.of.remove(&key.number()).unwrap_or_default();
        self.count -= entries.len();
        entries
    }
}

#[cfg(test)]
mod tests {
    use adieu_core::Timestamp;
    use adieu_store::SessionCursor;

    use super::*;

    fn entry(user: u64, n: u32) -> LiveEntry {
        let locator = UserKey::from_random(user << 18).slot(n).expect("a slot");
        LiveEntry { generation: 0, place: SessionCursor { opened_at: Timestamp::from_ms(0), locator } }
    }

    /// Goal: HOME-LIMITS: one user's entries come out when they are many, and all together keep their bound.
    #[test]
    fn stale_entries_of_one_user_and_of_all_have_a_bound() {
        let mut stale = StaleEntries::default();
        let last = OF_USER_MAX as u32 - 1;
        assert!((0..last).all(|n| stale.note(entry(1, n)).is_empty()));
        assert_eq!(stale.note(entry(1, last)).len(), OF_USER_MAX);
        assert_eq!(stale.count, 0);
        for user in 0..100_000 {
            stale.note(entry(user, 0));
            assert!(stale.count <= ALL_MAX);
        }
        assert_eq!(stale.take(entry(99_999, 0).place.locator.user_key()).len(), 1);
    }
}
