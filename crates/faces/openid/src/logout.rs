//! `logout`: RP-Initiated Logout 1.0. The session of this browser is over: at once if a hint speaks of it, else when its user says so.
//!
//! A browser is sent to an address only if the client that a hint or a `client_id` names has registered it, and what cannot be done
//! leads to a page from which one can sign off all the same. A post of another site brings no cookie: it is kept, and the browser
//! comes again by an address of ours. standards.md 1.1.

use std::sync::Arc;

use adieu_authority::{Actor, Client, ClientId, Realm, endings_noted, may_return_to};
use adieu_http_kit::form::{Params, append_query};
use adieu_http_kit::{accept, sign_off};
use adieu_oidc::{Hint, Parting, Refusal, keep_sign_off, kept_sign_off, sign_off_asks};
use adieu_pages_kit::{Link, SignOffPage, SignOffQuestion, StatusPage};
use axum::body::Body;
use axum::response::Response;
use http::{Method, StatusCode};

use crate::answer::{self, page, see_other, with_cookies};
use crate::browser::{self, SignedOff, SignedOnHere, carries_any, signed_on_here};
use crate::call::{Call, REQUEST, form, once};
use crate::carried::CarriedRequest;
use crate::error::OpenIdError;
use crate::face::Face;
use crate::{form_token, signed_off};

/// The parameter that names the form of another site that waits for the browser to come again.
const TICKET: &str = "ticket";
/// Names of parameters that a form carries along, as the specification has them.
const HINT: &str = "id_token_hint";
const CLIENT: &str = "client_id";
const TARGET: &str = "post_logout_redirect_uri";
const STATE: &str = "state";
/// The answer to the question: everywhere, or only here.
const REACH: &str = "reach";
const STATE_BYTES_MAX: usize = 2048;

pub(crate) async fn answer(
    face: &Face,
    call: &Call,
    body: Body,
    realm: &Arc<Realm>,
) -> Result<Response, OpenIdError> {
    let params = if *call.method() == Method::POST {
        let params = form(call, body).await?;
        if !carries_any(face, call) {
            return come_again(face, call, realm, &params).await;
        }
        params
    } else {
        let query = Params::parse(call.query());
        match once(&query, TICKET)? {
            Some(ticket) => kept_sign_off(&face.authority, realm.id, ticket).await?,
            None => query,
        }
    };
    let here = signed_on_here(face, call, realm, false).await?;
    match Judged::of(face, realm, &params).await {
        Ok(judged) => judged.carried_out(face, call, realm, &here).await,
        Err(error) if error.may_be_repeated() => Err(error),
        Err(error) => Ok(refused(face, realm, &here, &error)),
    }
}

/// Where the page after a sign-off is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AnswerPlace {
    /// It is the answer.
    Here,
    /// The answer is to a form, and leads to it: an address that is entered again asks for no form.
    Elsewhere,
}

/// What a sound request says.
struct Judged {
    hint: Option<Hint>,
    hint_text: Option<String>,
    /// Whom the hint or the request names.
    client: Option<Arc<Client>>,
    /// Where the browser goes afterwards, which that client has registered; and the client's state.
    target: Option<String>,
    state: Option<String>,
    /// The request whose sign-on page has led here: where nobody else is waited for, its user goes back to it.
    request: Option<String>,
}

impl Judged {
    async fn of(face: &Face, realm: &Arc<Realm>, params: &Params) -> Result<Self, OpenIdError> {
        let client_id = once(params, CLIENT)?;
        let hint_text = once(params, HINT)?;
        let hint = match hint_text {
            Some(hint) => Some(face.provider(realm).hint(hint, client_id).await?),
            None => None,
        };
        let client = match (&hint, client_id) {
            (Some(hint), _) => Some(Arc::clone(&hint.client)),
            (None, Some(id)) => Some(client_of(face, realm, id).await?),
            (None, None) => None,
        };
        // S-RPI-13: an address that nobody vouches for leads nowhere.
        let target = match (once(params, TARGET)?, &client) {
            (Some(target), Some(client)) => Some(registered(client, target)?),
            (Some(_) | None, None) | (None, Some(_)) => None,
        };
        // RP-Initiated Logout §2: it goes back as it came, or the request is refused.
        let state = once(params, STATE)?.map(str::to_owned);
        if target.is_some() && state.as_ref().is_some_and(|state| state.len() > STATE_BYTES_MAX) {
            return Err(OpenIdError::OAuth(Refusal::Request("`state` is too long.")));
        }
        let request = once(params, REQUEST)?.filter(|request| !request.is_empty()).map(str::to_owned);
        Ok(Self { hint, hint_text: hint_text.map(str::to_owned), client, target, state, request })
    }

    async fn carried_out(
        &self,
        face: &Face,
        call: &Call,
        realm: &Arc<Realm>,
        here: &SignedOnHere,
    ) -> Result<Response, OpenIdError> {
        let Some((token, session, user)) = here.endable() else {
            // S-RPI-16: nobody is signed on in this browser, so whoever asks is signed off.
            let Some(hint) = self.hint.as_ref().filter(|hint| hint.client.ends_by_id_token) else {
                return self.done(face, realm, None).await;
            };
            let parting = hinted(face, hint, Parting::default()).await?;
            let origin = call.origin_of(Actor::Client(hint.client.id.clone()));
            face.provider(realm).end_hinted(hint, origin).await?;
            let ended = !endings_noted().is_empty();
            let done = ended.then(|| SignedOff { parting, ..SignedOff::default() });
            return self.done(face, realm, done).await;
        };
        // S-RPI-8: it ends without a question only where the hint speaks of this very session.
        if sign_off_asks(self.hint.as_ref(), &[(session.id, user.id)]) {
            // A program cannot answer, and would take the question for a success.
            if accept::only_json(call.headers()) {
                return Err(OpenIdError::OAuth(Refusal::Request(
                    "The user has to be asked, on a page: an id_token_hint of this session ends it without that.",
                )));
            }
            return self.question(face, realm, here).await;
        }
        let done = browser::sign_off(face, call, realm, token).await?;
        self.done(face, realm, Some(done)).await
    }

    /// Asks whether to sign off. Nothing has ended yet.
    async fn question(
        &self,
        face: &Face,
        realm: &Arc<Realm>,
        here: &SignedOnHere,
    ) -> Result<Response, OpenIdError> {
        let Some((session_token, session, user)) = here.endable() else {
            return Ok(signed_off::plain(face, realm));
        };
        let message = match &self.client {
            Some(client) => {
                format!("{} asks you to sign off. You are signed on as {}.", client.name, user.username)
            }
            None => format!("You are signed on as {}.", user.username),
        };
        let token = form_token::of_session(face, session.id);
        let mut hidden = vec![(form_token::FIELD, token.as_str())];
        hidden.extend(self.hint_text.as_deref().map(|hint| (HINT, hint)));
        hidden.extend(self.client.as_ref().map(|client| (CLIENT, client.id.as_str())));
        if let Some(target) = &self.target {
            hidden.push((TARGET, target));
            hidden.extend(self.state.as_deref().map(|state| (STATE, state)));
        }
        hidden.extend(self.request.as_deref().map(|request| (REQUEST, request)));
        let parting = Parting::of_tokens(&face.authority, [session_token]).await?;
        let action = face.url(realm, "sign-off");
        let back = self.back(face, realm);
        let stay = back.as_deref().or(face.settings.front_page.as_deref());
        let links: Vec<_> = stay.map(|href| Link { href, text: "Stay signed on" }).into_iter().collect();
        let question = SignOffQuestion {
            message: &message,
            applications: &parting.names(),
            action: &action,
            hidden: &hidden,
            reach: REACH,
            only_at: self.client.as_ref().map(|client| client.name.as_str()),
            links: &links,
        };
        let there = self.target.as_deref().map(adieu_pages_kit::form_action_of).unwrap_or_default();
        Ok(page(StatusCode::OK, question.html(), &["'self'", &there]))
    }

    /// The sign-on page that has led here.
    fn back(&self, face: &Face, realm: &Arc<Realm>) -> Option<String> {
        let query = self.request.as_deref()?;
        Some(CarriedRequest { realm, query }.address(face))
    }

    /// Where the browser goes afterwards, with the client's state (S-RPI-14); else to the sign-on page that has led here.
    fn address(&self, face: &Face, realm: &Arc<Realm>) -> Option<String> {
        let Some(target) = &self.target else { return self.back(face, realm) };
        Some(match &self.state {
            Some(state) => append_query(target, STATE, state),
            None => target.clone(),
        })
    }

    /// What the browser gets when nobody is signed on in it any more. S-RPI-14
    async fn done(
        &self,
        face: &Face,
        realm: &Arc<Realm>,
        done: Option<SignedOff>,
    ) -> Result<Response, OpenIdError> {
        self.answered(face, realm, done, AnswerPlace::Here).await
    }

    /// The same, where the answer is looked at.
    async fn answered(
        &self,
        face: &Face,
        realm: &Arc<Realm>,
        done: Option<SignedOff>,
        answer: AnswerPlace,
    ) -> Result<Response, OpenIdError> {
        let SignedOff { cookies, parting, forgets_all } = done.unwrap_or_default();
        let application = self.client.as_ref().map(|client| client.name.as_str());
        let response = match self.address(face, realm) {
            Some(target) => signed_off::onward(face, &parting, realm, application, &target).await?,
            None if answer == AnswerPlace::Elsewhere => signed_off::elsewhere(face, &parting, realm).await?,
            None => signed_off::here(face, &parting, realm).await,
        };
        let response = with_cookies(response, cookies);
        Ok(if forgets_all { sign_off::marked(response) } else { response })
    }
}

/// Where the answer to the question goes.
pub(crate) async fn confirmed(
    face: &Face,
    call: &Call,
    body: Body,
    realm: &Arc<Realm>,
) -> Result<Response, OpenIdError> {
    let form = form(call, body).await?;
    let here = signed_on_here(face, call, realm, false).await?;
    let judged = Judged::of(face, realm, &form).await?;
    let Some((token, session, user)) = here.endable() else {
        return judged.answered(face, realm, None, AnswerPlace::Elsewhere).await;
    };
    let given = once(&form, form_token::FIELD)?.unwrap_or_default();
    if !form_token::same(&form_token::of_session(face, session.id), given) {
        return Err(OpenIdError::FormTooOld);
    }
    if let (Some(client), Some(SignOffQuestion::HERE)) = (&judged.client, once(&form, REACH)?) {
        // The session lives: what the application holds because of it is revoked.
        face.authority.revoke_held(session.id, client).await?;
        return match judged.address(face, realm) {
            Some(address) => see_other(&address),
            None => Ok(left(face, client)),
        };
    }
    // F-3: another session of this user that the application knows is meant as well, and ends first: the form can be sent again.
    let other = |hint: &&Hint| hint.user == user.id && hint.session != Some(session.id);
    let mut parting = Parting::default();
    if let Some(hint) = judged.hint.as_ref().filter(other) {
        parting = hinted(face, hint, parting).await?;
        face.provider(realm).end_hinted(hint, call.origin_of(Actor::User(user.id))).await?;
    }
    let mut done = browser::sign_off(face, call, realm, token).await?;
    done.parting = done.parting.and(parting);
    judged.answered(face, realm, Some(done), AnswerPlace::Elsewhere).await
}

/// Those who take part in the session that a hint speaks of, besides these. To be asked before it ends.
async fn hinted(face: &Face, hint: &Hint, parting: Parting) -> Result<Parting, OpenIdError> {
    Ok(match hint.session {
        Some(session) => parting.with(&face.authority, session).await?,
        None => parting,
    })
}

/// The page where nobody but one application is left.
fn left(face: &Face, client: &Client) -> Response {
    let front = face.settings.front_page.as_deref();
    let links: Vec<_> = front.map(|href| Link { href, text: "Front page" }).into_iter().collect();
    let message = format!("{} was left. You are still signed on everywhere else.", client.name);
    let page_left =
        StatusPage { title: "You are still signed on", message: &message, sign_off: None, links: &links };
    page(StatusCode::OK, page_left.html(), &[])
}

/// What is wrong, and the way to sign off all the same. Nothing has ended, and nobody is sent anywhere (S-RPI-15).
fn refused(face: &Face, realm: &Realm, here: &SignedOnHere, error: &OpenIdError) -> Response {
    let action = face.url(realm, "sign-off");
    match here.endable() {
        Some((_, session, _)) => {
            let token = form_token::of_session(face, session.id);
            let hidden = [(form_token::FIELD, token.as_str())];
            answer::refused(face, error, true, Some(sign_off_form(&action, &hidden)))
        }
        None => answer::refused(face, error, true, None),
    }
}

fn sign_off_form<'a>(action: &'a str, hidden: &'a [(&'a str, &'a str)]) -> SignOffPage<'a> {
    SignOffPage { method: "post", action, hidden, label: "Sign off" }
}

async fn client_of(face: &Face, realm: &Realm, id: &str) -> Result<Arc<Client>, OpenIdError> {
    let id: ClientId = id.parse().map_err(|_| OpenIdError::Client)?;
    let client = face.authority.client(realm.id, &id).await?;
    client.filter(|client| client.enabled).ok_or(OpenIdError::Client)
}

/// S-RPI-12: an address counts only as it was registered, character by character.
fn registered(client: &Client, target: &str) -> Result<String, OpenIdError> {
    let known = may_return_to(&client.post_logout_redirect_uris, target);
    known.then(|| target.to_owned()).ok_or(OpenIdError::PostLogoutRedirectUri)
}

/// Keeps a form that came without a cookie, and has the browser come again by an address of ours. S-RPI-22
async fn come_again(
    face: &Face,
    call: &Call,
    realm: &Realm,
    params: &Params,
) -> Result<Response, OpenIdError> {
    let ticket = keep_sign_off(&face.authority, realm.id, params, call.address().as_deref()).await?;
    see_other(&append_query(&face.url(realm, "logout"), TICKET, &ticket))
}
