//! Keys of realms, as faces ask for them: published, listed, rotated, signed with.
//!
//! The keyring does the work; nothing here sees a private key.

use std::sync::Arc;

use adieu_core::{Client, JoseAlgorithm, Outage, Realm, Unwritten};
use adieu_keyring::{RealmKey, RealmKeys, Signer};
use adieu_token::{Alg, TYP_ID, UnsignedToken};
use serde::Serialize;

use crate::Authority;

impl Authority {
    /// The keys of a realm for everybody to see; a realm without any gets its first one here.
    pub async fn published_keys(&self, realm: &Realm) -> Result<Arc<RealmKeys>, Outage> {
        self.inner.keyring.published(realm.id).await
    }

    /// The keys of a realm and what each of them does now, oldest first.
    pub async fn realm_keys(&self, realm: &Realm) -> Result<Vec<RealmKey>, Outage> {
        Ok(self.inner.keyring.keys(realm.id).await?.list(self.now()))
    }

    /// Gives a realm a next key of an algorithm, which is published before it signs. While one waits to sign, that one is the
    /// answer.
    pub async fn rotate_key(&self, realm: &Realm, alg: Alg) -> Result<RealmKey, Unwritten> {
        self.inner.keyring.rotate(realm.id, alg).await
    }

    /// A place among the signatures that wait, for tokens of this realm: to be had before what they are for is spent.
    pub async fn signer(&self, realm: &Realm) -> Result<Signer, Outage> {
        self.inner.keyring.signer(realm.id, Alg::Rs256).await
    }

    /// The same for the tokens of one answer to a client: an access token, and an ID token by the algorithm that the client wants.
    pub async fn signer_for(&self, realm: &Realm, client: &Client) -> Result<Signer, Outage> {
        self.inner.keyring.signer_of_two(realm.id, Alg::Rs256, alg(client.signing.id_token)).await
    }

    /// A signer by one algorithm.
    pub async fn signer_by(&self, realm: &Realm, algorithm: JoseAlgorithm) -> Result<Signer, Outage> {
        self.inner.keyring.signer(realm.id, alg(algorithm)).await
    }

    /// Sees to it that the realm of a client has the keys that the client will be given tokens by, so that they are published
    /// before. Where that fails, they are made when they sign first.
    pub(crate) async fn prepare_keys_for(&self, client: &Client) {
        let wanted = [Some(client.signing.id_token), client.signing.userinfo];
        for algorithm in wanted.into_iter().flatten().filter(|wanted| *wanted != JoseAlgorithm::default()) {
            if let Err(outage) = self.inner.keyring.prepare(client.realm, alg(algorithm)).await {
                tracing::warn!(error = %outage, algorithm = algorithm.name(), "a signing key was not made ahead");
            }
        }
    }

    /// The first algorithm by which a client wants something signed that its realm has no key of; the default one is made when it signs
    /// first. Decision 0041: a key of another one is its administrator's to make.
    pub async fn algorithm_without_key(
        &self,
        realm: &Realm,
        wanted: impl IntoIterator<Item = JoseAlgorithm>,
    ) -> Result<Option<JoseAlgorithm>, Outage> {
        let mut wanted = wanted.into_iter().filter(|one| *one != JoseAlgorithm::default()).peekable();
        if wanted.peek().is_none() {
            return Ok(None);
        }
        let keys = self.realm_keys(realm).await?;
        Ok(wanted.find(|one| keys.iter().all(|key| key.alg != alg(*one))))
    }

    /// A statement of a realm, signed for whoever reads the realm's JWK Set. Nothing here takes it for a token: it has no
    /// client, and its issuer is the caller's to name.
    pub async fn sign_statement(&self, realm: &Realm, claims: impl Serialize) -> Result<String, Outage> {
        let statement = UnsignedToken::new(TYP_ID, &claims).map_err(Outage::new)?;
        self.signer(realm).await?.sign(statement).await
    }
}

const fn alg(algorithm: JoseAlgorithm) -> Alg {
    match algorithm {
        JoseAlgorithm::Rs256 => Alg::Rs256,
        JoseAlgorithm::Es256 => Alg::Es256,
        JoseAlgorithm::EdDsa => Alg::EdDsa,
    }
}
