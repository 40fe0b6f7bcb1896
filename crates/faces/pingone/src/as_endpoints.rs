//! PingOne: token, introspection, keys and discovery, as `adieu-oidc` answers them.
//!
//! Contract pingone.md 3.4 and 4.8: P-3, P-4, P-20, P-21, P-38.

use std::sync::Arc;

use adieu_authority::Realm;
use adieu_oidc::{Endpoints, discovery as document, introspect as introspected, tokens};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, PRAGMA};

use crate::extract::Env;
use crate::problem::Problem;
use crate::{Face, body};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Tokens for a code, a refresh token, or a client in its own name.
pub(crate) async fn token(
    State(face): State<Face>,
    Env(realm): Env,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let form = body::form(&parts, stream).await.map_err(oauth_body)?;
    let json = tokens(&face.provider(&realm), &parts.headers, &form).await.map_err(Problem::OAuth)?;
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
    let json = introspected(&face.provider(realm), &parts.headers, &form).await.map_err(Problem::OAuth)?;
    Ok(private(json))
}

/// The public keys.
pub(crate) async fn jwks(State(face): State<Face>, Env(realm): Env) -> Result<Response, Problem> {
    let keys = face.authority().realm_keys(&realm).await?;
    Ok(public(keys.jwks().to_owned()))
}

/// The discovery document.
pub(crate) async fn discovery(State(face): State<Face>, Env(realm): Env) -> Response {
    let provider = face.provider(&realm);
    let at = |name: &str| format!("{}/{name}", provider.issuer.name);
    let endpoints = Endpoints {
        authorization: at("authorize"),
        token: at("token"),
        introspection: at("introspect"),
        jwks: at("jwks"),
        end_session: at("signoff"),
    };
    public(document(&provider, &endpoints, &["p1:read:sessions", "p1:delete:sessions"]).to_string())
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

fn public(json: String) -> Response {
    ([(CONTENT_TYPE, JSON), (CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"))], json)
        .into_response()
}
