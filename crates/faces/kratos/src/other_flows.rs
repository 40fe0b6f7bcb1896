//! Registration, settings and recovery: who may begin such a flow, and what each refuses. Contract kratos.md 3.4 to 3.6.
//!
//! The flows themselves are switched off here: whoever would get one is told so. Everything that is refused before is
//! refused as recorded, so that a page finds the same reasons in the same order.

use adieu_http_kit::accept;
use adieu_http_kit::form::Params;
use axum::http::StatusCode;

use crate::answer::{Answer, Call, redirect};
use crate::error::KratosError;
use crate::face::Face;

/// A flow that is not a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OtherFlow {
    Registration,
    Settings,
    Recovery,
}

/// Begins a flow for a browser.
pub(crate) async fn create_browser(face: &Face, call: &Call, flow: OtherFlow) -> Result<Answer, KratosError> {
    let signed_on = face.signed_on(call.headers()).await?.is_some();
    let json = accept::prefers_json(call.headers());
    match flow {
        OtherFlow::Settings if !signed_on && json => return Err(KratosError::session_inactive()),
        OtherFlow::Settings if !signed_on => {
            let to = format!("{}/self-service/login/browser", face.base(call.mount));
            return Ok(redirect(StatusCode::SEE_OTHER, &call.parts, &to));
        }
        OtherFlow::Settings => {}
        OtherFlow::Registration | OtherFlow::Recovery if signed_on && json => {
            return Err(KratosError::already_signed_on());
        }
        OtherFlow::Registration | OtherFlow::Recovery if signed_on => {
            let to = return_to(face, call)?.unwrap_or_else(|| face.default_return.as_str().to_owned());
            // Quirk: 302 here, 303 elsewhere. Contract kratos.md 3.6
            let recovery = flow == OtherFlow::Recovery;
            let status = if recovery { StatusCode::FOUND } else { StatusCode::SEE_OTHER };
            return Ok(redirect(status, &call.parts, &to));
        }
        OtherFlow::Registration | OtherFlow::Recovery => {}
    }
    return_to(face, call)?;
    Err(disabled(flow))
}

/// Begins a flow for a program.
pub(crate) async fn create_native(face: &Face, call: &Call, flow: OtherFlow) -> Result<Answer, KratosError> {
    let signed_on = face.signed_on(call.headers()).await?.is_some();
    match flow {
        OtherFlow::Settings if !signed_on => return Err(KratosError::session_inactive()),
        OtherFlow::Registration | OtherFlow::Recovery if signed_on => {
            return Err(KratosError::already_signed_on());
        }
        OtherFlow::Settings | OtherFlow::Registration | OtherFlow::Recovery => {}
    }
    return_to(face, call)?;
    Err(disabled(flow))
}

fn return_to(face: &Face, call: &Call) -> Result<Option<String>, KratosError> {
    let params = Params::parse(call.query());
    let wanted = params.first("return_to").filter(|wanted| !wanted.is_empty());
    wanted.map(|wanted| face.return_to(Some(wanted), &face.default_return)).transpose()
}

fn disabled(flow: OtherFlow) -> KratosError {
    match flow {
        OtherFlow::Registration => KratosError::registration_disabled(),
        OtherFlow::Settings => KratosError::malformed("Settings are switched off on this server."),
        OtherFlow::Recovery => KratosError::malformed("Recovery is switched off on this server."),
    }
}
