//! PingOne: token, introspection, revocation, userinfo, keys and discovery, as `adieu-oidc` answers them.
//!
//! Contract pingone.md 3.4 and 4.8: P-3, P-4, P-20, P-21, P-38, P-55; Q-6.

use std::sync::Arc;

use adieu_authority::ApplicationTrait;
use adieu_authority::Realm;
use adieu_http_kit::client::Peer;
use adieu_http_kit::form::Params;
use adieu_http_kit::media;
use adieu_oidc::{
    ClientRequest, Endpoints, INTROSPECTION_JWT, Userinfo, discovery as document, introspect as introspected,
    revoke as revoked, shown_access_token, signed_introspection, tokens, userinfo as told,
    wants_signed_introspection,
};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, PRAGMA, VARY};
use http::request::Parts;

use crate::body;
use crate::extract::Env;
use crate::face::{API_SCOPES, Face};
use crate::problem::Problem;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Tokens for a code, a refresh token, or a client in its own name.
pub(crate) async fn token(
    State(face): State<Face>,
    Env(realm): Env,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let form = body::form(&parts, stream).await.map_err(oauth_body)?;
    let json = tokens(&face.provider(&realm), &of_client(&parts, &form)).await.map_err(Problem::OAuth)?;
    Ok(private(json))
}

/// Whether a token is good now.
pub(crate) async fn introspect(
    face: &Face,
    realm: &Arc<Realm>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let form = body::form(&parts, stream).await.map_err(oauth_body)?;
    let provider = face.provider(realm);
    let told = introspected(&provider, &of_client(&parts, &form)).await.map_err(Problem::OAuth)?;
    if !wants_signed_introspection(&parts.headers) {
        return Ok(private(told.json));
    }
    let jwt = signed_introspection(&provider, &told.caller, &told.json).await.map_err(Problem::OAuth)?;
    Ok(private_jwt(jwt, INTROSPECTION_JWT))
}

/// The public keys.
pub(crate) async fn jwks(State(face): State<Face>, Env(realm): Env) -> Result<Response, Problem> {
    let keys = face.authority().published_keys(&realm).await?;
    Ok(public(keys.jwks().to_owned()))
}

/// A token is revoked; the session lives on. P-55
pub(crate) async fn revoke(
    State(face): State<Face>,
    Env(realm): Env,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let form = body::form(&parts, stream).await.map_err(oauth_body)?;
    revoked(&face.provider(&realm), &of_client(&parts, &form)).await.map_err(Problem::OAuth)?;
    Ok(([(CACHE_CONTROL, HeaderValue::from_static("no-store"))], ()).into_response())
}

/// What the holder of an access token may know of its user.
pub(crate) async fn userinfo(
    State(face): State<Face>,
    Env(realm): Env,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    // Who posts no form shows the token in the header.
    let form = match media::is(&parts.headers, "application/x-www-form-urlencoded") {
        true => body::form(&parts, stream).await.map_err(oauth_body)?,
        false => Params::default(),
    };
    let shown = shown_access_token(&parts.headers, &form).map_err(Problem::OAuth)?;
    let token = shown.ok_or(Problem::Bearer { error: None })?;
    Ok(match told(&face.provider(&realm), token).await? {
        Userinfo::Claims(claims) => private(claims.to_string()),
        Userinfo::Signed(jwt) => private_jwt(jwt, "application/jwt"),
    })
}

/// The discovery document.
pub(crate) async fn discovery(State(face): State<Face>, Env(realm): Env) -> Result<Response, Problem> {
    let provider = face.provider(&realm);
    let at = |name: &str| format!("{}/{name}", provider.issuer.name);
    let endpoints = Endpoints {
        authorization: at("authorize"),
        token: at("token"),
        introspection: at("introspect"),
        revocation: at("revoke"),
        userinfo: at("userinfo"),
        jwks: at("jwks"),
        end_session: at("signoff"),
        check_session: None,
        registration: None,
        pushed_authorization: None,
    };
    let mut document = document(&provider, &endpoints, &API_SCOPES);
    // The vendor's programs take this endpoint before the other wherever it is named, so it is named only where no
    // application would be refused there. Q-6
    let has = async |of| face.authority().has_application(realm.id, of).await;
    if has(ApplicationTrait::EndsByIdToken).await? && !has(ApplicationTrait::KeepsByIdToken).await? {
        document["ping_end_idp_session_endpoint"] = at("idpSignoff").into();
    }
    Ok(public(document.to_string()))
}

/// The request of an application with this form.
fn of_client<'a>(parts: &'a Parts, form: &'a Params) -> ClientRequest<'a> {
    ClientRequest { headers: &parts.headers, form, peer: parts.extensions.get::<Peer>() }
}

/// What the form of an OAuth endpoint fails on is said in OAuth's shape.
fn oauth_body(problem: Problem) -> Problem {
    Problem::OAuthBody(Box::new(problem))
}

/// RFC 6749 §5.1
fn private(json: String) -> Response {
    const HEADERS: [(HeaderName, HeaderValue); 3] = [
        (CONTENT_TYPE, JSON),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (PRAGMA, HeaderValue::from_static("no-cache")),
    ];
    (HEADERS, json).into_response()
}

/// The same of a signed text of that type.
fn private_jwt(jwt: String, media_type: &'static str) -> Response {
    let mut response = private(jwt);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

fn public(json: String) -> Response {
    let cached = HeaderValue::from_static("public, max-age=60");
    // Whoever asks from a page gets other headers: a cache keeps them apart.
    let headers = [(CONTENT_TYPE, JSON), (CACHE_CONTROL, cached), (VARY, HeaderValue::from_static("Origin"))];
    (headers, json).into_response()
}
