//! The last hand on every answer: correlation id, caching, and the body of an error.
//!
//! A failure is logged here, once, under the id that its receiver sees. Contract pingone.md 5.1 and 5.2, P-56.

use std::sync::Arc;

use adieu_authority::{LineTaken, RealmId, SessionToken};
use adieu_http_kit::{accept, cookies};
use adieu_pages_kit::{ErrorPage, FORM_TOO_OLD, FORM_TOO_OLD_WHY, Link, PageHeaders, SignOffPage};
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_TYPE, EXPIRES, HeaderMap, LOCATION, PRAGMA, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, StatusCode};

use crate::external::External;
use crate::face::Face;
use crate::problem::{Problem, Shown};

const CORRELATION_ID: HeaderName = HeaderName::from_static("correlation-id");

/// What the client says it can read, looked at only if there is a choice to make; and its own ids of the request.
pub(crate) struct Reads {
    accept: Vec<HeaderValue>,
    external: External,
    /// Whether it carries a session that could be signed off.
    has_session: bool,
}

impl Reads {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self {
            accept: headers.get_all(ACCEPT).iter().cloned().collect(),
            external: External::of(headers),
            has_session: cookies::pairs(headers).any(|(_, value)| SessionToken::parse(value).is_some()),
        }
    }

    fn only_json(&self) -> bool {
        accept::only_json(&self.accept.iter().map(|line| (ACCEPT, line.clone())).collect())
    }

    fn html(&self) -> bool {
        self.accept.iter().any(|line| line.to_str().is_ok_and(|text| text.contains("text/html")))
    }
}

/// Writes the body of an error, and the headers of everything.
pub(crate) fn finish(face: &Face, reads: Reads, mut response: Response) -> Response {
    let id = face.authority().draw_uuid().to_string();
    if let Some(problem) = response.extensions_mut().remove::<Arc<Problem>>() {
        log(face, &problem, &id, &reads.external);
        response = told(face, &problem, &id, &reads);
    }
    let headers = response.headers_mut();
    headers.insert(CORRELATION_ID, HeaderValue::from_str(&id).expect("a UUID is a header value"));
    reads.external.echo(&id, headers);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store, must-revalidate"));
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        headers.insert(EXPIRES, HeaderValue::from_static("0"));
    }
    response
}

/// As long as there were not too many of that kind in this second: whoever asks with nothing in hand fills no disk (HOME-LIMITS).
fn log(face: &Face, problem: &Problem, id: &str, external: &External) {
    let Some(LineTaken { left_out }) = face.authority().take_line("pingone", problem.kind()) else { return };
    let transaction = external.transaction.as_deref().unwrap_or_default();
    let cause = root_cause(problem);
    if problem.outage().is_some() {
        tracing::error!(id, transaction, cause, left_out, %problem, "request not answered");
    } else {
        let status = problem.status().as_u16();
        tracing::info!(id, transaction, status, left_out, %problem, "request refused");
    }
}

/// What lies at the bottom of a problem; empty if it is its own cause.
fn root_cause(problem: &Problem) -> String {
    let mut cause = std::error::Error::source(problem);
    while let Some(next) = cause.and_then(std::error::Error::source) {
        cause = Some(next);
    }
    cause.map(ToString::to_string).unwrap_or_default()
}

fn told(face: &Face, problem: &Problem, id: &str, reads: &Reads) -> Response {
    let status = problem.status();
    let mut response = if let Problem::Unredirectable { realm, shown, .. } = problem
        && is_shown(*shown, reads)
    {
        page(face, (status, reads), *realm, problem, id)
    } else {
        let json = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        (status, json, problem.json(id).to_string()).into_response()
    };
    if let Some((name, value)) = problem.headers() {
        response.headers_mut().insert(name, value);
    }
    response
}

fn is_shown(shown: Shown, reads: &Reads) -> bool {
    match shown {
        Shown::UnlessJson => !reads.only_json(),
        Shown::IfHtml => reads.html(),
    }
}

/// The page names the problem and offers to sign off all the same, so that nobody is trapped; whose browser carries no session has
/// nothing to sign off. Contract pingone.md 1.4.
fn page(
    face: &Face,
    (status, reads): (StatusCode, &Reads),
    realm: RealmId,
    problem: &Problem,
    id: &str,
) -> Response {
    let detail = problem.to_string();
    let (title, message) = if let Problem::Unredirectable { problem, .. } = problem
        && let Problem::Constraint { message, .. } = **problem
    {
        ("That is not possible", message)
    } else {
        words(status)
    };
    let front = face.settings().front_page.as_deref();
    let links: Vec<_> = front.map(|href| Link { href, text: "Front page" }).into_iter().collect();
    let (auth, apps) = (face.settings().auth_base_of(realm), face.settings().apps_base_of(realm));
    let signoff = format!("{auth}/{realm}/as/signoff");
    let sign_off = SignOffPage { method: "post", action: &signoff, hidden: &[], label: "Sign off" };
    let page = ErrorPage {
        title,
        message,
        detail: Some(&detail),
        correlation_id: Some(id),
        sign_off: reads.has_session.then_some(sign_off),
        links: &links,
    };
    html(status, &page.html(), &[auth, apps])
}

/// What a person is told of a refusal, and what to do about it.
fn words(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::NOT_FOUND => (
            "This page is no longer there",
            "The sign-on that it belonged to is over or took too long. Please begin again at the application.",
        ),
        StatusCode::FORBIDDEN => (FORM_TOO_OLD, FORM_TOO_OLD_WHY),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            ("Not just now", "That could not be done at this moment. Please try again in a while.")
        }
        _ => (
            "This link does not work",
            "The application sent you here with a request that cannot be carried out. Nothing has changed: \
             go back to the application.",
        ),
    }
}

/// 303: never 307 after credentials. standards.md 2.1, S-OP-17.
pub(crate) fn see_other(location: &str) -> Response {
    let value = HeaderValue::from_str(location).expect("our own addresses are header values");
    (StatusCode::SEE_OTHER, [(LOCATION, value)]).into_response()
}

/// A page whose forms may go to these places.
pub(crate) fn html(status: StatusCode, html: &str, form_actions: &[&str]) -> Response {
    with_headers(status, html, &PageHeaders::new(form_actions))
}

/// A page with its headers.
pub(crate) fn with_headers(status: StatusCode, html: &str, page_headers: &PageHeaders) -> Response {
    let mut response = (status, html.to_owned()).into_response();
    for (name, value) in page_headers.pairs() {
        // The policy holds printable ASCII only; what could not stand in a header was left out of it.
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}
