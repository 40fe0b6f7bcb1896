//! faces/am: the sign-on and session APIs of ForgeRock / Ping AM, and the pages that go with them.
//!
//! Only this crate knows AM's words. It translates in, calls the authority once, translates out; it decides nothing
//! about who else ends and touches no store. Contract am.md; check ids A-… stand beside what keeps them.

#![warn(clippy::wildcard_enum_match_arm)]

mod address;
mod answer;
mod authenticate;
mod beside;
mod call;
mod caller;
mod cookies;
mod cors;
mod crest;
mod error;
mod face;
mod goto;
mod names;
mod oauth;
mod oauth_refused;
mod pages;
mod realms;
mod routes;
mod serverinfo;
mod sessions;
mod settings;
mod users;
mod version;

use std::borrow::Cow;

use adieu_authority::Authority;
use adieu_http_kit::service::{Answers, FaceService};
use axum::body::Body;
use axum::response::Response;
use http::{Method, Request};

pub use routes::routes;
pub use settings::{SameSite, Settings, VersionDefault};

use crate::address::Resource;
use crate::answer::{Extras, HeaderSet};
use crate::call::Call;
use crate::cors::Cors;
use crate::face::Face;

/// The whole face as a service: paths, fallback, headers and errors are its own.
///
/// It may be given whole paths or paths from which [`Settings::context_path`] was taken off.
pub fn service(authority: Authority, settings: Settings) -> FaceService<Am> {
    FaceService::new(Am(Face::new(authority, settings)))
}

/// The face. By hand and not by routes: realms stand in front of the resource, tokens behind it, and a
/// router's `get` would also serve HEAD.
pub struct Am(Face);

impl Am {
    /// The issuer of the realm of a path.
    pub fn issuer(&self, realm: &str) -> String {
        oauth::provider::issuer(&self.0, realm)
    }

    /// The path of the sessions of the realm of a path.
    pub fn sessions_path(&self, realm: &str) -> String {
        format!("{}/sessions", oauth::provider::below(&self.0, "json", realm))
    }
}

impl Answers<Body> for Am {
    type Body = Body;

    async fn answer(&self, request: Request<Body>) -> Response {
        answer(&self.0, request).await
    }
}

async fn answer(face: &Face, request: Request<Body>) -> Response {
    let (call, body) = Call::of(request);
    let segments = call::segments(face.below_context(call.path()));
    match segments.split_first() {
        Some((first, _)) if first == "json" || first == "oauth2" => {
            of_origin(face, &call, body, &segments).await
        }
        Some(_) | None => pages::answer(face, &call, body, &segments).await,
    }
}

/// The APIs as scripts of other origins see them.
async fn of_origin(face: &Face, call: &Call, body: Body, segments: &[Cow<'_, str>]) -> Response {
    let Some(let_in) = face.cors.let_in(call.headers()) else {
        return api(face, call, body, segments).await;
    };
    let mut response = if cors::is_preflight(call) {
        let mut response = face.answer(HeaderSet::Action, Extras::default(), Ok(Vec::new()));
        face.cors.permit(&mut response);
        response
    } else {
        api(face, call, body, segments).await
    };
    Cors::admit(&mut response, &let_in);
    response
}

async fn api(face: &Face, call: &Call, body: Body, segments: &[Cow<'_, str>]) -> Response {
    match segments.split_first() {
        Some((first, rest)) if first == "oauth2" => oauth::answer(face, call, body, rest).await,
        Some((_, rest)) => json(face, call, body, rest).await,
        None => json(face, call, body, &[]).await,
    }
}

async fn json(face: &Face, call: &Call, body: Body, segments: &[Cow<'_, str>]) -> Response {
    if let Err(foreign) = caller::refuse_foreign(face, call) {
        return face.answer(HeaderSet::Action, Extras::of(call), Err(foreign));
    }
    let addressed = match address::find(&face.authority, segments, call).await {
        Ok(addressed) => addressed,
        Err(error) => return face.answer(HeaderSet::Action, Extras::of(call), Err(error)),
    };
    let mut extras = match addressed.resource {
        Resource::Authenticate => Extras::default(), // It is never indented.
        Resource::Sessions | Resource::ServerInfo | Resource::Users => Extras::of(call),
    };
    let result = match addressed.resource {
        Resource::Sessions => sessions::answer(face, call, body, &addressed, &mut extras).await,
        Resource::Authenticate => authenticate::answer(face, call, body, &addressed, &mut extras).await,
        Resource::ServerInfo => serverinfo::answer(face, call, body, &addressed, &mut extras).await,
        Resource::Users => users::answer(face, call, body, &addressed, &mut extras).await,
    };
    let header_set = match addressed.resource {
        Resource::Authenticate => HeaderSet::Authenticate,
        Resource::ServerInfo => HeaderSet::Read,
        Resource::Sessions if *call.method() == Method::GET => HeaderSet::Read,
        Resource::Sessions | Resource::Users => HeaderSet::Action,
    };
    face.answer(header_set, extras, result)
}
