//! Pages of other origins that may call with a browser's credentials. Contract kratos.md 0.1; K-59 and the profile `hooks`.
//!
//! Without configured origins there is no CORS at all: a preflight is then a method like any other. With some, a preflight is
//! answered on every path, whether or not something lies there.

use adieu_http_kit::origins::LetIn;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::answer::{Answer, empty};
use crate::call::Call;
use crate::face::Face;

const TRUE: HeaderValue = HeaderValue::from_static("true");

/// The answer to a preflight, where there is CORS.
pub(crate) fn preflight(face: &Face, call: &Call) -> Option<Answer> {
    let headers = call.headers();
    let asks = call.parts.method == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if face.settings.cors_origins.is_empty() || !asks {
        return None;
    }
    let mut answer = empty(StatusCode::NO_CONTENT);
    let told = answer.headers_mut();
    let all = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
    told.insert(VARY, HeaderValue::from_static(all));
    if let Some(let_in) = face.settings.cors_origins.let_in_any_case(headers) {
        admit(told, &let_in);
        for (asked, answered) in [
            (ACCESS_CONTROL_REQUEST_METHOD, ACCESS_CONTROL_ALLOW_METHODS),
            (ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_ALLOW_HEADERS),
        ] {
            if let Some(value) = headers.get(asked) {
                told.insert(answered, value.clone());
            }
        }
    }
    Some(answer)
}

/// What an answer to any other request says.
pub(crate) fn add_headers(face: &Face, call: &Call, answer: &mut Answer) {
    if face.settings.cors_origins.is_empty() {
        return;
    }
    let told = answer.headers_mut();
    told.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(let_in) = face.settings.cors_origins.let_in_any_case(call.headers()) {
        admit(told, &let_in);
        told.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Content-Type"));
    }
}

/// Lets an origin read the answer; with credentials only if it is meant by name.
fn admit(told: &mut HeaderMap, let_in: &LetIn) {
    told.insert(ACCESS_CONTROL_ALLOW_ORIGIN, let_in.told());
    if let_in.with_credentials() {
        told.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
    }
}
