//! Introspection: is this token good now?
//!
//! The caller must prove itself, so a public client cannot ask (RFC 7662 §2.1). Whatever is not active gets one answer,
//! byte for byte. This is a hot path: one pass over the form, one hash, a few look-ups in memory, one string.

use adieu_authority::{Active, ActiveRefresh, ClientAuth, For, UserId};
use adieu_http_kit::form::Params;
use http::HeaderMap;
use serde_json::{Map, Value};

use crate::client_auth::{authenticated, once};
use crate::{Provider, Refusal};

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
}

impl Introspection {
    fn inactive() -> Self {
        Self { json: INACTIVE.to_owned(), subject: None }
    }
}

/// The answer of the introspection endpoint. To whom a token is none of theirs it is not active, nor is one that another
/// issuer gave, and nothing else is done with it; else asking counts as activity of the token's user (Q-17).
pub async fn introspect(
    provider: &Provider<'_>,
    headers: &HeaderMap,
    form: &Params,
) -> Result<Introspection, Refusal> {
    let caller = authenticated(provider, headers, form).await?;
    if caller.auth == ClientAuth::None {
        return Err(Refusal::Client { basic: false });
    }
    let token = once(form, "token")?.ok_or(Refusal::Request("`token` is missing."))?;
    let (authority, at) = (provider.authority, provider.issuer.of_realm());
    // A signed token has dots, an opaque one has none; `token_type_hint` could only mislead.
    if token.contains('.') {
        let active = authority.inspect_access(at, token, For::Caller(&caller)).await?;
        return Ok(active.map_or_else(Introspection::inactive, |active| access(&active)));
    }
    let active = authority.inspect_refresh(at, token, &caller).await?;
    Ok(active.map_or_else(Introspection::inactive, |active| refresh(provider, &active)))
}

fn access(active: &Active) -> Introspection {
    let mut json = String::with_capacity(1024);
    json.push_str(r#"{"active":true,"token_type":"Bearer""#);
    push_claims(&mut json, &active.claims.claims);
    json.push('}');
    Introspection { json, subject: active.subject() }
}

fn push_claims(json: &mut String, claims: &Map<String, Value>) {
    for (name, value) in claims.iter().filter(|(name, _)| !PRIVATE.contains(&name.as_str())) {
        // Names of our own claims are plain words.
        json.push_str(",\"");
        json.push_str(name);
        json.push_str("\":");
        match value {
            Value::String(text) if text.bytes().all(is_plain) => {
                json.push('"');
                json.push_str(text);
                json.push('"');
            }
            value => json.push_str(&value.to_string()),
        }
    }
}

/// What stands in JSON text as it is.
fn is_plain(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\'
}

fn refresh(provider: &Provider<'_>, active: &ActiveRefresh) -> Introspection {
    let grant = &active.grant;
    let json = serde_json::json!({
        "active": true,
        "token_use": "refresh_token",
        "iss": provider.issuer.name,
        "sub": grant.user.to_string(),
        "client_id": active.client.id.as_str(),
        "scope": grant.scope,
        "sid": provider.sid(&active.client.id, grant.session),
        "exp": grant.refresh.map(|refresh| refresh.expires_at.s()),
    });
    Introspection { json: json.to_string(), subject: Some(grant.user) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn claims_are_json_and_private_ones_stay_private() {
        let claims =
            json!({"iss": "https://a.test/x", "aud": ["a"], "odd": "\"\\\n\u{e4}", "gid": "7", "cgn": 0});
        let mut text = String::from("{\"active\":true");
        push_claims(&mut text, claims.as_object().expect("an object"));
        text.push('}');
        let read: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(
            read,
            json!({"active": true, "iss": "https://a.test/x", "aud": ["a"], "odd": "\"\\\n\u{e4}"})
        );
    }
}
