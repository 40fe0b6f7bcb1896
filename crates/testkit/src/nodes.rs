//! Several nodes over one store, in this process: each has its own memory and none of the others'.
//!
//! The store is the engine in memory: what is shown is what must be so between nodes, and nothing about an engine.

use std::sync::Arc;

use adieu_authority::{Authority, Keyring, Parts, Policy};
use adieu_core::{Clock, Entropy, InstallationKey, Span, Timestamp};
use adieu_keyring::KeyringParts;
use adieu_store::Store;
use adieu_store_memory::MemoryStore;

use crate::failing::FailingStore;
use crate::time_and_entropy::{FrozenClock, SeededEntropy};

/// What the nodes share.
pub struct Nodes {
    /// The store; a failure is one for all nodes.
    pub store: Arc<FailingStore>,
    clock: Arc<FrozenClock>,
    entropy: Arc<SeededEntropy>,
    key: InstallationKey,
}

impl Nodes {
    /// An empty store.
    pub fn over_one_store() -> Self {
        let key = InstallationKey::from_bytes([11; 32]);
        let store = Arc::new(FailingStore::over(Arc::new(MemoryStore::new(&key))));
        Self { store, clock: Arc::default(), entropy: Arc::new(SeededEntropy::new(11)), key }
    }

    /// The keyring of a new node.
    pub fn keyring(&self) -> Keyring {
        Keyring::new(KeyringParts {
            store: Arc::clone(&self.store) as Arc<dyn Store>,
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            entropy: Arc::clone(&self.entropy) as Arc<dyn Entropy>,
            key: self.key.clone(),
            signers: 1,
        })
    }

    /// The authority of a new node.
    pub fn authority(&self) -> Authority {
        Authority::new(Parts {
            store: Arc::clone(&self.store) as Arc<dyn Store>,
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            entropy: Arc::clone(&self.entropy) as Arc<dyn Entropy>,
            key: self.key.clone(),
            keyring: self.keyring(),
            policy: Policy::default(),
        })
    }

    /// What time it is at all nodes.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets time pass for all nodes.
    pub fn wait(&self, span: Span) {
        self.clock.advance(span);
    }
}
