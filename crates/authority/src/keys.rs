//! The signing keys of realms: made at first use, sealed at rest, kept ready in memory.
//!
//! The newest key signs; all of them verify for as long as they are stored, because an expired ID token is still a valid
//! hint. RSA has threads of its own, so that a storm of tokens slows no check (ONE-SLOW-HURTS-NONE).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use adieu_core::{Outage, Purpose, Realm, RealmId};
use adieu_store::StoredKey;
use adieu_token::{Alg, KeySet, SigningKey, TokenError, VerifiedTokens, sealed};
use serde::Serialize;
use tokio::sync::Mutex;

use crate::Authority;
use crate::workers::Workers;

/// Signatures that may wait, and for how long: one takes about a millisecond.
const WAITING_MAX: usize = 512;
const PATIENCE: Duration = Duration::from_secs(5);
/// Tokens whose signature is remembered: about 100 MB at 1.5 KiB each.
const VERIFIED_MAX: usize = 65_536;

/// The keys of one realm.
pub struct RealmKeys {
    current: SigningKey,
    public: KeySet,
    jwks: String,
}

impl RealmKeys {
    /// Of stored keys, oldest first; none if there are none.
    fn of(keys: Vec<SigningKey>) -> Option<Self> {
        let current = keys.last()?.clone();
        let public = KeySet::of(keys.iter().map(SigningKey::public));
        let jwks = public.jwks().to_string();
        Some(Self { current, public, jwks })
    }

    /// The public keys, retired ones included.
    pub fn public(&self) -> &KeySet {
        &self.public
    }

    /// The public keys as a JWK Set document.
    pub fn jwks(&self) -> &str {
        &self.jwks
    }
}

/// What signing needs: threads, the keys that were loaded, and the tokens that were verified.
pub(crate) struct Signing {
    workers: Workers<()>,
    /// As many entries as there are realms.
    realms: RwLock<HashMap<RealmId, Arc<RealmKeys>>>,
    /// Held while keys are loaded or made: of two first users one makes the key and the other one finds it.
    loading: Mutex<()>,
    pub(crate) verified: VerifiedTokens,
}

impl Signing {
    pub(crate) fn new(threads: usize) -> Self {
        Self {
            workers: Workers::start("sign", threads, WAITING_MAX, PATIENCE, || ()),
            realms: RwLock::default(),
            loading: Mutex::default(),
            verified: VerifiedTokens::new(VERIFIED_MAX),
        }
    }

    fn find(&self, realm: RealmId) -> Option<Arc<RealmKeys>> {
        self.realms.read().unwrap_or_else(PoisonError::into_inner).get(&realm).cloned()
    }

    fn remember(&self, realm: RealmId, keys: &Arc<RealmKeys>) {
        self.realms.write().unwrap_or_else(PoisonError::into_inner).insert(realm, Arc::clone(keys));
    }
}

impl Authority {
    /// The keys of a realm that exists; a realm without a key gets its first one here.
    pub async fn realm_keys(&self, realm: &Realm) -> Result<Arc<RealmKeys>, Outage> {
        let signing = &self.inner.signing;
        if let Some(keys) = signing.find(realm.id) {
            return Ok(keys);
        }
        let _one_at_a_time = signing.loading.lock().await;
        if let Some(keys) = signing.find(realm.id) {
            return Ok(keys);
        }
        let keys = match self.stored_keys(realm.id).await? {
            Some(keys) => Arc::new(keys),
            None => return self.with_new_key(realm.id).await,
        };
        signing.remember(realm.id, &keys);
        Ok(keys)
    }

    /// Gives a realm a new key, which signs from now on. The earlier ones verify as before.
    pub async fn rotate_keys(&self, realm: &Realm) -> Result<Arc<RealmKeys>, Outage> {
        let _one_at_a_time = self.inner.signing.loading.lock().await;
        self.with_new_key(realm.id).await
    }

    /// Called by whoever holds `loading`.
    async fn with_new_key(&self, realm: RealmId) -> Result<Arc<RealmKeys>, Outage> {
        self.make_key(realm).await?;
        // Read anew: another node may have made one, too, and what is stored decides.
        let keys = self.stored_keys(realm).await?.ok_or_else(|| Outage::new("a new key was not found"))?;
        let keys = Arc::new(keys);
        self.inner.signing.remember(realm, &keys);
        Ok(keys)
    }

    async fn stored_keys(&self, realm: RealmId) -> Result<Option<RealmKeys>, Outage> {
        let mut stored = self.store().keys(realm).await?;
        stored.sort_by(|a, b| (a.created_at, &a.kid).cmp(&(b.created_at, &b.kid)));
        let sealing = self.key().derive(Purpose::SigningKeys);
        let keys = stored.iter().map(|key| opened(&sealing, key)).collect::<Result<_, _>>()?;
        Ok(RealmKeys::of(keys))
    }

    async fn make_key(&self, realm: RealmId) -> Result<(), Outage> {
        let key = self.worked(|| SigningKey::generate(Alg::Rs256)).await?;
        let kid = key.kid().to_owned();
        let sealing = self.key().derive(Purpose::SigningKeys);
        let sealed = sealed::seal(
            &sealing,
            self.draw(),
            &key.pkcs8().map_err(Outage::new)?,
            place(realm, &kid).as_bytes(),
        );
        let (algorithm, created_at) = (key.alg().name().to_owned(), self.now());
        tracing::info!(%realm, kid, "signing key made");
        self.store()
            .add_key(StoredKey { realm, kid, algorithm, sealed, created_at })
            .await
            .map_err(Outage::new)
    }

    /// Signs with the current key of the realm, on the threads for it.
    pub(crate) async fn sign<C: Serialize + Send + 'static>(
        &self,
        keys: &RealmKeys,
        typ: &'static str,
        claims: C,
    ) -> Result<String, Outage> {
        let key = keys.current.clone();
        self.worked(move || key.sign(Some(typ), &claims)).await
    }

    async fn worked<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, TokenError> + Send + 'static,
    ) -> Result<T, Outage> {
        let done = self.inner.signing.workers.run(move |()| work()).await;
        done.map_err(Outage::new)?.map_err(Outage::new)
    }
}

/// Where a sealed key belongs: moved to another row it does not open.
fn place(realm: RealmId, kid: &str) -> String {
    format!("signing-key {realm} {kid}")
}

fn opened(sealing: &[u8; 32], key: &StoredKey) -> Result<SigningKey, Outage> {
    let alg =
        Alg::named(&key.algorithm).ok_or_else(|| Outage::new("a stored key has an unknown algorithm"))?;
    let place = place(key.realm, &key.kid);
    let pkcs8 = sealed::open(sealing, &key.sealed, place.as_bytes()).map_err(Outage::new)?;
    SigningKey::from_pkcs8(alg, &pkcs8).map_err(Outage::new)
}
