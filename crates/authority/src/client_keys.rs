//! Keys of clients, as channels bring them and show them.
//!
//! Read and judged here, kept by the store as text. Nothing here verifies what a client signed.

use adieu_core::{ClientJwks, ClientSigning};
use adieu_token::{ClientKeys, JwksFault};
use serde_json::Value;

/// The keys of a client from a JWK Set (RFC 7517 §5): what is known of public keys, and nothing else of it.
///
/// # Errors
/// Why the set is not taken.
pub fn read_client_jwks(set: &Value) -> Result<ClientJwks, JwksFault> {
    Ok(ClientJwks::from_checked(ClientKeys::from_jwks(set)?.jwks().to_string()))
}

/// The keys of a client as a JWK Set; null if it has none.
pub fn shown_client_jwks(signing: &ClientSigning) -> Value {
    signing.jwks.as_ref().and_then(|jwks| serde_json::from_str(jwks.as_str()).ok()).unwrap_or_default()
}
