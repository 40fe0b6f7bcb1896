//! Signing: with the key of an algorithm that signs now, on the threads for it.
//!
//! A [`Signer`] holds its place among the signatures that wait before anything is spent that the tokens are for: a storm of
//! tokens refuses work and loses none (HOME-LIMITS).

use adieu_core::{Outage, RealmId};
use adieu_token::{Alg, SigningKey, TokenError, UnsignedToken};
use adieu_workers::{ReservedPlace, Workers};

use crate::ring::Keyring;

/// A key with a place among the signatures that wait, for the tokens of one answer.
#[must_use = "a signer holds a place that others could have"]
pub struct Signer {
    key: SigningKey,
    /// The key of the token that goes out with the first one.
    other_key: SigningKey,
    place: ReservedPlace<()>,
}

impl Keyring {
    /// A signer of a realm that exists. The first key of an algorithm is made here, and signs at once.
    pub async fn signer(&self, realm: RealmId, alg: Alg) -> Result<Signer, Outage> {
        self.signer_of_two(realm, alg, alg).await
    }

    /// The same for a notice, on threads that nobody waits for.
    pub async fn signer_of_notices(&self, realm: RealmId, alg: Alg) -> Result<Signer, Outage> {
        self.signer_among(&self.inner.notice_workers, realm, (alg, alg)).await
    }

    /// The same where the token that goes out with the first one is signed by another algorithm.
    pub async fn signer_of_two(&self, realm: RealmId, alg: Alg, other: Alg) -> Result<Signer, Outage> {
        self.signer_among(&self.inner.workers, realm, (alg, other)).await
    }

    async fn signer_among(
        &self,
        workers: &Workers<()>,
        realm: RealmId,
        (alg, other): (Alg, Alg),
    ) -> Result<Signer, Outage> {
        let key = self.key_that_signs(realm, alg).await?;
        let other_key = if other == alg { key.clone() } else { self.key_that_signs(realm, other).await? };
        let place = workers.reserve().map_err(Outage::new)?;
        Ok(Signer { key, other_key, place })
    }

    /// Sees to it that a realm that exists has a key of that algorithm, so that it is published before it is used.
    pub async fn prepare(&self, realm: RealmId, alg: Alg) -> Result<(), Outage> {
        self.key_that_signs(realm, alg).await.map(drop)
    }

    async fn key_that_signs(&self, realm: RealmId, alg: Alg) -> Result<SigningKey, Outage> {
        let keys = self.keys(realm).await?;
        match keys.signing(alg, self.inner.clock.now()) {
            Some(key) => Ok(key.clone()),
            None => self.first_key(realm, alg).await,
        }
    }
}

impl Signer {
    /// Signs a token.
    pub async fn sign(self, token: UnsignedToken) -> Result<String, Outage> {
        Ok(self.sign_with(token, None).await?.0)
    }

    /// Signs a token, and another one that goes out with it.
    pub async fn sign_with(
        self,
        token: UnsignedToken,
        other: Option<UnsignedToken>,
    ) -> Result<(String, Option<String>), Outage> {
        let (key, other_key) = (self.key, self.other_key);
        let work = move |(): &mut ()| {
            let other = other.map(|other| other_key.sign_token(&other)).transpose()?;
            Ok((key.sign_token(&token)?, other))
        };
        let signed: Result<_, TokenError> = self.place.run(work).await.map_err(Outage::new)?;
        signed.map_err(Outage::new)
    }
}
