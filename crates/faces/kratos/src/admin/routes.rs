//! The routes of the admin API. `/admin` before a path may be there or not, once. Contract kratos.md 0.1; K-59.
//!
//! Nothing here looks at a query or a body.

use axum::http::Method;

/// What answers a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint<'p> {
    Alive,
    Ready,
    Version,
    Sessions,
    ManageSessions,
    Session(&'p str),
    EndSession(&'p str),
    ExtendSession(&'p str),
    SessionsOf(&'p str),
    EndSessionsOf(&'p str),
    Identities,
    CreateIdentity,
    CreateIdentities,
    Identity(&'p str),
    IdentityExternal(&'p str),
    ReplaceIdentity(&'p str),
    PatchIdentity(&'p str),
    RemoveIdentity(&'p str),
    RemoveCredential(&'p str, &'p str),
}

/// What a path and method lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route<'p> {
    To(Endpoint<'p>),
    /// It is served by the public listener, under this path.
    Public(&'p str),
    /// The methods that the path has, sorted.
    OtherMethods(&'static str),
    Nowhere,
}

const READ: &str = "GET, HEAD";

pub(super) fn route<'p>(path: &'p str, method: &Method) -> Route<'p> {
    let path = path.strip_prefix("/admin").filter(|rest| rest.starts_with('/')).unwrap_or(path);
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let named = segments.iter().all(|segment| !segment.is_empty());
    match segments[..] {
        ["self-service" | "schemas", ..] => Route::Public(path),
        ["health", "alive"] => read(method, Endpoint::Alive),
        ["health", "ready"] => read(method, Endpoint::Ready),
        ["version"] => read(method, Endpoint::Version),
        _ if !named => Route::Nowhere,
        ["sessions", ref rest @ ..] => of_sessions(path, rest, method),
        ["identities", ref rest @ ..] => of_identities(rest, method),
        _ => Route::Nowhere,
    }
}

fn read<'p>(method: &Method, endpoint: Endpoint<'p>) -> Route<'p> {
    if reads(method) { Route::To(endpoint) } else { Route::OtherMethods(READ) }
}

fn reads(method: &Method) -> bool {
    *method == Method::GET || *method == Method::HEAD
}

fn of_sessions<'p>(path: &'p str, rest: &[&'p str], method: &Method) -> Route<'p> {
    match *rest {
        [] if reads(method) => Route::To(Endpoint::Sessions),
        [] if *method == Method::POST => Route::To(Endpoint::ManageSessions),
        // Quirk: ending all of one's own is the public listener's.
        [] if *method == Method::DELETE => Route::Public(path),
        [] => Route::OtherMethods("DELETE, GET, HEAD, POST"),
        ["whoami"] if reads(method) => Route::Public(path),
        [id] if reads(method) => Route::To(Endpoint::Session(id)),
        [id] if *method == Method::DELETE => Route::To(Endpoint::EndSession(id)),
        [_] => Route::OtherMethods("DELETE, GET, HEAD"),
        [id, "extend"] if *method == Method::PATCH => Route::To(Endpoint::ExtendSession(id)),
        [_, "extend"] => Route::OtherMethods("PATCH"),
        _ => Route::Nowhere,
    }
}

fn of_identities<'p>(rest: &[&'p str], method: &Method) -> Route<'p> {
    match *rest {
        [] if reads(method) => Route::To(Endpoint::Identities),
        [] if *method == Method::POST => Route::To(Endpoint::CreateIdentity),
        [] if *method == Method::PATCH => Route::To(Endpoint::CreateIdentities),
        [] => Route::OtherMethods("GET, HEAD, PATCH, POST"),
        ["by", "external", id] => read(method, Endpoint::IdentityExternal(id)),
        [id] if reads(method) => Route::To(Endpoint::Identity(id)),
        [id] if *method == Method::PUT => Route::To(Endpoint::ReplaceIdentity(id)),
        [id] if *method == Method::PATCH => Route::To(Endpoint::PatchIdentity(id)),
        [id] if *method == Method::DELETE => Route::To(Endpoint::RemoveIdentity(id)),
        [_] => Route::OtherMethods("DELETE, GET, HEAD, PATCH, PUT"),
        [id, "sessions"] if reads(method) => Route::To(Endpoint::SessionsOf(id)),
        [id, "sessions"] if *method == Method::DELETE => Route::To(Endpoint::EndSessionsOf(id)),
        [_, "sessions"] => Route::OtherMethods("DELETE, GET, HEAD"),
        [id, "credentials", kind] if *method == Method::DELETE => {
            Route::To(Endpoint::RemoveCredential(id, kind))
        }
        [_, "credentials", _] => Route::OtherMethods("DELETE"),
        _ => Route::Nowhere,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_may_be_there_once() {
        assert_eq!(route("/admin/sessions", &Method::GET), Route::To(Endpoint::Sessions));
        assert_eq!(route("/sessions", &Method::GET), Route::To(Endpoint::Sessions));
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
        assert_eq!(route("/sessions/whoami", &Method::DELETE), Route::To(Endpoint::EndSession("whoami")));
    }
}
