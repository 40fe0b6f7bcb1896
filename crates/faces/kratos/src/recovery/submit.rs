//! `POST /self-service/recovery`: somebody gives an administrator's code; a GET with a token follows a link. K-50
//!
//! Whoever tries takes the flow away and puts it back where it may be tried again: of two that give the same code one is signed
//! on. As recorded, the form has no anti-forgery token: nobody but an administrator makes a code that could be forged in.

use adieu_authority::{FormKey, FormProof, Recovery, RecoveryFailure, RecoveryWay, SignedIn, web_origin};
use adieu_http_kit::accept;
use adieu_http_kit::form::Params;
use adieu_http_kit::origins::LetIn;
use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, ORIGIN};
use serde_json::json;
use uuid::Uuid;

use super::flow::RecoveryFlow;
use crate::answer::{Answer, json as json_answer, redirect, set_cookie};
use crate::call::{Call, read_body};
use crate::csrf::fingerprint;
use crate::error::KratosError;
use crate::face::{CHANNEL, Face};
use crate::flow::{FlowKind, FoundFlow, Message, SelfServiceFlow};
use crate::settings::SettingsFlow;
use crate::submission::Submission;
use crate::wire::flow_id;

pub(crate) async fn submit(face: &Face, call: &Call, body: Body) -> Result<Answer, KratosError> {
    let mut flow = open(face, call).await?;
    if is_from_elsewhere(face, call, &flow) {
        return Ok(redirect(StatusCode::SEE_OTHER, &call.parts, &face.recovery_page(&flow)));
    }
    let body = read_body(body).await?;
    let submission = match Submission::read(call.headers(), body).await {
        Ok(submission) => submission,
        Err(why) => return refused(face, call, &mut flow, StatusCode::BAD_REQUEST, why.message()).await,
    };
    let code = submission.text("code");
    if code.is_empty() {
        return refused(face, call, &mut flow, StatusCode::BAD_REQUEST, Message::missing("code")).await;
    }
    // Posts of one form take turns: the second, as a double click sends it, goes on with the session that the first has led to.
    let form = form_of(flow.head.id);
    let _turn = face.authority.form_turn(form).await;
    if let Some(proof) = proof(face, call, code)
        && let Some(used) = face.authority.form_use((form, face.realm_id().await?), &proof).await?
        && let Some(signed_in) = used.session
    {
        return signed_on(face, call, flow, signed_in).await;
    }
    tried(face, call, flow, RecoveryWay::Code, code).await
}

/// The form of a flow, as it is known when it comes again.
fn form_of(flow: Uuid) -> FormKey {
    FormKey::of("kratos-recovery", &flow.to_string())
}

/// What a form proves that comes again: the code, in the browser that was shown it. A program sends no form twice.
fn proof(face: &Face, call: &Call, code: &str) -> Option<FormProof> {
    let browser = face.csrf.token(call.headers()).filter(|_| is_a_page(call))?;
    Some(FormProof::recovery(&fingerprint(&browser), code))
}

/// Whether a page of somebody else's sends its visitor here, with a code that would sign the visitor on as somebody else: neither the page
/// of the flow, nor one of this server, nor one that may call from a browser. Such a visitor is shown the form instead. Browsers say so in
/// `Sec-Fetch-Site` (Fetch Metadata Request Headers §2.3), older ones in `Origin`; whatever says nothing of either is a program.
fn is_from_elsewhere(face: &Face, call: &Call, flow: &RecoveryFlow) -> bool {
    let headers = call.headers();
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let given = headers.get(ORIGIN);
    match site {
        Some(b"same-origin" | b"none") => return false,
        None if given.is_none() => return false,
        Some(_) | None => {}
    }
    let origin = given.and_then(|origin| origin.to_str().ok()).and_then(web_origin);
    let is_of = |page: &str| origin.is_some() && origin == web_origin(page);
    let may_call = || matches!(face.settings.cors_origins.let_in_any_case(headers), Some(LetIn::ByName(_)));
    !is_of(&face.recovery_page(flow)) && !is_of(&face.settings.base) && !may_call()
}

/// `GET /self-service/recovery?flow=&token=`: an administrator's link.
pub(crate) async fn follow(face: &Face, call: &Call) -> Result<Answer, KratosError> {
    let flow = open(face, call).await?;
    let params = Params::parse(call.query());
    match params.first("token").filter(|token| !token.is_empty()) {
        Some(token) => tried(face, call, flow, RecoveryWay::Link, token).await,
        None => Ok(redirect(StatusCode::SEE_OTHER, &call.parts, &face.recovery_page(&flow))),
    }
}

async fn open(face: &Face, call: &Call) -> Result<RecoveryFlow, KratosError> {
    let params = Params::parse(call.query());
    let Some(id) = flow_id(params.first("flow")) else {
        return Err(KratosError::malformed("The query names no flow."));
    };
    match face.flow::<RecoveryFlow>(id).await?.ok_or_else(KratosError::not_stored)? {
        FoundFlow::Open(flow) => Ok(flow),
        FoundFlow::Expired(_) => Err(KratosError::recovery_over()),
    }
}

async fn tried(
    face: &Face,
    call: &Call,
    flow: RecoveryFlow,
    way: RecoveryWay,
    given: &str,
) -> Result<Answer, KratosError> {
    // Whoever has the flow as it was read a moment ago may have lost it to another one meanwhile.
    let taken = face.authority.take_flow(flow.head.id.into_bytes(), RecoveryFlow::STORED).await?;
    let taken = taken.and_then(|taken| serde_json::from_slice::<RecoveryFlow>(&taken.body).ok());
    let mut flow = taken.ok_or_else(KratosError::not_stored)?;
    let pass = flow.pass.map(adieu_authority::RecoveryPass::from).filter(|pass| pass.way == way);
    let Some(pass) = pass else {
        return refused(face, call, &mut flow, StatusCode::OK, Message::wrong_recovery_code()).await;
    };
    let recovery = Recovery {
        realm: face.realm().await?,
        channel: CHANNEL,
        device: call.device(),
        pass,
        given: given.to_owned(),
        ends_others: face.settings.recovery_ends_others,
    };
    match face.authority.recover(recovery).await {
        Ok(signed_in) => {
            if let Some(proof) = proof(face, call, given).filter(|_| way == RecoveryWay::Code) {
                let form = (form_of(flow.head.id), signed_in.session.realm);
                face.authority.note_form(form, &proof, Some(&signed_in.token), "").await?;
            }
            signed_on(face, call, flow, signed_in).await
        }
        Err(RecoveryFailure::Wrong(left)) => {
            flow.pass = left.map(Into::into);
            // Quirk: a wrong code is 200. K-50
            refused(face, call, &mut flow, StatusCode::OK, Message::wrong_recovery_code()).await
        }
        Err(RecoveryFailure::SignOn(failure)) => {
            let later = Message::later(&failure);
            let error = KratosError::from(failure);
            // A link has no form to be shown again: whoever follows it once more gets in by it.
            let Some((message, retry_after_s)) =
                later.zip(error.retry_after_s).filter(|_| is_a_page(call) && way == RecoveryWay::Code)
            else {
                face.begin_flow(call, &flow).await?;
                return Err(error);
            };
            let said = message(retry_after_s);
            refused(face, call, &mut flow, StatusCode::OK, said).await
        }
    }
}

/// The flow again, with why nobody was signed on.
async fn refused(
    face: &Face,
    call: &Call,
    flow: &mut RecoveryFlow,
    status: StatusCode,
    message: Message,
) -> Result<Answer, KratosError> {
    flow.messages = vec![message];
    face.begin_flow(call, flow).await?;
    if is_a_page(call) {
        return Ok(redirect(StatusCode::SEE_OTHER, &call.parts, &face.recovery_page(flow)));
    }
    Ok(face.recovery_json(status, flow))
}

fn is_a_page(call: &Call) -> bool {
    !accept::wants_json(call.headers())
}

/// Somebody is signed on, and sent to the settings, where they choose a password.
async fn signed_on(
    face: &Face,
    call: &Call,
    mut flow: RecoveryFlow,
    signed_in: SignedIn,
) -> Result<Answer, KratosError> {
    let left_alone = face.leave_to(call, &signed_in).await?;
    let SignedIn { session, user, token, .. } = signed_in;
    flow.pass = None;
    flow.done = true;
    flow.messages.clear();
    let mount = flow.head.mount;
    let start = format!("{}/self-service/settings/browser", face.base(mount));
    let life_s = face.settings.settings_flow_life_s;
    let mut head = face.head_at(mount, FlowKind::Browser, life_s, start);
    head.return_to = flow.head.return_to.clone();
    let csrf = face.bind_anew(&mut head);
    flow.head.csrf = head.csrf.clone();
    let settings = SettingsFlow::recovered(head, user.id);
    face.keep_flow(&flow).await?;
    face.begin_flow(call, &settings).await?;
    let to = face.settings_page(&settings);
    let mut answer = if is_a_page(call) {
        redirect(StatusCode::SEE_OTHER, &call.parts, &to)
    } else if face.settings.continue_with_transitions {
        let next = json!({"id": Uuid::to_string(&settings.head.id), "url": to});
        let go_on = json!([{"action": "show_settings_ui", "flow": next}]);
        json_answer(StatusCode::OK, &face.recovery_shown(&flow, Some(go_on)))
    } else {
        face.error_json(&call.parts, KratosError::browser_has_to_go(&to))
    };
    set_cookie(&mut answer, csrf);
    face.give_cookies(&mut answer, (&session, &token.reveal()), &left_alone);
    Ok(answer)
}
