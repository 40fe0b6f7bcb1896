//! Counts by key, in bounded memory (HOME-LIMITS).
//!
//! A count exists while it owes something: while a try is undecided or what it used up has not grown back. It is never pushed
//! out by another one, so nobody can make it forgotten; when the table is full of such counts, keys that are not in it are
//! refused. Only tries that were admitted make counts. Those of accounts cost a hash each, or belong to somebody whose password was
//! right, so filling their table takes more hashing than a machine does in a window; addresses of IPv6 count by their /48, too.

use std::collections::HashMap;
use std::hash::Hash;

use adieu_core::{Span, Timestamp};

use super::bucket::{Bucket, Limit, TryRefused};

/// Counts in one table: about 8 MiB.
pub(super) const COUNTS_MAX: usize = 65_536;
/// How long a full table is taken to be full before it is looked through again.
const FULL_FOR_MS: i64 = 1000;

pub(super) struct Table<K> {
    buckets: HashMap<K, Bucket>,
    counts_max: usize,
    full_until_ms: i64,
}

impl<K> Default for Table<K> {
    fn default() -> Self {
        Self { buckets: HashMap::new(), counts_max: COUNTS_MAX, full_until_ms: 0 }
    }
}

impl<K: Eq + Hash + Copy> Table<K> {
    /// Takes a try of all these keys, or of none. A try that is refused leaves no trace.
    pub(super) fn take(&mut self, wanted: &[(K, Limit)], now: Timestamp) -> Result<(), TryRefused> {
        for (key, limit) in wanted {
            self.buckets.get(key).copied().unwrap_or_default().admits(*limit, now)?;
        }
        self.make_room(wanted, now)?;
        for (key, _) in wanted.iter().filter(|(_, limit)| limit.counts()) {
            self.buckets.entry(*key).or_default().begin();
        }
        Ok(())
    }

    /// Uses one up. Says how many are left, if they are limited.
    pub(super) fn spend(&mut self, key: &K, limit: Limit, now: Timestamp) -> Option<u32> {
        let pace = limit.pace?;
        let bucket = self.buckets.get_mut(key)?;
        bucket.spend(pace, now);
        Some(bucket.left(pace, now))
    }

    pub(super) fn forgive(&mut self, key: &K) {
        if let Some(bucket) = self.buckets.get_mut(key) {
            bucket.forgive();
        }
    }

    /// The try of these keys is over.
    pub(super) fn decided(&mut self, wanted: &[(K, Limit)], now: Timestamp) {
        for (key, _) in wanted.iter().filter(|(_, limit)| limit.counts()) {
            let Some(bucket) = self.buckets.get_mut(key) else { continue };
            bucket.decided();
            if !bucket.owes(now) {
                self.buckets.remove(key);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.buckets.len()
    }

    fn make_room(&mut self, wanted: &[(K, Limit)], now: Timestamp) -> Result<(), TryRefused> {
        let new = wanted.iter().filter(|(key, limit)| limit.counts() && !self.buckets.contains_key(key));
        let new = new.count();
        let fits = |table: &Self| table.buckets.len() + new <= table.counts_max;
        if new == 0 || fits(self) {
            return Ok(());
        }
        if now.ms() >= self.full_until_ms || self.full_until_ms > now.ms() + FULL_FOR_MS {
            self.buckets.retain(|_, bucket| bucket.owes(now));
            self.full_until_ms = now.ms() + FULL_FOR_MS;
        }
        if fits(self) { Ok(()) } else { Err(TryRefused::UsedUp(Span::from_ms(FULL_FOR_MS))) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::bucket::Pace;
    use super::*;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_ms(s * 1000)
    }

    fn small(counts_max: usize) -> Table<u32> {
        Table { counts_max, ..Table::default() }
    }

    fn limit() -> Limit {
        Limit { pace: Pace::of(3, Span::from_s(90)), undecided_max: 2 }
    }

    /// A try of one key that uses one up.
    fn used(table: &mut Table<u32>, key: u32, now: Timestamp) -> Result<Option<u32>, TryRefused> {
        let wanted = [(key, limit())];
        table.take(&wanted, now)?;
        let left = table.spend(&key, limit(), now);
        table.decided(&wanted, now);
        Ok(left)
    }

    /// Goal: S-2: no count is pushed out by others, however many are tried; what owes nothing makes room.
    #[test]
    fn what_owes_something_is_never_forgotten() {
        let mut table = small(4);
        for left in [2, 1, 0] {
            assert_eq!(used(&mut table, 1, at(0)), Ok(Some(left)));
        }
        for key in 2..=4 {
            assert_eq!(used(&mut table, key, at(0)), Ok(Some(2)));
        }
        for key in 5..1000 {
            assert!(used(&mut table, key, at(1)).is_err(), "there is no place for {key}");
        }
        assert!(matches!(used(&mut table, 1, at(29)), Err(TryRefused::UsedUp(_))), "it is still known");
        assert_eq!(used(&mut table, 5, at(31)), Ok(Some(2)), "those of one failure owe nothing any more");
        assert_eq!(table.buckets.len(), 2);
    }

    /// Goal: S-2: a try that one of its keys refuses leaves no count of the others, and what owes nothing is gone at once.
    #[test]
    fn a_refused_try_leaves_no_trace() {
        let mut table = small(64);
        for _ in 0..3 {
            assert!(used(&mut table, 1, at(0)).is_ok());
        }
        assert!(table.take(&[(2, limit()), (1, limit())], at(0)).is_err());
        assert_eq!(table.buckets.len(), 1);
        let right = [(3, limit())];
        assert!(table.take(&right, at(0)).is_ok());
        table.decided(&right, at(0));
        assert_eq!(table.buckets.len(), 1);
    }

    #[test]
    fn undecided_tries_are_few_and_count() {
        let mut table = small(64);
        let one = [(1, limit())];
        assert!(table.take(&one, at(0)).is_ok() && table.take(&one, at(0)).is_ok());
        assert_eq!(table.take(&one, at(0)), Err(TryRefused::Busy));
        for _ in 0..2 {
            table.spend(&1, limit(), at(0));
            table.decided(&one, at(0));
        }
        assert!(table.take(&one, at(0)).is_ok());
        assert_eq!(table.take(&one, at(0)), Err(TryRefused::Busy), "one is left, and one is undecided");
    }
}
