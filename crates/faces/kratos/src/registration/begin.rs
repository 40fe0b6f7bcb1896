//! A registration begins, and is fetched. Contract kratos.md 3.1 and 3.4.
//!
//! What is refused is refused in the recorded order: who is signed on, the return address, the switch.

use adieu_http_kit::accept;
use adieu_http_kit::form::Params;
use axum::http::StatusCode;

use super::flow::RegistrationFlow;
use crate::answer::{Answer, redirect, set_cookie};
use crate::call::Call;
use crate::error::KratosError;
use crate::face::Face;
use crate::flow::FlowKind;

/// `GET /self-service/registration/browser`.
pub(crate) async fn create_browser(face: &Face, call: &Call) -> Result<Answer, KratosError> {
    let signed_on = face.carried(call.headers()).await?.holder().is_some();
    let json = accept::prefers_json(call.headers());
    if signed_on && json {
        return Err(KratosError::already_signed_on());
    }
    let return_to = face.wanted_return_of_registration(&Params::parse(call.query()))?;
    if signed_on {
        let to = return_to.unwrap_or_else(|| face.default_return.as_str().to_owned());
        return Ok(redirect(StatusCode::SEE_OTHER, &call.parts, &to));
    }
    let mut flow = begun(face, call, FlowKind::Browser, return_to).await?;
    let fresh = face.bind_first(&mut flow.head, call);
    face.begin_flow(call, &flow).await?;
    let mut answer = match json {
        true => face.registration_json(StatusCode::OK, &flow),
        false => redirect(StatusCode::SEE_OTHER, &call.parts, &face.registration_page(&flow)),
    };
    if let Some(cookie) = fresh {
        set_cookie(&mut answer, cookie);
    }
    Ok(answer)
}

/// `GET /self-service/registration/api`.
pub(crate) async fn create_native(face: &Face, call: &Call) -> Result<Answer, KratosError> {
    if face.carried(call.headers()).await?.holder().is_some() {
        return Err(KratosError::already_signed_on());
    }
    let return_to = face.wanted_return_of_registration(&Params::parse(call.query()))?;
    let flow = begun(face, call, FlowKind::Native, return_to).await?;
    face.begin_flow(call, &flow).await?;
    Ok(face.registration_json(StatusCode::OK, &flow))
}

/// `GET /self-service/registration/flows?id=`.
pub(crate) async fn fetch(face: &Face, call: &Call) -> Result<Answer, KratosError> {
    Ok(face.registration_json(StatusCode::OK, &face.fetched(call).await?))
}

async fn begun(
    face: &Face,
    call: &Call,
    kind: FlowKind,
    return_to: Option<String>,
) -> Result<RegistrationFlow, KratosError> {
    if !face.authority.registers(face.realm().await?.as_ref()) {
        return Err(KratosError::registration_disabled());
    }
    let mut head = face.head(call, kind, face.settings.registration_flow_life_s);
    head.return_to = return_to;
    Ok(RegistrationFlow::new(head))
}
