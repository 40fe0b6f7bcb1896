//! New keys: the first of an algorithm, and the next one.
//!
//! A first key signs at once: who does not hold it looks its name up. A next key is published before it signs, for longer than
//! any node or relying party holds keys without reading them anew; the one before signs until then. So a rotation
//! refuses no token anywhere.

use std::sync::Arc;
use std::time::Duration;

use adieu_core::{DirectoryError, Outage, RealmId, Span, Timestamp, Unwritten};
use adieu_store::StoredKey;
use adieu_token::{Alg, SigningKey};
use adieu_workers::WorkSource;

use crate::held::{HeldKeys, place};
use crate::keys::{KeyStage, RealmKey, RealmKeys};
use crate::ring::Keyring;
use crate::seal::SealPurpose;

/// How long a next key is published before it signs: a minute for the nodes that hold keys ([`crate::KEYS_AGE_MAX`]), a minute
/// for whoever keeps our JWK Set as its headers allow, and a minute for clocks that differ.
pub const PUBLISHED_BEFORE: Span = Span::from_s(180);

/// How long a first key is waited for: an RSA key takes a second, or some where others work, too. It is made once in a realm's life.
const FIRST_KEY_PATIENCE: Duration = Duration::from_secs(20);

impl Keyring {
    /// Gives a realm that exists a next key of an algorithm. While one waits to sign, that one is the answer.
    pub async fn rotate(&self, realm: RealmId, alg: Alg) -> Result<RealmKey, Unwritten> {
        let held = self.held(realm);
        let _alone = held.reading().await;
        let now = self.inner.clock.now();
        let keys = self.read(realm, &held).await.map_err(Unwritten::NotTaken)?;
        if let Some(coming) = coming(&keys, alg, now) {
            return Ok(coming);
        }
        let first = keys.signing(alg, now).is_none();
        let signs_from = if first { now } else { now.plus(PUBLISHED_BEFORE) };
        let kid = self.make(realm, alg, signs_from).await?;
        let keys = self.read(realm, &held).await.map_err(Unwritten::InDoubt)?;
        let made = keys.list(now).into_iter().find(|key| key.kid == kid);
        made.ok_or_else(|| Unwritten::InDoubt(Outage::new("a new key was not found")))
    }

    /// The keys of a realm that exists, to be published; a realm without any gets its first one.
    pub async fn published(&self, realm: RealmId) -> Result<Arc<RealmKeys>, Outage> {
        let keys = self.keys(realm).await?;
        if keys.public().iter().next().is_some() {
            return Ok(keys);
        }
        self.first_key(realm, Alg::Rs256).await?;
        self.keys(realm).await
    }

    /// The key of that algorithm that signs now. There was none a moment ago: makes it, unless somebody else has. It is made to its end
    /// whoever still waits for it: an RSA key may take longer than anybody's patience, and the next one would begin anew.
    pub(crate) async fn first_key(&self, realm: RealmId, alg: Alg) -> Result<SigningKey, Outage> {
        let made = async {
            let held = self.held(realm);
            let alone = held.reading().await;
            if let Some(key) = self.stored_signing(realm, alg, &held).await? {
                return Ok(key);
            }
            let ring = self.clone();
            let making = tokio::spawn(async move {
                let _alone = alone;
                ring.make(realm, alg, ring.inner.clock.now()).await.map_err(Unwritten::into_outage)?;
                // Read anew: another node may have made one, too, and what is stored decides.
                let key = ring.stored_signing(realm, alg, &held).await?;
                key.ok_or_else(|| Outage::new("a new key was not found"))
            });
            making.await.map_err(Outage::new)?
        };
        tokio::time::timeout(FIRST_KEY_PATIENCE, made).await.map_err(Outage::new)?
    }

    async fn stored_signing(
        &self,
        realm: RealmId,
        alg: Alg,
        held: &HeldKeys,
    ) -> Result<Option<SigningKey>, Outage> {
        let keys = self.read(realm, held).await?;
        Ok(keys.signing(alg, self.inner.clock.now()).cloned())
    }

    /// Makes a key and stores it sealed; gives its name.
    async fn make(&self, realm: RealmId, alg: Alg, signs_from: Timestamp) -> Result<String, Unwritten> {
        let not_made = |outage| Unwritten::NotTaken(outage);
        let created_at = self.inner.clock.now();
        let turn =
            self.inner.workers.reserve_for(WorkSource::SERVER).map_err(Outage::new).map_err(not_made)?;
        let made = turn.run(move |()| SigningKey::generate(alg)).await;
        let key = made.map_err(Outage::new).map_err(not_made)?.map_err(Outage::new).map_err(not_made)?;
        let kid = key.kid().to_owned();
        let pkcs8 = key.pkcs8().map_err(Outage::new).map_err(not_made)?;
        let stored = StoredKey {
            realm,
            kid: kid.clone(),
            algorithm: alg.name().to_owned(),
            sealed: self.seal(SealPurpose::SigningKey, &place(realm, &kid), &pkcs8),
            created_at,
            signs_from,
        };
        match self.inner.store.add_key(stored).await {
            Ok(()) => {}
            Err(DirectoryError::Unwritten(unwritten)) => return Err(unwritten),
            Err(error) => return Err(Unwritten::NotTaken(Outage::new(error))),
        }
        tracing::info!(%realm, kid, %alg, "signing key made");
        Ok(kid)
    }
}

/// The key that is published and does not sign yet.
fn coming(keys: &RealmKeys, alg: Alg, now: Timestamp) -> Option<RealmKey> {
    keys.list(now).into_iter().find(|key| key.alg == alg && key.stage == KeyStage::Published)
}
