//! Registration and recovery: who may begin such a flow, and what each refuses. Contract kratos.md 3.4 and 3.6.
//!
//! The flows themselves are switched off here: whoever would get one is told so. Everything that is refused before is
//! refused as recorded, so that a page finds the same reasons in the same order.

use adieu_http_kit::accept;
use adieu_http_kit::form::Params;
use axum::http::StatusCode;

use crate::answer::{Answer, redirect};
use crate::call::Call;
use crate::error::KratosError;
use crate::face::Face;

/// A flow that is not a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OtherFlow {
    Registration,
    Recovery,
}

/// Begins a flow for a browser.
pub(crate) async fn create_browser(face: &Face, call: &Call, flow: OtherFlow) -> Result<Answer, KratosError> {
    let signed_on = face.carried(call.headers()).await?.holder().is_some();
    let json = accept::prefers_json(call.headers());
    match flow {
        OtherFlow::Registration | OtherFlow::Recovery if signed_on && json => {
            return Err(KratosError::already_signed_on());
        }
        OtherFlow::Registration | OtherFlow::Recovery if signed_on => {
            let wanted = face.wanted_return(&Params::parse(call.query()))?;
            let to = wanted.unwrap_or_else(|| face.default_return.as_str().to_owned());
            // Quirk: 302 here, 303 elsewhere. Contract kratos.md 3.6
            let recovery = flow == OtherFlow::Recovery;
            let status = if recovery { StatusCode::FOUND } else { StatusCode::SEE_OTHER };
            return Ok(redirect(status, &call.parts, &to));
        }
        OtherFlow::Registration | OtherFlow::Recovery => {}
    }
    face.wanted_return(&Params::parse(call.query()))?;
    Err(disabled(flow))
}

/// Begins a flow for a program.
pub(crate) async fn create_native(face: &Face, call: &Call, flow: OtherFlow) -> Result<Answer, KratosError> {
    if face.carried(call.headers()).await?.holder().is_some() {
        return Err(KratosError::already_signed_on());
    }
    face.wanted_return(&Params::parse(call.query()))?;
    Err(disabled(flow))
}

fn disabled(flow: OtherFlow) -> KratosError {
    match flow {
        OtherFlow::Registration => KratosError::registration_disabled(),
        OtherFlow::Recovery => KratosError::malformed("Recovery is switched off on this server."),
    }
}
