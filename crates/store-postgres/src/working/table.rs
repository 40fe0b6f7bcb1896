//! A table of the working set: rows as they are in the database, and over them what the orders of this batch have made of them.
//!
//! Each order can be undone alone. Rows that guard others are read with a lock, in the order of their keys.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use adieu_store_records::Damaged;

use crate::shared::Ciphers;
use crate::working::{ColumnKind, Columns, Halt, Looked, Value};

/// How a row is locked until the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lock {
    /// Nobody changes it meanwhile.
    Shared,
    /// Nobody else holds it meanwhile.
    Exclusive,
}

/// A row, and how it lies in its table.
pub(crate) trait Kept: Clone + Send + 'static {
    type Key: Ord + Clone + Debug + Send;
    const TABLE: &'static str;
    /// The columns of the primary key.
    const KEY: &'static [(&'static str, ColumnKind)];
    /// The other columns.
    const REST: &'static [(&'static str, ColumnKind)];
    /// With which lock a batch reads it, if with any.
    const LOCK: Option<Lock> = None;
    /// Whether it may be read before the lock that guards it is held: then it is read again under the lock.
    const LOOSE: bool = false;
    /// What else must hold of the row `t` for it to be altered to `n`: a number that only rises is written by whoever has the higher one.
    const ALTERED_WHERE: &'static str = "";

    fn key(&self) -> Self::Key;
    fn key_values(key: &Self::Key) -> Vec<Value>;
    fn read_key(columns: &mut Columns<'_>) -> Result<Self::Key, Damaged>;
    /// Reads the other columns.
    fn read(key: Self::Key, columns: &mut Columns<'_>, ciphers: &Ciphers) -> Result<Self, Damaged>;
    /// The values of the other columns.
    fn values(&self) -> Vec<Value>;
}

type Change<T> = Option<T>;

/// Rows of one table.
pub(crate) struct WorkingTable<T: Kept> {
    /// As they are in the database; none where there is no such row.
    base: BTreeMap<T::Key, Result<Option<T>, Damaged>>,
    /// As this batch leaves them; none where it takes the row away.
    changed: BTreeMap<T::Key, Change<T>>,
    /// What the order at work has found in `changed`.
    undo: Vec<(T::Key, Option<Change<T>>)>,
    wanted: RefCell<BTreeMap<T::Key, Option<Lock>>>,
    held: BTreeMap<T::Key, Lock>,
    /// Keys whose row another batch holds.
    contended: BTreeSet<T::Key>,
    /// Whether rows are locked at all: not where nothing is written.
    locks: bool,
}

impl<T: Kept> WorkingTable<T> {
    pub(crate) fn new(locks: bool) -> Self {
        Self {
            base: BTreeMap::new(),
            changed: BTreeMap::new(),
            undo: Vec::new(),
            wanted: RefCell::default(),
            held: BTreeMap::new(),
            contended: BTreeSet::new(),
            locks,
        }
    }

    /// The row of a key, as the orders before this one left it.
    pub(crate) fn get(&self, key: &T::Key) -> Looked<Option<&T>> {
        self.look(key, T::LOCK)
    }

    /// The same, for an order that may change it.
    pub(crate) fn get_to_change(&self, key: &T::Key) -> Looked<Option<&T>> {
        self.look(key, Some(Lock::Exclusive))
    }

    fn look(&self, key: &T::Key, lock: Option<Lock>) -> Looked<Option<&T>> {
        let lock = lock.filter(|_| self.locks);
        let base = self.base.get(key);
        let is_there = matches!(base, Some(Ok(Some(_)) | Err(_)));
        if is_there && self.held.get(key).copied() < lock {
            return Err(Halt::Deferred);
        }
        if let Some(changed) = self.changed.get(key) {
            return Ok(changed.as_ref());
        }
        match base {
            Some(Ok(row)) => Ok(row.as_ref()),
            Some(Err(damaged)) => Err(Halt::Damaged(*damaged)),
            None if self.contended.contains(key) => Err(Halt::Deferred),
            None => {
                self.want(key, lock);
                Err(Halt::Missing)
            }
        }
    }

    /// Has a row read with the next ones that are, without waiting for it.
    pub(crate) fn want(&self, key: &T::Key, lock: Option<Lock>) {
        if !self.base.contains_key(key) && !self.contended.contains(key) {
            let lock = lock.filter(|_| self.locks);
            let mut wanted = self.wanted.borrow_mut();
            let before = wanted.entry(key.clone()).or_default();
            *before = (*before).max(lock);
        }
    }

    /// Says that there is no such row, where that follows from something else.
    pub(crate) fn know_absent(&mut self, key: T::Key) {
        self.base.entry(key).or_insert(Ok(None));
    }

    pub(crate) fn put(&mut self, row: T) {
        self.change(row.key(), Some(row));
    }

    pub(crate) fn remove(&mut self, key: T::Key) {
        self.change(key, None);
    }

    fn change(&mut self, key: T::Key, to: Change<T>) {
        let before = self.changed.insert(key.clone(), to);
        self.undo.push((key, before));
    }

    /// What this batch has made of the rows from a key to another one.
    pub(crate) fn changed_between(
        &self,
        from: &T::Key,
        to: &T::Key,
    ) -> impl DoubleEndedIterator<Item = (&T::Key, Option<&T>)> {
        let within = self.changed.range((std::ops::Bound::Included(from), std::ops::Bound::Included(to)));
        within.map(|(key, row)| (key, row.as_ref()))
    }

    /// All that this batch has made of rows.
    pub(crate) fn all_changed(&self) -> impl Iterator<Item = (&T::Key, Option<&T>)> {
        self.changed.iter().map(|(key, row)| (key, row.as_ref()))
    }

    pub(crate) fn begin_order(&mut self) {
        self.undo.clear();
    }

    pub(crate) fn undo_order(&mut self) {
        while let Some((key, before)) = self.undo.pop() {
            match before {
                Some(before) => self.changed.insert(key, before),
                None => self.changed.remove(&key),
            };
        }
    }

    pub(crate) fn is_touched(&self) -> bool {
        !self.undo.is_empty()
    }

    /// Whether what is wanted is to be locked.
    pub(crate) fn wants_locks(&self) -> bool {
        self.wanted.borrow().values().any(Option::is_some)
    }

    /// Whether something that is wanted is to be held alone.
    pub(crate) fn wants_alone(&self) -> bool {
        self.wanted.borrow().values().any(|lock| *lock == Some(Lock::Exclusive))
    }

    /// What is wanted, with the lock for all of it.
    pub(crate) fn take_wanted(&mut self) -> (Vec<T::Key>, Option<Lock>) {
        let wanted = std::mem::take(self.wanted.get_mut());
        let lock = wanted.values().copied().max().flatten();
        (wanted.into_keys().collect(), lock)
    }

    /// What was read before its lock was held.
    pub(crate) fn want_again(&mut self) {
        if T::LOOSE {
            let keys: Vec<_> = self.base.keys().cloned().collect();
            self.base.clear();
            for key in keys {
                self.want(&key, None);
            }
        }
    }

    /// Takes in what was read for some keys; `others` are keys of rows that are there, where those that others hold were left out.
    pub(crate) fn fill(
        &mut self,
        keys: Vec<T::Key>,
        rows: impl IntoIterator<Item = (T::Key, Result<T, Damaged>)>,
        lock: Option<Lock>,
        others: &BTreeSet<T::Key>,
    ) {
        for (key, row) in rows {
            if let Some(lock) = lock {
                self.held.insert(key.clone(), lock);
            }
            self.base.insert(key, row.map(Some));
        }
        for key in keys {
            if self.base.contains_key(&key) {
                continue;
            }
            if others.contains(&key) {
                self.contended.insert(key);
            } else {
                self.base.insert(key, Ok(None));
            }
        }
    }

    /// Takes in what was read beside something else; what is known or wanted under a stronger lock stays as it is.
    pub(crate) fn fill_beside(
        &mut self,
        rows: impl IntoIterator<Item = (T::Key, Result<T, Damaged>)>,
        lock: Option<Lock>,
    ) {
        for (key, row) in rows {
            if self.held.get(&key).copied() >= lock && self.base.contains_key(&key) {
                continue;
            }
            if let Some(lock) = lock {
                self.held.insert(key.clone(), lock);
            }
            self.base.insert(key, row.map(Some));
        }
    }

    /// What is to be written, by what is known of the rows.
    pub(crate) fn take_changes(&mut self) -> Changes<T> {
        let mut changes = Changes { added: vec![], altered: vec![], put: vec![], dropped: vec![] };
        for (key, row) in std::mem::take(&mut self.changed) {
            match (row, self.base.get(&key)) {
                (Some(row), Some(Ok(None))) => changes.added.push(row),
                (Some(row), Some(_)) => changes.altered.push(row),
                (Some(row), None) => changes.put.push(row),
                (None, Some(Ok(None))) => {}
                (None, _) => changes.dropped.push(key),
            }
        }
        changes
    }
}

/// What a batch makes of the rows of a table.
pub(crate) struct Changes<T: Kept> {
    /// There must be none of the key.
    pub(crate) added: Vec<T>,
    /// It is there.
    pub(crate) altered: Vec<T>,
    /// Nobody knows whether it is there.
    pub(crate) put: Vec<T>,
    /// Goes.
    pub(crate) dropped: Vec<T::Key>,
}
