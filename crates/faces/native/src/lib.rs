//! faces/native: our own API: the check that proxies ask before they let a request through, and in `admin` the API for
//! administrators.
//!
//! The check is for nginx's `auth_request`, Envoy's `ext_authz` and Traefik's `ForwardAuth`; `docs/forward-auth.md` has
//! their configurations. It translates: what is live is the authority's affair.
#![warn(clippy::wildcard_enum_match_arm)]

pub mod admin;
mod answer;
mod carriers;
mod check;
mod original;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use adieu_authority::Authority;
use axum::body::Body;
use axum::response::Response;
use http::Request;
use tower::Service;

use crate::check::Face;

/// How the check is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Path of the realm whose sessions let a request through; those of other realms are not live here.
    pub realm: String,
    /// Names of cookies that carry a session, in the order in which they are asked.
    pub cookie_names: Vec<String>,
    /// Names of headers that carry one, `X-Session-Token` and `Authorization` apart.
    pub header_names: Vec<String>,
    /// Where [`OR_SIGN_ON`] sends a browser that is not signed on; it gets `return_to`.
    pub sign_on_url: String,
    /// Whether a session of a user with a second factor lets nothing through before that was given.
    pub asks_second_factor: bool,
}

/// The check: 200, 401 or 503, and nothing else.
pub const CHECK: &str = "/ui/check";
/// The same, but a browser that is not signed on is sent to do so.
pub const OR_SIGN_ON: &str = "/ui/check-or-sign-on";

const MOUNTS: [(Mount, &str); 2] = [(Mount::Check, CHECK), (Mount::OrSignOn, OR_SIGN_ON)];

/// The paths of this face, each for every method and with anything below it.
pub fn paths() -> impl Iterator<Item = &'static str> {
    MOUNTS.into_iter().map(|(_, path)| path)
}

/// Whether a path is this face's: one of the two above, or below it. What stands below is the path that a proxy was
/// asked for, and does not matter.
#[must_use]
pub fn owns(path: &str) -> bool {
    mounted(path).is_some()
}

/// Which of the two a path is, and the rest of it.
fn mounted(path: &str) -> Option<(Mount, &str)> {
    MOUNTS.into_iter().find_map(|(mount, prefix)| {
        let rest = path.strip_prefix(prefix)?;
        (rest.is_empty() || rest.starts_with('/')).then_some((mount, rest))
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mount {
    Check,
    OrSignOn,
}

/// The face as a service.
pub fn service(authority: Authority, settings: Settings) -> Native {
    Native(Arc::new(Face::new(authority, settings)))
}

/// The face as a service. Any method is answered: proxies ask with the one that they were asked with.
#[derive(Clone)]
pub struct Native(Arc<Face>);

impl Service<Request<Body>> for Native {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(())) // It never waits for room.
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let face = self.0.clone();
        let (parts, _) = request.into_parts();
        Box::pin(async move { Ok(face.answer(&parts).await) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_proxy_was_asked_for_may_stand_below() {
        assert_eq!(mounted("/ui/check"), Some((Mount::Check, "")));
        assert_eq!(mounted("/ui/check/a/../b"), Some((Mount::Check, "/a/../b")));
        assert_eq!(mounted("/ui/check-or-sign-on/"), Some((Mount::OrSignOn, "/")));
        for path in ["/ui", "/ui/", "/ui/checks", "/ui/check-", "/x/ui/check", "/UI/check", ""] {
            assert!(!owns(path), "{path}");
        }
    }
}
