//! Introspection: is this token good now?
//!
//! The caller must prove itself, so a public client cannot ask (RFC 7662 §2.1). Whatever is not active gets one answer,
//! byte for byte. This is a hot path: one pass over the form, one hash, a few look-ups in memory, one string.

use std::sync::Arc;

use adieu_authority::{Active, ActiveRefresh, Client, ClientAuth, ClientRefusalReason, For, Outage, UserId};
use adieu_http_kit::accept;
use adieu_token::{TYP_INTROSPECTION, UnsignedToken};
use http::HeaderMap;
use serde_json::{Map, Value, json};

use crate::client_auth::{authenticated, once};
use crate::{ClientRequest, Provider, Refusal};

/// RFC 7662 §2.2: nothing else is said of a token that is not active.
const INACTIVE: &str = r#"{"active":false}"#;
/// Claims that are between us and the store.
const PRIVATE: [&str; 2] = ["gid", "cgn"];

/// The answer of the introspection endpoint.
pub struct Introspection {
    /// Its JSON.
    pub json: String,
    /// The user that an active token speaks of.
    pub subject: Option<UserId>,
    /// Who asked.
    pub caller: Arc<Client>,
}

/// The type of a signed answer. RFC 9701 §5
pub const INTROSPECTION_JWT: &str = "application/token-introspection+jwt";

/// Whether a request wants its answer signed. RFC 9701 §4
pub fn wants_signed_introspection(headers: &HeaderMap) -> bool {
    accept::names(headers, INTROSPECTION_JWT)
}

/// An answer of the introspection endpoint, signed for whoever asked: nobody else takes it for theirs, and nobody takes it for a
/// token. RFC 9701 §5
pub async fn signed_introspection(
    provider: &Provider<'_>,
    caller: &Client,
    json: &str,
) -> Result<String, Refusal> {
    let told: Value = serde_json::from_str(json).map_err(Outage::new)?;
    let claims = json!({
        "iss": provider.issuer.name, "aud": caller.id.as_str(), "iat": provider.authority.now().s(),
        "token_introspection": told,
    });
    let unsigned = UnsignedToken::new(TYP_INTROSPECTION, &claims).map_err(Outage::new)?;
    Ok(provider.authority.signer(&provider.issuer.realm).await?.sign(unsigned).await?)
}

/// The answer of the introspection endpoint. To whom a token is none of theirs it is not active, nor is one that another
/// issuer gave, and nothing else is done with it; else asking counts as activity of the token's user (Q-17).
pub async fn introspect(
    provider: &Provider<'_>,
    request: &ClientRequest<'_>,
) -> Result<Introspection, Refusal> {
    provider.noted("introspection", request, introspected(provider, request).await).await
}

async fn introspected(
    provider: &Provider<'_>,
    request: &ClientRequest<'_>,
) -> Result<Introspection, Refusal> {
    let caller = authenticated(provider, request).await?;
    if caller.auth == ClientAuth::None {
        return Err(Refusal::Client { basic: false, why: ClientRefusalReason::OtherMethod });
    }
    let token = once(request.form, "token")?.ok_or(Refusal::Request("`token` is missing."))?;
    let (authority, at) = (provider.authority, provider.issuer.of_realm());
    // A signed token has dots, an opaque one has none; `token_type_hint` could only mislead.
    if token.contains('.') {
        let active = authority.inspect_access(at, token, For::Caller(&caller)).await?;
        let (json, subject) = active.map_or_else(inactive, |active| access(&active));
        return Ok(Introspection { json, subject, caller });
    }
    let active = authority.inspect_refresh(at, token, &caller).await?;
    let (json, subject) = active.map_or_else(inactive, |active| refresh(provider, &active));
    Ok(Introspection { json, subject, caller })
}

fn inactive() -> (String, Option<UserId>) {
    (INACTIVE.to_owned(), None)
}

fn access(active: &Active) -> (String, Option<UserId>) {
    let mut json = String::with_capacity(1024);
    json.push_str(r#"{"active":true,"token_type":"Bearer""#);
    push_claims(&mut json, &active.claims.claims, active.scope().as_deref());
    json.push('}');
    (json, active.subject())
}

/// The claims, with the scopes that count now: none, where its client may have none of them any more.
fn push_claims(json: &mut String, claims: &Map<String, Value>, scope: Option<&str>) {
    for (name, value) in claims.iter().filter(|(name, _)| !PRIVATE.contains(&name.as_str())) {
        match value {
            Value::String(_) if name == "scope" => {
                if let Some(scope) = scope.filter(|scope| !scope.is_empty()) {
                    push_text(json, name, scope);
                }
            }
            Value::String(text) if text.bytes().all(is_plain) => push_text(json, name, text),
            value => {
                push_name(json, name);
                json.push_str(&value.to_string());
            }
        }
    }
}

/// Names of our own claims, and of what stands in them as it is, are plain words.
fn push_text(json: &mut String, name: &str, text: &str) {
    push_name(json, name);
    json.push('"');
    json.push_str(text);
    json.push('"');
}

fn push_name(json: &mut String, name: &str) {
    json.push_str(",\"");
    json.push_str(name);
    json.push_str("\":");
}

/// What stands in JSON text as it is.
fn is_plain(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\'
}

fn refresh(provider: &Provider<'_>, active: &ActiveRefresh) -> (String, Option<UserId>) {
    let grant = &active.grant;
    let json = json!({
        "active": true,
        "token_use": "refresh_token",
        "iss": provider.issuer.name,
        "sub": grant.user.to_string(),
        "client_id": active.client.id.as_str(),
        "scope": active.scope(),
        "sid": provider.sid(&active.client.id, grant.session),
        "exp": grant.refresh.map(|refresh| refresh.expires_at.s()),
    });
    (json.to_string(), Some(grant.user))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_json_and_private_ones_stay_private() {
        let claims =
            json!({"iss": "https://a.test/x", "aud": ["a"], "odd": "\"\\\n\u{e4}", "gid": "7", "cgn": 0});
        let mut text = String::from("{\"active\":true");
        push_claims(&mut text, claims.as_object().expect("an object"), None);
        text.push('}');
        let read: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(
            read,
            json!({"active": true, "iss": "https://a.test/x", "aud": ["a"], "odd": "\"\\\n\u{e4}"})
        );
    }
}
