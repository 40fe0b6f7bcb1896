//! The contract suite on the engine in memory, with two nodes as well.
//!
//! A crash leaves what was acknowledged: a copy of the tables at that moment.

use std::ops::RangeInclusive;
use std::sync::Arc;

use adieu_core::{InstallationKey, Session};
use adieu_store::Store;
use adieu_store::suite::Engine;
use adieu_store_memory::MemoryStore;

/// A store, which is its own place.
struct Memory(MemoryStore);

impl Engine for Memory {
    async fn fresh() -> Self {
        Self(MemoryStore::new(&InstallationKey::from_bytes([7; 32])))
    }

    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.0.clone())
    }

    async fn open_beside(&self) -> Option<Arc<dyn Store>> {
        Some(Arc::new(self.0.clone()))
    }

    /// It is written with the check.
    async fn activity_is_written(&self, _: &Arc<dyn Store>) {}

    async fn fill_slots(&self, _: &Arc<dyn Store>, like: &Session, slots: RangeInclusive<u32>) {
        self.0.fill_slots(like, slots);
    }

    async fn after_crash(&self) -> Self {
        Self(self.0.copied())
    }
}

adieu_store::contract!(Memory);
adieu_store::many_nodes!(Memory);
