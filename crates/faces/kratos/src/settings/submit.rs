//! `POST /self-service/settings`: what has to hold before anything is changed. Contract kratos.md 3.5.
//!
//! The order of the refusals is the contract's; nothing is changed here.

use adieu_authority::{FormKey, Timestamp};
use adieu_http_kit::form::{Params, append_query};
use axum::body::Body;
use axum::http::{Method, StatusCode};

use super::answers::{is_a_page, not_signed_on, refused, shown};
use super::flow::{Button, END_OTHERS, SettingsFlow};
use super::{act, admitted, continuity, password, profile};
use crate::answer::{Answer, redirect, set_cookie};
use crate::call::{Call, read_body};
use crate::credentials::{CarriedSession, SessionHolder};
use crate::error::KratosError;
use crate::face::Face;
use crate::flow::{
    FlowKind, FoundFlow, Message, SelfServiceFlow, SubmittedTraits, guarded, submitted_traits,
};
use crate::sessions;
use crate::submission::Submission;
use crate::wire::flow_id;

pub(crate) async fn submit(face: &Face, call: &Call, body: Body) -> Result<Answer, KratosError> {
    let params = Params::parse(call.query());
    let id = flow_id(params.first("flow"));
    // Posts of one form take turns: the second finds what the first has changed.
    let form = FormKey::of("kratos-settings", &id.unwrap_or_default().to_string());
    let _turn = face.authority.form_turn(form).await;
    let carried = face.carried(call.headers()).await?;
    let Some(whose) = carried.holder() else {
        return not_signed_on(face, call);
    };
    let Some(id) = id else {
        return Err(KratosError::malformed("The query names no flow."));
    };
    let found = face.flow::<SettingsFlow>(id).await?.ok_or_else(KratosError::not_stored)?;
    let (mut flow, over) = match found {
        FoundFlow::Open(flow) => (flow, false),
        FoundFlow::Expired(flow) => (flow, true),
    };
    if !flow.is_of(&whose) {
        return Err(KratosError::somebody_elses());
    }
    let half = matches!(carried, CarriedSession::Half(_));
    let Ok(holder) = admitted(carried) else {
        return Err(face.second_factor_missing(call, &whose.user));
    };
    if over {
        return begin_anew(face, call, &holder, &flow).await;
    }
    if call.parts.method == Method::GET && continuity::is_waiting(call, &flow) {
        return comes_back(face, call, flow).await;
    }
    let body = read_body(body).await?;
    flow.forget_submission();
    let submission = match Submission::read(call.headers(), body).await {
        Ok(submission) => submission,
        Err(why) => return refused(face, call, &holder, &mut flow, why.message()).await,
    };
    if let Some(message) = guarded(face, call, &flow.head, submission.given("csrf_token"))? {
        return refused(face, call, &holder, &mut flow, message).await;
    }
    let wanted = match Wanted::of(face, &submission) {
        Ok(Some(wanted)) => wanted,
        Ok(None) => return refused(face, call, &holder, &mut flow, Message::no_method()).await,
        Err(message) => return refused(face, call, &holder, &mut flow, *message).await,
    };
    if half && !matches!(wanted, Wanted::Codes(_)) {
        return Err(face.second_factor_missing(call, &holder.user));
    }
    if wanted.needs_a_proof(face, &holder)
        && let Some(to) = proof_too_old(face, call, &holder)
    {
        return Ok(proof_asked_for(face, call, &flow, &to));
    }
    match wanted {
        Wanted::Codes(button) => act::on(face, call, holder, flow, button).await,
        Wanted::Password(password) => password::change(face, call, &holder, flow, &password).await,
        Wanted::Profile(traits) => profile::change(face, call, &holder, flow, traits).await,
        Wanted::EndOthers => {
            sessions::end_all_others(face, call, &holder).await?;
            flow.messages = vec![Message::others_ended()];
            shown(face, call, flow, &holder.user).await
        }
    }
}

/// What a submission asks for.
enum Wanted {
    /// Something with the recovery codes.
    Codes(Button),
    /// This password.
    Password(String),
    /// These traits.
    Profile(SubmittedTraits),
    /// That the other sessions end.
    EndOthers,
}

impl Wanted {
    fn of(face: &Face, submission: &Submission) -> Result<Option<Self>, Box<Message>> {
        if let Some(button) = Button::ALL.into_iter().find(|button| submission.is_true(button.name())) {
            return Ok(Some(Self::Codes(button)));
        }
        if submission.is_true(END_OTHERS) {
            return Ok(Some(Self::EndOthers));
        }
        Ok(match submission.text("method") {
            "password" => Some(Self::Password(submission.text("password").to_owned())),
            "profile" => submitted_traits(submission, &face.schema)?.map(Self::Profile),
            _ => None,
        })
    }

    /// Whether it takes a proof of a short while ago (S-28).
    fn needs_a_proof(&self, face: &Face, holder: &SessionHolder) -> bool {
        match self {
            Self::Codes(_) | Self::Password(_) | Self::EndOthers => true,
            Self::Profile(traits) => profile::renames(&face.schema, &holder.user, traits),
        }
    }
}

/// The answer to whoever has proven too long ago who they are.
fn proof_asked_for(face: &Face, call: &Call, flow: &SettingsFlow, to: &str) -> Answer {
    let mut answer = match is_a_page(call, flow) {
        true => redirect(StatusCode::SEE_OTHER, &call.parts, to),
        false => face.error_json(&call.parts, KratosError::proof_too_old(to)),
    };
    if flow.head.kind == FlowKind::Browser {
        set_cookie(&mut answer, continuity::waits(face, flow));
    }
    answer
}

/// A browser comes back with a fresh proof: the change was not kept, and is asked for once more.
async fn comes_back(face: &Face, call: &Call, mut flow: SettingsFlow) -> Result<Answer, KratosError> {
    flow.forget_submission();
    flow.messages = vec![Message::send_again()];
    face.bind_again(&mut flow.head, call);
    face.keep_flow(&flow).await?;
    let mut answer = redirect(StatusCode::SEE_OTHER, &call.parts, &face.settings_page(&flow));
    set_cookie(&mut answer, continuity::gone(face));
    Ok(answer)
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

/// A flow that is too old is replaced at once.
async fn begin_anew(
    face: &Face,
    call: &Call,
    holder: &SessionHolder,
    old: &SettingsFlow,
) -> Result<Answer, KratosError> {
    let mut flow = SettingsFlow::new(old.head.anew(face), holder.user.id);
    flow.messages = vec![Message::settings_expired(Timestamp::from_ms(old.head.expires_ms))];
    face.bind_again(&mut flow.head, call);
    face.begin_flow(call, &flow).await?;
    if is_a_page(call, &flow) {
        return Ok(redirect(StatusCode::SEE_OTHER, &call.parts, &face.settings_page(&flow)));
    }
    Err(face.expired_at_submit(old.head.expires_ms, flow.head.id))
}
