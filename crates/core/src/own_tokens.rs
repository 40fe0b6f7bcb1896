//! Tokens that a client holds in its own name, and gives back before their time.
//!
//! They belong to no session and no grant; the client's record remembers the void ones.

use crate::directory::Client;
use crate::grant::GrantError;
use crate::outage::{Outage, Unwritten};
use crate::revoke::{Voided, decide_void};
use crate::time::Timestamp;

/// The client as it is to be stored once it has given a token back; `client` is none if it was removed.
pub fn decide_revoke_own(
    client: Option<&Client>,
    token: Voided,
    now: Timestamp,
) -> Result<Client, GrantError> {
    let client = client.ok_or(GrantError::Invalid)?;
    let full = || Unwritten::NotTaken(Outage::new("the client has too many void tokens"));
    let void = decide_void(&client.void, token, now).ok_or_else(full)?;
    Ok(Client { void, ..client.clone() })
}
