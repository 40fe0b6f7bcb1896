//! faces/check: what proxies ask before they let a request through.
//!
//! It is for nginx's `auth_request`, Envoy's `ext_authz` and Traefik's `ForwardAuth`; `docs/forward-auth.md` has
//! their configurations. It translates: what is live is the authority's affair.
#![warn(clippy::wildcard_enum_match_arm)]

mod answer;
mod carriers;
mod check;
mod original;

use adieu_authority::Authority;
use adieu_http_kit::cookies::SessionCookieName;
use adieu_http_kit::service::{Answers, FaceService};
use axum::body::Body;
use axum::response::Response;
use http::Request;

use crate::check::Face;

/// How the check is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Path of the realm whose sessions let a request through; those of other realms are not live here.
    pub realm: String,
    /// Names of cookies that carry a session, in the order in which they are asked.
    pub cookie_names: Vec<SessionCookieName>,
    /// Names of headers that carry one, `X-Session-Token` and `Authorization` apart.
    pub header_names: Vec<String>,
    /// Where a browser that is not signed on may do so; it gets `return_to`.
    pub sign_on_url: String,
    /// Whether a browser's question before a request of another origin passes, whoever is signed on.
    pub preflights_pass: bool,
    /// Whether trusted proxies ask by `GET` about every request and say its method themselves.
    pub method_forwarded: bool,
}

/// The check: 200, 401 or 503, and nothing else. A browser on the way to a page gets the address of the sign-on with its 401.
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
pub fn service(authority: Authority, settings: Settings) -> FaceService<ProxyCheck> {
    FaceService::new(ProxyCheck(Face::new(authority, settings)))
}

/// The face. Any method is answered: proxies ask with the one that they were asked with.
pub struct ProxyCheck(Face);

impl Answers<Body> for ProxyCheck {
    type Body = Body;

    async fn answer(&self, request: Request<Body>) -> Response {
        let (parts, _) = request.into_parts();
        self.0.answer(&parts).await
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
