//! `POST /self-service/login`: somebody gives a name and a password, or a second factor. Contract kratos.md 3.3.
//!
//! Wrong credentials are a message of the flow; only what has no flow to show is an error.

use adieu_authority::{
    Assurance, FormKey, FormProof, How, SessionToken, SignOn, SignOnFailure, SignedIn, State, User,
};
use adieu_http_kit::accept;
use adieu_http_kit::form::{Params, append_query};
use axum::body::Body;
use axum::http::StatusCode;
use serde_json::json;
use uuid::Uuid;

use crate::answer::{Answer, json as json_answer, redirect, set_cookie};
use crate::call::{Call, read_body};
use crate::credentials::{CarriedSession, CarriedTokens};
use crate::error::KratosError;
use crate::face::{CHANNEL, Face};
use crate::flow::{FlowKind, FoundFlow, Message, guarded};
use crate::go_on;
use crate::login::begin::has_reached;
use crate::login::flow::{Asks, LoginFlow};
use crate::login::step;
use crate::submission::Submission;
use crate::wire::{TOKEN_PREFIX, flow_id};

/// The longest name that is kept: an e-mail address is no longer. RFC 5321 §4.5.3.1
const IDENTIFIER_BYTES_MAX: usize = 320;
/// The `reason` of a message that such a submission gets. A wire fact, as recorded; the text for people is ours.
const ALREADY: &str =
    "A valid session was detected and thus login is not possible. Did you forget to set `?refresh=true`?";

pub(crate) async fn submit(face: &Face, call: &Call, body: Body) -> Result<Answer, KratosError> {
    let params = Params::parse(call.query());
    let Some(id) = flow_id(params.first("flow")) else {
        return Err(KratosError::malformed("The query names no flow."));
    };
    // Posts of one form take turns: the second finds the session that the first has led to.
    let _turn = face.authority.form_turn(form_of(id)).await;
    let mut flow = match face.flow::<LoginFlow>(id).await?.ok_or_else(KratosError::not_stored)? {
        FoundFlow::Open(flow) => flow,
        FoundFlow::Expired(flow) => return begin_anew(face, call, &flow).await,
    };
    let body = read_body(body).await?;
    let carried = face.carried(call.headers()).await?;
    if let Some(answer) = signed_on_already(face, call, &mut flow, &carried).await? {
        return Ok(answer);
    }
    let submission = match Submission::read(call.headers(), body).await {
        Ok(submission) => submission,
        Err(why) => return shown(face, call, &mut flow, "", vec![why.message()], vec![]).await,
    };
    let wanted = match flow.asks {
        Asks::Password => Some("password"),
        Asks::Code => Some("lookup_secret"),
        Asks::Nothing => None,
    };
    if wanted.is_none() || submission.given("method") != wanted {
        return shown(face, call, &mut flow, "", vec![Message::no_method()], vec![]).await;
    }
    let identifier = identifier(&submission).to_owned();
    if let Some(message) = guarded(face, call, &flow.head, submission.given("csrf_token"))? {
        return shown(face, call, &mut flow, &identifier, vec![message], vec![]).await;
    }
    match (flow.asks, carried.holder()) {
        (Asks::Password, _) => with_password(face, call, &mut flow, identifier, &submission).await,
        (Asks::Code, Some(holder)) => step::with_code(face, call, &mut flow, holder, &submission).await,
        (Asks::Code, None) if face.is_of_browser(&flow.head, call) => {
            // The first factor's token is gone where the same form has used it up, with the same code.
            let proof = FormProof::code("", submission.text(step::CODE));
            let form = (form_of(flow.head.id), face.realm_id().await?);
            match face.authority.form_use(form, &proof).await?.and_then(|used| used.session) {
                Some(signed_in) => signed_on(face, call, (&flow, &proof), signed_in).await,
                None => Err(KratosError::first_factor_missing()),
            }
        }
        (Asks::Code | Asks::Nothing, _) => Err(KratosError::first_factor_missing()),
    }
}

/// The form of a flow, as it is known when it comes again.
fn form_of(flow: Uuid) -> FormKey {
    FormKey::of("kratos-login", &flow.to_string())
}

/// The identifier; `password_identifier` is its old name.
fn identifier(submission: &Submission) -> &str {
    match submission.text("identifier") {
        "" => submission.text("password_identifier"),
        identifier => identifier,
    }
}

async fn with_password(
    face: &Face,
    call: &Call,
    flow: &mut LoginFlow,
    identifier: String,
    submission: &Submission,
) -> Result<Answer, KratosError> {
    let password = submission.text("password");
    let missing = [("identifier", identifier.as_str()), ("password", password)]
        .into_iter()
        .filter(|(_, value)| value.is_empty())
        .map(|(name, _)| (name.to_owned(), Message::missing(name)))
        .collect::<Vec<_>>();
    if !missing.is_empty() {
        return shown(face, call, flow, &identifier, vec![], missing).await;
    }
    let proof = FormProof::password(&identifier, password);
    match sign_on(face, call, (flow, &proof), &identifier, password).await {
        Ok(signed_in) => signed_on(face, call, (flow, &proof), signed_in).await,
        Err(SignOnFailure::WrongCredentials { .. }) => {
            shown(face, call, flow, &identifier, vec![Message::wrong_credentials()], vec![]).await
        }
        Err(failure) => asked_later(face, call, flow, &identifier, failure).await,
    }
}

/// Whoever has the session that the flow leads to signs on again only where the flow asks for it.
async fn signed_on_already(
    face: &Face,
    call: &Call,
    flow: &mut LoginFlow,
    carried: &CarriedSession,
) -> Result<Option<Answer>, KratosError> {
    let level = if flow.asks == Asks::Password { Assurance::One } else { Assurance::Two };
    if flow.refresh.is_some() || !has_reached(carried, level) {
        return Ok(None);
    }
    if flow.head.kind == FlowKind::Browser && !accept::wants_json(call.headers()) {
        let led = face.authority.form_has_led(form_of(flow.head.id), face.realm_id().await?).await?;
        let to = flow.head.return_to.as_deref().filter(|_| led).unwrap_or(face.default_return.as_str());
        return Ok(Some(redirect(StatusCode::SEE_OTHER, &call.parts, to)));
    }
    let messages = vec![Message::unusable("You are signed on already.", ALREADY)];
    shown(face, call, flow, "", messages, vec![]).await.map(Some)
}

/// The flow again, with what is to be said.
pub(super) async fn shown(
    face: &Face,
    call: &Call,
    flow: &mut LoginFlow,
    identifier: &str,
    messages: Vec<Message>,
    field_messages: Vec<(String, Message)>,
) -> Result<Answer, KratosError> {
    // Nobody has a longer one: it is not kept, and the field is empty (HOME-LIMITS).
    let kept = if identifier.len() <= IDENTIFIER_BYTES_MAX { identifier } else { "" };
    kept.clone_into(&mut flow.identifier);
    flow.messages = messages;
    flow.field_messages = field_messages;
    face.bind_again(&mut flow.head, call);
    face.keep_flow(flow).await?;
    if flow.head.kind == FlowKind::Browser && !accept::wants_json(call.headers()) {
        return Ok(redirect(StatusCode::SEE_OTHER, &call.parts, &face.login_page(flow)));
    }
    Ok(face.login_flow_json(StatusCode::BAD_REQUEST, flow))
}

/// It failed for another reason than what was typed. Where it was tried too often, people keep their form and read when to try again; programs get the error.
pub(super) async fn asked_later(
    face: &Face,
    call: &Call,
    flow: &mut LoginFlow,
    identifier: &str,
    failure: SignOnFailure,
) -> Result<Answer, KratosError> {
    let Some(message) = Message::later(&failure) else { return Err(failure.into()) };
    let error = KratosError::from(failure);
    let program = flow.head.kind != FlowKind::Browser || accept::wants_json(call.headers());
    let Some(retry_after_s) = error.retry_after_s.filter(|_| !program) else { return Err(error) };
    shown(face, call, flow, identifier, vec![message(retry_after_s)], vec![]).await
}

/// A flow that is too old is replaced at once (K-48).
async fn begin_anew(face: &Face, call: &Call, old: &LoginFlow) -> Result<Answer, KratosError> {
    let expired = adieu_authority::Timestamp::from_ms(old.head.expires_ms);
    let mut flow = LoginFlow {
        head: old.head.anew(face),
        identifier: String::new(),
        messages: vec![Message::flow_expired(expired)],
        field_messages: Vec::new(),
        ..old.clone()
    };
    face.bind_again(&mut flow.head, call);
    face.begin_flow(call, &flow).await?;
    if flow.head.kind == FlowKind::Browser && !accept::wants_json(call.headers()) {
        return Ok(redirect(StatusCode::SEE_OTHER, &call.parts, &face.login_page(&flow)));
    }
    let mut error = face.expired_at_submit(old.head.expires_ms, flow.head.id);
    error.always_json = true;
    Err(error)
}

async fn sign_on(
    face: &Face,
    call: &Call,
    (flow, proof): (&LoginFlow, &FormProof),
    identifier: &str,
    password: &str,
) -> Result<SignedIn, SignOnFailure> {
    let realm = face.realm().await.map_err(SignOnFailure::Outage)?;
    let (carried, dead) = match flow.refresh {
        Some(_) => {
            let carried = CarriedTokens::of(face, call.headers());
            let (token, session) = face.counting(&carried, false).await.map_err(SignOnFailure::Outage)?;
            if session.holder().is_some() { (token, None) } else { (None, token) }
        }
        None => (None, None),
    };
    // One session for one form of a browser: what is sent once more goes on with it. Quirk: a program that sends its flow once more
    // gets another one, as recorded.
    let led: Option<SessionToken> = match carried {
        None if flow.head.kind == FlowKind::Browser && face.is_of_browser(&flow.head, call) => {
            let led = face.authority.token_of_form((form_of(flow.head.id), realm.id), proof).await;
            led.map_err(|unwritten| SignOnFailure::Outage(unwritten.into_outage()))?
        }
        Some(_) | None => None,
    };
    let sign_on = SignOn {
        realm,
        channel: CHANNEL,
        name: identifier.to_owned(),
        password: password.to_owned(),
        device: call.device(),
        keep_token: face.settings.keeps_token || led.is_some(),
        previous: carried.or(led).or(dead),
        level: Assurance::One,
        may_be_half: true, // Quirk: this dialect has sessions that wait for their second factor. K-28
    };
    face.authority.sign_on(sign_on).await
}

/// Whoever has proven that goes on. What the form has led to is for the browser that proves it again.
pub(super) async fn signed_on(
    face: &Face,
    call: &Call,
    (flow, proof): (&LoginFlow, &FormProof),
    signed_in: SignedIn,
) -> Result<Answer, KratosError> {
    face.flow_is_over(flow);
    if flow.head.kind == FlowKind::Browser {
        let form = (form_of(flow.head.id), signed_in.session.realm);
        face.authority.note_form(form, proof, Some(&signed_in.token), "").await?;
    }
    let left_alone = match flow.head.kind {
        FlowKind::Browser => face.leave_to(call, &signed_in).await?,
        FlowKind::Native => Vec::new(),
    };
    let SignedIn { session, user, token, how } = signed_in;
    let short = session.state == State::HalfSignedOn;
    let mount = flow.head.mount;
    let wire = face.session_wire(mount, &session, &user);
    if flow.head.kind == FlowKind::Native {
        // Whose session it is is not said before the second step. K-28
        let wire = if short { wire.without_identity() } else { wire };
        let token = format!("{TOKEN_PREFIX}{}", token.reveal());
        let body = json!({"session_token": token, "session": wire, "continue_with": null});
        return Ok(json_answer(StatusCode::OK, &body));
    }
    let wants_json = accept::wants_json(call.headers());
    let to = match &flow.head.return_to {
        _ if short => face.second_step(mount, &user, flow.head.return_to.as_deref()),
        Some(to) => to.clone(),
        None => face.login_return.as_str().to_owned(),
    };
    let mut answer = if wants_json && short {
        face.error_json(&call.parts, KratosError::browser_has_to_go(&to))
    } else if wants_json {
        let go_on = json!([{"action": "redirect_browser_to", "redirect_browser_to": to}]);
        json_answer(StatusCode::OK, &json!({"session": wire, "continue_with": go_on}))
    } else {
        go_on::sent_on(face, call, &to, "You are signed on")
    };
    // A form that comes again has started the session that it renews, and its first answer may be lost.
    let comes_again = flow.asks == Asks::Password && flow.refresh.is_none();
    if how != How::Renewed || comes_again {
        set_cookie(&mut answer, face.fresh_csrf()); // A new one whenever a session starts, not at a refresh. K-52
    }
    face.give_cookies(&mut answer, (&session, &token.reveal()), &left_alone);
    Ok(answer)
}

impl Face {
    /// Where a browser gives its user's second factor, or makes one where the user has none.
    pub(crate) fn second_step(&self, mount: usize, user: &User, return_to: Option<&str>) -> String {
        let there = match user.assurance() {
            Assurance::Two => "login/browser?aal=aal2",
            Assurance::One => "settings/browser",
        };
        let there = format!("{}/self-service/{there}", self.base(mount));
        match return_to {
            // Who was sent there by the settings goes back to them, and on from there.
            Some(to) if to.split('?').next() == Some(&there) => to.to_owned(),
            Some(to) => append_query(&there, "return_to", to),
            None => there,
        }
    }

    /// What a request with a half signed on session hears.
    pub(crate) fn second_factor_missing(&self, call: &Call, user: &User) -> KratosError {
        KratosError::second_factor_missing(&self.second_step(call.mount, user, None))
    }
}
