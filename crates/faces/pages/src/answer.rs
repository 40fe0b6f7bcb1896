//! The only place where these pages choose a status, and their headers.
//!
//! Nothing is ever cached: a page says who is signed on.

use adieu_authority::{LineTaken, Outage};
use adieu_pages_kit::{ErrorPage, Link, PageHeaders};
use axum::body::Body;
use axum::response::Response;
use http::header::{ALLOW, CACHE_CONTROL, LOCATION, RETRY_AFTER, SET_COOKIE, VARY};
use http::{HeaderName, HeaderValue, StatusCode};

use crate::face::Face;
use crate::settings::FRONT;

/// A page for who asks with these cookies.
pub(crate) fn page(html: String) -> Response {
    with_status(StatusCode::OK, html)
}

/// The same with headers of its own.
pub(crate) fn page_with(html: &str, page_headers: &PageHeaders) -> Response {
    made(StatusCode::OK, html.to_owned(), page_headers)
}

fn with_status(status: StatusCode, html: String) -> Response {
    made(status, html, &PageHeaders::new(&["'self'"]))
}

fn made(status: StatusCode, html: String, page_headers: &PageHeaders) -> Response {
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in page_headers.pairs() {
        let value = HeaderValue::from_str(value).expect("policies and constants are printable ASCII");
        headers.insert(HeaderName::from_static(name), value);
    }
    headers.insert(VARY, HeaderValue::from_static("Cookie"));
    response
}

/// Sends the browser on after a form, or in place of one.
pub(crate) fn see_other(address: &'static str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(LOCATION, HeaderValue::from_static(address));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

pub(crate) fn with_cookies(mut response: Response, lines: Vec<HeaderValue>) -> Response {
    response.headers_mut().extend(lines.into_iter().map(|line| (SET_COOKIE, line)));
    response
}

fn error(status: StatusCode, title: &str, message: &str) -> Response {
    let links = [Link { href: FRONT, text: "Front page" }];
    let page =
        ErrorPage { title, message, detail: None, correlation_id: None, sign_off: None, links: &links };
    with_status(status, page.html())
}

/// 403: the form was made for another session, or for none.
pub(crate) fn form_too_old() -> Response {
    let message = "It was made for another session. Nothing has changed; please begin again.";
    error(StatusCode::FORBIDDEN, "That form is too old", message)
}

/// 400: what came is no form of ours.
pub(crate) fn no_form() -> Response {
    error(StatusCode::BAD_REQUEST, "That did not work", "The form did not arrive whole. Please begin again.")
}

/// 429: bodies hold as many bytes as they may.
pub(crate) fn crowded() -> Response {
    let message = "Too much is on its way from your address. Please try again in a while.";
    let mut response = error(StatusCode::TOO_MANY_REQUESTS, "Not just now", message);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// 404: a path that is none of these pages'.
pub(crate) fn nowhere() -> Response {
    error(StatusCode::NOT_FOUND, "There is no such page", "Please look at the address again.")
}

/// 405 with the methods that there are.
pub(crate) fn other_methods(allow: &str) -> Response {
    let message = "This page is for looking at and for its form.";
    let mut response = error(StatusCode::METHOD_NOT_ALLOWED, "That did not work", message);
    response.headers_mut().insert(ALLOW, HeaderValue::from_str(allow).expect("methods are header values"));
    response
}

/// 503: nobody can tell now, or nothing is known to be written (NO-FALSE-NO).
pub(crate) fn cannot_tell(face: &Face, outage: &Outage) -> Response {
    if let Some(LineTaken { left_out }) = face.authority.take_line("pages", "outage") {
        tracing::error!(error = %outage, left_out, "a page can't be answered");
    }
    let message = "The server cannot tell at this moment. Please try again in a while.";
    let mut response = error(StatusCode::SERVICE_UNAVAILABLE, "Not just now", message);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}
