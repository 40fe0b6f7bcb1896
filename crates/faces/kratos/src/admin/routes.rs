//! The routes of the admin API. `/admin` before a path may be there or not, once. Contract kratos.md 0.1; K-59.
//!
//! Nothing here looks at a query or a body.

use adieu_http_kit::table::{self, Parameters, RouteRow, Routed};
use axum::http::Method;

/// What answers a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Alive,
    Ready,
    Version,
    Sessions,
    ManageSessions,
    Session,
    EndSession,
    ExtendSession,
    SessionsOf,
    EndSessionsOf,
    Identities,
    CreateIdentity,
    CreateIdentities,
    Identity,
    IdentityExternal,
    ReplaceIdentity,
    PatchIdentity,
    RemoveIdentity,
    RemoveCredential,
}

/// What a path and method lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route<'p> {
    To(Endpoint, Parameters<'p>),
    /// It is served by the public listener, under this path.
    Public(&'p str),
    /// The methods that the path has, sorted.
    OtherMethods(String),
    Nowhere,
}

const READ: &str = "GET HEAD";

pub(super) static ROUTES: [RouteRow<Endpoint>; 19] = [
    (READ, "/health/alive", Endpoint::Alive),
    (READ, "/health/ready", Endpoint::Ready),
    (READ, "/version", Endpoint::Version),
    (READ, "/sessions", Endpoint::Sessions),
    ("POST", "/sessions", Endpoint::ManageSessions),
    (READ, "/sessions/{session}", Endpoint::Session),
    ("DELETE", "/sessions/{session}", Endpoint::EndSession),
    ("PATCH", "/sessions/{session}/extend", Endpoint::ExtendSession),
    (READ, "/identities", Endpoint::Identities),
    ("POST", "/identities", Endpoint::CreateIdentity),
    ("PATCH", "/identities", Endpoint::CreateIdentities),
    (READ, "/identities/by/external/{identity}", Endpoint::IdentityExternal),
    (READ, "/identities/{identity}", Endpoint::Identity),
    ("PUT", "/identities/{identity}", Endpoint::ReplaceIdentity),
    ("PATCH", "/identities/{identity}", Endpoint::PatchIdentity),
    ("DELETE", "/identities/{identity}", Endpoint::RemoveIdentity),
    (READ, "/identities/{identity}/sessions", Endpoint::SessionsOf),
    ("DELETE", "/identities/{identity}/sessions", Endpoint::EndSessionsOf),
    ("DELETE", "/identities/{identity}/credentials/{kind}", Endpoint::RemoveCredential),
];

pub(super) fn route<'p>(path: &'p str, method: &Method) -> Route<'p> {
    let path = path.strip_prefix("/admin").filter(|rest| rest.starts_with('/')).unwrap_or(path);
    if is_public(path, method) {
        return Route::Public(path);
    }
    match table::find(&ROUTES, path, method) {
        Routed::To(endpoint, named) => Route::To(endpoint, named),
        // Ending all of one's own is the public listener's, and `Allow` names it here.
        Routed::OtherMethods(path) => {
            Route::OtherMethods(table::allow(&ROUTES, path, &[("/sessions", "DELETE")]))
        }
        Routed::Nowhere => Route::Nowhere,
    }
}

/// What belongs to the public listener.
fn is_public(path: &str, method: &Method) -> bool {
    let under =
        |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let reads = *method == Method::GET || *method == Method::HEAD;
    under("/self-service")
        || under("/schemas")
        || (path == "/sessions" && *method == Method::DELETE) // Quirk: ending all of one's own.
        || (path == "/sessions/whoami" && reads)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_may_be_there_once() {
        assert_eq!(route("/admin/sessions", &Method::GET), Route::To(Endpoint::Sessions, ["", ""]));
        assert_eq!(route("/sessions", &Method::GET), Route::To(Endpoint::Sessions, ["", ""]));
        for path in
            ["/admin/admin/sessions", "/", "/admin", "/administrators", "/sessions/", "/identities//x"]
        {
            assert_eq!(route(path, &Method::GET), Route::Nowhere, "{path}");
        }
    }

    #[test]
    fn what_belongs_to_the_public_listener_is_sent_there() {
        assert_eq!(route("/admin/sessions/whoami", &Method::GET), Route::Public("/sessions/whoami"));
        assert_eq!(
            route("/admin/self-service/login/api", &Method::POST),
            Route::Public("/self-service/login/api")
        );
        assert_eq!(
            route("/sessions/whoami", &Method::DELETE),
            Route::To(Endpoint::EndSession, ["whoami", ""])
        );
    }
}
