//! What is known of a provider: its metadata and its keys, for a while.
//!
//! What is held can be lost: it is asked for again. Keys are asked for anew for a `kid` that is not among them, and not more
//! often than twice a minute. OpenID Connect Discovery 1.0 §4.

use std::sync::Arc;

use adieu_core::{Span, Timestamp, UpstreamError};
use adieu_egress::EgressClient;
use adieu_token::{KeySet, PublicKey};
use serde_json::{Map, Value};

use crate::ask::{address, read, unreachable};

/// For how long metadata and keys are taken as they were.
pub const KNOWN_AGE_MAX: Span = Span::from_s(600);
/// Providers of which something is held (HOME-LIMITS).
pub const KNOWN_MAX: usize = 256;
/// Keys of one provider (HOME-LIMITS).
const KEYS_MAX: usize = 64;

/// Metadata and keys.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) authorization: String,
    pub(crate) token: String,
    pub(crate) userinfo: Option<String>,
    jwks: String,
    pub(crate) names_issuer: bool,
    /// Whether a client shows its secret in the body: where the provider does not take it in a header.
    pub(crate) secret_in_body: bool,
    pub(crate) keys: KeySet,
    pub(crate) read_at: Timestamp,
    pub(crate) keys_read_at: Timestamp,
}

impl Known {
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        let age = now.since(self.read_at);
        (Span::from_ms(0)..KNOWN_AGE_MAX).contains(&age)
    }

    /// The same with the keys as they are now.
    pub(crate) async fn with_keys(
        &self,
        client: &EgressClient,
        now: Timestamp,
    ) -> Result<Arc<Self>, UpstreamError> {
        let keys = keys(client, &self.jwks).await?;
        Ok(Arc::new(Self { keys, keys_read_at: now, ..self.clone() }))
    }
}

/// Asks a provider for its metadata and its keys.
pub(crate) async fn learn(
    client: &EgressClient,
    issuer: &str,
    now: Timestamp,
) -> Result<Arc<Known>, UpstreamError> {
    const WHAT: &str = "the provider's metadata";
    let at = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let document = read(WHAT, client.client.get(address(client, WHAT, &at)?)).await?;
    let text = |name: &str| document.get(name).and_then(Value::as_str).map(str::to_owned);
    // Discovery §4.3: exactly the one that was asked for.
    if text("issuer").as_deref() != Some(issuer) {
        return Err(UpstreamError::NotTaken("the metadata is another issuer's"));
    }
    let there = |name: &'static str| {
        let found = text(name).ok_or_else(|| unreachable(WHAT, &format!("no {name}")))?;
        address(client, name, &found)?;
        Ok::<_, UpstreamError>(found)
    };
    let (authorization, token, jwks) =
        (there("authorization_endpoint")?, there("token_endpoint")?, there("jwks_uri")?);
    let userinfo = text("userinfo_endpoint").filter(|at| address(client, "userinfo_endpoint", at).is_ok());
    Ok(Arc::new(Known {
        authorization,
        token,
        userinfo,
        names_issuer: document.get("authorization_response_iss_parameter_supported")
            == Some(&Value::Bool(true)),
        secret_in_body: secret_in_body(&document),
        keys: keys(client, &jwks).await?,
        jwks,
        read_at: now,
        keys_read_at: now,
    }))
}

/// Discovery §3: without the member a provider takes `client_secret_basic`.
fn secret_in_body(document: &Map<String, Value>) -> bool {
    let methods = document.get("token_endpoint_auth_methods_supported").and_then(Value::as_array);
    let has = |method: &str| methods.is_some_and(|methods| methods.iter().any(|one| one == method));
    !has("client_secret_basic") && has("client_secret_post")
}

/// The keys of a JWK Set that sign by an algorithm that is allowed; others are passed over. RFC 7517 §5
async fn keys(client: &EgressClient, jwks: &str) -> Result<KeySet, UpstreamError> {
    const WHAT: &str = "the provider's keys";
    let document = read(WHAT, client.client.get(address(client, WHAT, jwks)?)).await?;
    let keys = document.get("keys").and_then(Value::as_array);
    let keys = keys.ok_or_else(|| unreachable(WHAT, "no JWK Set"))?;
    if keys.len() > KEYS_MAX {
        return Err(unreachable(WHAT, "too many keys"));
    }
    Ok(KeySet::of(keys.iter().filter_map(|jwk| PublicKey::from_jwk(jwk).ok())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_goes_into_the_body_only_where_no_header_takes_it() {
        let in_body = |methods: Value| {
            let document = json!({"token_endpoint_auth_methods_supported": methods});
            secret_in_body(document.as_object().expect("members"))
        };
        assert!(in_body(json!(["client_secret_post", "private_key_jwt"])));
        assert!(!in_body(json!(["client_secret_post", "client_secret_basic"])));
        assert!(!in_body(json!(["private_key_jwt"])) && !in_body(json!(null)));
    }
}
