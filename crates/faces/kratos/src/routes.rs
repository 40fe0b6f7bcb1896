//! The routes of the public API, their methods, and which paths the anti-forgery rule leaves alone.
//!
//! A table and not a router, because three of its rules belong to Kratos: the order of `Allow`, the refusal of unsafe
//! methods before routing, and the redirect of unclean paths. Contract kratos.md 0.1 and 0.6.

use axum::http::Method;

use crate::other_flows::OtherFlow;

/// What answers a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint<'p> {
    Whoami,
    Sessions,
    EndOthers,
    EndOne(&'p str),
    Schemas,
    Schema(&'p str),
    BrowserFlow(OtherFlow),
    NativeFlow(OtherFlow),
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
    Errors,
    Alive,
    Ready,
    LoginPage,
    SettingsPage,
    ErrorPage,
    StatusPage,
}

/// What a path and method lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route<'p> {
    To(Endpoint<'p>),
    /// It is served by the admin listener, under this path.
    Admin(String),
    /// The methods that the path has, sorted.
    OtherMethods(&'static str),
    Nowhere,
}

const READ: &str = "GET, HEAD";

pub(crate) fn route<'p>(path: &'p str, method: &Method) -> Route<'p> {
    let reads = *method == Method::GET || *method == Method::HEAD;
    let read = |endpoint| if reads { Route::To(endpoint) } else { Route::OtherMethods(READ) };
    match path {
        "/sessions/whoami" => match whoami_takes(method) {
            true => Route::To(Endpoint::Whoami),
            false => Route::OtherMethods("CONNECT, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE"),
        },
        // Quirk: the address of one session has a DELETE, and this path has its form. K-43
        "/sessions/token-exchange" if reads => Route::To(Endpoint::TokenExchange),
        "/sessions/token-exchange" => Route::OtherMethods("DELETE, GET, HEAD"),
        "/sessions" if reads => Route::To(Endpoint::Sessions),
        "/sessions" if *method == Method::DELETE => Route::To(Endpoint::EndOthers),
        "/sessions" => Route::OtherMethods("DELETE, GET, HEAD"),
        "/schemas" => read(Endpoint::Schemas),
        "/self-service/logout/browser" => read(Endpoint::LogoutCreate),
        // Q11: HEAD does not sign off; link checkers must not end sessions.
        "/self-service/logout" if *method == Method::GET => Route::To(Endpoint::Logout),
        "/self-service/logout" => Route::OtherMethods(READ),
        "/self-service/logout/api" if *method == Method::DELETE => Route::To(Endpoint::NativeLogout),
        "/self-service/logout/api" => Route::OtherMethods("DELETE"),
        "/self-service/login/browser" => read(Endpoint::LoginBrowser),
        "/self-service/login/api" => read(Endpoint::LoginNative),
        "/self-service/login/flows" => read(Endpoint::LoginFetch),
        // Quirk: a GET is a submission without a body.
        "/self-service/login" if reads || *method == Method::POST => Route::To(Endpoint::LoginSubmit),
        "/self-service/login" => Route::OtherMethods("GET, HEAD, POST"),
        "/self-service/registration/browser" => read(Endpoint::BrowserFlow(OtherFlow::Registration)),
        "/self-service/registration/api" => read(Endpoint::NativeFlow(OtherFlow::Registration)),
        "/self-service/settings/browser" => read(Endpoint::SettingsBrowser),
        "/self-service/settings/api" => read(Endpoint::SettingsNative),
        "/self-service/settings/flows" => read(Endpoint::SettingsFetch),
        "/self-service/settings" if reads || *method == Method::POST => Route::To(Endpoint::SettingsSubmit),
        "/self-service/settings" => Route::OtherMethods("GET, HEAD, POST"),
        "/self-service/recovery/browser" => read(Endpoint::BrowserFlow(OtherFlow::Recovery)),
        "/self-service/recovery/api" => read(Endpoint::NativeFlow(OtherFlow::Recovery)),
        "/.well-known/change-password" => read(Endpoint::ChangePassword),
        "/.well-known/ory/webauthn.js" => read(Endpoint::PasskeyScript),
        "/self-service/errors" | "/self-service/error" => read(Endpoint::Errors),
        "/health/alive" => read(Endpoint::Alive),
        "/health/ready" => read(Endpoint::Ready),
        "/self-service/ui/login" => read(Endpoint::LoginPage),
        "/self-service/ui/settings" => read(Endpoint::SettingsPage),
        "/self-service/ui/error" => read(Endpoint::ErrorPage),
        "/self-service/ui/status" => read(Endpoint::StatusPage),
        _ => below(path, method),
    }
}

/// Paths with a name in them.
fn below<'p>(path: &'p str, method: &Method) -> Route<'p> {
    let reads = *method == Method::GET || *method == Method::HEAD;
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match segments[..] {
        ["sessions", id] if !id.is_empty() && *method == Method::DELETE => Route::To(Endpoint::EndOne(id)),
        ["sessions", id] if !id.is_empty() => Route::OtherMethods("DELETE"),
        ["schemas", id] if !id.is_empty() && reads => Route::To(Endpoint::Schema(id)),
        ["schemas", id] if !id.is_empty() => Route::OtherMethods(READ),
        ["identities", ..] => Route::Admin(format!("/admin{path}")),
        ["admin", "identities", ..] => Route::Admin(path.to_owned()),
        _ => Route::Nowhere,
    }
}

/// Gateways forward the method of the request they ask about (K-25).
fn whoami_takes(method: &Method) -> bool {
    [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
        Method::CONNECT,
    ]
    .contains(method)
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
        assert_eq!(route("/self-service/logout", &Method::HEAD), Route::OtherMethods(READ));
        assert_eq!(route("/version", &Method::GET), Route::Nowhere);
    }
}
