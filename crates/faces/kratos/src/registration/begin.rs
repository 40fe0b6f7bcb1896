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
use crate::go_on;

/// `GET /self-service/registration/browser`.
pub(crate) async fn create_browser(face: &Face, call: &Call) -> Result<Answer, KratosError> {
    let holder = face.carried(call.headers()).await?.holder();
    let json = accept::prefers_json(call.headers());
    if holder.is_some() && json {
        return Err(KratosError::already_signed_on());
    }
    let return_to = face.wanted_return_from_pages(&Params::parse(call.query()))?;
    if let Some(holder) = holder {
        return Ok(go_on::no_stranger(face, call, &holder, return_to.as_deref()));
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
    let return_to = face.wanted_return_from_pages(&Params::parse(call.query()))?;
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
