//! One request as this face reads it: method, path, query, headers, and the body when somebody asks for it.
//!
//! Decides nothing but bounds. Contract am.md 0.7.

use std::borrow::Cow;
use std::time::Duration;

use adieu_authority::{Actor, Channel, Device, Origin};
use adieu_http_kit::body::{self, BodyError};
use adieu_http_kit::client::{self, Peer};
use adieu_http_kit::form::Params;
use adieu_http_kit::json::{self, JsonError};
use adieu_oidc::ClientRequest;
use axum::body::{Body, Bytes, HttpBody};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, Request};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::error::AmError;

/// The name of this channel, in records and metrics.
pub(crate) const CHANNEL: Channel = Channel::named("am");

const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");

/// A filled callback flow is below 4 KiB.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// A body of that size comes in one go; who takes longer is stuck or means harm.
const BODY_PATIENCE: Duration = Duration::from_secs(10);

/// One request without its body.
pub(crate) struct Call {
    parts: Parts,
    /// The query, in order.
    pub(crate) params: Params,
}

impl Call {
    pub(crate) fn of(request: Request<Body>) -> (Self, Body) {
        let (parts, body) = request.into_parts();
        let params = Params::of(&parts.uri);
        (Self { parts, params }, body)
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// The method as it was sent.
    pub(crate) fn sent_method(&self) -> &Method {
        &self.parts.method
    }

    /// The method as it is meant: a POST may say that it stands for another one.
    pub(crate) fn method(&self) -> Cow<'_, Method> {
        let meant = self.headers().get(METHOD_OVERRIDE).filter(|_| self.parts.method == Method::POST);
        match meant.map(|value| Method::from_bytes(value.as_bytes())) {
            Some(Ok(method)) => Cow::Owned(method),
            Some(Err(_)) | None => Cow::Borrowed(&self.parts.method),
        }
    }

    /// The path as it was sent.
    pub(crate) fn path(&self) -> &str {
        self.parts.uri.path()
    }

    /// A parameter that may come once.
    pub(crate) fn param(&self, name: &'static str) -> Result<Option<&str>, AmError> {
        self.params.only(name).map_err(|_| AmError::Repeated(name))
    }

    /// What is known of the user agent.
    pub(crate) fn device(&self) -> Device {
        Device {
            address: self.address(),
            user_agent: client::user_agent(self.headers()),
            ..Device::default()
        }
    }

    /// Where an order comes from that somebody gives about their own sessions.
    pub(crate) fn origin_of_holder(&self) -> Origin {
        Origin::of_holder(CHANNEL, self.address())
    }

    /// Where an order of somebody else comes from.
    pub(crate) fn origin_of(&self, actor: Actor) -> Origin {
        Origin::of(actor, CHANNEL, self.address())
    }

    /// The address that it came from.
    pub(crate) fn address(&self) -> Option<String> {
        self.peer().map(Peer::to_string)
    }

    /// The same, not yet as text.
    pub(crate) fn peer(&self) -> Option<&Peer> {
        self.parts.extensions.get()
    }

    /// The request of a client with this form.
    pub(crate) fn of_client<'a>(&'a self, form: &'a Params) -> ClientRequest<'a> {
        ClientRequest { headers: self.headers(), form, peer: self.peer() }
    }
}

/// Reads a whole body.
pub(crate) async fn whole(body: Body) -> Result<Bytes, BodyError> {
    if body.size_hint().exact() == Some(0) {
        return Ok(Bytes::new());
    }
    body::read(body, BODY_BYTES_MAX, BODY_PATIENCE).await
}

/// The segments of a path, decoded; one slash at the end counts as none.
pub(crate) fn segments(path: &str) -> Vec<Cow<'_, str>> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        return Vec::new();
    }
    // Most have nothing to decode, and this stands on the path of checks.
    let encoded = path.contains('%');
    let decoded = |segment| match encoded {
        true => percent_decode_str(segment).decode_utf8_lossy(),
        false => Cow::Borrowed(segment),
    };
    // They are short: looking at each letter costs less than a search that begins anew for each of them.
    path.split(['/']).map(decoded).collect()
}

/// A body that must be JSON if it is anything; an empty one is `null`.
pub(crate) fn json(body: &[u8]) -> Result<Value, AmError> {
    if body.is_empty() {
        return Ok(Value::Null);
    }
    json::read(body).map_err(|error| match error {
        JsonError::Trailing => AmError::TrailingData,
        error @ (JsonError::Repeated(_) | JsonError::Syntax(_)) => AmError::NotJson(error.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_decoded_one_by_one() {
        for (path, expect) in [
            ("/json/sessions", &["json", "sessions"][..]),
            ("/json/sessions/", &["json", "sessions"]),
            ("/json/sessions/a%2Fb%2a", &["json", "sessions", "a/b*"]),
            ("/json//x", &["json", "", "x"]),
            ("/%ff", &["\u{fffd}"]),
            ("/%", &["%"]),
            ("/", &[]),
            ("", &[]),
        ] {
            assert_eq!(segments(path), expect, "{path}");
        }
    }

    #[test]
    fn a_body_is_one_json_text_or_nothing() {
        assert_eq!(json(b"").unwrap(), Value::Null);
        assert_eq!(json(b" {} ").unwrap(), serde_json::json!({}));
        assert!(matches!(json(b"{} {}"), Err(AmError::TrailingData)));
        let repeated = json(br#"{"tokenId":"a","tokenId":"b"}"#);
        assert!(matches!(&repeated, Err(AmError::NotJson(says)) if says.contains("tokenId")), "{repeated:?}");
        let deep = "[".repeat(100_000);
        for bad in ["{", "x", "\u{feff}{}", " ", "{'a':1}", "\"\\ud800\"", &deep] {
            assert!(matches!(json(bad.as_bytes()), Err(AmError::NotJson(_))), "{bad:.10}");
        }
        assert!(matches!(json(b"\"\xff\""), Err(AmError::NotJson(_))));
    }

    #[test]
    fn a_post_may_stand_for_another_method() {
        let call = |method: Method, meant: &str| {
            let request = Request::builder().method(method).header("X-HTTP-Method-Override", meant);
            Call::of(request.body(Body::empty()).unwrap()).0
        };
        assert_eq!(*call(Method::POST, "GET").method(), Method::GET);
        assert_eq!(*call(Method::POST, "no method").method(), Method::POST);
        assert_eq!(*call(Method::GET, "POST").method(), Method::GET, "only a POST");
    }
}
