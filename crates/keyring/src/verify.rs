//! Verifying tokens of our own: the signature once, the key by its name.
//!
//! A key that is not held may have been made by another node a moment ago, so an unknown name is looked up again before
//! anybody says "not ours" (NO-FALSE-NO). Expiry, session and grant are read elsewhere, every time.

use std::sync::Arc;

use adieu_core::{Outage, RealmId};
use adieu_token::{Refused, Verified, unverified_kid};

use crate::ring::Keyring;

/// A SHA-256 thumbprint in base64url: the names of all our keys. RFC 7638
const KID_BYTES: usize = 43;

impl Keyring {
    /// What the token says, if a key of that realm signed it, whenever that was.
    pub async fn verify(&self, realm: RealmId, token: &str) -> Result<Option<Arc<Verified>>, Outage> {
        let keys = self.keys(realm).await?;
        match self.inner.verified.verify_once(keys.public(), token) {
            Err(Refused::UnknownKey) if is_named_like_ours(token) => {}
            verdict => return Ok(verdict.ok()),
        }
        let keys = self.keys_read_anew(realm).await?;
        Ok(self.inner.verified.verify_once(keys.public(), token).ok())
    }
}

/// Whether the name could be one of ours: tokens of other issuers cost no read.
fn is_named_like_ours(token: &str) -> bool {
    unverified_kid(token).is_some_and(|kid| {
        kid.len() == KID_BYTES && kid.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    })
}
