//! One public listener, one dispatcher by the first segment of the path.
//!
//! `am` is AM's; `v1` or a UUID is PingOne's; `o` and the metadata of what stands below it are the native OpenID issuers'; `ui/check`
//! is the proxies'; `/` alone and its sign-off are our own pages; all else, `/auth` included, is Kratos'. Each face is a whole service with its own fallback, layers and error shape. See `ARCHITECTURE.md`, listeners.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use adieu_face_am::Am;
use adieu_face_check::ProxyCheck;
use adieu_face_kratos::Kratos;
use adieu_face_openid::OpenId;
use adieu_face_pages::OwnPages;
use adieu_face_pingone::PingOne;
use adieu_http_kit::service::{Answers, FaceService};
use adieu_http_kit::sign_off;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::header::STRICT_TRANSPORT_SECURITY;
use http::{HeaderName, HeaderValue};
use tracing::{Instrument, Span};

use crate::endings_told::told;
use crate::logging::RequestLine;
use crate::metering::{RequestChannel, RequestMeter};

/// The faces behind the public listener: the dialects, the native issuers, our own pages, and the check that proxies ask.
pub struct Dispatcher {
    /// AM, under `/am`.
    pub am: FaceService<Am>,
    /// PingOne: authentication under an environment's UUID, management under `/v1`.
    pub pingone: FaceService<PingOne>,
    /// The check that proxies ask.
    pub check: FaceService<ProxyCheck>,
    /// The native OpenID issuers, under `/o`.
    pub openid: FaceService<OpenId>,
    /// Our own pages, if there is a front page.
    pub pages: Option<FaceService<OwnPages>>,
    /// Kratos: everything else.
    pub kratos: FaceService<Kratos>,
    pub(crate) meter: Arc<RequestMeter>,
    /// What browsers are told of https, if anything.
    pub transport: Option<HeaderValue>,
    /// What browsers are told to forget after a sign-off, if anything.
    pub clears: Option<HeaderValue>,
}

/// Whose a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Am,
    PingOne,
    OpenId,
    Check,
    Pages,
    Kratos,
}

impl Side {
    const fn channel(self) -> RequestChannel {
        match self {
            Self::Am => RequestChannel::Am,
            Self::PingOne => RequestChannel::PingOne,
            Self::OpenId => RequestChannel::OpenId,
            Self::Check => RequestChannel::Check,
            Self::Pages => RequestChannel::Pages,
            Self::Kratos => RequestChannel::Kratos,
        }
    }
}

fn side(path: &str) -> Side {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    match first {
        "am" => Side::Am,
        "v1" => Side::PingOne,
        "o" | ".well-known" if adieu_face_openid::owns(path) => Side::OpenId,
        "ui" if adieu_face_check::owns(path) => Side::Check,
        other if looks_like_uuid(other) => Side::PingOne,
        _ => Side::Kratos,
    }
}

/// 36 characters with hyphens where a UUID has them; whether it names something is the face's affair.
fn looks_like_uuid(segment: &str) -> bool {
    segment.len() == 36
        && segment.bytes().enumerate().all(|(n, byte)| match n {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Clear Site Data §3.1.
const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest request id that is taken over from a caller.
const REQUEST_ID_MAX: usize = 128;

/// What every log line of a request carries: its id, the caller's if there is a sound one. The bare checks have no lines
/// to carry it and do without.
fn span(side: Side, request: &Request<Body>) -> Span {
    if side == Side::Check || request.uri().path() == "/sessions/whoami" {
        return Span::none();
    }
    let given = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok());
    match given.filter(|id| !id.is_empty() && id.len() <= REQUEST_ID_MAX) {
        Some(id) => tracing::info_span!("request", id, method = %request.method()),
        None => {
            let id = NEXT.fetch_add(1, Ordering::Relaxed);
            tracing::info_span!("request", id, method = %request.method())
        }
    }
}

/// Requests that brought no id are numbered, in this process.
static NEXT: AtomicU64 = AtomicU64::new(1);

impl Answers<Body> for Dispatcher {
    type Body = Body;

    async fn answer(&self, request: Request<Body>) -> Response {
        let side = side(request.uri().path());
        let side = match &self.pages {
            Some(_) if side == Side::Kratos && adieu_face_pages::owns(&request) => Side::Pages,
            Some(_) | None => side,
        };
        let (span, timer) = (span(side, &request), self.meter.begin(side.channel()));
        let line = RequestLine::of(side.channel(), &request, &span);
        let answering = match side {
            Side::Am => self.am.begin(request),
            Side::PingOne => self.pingone.begin(request),
            Side::OpenId => self.openid.begin(request),
            Side::Check => self.check.begin(request),
            Side::Kratos => self.kratos.begin(request),
            Side::Pages => match &self.pages {
                Some(pages) => pages.begin(request),
                None => self.kratos.begin(request),
            },
        };
        let mut answer = match side {
            Side::Check => answering.instrument(span).await, // It ends nothing.
            Side::Am | Side::PingOne | Side::OpenId | Side::Pages | Side::Kratos => {
                told(answering.instrument(span)).await
            }
        }
        .unwrap_or_else(|never| match never {});
        timer.answered(answer.status());
        if let Some(line) = line {
            line.answered(answer.status());
        }
        if let Some(transport) = &self.transport {
            answer.headers_mut().insert(STRICT_TRANSPORT_SECURITY, transport.clone());
        }
        if let Some(clears) = self.clears.as_ref().filter(|_| sign_off::is_marked(&answer)) {
            answer.headers_mut().insert(CLEAR_SITE_DATA, clears.clone());
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_segment_says_whose_a_path_is() {
        let id = "6f0d8a51-3c1e-4b7a-9d52-8e2b4f7c1a90";
        assert_eq!(side("/am/json/sessions"), Side::Am);
        assert_eq!(side("/v1/environments"), Side::PingOne);
        assert_eq!(side(&format!("/{id}/as/signoff")), Side::PingOne);
        assert_eq!(side(&format!("/{}/as/signoff", id.to_uppercase())), Side::PingOne);
        for path in ["/o", "/o/alpha/token", "/o/x", "/.well-known/oauth-authorization-server/o/alpha"] {
            assert_eq!(side(path), Side::OpenId, "{path}");
        }
        for path in ["/ui/check", "/ui/check/", "/ui/check-or-sign-on/self-service/logout"] {
            assert_eq!(side(path), Side::Check, "{path}");
        }
        for path in [
            "/",
            "",
            "/ui",
            "/ui/checks",
            "/auth/ui/check",
            "/auth/as/signoff",
            "/amx",
            "/os",
            "/.well-known/ory/webauthn.js",
            "/.well-known/openid-configuration",
            "/self-service/login/api",
            "/x-y",
            "/6f0d8a51",
        ] {
            assert_eq!(side(path), Side::Kratos, "{path}");
        }
    }
}
