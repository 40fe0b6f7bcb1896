//! What programs ask: metadata, keys, tokens, introspection, revocation and userinfo, as `adieu-oidc` answers them.
//!
//! standards.md 2.2 to 2.5.

use std::sync::Arc;

use adieu_authority::{JoseAlgorithm, Realm};
use adieu_oidc::{
    Endpoints, INTROSPECTION_JWT, Userinfo, shown_access_token, signed_introspection,
    wants_signed_introspection,
};
use axum::body::Body;
use axum::response::Response;
use serde_json::json;

use crate::address::Endpoint;
use crate::answer::{created, nothing, private, private_jwt, public};
use crate::call::{Call, form};
use crate::error::OpenIdError;
use crate::face::{Face, OWN_SCOPES};

/// The metadata. S-DISC-1, S-DISC-2
pub(crate) async fn discovery(face: &Face, realm: &Arc<Realm>) -> Result<Response, OpenIdError> {
    let at = |name: &str| face.url(realm, name);
    let endpoints = Endpoints {
        authorization: at("authorize"),
        token: at("token"),
        introspection: at("introspect"),
        revocation: at("revoke"),
        userinfo: at("userinfo"),
        jwks: at("jwks"),
        end_session: at("logout"),
        check_session: face.settings.companions.browser_state().map(|_| at("check-session")),
        registration: face.settings.registration.then(|| at(Endpoint::REGISTER)),
        pushed_authorization: Some(at("par")),
    };
    let mut document = adieu_oidc::discovery(&face.provider(realm), &endpoints, OWN_SCOPES);
    document["require_pushed_authorization_requests"] = face.settings.requires_pushed.into(); // RFC 9126 §5
    document["global_token_revocation_endpoint"] = at("global-token-revocation").into();
    if face.settings.registration {
        // Whoever registers chooses of these, and is refused what no key of the realm's signs by. RFC 7591 §2
        let signs: Vec<_> =
            signing_algorithms(face, realm).await?.into_iter().map(JoseAlgorithm::name).collect();
        document["id_token_signing_alg_values_supported"] = json!(signs);
        document["userinfo_signing_alg_values_supported"] = json!(signs);
    }
    Ok(public(document.to_string()))
}

/// The algorithms that the realm has keys of.
async fn signing_algorithms(face: &Face, realm: &Realm) -> Result<Vec<JoseAlgorithm>, OpenIdError> {
    let mut signs = Vec::new();
    for algorithm in JoseAlgorithm::ALL {
        if face.authority.algorithm_without_key(realm, [algorithm]).await?.is_none() {
            signs.push(algorithm);
        }
    }
    Ok(signs)
}

/// The public keys.
pub(crate) async fn keys(face: &Face, realm: &Arc<Realm>) -> Result<Response, OpenIdError> {
    let keys = face.authority.published_keys(realm).await?;
    Ok(public(keys.jwks().to_owned()))
}

/// Tokens for a code, a refresh token, or a client in its own name.
pub(crate) async fn token(
    face: &Face,
    call: &Call,
    body: Body,
    realm: &Arc<Realm>,
) -> Result<Response, OpenIdError> {
    let form = form(call, body).await?;
    Ok(private(adieu_oidc::tokens(&face.provider(realm), &call.of_client(&form)).await?))
}

/// A request that a browser will refer to.
pub(crate) async fn push(
    face: &Face,
    call: &Call,
    body: Body,
    realm: &Arc<Realm>,
) -> Result<Response, OpenIdError> {
    let form = form(call, body).await?;
    Ok(created(face.provider(realm).push(&call.of_client(&form)).await?))
}

/// Whether a token is good now.
pub(crate) async fn introspect(
    face: &Face,
    call: &Call,
    body: Body,
    realm: &Arc<Realm>,
) -> Result<Response, OpenIdError> {
    let form = form(call, body).await?;
    let provider = face.provider(realm);
    let told = adieu_oidc::introspect(&provider, &call.of_client(&form)).await?;
    if !wants_signed_introspection(call.headers()) {
        return Ok(private(told.json));
    }
    Ok(private_jwt(signed_introspection(&provider, &told.caller, &told.json).await?, INTROSPECTION_JWT))
}

/// A token is revoked; the session lives on.
pub(crate) async fn revoke(
    face: &Face,
    call: &Call,
    body: Body,
    realm: &Arc<Realm>,
) -> Result<Response, OpenIdError> {
    let form = form(call, body).await?;
    adieu_oidc::revoke(&face.provider(realm), &call.of_client(&form)).await?;
    Ok(nothing())
}

/// What the holder of an access token may know of its user.
pub(crate) async fn userinfo(
    face: &Face,
    call: &Call,
    body: Body,
    realm: &Arc<Realm>,
) -> Result<Response, OpenIdError> {
    let form = form(call, body).await?;
    let token = shown_access_token(call.headers(), &form)?.ok_or(OpenIdError::Token { shown: false })?;
    Ok(match adieu_oidc::userinfo(&face.provider(realm), token).await? {
        Userinfo::Claims(claims) => private(claims.to_string()),
        Userinfo::Signed(jwt) => private_jwt(jwt, "application/jwt"),
    })
}
