//! Signing: with the key of an algorithm that signs now, on the threads for it.
//!
//! A [`Signer`] holds its place among the signatures that wait before anything is spent that the tokens are for: a storm of
//! tokens refuses work and loses none (HOME-LIMITS).

use adieu_core::{Outage, RealmId};
use adieu_token::{Alg, SigningKey, TokenError, UnsignedToken};
use adieu_workers::ReservedPlace;

use crate::ring::Keyring;

/// A key with a place among the signatures that wait, for the tokens of one answer.
#[must_use = "a signer holds a place that others could have"]
pub struct Signer {
    key: SigningKey,
    place: ReservedPlace<()>,
}

impl Keyring {
    /// A signer of a realm that exists. The first key of an algorithm is made here, and signs at once.
    pub async fn signer(&self, realm: RealmId, alg: Alg) -> Result<Signer, Outage> {
        let keys = self.keys(realm).await?;
        let key = match keys.signing(alg, self.inner.clock.now()) {
            Some(key) => key.clone(),
            None => self.first_key(realm, alg).await?,
        };
        let place = self.inner.workers.reserve().map_err(Outage::new)?;
        Ok(Signer { key, place })
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
        let key = self.key;
        let work = move |(): &mut ()| {
            let other = other.map(|other| key.sign_token(&other)).transpose()?;
            Ok((key.sign_token(&token)?, other))
        };
        let signed: Result<_, TokenError> = self.place.run(work).await.map_err(Outage::new)?;
        signed.map_err(Outage::new)
    }
}
