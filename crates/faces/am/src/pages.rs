//! The pages of this dialect: sign-on, sign-off, the page after a sign-on, and what is said when something fails.
//!
//! Everything outside `/json` is a page. They use the same roads as the API; no page runs a script.

mod form_token;
mod sign_off;
mod sign_on;

use std::borrow::Cow;
use std::sync::Arc;

use adieu_authority::{ROOT, Realm};
use adieu_http_kit::form::Params;
use adieu_http_kit::media;
use adieu_pages_kit::{ErrorPage, PageHeaders, Status};
use axum::body::Body;
use axum::response::Response;
use http::header::{ALLOW, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, SET_COOKIE};
use http::{Method, StatusCode};

use crate::address;
use crate::call::{self, Call};
use crate::caller::{self, Caller};
use crate::error::AmError;
use crate::face::Face;

/// Answers with a page.
pub(crate) async fn answer(face: &Face, call: &Call, body: Body, segments: &[Cow<'_, str>]) -> Response {
    let method = if call.sent_method() == Method::HEAD { &Method::GET } else { call.sent_method() };
    let done = match Page::at(segments) {
        Some(page) if !page.methods().contains(&method.as_str()) => {
            Err(AmError::NotAllowed("GET, HEAD, POST"))
        }
        Some(Page::Entrance) => sign_on::show(face, call).await,
        Some(Page::SignOn) if method == Method::POST => sign_on::submit(face, call, body).await,
        Some(Page::SignOn) => sign_on::show(face, call).await,
        Some(Page::SignOff) if method == Method::POST => sign_off::submit(face, call, body).await,
        Some(Page::SignOff) => sign_off::show(face, call).await,
        Some(Page::Home) => home(face, call).await,
        None => Err(AmError::UnknownResource(segments.join("/"))),
    };
    done.unwrap_or_else(|error| refused(&error))
}

/// A page.
#[derive(Clone, Copy)]
pub(crate) enum Page {
    Entrance,
    SignOn,
    SignOff,
    Home,
}

impl Page {
    pub(crate) const PATHS: [(&'static str, Self); 4] = [
        ("XUI", Self::Entrance),
        ("UI/Login", Self::SignOn),
        ("UI/Logout", Self::SignOff),
        ("console", Self::Home),
    ];

    /// The page at these segments; an encoded slash in one of them is no border.
    fn at(segments: &[Cow<'_, str>]) -> Option<Self> {
        let is = |path: &str| path.split('/').eq(segments.iter().map(AsRef::as_ref));
        Self::PATHS.iter().find(|(path, _)| is(path)).map(|(_, page)| *page)
    }

    /// `HEAD` goes where `GET` goes.
    pub(crate) const fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Entrance | Self::Home => &["GET"],
            Self::SignOn | Self::SignOff => &["GET", "POST"],
        }
    }
}

/// Where a sign-on leads that names nothing: who one is, or the sign-on.
async fn home(face: &Face, call: &Call) -> Result<Response, AmError> {
    let Caller::Live(_, live) = caller::caller(face, call.headers()).await? else {
        return Ok(see_other(&format!("{}/UI/Login", face.settings.context_path)));
    };
    let message = format!("You are signed on as {}.", live.user.username);
    let page = Status { title: "Signed on", message: &message };
    Ok(html(StatusCode::OK, &page.html(), &[]))
}

/// What a page was asked with: realm and goal, from the query or from a form that carried them along.
struct Asked {
    realm: Arc<Realm>,
    /// Where to afterwards, if that is allowed.
    goto: Option<String>,
}

impl Asked {
    async fn of(face: &Face, params: &Params) -> Result<Self, AmError> {
        let name = params.only("realm").map_err(|_| AmError::Repeated("realm"))?;
        let named = address::named(&face.authority, name).await?;
        let realm = match named {
            Some(realm) => Some(realm),
            None => face.authority.root_realm().await?,
        };
        let realm = realm.ok_or_else(|| AmError::UnknownRealm(ROOT.into()))?;
        let goto = params.first("goto").and_then(|goto| face.goto.check(goto));
        Ok(Self { realm, goto })
    }
}

/// The fields of a form.
async fn form(call: &Call, body: Body) -> Result<Params, AmError> {
    if !media::is(call.headers(), "application/x-www-form-urlencoded") {
        return Err(AmError::NotJsonType);
    }
    Ok(Params::body(&call::whole(body).await?))
}

fn html(status: StatusCode, page: &str, form_actions: &[&str]) -> Response {
    let mut response = Response::new(Body::from(page.to_owned()));
    *response.status_mut() = status;
    let page_headers = PageHeaders::new(form_actions);
    let headers = response.headers_mut();
    for (name, value) in page_headers.pairs() {
        let value = HeaderValue::from_str(value).expect("policies and constants are printable ASCII");
        headers.insert(HeaderName::from_static(name), value);
    }
    response
}

/// The address is one of ours, or was checked; both are printable ASCII.
fn see_other(address: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(address) = HeaderValue::from_str(address) {
        response.headers_mut().insert(LOCATION, address);
    }
    response.headers_mut().insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The same as 302, as OAuth's endpoints send browsers on; an address that no header can carry is no address.
pub(crate) fn found(address: &str) -> Response {
    let mut response = see_other(address);
    let carried = response.headers().contains_key(LOCATION);
    *response.status_mut() = if carried { StatusCode::FOUND } else { StatusCode::BAD_REQUEST };
    response
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

/// The same as an error of the API, for people.
pub(crate) fn refused(error: &AmError) -> Response {
    if let AmError::CannotTell(outage) = error {
        tracing::error!(error = %outage, "the store cannot tell");
    }
    let status = error.status();
    let (title, message) = words(status);
    let page = ErrorPage { title, message, correlation_id: None, sign_off: None };
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
        StatusCode::FORBIDDEN => ("That form is too old", "Go back, load the page anew and try again."),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
            ("Not just now", "Nothing is known to be done. Please try again in a moment.")
        }
        _ => ("That did not work", "The address or the form is not complete."),
    }
}
