//! Answers: JSON with Kratos' headers, redirects, cookies, and errors as JSON or by way of the error page.
//!
//! Statuses of errors are chosen in `error`; here they only get their form.

use adieu_authority::{LineTaken, RealmId, Session};
use adieu_http_kit::companion::CookieRealm;
use adieu_http_kit::cookies::{SameSite, SetCookie};
use adieu_http_kit::{accept, dates};
use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_TYPE, LOCATION, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Response, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::credentials::cookie_value;
use crate::error::KratosError;
use crate::error_page;
use crate::face::Face;

pub(crate) type Answer = Response<Body>;

/// JSON of a success; ends with a newline, as Kratos' does.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    let mut bytes = Vec::with_capacity(1024);
    serde_json::to_writer(&mut bytes, value).expect("wire structs have text keys and finite numbers");
    json_text(status, bytes)
}

/// The same of JSON that is written already.
pub(crate) fn json_text(status: StatusCode, mut bytes: Vec<u8>) -> Answer {
    bytes.push(b'\n');
    let mut answer = Response::new(Body::from(bytes));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    answer
}

pub(crate) fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer
}

/// Text of Kratos' router: 404 and 405.
pub(crate) fn text(status: StatusCode, text: &'static str) -> Answer {
    let mut answer = Response::new(Body::from(text));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    answer
}

/// 405 with the methods that there are.
pub(crate) fn other_methods(allow: &str) -> Answer {
    let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed\n");
    let allow = HeaderValue::from_str(allow).expect("methods are printable ASCII");
    answer.headers_mut().insert(ALLOW, allow);
    answer
}

/// A redirect. To a GET it has a small page, to other methods nothing. Contract kratos.md 0.2.
pub(crate) fn redirect(status: StatusCode, parts: &Parts, to: &str) -> Answer {
    let Ok(location) = HeaderValue::from_str(to) else {
        return text(StatusCode::BAD_REQUEST, "The address to go to can not be sent.\n");
    };
    let mut answer = empty(status);
    if parts.method == axum::http::Method::GET {
        let shown = to.replace('&', "&amp;").replace('"', "&#34;").replace('<', "&lt;").replace('>', "&gt;");
        *answer.body_mut() = Body::from(format!(
            "<a href=\"{shown}\">{}</a>.\n\n",
            status.canonical_reason().unwrap_or_default()
        ));
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    }
    answer.headers_mut().insert(LOCATION, location);
    // Addresses of flows and sign-offs are nobody else's to know.
    answer.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    answer
}

pub(crate) fn set_cookie(answer: &mut Answer, cookie: HeaderValue) {
    answer.headers_mut().append(SET_COOKIE, cookie);
}

impl Face {
    fn session_cookie<'a>(&'a self, value: &'a str) -> SetCookie<'a> {
        let settings = &self.settings.cookie;
        let same_site = match settings.same_site.as_str() {
            "Strict" => SameSite::Strict,
            // `None` needs `Secure`; without it browsers drop the cookie. Contract kratos.md 0.6.
            "None" if settings.secure => SameSite::None,
            _ => SameSite::Lax,
        };
        SetCookie {
            path: Some("/"),
            domain: (!settings.domain.is_empty()).then_some(settings.domain.as_str()),
            http_only: true,
            secure: settings.secure,
            same_site: Some(same_site),
            ..SetCookie::new(&settings.name, value)
        }
    }

    /// The cookie of a session: for its whole life, or for the browser's (K-52).
    pub(crate) fn cookie_for(&self, session: &Session, token: &str) -> HeaderValue {
        // Its last moment, and not the idle limit: that moves on with every check.
        let ends_at = session.expires_at;
        let value = cookie_value(ends_at.s(), token);
        let mut cookie = self.session_cookie(&value);
        if self.settings.cookie.persistent {
            let now = self.authority.now();
            // Quirk: whole seconds, less the part of the second that has begun. K-52
            cookie.max_age_s = Some((ends_at.since(now).ms().saturating_sub(1)) / 1000);
            cookie.expires_s = Some(ends_at.s());
        }
        cookie.to_header()
    }

    /// The cookie's deletion: same name and attributes, no value (K-3, Q8).
    fn cookie_gone(&self) -> HeaderValue {
        self.session_cookie("").cleared("", 1, Some(0)).to_header()
    }

    /// The deletion of the cookie that was set before it was given a domain: browsers keep the two apart (F-4).
    fn host_only_gone(&self) -> Option<HeaderValue> {
        let host_only = SetCookie { domain: None, ..self.session_cookie("") };
        (!self.settings.cookie.domain.is_empty()).then(|| host_only.cleared("", 1, Some(0)).to_header())
    }

    /// The cookies of a browser that has signed on, but for those of other dialects that are to be left alone.
    pub(crate) fn give_cookies(
        &self,
        answer: &mut Answer,
        (session, token): (&Session, &str),
        left_alone: &[String],
    ) {
        // What deletes comes first: by RFC 6265 a cookie of this very host is the same one with its domain and without.
        let own = [self.host_only_gone(), Some(self.cookie_for(session, token))];
        let id = session.realm.to_string();
        let realm = CookieRealm { id: &id, path: &self.settings.realm };
        let companions = self.settings.companions.set(token, realm, left_alone);
        own.into_iter().flatten().chain(companions).for_each(|line| set_cookie(answer, line));
    }

    /// The same cookies of one that has signed off.
    pub(crate) fn take_cookies(&self, answer: &mut Answer, realm: RealmId, left_alone: &[String]) {
        let own = [self.host_only_gone(), Some(self.cookie_gone())];
        let id = realm.to_string();
        let realm = CookieRealm { id: &id, path: &self.settings.realm };
        let companions = self.settings.companions.clear(realm, left_alone);
        own.into_iter().flatten().chain(companions).for_each(|line| set_cookie(answer, line));
    }

    /// A new anti-forgery cookie: at every change of who is signed on.
    pub(crate) fn fresh_csrf(&self) -> HeaderValue {
        self.csrf.set(&self.authority.draw())
    }

    /// A handler's outcome as an answer; errors go to the error page if it is a browser that asks.
    pub(crate) async fn answered(&self, parts: &Parts, outcome: Result<Answer, KratosError>) -> Answer {
        match outcome {
            Ok(answer) => answer,
            Err(error) if error.always_json || accept::wants_json(&parts.headers) => {
                self.error_json(parts, error)
            }
            Err(error) => error_page::redirect_to(self, parts, error).await,
        }
    }

    /// An error as JSON. Contract kratos.md 0.4: the order of its members is a wire fact.
    pub(crate) fn error_json(&self, parts: &Parts, error: KratosError) -> Answer {
        let request_id = parts.headers.get("x-request-id").and_then(|id| id.to_str().ok());
        if let Some(cause) = &error.cause
            && let Some(LineTaken { left_out }) = self.authority.take_line("kratos", "outage")
        {
            let path = parts.uri.path();
            tracing::error!(error = %cause, path, request_id, left_out, "request not served");
        }
        let id = error.id;
        let retry_after_s = error.retry_after_s;
        let status = error.status;
        let mut body = Map::new();
        body.insert("error".into(), error_object(&error, request_id.filter(|_| error.siblings.is_empty())));
        body.extend(*error.siblings);
        let mut answer = empty(status);
        *answer.body_mut() = Body::from(Value::Object(body).to_string());
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("ory-error-id", HeaderValue::from_static(id)); // Empty without an id. K-31
        if let Some(s) = retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(s));
        }
        answer
    }

    /// The error as the error page's reader gets it, and when it was stored.
    pub(crate) fn shown_at(&self) -> dates::DateText {
        dates::rfc3339_trimmed(self.authority.now().ms())
    }
}

/// The inner object of an error.
pub(crate) fn error_object(error: &KratosError, request_id: Option<&str>) -> Value {
    let mut object = Map::new();
    if !error.id.is_empty() {
        object.insert("id".into(), error.id.into());
    }
    object.insert("code".into(), error.status.as_u16().into());
    object.insert("status".into(), error.status.canonical_reason().unwrap_or_default().into());
    if let Some(id) = request_id {
        object.insert("request".into(), id.into());
    }
    if let Some(reason) = &error.reason {
        object.insert("reason".into(), reason.as_str().into());
    }
    if !error.details.is_empty() {
        object.insert("details".into(), Value::Object(Map::clone(&error.details)));
    }
    object.insert("message".into(), error.message.as_ref().into());
    json!(object)
}
