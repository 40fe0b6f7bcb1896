//! One public listener, one dispatcher by the first segment of the path.
//!
//! `am` is AM's; `v1` or a UUID is PingOne's; `ui/check` is our own; all else, `/auth` included, is Kratos'. Each face is a whole service with
//! its own fallback, layers and error shape. See `ARCHITECTURE.md`, doors.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use adieu_face_am::Am;
use adieu_face_kratos::Kratos;
use adieu_face_native::Native;
use adieu_face_pingone::PingOne;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use tower::Service;
use tracing::instrument::Instrumented;
use tracing::{Instrument, Span};

/// The three dialects, and our own API, behind the public listener.
#[derive(Clone)]
pub struct Dispatcher {
    /// AM, under `/am`.
    pub am: Am,
    /// PingOne: authentication under an environment's UUID, management under `/v1`.
    pub pingone: PingOne,
    /// Our own: the check that proxies ask.
    pub native: Native,
    /// Kratos: everything else.
    pub kratos: Kratos,
}

/// Whose a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Am,
    PingOne,
    Native,
    Kratos,
}

fn side(path: &str) -> Side {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    match first {
        "am" => Side::Am,
        "v1" => Side::PingOne,
        "ui" if adieu_face_native::owns(path) => Side::Native,
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

/// An answer in the making.
pub type Answering = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

/// The longest request id that is taken over from a caller.
const REQUEST_ID_MAX: usize = 128;

/// What every log line of a request carries: its id, the caller's if there is a sound one. The bare checks have no lines
/// to carry it and do without.
fn span(side: Side, request: &Request<Body>) -> Span {
    if side == Side::Native || request.uri().path() == "/sessions/whoami" {
        return Span::none();
    }
    let given = request.headers().get("x-request-id").and_then(|id| id.to_str().ok());
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

impl Service<Request<Body>> for Dispatcher {
    type Response = Response;
    type Error = Infallible;
    type Future = Instrumented<Answering>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(())) // The routers are always ready.
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let side = side(request.uri().path());
        let span = span(side, &request);
        let answer = match side {
            Side::Am => self.am.call(request),
            Side::PingOne => self.pingone.call(request),
            Side::Native => self.native.call(request),
            Side::Kratos => self.kratos.call(request),
        };
        answer.instrument(span)
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
        for path in ["/ui/check", "/ui/check/", "/ui/check-or-sign-on/self-service/logout"] {
            assert_eq!(side(path), Side::Native, "{path}");
        }
        for path in [
            "/",
            "",
            "/ui",
            "/ui/checks",
            "/auth/ui/check",
            "/auth/as/signoff",
            "/amx",
            "/self-service/login/api",
            "/x-y",
            "/6f0d8a51",
        ] {
            assert_eq!(side(path), Side::Kratos, "{path}");
        }
    }
}
