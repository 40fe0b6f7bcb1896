//! Tokens that a client holds in its own name, and revokes before their time.
//!
//! They belong to no session and no grant; the client's record remembers the revoked ones.

use crate::clients::StoredClient;
use crate::directory::Client;
use crate::grant::{GrantError, GrantFault};
use crate::outage::{Outage, Unwritten};
use crate::revoke::with_revoked_own;
use crate::revoked_token::RevokedToken;
use crate::time::Timestamp;

/// The client as it is to be stored once it has revoked a token; `client` is none if it was removed.
pub fn decide_revoke_own(
    client: Option<&Client>,
    token: RevokedToken,
    now: Timestamp,
) -> Result<StoredClient, GrantError> {
    let client = client.ok_or(GrantError::Invalid(GrantFault::Unknown))?;
    let full = || Unwritten::NotTaken(Outage::new("the client has too many revoked tokens"));
    let revoked_tokens = with_revoked_own(&client.revoked_tokens, token, now).ok_or_else(full)?;
    Ok(Client { revoked_tokens, ..client.clone() }.into())
}
