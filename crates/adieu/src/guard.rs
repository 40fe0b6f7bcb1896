//! Who may ask the admin listener: callers with its credential, where one is configured; else callers on this machine, but
//! no page in a browser there.
//!
//! The credential is kept as a hash and compared in constant time; what a refusal looks like is not decided here. A page of
//! another site reaches loopback by its address, or by a name of its own that leads there.

use adieu_core::TokenHash;
use adieu_http_kit::auth::bearer;
use axum::extract::Request;
use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, Uri};

use crate::config::Secret;

/// What becomes of a request at the admin listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entrance {
    /// It is let through.
    Open,
    /// It brings no credential, or a wrong one.
    Closed,
    /// A page of another site may have sent it.
    Stranger,
}

/// Who is let through to the admin side.
#[derive(Clone)]
pub(crate) struct Guard {
    wanted: Option<TokenHash>,
    /// The listener's own address.
    own: Option<Uri>,
}

impl Guard {
    /// With a credential, or none for everybody.
    pub(crate) fn new(credential: Option<&Secret>, url: &str) -> Self {
        let wanted = credential.map(|secret| TokenHash::of(secret.reveal().as_bytes()));
        Self { wanted, own: url.parse().ok() }
    }

    /// What becomes of a request.
    pub(crate) fn entrance(&self, request: &Request) -> Entrance {
        if self.is_a_strangers(request) {
            Entrance::Stranger
        } else if self.lets(request) {
            Entrance::Open
        } else {
            Entrance::Closed
        }
    }

    /// Whether a page of another site may have sent it. With a credential that does not matter: no page has it.
    fn is_a_strangers(&self, request: &Request) -> bool {
        if self.wanted.is_some() || is_for_everybody(request) {
            return false;
        }
        let headers = request.headers();
        let named = request.uri().authority().cloned().or_else(|| {
            let host = headers.get(HOST)?;
            Authority::try_from(host.as_bytes()).ok()
        });
        // DNS rebinding: a browser that was sent here by a name of somebody else's says that name.
        if named.as_ref().is_some_and(|named| !self.is_ours(named.host())) {
            return true;
        }
        let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
        // A page may ask what it is not told the answer to: without CORS headers no other origin reads one.
        if [Method::GET, Method::HEAD].contains(request.method()) {
            return site == Some(b"cross-site");
        }
        let beside = site.is_some_and(|site| ![&b"none"[..], b"same-origin"].contains(&site));
        beside || self.is_of_another_origin(headers, named.as_ref())
    }

    /// Whether a page of another origin sent it: another port of this machine is one, too (RFC 6454 §4).
    fn is_of_another_origin(&self, headers: &HeaderMap, named: Option<&Authority>) -> bool {
        let mut origins = headers.get_all(ORIGIN).iter();
        let Some(origin) = origins.next() else { return false };
        let origin = Uri::try_from(origin.as_bytes()).ok().filter(|_| origins.next().is_none());
        let Some(origin) = origin else { return true };
        let asked = origin.authority().is_some() && origin.authority() == named;
        let configured = self.own.as_ref().is_some_and(|own| {
            origin.scheme() == own.scheme()
                && origin.authority().is_some()
                && origin.authority() == own.authority()
        });
        !(asked || configured)
    }

    /// Loopback has no other addresses, `localhost` is this machine's (RFC 6761 §6.3), and the configured name is its own.
    fn is_ours(&self, host: &str) -> bool {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let loopback = bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        let own = self.own.as_ref().and_then(Uri::host);
        loopback
            || host.eq_ignore_ascii_case("localhost")
            || own.is_some_and(|own| own.eq_ignore_ascii_case(host))
    }

    fn lets(&self, request: &Request) -> bool {
        let Some(wanted) = &self.wanted else { return true };
        let brought = bearer(request.headers()).map(|token| TokenHash::of(token.as_bytes()));
        is_health(request) || brought.is_some_and(|brought| brought.same(wanted))
    }
}

/// Whoever looks after the server may ask how it is, credential or not.
fn is_health(request: &Request) -> bool {
    request.uri().path().starts_with("/health/")
}

/// What may be asked under any name: how the server is, and its metrics.
fn is_for_everybody(request: &Request) -> bool {
    is_health(request) || ["/metrics", "/metrics/prometheus"].contains(&request.uri().path())
}
