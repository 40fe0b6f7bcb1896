//! An access token that was revoked before it expired, as its grant or its client remembers it.
//!
//! Who revokes it and how many are remembered stands in `revoke`.

use uuid::Uuid;

use crate::time::Timestamp;

/// An access token that was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevokedToken {
    /// Its id.
    pub token: Uuid,
    /// When it would have expired.
    pub until: Timestamp,
}

/// Whether that token is one of the revoked ones.
pub fn is_revoked(revoked: &[RevokedToken], token: Uuid) -> bool {
    revoked.iter().any(|revoked| revoked.token == token)
}
