//! faces/am: the sign-on and session APIs of ForgeRock / Ping AM, and the pages that go with them.
//!
//! Only this crate knows AM's words. It translates in, calls the authority once, translates out; it decides nothing
//! about who else ends and touches no store. Contract am.md; check ids A-… stand beside what keeps them.

#![warn(clippy::wildcard_enum_match_arm)]

mod address;
mod answer;
mod authenticate;
mod call;
mod caller;
mod cookies;
mod crest;
mod error;
mod face;
mod goto;
mod names;
mod pages;
mod serverinfo;
mod sessions;
mod settings;
mod users;
mod version;

use std::borrow::Cow;
use std::sync::Arc;

use adieu_authority::Authority;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::Request;

pub use settings::{SameSite, Settings, VersionDefault};

use crate::address::Resource;
use crate::answer::{Dress, Margin};
use crate::call::Call;
use crate::face::Face;

/// The whole face as a service: paths, fallback, headers and errors are its own.
///
/// It may be given whole paths or paths from which [`Settings::context_path`] was taken off.
pub fn service(authority: Authority, settings: Settings) -> Router {
    let face = Arc::new(Face::new(authority, settings));
    // By hand and not by routes: realms stand in front of the resource, tokens behind it, and axum's `get` would also
    // serve HEAD.
    Router::new().fallback(answer).with_state(face)
}

async fn answer(State(face): State<Arc<Face>>, request: Request<Body>) -> Response {
    let (call, body) = Call::of(request);
    let path = face.below_context(call.path()).to_owned();
    let segments = call::segments(&path);
    match segments.split_first() {
        Some((first, rest)) if first == "json" => json(&face, &call, body, rest).await,
        Some(_) | None => pages::answer(&face, &call, body, &segments).await,
    }
}

async fn json(face: &Face, call: &Call, body: Body, segments: &[Cow<'_, str>]) -> Response {
    if let Err(foreign) = caller::refuse_foreign(face, call) {
        return face.answer(Dress::Action, Margin::default(), Err(foreign));
    }
    let place = match address::find(&face.authority, segments, call).await {
        Ok(place) => place,
        Err(error) => return face.answer(Dress::Action, Margin::default(), Err(error)),
    };
    match place.resource {
        Resource::Sessions => sessions::answer(face, call, body, &place).await,
        Resource::Authenticate => authenticate::answer(face, call, body, &place).await,
        Resource::ServerInfo => serverinfo::answer(face, call, body, &place).await,
        Resource::Users => users::answer(face, call, body, &place).await,
    }
}
