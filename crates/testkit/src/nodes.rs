//! Several nodes over one store, in this process: each has its own memory and none of the others'.
//!
//! They share the store's process, so they show what must be so between nodes, and nothing about an engine.

use std::sync::Arc;

use adieu_authority::{Authority, Keyring, Parts, Policy};
use adieu_core::{Clock, Entropy, InstallationKey, Span};
use adieu_keyring::KeyringParts;
use adieu_store::Store;
use adieu_store_sqlite::{Folder, Options, SqliteStore};

use crate::failing::FailingStore;
use crate::time_and_entropy::{FrozenClock, SeededEntropy};

/// What the nodes share.
pub struct Nodes {
    /// The store; a failure is one for all nodes.
    pub store: Arc<FailingStore>,
    clock: Arc<FrozenClock>,
    entropy: Arc<SeededEntropy>,
    key: InstallationKey,
    _folder: tempfile::TempDir,
}

impl Nodes {
    /// An empty store.
    pub fn over_one_store() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let entropy = Arc::new(SeededEntropy::new(11));
        let data = Folder::open(&folder.path().join("data"), entropy.as_ref()).expect("a data folder");
        let key = data.key().clone();
        let engine = SqliteStore::open(data, Options::default()).expect("the store opens");
        let store = Arc::new(FailingStore::over(Arc::new(engine)));
        Self { store, clock: Arc::default(), entropy, key, _folder: folder }
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

    /// Lets time pass for all nodes.
    pub fn wait(&self, span: Span) {
        self.clock.advance(span);
    }
}
