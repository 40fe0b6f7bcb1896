//! `POST /self-service/settings`: what has to hold before anything is changed. Contract kratos.md 3.5.
//!
//! The order of the refusals is the contract's; nothing is changed here.

use adieu_authority::Timestamp;
use adieu_http_kit::accept;
use adieu_http_kit::form::{Params, append_query};
use axum::body::Body;
use axum::http::StatusCode;

use super::act;
use super::admitted;
use super::flow::{Button, SettingsFlow};
use crate::answer::{Answer, redirect};
use crate::call::{Call, read_body};
use crate::credentials::SessionHolder;
use crate::error::KratosError;
use crate::face::Face;
use crate::flow::{FlowKind, Found, Message, SelfServiceFlow, guarded};
use crate::submission::Submission;
use crate::wire::flow_id;

pub(crate) async fn submit(face: &Face, call: &Call, body: Body) -> Result<Answer, KratosError> {
    let carried = face.carried(call.headers()).await?;
    let Some(whose) = carried.holder() else {
        return not_signed_on(face, call);
    };
    let params = Params::parse(call.query());
    let Some(id) = flow_id(params.first("flow")) else {
        return Err(KratosError::malformed("The query names no flow."));
    };
    let found = face.flow::<SettingsFlow>(id).await?.ok_or_else(KratosError::not_stored)?;
    let (mut flow, over) = match found {
        Found::Open(flow) => (flow, false),
        Found::Expired(flow) => (flow, true),
    };
    if !flow.is_of(&whose) {
        return Err(KratosError::somebody_elses());
    }
    let Ok(holder) = admitted(carried) else {
        return Err(face.second_factor_missing(call, &whose.user));
    };
    if over {
        return begin_anew(face, call, &holder, &flow).await;
    }
    let body = read_body(body).await?;
    let submission = match Submission::read(call.headers(), body).await {
        Ok(submission) => submission,
        Err(why) => return refused(face, call, &holder, &mut flow, why.message()).await,
    };
    if let Some(message) = guarded(face, call, &flow.head, submission.given("csrf_token"))? {
        return refused(face, call, &holder, &mut flow, message).await;
    }
    let pressed = Button::ALL.into_iter().find(|button| submission.is_true(button.name()));
    let Some(pressed) = pressed else {
        return refused(face, call, &holder, &mut flow, Message::no_method()).await;
    };
    if let Some(to) = proof_too_old(face, call, &holder) {
        return match is_a_page(call, &flow) {
            true => Ok(redirect(StatusCode::SEE_OTHER, &call.parts, &to)),
            false => Err(KratosError::proof_too_old(&to)),
        };
    }
    act::on(face, call, holder, flow, pressed).await
}

/// Nobody is signed on, or not any more.
pub(super) fn not_signed_on(face: &Face, call: &Call) -> Result<Answer, KratosError> {
    if accept::wants_json(call.headers()) {
        return Err(KratosError::no_session());
    }
    // Quirk: 302 here, 303 elsewhere. Contract kratos.md 3.5
    Ok(redirect(StatusCode::FOUND, &call.parts, &face.settings.login_ui))
}

/// Whether the answer is a page that a browser is sent to.
pub(super) fn is_a_page(call: &Call, flow: &SettingsFlow) -> bool {
    flow.head.kind == FlowKind::Browser && !accept::wants_json(call.headers())
}

/// Where to sign on again, if the last time is too long ago.
fn proof_too_old(face: &Face, call: &Call, holder: &SessionHolder) -> Option<String> {
    if face.authority.proven_lately(&holder.session) {
        return None;
    }
    let base = face.base(call.mount);
    let query = call.query();
    let here = format!("{base}/self-service/{}?{query}", SettingsFlow::NAME);
    let login = format!("{base}/self-service/login/browser?refresh=true");
    Some(append_query(&login, "return_to", &here))
}

/// The flow again, with why nothing was changed.
pub(super) async fn refused(
    face: &Face,
    call: &Call,
    holder: &SessionHolder,
    flow: &mut SettingsFlow,
    message: Message,
) -> Result<Answer, KratosError> {
    flow.messages = vec![message];
    flow.done = false;
    face.bind_again(&mut flow.head, call);
    face.keep_flow(flow).await?;
    if is_a_page(call, flow) {
        return Ok(redirect(StatusCode::SEE_OTHER, &call.parts, &face.settings_page(flow)));
    }
    Ok(face.settings_json(StatusCode::BAD_REQUEST, flow, &holder.user))
}

/// A flow that is too old is replaced at once.
async fn begin_anew(
    face: &Face,
    call: &Call,
    holder: &SessionHolder,
    old: &SettingsFlow,
) -> Result<Answer, KratosError> {
    let mut flow = SettingsFlow::new(old.head.anew(face), holder.user.id);
    flow.messages = vec![Message::flow_expired(Timestamp::from_ms(old.head.expires_ms))];
    face.bind_again(&mut flow.head, call);
    face.begin_flow(call, &flow).await?;
    if is_a_page(call, &flow) {
        return Ok(redirect(StatusCode::SEE_OTHER, &call.parts, &face.settings_page(&flow)));
    }
    Err(face.expired_at_submit(old.head.expires_ms, flow.head.id))
}
