//! What is known of a provider: its metadata and its keys, for a while.
//!
//! What is held can be lost: it is asked for again. When that is done is the affair of `fetches`. OpenID Connect Discovery 1.0 §4.

use std::sync::Arc;

use adieu_core::{Span, Timestamp, UpstreamError};
use adieu_egress::EgressClient;
use adieu_token::ProviderKeys;
use serde_json::{Map, Value};

use crate::ask::{address, read, unreachable};

/// For how long metadata and keys are taken as they were.
pub(crate) const KNOWN_AGE_MAX: Span = Span::from_s(600);
/// For how long they go on to count while they are asked for anew: nobody who signs on waits for that.
const RENEWED_WITHIN: Span = Span::from_s(600);
/// Keys of one provider (HOME-LIMITS).
const KEYS_MAX: usize = 64;

/// Metadata and keys of a provider.
#[derive(Clone, Debug)]
pub(crate) struct ProviderFacts {
    pub(crate) authorization: String,
    pub(crate) token: String,
    pub(crate) userinfo: Option<String>,
    jwks: String,
    pub(crate) names_issuer: bool,
    /// Whether a client shows its secret in the body: where the provider does not take it in a header.
    pub(crate) secret_in_body: bool,
    pub(crate) keys: ProviderKeys,
    read_at: Timestamp,
}

impl ProviderFacts {
    /// Whether they count as they are.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        is_within(self.read_at, KNOWN_AGE_MAX, now)
    }

    /// Whether they count while they are asked for anew.
    pub(crate) fn is_usable(&self, now: Timestamp) -> bool {
        is_within(self.read_at, Span::from_ms(KNOWN_AGE_MAX.ms() + RENEWED_WITHIN.ms()), now)
    }

    /// The same with the keys as they are now.
    pub(crate) async fn with_newer_keys(&self, client: &EgressClient) -> Result<Arc<Self>, UpstreamError> {
        let keys = keys(client, &self.jwks).await?;
        Ok(Arc::new(Self { keys, ..self.clone() }))
    }
}

/// Whether a moment is less than so long ago. A clock that was put back counts as one that ran on.
pub(crate) fn is_within(at: Timestamp, span: Span, now: Timestamp) -> bool {
    (0..span.ms()).contains(&now.ms().saturating_sub(at.ms()))
}

/// Asks a provider for its metadata and its keys.
pub(crate) async fn learn(
    client: &EgressClient,
    issuer: &str,
    now: Timestamp,
) -> Result<Arc<ProviderFacts>, UpstreamError> {
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
    Ok(Arc::new(ProviderFacts {
        authorization,
        token,
        userinfo,
        names_issuer: document.get("authorization_response_iss_parameter_supported")
            == Some(&Value::Bool(true)),
        secret_in_body: secret_in_body(&document),
        keys: keys(client, &jwks).await?,
        jwks,
        read_at: now,
    }))
}

/// Discovery §3: without the member a provider takes `client_secret_basic`.
fn secret_in_body(document: &Map<String, Value>) -> bool {
    let methods = document.get("token_endpoint_auth_methods_supported").and_then(Value::as_array);
    let has = |method: &str| methods.is_some_and(|methods| methods.iter().any(|one| one == method));
    !has("client_secret_basic") && has("client_secret_post")
}

/// The keys of its JWK Set.
async fn keys(client: &EgressClient, jwks: &str) -> Result<ProviderKeys, UpstreamError> {
    const WHAT: &str = "the provider's keys";
    let document = read(WHAT, client.client.get(address(client, WHAT, jwks)?)).await?;
    let keys = document.get("keys").and_then(Value::as_array);
    let keys = keys.ok_or_else(|| unreachable(WHAT, "no JWK Set"))?;
    if keys.len() > KEYS_MAX {
        return Err(unreachable(WHAT, "too many keys"));
    }
    Ok(ProviderKeys::of(keys))
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
