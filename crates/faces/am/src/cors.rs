//! Which other origins' scripts may read answers and send credentials: those that the configuration lists, by name or by a
//! pattern.
//!
//! An origin that is not listed gets the same answer without these headers, which its browser then hides; nothing is
//! decided by them here, the guard against forged requests is another one. Contract am.md 0.9; A-47.

use adieu_http_kit::origins::{LetIn, Origins};
use axum::response::Response;
use http::Method;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap,
    HeaderValue, VARY,
};

use crate::call::Call;
use crate::settings::Settings;

/// What browser SDKs send, beside the header of the cookie's name.
const HEADERS: &str = "accept-api-version, authorization, content-type, if-none-match, x-requested-with, \
                       x-requested-platform, x-forgerock-transactionid, x-openam-username, x-openam-password";
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, DELETE");
/// Seconds for which a browser need not ask again.
const MAX_AGE_S: HeaderValue = HeaderValue::from_static("600");

/// The rules.
pub(crate) struct Cors {
    origins: Origins,
    headers: HeaderValue,
}

impl Cors {
    pub(crate) fn new(settings: &Settings) -> Self {
        let headers = format!("{HEADERS}, {}", settings.cookie_name.to_lowercase());
        let headers = HeaderValue::from_str(&headers).unwrap_or(HeaderValue::from_static(HEADERS));
        Self { origins: settings.cors_origins.clone(), headers }
    }

    /// How the origin that a request comes from is let in, if it is.
    pub(crate) fn let_in(&self, headers: &HeaderMap) -> Option<LetIn> {
        self.origins.let_in(headers)
    }

    /// Lets that origin read the answer.
    pub(crate) fn admit(response: &mut Response, let_in: &LetIn) {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, let_in.told());
        if let_in.with_credentials() {
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }

    /// Says what may be sent.
    pub(crate) fn permit(&self, response: &mut Response) {
        let headers = response.headers_mut();
        headers.remove(http::header::CONTENT_TYPE); // There is no content.
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, self.headers.clone());
        headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE_S);
    }
}

/// Whether a browser asks what it may send before it sends it.
pub(crate) fn is_preflight(call: &Call) -> bool {
    call.sent_method() == Method::OPTIONS && call.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}
