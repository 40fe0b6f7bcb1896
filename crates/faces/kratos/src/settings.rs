//! Settings flows: users change their own traits, password and second factor. Contract kratos.md 3.5; K-28, K-50.
//!
//! Whoever changes a credential has signed on a short while ago, and with the second factor if there is one (S-28).

mod act;
mod answers;
mod continuity;
mod flow;
mod password;
mod profile;
mod submit;

use adieu_authority::Assurance;
use adieu_http_kit::accept;
use adieu_http_kit::form::{Params, append_query};
use axum::http::StatusCode;
use serde_json::Map;

use crate::answer::{Answer, redirect, set_cookie};
use crate::call::Call;
use crate::credentials::{CarriedSession, SessionHolder};
use crate::error::KratosError;
use crate::face::Face;
use crate::flow::{FlowKind, FoundFlow};
use crate::wire::flow_id;

pub(crate) use flow::{Button, END_OTHERS, SettingsFlow};
pub(crate) use submit::submit;

/// `GET /self-service/settings/browser`.
pub(crate) async fn create_browser(face: &Face, call: &Call) -> Result<Answer, KratosError> {
    let json = accept::prefers_json(call.headers());
    let holder = match admitted(face.carried(call.headers()).await?) {
        Ok(holder) => holder,
        Err(Some(half)) if json => return Err(face.second_factor_missing(call, &half.user)),
        Err(Some(half)) => {
            let here = format!("{}/self-service/settings/browser", face.base(call.mount));
            // Whoever comes for a second factor and has one goes back with it.
            let here = page_that_led_here(face, call).unwrap_or(here);
            let to = face.second_step(call.mount, &half.user, Some(&here));
            return Ok(redirect(StatusCode::SEE_OTHER, &call.parts, &to));
        }
        Err(None) if json => return Err(KratosError::session_inactive()),
        Err(None) => {
            let base = face.base(call.mount);
            let to = format!("{base}/self-service/login/browser");
            // Who comes for a second factor comes back here first, and makes one.
            let to = match page_that_led_here(face, call) {
                Some(page) => {
                    let here =
                        append_query(&format!("{base}/self-service/settings/browser"), "return_to", &page);
                    append_query(&to, "return_to", &here)
                }
                None => to,
            };
            return Ok(redirect(StatusCode::SEE_OTHER, &call.parts, &to));
        }
    };
    let mut flow = begun(face, call, FlowKind::Browser, &holder)?;
    let fresh = face.bind_first(&mut flow.head, call);
    face.begin_flow(call, &flow).await?;
    let mut answer = if json {
        face.settings_json(StatusCode::OK, &flow, &holder.user)
    } else {
        redirect(StatusCode::SEE_OTHER, &call.parts, &face.settings_page(&flow))
    };
    if let Some(cookie) = fresh {
        set_cookie(&mut answer, cookie);
    }
    Ok(answer)
}

/// The sign-on page of another dialect that has sent its user here.
fn page_that_led_here(face: &Face, call: &Call) -> Option<String> {
    let params = Params::parse(call.query());
    params.first("return_to").filter(|to| face.is_sign_on_page(to)).map(str::to_owned)
}

/// `GET /self-service/settings/api`.
pub(crate) async fn create_native(face: &Face, call: &Call) -> Result<Answer, KratosError> {
    let holder = match admitted(face.carried(call.headers()).await?) {
        Ok(holder) => holder,
        Err(Some(half)) => return Err(face.second_factor_missing(call, &half.user)),
        Err(None) => return Err(KratosError::session_inactive()),
    };
    let flow = begun(face, call, FlowKind::Native, &holder)?;
    face.begin_flow(call, &flow).await?;
    Ok(face.settings_json(StatusCode::OK, &flow, &holder.user))
}

/// Who may have settings: the user of a live session, and a user who is half signed on only because they have no second
/// factor yet: this is where one is made. Otherwise the user whose factor is missing, if there is one.
pub(crate) fn admitted(carried: CarriedSession) -> Result<SessionHolder, Option<SessionHolder>> {
    let holder = carried.holder().ok_or(None)?;
    match carried {
        CarriedSession::Half(half) if half.user.assurance() == Assurance::Two => Err(Some(holder)),
        CarriedSession::Half(_) | CarriedSession::Live(_) | CarriedSession::Nobodys => Ok(holder),
    }
}

fn begun(
    face: &Face,
    call: &Call,
    kind: FlowKind,
    holder: &SessionHolder,
) -> Result<SettingsFlow, KratosError> {
    let mut head = face.head(call, kind, face.settings.settings_flow_life_s);
    head.return_to = face.wanted_return_from_pages(&Params::parse(call.query()))?;
    Ok(SettingsFlow::new(head, holder.user.id))
}

/// `GET /self-service/settings/flows?id=`, by the user whose flow it is.
pub(crate) async fn fetch(face: &Face, call: &Call) -> Result<Answer, KratosError> {
    let carried = face.carried(call.headers()).await?;
    let whose = carried.holder().ok_or_else(KratosError::no_session)?;
    let params = Params::parse(call.query());
    let Some(id) = flow_id(params.first("id")) else { return Err(KratosError::not_stored()) };
    match face.flow::<SettingsFlow>(id).await?.ok_or_else(KratosError::not_stored)? {
        FoundFlow::Open(flow) | FoundFlow::Expired(flow) if !flow.is_of(&whose) => {
            Err(KratosError::somebody_elses())
        }
        FoundFlow::Open(flow) => match admitted(carried) {
            Ok(holder) => Ok(face.settings_json(StatusCode::OK, &flow, &holder.user)),
            Err(_) => Err(face.second_factor_missing(call, &whose.user)),
        },
        // Quirk: such a flow's end is told without an id, unlike a login's. Contract kratos.md 3.3
        FoundFlow::Expired(flow) => {
            let base = face.base(flow.head.mount);
            let mut details = Map::new();
            match flow.head.kind {
                FlowKind::Browser => {
                    details.insert("redirect_to".into(), flow.head.restart::<SettingsFlow>(&base).into())
                }
                FlowKind::Native => {
                    details.insert("api".into(), format!("{base}/self-service/settings/api").into())
                }
            };
            Err(KratosError { id: "", ..KratosError::flow_expired_at_fetch(details) })
        }
    }
}
