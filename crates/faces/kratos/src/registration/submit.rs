//! `POST /self-service/registration`: traits are given, then a password. Contract kratos.md 3.4.
//!
//! What is wrong with what was typed is a message of the flow; only what has no flow to show is an error.

use adieu_authority::{
    DirectoryError, FormKey, FormProof, HashError, NewPerson, PersonError, RegisterError, SignOnFailure,
    SignedIn, State, Timestamp, User,
};
use adieu_http_kit::accept;
use adieu_http_kit::form::Params;
use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::flow::{RegistrationFlow, RegistrationStep};
use crate::answer::{Answer, json as json_answer, redirect, set_cookie};
use crate::call::{Call, read_body};
use crate::csrf::fingerprint;
use crate::error::KratosError;
use crate::face::{CHANNEL, Face};
use crate::flow::{
    FieldMessages, FlowKind, FoundFlow, Message, SelfServiceFlow, faults, guarded, submitted_traits,
};
use crate::go_on;
use crate::submission::Submission;
use crate::wire::{TOKEN_PREFIX, flow_id};

pub(crate) async fn submit(face: &Face, call: &Call, body: Body) -> Result<Answer, KratosError> {
    let params = Params::parse(call.query());
    let Some(id) = flow_id(params.first("flow")) else {
        return Err(KratosError::malformed("The query names no flow."));
    };
    let _turn = face.authority.form_turn(form_of(id)).await;
    let mut flow = match face.flow::<RegistrationFlow>(id).await? {
        Some(FoundFlow::Open(flow)) => flow,
        Some(FoundFlow::Expired(flow)) => return begin_anew(face, call, &flow).await,
        None => {
            let answer = led_before(face, call, id, read_body(body).await?).await?;
            return answer.ok_or_else(KratosError::not_stored);
        }
    };
    let body = read_body(body).await?;
    if let Some(holder) = face.carried(call.headers()).await?.holder() {
        let from_page = flow.head.return_to.as_deref().filter(|to| face.is_sign_on_page(to));
        return match is_a_page(call, &flow) {
            true => Ok(go_on::no_stranger(face, call, &holder, from_page)),
            false => Err(KratosError::already_signed_on()),
        };
    }
    let submission = match Submission::read(call.headers(), body).await {
        Ok(submission) => submission,
        Err(why) => return said(face, call, &mut flow, vec![why.message()]).await,
    };
    if let Some(message) = guarded(face, call, &flow.head, submission.given("csrf_token"))? {
        return said(face, call, &mut flow, vec![message]).await;
    }
    match submitted_traits(&submission, &face.schema) {
        Ok(Some(traits)) => flow.traits = traits.over(&Value::Null),
        Ok(None) => {}
        Err(message) => return said(face, call, &mut flow, vec![*message]).await,
    }
    if submission.text("screen") == "previous" {
        flow.step = RegistrationStep::Traits;
        return said(face, call, &mut flow, vec![]).await;
    }
    match submission.text("method") {
        "profile" | "password" => {}
        _ => return said(face, call, &mut flow, vec![Message::no_registration_method()]).await,
    }
    let wrong = faults(&face.schema, None, &flow.traits);
    if !wrong.is_empty() {
        return shown(face, call, &mut flow, RegistrationStep::Traits, (vec![], wrong)).await;
    }
    match submission.text("method") {
        "profile" => {
            let asked = (vec![Message::choose_password()], vec![]);
            shown(face, call, &mut flow, RegistrationStep::Password, asked).await
        }
        _ => with_password(face, call, &mut flow, submission.text("password")).await,
    }
}

async fn with_password(
    face: &Face,
    call: &Call,
    flow: &mut RegistrationFlow,
    password: &str,
) -> Result<Answer, KratosError> {
    let on_password = |message| (vec![], vec![("password".to_owned(), message)]);
    if password.is_empty() {
        let missing = on_password(Message::missing("password"));
        return shown(face, call, flow, RegistrationStep::Password, missing).await;
    }
    let realm = face.realm().await?;
    let registered = face.authority.register(&realm, &call.device(), person(face, flow, password)).await;
    let (step, what) = match registered {
        Ok(user) => return registered_as(face, call, (flow, &FormProof::password("", password)), user).await,
        Err(RegisterError::Person(PersonError::Directory(DirectoryError::Taken(_)))) => {
            (RegistrationStep::Traits, (vec![Message::name_taken()], vec![]))
        }
        Err(RegisterError::Person(PersonError::Weak(weak))) => {
            (RegistrationStep::Password, on_password(Message::weak(weak)))
        }
        Err(RegisterError::Person(PersonError::Password(HashError::TooLong))) => {
            (RegistrationStep::Password, on_password(Message::too_long(password)))
        }
        Err(RegisterError::Person(PersonError::Directory(DirectoryError::Fault(fault)))) => {
            (RegistrationStep::Traits, (vec![Message::unsound(&fault.to_string())], vec![]))
        }
        Err(RegisterError::SignOn(failure)) => return asked_later(face, call, flow, failure).await,
        Err(RegisterError::Person(PersonError::Password(HashError::Busy))) => {
            flow.step = RegistrationStep::Password;
            return asked_later(face, call, flow, SignOnFailure::Busy).await;
        }
        Err(RegisterError::Off) => return Err(KratosError::registration_disabled()),
        Err(RegisterError::Person(error)) => return Err(error.into()),
    };
    shown(face, call, flow, step, what).await
}

/// The form of a flow, whose posts take turns.
fn form_of(flow: Uuid) -> FormKey {
    FormKey::of("kratos-registration", &flow.to_string())
}

/// The same in the browser of this fingerprint, as what it led to is known by: nobody else finds that.
fn form_in_browser(flow: Uuid, fingerprint: Option<&str>) -> FormKey {
    FormKey::of("kratos-registration", &format!("{flow} {}", fingerprint.unwrap_or_default()))
}

/// The answer to a form that came before and made its user: the browser that was shown it, and that sends its token and the same password
/// again, goes on signed on, as a double click wants it. Programs are told that there is no such flow any more.
async fn led_before(face: &Face, call: &Call, id: Uuid, body: Bytes) -> Result<Option<Answer>, KratosError> {
    let Ok(submission) = Submission::read(call.headers(), body).await else { return Ok(None) };
    if face.csrf.verify(call.headers(), submission.given("csrf_token")).is_err() {
        return Ok(None);
    }
    let Some(browser) = face.csrf.token(call.headers()) else { return Ok(None) };
    let form = form_in_browser(id, Some(&fingerprint(&browser)));
    let proof = FormProof::password("", submission.text("password"));
    let used = face.authority.form_use((form, face.realm_id().await?), &proof).await?;
    let Some(used) = used else { return Ok(None) };
    let Ok(flow) = serde_json::from_str::<RegistrationFlow>(&used.beside) else { return Ok(None) };
    if !is_a_page(call, &flow) {
        return Ok(None);
    }
    let to = flow.head.return_to.as_deref().unwrap_or(face.registration_return.as_str());
    let to = after_registration(face, &flow, used.session.as_ref(), to);
    let mut answer = sent_on(face, call, &to, used.session.is_some());
    if let Some(signed_in) = &used.session {
        let left_alone = face.leave_to(call, signed_in).await?;
        face.give_cookies(&mut answer, (&signed_in.session, &signed_in.token.reveal()), &left_alone);
        set_cookie(&mut answer, face.fresh_csrf()); // K-52: the first answer may be lost.
    }
    Ok(Some(answer))
}

/// Whom the traits name.
fn person(face: &Face, flow: &RegistrationFlow, password: &str) -> NewPerson {
    let names = face.schema.names(&flow.traits);
    let fallback = || names.email.clone().unwrap_or_else(|| face.drawn_name());
    NewPerson {
        username: names.username.clone().unwrap_or_else(fallback),
        email: names.email.clone(),
        password: Some(password.to_owned()),
        traits: Some(flow.traits.to_string()),
        ..NewPerson::default()
    }
}

/// It was tried too often, or too much waits just now: people keep their form and read when to try again; programs get the error.
async fn asked_later(
    face: &Face,
    call: &Call,
    flow: &mut RegistrationFlow,
    failure: SignOnFailure,
) -> Result<Answer, KratosError> {
    let Some(message) = Message::later(&failure) else { return Err(failure.into()) };
    let error = KratosError::from(failure);
    let Some(retry_after_s) = error.retry_after_s.filter(|_| is_a_page(call, flow)) else {
        return Err(error);
    };
    said(face, call, flow, vec![message(retry_after_s)]).await
}

/// A user was made. Whether a session is opened is the installation's choice; Kratos calls it a hook.
async fn registered_as(
    face: &Face,
    call: &Call,
    (flow, proof): (&RegistrationFlow, &FormProof),
    user: User,
) -> Result<Answer, KratosError> {
    face.authority.take_flow(flow.head.id.into_bytes(), RegistrationFlow::STORED).await?;
    let opened = match face.settings.registration_opens_session {
        true => {
            let realm = face.realm().await?;
            Some(face.authority.open_proven(realm, CHANNEL, call.device(), &user).await?)
        }
        false => None,
    };
    let said = serde_json::to_string(flow).unwrap_or_default();
    let token = opened.as_ref().map(|opened| &opened.token);
    let form = form_in_browser(flow.head.id, flow.head.browser.as_deref());
    face.authority.note_form((form, user.realm), proof, token, &said).await?;
    let mount = flow.head.mount;
    let to = flow.head.return_to.as_deref().unwrap_or(face.registration_return.as_str());
    let to = after_registration(face, flow, opened.as_ref(), to);
    let go_on = json!([{"action": "redirect_browser_to", "redirect_browser_to": to}]);
    let identity = json!(face.identity_wire(mount, &user));
    let mut answer = match (&opened, flow.head.kind) {
        _ if is_a_page(call, flow) => sent_on(face, call, &to, opened.is_some()),
        (None, FlowKind::Native) => told(json!({"identity": identity, "continue_with": null})),
        (None, FlowKind::Browser) => told(json!({"identity": identity, "continue_with": go_on})),
        (Some(opened), FlowKind::Native) => {
            let token = format!("{TOKEN_PREFIX}{}", opened.token.reveal());
            let go_on = json!([{"action": "set_ory_session_token", "ory_session_token": token}]);
            let session = json!(face.session_wire(mount, &opened.session, &opened.user));
            told(
                json!({"session_token": token, "session": session, "identity": identity, "continue_with": go_on}),
            )
        }
        (Some(opened), FlowKind::Browser) => {
            let session = json!(face.session_wire(mount, &opened.session, &opened.user));
            told(json!({"session": session, "identity": identity, "continue_with": go_on}))
        }
    };
    if let (Some(signed_in), FlowKind::Browser) = (&opened, flow.head.kind) {
        let left_alone = face.leave_to(call, signed_in).await?;
        face.give_cookies(&mut answer, (&signed_in.session, &signed_in.token.reveal()), &left_alone);
        set_cookie(&mut answer, face.fresh_csrf()); // K-52
    }
    Ok(answer)
}

/// Where a new user goes on. A sign-on page that has led here lets nobody on who has yet to make a second factor: that comes first.
fn after_registration(face: &Face, flow: &RegistrationFlow, opened: Option<&SignedIn>, to: &str) -> String {
    match opened {
        Some(opened) if opened.session.state == State::HalfSignedOn && face.is_sign_on_page(to) => {
            face.second_step(flow.head.mount, &opened.user, Some(to))
        }
        Some(_) | None => to.to_owned(),
    }
}

/// The browser of a new user goes on.
fn sent_on(face: &Face, call: &Call, to: &str, is_signed_on: bool) -> Answer {
    if !is_signed_on && face.is_sign_on_page(to) {
        return go_on::registered(to);
    }
    go_on::sent_on(face, call, to, "You have an account")
}

fn told(body: Value) -> Answer {
    json_answer(StatusCode::OK, &body)
}

fn is_a_page(call: &Call, flow: &RegistrationFlow) -> bool {
    flow.head.kind == FlowKind::Browser && !accept::wants_json(call.headers())
}

/// The flow again, at the step where it is.
async fn said(
    face: &Face,
    call: &Call,
    flow: &mut RegistrationFlow,
    messages: Vec<Message>,
) -> Result<Answer, KratosError> {
    let step = flow.step;
    shown(face, call, flow, step, (messages, vec![])).await
}

/// The flow again, with what is to be said.
async fn shown(
    face: &Face,
    call: &Call,
    flow: &mut RegistrationFlow,
    step: RegistrationStep,
    (messages, field_messages): (Vec<Message>, FieldMessages),
) -> Result<Answer, KratosError> {
    flow.step = step;
    flow.messages = messages;
    flow.field_messages = field_messages;
    face.bind_again(&mut flow.head, call);
    face.keep_flow(flow).await?;
    if is_a_page(call, flow) {
        return Ok(redirect(StatusCode::SEE_OTHER, &call.parts, &face.registration_page(flow)));
    }
    Ok(face.registration_json(StatusCode::BAD_REQUEST, flow))
}

/// A flow that is too old is replaced at once (K-48).
async fn begin_anew(face: &Face, call: &Call, old: &RegistrationFlow) -> Result<Answer, KratosError> {
    let mut flow = RegistrationFlow::new(old.head.anew(face));
    flow.messages = vec![Message::registration_expired(Timestamp::from_ms(old.head.expires_ms))];
    face.bind_again(&mut flow.head, call);
    face.begin_flow(call, &flow).await?;
    if is_a_page(call, &flow) {
        return Ok(redirect(StatusCode::SEE_OTHER, &call.parts, &face.registration_page(&flow)));
    }
    let mut error = face.expired_at_submit(old.head.expires_ms, flow.head.id);
    error.always_json = true;
    Err(error)
}
