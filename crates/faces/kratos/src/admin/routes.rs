//! The routes of the admin API. `/admin` before a path may be there or not, once. Contract kratos.md 0.1; K-59.
//!
//! Nothing here looks at a query or a body.

use adieu_http_kit::table::{self, Parameters, RouteRow, Routed};
use axum::http::Method;

/// What answers a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AdminEndpoint {
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
    RecoveryCode,
    RecoveryLink,
}

/// What a path and method lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AdminRoute<'p> {
    To(AdminEndpoint, Parameters<'p>),
    /// It is served by the public listener, under this path.
    Public(&'p str),
    /// The methods that the path has, sorted.
    OtherMethods(String),
    Nowhere,
}

const READ: &str = "GET HEAD";

pub(super) static ROUTES: [RouteRow<AdminEndpoint>; 21] = [
    (READ, "/health/alive", AdminEndpoint::Alive),
    (READ, "/health/ready", AdminEndpoint::Ready),
    (READ, "/version", AdminEndpoint::Version),
    (READ, "/sessions", AdminEndpoint::Sessions),
    ("POST", "/sessions", AdminEndpoint::ManageSessions),
    (READ, "/sessions/{session}", AdminEndpoint::Session),
    ("DELETE", "/sessions/{session}", AdminEndpoint::EndSession),
    ("PATCH", "/sessions/{session}/extend", AdminEndpoint::ExtendSession),
    (READ, "/identities", AdminEndpoint::Identities),
    ("POST", "/identities", AdminEndpoint::CreateIdentity),
    ("PATCH", "/identities", AdminEndpoint::CreateIdentities),
    (READ, "/identities/by/external/{identity}", AdminEndpoint::IdentityExternal),
    (READ, "/identities/{identity}", AdminEndpoint::Identity),
    ("PUT", "/identities/{identity}", AdminEndpoint::ReplaceIdentity),
    ("PATCH", "/identities/{identity}", AdminEndpoint::PatchIdentity),
    ("DELETE", "/identities/{identity}", AdminEndpoint::RemoveIdentity),
    (READ, "/identities/{identity}/sessions", AdminEndpoint::SessionsOf),
    ("DELETE", "/identities/{identity}/sessions", AdminEndpoint::EndSessionsOf),
    ("DELETE", "/identities/{identity}/credentials/{kind}", AdminEndpoint::RemoveCredential),
    ("POST", "/recovery/code", AdminEndpoint::RecoveryCode),
    ("POST", "/recovery/link", AdminEndpoint::RecoveryLink),
];

pub(super) fn route<'p>(path: &'p str, method: &Method) -> AdminRoute<'p> {
    let path = path.strip_prefix("/admin").filter(|rest| rest.starts_with('/')).unwrap_or(path);
    if is_public(path, method) {
        return AdminRoute::Public(path);
    }
    match table::find(&ROUTES, path, method) {
        Routed::To(endpoint, named) => AdminRoute::To(endpoint, named),
        // Ending all of one's own is the public listener's, and `Allow` names it here.
        Routed::OtherMethods(path) => {
            AdminRoute::OtherMethods(table::allow(&ROUTES, path, &[("/sessions", "DELETE")]))
        }
        Routed::Nowhere => AdminRoute::Nowhere,
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
        assert_eq!(route("/admin/sessions", &Method::GET), AdminRoute::To(AdminEndpoint::Sessions, ["", ""]));
        assert_eq!(route("/sessions", &Method::GET), AdminRoute::To(AdminEndpoint::Sessions, ["", ""]));
        for path in
            ["/admin/admin/sessions", "/", "/admin", "/administrators", "/sessions/", "/identities//x"]
        {
            assert_eq!(route(path, &Method::GET), AdminRoute::Nowhere, "{path}");
        }
    }

    #[test]
    fn what_belongs_to_the_public_listener_is_sent_there() {
        assert_eq!(route("/admin/sessions/whoami", &Method::GET), AdminRoute::Public("/sessions/whoami"));
        assert_eq!(
            route("/admin/self-service/login/api", &Method::POST),
            AdminRoute::Public("/self-service/login/api")
        );
        assert_eq!(
            route("/sessions/whoami", &Method::DELETE),
            AdminRoute::To(AdminEndpoint::EndSession, ["whoami", ""])
        );
    }
}
