//! An engine without a disk: the store's acts over tables in memory, for tests.
//!
//! It gathers facts, lets core decide, and writes what was decided; there is no rule in it. Handles of one store are nodes of
//! one installation: what one has acknowledged, all know. Nothing survives the process, and nothing here waits: an act is done
//! when it is asked for.

mod consents;
mod directory;
mod endings;
mod grants;
mod kept;
mod notices;
mod people;
mod sessions;
mod subscribers;
mod tables;
mod taking;
mod upkeep;

use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use adieu_core::{InstallationKey, Session, Timestamp};
use adieu_store::{Lookup, Pending};

use crate::tables::Tables;

/// A store in memory. Clones are nodes of the same installation.
#[derive(Clone)]
pub struct MemoryStore {
    tables: Arc<Mutex<Tables>>,
}

impl MemoryStore {
    /// An empty store of an installation with this key.
    pub fn new(key: &InstallationKey) -> Self {
        Self { tables: Arc::new(Mutex::new(Tables::new(key))) }
    }

    /// Another store with all that this one holds at this moment, and nothing that comes after it, as if it was opened now.
    pub fn copied(&self) -> Self {
        let tables = Tables { telling_since: None, ..self.tables().clone() };
        Self { tables: Arc::new(Mutex::new(tables)) }
    }

    /// Puts copies of a session into other slots of its user, for a test that needs more than it can open.
    pub fn fill_slots(&self, like: &Session, slots: impl Iterator<Item = u32>) {
        let key = like.locator.user_key();
        let mut tables = self.tables();
        for locator in slots.filter_map(|slot| key.slot(slot)) {
            let copy =
                Session { id: tables.cipher.encipher(locator, like.incarnation), locator, ..like.clone() };
            tables.write_session(copy);
        }
    }

    /// Loses the receipts that nobody has tried yet, for a test of whoever finds out.
    pub fn lose_untried_receipts(&self) {
        self.tables().receipts.retain(|_, receipt| receipt.tries > 0 || receipt.state.is_settled());
    }

    /// Frees what is leased, as if whoever tries it were gone, for a test of whoever finds out.
    pub fn free_leases(&self, now: Timestamp) {
        for receipt in self.tables().receipts.values_mut() {
            *receipt = receipt.freed(now).unwrap_or_else(|| receipt.clone());
        }
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        // An act that panicked has failed its test already.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does an act, alone.
    fn act<T: Send + 'static>(&self, act: impl FnOnce(&mut Tables) -> T) -> Pending<T> {
        Box::pin(ready(act(&mut self.tables())))
    }

    /// Reads one thing.
    fn look<T>(&self, look: impl FnOnce(&Tables) -> T) -> Lookup<T> {
        Lookup::Now(look(&self.tables()))
    }
}
