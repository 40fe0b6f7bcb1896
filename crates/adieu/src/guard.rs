//! The credential of the admin listener: asked for on everything but its health, where one is configured.
//!
//! It is kept as a hash and compared in constant time; what a refusal looks like is the affair of the face whose path it is.

use adieu_core::TokenHash;
use adieu_face_kratos::KratosAdmin;
use adieu_http_kit::auth::bearer;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::config::Secret;

/// Who is let through to the admin side.
#[derive(Clone)]
pub(crate) struct Guard {
    wanted: Option<TokenHash>,
    kratos: KratosAdmin,
}

impl Guard {
    /// With a credential, or none for everybody.
    pub(crate) fn new(credential: Option<&Secret>, kratos: KratosAdmin) -> Self {
        let wanted = credential.map(|secret| TokenHash::of(secret.reveal().as_bytes()));
        Self { wanted, kratos }
    }

    fn lets(&self, request: &Request) -> bool {
        let Some(wanted) = &self.wanted else { return true };
        let brought = bearer(request.headers()).map(|token| TokenHash::of(token.as_bytes()));
        request.uri().path().starts_with("/health/") || brought.is_some_and(|brought| brought.same(wanted))
    }
}

/// Lets a request through, or answers in the words of whoever would have answered it.
pub(crate) async fn guarded(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    if guard.lets(&request) {
        return next.run(request).await;
    }
    let path = request.uri().path();
    if path == "/v1" || path.starts_with("/v1/") {
        return adieu_face_native::admin::unauthorized();
    }
    let (parts, _) = request.into_parts();
    guard.kratos.unauthorized(&parts)
}
