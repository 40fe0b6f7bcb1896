//! The only place where the check chooses a status, and the headers that tell a proxy who somebody is.
//!
//! Nothing is ever cached: a stored yes would outlive the session.

use adieu_authority::LiveSession;
use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const USER: HeaderName = HeaderName::from_static("x-adieu-user");
const USERNAME: HeaderName = HeaderName::from_static("x-adieu-username");
const SESSION: HeaderName = HeaderName::from_static("x-adieu-session");
const REALM: HeaderName = HeaderName::from_static("x-adieu-realm");

/// What stands for itself in a name; all else is percent-encoded UTF-8, so that any name is one safe header value.
const AS_IT_IS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@')
    .remove(b'+')
    .remove(b'/');

/// What a proxy is told.
pub(crate) enum CheckAnswer<'f> {
    /// The request may pass, and whose it is.
    Passes {
        /// The session.
        live: LiveSession,
        /// Its realm's path.
        realm: &'f str,
    },
    /// It may pass whoever sends it: it asks what a page of another origin may send, and carries no credential.
    PassesAsQuestion,
    /// It may not, and if a browser goes to a page, it may sign on at this address.
    NotLive(Option<String>),
    /// It may not before a second factor is given; likewise.
    NotEnough(Option<String>),
    /// It may not, and the browser is sent to this address to sign on.
    SignOn(String),
    /// Nobody knows right now.
    CannotTell,
    /// The path is none of this face's.
    Nowhere,
}

impl From<CheckAnswer<'_>> for Response {
    fn from(answer: CheckAnswer<'_>) -> Self {
        match answer {
            CheckAnswer::Passes { live, realm } => passes(&live, realm),
            CheckAnswer::PassesAsQuestion => passing([(); 4].map(|()| HeaderValue::from_static(""))),
            // Programs may bring a token; browsers show no dialog for this scheme.
            CheckAnswer::NotLive(sign_on) => unauthorized("Bearer realm=\"adieu\"", sign_on),
            // RFC 9470 §3: what is missing is a stronger sign-on.
            CheckAnswer::NotEnough(sign_on) => unauthorized(
                "Bearer realm=\"adieu\", error=\"insufficient_user_authentication\", \
                 error_description=\"A second factor is required\"",
                sign_on,
            ),
            CheckAnswer::SignOn(address) => match HeaderValue::from_str(&address) {
                Ok(address) => with(StatusCode::FOUND, LOCATION, address),
                Err(_) => CheckAnswer::NotLive(None).into(),
            },
            CheckAnswer::CannotTell => {
                with(StatusCode::SERVICE_UNAVAILABLE, RETRY_AFTER, HeaderValue::from_static("1"))
            }
            CheckAnswer::Nowhere => bare(StatusCode::NOT_FOUND),
        }
    }
}

fn passes(live: &LiveSession, realm: &str) -> Response {
    passing([
        encoded(&live.user.id.to_string()),
        encoded(&live.user.username),
        encoded(&live.session.id.to_string()),
        encoded(realm),
    ])
}

/// All four headers every time: a proxy that copies them then leaves nothing that a client sent under these names.
fn passing(values: [HeaderValue; 4]) -> Response {
    let mut answer = bare(StatusCode::OK);
    answer.headers_mut().extend([USER, USERNAME, SESSION, REALM].into_iter().zip(values));
    answer
}

/// 401, with the address of a sign-on for proxies that send the browser there themselves: nginx knows no redirect as an answer to
/// its question.
fn unauthorized(challenge: &'static str, sign_on: Option<String>) -> Response {
    let mut answer = with(StatusCode::UNAUTHORIZED, WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    if let Some(Ok(address)) = sign_on.map(HeaderValue::try_from) {
        answer.headers_mut().insert(LOCATION, address);
    }
    answer
}

fn encoded(text: &str) -> HeaderValue {
    let text = utf8_percent_encode(text, AS_IT_IS).to_string();
    HeaderValue::from_str(&text).expect("percent-encoded text is printable ASCII")
}

fn with(status: StatusCode, name: HeaderName, value: HeaderValue) -> Response {
    let mut answer = bare(status);
    answer.headers_mut().insert(name, value);
    answer
}

fn bare(status: StatusCode) -> Response {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_is_one_safe_header_value() {
        for (name, expect) in [
            ("alice", "alice"),
            ("alice+work@example.test", "alice+work@example.test"),
            ("J\u{fc}rgen O'Neil", "J%C3%BCrgen%20O%27Neil"),
            ("a\r\nX-Admin: 1", "a%0D%0AX-Admin%3A%201"),
            ("100%, yes;", "100%25%2C%20yes%3B"),
            ("", ""),
        ] {
            assert_eq!(encoded(name), expect);
        }
    }
}
