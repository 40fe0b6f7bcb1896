//! What a settings flow does: recovery codes made, confirmed, shown and taken away.
//!
//! Made codes count for nothing before they are confirmed: whoever closes the page has what they had. A session that ended while
//! its request was on its way changes nothing: it is answered like one that was over before.

use adieu_authority::{Actor, ConfirmError, DirectoryError, Origin, User};
use axum::http::StatusCode;

use super::flow::{Button, SettingsFlow};
use super::submit::{is_a_page, not_signed_on, refused};
use crate::answer::{Answer, redirect, set_cookie};
use crate::call::Call;
use crate::credentials::{CarriedTokens, SessionHolder};
use crate::error::KratosError;
use crate::face::{CHANNEL, Face};
use crate::flow::{FlowKind, Message};

/// The `reason` of a message that such a submission gets; the texts are ours.
const NOT_MADE: &str = "You must (re-)generate recovery backup codes before you can save them.";
const NONE_THERE: &str = "You can not reveal recovery backup codes because you have none.";

pub(super) async fn on(
    face: &Face,
    call: &Call,
    holder: SessionHolder,
    mut flow: SettingsFlow,
    pressed: Button,
) -> Result<Answer, KratosError> {
    let origin = Origin::of(Actor::User(holder.user.id), CHANNEL, call.address());
    flow.messages.clear();
    flow.done = false;
    match pressed {
        Button::Regenerate => {
            flow.offer(Some(face.authority.draw_code_set()));
            shown(face, call, flow, &holder.user).await
        }
        Button::Reveal if holder.user.recovery_codes.is_none() => {
            let message = Message::unusable("You have no recovery codes.", NONE_THERE);
            refused(face, call, &holder, &mut flow, message).await
        }
        Button::Reveal => {
            flow.revealed = true;
            shown(face, call, flow, &holder.user).await
        }
        Button::Confirm => {
            let Some(set) = flow.offered() else {
                let message = Message::unusable("Please make new recovery codes first.", NOT_MADE);
                return refused(face, call, &holder, &mut flow, message).await;
            };
            let proves = face.settings.enrolling_proves;
            match face.authority.confirm_recovery_codes(holder.session.id, set, proves).await {
                Ok(user) => saved(face, call, flow, &holder, &user).await,
                Err(ConfirmError::NotLive) => not_signed_on(face, call),
                Err(ConfirmError::Unwritten(unwritten)) => Err(unwritten.into()),
            }
        }
        Button::Disable => {
            let (user, session) = (holder.user.id, holder.session.id);
            match face.authority.drop_own_recovery_codes(user, session, origin).await {
                Ok(edited) => saved(face, call, flow, &holder, &edited.user).await,
                Err(DirectoryError::SessionOver) => not_signed_on(face, call),
                Err(refusal) => Err(refusal.into()),
            }
        }
    }
}

/// The flow with its codes.
async fn shown(face: &Face, call: &Call, mut flow: SettingsFlow, user: &User) -> Result<Answer, KratosError> {
    face.bind_again(&mut flow.head, call);
    face.keep_flow(&flow).await?;
    if is_a_page(call, &flow) {
        return Ok(redirect(StatusCode::SEE_OTHER, &call.parts, &face.settings_page(&flow)));
    }
    Ok(face.settings_json(StatusCode::OK, &flow, user))
}

/// What was asked for is done. Quirk: the answer is of the old flow, and its form goes to a new one.
async fn saved(
    face: &Face,
    call: &Call,
    mut flow: SettingsFlow,
    holder: &SessionHolder,
    user: &User,
) -> Result<Answer, KratosError> {
    flow.offer(None);
    flow.revealed = false;
    flow.done = true;
    flow.messages = vec![Message::saved()];
    face.bind_again(&mut flow.head, call);
    let next = flow.anew(face);
    face.keep_flow(&flow).await?;
    face.flow_is_over(&flow);
    face.begin_flow(call, &next).await?;
    if is_a_page(call, &flow) {
        let page = face.settings_page(&next);
        let to = flow.head.return_to.as_deref().unwrap_or(&page);
        return Ok(redirect(StatusCode::SEE_OTHER, &call.parts, to));
    }
    let action = next.head.action::<SettingsFlow>(&face.base(flow.head.mount));
    let mut answer = face.settings_json_to(StatusCode::OK, &flow, user, &action);
    let (token, _) = face.counting(&CarriedTokens::of(face, call.headers()), false).await?;
    if let (FlowKind::Browser, Some(token)) = (flow.head.kind, token) {
        set_cookie(&mut answer, face.cookie_for(&holder.session, &token.reveal()));
    }
    Ok(answer)
}
