//! How this face answers: JSON for programs, pages for people, and ways on; each with its headers.
//!
//! Statuses of errors are chosen in `error`.

use adieu_authority::LineTaken;
use adieu_oidc::AuthorizeAnswer;
use adieu_pages_kit::{
    ErrorPage, FORM_TOO_OLD, FORM_TOO_OLD_WHY, FormPostPage, Link, PageHeaders, SignOffPage,
};
use axum::body::Body;
use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, ALLOW, CACHE_CONTROL, CONTENT_TYPE, LOCATION, PRAGMA, REFERRER_POLICY,
    RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, StatusCode};

use crate::address::Endpoint;
use crate::error::OpenIdError;
use crate::face::Face;

/// An answer to be kept nowhere. RFC 6749 §5.1
pub(crate) fn private(json: String) -> Response {
    with_json(StatusCode::OK, json, "no-store")
}

/// The same of something that has come to be. RFC 9126 §2.2
pub(crate) fn created(json: String) -> Response {
    with_json(StatusCode::CREATED, json, "no-store")
}

/// The same of a signed text of that type.
pub(crate) fn private_jwt(jwt: String, media_type: &'static str) -> Response {
    let mut response = private(jwt);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// What everybody may know, and keep for a minute.
pub(crate) fn public(json: String) -> Response {
    with_json(StatusCode::OK, json, "public, max-age=60")
}

fn with_json(status: StatusCode, json: String, cache: &'static str) -> Response {
    let mut response = Response::new(Body::from(json));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    if cache == "no-store" {
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Done, and nothing to say.
pub(crate) fn nothing() -> Response {
    let mut response = Response::new(Body::empty());
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A page whose forms may go to these places.
pub(crate) fn page(status: StatusCode, html: String, form_actions: &[&str]) -> Response {
    page_with(status, html, &PageHeaders::new(form_actions))
}

/// A page with headers of its own.
pub(crate) fn page_with(status: StatusCode, html: String, page_headers: &PageHeaders) -> Response {
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in page_headers.pairs() {
        // The policy holds printable ASCII only; what could not stand in a header was left out of it.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    response
}

/// Sends the browser on, never with what it posted (RFC 9700 §4.12). An address that no header can carry is no address.
pub(crate) fn see_other(address: &str) -> Result<Response, OpenIdError> {
    let location = HeaderValue::from_str(address).map_err(|_| OpenIdError::RedirectUri)?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    headers.insert(LOCATION, location);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A code in the address is for whom it is sent to, and not for the page after that.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}

/// The answer that a browser carries to a client.
pub(crate) fn sent(answer: Option<AuthorizeAnswer>) -> Result<Response, OpenIdError> {
    match answer.ok_or(OpenIdError::RedirectUri)? {
        AuthorizeAnswer::Goes(address) => see_other(&address),
        AuthorizeAnswer::Posts { action, fields } => {
            let page = FormPostPage::of(&action, &fields);
            Ok(page_with(StatusCode::OK, page.html(), &page.headers()))
        }
    }
}

pub(crate) fn with_cookies(mut response: Response, lines: Vec<HeaderValue>) -> Response {
    response.headers_mut().extend(lines.into_iter().map(|line| (SET_COOKIE, line)));
    response
}

/// What a browser is told that asks before a script's request.
pub(crate) fn preflight(endpoint: Endpoint) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(endpoint.allow()));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Authorization, Content-Type"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

/// Lets scripts of every origin read the answer, without a browser's credentials: whoever has a code or a token could ask from
/// anywhere, and cookies count for nothing here.
pub(crate) fn let_scripts_read(response: &mut Response) {
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
}

/// An error, for people or for programs. `sign_off` is a way to sign off all the same, where one is offered.
pub(crate) fn refused(
    face: &Face,
    error: &OpenIdError,
    for_people: bool,
    sign_off: Option<SignOffPage<'_>>,
) -> Response {
    if let Some(outage) = error.outage()
        && let Some(LineTaken { left_out }) = face.authority.take_line("openid", "outage")
    {
        tracing::error!(error = %outage, left_out, "a request of an OpenID issuer can't be answered");
    }
    let mut response = if for_people {
        error_page(face, error, sign_off)
    } else {
        let told = serde_json::json!({"error": error.code(), "error_description": error.to_string()});
        with_json(error.status(), told.to_string(), "no-store")
    };
    let headers = response.headers_mut();
    if let Some(methods) = error.allow() {
        headers.insert(ALLOW, HeaderValue::from_static(methods));
    }
    if let Some(challenge) = error.challenge() {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    if error.may_be_repeated() {
        headers.insert(RETRY_AFTER, error.retry_after_s().into());
    }
    response
}

fn error_page(face: &Face, error: &OpenIdError, sign_off: Option<SignOffPage<'_>>) -> Response {
    let status = error.status();
    let (title, message) = match status {
        StatusCode::NOT_FOUND => ("Not found", "There is no such page here."),
        StatusCode::FORBIDDEN => (FORM_TOO_OLD, FORM_TOO_OLD_WHY),
        StatusCode::CONFLICT => ("Too many applications", "Nothing has changed."),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
            ("Not just now", "Nothing is known to be done. Please try again in a moment.")
        }
        _ => (
            "This link does not work",
            "The application sent you here with a request that cannot be carried out. Nothing has changed.",
        ),
    };
    let detail = error.to_string();
    // The one that the log knows.
    let reference = face.authority.draw_uuid().to_string();
    if let Some(LineTaken { left_out }) = face.authority.take_line("openid", error.code()) {
        tracing::info!(id = reference, status = status.as_u16(), error = %error, left_out, "a page of an issuer refused a request");
    }
    let front = face.settings.front_page.as_deref();
    let links: Vec<_> = front.map(|href| Link { href, text: "Front page" }).into_iter().collect();
    let page = ErrorPage {
        title,
        message,
        detail: Some(&detail),
        correlation_id: Some(&reference),
        sign_off,
        links: &links,
    };
    self::page(status, page.html(), &["'self'"])
}
