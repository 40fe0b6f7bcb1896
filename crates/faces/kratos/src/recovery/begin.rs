//! Whoever would begin a recovery alone is told that it is switched off; one that an administrator has begun is fetched.
//! Contract kratos.md 3.6.
//!
//! Everything that is refused before is refused as recorded, so that a page finds the same reasons in the same order.

use adieu_http_kit::accept;
use adieu_http_kit::form::Params;
use axum::http::StatusCode;

use crate::answer::{Answer, redirect};
use crate::call::Call;
use crate::error::{KratosError, RECOVERY_OFF};
use crate::face::Face;

/// `GET /self-service/recovery/browser`.
pub(crate) async fn create_browser(face: &Face, call: &Call) -> Result<Answer, KratosError> {
    let signed_on = face.carried(call.headers()).await?.holder().is_some();
    if signed_on && accept::prefers_json(call.headers()) {
        return Err(KratosError::already_signed_on());
    }
    let wanted = face.wanted_return(&Params::parse(call.query()))?;
    if signed_on {
        let to = wanted.unwrap_or_else(|| face.default_return.as_str().to_owned());
        // Quirk: 302 here, 303 elsewhere. Contract kratos.md 3.6
        return Ok(redirect(StatusCode::FOUND, &call.parts, &to));
    }
    Err(disabled())
}

/// `GET /self-service/recovery/api`.
pub(crate) async fn create_native(face: &Face, call: &Call) -> Result<Answer, KratosError> {
    if face.carried(call.headers()).await?.holder().is_some() {
        return Err(KratosError::already_signed_on());
    }
    face.wanted_return(&Params::parse(call.query()))?;
    Err(disabled())
}

/// `GET /self-service/recovery/flows?id=`.
pub(crate) async fn fetch(face: &Face, call: &Call) -> Result<Answer, KratosError> {
    Ok(face.recovery_json(StatusCode::OK, &face.fetched(call).await?))
}

fn disabled() -> KratosError {
    KratosError::malformed(RECOVERY_OFF)
}
