//! One request: mount, anti-forgery, route, answer, and the headers that every answer has.
//!
//! No handler sets what is set here, and nothing here knows what a handler does.

use adieu_authority::{LineTaken, Outage};
use adieu_http_kit::accept;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, RETRY_AFTER, SET_COOKIE, VARY};
use axum::http::{HeaderValue, Method, StatusCode};
use serde_json::json;

use crate::answer::{Answer, json as json_answer, other_methods, redirect, set_cookie, text};
use crate::call::Call;
use crate::csrf::Forged;
use crate::error::KratosError;
use crate::face::{Face, MOUNTS};
use crate::routes::{Endpoint, Route, cleaned, is_exempt, is_plain, is_safe, route};
use crate::{
    cors, error_page, login, logout, native_logout, pages, recovery, registration, schemas, sessions,
    settings, token_exchange, well_known, whoami,
};

pub(crate) async fn serve(face: &Face, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let (mount, rest) = mounted(&path);
    let call = Call { parts, mount };
    if let Some(answer) = cors::preflight(face, &call) {
        return answer;
    }
    let exempt = is_exempt(rest);
    let mut answer = routed(face, &call, body, rest, exempt).await;
    let plain = is_plain(rest);
    finish(face, &call, exempt, &mut answer);
    if plain {
        answer.headers_mut().remove(VARY);
    }
    cors::add_headers(face, &call, &mut answer);
    answer
}

/// Which mount a path is under, and the path below it.
fn mounted(path: &str) -> (usize, &str) {
    for (n, mount) in MOUNTS.iter().enumerate().skip(1) {
        if let Some(rest) = path.strip_prefix(mount).filter(|rest| rest.is_empty() || rest.starts_with('/')) {
            return (n, if rest.is_empty() { "/" } else { rest });
        }
    }
    (0, path)
}

async fn routed(face: &Face, call: &Call, body: Body, path: &str, exempt: bool) -> Answer {
    if !exempt && !is_safe(&call.parts.method) {
        let why = face.csrf.token(call.headers()).map_or(Forged::NoCookie, |_| Forged::Mismatch);
        return face.error_json(&call.parts, KratosError::forged(why));
    }
    if let Some(answer) = unrouted_path(call, path) {
        return answer;
    }
    match route(path, &call.parts.method) {
        Route::To(endpoint, [named, _]) => answered(face, call, body, (endpoint, named)).await,
        Route::Admin(path) => {
            let query = call.parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
            let to = format!("{}{path}{query}", face.settings.admin_base);
            redirect(StatusCode::TEMPORARY_REDIRECT, &call.parts, &to)
        }
        Route::OtherMethods(allow) => other_methods(&allow),
        Route::Nowhere => nowhere(face, call),
    }
}

/// People who look at an address of nobody's are shown the way to the front page, where there is one; all others get Kratos' text.
fn nowhere(face: &Face, call: &Call) -> Answer {
    match &face.settings.front_page {
        Some(front) if accept::names_html(call.headers()) => pages::nowhere(front),
        Some(_) | None => text(StatusCode::NOT_FOUND, "404 page not found\n"),
    }
}

/// An unclean path is sent to its clean form.
pub(crate) fn unrouted_path(call: &Call, path: &str) -> Option<Answer> {
    let clean = cleaned(path)?;
    let query = call.parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    // Quirk: the prefix of the mount is not repeated, as behind a proxy that strips it. Recorded, K-1, K-17
    let to = format!("{clean}{query}");
    Some(redirect(StatusCode::TEMPORARY_REDIRECT, &call.parts, &to))
}

async fn answered(face: &Face, call: &Call, body: Body, (endpoint, named): (Endpoint, &str)) -> Answer {
    match outcome(face, call, body, (endpoint, named)).await {
        Err(error) if !shows_browsers_the_page(endpoint) => face.error_json(&call.parts, error),
        outcome => face.answered(&call.parts, outcome).await,
    }
}

/// Whether a browser is sent to the error page. Contract kratos.md 1.4
fn shows_browsers_the_page(endpoint: Endpoint) -> bool {
    matches!(
        endpoint,
        Endpoint::LogoutCreate
            | Endpoint::LoginBrowser
            | Endpoint::LoginSubmit
            | Endpoint::SettingsBrowser
            | Endpoint::SettingsSubmit
            | Endpoint::RegistrationBrowser
            | Endpoint::RegistrationSubmit
            | Endpoint::RecoveryBrowser
            | Endpoint::RecoveryFollow
            | Endpoint::RecoverySubmit
    )
}

async fn outcome(
    face: &Face,
    call: &Call,
    body: Body,
    (endpoint, named): (Endpoint, &str),
) -> Result<Answer, KratosError> {
    match endpoint {
        Endpoint::Whoami => Ok(whoami::answered(face, call).await),
        Endpoint::Sessions => sessions::list(face, call).await,
        Endpoint::EndOthers => sessions::end_others(face, call).await,
        Endpoint::EndOne => sessions::end_one(face, call, named).await,
        Endpoint::Schemas => Ok(schemas::list(face, call)),
        Endpoint::Schema => schemas::read(face, named),
        Endpoint::TokenExchange => token_exchange::exchange(call),
        Endpoint::LogoutCreate => logout::create(face, call).await,
        Endpoint::Logout => Ok(logout::perform(face, call).await),
        Endpoint::NativeLogout => native_logout::perform(face, call, body).await,
        Endpoint::LoginBrowser => login::create_browser(face, call).await,
        Endpoint::LoginNative => login::create_native(face, call).await,
        Endpoint::LoginFetch => login::fetch(face, call).await,
        Endpoint::LoginSubmit => login::submit(face, call, body).await,
        Endpoint::SettingsBrowser => settings::create_browser(face, call).await,
        Endpoint::SettingsNative => settings::create_native(face, call).await,
        Endpoint::SettingsFetch => settings::fetch(face, call).await,
        Endpoint::SettingsSubmit => settings::submit(face, call, body).await,
        Endpoint::RegistrationBrowser => registration::create_browser(face, call).await,
        Endpoint::RegistrationNative => registration::create_native(face, call).await,
        Endpoint::RegistrationFetch => registration::fetch(face, call).await,
        Endpoint::RegistrationSubmit => registration::submit(face, call, body).await,
        Endpoint::RecoveryBrowser => recovery::create_browser(face, call).await,
        Endpoint::RecoveryNative => recovery::create_native(face, call).await,
        Endpoint::RecoveryFetch => recovery::fetch(face, call).await,
        Endpoint::RecoveryFollow => recovery::follow(face, call).await,
        Endpoint::RecoverySubmit => recovery::submit(face, call, body).await,
        Endpoint::ChangePassword => Ok(well_known::change_password(face, call)),
        Endpoint::PasskeyScript => Ok(well_known::passkey_script()),
        Endpoint::Errors => error_page::read(face, call).await,
        Endpoint::Alive => Ok(json_answer(StatusCode::OK, &json!({"status": "ok"}))),
        Endpoint::Ready => Ok(ready(face).await),
        Endpoint::LoginPage => Ok(pages::login(face, call).await),
        Endpoint::SettingsPage => Ok(pages::settings(face, call).await),
        Endpoint::RegistrationPage => Ok(pages::registration(face, call).await),
        Endpoint::RecoveryPage => Ok(pages::recovery(face, call).await),
        Endpoint::ErrorPage => Ok(pages::error(face, call).await),
        Endpoint::StatusPage => Ok(pages::status(face, call).await),
    }
}

pub(crate) async fn ready(face: &Face) -> Answer {
    match face.authority.ready().await {
        Ok(()) => json_answer(StatusCode::OK, &json!({"status": "ok"})),
        Err(outage) => not_ready(face, &outage),
    }
}

/// Kratos says what is not ready by its name, and why. Only what an operator may mend is said to everybody.
fn not_ready(face: &Face, outage: &Outage) -> Answer {
    if let Some(LineTaken { left_out }) = face.authority.take_line("kratos", "not ready") {
        tracing::error!(error = %outage, left_out, "not ready");
    }
    let why = outage.hindrance().map_or("the store does not answer".to_owned(), |why| why.to_string());
    let mut answer = json_answer(StatusCode::SERVICE_UNAVAILABLE, &json!({"errors": {"database": why}}));
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    answer
}

/// Headers of every answer. Contract kratos.md 0.2.
fn finish(face: &Face, call: &Call, exempt: bool, answer: &mut Answer) {
    if call.parts.method == Method::GET {
        let never = HeaderValue::from_static("private, no-cache, no-store, must-revalidate");
        answer.headers_mut().insert(CACHE_CONTROL, never);
    } else if !answer.headers().contains_key(CACHE_CONTROL) {
        // The recorded system says nothing here, and some of these answers carry a session token.
        answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if call.parts.method == Method::HEAD {
        *answer.body_mut() = Body::empty();
    }
    answer.headers_mut().append(VARY, HeaderValue::from_static("Cookie"));
    let set_already = answer.headers().get_all(SET_COOKIE).iter().any(|cookie| face.csrf.is_mine(cookie));
    if !exempt && !set_already && face.csrf.token(call.headers()).is_none() {
        set_cookie(answer, face.fresh_csrf());
    }
}
