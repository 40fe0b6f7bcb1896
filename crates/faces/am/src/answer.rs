//! Answers: the headers every answer carries, errors in AM's shape, cookies on top.
//!
//! The header sets are made once and cloned. Contract am.md 0.6, 0.8.

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, EXPIRES, HeaderMap, HeaderName, HeaderValue,
    PRAGMA, RETRY_AFTER, SET_COOKIE, WARNING, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use serde::Serialize;
use serde_json::Value;

use crate::call::Call;
use crate::cookies::{CookieAct, CookieLines};
use crate::crest;
use crate::error::{AmError, Detail, Form};
use crate::version::Served;

const CONTENT_API_VERSION: HeaderName = HeaderName::from_static("content-api-version");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const UNVERSIONED: HeaderValue =
    HeaderValue::from_static(r#"100 chf "Accept-API-Version should be included in the request.""#);

/// Which set of headers an answer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderSet {
    /// Actions and errors of CREST resources.
    Action,
    /// What CREST resources let read.
    Read,
    /// `authenticate`.
    Authenticate,
    /// What OAuth's token endpoints give: without a charset, as recorded.
    Tokens,
}

/// What an answer carries besides its body, noted while the request is worked on; it stands on errors as well.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    /// The version that serves, once it is chosen.
    pub(crate) served: Option<Served>,
    /// What becomes of the cookies.
    pub(crate) cookies: CookieAct,
    /// The entity tag of something read.
    pub(crate) etag: Option<HeaderValue>,
    /// Whether the body is to be indented.
    pretty: bool,
}

impl Extras {
    /// Nothing but what the request itself asks for.
    pub(crate) fn of(call: &Call) -> Self {
        Self { pretty: crest::pretty(call), ..Self::default() }
    }
}

/// The header sets.
pub(crate) struct HeaderSets {
    action: HeaderMap,
    read: HeaderMap,
    authenticate: HeaderMap,
    tokens: HeaderMap,
    warn: bool,
    escape: bool,
}

impl HeaderSets {
    /// The sets; with `warn`, whoever names no version is told so; with `escape`, messages are escaped for HTML.
    pub(crate) fn new(warn: bool, escape: bool) -> Self {
        let mut bare = HeaderMap::new();
        bare.insert(X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
        bare.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        bare.insert(EXPIRES, HeaderValue::from_static("0"));
        bare.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        let mut authenticate = bare.clone();
        keep_private(&mut authenticate);
        authenticate.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut crest = bare;
        let policy = HeaderValue::from_static("default-src 'none';frame-ancestors 'none';sandbox");
        crest.insert(CONTENT_SECURITY_POLICY, policy);
        crest.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
        crest.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
        crest.insert(CONTENT_TYPE, HeaderValue::from_static("application/json;charset=UTF-8"));
        let mut read = crest.clone();
        read.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let mut action = crest;
        keep_private(&mut action);
        let mut tokens = read.clone();
        tokens.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Self { action, read, authenticate, tokens, warn, escape }
    }

    /// The whole answer.
    pub(crate) fn answer(
        &self,
        header_set: HeaderSet,
        extras: Extras,
        cookies: &CookieLines,
        result: Result<Vec<u8>, AmError>,
    ) -> Response {
        let (mut headers, status, body) = match result {
            Ok(body) => (self.set(header_set).clone(), StatusCode::OK, body),
            Err(error) => self.error(header_set, extras.served, &error),
        };
        let mut response = Response::new(Body::from(if extras.pretty { indented(body) } else { body }));
        *response.status_mut() = status;
        if let Some(served) = extras.served {
            headers.insert(CONTENT_API_VERSION, HeaderValue::from_static(served.registered.header));
            if self.warn && !served.asked {
                headers.insert(WARNING, UNVERSIONED);
            }
        }
        if let Some(etag) = extras.etag {
            headers.insert(http::header::ETAG, etag);
        }
        for line in extras.cookies.lines(cookies) {
            headers.append(SET_COOKIE, line);
        }
        *response.headers_mut() = headers;
        response
    }

    fn set(&self, header_set: HeaderSet) -> &HeaderMap {
        match header_set {
            HeaderSet::Action => &self.action,
            HeaderSet::Read => &self.read,
            HeaderSet::Authenticate => &self.authenticate,
            HeaderSet::Tokens => &self.tokens,
        }
    }

    fn error(
        &self,
        header_set: HeaderSet,
        served: Option<Served>,
        error: &AmError,
    ) -> (HeaderMap, StatusCode, Vec<u8>) {
        let form = error.form();
        // Errors of reads have the headers of actions.
        let header_set = match header_set {
            HeaderSet::Read | HeaderSet::Tokens => HeaderSet::Action,
            HeaderSet::Action | HeaderSet::Authenticate => header_set,
        };
        let mut headers = self.set(header_set).clone();
        let old = header_set == HeaderSet::Authenticate && served.is_some_and(|served| !served.since(2));
        let body = match form {
            Form::Json if old => old_error(error),
            Form::Json => new_error(error, self.escape),
            Form::OAuth => oauth_error(error),
            Form::Text => error.to_string().into_bytes(),
            Form::Empty => Vec::new(),
        };
        if matches!(form, Form::Text | Form::Empty) {
            headers.remove(CONTENT_TYPE);
        }
        if let Some(seconds) = error.retry_after_s() {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if let Some(methods) = error.allow() {
            headers.insert(ALLOW, HeaderValue::from_static(methods));
        }
        if form == Form::OAuth {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some(challenge) = error.challenge() {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        (headers, error.status(), body)
    }
}

// Quirk: two lines, as the founding document shows them; newer servers send the first. Contract am.md Q-10
fn keep_private(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private"));
    headers.append(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store, must-revalidate"));
}

/// The error body of CREST, its members in this order.
#[derive(Serialize)]
struct NewError<'a> {
    code: u16,
    reason: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Detail<'a>>,
}

fn new_error(error: &AmError, escape: bool) -> Vec<u8> {
    let status = error.status();
    let reason = status.canonical_reason().unwrap_or_default();
    let message = if escape { escaped(&error.to_string()) } else { error.to_string() };
    json(&NewError { code: status.as_u16(), reason, message: &message, detail: error.detail() })
}

// Quirk: OpenAM escapes messages for HTML, in JSON, too; AM does not. Contract am.md 0.6; A-36
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

fn oauth_error(error: &AmError) -> Vec<u8> {
    let AmError::OAuth(refused) = error else { return new_error(error, false) };
    json(&serde_json::json!({ "error_description": refused.to_string(), "error": refused.code() }))
}

/// The error body of `authenticate` 1.x. Contract am.md 3.3
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OldError<'a> {
    error_message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_url: Option<&'a str>,
}

fn old_error(error: &AmError) -> Vec<u8> {
    let failure_url = match error.detail() {
        Some(Detail::Failure { failure_url }) => Some(failure_url),
        Some(Detail::Again { .. } | Detail::Code { .. } | Detail::Text(_)) | None => None,
    };
    json(&OldError { error_message: &error.to_string(), failure_url })
}

/// The same JSON for people to read; a body that is none stays as it is.
fn indented(body: Vec<u8>) -> Vec<u8> {
    let read = serde_json::from_slice::<Value>(&body);
    read.and_then(|value| serde_json::to_vec_pretty(&value)).unwrap_or(body)
}

/// A number that changes with the content: FNV-1a. It guards nothing.
pub(crate) fn revision(content: &[u8]) -> u32 {
    content.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// JSON text of a wire struct.
pub(crate) fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("wire structs have text for keys and no failing parts")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;
    use crate::version::{ApiVersion, Registered};

    fn answer(header_set: HeaderSet, extras: Extras, result: Result<Vec<u8>, AmError>) -> Response {
        HeaderSets::new(true, false).answer(
            header_set,
            extras,
            &CookieLines::new(&Settings::default()),
            result,
        )
    }

    fn all(response: &Response, name: &str) -> Vec<String> {
        response.headers().get_all(name).iter().map(|v| v.to_str().unwrap().to_owned()).collect()
    }

    /// A-40: the security headers stand on answers and errors alike.
    #[test]
    fn every_answer_wears_the_security_headers() {
        for result in [Ok(vec![]), Err(AmError::AccessDenied), Err(AmError::NoSuchAuthenticate)] {
            let response = answer(HeaderSet::Action, Extras::default(), result);
            for (name, values) in [
                ("x-frame-options", &["SAMEORIGIN"][..]),
                ("x-content-type-options", &["nosniff"]),
                ("cache-control", &["private", "no-cache, no-store, must-revalidate"]),
                ("content-security-policy", &["default-src 'none';frame-ancestors 'none';sandbox"]),
                ("cross-origin-opener-policy", &["same-origin"]),
                ("cross-origin-resource-policy", &["same-origin"]),
                ("expires", &["0"]),
                ("pragma", &["no-cache"]),
            ] {
                assert_eq!(all(&response, name), values, "{name}");
            }
        }
        let response = answer(HeaderSet::Authenticate, Extras::default(), Err(AmError::LoginFailure));
        assert_eq!(all(&response, "content-type"), ["application/json"]);
        assert!(all(&response, "content-security-policy").is_empty(), "measured: not at authenticate");
    }

    #[test]
    fn who_named_no_version_is_warned() {
        static ONE: Registered = Registered { version: ApiVersion(1, 2), header: "resource=1.2" };
        for (asked, warnings) in [(true, 0), (false, 1)] {
            let extras = Extras { served: Some(Served { registered: &ONE, asked }), ..Extras::default() };
            let response = answer(HeaderSet::Action, extras, Ok(vec![]));
            assert_eq!(all(&response, "content-api-version"), ["resource=1.2"]);
            assert_eq!(all(&response, "warning").len(), warnings);
        }
    }

    #[test]
    fn errors_have_their_members_in_order() {
        assert_eq!(
            new_error(&AmError::LoginFailure, true),
            br#"{"code":401,"reason":"Unauthorized","message":"Login failure","detail":{"failureUrl":""}}"#
        );
        let quoted = AmError::StrayAction;
        assert!(
            String::from_utf8(new_error(&quoted, true)).unwrap().contains("&#39;_action&#39;"),
            "as OpenAM"
        );
        assert!(String::from_utf8(new_error(&quoted, false)).unwrap().contains("'_action'"));
        assert_eq!(old_error(&AmError::LoginFailure), br#"{"errorMessage":"Login failure","failureUrl":""}"#);
        let forged = br#"{"errorMessage":"AuthId JWT Signature not valid"}"#;
        assert_eq!(old_error(&AmError::AttemptForged), forged);
    }
}
