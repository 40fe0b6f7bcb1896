//! faces/openid: the native OpenID issuers of the realms, `/o/{path of the realm}`, as the specifications have them.
//!
//! What a request means and what is answered is `adieu-oidc`'s; here are paths, statuses, pages and cookies. `docs/openid.md`.
#![warn(clippy::wildcard_enum_match_arm)]

mod address;
mod answer;
mod applications;
mod authorize;
mod browser;
mod call;
mod carried;
mod choose;
mod code;
mod consent;
mod error;
mod face;
mod form_token;
mod global_revocation;
mod logout;
mod offered;
mod programs;
mod registration;
mod said;
mod session_management;
mod settings;
mod sign_on;
mod signed_off;
mod upstream;

use std::sync::Arc;

use adieu_authority::{Authority, Realm};
use adieu_http_kit::accept;
use adieu_http_kit::service::{Answers, FaceService};
use axum::body::Body;
use axum::response::Response;
use http::{Method, Request};

pub use address::{issuer, owns};
pub use settings::Settings;

use crate::address::Endpoint;
use crate::call::Call;
use crate::error::OpenIdError;
use crate::face::Face;
use crate::upstream::{NamedUpstream, UpstreamEndpoint};

/// The scopes that a client may be granted here.
pub const API_SCOPES: &[&str] = face::OWN_SCOPES;

/// Every route behind the path of an issuer, as method and path.
pub fn routes() -> Vec<(&'static str, &'static str)> {
    let of = |(path, endpoint): (&'static str, Endpoint)| {
        endpoint.allow().split(", ").map(move |method| (method, path))
    };
    let of_upstream = |(path, endpoint): (&'static str, UpstreamEndpoint)| {
        endpoint.allow().split(", ").map(move |method| (method, path))
    };
    let upstream = UpstreamEndpoint::PATHS.into_iter().flat_map(of_upstream);
    Endpoint::PATHS.into_iter().flat_map(of).chain(upstream).collect()
}

/// The face as a service.
pub fn service(authority: Authority, settings: Settings) -> FaceService<OpenId> {
    FaceService::new(OpenId(Face { authority, settings }))
}

/// The face.
pub struct OpenId(Face);

impl Answers<Body> for OpenId {
    type Body = Body;

    async fn answer(&self, request: Request<Body>) -> Response {
        let face = &self.0;
        let (call, body) = Call::of(request);
        if let Some((realm, provider, endpoint)) = upstream::find(call.path()) {
            let answered = answered_of_upstream(face, &call, body, (&realm, &provider), endpoint).await;
            return answered.unwrap_or_else(|error| answer::refused(face, &error, endpoint.is_page(), None));
        }
        let Some((realm, endpoint)) = address::find(call.path()) else {
            // Somebody looks who names HTML: a browser that was given the address of the issuer, or a wrong one.
            let for_people = accept::names_html(call.headers());
            return answer::refused(face, &OpenIdError::NotFound, for_people, None);
        };
        let for_people = endpoint.is_page();
        let answered = answered(face, &call, body, &realm, endpoint).await;
        let mut response = answered.unwrap_or_else(|error| answer::refused(face, &error, for_people, None));
        if endpoint.is_read_by_scripts() {
            answer::let_scripts_read(&mut response);
        }
        if *call.method() == Method::HEAD {
            *response.body_mut() = Body::empty();
        }
        response
    }
}

async fn answered_of_upstream(
    face: &Face,
    call: &Call,
    body: Body,
    (realm, provider): (&str, &str),
    endpoint: UpstreamEndpoint,
) -> Result<Response, OpenIdError> {
    let realm = face.authority.realm_at(realm).await?.ok_or(OpenIdError::NotFound)?;
    upstream::answer(face, call, body, &NamedUpstream { realm: &realm, provider }, endpoint).await
}

async fn answered(
    face: &Face,
    call: &Call,
    body: Body,
    realm: &str,
    endpoint: Endpoint,
) -> Result<Response, OpenIdError> {
    let realm: Arc<Realm> = face.authority.realm_at(realm).await?.ok_or(OpenIdError::NotFound)?;
    if endpoint.is_registration() && !face.settings.registration {
        return Err(OpenIdError::NotFound);
    }
    if *call.method() == Method::OPTIONS && endpoint.is_read_by_scripts() {
        return Ok(answer::preflight(endpoint));
    }
    if !endpoint.allow().split(", ").any(|method| call.method() == method) {
        return Err(OpenIdError::NotAllowed(endpoint.allow()));
    }
    match endpoint {
        Endpoint::Discovery => programs::discovery(face, &realm).await,
        Endpoint::Keys => programs::keys(face, &realm).await,
        Endpoint::Authorize => authorize::answer(face, call, body, &realm).await,
        Endpoint::Push => programs::push(face, call, body, &realm).await,
        Endpoint::SignOn if *call.method() == Method::GET => sign_on::begin_again(face, call, &realm),
        Endpoint::SignOn => sign_on::submit(face, call, body, &realm).await,
        Endpoint::Choose => choose::submit(face, call, body, &realm).await,
        Endpoint::Consent => consent::submit(face, call, body, &realm).await,
        Endpoint::Applications => applications::answer(face, call, body, &realm).await,
        Endpoint::Token => programs::token(face, call, body, &realm).await,
        Endpoint::Introspect => programs::introspect(face, call, body, &realm).await,
        Endpoint::Revoke => programs::revoke(face, call, body, &realm).await,
        Endpoint::RevokeUser => global_revocation::answer(face, call, body, &realm).await,
        Endpoint::Userinfo => programs::userinfo(face, call, body, &realm).await,
        Endpoint::EndSession => logout::answer(face, call, body, &realm).await,
        Endpoint::SignOff if *call.method() == Method::GET => signed_off::moved(face, &realm),
        Endpoint::SignOff => logout::confirmed(face, call, body, &realm).await,
        Endpoint::SignedOff => signed_off::answer(face, call, &realm).await,
        Endpoint::Register => registration::register(face, call, body, &realm).await,
        Endpoint::Registered => registration::registered(face, call, body, &realm).await,
        Endpoint::CheckSession => session_management::frame(face, &realm),
    }
}
