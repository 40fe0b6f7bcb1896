//! Keys of clients: as channels bring them and show them, and the verdict on what a client signed.
//!
//! Those that a client gave by value are kept by the store as text; those at an address of its own are asked for by whoever makes an
//! authority, so that nothing here knows HTTP.

use std::sync::Arc;

use adieu_core::{Client, ClientJwks, ClientKeysError, ClientSigning, JoseAlgorithm, Timestamp};
use adieu_token::{ClientKeys, JwksFault, Refused, Verified, unverified_alg};
use serde_json::Value;

use crate::Authority;
use crate::client_keys_source::ClientKeysSource;

/// Why something does not count as signed by a client.
#[derive(Debug, thiserror::Error)]
pub enum UnsignedByClient {
    /// The client registered no keys.
    #[error("the client registered no keys")]
    NoKeys,
    /// It is not signed by the one algorithm that the client registered for what it is.
    #[error("it is not signed by the algorithm that the client registered")]
    Algorithm,
    /// It is not signed with one of them.
    #[error("it is not signed with a key of the client")]
    Refused(#[source] Refused),
    /// They are not had.
    #[error(transparent)]
    Keys(#[from] ClientKeysError),
}

impl Authority {
    /// Has keys at addresses of clients asked for by `source` from now on. The first caller's counts.
    pub fn ask_client_keys_by(&self, source: impl ClientKeysSource + 'static) {
        let _ = self.inner.client_keys.set(Box::new(source));
    }

    /// What a client signed with a key that it registered, or has published by now, and by `only` if that is an algorithm. Nothing is
    /// judged of what it says.
    ///
    /// # Errors
    /// Why it does not count.
    pub async fn signed_by_client(
        &self,
        client: &Client,
        token: &str,
        only: Option<JoseAlgorithm>,
    ) -> Result<Verified, UnsignedByClient> {
        // Where a key verifies, the header names the algorithm of that key.
        if only.is_some_and(|only| unverified_alg(token).as_deref() != Some(only.name())) {
            return Err(UnsignedByClient::Algorithm);
        }
        if let Some(jwks) = &client.signing.jwks {
            let set: Value = serde_json::from_str(jwks.as_str()).unwrap_or_default();
            let keys = ClientKeys::from_jwks(&set).map_err(|_| UnsignedByClient::NoKeys)?;
            return keys.verify(token).map_err(UnsignedByClient::Refused);
        }
        let at = client.signing.jwks_uri.as_ref().ok_or(UnsignedByClient::NoKeys)?;
        let began_at = self.now();
        match self.published_by_client(client, at, None).await?.verify(token) {
            Err(Refused::UnknownKey) => {}
            judged => return judged.map_err(UnsignedByClient::Refused),
        }
        let newer = self.published_by_client(client, at, Some(began_at)).await?;
        newer.verify(token).map_err(UnsignedByClient::Refused)
    }

    async fn published_by_client(
        &self,
        client: &Client,
        at: &str,
        since: Option<Timestamp>,
    ) -> Result<Arc<ClientKeys>, ClientKeysError> {
        let none = || ClientKeysError::NotTaken("this process asks no clients".to_owned());
        let source = self.inner.client_keys.get().ok_or_else(none)?;
        source.keys(client.id.clone(), at.to_owned(), since, self.now()).await
    }
}

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
