//! faces/pages: our own pages, of no dialect. The front page says who is signed on, what every dialect says of the session, and
//! offers to sign on and off.
//!
//! It translates: what is live is the authority's affair, and what a dialect says is asked of that dialect.
#![warn(clippy::wildcard_enum_match_arm)]

mod answer;
mod carried;
mod face;
mod front;
mod settings;
mod sign_off;

use adieu_authority::Authority;
use adieu_http_kit::accept;
use adieu_http_kit::service::{Answers, FaceService};
use adieu_http_kit::table::{self, RouteRow, Routed};
use axum::body::Body;
use axum::response::Response;
use http::{Method, Request};

pub use settings::{
    AddressOfRealm, AskDialects, DialectAnswer, DialectAnswers, FRONT, NamedAddress, SIGN_OFF, Settings,
};

use crate::face::Face;

/// Whether a request is for these pages. The front page is for whoever does not prefer JSON; other requests of its address are
/// not for them.
#[must_use]
pub fn owns<B>(request: &Request<B>) -> bool {
    let reads = [Method::GET, Method::HEAD].contains(request.method());
    match request.uri().path() {
        FRONT => reads && !accept::wants_json(request.headers()),
        path => table::find(&TABLE, path, request.method()) != Routed::Nowhere,
    }
}

/// What answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endpoint {
    Front,
    /// Where the form goes, asked for without it.
    NoForm,
    SignOff,
}

/// The routes.
static TABLE: [RouteRow<Endpoint>; 3] = [
    ("GET HEAD", FRONT, Endpoint::Front),
    ("GET HEAD", SIGN_OFF, Endpoint::NoForm),
    ("POST", SIGN_OFF, Endpoint::SignOff),
];

/// Every route, as method and path.
pub fn routes() -> impl Iterator<Item = (&'static str, &'static str)> {
    table::each(&TABLE)
}

/// The face as a service.
pub fn service(authority: Authority, settings: Settings) -> FaceService<OwnPages> {
    FaceService::new(OwnPages(Face { authority, settings }))
}

/// The face.
pub struct OwnPages(Face);

impl Answers<Body> for OwnPages {
    type Body = Body;

    async fn answer(&self, request: Request<Body>) -> Response {
        let (parts, body) = request.into_parts();
        let mut response = match table::find(&TABLE, parts.uri.path(), &parts.method) {
            Routed::To(Endpoint::Front, _) => front::show(&self.0, &parts).await,
            Routed::To(Endpoint::NoForm, _) => answer::see_other(FRONT),
            Routed::To(Endpoint::SignOff, _) => sign_off::submit(&self.0, &parts, body).await,
            Routed::OtherMethods(path) => answer::other_methods(&table::allow(&TABLE, path, &[])),
            Routed::Nowhere => answer::nowhere(),
        };
        if parts.method == Method::HEAD {
            *response.body_mut() = Body::empty();
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(method: &str, path: &str, accept: &str) -> bool {
        owns(&Request::builder().method(method).uri(path).header("accept", accept).body(()).unwrap())
    }

    #[test]
    fn the_front_page_is_for_whoever_reads_pages() {
        for accept in ["text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "*/*", "", "text/plain"] {
            assert!(owned("GET", "/", accept) && owned("HEAD", "/?realm=/alpha", accept), "{accept}");
        }
        assert!(!owned("GET", "/", "application/json"));
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            assert!(!owned(method, "/", "*/*"), "{method}");
            assert!(owned(method, "/ui/sign-off", "*/*"), "{method}");
        }
        for path in ["//", "/ui", "/ui/", "/ui/sign-off/", "/auth", "/ui/sign-offs"] {
            assert!(!owned("GET", path, "*/*"), "{path}");
        }
    }
}
