//! Who may ask the admin listener: whoever has its credential, where one is configured; else whoever is on this machine, but
//! no page in a browser there.
//!
//! The credential is kept as a hash and compared in constant time; what a refusal looks like is not decided here. A page of another site reaches loopback by its address, or by a name of its own that leads there.

use adieu_core::TokenHash;
use adieu_http_kit::auth::bearer;
use axum::extract::Request;
use http::Uri;
use http::header::HOST;
use http::uri::Authority;

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
    /// The name in the listener's own address.
    own_name: Option<String>,
}

impl Guard {
    /// With a credential, or none for everybody.
    pub(crate) fn new(credential: Option<&Secret>, url: &str) -> Self {
        let wanted = credential.map(|secret| TokenHash::of(secret.reveal().as_bytes()));
        let own_name = url.parse::<Uri>().ok().and_then(|url| url.host().map(str::to_owned));
        Self { wanted, own_name }
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
        if self.wanted.is_some() || is_health(request) {
            return false;
        }
        let headers = request.headers();
        let cross_site = headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
        let named = request.uri().authority().cloned().or_else(|| {
            let host = headers.get(HOST)?;
            Authority::try_from(host.as_bytes()).ok()
        });
        // DNS rebinding: a browser that was sent here by a name of somebody else's says that name.
        cross_site || named.is_some_and(|named| !self.is_ours(named.host()))
    }

    /// Addresses are nobody's name; `localhost` is this machine's (RFC 6761 §6.3).
    fn is_ours(&self, host: &str) -> bool {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>().is_ok();
        let local = host.eq_ignore_ascii_case("localhost");
        address || local || self.own_name.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(host))
    }

    fn lets(&self, request: &Request) -> bool {
        let Some(wanted) = &self.wanted else { return true };
        let brought = bearer(request.headers()).map(|token| TokenHash::of(token.as_bytes()));
        is_health(request) || brought.is_some_and(|brought| brought.same(wanted))
    }
}

/// Whoever looks after the server may ask under any name how it is.
fn is_health(request: &Request) -> bool {
    request.uri().path().starts_with("/health/")
}
