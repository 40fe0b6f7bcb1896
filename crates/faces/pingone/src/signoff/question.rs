//! PingOne: sign-off as OpenID Connect has it, where the configuration wants that: the user is asked before anything ends.
//!
//! Only a hint of the session in this browser ends it without a question, and a browser is sent to nobody's address but one of the
//! application that the hint or `client_id` names. RP-Initiated Logout 1.0 §2 and §3; standards.md 1.1; decision 0096.

use std::sync::Arc;

use adieu_authority::{Actor, Check, Client, ClientId, Purpose, Realm, Session, SessionToken, User};
use adieu_http_kit::accept;
use adieu_http_kit::form::{NotCarried, Params, append_query};
use adieu_oidc::{
    Hint, Parting, SIGN_OFF_PARAMS, SignOffNotKept, keep_sign_off, kept_sign_off, sign_off_asks,
};
use adieu_pages_kit::{Link, SignOffQuestion, StatusPage, form_action_of};
use axum::response::Response;
use http::request::Parts;
use http::{Method, StatusCode};

use super::{Judged, named, signed_off};
use crate::body;
use crate::extract::Visitor;
use crate::face::Face;
use crate::finish::{html, see_other};
use crate::form_token::{FIELD, same};
use crate::page_address::FLOW;
use crate::problem::Problem;

const HINT: &str = "id_token_hint";
const CLIENT: &str = "client_id";
const TARGET: &str = "post_logout_redirect_uri";
const STATE: &str = "state";
/// The parameter that names the form of another site that waits for the browser to come again.
const TICKET: &str = "ticket";
/// The answer to the question: everywhere, or only at the application that asks.
const REACH: &str = "reach";

/// What a request comes to.
pub(super) enum SignOffWay {
    /// To a sign-off, at once.
    SignOff(Judged),
    /// To an answer; no session has ended.
    Answer(Response),
}

/// A session that this sign-off would end, with its token and its user.
struct Endable {
    token: SessionToken,
    session: Arc<Session>,
    user: Arc<User>,
}

/// What a good request says.
struct Said<'p> {
    hint: Option<Hint>,
    /// Whom the hint or `client_id` names.
    client: Option<Arc<Client>>,
    /// Where the browser goes afterwards, with the state, if that application has registered it.
    location: Option<String>,
    params: &'p Params,
}

/// Judges a request, and asks where that is needed.
pub(super) async fn asked(
    face: &Face,
    realm: &Arc<Realm>,
    visitor: &Visitor,
    parts: &Parts,
    params: &Params,
) -> Result<SignOffWay, Problem> {
    let kept = match body::once(params, TICKET)?.filter(|_| parts.method == Method::GET) {
        Some(ticket) => Some(kept_sign_off(face.authority(), realm.id, ticket).await?),
        None => None,
    };
    let params = kept.as_ref().unwrap_or(params);
    let said = Said::of(face, realm, params).await?;
    let here = endable(face, realm, visitor).await?;
    let token = body::once(params, FIELD)?;
    if here.is_empty() {
        if parts.method == Method::POST && !visitor.tokens.are_there() {
            return Ok(SignOffWay::Answer(come_again(face, realm, visitor, params).await?));
        }
        // S-RPI-16: whoever asks is signed off.
        let hinted = said.hint.clone().filter(|hint| hint.client.ends_by_id_token);
        let hinted = hinted.map(|hint| (hint.clone(), Actor::Client(hint.client.id.clone())));
        return Ok(SignOffWay::SignOff(said.judged(face, realm, hinted).await?));
    }
    let own = form_token(face, &here);
    let answered = parts.method == Method::POST && token.is_some_and(|given| same(given, &own));
    let named: Vec<_> = here.iter().map(|one| (one.session.id, one.user.id)).collect();
    if !answered && sign_off_asks(said.hint.as_ref(), &named) {
        // A program cannot answer, and would take the question for a success.
        if accept::only_json(&parts.headers) {
            return Err(Problem::invalid(
                HINT,
                "The user has to be asked, unless this is a hint of the session.",
            ));
        }
        return Ok(SignOffWay::Answer(said.question(face, realm, &here, &own).await?));
    }
    if let (true, Some(client), Some(SignOffQuestion::HERE)) =
        (answered, &said.client, body::once(params, REACH)?)
    {
        for one in &here {
            face.authority().revoke_held(one.session.id, client).await?;
        }
        let answer = said.location.as_deref().map_or_else(|| left(face, client), see_other);
        return Ok(SignOffWay::Answer(answer));
    }
    // F-3: another session of the same user, which the application knows, is meant as well.
    let hinted = said.hint.as_ref().and_then(|hint| {
        let known = here.iter().any(|one| Some(one.session.id) == hint.session);
        let user = here.iter().find(|one| one.user.id == hint.user).filter(|_| !known)?;
        Some((hint.clone(), Actor::User(user.user.id)))
    });
    Ok(SignOffWay::SignOff(said.judged(face, realm, hinted).await?))
}

impl<'p> Said<'p> {
    async fn of(face: &Face, realm: &Arc<Realm>, params: &'p Params) -> Result<Self, Problem> {
        let client_id = body::once(params, CLIENT)?;
        let hint = match body::once(params, HINT)? {
            Some(hint) => Some(face.provider(realm).hint(hint, client_id).await?),
            None => None,
        };
        let client = match (&hint, client_id) {
            (Some(hint), _) => Some(Arc::clone(&hint.client)),
            (None, Some(id)) => Some(client_of(face, realm, id).await?),
            (None, None) => None,
        };
        let location = match (body::once(params, TARGET)?, &client) {
            (Some(target), Some(client)) => Some(named(client, target, body::once(params, STATE)?)?),
            // S-RPI-13: nobody vouches for it.
            (Some(_), None) | (None, Some(_) | None) => None,
        };
        Ok(Self { hint, client, location, params })
    }

    async fn judged(
        self,
        face: &Face,
        realm: &Arc<Realm>,
        hinted: Option<(Hint, Actor)>,
    ) -> Result<Judged, Problem> {
        let location = match self.location {
            Some(location) => location,
            None => signed_off(face, realm, self.params).await?,
        };
        Ok(Judged { location, hinted, client: self.client.map(|client| client.id.clone()) })
    }

    async fn question(
        &self,
        face: &Face,
        realm: &Realm,
        here: &[Endable],
        token: &str,
    ) -> Result<Response, Problem> {
        let mut users: Vec<_> = here.iter().map(|one| one.user.username.as_str()).collect();
        users.sort_unstable();
        users.dedup();
        let users = users.join(" and ");
        let message = match &self.client {
            Some(client) => format!("{} asks you to sign off. You are signed on as {users}.", client.name),
            None => format!("You are signed on as {users}."),
        };
        let mut hidden = vec![(FIELD, token)];
        for name in SIGN_OFF_PARAMS.into_iter().chain([FLOW]) {
            hidden.extend(body::once(self.params, name)?.map(|value| (name, value)));
        }
        let parting = Parting::of_tokens(face.authority(), here.iter().map(|one| &one.token)).await?;
        let (auth, apps) = (face.settings().auth_base_of(realm.id), face.settings().apps_base_of(realm.id));
        let front = face.settings().front_page.as_deref();
        let links: Vec<_> = front.map(|href| Link { href, text: "Stay signed on" }).into_iter().collect();
        let question = SignOffQuestion {
            message: &message,
            applications: &parting.names(),
            action: &address(face, realm),
            hidden: &hidden,
            reach: REACH,
            only_at: self.client.as_ref().map(|client| client.name.as_str()),
            links: &links,
        };
        // Browsers hold the redirect after the form to the same list.
        let there = self.location.as_deref().map(form_action_of).unwrap_or_default();
        Ok(html(StatusCode::OK, &question.html(), &["'self'", auth, apps, &there]))
    }
}

async fn client_of(face: &Face, realm: &Realm, id: &str) -> Result<Arc<Client>, Problem> {
    let unknown = || Problem::invalid(CLIENT, "The application is not known here.");
    let id: ClientId = id.parse().map_err(|_| unknown())?;
    let client = face.authority().client(realm.id, &id).await?;
    client.filter(|client| client.enabled).ok_or_else(unknown)
}

/// What the cookies of every dialect carry that would end.
async fn endable(face: &Face, realm: &Realm, visitor: &Visitor) -> Result<Vec<Endable>, Problem> {
    let beside = visitor.tokens.beside(face, realm);
    let mut here: Vec<Endable> = Vec::new();
    for token in visitor.tokens.every().chain(beside.iter().map(|(_, token)| token)) {
        let (session, user) = match face.authority().check(token, false).get().await? {
            Check::Live(live) => (live.session, live.user),
            Check::Half(half) => (half.session, half.user),
            Check::Not(_) => continue,
        };
        if session.realm == realm.id && here.iter().all(|known| known.session.id != session.id) {
            here.push(Endable { token: token.clone(), session, user });
        }
    }
    Ok(here)
}

/// What only a browser knows that was asked about these sessions.
fn form_token(face: &Face, here: &[Endable]) -> String {
    let sessions: Vec<_> = here.iter().map(|one| one.session.id.to_string()).collect();
    let name = format!("pingone-signoff {}", sessions.join(" "));
    face.authority().key().derive_text(Purpose::AntiForgery, name.as_bytes(), 0)
}

/// S-RPI-22: a form of another site may come without cookies; it is kept, and the browser comes again by an address of ours, with them.
async fn come_again(
    face: &Face,
    realm: &Realm,
    visitor: &Visitor,
    params: &Params,
) -> Result<Response, Problem> {
    let from = visitor.device.address.as_deref();
    let ticket =
        keep_sign_off(face.authority(), realm.id, params, from).await.map_err(|error| match error {
            SignOffNotKept::Form(NotCarried::Repeated) => Problem::Malformed,
            SignOffNotKept::Form(NotCarried::TooMuch) => Problem::invalid(STATE, "The form is too long."),
            SignOffNotKept::Unwritten(unwritten) => unwritten.into(),
        })?;
    Ok(see_other(&append_query(&address(face, realm), TICKET, &ticket)))
}

/// The page where nobody but one application is left.
fn left(face: &Face, client: &Client) -> Response {
    let front = face.settings().front_page.as_deref();
    let links: Vec<_> = front.map(|href| Link { href, text: "Front page" }).into_iter().collect();
    let message = format!("{} was left. You are still signed on everywhere else.", client.name);
    let page =
        StatusPage { title: "You are still signed on", message: &message, sign_off: None, links: &links };
    html(StatusCode::OK, &page.html(), &[])
}

fn address(face: &Face, realm: &Realm) -> String {
    format!("{}/{}/as/signoff", face.settings().auth_base_of(realm.id), realm.id)
}
