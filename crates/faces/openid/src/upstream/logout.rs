//! Where a provider tells that its session is over: by a token of its own, or by the browser in a frame.
//!
//! OpenID Connect Back-Channel Logout 1.0 §2.5 and §2.8, Front-Channel Logout 1.0 §2. S-BCL-24 to 27, S-FCL-7.

use adieu_http_kit::form::Params;
use axum::body::Body;
use axum::response::Response;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};

use super::NamedUpstream;
use crate::answer::nothing;
use crate::call::{Call, form, once};
use crate::error::OpenIdError;
use crate::face::{CHANNEL, Face};

/// §2.5: the token comes in a form, alone or with parameters that nobody knows.
pub(super) async fn by_token(
    face: &Face,
    call: &Call,
    body: Body,
    named: &NamedUpstream<'_>,
) -> Result<Response, OpenIdError> {
    let form = form(call, body).await?;
    let token =
        once(&form, "logout_token")?.ok_or(OpenIdError::LogoutToken("There is no logout_token.".into()))?;
    let whence = (CHANNEL, call.address());
    face.authority.upstream_logout(named.realm, named.provider, token.to_owned(), whence).await?;
    Ok(nothing())
}

/// §3: both parameters or none; of none, and of a session that led to none of ours, nothing follows. The frame is the provider's.
pub(super) async fn by_browser(
    face: &Face,
    call: &Call,
    named: &NamedUpstream<'_>,
) -> Result<Response, OpenIdError> {
    let query = Params::parse(call.query());
    if let (Some(iss), Some(sid)) = (once(&query, "iss")?, once(&query, "sid")?) {
        let whence = (CHANNEL, call.address());
        face.authority.upstream_front_logout(named.realm, named.provider, (iss, sid), whence).await?;
    }
    let mut response = Response::new(Body::from("<!doctype html><title>Signed off</title>"));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'"));
    Ok(response)
}
