//! How a settings flow is answered: the flow again, what is wrong, that it is done, or that nobody is there.
//!
//! Pages are sent to the flow's page, programs get its JSON. Nothing is changed here.

use adieu_authority::User;
use adieu_http_kit::accept;
use axum::http::StatusCode;
use serde_json::json;

use super::flow::SettingsFlow;
use crate::answer::{Answer, json as json_answer, redirect, set_cookie};
use crate::call::Call;
use crate::credentials::{CarriedSession, CarriedTokens, SessionHolder};
use crate::error::KratosError;
use crate::face::Face;
use crate::flow::{FieldMessages, FlowKind, Message};
use crate::go_on;

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

/// The flow as it is, and what it says.
pub(super) async fn shown(
    face: &Face,
    call: &Call,
    mut flow: SettingsFlow,
    user: &User,
) -> Result<Answer, KratosError> {
    face.bind_again(&mut flow.head, call);
    face.keep_flow(&flow).await?;
    if is_a_page(call, &flow) {
        return Ok(redirect(StatusCode::SEE_OTHER, &call.parts, &face.settings_page(&flow)));
    }
    Ok(face.settings_json(StatusCode::OK, &flow, user))
}

/// What was asked for is done. Quirk: the answer is of the old flow, and its form goes to a new one.
pub(super) async fn saved(
    face: &Face,
    call: &Call,
    mut flow: SettingsFlow,
    holder: &SessionHolder,
    user: &User,
) -> Result<Answer, KratosError> {
    flow.offer(None);
    flow.revealed = false;
    flow.recovered = false;
    flow.entered = None;
    flow.done = true;
    flow.messages = vec![Message::saved()];
    face.bind_again(&mut flow.head, call);
    let next = flow.anew(face);
    face.keep_flow(&flow).await?;
    face.flow_is_over(&flow);
    face.begin_flow(call, &next).await?;
    if is_a_page(call, &flow) {
        let page = face.settings_page(&next);
        // Where a code is asked for at once, our own page says why before anybody goes on.
        let says_why = flow.codes_kept
            && face.settings.settings_ui == format!("{}/self-service/ui/settings", face.settings.base)
            && matches!(face.carried(call.headers()).await?, CarriedSession::Half(_));
        let to = flow.head.return_to.as_deref().filter(|_| !says_why).unwrap_or(&page);
        return Ok(go_on::sent_on(face, call, to, "Your changes are saved"));
    }
    let action = next.head.action::<SettingsFlow>(&face.base(flow.head.mount));
    let to = flow.head.return_to.clone().unwrap_or_else(|| face.settings_page(&flow));
    let browser = flow.head.kind == FlowKind::Browser;
    let go_on = browser.then(|| json!([{"action": "redirect_browser_to", "redirect_browser_to": to}]));
    let mut answer = json_answer(StatusCode::OK, &face.settings_shown(&flow, user, &action, go_on));
    let (token, _) = face.counting(&CarriedTokens::of(face, call.headers()), false).await?;
    if let (FlowKind::Browser, Some(token)) = (flow.head.kind, token) {
        set_cookie(&mut answer, face.cookie_for(&holder.session, &token.reveal()));
    }
    Ok(answer)
}

/// The flow again, with what is wrong with single fields.
pub(super) async fn refused_at(
    face: &Face,
    call: &Call,
    holder: &SessionHolder,
    flow: &mut SettingsFlow,
    fields: FieldMessages,
) -> Result<Answer, KratosError> {
    flow.field_messages = fields;
    shown_again(face, call, holder, flow).await
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
    shown_again(face, call, holder, flow).await
}

/// Too much waits just now: people keep their form and read so; programs get the error.
pub(super) async fn asked_later(
    face: &Face,
    call: &Call,
    holder: &SessionHolder,
    flow: &mut SettingsFlow,
    busy: KratosError,
) -> Result<Answer, KratosError> {
    if busy.retry_after_s.is_none() || !is_a_page(call, flow) {
        return Err(busy);
    }
    refused(face, call, holder, flow, Message::crowded()).await
}

async fn shown_again(
    face: &Face,
    call: &Call,
    holder: &SessionHolder,
    flow: &mut SettingsFlow,
) -> Result<Answer, KratosError> {
    flow.done = false;
    face.bind_again(&mut flow.head, call);
    face.keep_flow(flow).await?;
    if is_a_page(call, flow) {
        return Ok(redirect(StatusCode::SEE_OTHER, &call.parts, &face.settings_page(flow)));
    }
    Ok(face.settings_json(StatusCode::BAD_REQUEST, flow, &holder.user))
}
