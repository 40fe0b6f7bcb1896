//! Which other origins' scripts may read answers and send credentials: those that the configuration lists, by exact text.
//!
//! An origin that is not listed gets the same answer without these headers, which its browser then hides; nothing is
//! decided by them here, the guard against forged requests is another one. Contract am.md 0.9; A-47.

use axum::response::Response;
use http::Method;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap,
    HeaderValue, ORIGIN, VARY,
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
    origins: Vec<HeaderValue>,
    headers: HeaderValue,
}

impl Cors {
    pub(crate) fn new(settings: &Settings) -> Self {
        let mut origins = Vec::new();
        for origin in &settings.cors_origins {
            // A star would go with no credentials, and `null` is what any sandboxed page says.
            match HeaderValue::from_str(origin) {
                Ok(value) if is_origin(origin) => origins.push(value),
                Ok(_) | Err(_) => {
                    tracing::warn!(origin, "an entry of am.cors_origins is no origin and not used")
                }
            }
        }
        let headers = format!("{HEADERS}, {}", settings.cookie_name.to_lowercase());
        let headers = HeaderValue::from_str(&headers).unwrap_or(HeaderValue::from_static(HEADERS));
        Self { origins, headers }
    }

    /// The origin that a request comes from, if that is a listed one.
    pub(crate) fn origin(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        self.origins.contains(origin).then(|| origin.clone())
    }

    /// Lets that origin read the answer.
    pub(crate) fn admit(response: &mut Response, origin: HeaderValue) {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
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

/// Scheme and host, perhaps a port; a slash at the end would never match what browsers say.
fn is_origin(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, host)| {
        !scheme.is_empty() && !host.is_empty() && !host.contains(['/', '*', ' '])
    })
}

/// Whether a browser asks what it may send before it sends it.
pub(crate) fn is_preflight(call: &Call) -> bool {
    call.sent_method() == Method::OPTIONS && call.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_origins_are_listed() {
        for good in ["http://app.example.org:3000", "https://app.example.org", "capacitor://localhost"] {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "*",
            "null",
            "",
            "https://",
            "https://app.example.org/",
            "https://*.example.org",
            "app.example.org",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
