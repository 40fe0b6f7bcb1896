//! What AM's provider tells of a token: `introspect`, and `tokeninfo`, which asks nobody to prove anything.
//!
//! Whoever has a token may ask `tokeninfo` about it, so it tells no more than the token itself says. Contract am.md 4.1.

use std::sync::Arc;

use adieu_authority::{For, Realm, UserId};
use adieu_http_kit::auth::bearer;
use adieu_oidc::{
    INTROSPECTION_JWT, Introspection, Provider, Refusal, introspect, signed_introspection,
    wants_signed_introspection,
};
use serde_json::{Map, Value, json};

use super::Form;
use super::provider::provider;
use crate::answer;
use crate::call::Call;
use crate::error::AmError;
use crate::face::Face;
use crate::oauth_refused::OAuthRefused;

/// What is told to a client: besides what every provider tells, the name of the user.
pub(super) async fn introspected(
    face: &Face,
    provider: &Provider<'_>,
    call: &Call,
    form: Form,
) -> Result<Told, AmError> {
    let told = introspect(provider, &call.of_client(&form?)).await?;
    let json = with_name(face, &told).await?;
    if !wants_signed_introspection(call.headers()) {
        return Ok(Told::Json(json.into_bytes()));
    }
    let jwt = signed_introspection(provider, &told.caller, &json).await?;
    Ok(Told::Jwt(jwt, INTROSPECTION_JWT))
}

async fn with_name(face: &Face, told: &Introspection) -> Result<String, AmError> {
    let Introspection { json, subject, .. } = told;
    let Some(name) = username(face, *subject).await? else { return Ok(json.clone()) };
    let mut told: Map<String, Value> = serde_json::from_str(json).unwrap_or_default();
    if face.settings.introspects_as_openam {
        told.insert("sub".into(), name.as_str().into());
        if told.contains_key("token_type") {
            told.insert("token_type".into(), "access_token".into());
        }
    }
    told.insert("user_id".into(), name.into());
    Ok(Value::Object(told).to_string())
}

/// What is told of a token or a user.
pub(super) enum Told {
    /// As JSON.
    Json(Vec<u8>),
    /// Signed, with the type of the text.
    Jwt(String, &'static str),
}

async fn username(face: &Face, subject: Option<UserId>) -> Result<Option<String>, AmError> {
    let Some(id) = subject else { return Ok(None) };
    Ok(face.authority.user(id).await?.map(|user| user.username.clone()))
}

/// What an access token says: its client, its scopes each by its name, and how long it is good.
pub(super) async fn token_info(face: &Face, call: &Call, realm: &Arc<Realm>) -> Result<Vec<u8>, AmError> {
    let repeated = |_| AmError::Repeated("access_token");
    let queried = call.params.only("access_token").map_err(repeated)?.filter(|token| !token.is_empty());
    let token = queried.or_else(|| bearer(call.headers()));
    let token = token.ok_or(Refusal::Request("Missing parameter: access_token"))?;
    let now = face.authority.now();
    let issuer = provider(face, realm).issuer;
    let active = face.authority.inspect_access(issuer.of_realm(), token, For::Holder).await?;
    let active = active.ok_or(OAuthRefused::UnknownToken)?;
    let scope = active.scope().unwrap_or_default();
    let scopes = scope.split(' ').filter(|scope| !scope.is_empty());
    let grant = if active.subject().is_some() { "authorization_code" } else { "client_credentials" };
    let mut told = json!({
        "access_token": token, "grant_type": grant, "scope": scopes.clone().collect::<Vec<_>>(),
        "realm": realm.path, "token_type": "Bearer",
        "expires_in": active.claims.int("exp").map(|exp| exp.saturating_sub(now.s())),
        "client_id": active.client.id.as_str(),
    });
    for scope in scopes {
        if told.get(scope).is_none() {
            told[scope] = "".into(); // Quirk: AM lists what a scope gives here; ours give it at `userinfo`.
        }
    }
    Ok(answer::json(&told))
}
