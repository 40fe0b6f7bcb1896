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
mod tables;
mod upkeep;

use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use adieu_core::InstallationKey;
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

    /// Another store with all that this one holds at this moment, and nothing that comes after it.
    pub fn copied(&self) -> Self {
        Self { tables: Arc::new(Mutex::new(self.tables().clone())) }
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
