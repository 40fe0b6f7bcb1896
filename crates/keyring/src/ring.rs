//! The keyring itself: what it is made of, and the keys of each realm as they are held in this process.
//!
//! What is held can be lost: the store has everything.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use adieu_core::{Clock, Entropy, InstallationKey, RealmId};
use adieu_store::Store;
use adieu_token::VerifiedTokens;
use adieu_workers::{Bounds, Priority, Workers};

use crate::held::HeldKeys;

/// Signatures that may wait, and for how long: one takes about a millisecond.
const WAITING_MAX: usize = 512;
const PATIENCE: Duration = Duration::from_secs(5);
/// Tokens whose signature is remembered: about 100 MB at 1.5 KiB each.
const VERIFIED_MAX: usize = 65_536;

/// What a keyring is made of.
pub struct KeyringParts {
    /// Where sealed keys are kept.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// The installation key.
    pub key: InstallationKey,
    /// Threads that sign what somebody waits for, and as many that sign notices.
    pub signers: usize,
}

/// The keys of one installation. Clones are handles of the same one.
#[derive(Clone)]
pub struct Keyring {
    pub(crate) inner: Arc<KeyringInner>,
}

pub(crate) struct KeyringInner {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) key: InstallationKey,
    /// RSA has threads of its own, so that a storm of tokens slows no check (ONE-SLOW-HURTS-NONE).
    pub(crate) workers: Workers<()>,
    /// Nobody waits for a notice: many at once, when many sessions end, leave the processor to checks and sign-ons.
    pub(crate) notice_workers: Workers<()>,
    pub(crate) verified: VerifiedTokens,
    /// As many entries as there are realms.
    realms: RwLock<HashMap<RealmId, Arc<HeldKeys>>>,
}

impl Keyring {
    /// A keyring over a store.
    pub fn new(parts: KeyringParts) -> Self {
        let KeyringParts { store, clock, entropy, key, signers } = parts;
        let workers = |name, priority| {
            let bounds = Bounds { threads: signers, waiting_max: WAITING_MAX, patience: PATIENCE, priority };
            Workers::start(name, bounds, || ())
        };
        let inner = KeyringInner {
            store,
            clock,
            entropy,
            key,
            workers: workers("sign", Priority::Normal),
            notice_workers: workers("sign-notices", Priority::Low),
            verified: VerifiedTokens::new(VERIFIED_MAX),
            realms: RwLock::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// What is held of a realm that exists.
    pub(crate) fn held(&self, realm: RealmId) -> Arc<HeldKeys> {
        if let Some(held) = self.inner.realms.read().unwrap_or_else(PoisonError::into_inner).get(&realm) {
            return Arc::clone(held);
        }
        let mut realms = self.inner.realms.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(realms.entry(realm).or_default())
    }
}
