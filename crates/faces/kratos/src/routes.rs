//! The routes of the public API, their methods, and which paths the anti-forgery rule leaves alone.
//!
//! A table and not a router, because three of its rules belong to Kratos: the order of `Allow`, the refusal of unsafe
//! methods before routing, and the redirect of unclean paths. Contract kratos.md 0.1 and 0.6.

use adieu_http_kit::table::{self, Parameters, RouteRow, Routed};
use axum::http::Method;

/// What answers a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Whoami,
    Sessions,
    EndOthers,
    EndOne,
    Schemas,
    Schema,
    ChangePassword,
    PasskeyScript,
    TokenExchange,
    LogoutCreate,
    Logout,
    NativeLogout,
    LoginBrowser,
    LoginNative,
    LoginFetch,
    LoginSubmit,
    SettingsBrowser,
    SettingsNative,
    SettingsFetch,
    SettingsSubmit,
    RegistrationBrowser,
    RegistrationNative,
    RegistrationFetch,
    RegistrationSubmit,
    RecoveryBrowser,
    RecoveryNative,
    RecoveryFetch,
    RecoveryFollow,
    RecoverySubmit,
    Errors,
    Alive,
    Ready,
    LoginPage,
    SettingsPage,
    RegistrationPage,
    RecoveryPage,
    ErrorPage,
    StatusPage,
}

/// What a path and method lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route<'p> {
    To(Endpoint, Parameters<'p>),
    /// It is served by the admin listener, under this path.
    Admin(String),
    /// The methods that the path has, sorted.
    OtherMethods(String),
    Nowhere,
}

const READ: &str = "GET HEAD";
/// Gateways forward the method of the request they ask about (K-25).
const ANY: &str = "GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT";

pub(crate) static ROUTES: [RouteRow<Endpoint>; 39] = [
    (ANY, "/sessions/whoami", Endpoint::Whoami),
    (READ, "/sessions/token-exchange", Endpoint::TokenExchange),
    (READ, "/sessions", Endpoint::Sessions),
    ("DELETE", "/sessions", Endpoint::EndOthers),
    ("DELETE", "/sessions/{session}", Endpoint::EndOne),
    (READ, "/schemas", Endpoint::Schemas),
    (READ, "/schemas/{schema}", Endpoint::Schema),
    (READ, "/self-service/logout/browser", Endpoint::LogoutCreate),
    ("GET", "/self-service/logout", Endpoint::Logout), // Q11: HEAD does not sign off; link checkers must not end sessions.
    ("DELETE", "/self-service/logout/api", Endpoint::NativeLogout),
    (READ, "/self-service/login/browser", Endpoint::LoginBrowser),
    (READ, "/self-service/login/api", Endpoint::LoginNative),
    (READ, "/self-service/login/flows", Endpoint::LoginFetch),
    ("GET HEAD POST", "/self-service/login", Endpoint::LoginSubmit), // Quirk: a GET is a submission without a body.
    (READ, "/self-service/registration/browser", Endpoint::RegistrationBrowser),
    (READ, "/self-service/registration/api", Endpoint::RegistrationNative),
    (READ, "/self-service/registration/flows", Endpoint::RegistrationFetch),
    ("GET HEAD POST", "/self-service/registration", Endpoint::RegistrationSubmit),
    (READ, "/self-service/settings/browser", Endpoint::SettingsBrowser),
    (READ, "/self-service/settings/api", Endpoint::SettingsNative),
    (READ, "/self-service/settings/flows", Endpoint::SettingsFetch),
    ("GET HEAD POST", "/self-service/settings", Endpoint::SettingsSubmit),
    (READ, "/self-service/recovery/browser", Endpoint::RecoveryBrowser),
    (READ, "/self-service/recovery/api", Endpoint::RecoveryNative),
    (READ, "/self-service/recovery/flows", Endpoint::RecoveryFetch),
    ("GET", "/self-service/recovery", Endpoint::RecoveryFollow), // HEAD uses no link up, as it signs nobody off.
    ("POST", "/self-service/recovery", Endpoint::RecoverySubmit),
    (READ, "/.well-known/change-password", Endpoint::ChangePassword),
    (READ, "/.well-known/ory/webauthn.js", Endpoint::PasskeyScript),
    (READ, "/self-service/errors", Endpoint::Errors),
    (READ, "/self-service/error", Endpoint::Errors),
    (READ, "/health/alive", Endpoint::Alive),
    (READ, "/health/ready", Endpoint::Ready),
    (READ, "/self-service/ui/login", Endpoint::LoginPage),
    (READ, "/self-service/ui/settings", Endpoint::SettingsPage),
    (READ, "/self-service/ui/registration", Endpoint::RegistrationPage),
    (READ, "/self-service/ui/recovery", Endpoint::RecoveryPage),
    (READ, "/self-service/ui/error", Endpoint::ErrorPage),
    (READ, "/self-service/ui/status", Endpoint::StatusPage),
];

/// Methods that `Allow` names, and that are refused all the same.
const NAMED_TOO: [(&str, &str); 3] = [
    // Quirk: the address of one session has a DELETE, and this path has its form. K-43
    ("/sessions/token-exchange", "DELETE"),
    ("/self-service/logout", "HEAD"),
    ("/self-service/recovery", "HEAD"),
];

pub(crate) fn route<'p>(path: &'p str, method: &Method) -> Route<'p> {
    match table::find(&ROUTES, path, method) {
        Routed::To(endpoint, named) => Route::To(endpoint, named),
        Routed::OtherMethods(path) => Route::OtherMethods(table::allow(&ROUTES, path, &NAMED_TOO)),
        Routed::Nowhere => elsewhere(path),
    }
}

fn elsewhere(path: &str) -> Route<'_> {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match segments[..] {
        ["identities", ..] => Route::Admin(format!("/admin{path}")),
        ["admin", "identities", ..] => Route::Admin(path.to_owned()),
        _ => Route::Nowhere,
    }
}

/// Whether a method can't change anything, and so can't be forged.
pub(crate) fn is_safe(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE].contains(method)
}

/// Paths that set and check no anti-forgery cookie; flows check theirs inside.
pub(crate) fn is_exempt(path: &str) -> bool {
    let under =
        |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    // `/sessions`, one segment below it, and that one's `extend`. K-26
    let sessions = || {
        let rest = path.strip_prefix("/sessions");
        let below = rest
            .and_then(|rest| rest.strip_prefix('/'))
            .map(|rest| rest.strip_suffix("/extend").unwrap_or(rest));
        rest == Some("") || below.is_some_and(|id| !id.contains('/'))
    };
    let flow_of =
        |rest: &str| ["login", "registration", "settings", "recovery", "verification"].contains(&rest);
    match path.strip_prefix("/self-service/") {
        Some(rest) if flow_of(rest) => true,
        Some(rest) => {
            let native = rest.strip_suffix("/api");
            native.is_some_and(|flow| flow_of(flow) || flow == "logout")
        }
        None => {
            // The list of schemas is not exempt, one of them is; and of the admin paths only this one.
            let schema = path.strip_prefix("/schemas/").is_some_and(|id| !id.is_empty());
            sessions() || schema || is_plain(path) || under("/identities") || path == "/admin/identities"
        }
    }
}

/// Paths that answer about the server and not to a browser: nothing of them varies with a cookie.
pub(crate) fn is_plain(path: &str) -> bool {
    ["/health/alive", "/health/ready", "/version", "/metrics/prometheus"].contains(&path)
}

/// The path without empty, `.` and `..` segments, if it has any.
pub(crate) fn cleaned(path: &str) -> Option<String> {
    let odd = path.contains("//") || path.split('/').any(|segment| segment == "." || segment == "..");
    if !odd {
        return None;
    }
    let mut clean: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    let end = if path.ends_with('/') && !clean.is_empty() { "/" } else { "" };
    Some(format!("/{}{end}", clean.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unclean_paths_have_a_clean_form() {
        assert_eq!(cleaned("//self-service/logout").as_deref(), Some("/self-service/logout"));
        assert_eq!(cleaned("/a/./b/").as_deref(), Some("/a/b/"));
        assert_eq!(cleaned("/a/../../b").as_deref(), Some("/b"));
        assert_eq!(cleaned("/a/b"), None);
    }

    #[test]
    fn the_anti_forgery_rule_spares_what_checks_itself() {
        for path in [
            "/sessions/whoami",
            "/sessions",
            "/self-service/login",
            "/self-service/login/api",
            "/health/alive",
        ] {
            assert!(is_exempt(path), "{path}");
        }
        for path in [
            "/self-service/logout",
            "/self-service/login/browser",
            "/self-service/nothing/api",
            "/sessionsx",
            "/",
        ] {
            assert!(!is_exempt(path), "{path}");
        }
    }

    /// Goal: K-25, unknown methods are 405. Q11: HEAD signs nobody off.
    #[test]
    fn methods_that_do_not_exist_lead_nowhere() {
        let brew = Method::from_bytes(b"BREW").expect("a method");
        assert!(matches!(route("/sessions/whoami", &brew), Route::OtherMethods(_)));
        assert_eq!(route("/self-service/logout", &Method::HEAD), Route::OtherMethods("GET, HEAD".into()));
        assert_eq!(route("/version", &Method::GET), Route::Nowhere);
    }
}
