//! How pages are answered: HTML with its headers, ways on, cookies, and what is said when something fails.
//!
//! The only place where a page's status is chosen, but for those that the API's errors have.

use adieu_authority::{Realm, endings_noted};
use adieu_http_kit::form::append_query;
use adieu_oidc::{AuthorizeAnswer, Parting, PartingTicket};
use adieu_pages_kit::{
    ErrorPage, FORM_TOO_OLD, FORM_TOO_OLD_WHY, FormPostPage, Link, Onward, PageHeaders, SignedOffPage,
};
use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use http::header::{ALLOW, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, SET_COOKIE};

use crate::error::AmError;
use crate::face::Face;

pub(crate) fn html(status: StatusCode, page: &str, form_actions: &[&str]) -> Response {
    with_headers(status, page, &PageHeaders::new(form_actions))
}

fn with_headers(status: StatusCode, page: &str, page_headers: &PageHeaders) -> Response {
    let mut response = Response::new(Body::from(page.to_owned()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in page_headers.pairs() {
        let value = HeaderValue::from_str(value).expect("policies and constants are printable ASCII");
        headers.insert(HeaderName::from_static(name), value);
    }
    response
}

/// The address is one of ours, or was checked; both are printable ASCII.
pub(super) fn see_other(address: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(address) = HeaderValue::from_str(address) {
        response.headers_mut().insert(LOCATION, address);
    }
    response.headers_mut().insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A code in the address is for whom it is sent to, and not for the page after that.
    response.headers_mut().insert(http::header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// The same as 302, as OAuth's endpoints send browsers on; an address that no header can carry is no address.
pub(crate) fn found(address: &str) -> Response {
    let mut response = see_other(address);
    let carried = response.headers().contains_key(LOCATION);
    *response.status_mut() = if carried { StatusCode::FOUND } else { StatusCode::BAD_REQUEST };
    response
}

/// The answer that a browser carries to a client.
pub(crate) fn sent(answer: &AuthorizeAnswer) -> Response {
    match answer {
        AuthorizeAnswer::Goes(address) => found(address),
        AuthorizeAnswer::Posts { action, fields } => {
            let page = FormPostPage::of(action, fields);
            with_headers(StatusCode::OK, &page.html(), &page.headers())
        }
    }
}

/// A browser after its sign-off: it goes on when those have answered who are told by this server, by a page where it has somebody to
/// tell itself; or stays on that page.
pub(crate) async fn signed_off(
    face: &Face,
    parting: &Parting,
    realm: &Realm,
    goto: Option<&str>,
    on: fn(&str) -> Response,
) -> Response {
    let told = parting.told(&face.authority, &endings_noted()).await;
    if let Some(goto) = goto.filter(|_| parting.frames().is_empty()) {
        return on(goto);
    }
    let later = PartingTicket::look_again(&face.authority, &face.settings.public_url, realm, &told);
    let again = sign_on_address(face, &realm.path);
    let page = SignedOffPage {
        realm: &realm.path,
        told: &told,
        frames: parting.frames(),
        onward: match goto {
            Some(href) => Some(Onward::Application(Link { href, text: "Go on" })),
            None => later.as_deref().map(Onward::look_again),
        },
        again: goto.is_none().then_some(Link { href: &again, text: "Sign on again" }),
        ..SignedOffPage::default()
    };
    with_headers(StatusCode::OK, &page.html(), &page.headers())
}

/// The same where nobody was signed on: the way on leads to the realm that was named, else to the front page, where all are.
pub(super) fn nobody(face: &Face, realm: &Realm, is_named: bool, goto: Option<&str>) -> Response {
    if let Some(goto) = goto {
        return see_other(goto);
    }
    let sign_on = sign_on_address(face, &realm.path);
    let front = face.settings.front_page.as_deref().filter(|_| !is_named);
    let again = match front {
        Some(href) => Link { href, text: "Front page" },
        None => Link { href: &sign_on, text: "Sign on again" },
    };
    let page =
        SignedOffPage { realm: &realm.path, nobody: true, again: Some(again), ..SignedOffPage::default() };
    with_headers(StatusCode::OK, &page.html(), &page.headers())
}

/// The page where people sign on to the realm at a path.
fn sign_on_address(face: &Face, realm: &str) -> String {
    append_query(&format!("{}/UI/Login", face.settings.context_path), "realm", realm)
}

/// Done, and nowhere to go.
pub(crate) fn nothing() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

pub(crate) fn with_cookies(mut response: Response, lines: Vec<HeaderValue>) -> Response {
    for line in lines {
        response.headers_mut().append(SET_COOKIE, line);
    }
    response
}

/// The same as an error of the API, for people; the way on leads to the realm that was named, if one was.
pub(crate) fn refused(face: &Face, realm: Option<&str>, error: &AmError) -> Response {
    face.log(error);
    let status = error.status();
    let (title, message) = words(status);
    let sign_on = match realm {
        Some(realm) => sign_on_address(face, realm),
        None => format!("{}/UI/Login", face.settings.context_path),
    };
    let front = face.settings.front_page.as_deref();
    let links: Vec<_> = std::iter::once(Link { href: &sign_on, text: "Sign on" })
        .chain(front.map(|href| Link { href, text: "Front page" }))
        .collect();
    let page =
        ErrorPage { title, message, detail: None, correlation_id: None, sign_off: None, links: &links };
    let mut response = html(status, &page.html(), &[]);
    if let Some(methods) = error.allow() {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    }
    if let Some(seconds) = error.retry_after_s() {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

fn words(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::NOT_FOUND => ("Not found", "There is no such page here."),
        StatusCode::FORBIDDEN => (FORM_TOO_OLD, FORM_TOO_OLD_WHY),
        StatusCode::CONFLICT => (
            "Too many applications",
            "You have allowed as many applications as one account can. Withdraw one of them first.",
        ),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
            ("Not just now", "Nothing is known to be done. Please try again in a moment.")
        }
        StatusCode::METHOD_NOT_ALLOWED => ("That did not work", "This page is for looking at only."),
        _ => (
            "That did not work",
            "The address or the form that led here is not complete. Please begin again.",
        ),
    }
}
