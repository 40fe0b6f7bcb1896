//! PingOne: `GET|POST /{env}/as/signoff`, the caller's session is over.
//!
//! Everything is judged before anything is ended: a bad hint or address ends nothing. A session that is not there is
//! signed off already. Contract pingone.md 1.1 to 1.4: P-1 to P-6, P-22 to P-31. Where the user is to be asked first, that is done
//! in `question`.

pub(crate) mod by_hint;
mod question;

use std::sync::Arc;

use adieu_authority::{
    Actor, Client, ClientId, Realm, SessionToken, ToldClient, endings_noted, may_return_to,
};
use adieu_http_kit::form::{Params, append_query};
use adieu_http_kit::{accept, sign_off};
use adieu_oidc::{Hint, Parting};
use adieu_pages_kit::{Link, Onward, SignedOffPage};
use axum::extract::Request;
use axum::response::Response;
use http::StatusCode;
use uuid::Uuid;

use crate::authorize::found;
use crate::cors::Concerned;
use crate::extract::Visitor;
use crate::face::Face;
use crate::finish::with_headers;
use crate::flow::PingOneFlow;
use crate::manage::applications::find::login_page;
use crate::page_address::{FLOW, here};
use crate::problem::{Problem, Shown};
use crate::signoff::question::SignOffWay;
use crate::{body, cookies};

/// Address and state together must be shorter than this. P-29
const REDIRECT_CHARS_MAX: usize = 8192;

/// Parameters in the query or in the form.
pub(crate) async fn sign_off(face: &Face, realm: &Arc<Realm>, request: Request) -> Result<Response, Problem> {
    let (parts, params) = body::params(request).await?;
    let visitor = Visitor::of(&parts);
    let asked = match face.settings().sign_off_asks {
        true => question::asked(face, realm, &visitor, &parts, &params).await,
        false => judged(face, realm, &visitor, &params).await.map(SignOffWay::SignOff),
    };
    let judged = match asked.map_err(|problem| problem.unredirectable(realm.id, Shown::UnlessJson))? {
        SignOffWay::SignOff(judged) => judged,
        SignOffWay::Answer(response) => return Ok(response),
    };
    let mut response =
        found(&judged.location).map_err(|_| unregistered().unredirectable(realm.id, Shown::UnlessJson))?;
    let parting = parting(face, realm, &visitor, judged.hinted.as_ref().map(|(hint, _)| hint)).await?;
    // First what the hint names: whoever has to repeat the request is then still signed on by the cookie.
    if let Some((hint, actor)) = &judged.hinted {
        face.provider(realm).end_hinted(hint, visitor.origin_of(actor.clone())).await?;
    }
    let left_alone = end_beside(face, realm, &visitor).await?;
    for token in visitor.tokens.every() {
        end(face, realm, &visitor, token).await?;
    }
    // The browser goes on when those have answered who are told by this server, or have had time to (S-RPI-11).
    let told = parting.told(face.authority(), &endings_noted()).await;
    if !parting.frames().is_empty() && accept::names_html(&parts.headers) {
        response = frames(realm, &parting, &told, &judged.location);
    }
    // Where the user is asked, a link of another site takes nothing away by itself: its browser keeps the strictest cookies back (0112).
    if !face.settings().sign_off_asks || visitor.tokens.are_there() {
        cookies::clear(face, realm, &left_alone, response.headers_mut());
    }
    if let Some(client) = judged.client {
        response.extensions_mut().insert(Concerned(client));
    }
    // Of a browser that carried nothing, or that stays signed on elsewhere, nothing is asked.
    let forgets_all = left_alone.is_empty() && !endings_noted().is_empty();
    Ok(if forgets_all { sign_off::marked(response) } else { response })
}

/// Who takes part in what ends: in the sessions that the cookies carry, and in that of the hint. To be asked before they end.
async fn parting(
    face: &Face,
    realm: &Realm,
    visitor: &Visitor,
    hint: Option<&Hint>,
) -> Result<Parting, Problem> {
    let authority = face.authority();
    let beside = authority.sessions_beside(&visitor.tokens.beside(face, realm), realm.id).await?;
    let parting = Parting::of_tokens(authority, visitor.tokens.every().chain(&beside.here)).await?;
    match hint.and_then(|hint| hint.session) {
        Some(session) => Ok(parting.with(authority, session).await?),
        None => Ok(parting),
    }
}

/// The page by which a browser tells applications, on its way. PingOne documents none: only applications with a front-channel address
/// are told so. S-FCL-3
fn frames(realm: &Realm, parting: &Parting, told: &[ToldClient], location: &str) -> Response {
    let page = SignedOffPage {
        realm: &realm.path,
        told,
        frames: parting.frames(),
        onward: Some(Onward::Application(Link { href: location, text: "Go on" })),
        ..SignedOffPage::default()
    };
    with_headers(StatusCode::OK, &page.html(), &page.headers())
}

/// What a good request means.
struct Judged {
    /// Where the browser goes afterwards.
    location: String,
    /// The hint whose session ends besides that of the cookie, and who ends it: its user who is signed on (F-3), or an application
    /// whose hints are enough where no cookie opens a session. Contract pingone.md 1.4, S11; Q-7.
    hinted: Option<(Hint, Actor)>,
    /// The hint's application.
    client: Option<ClientId>,
}

async fn judged(
    face: &Face,
    realm: &Arc<Realm>,
    visitor: &Visitor,
    params: &Params,
) -> Result<Judged, Problem> {
    let client_id = body::once(params, "client_id")?;
    let hint = match body::once(params, "id_token_hint")? {
        Some(hint) => Some(face.provider(realm).hint(hint, client_id).await?),
        None => None,
    };
    let (mut hinted, mut page) = (None, None);
    if let Some(hint) = &hint {
        match face.live(visitor, realm, false).await? {
            Some(live) if live.session.user != hint.user => {
                return Err(Problem::invalid("id_token_hint", "The hint is of another user."));
            }
            Some(live) => {
                page = login_page(face, realm.id, &hint.client.id).await?;
                hinted = Some((hint.clone(), Actor::User(live.user.id)))
                    .filter(|(hint, _)| hint.session != Some(live.session.id));
            }
            None if hint.client.ends_by_id_token => {
                hinted = Some((hint.clone(), Actor::Client(hint.client.id.clone())));
            }
            None => {}
        }
    }
    let location = match returned(face, realm, hint.as_ref(), params).await? {
        Some(location) => location,
        // The application has a page of its own for that. S14
        None => match page {
            Some(page) => append_query(&page, "environmentId", &realm.id.to_string()),
            None => signed_off(face, realm, params).await?,
        },
    };
    Ok(Judged { location, hinted, client: hint.map(|hint| hint.client.id.clone()) })
}

/// The address that the request names, with its state, if it is registered; nothing if it names none.
async fn returned(
    face: &Face,
    realm: &Realm,
    hint: Option<&Hint>,
    params: &Params,
) -> Result<Option<String>, Problem> {
    let (target, state) = (body::once(params, "post_logout_redirect_uri")?, body::once(params, "state")?);
    let Some(target) = target else { return Ok(None) };
    if let Some(hint) = hint {
        return named(&hint.client, target, state).map(Some);
    }
    let clients = face.authority().clients_with_post_logout_uri(realm.id, target).await?;
    let client = clients.iter().find(|client| client.enabled && names(client, target));
    named(client.ok_or_else(unregistered)?, target, state).map(Some)
}

/// The address, with the state, if the application has registered it.
fn named(client: &Client, target: &str, state: Option<&str>) -> Result<String, Problem> {
    let length = target.chars().count() + state.map_or(0, |state| state.chars().count());
    if !names(client, target) || length >= REDIRECT_CHARS_MAX {
        return Err(unregistered());
    }
    Ok(match state {
        Some(state) => append_query(target, "state", state),
        None => target.to_owned(),
    })
}

/// Compared as exact text. Q-12
fn names(client: &Client, target: &str) -> bool {
    may_return_to(&client.post_logout_redirect_uris, target)
}

fn unregistered() -> Problem {
    Problem::invalid("post_logout_redirect_uri", "The address is not registered or too long.")
}

/// Where a browser goes that is sent nowhere else: back to the page of the flow that has led here, where it goes on as somebody else.
async fn signed_off(face: &Face, realm: &Arc<Realm>, params: &Params) -> Result<String, Problem> {
    let flow = body::once(params, FLOW)?.and_then(|id| Uuid::try_parse(id).ok());
    let flow = match flow {
        Some(id) => PingOneFlow::find(face, realm, id).await,
        None => Err(Problem::NotFound),
    };
    match flow {
        Ok(flow) => Ok(here(face, realm, &flow)),
        Err(Problem::NotFound) => {
            Ok(format!("{}/{}/signon/#signedOff", face.settings().apps_base_of(realm.id), realm.id))
        }
        Err(problem) => Err(problem),
    }
}

/// Ends the sessions of this environment that the cookies of other dialects carry, which are taken away; those that carry one of
/// another environment are not, and are named. Decision 0020.
async fn end_beside(face: &Face, realm: &Realm, visitor: &Visitor) -> Result<Vec<String>, Problem> {
    let authority = face.authority();
    let beside = authority.sessions_beside(&visitor.tokens.beside(face, realm), realm.id).await?;
    let own = |token: &&SessionToken| visitor.tokens.every().any(|own| own.id == token.id);
    let besides = beside.here.iter().filter(|token| !own(token));
    authority.end_beside(realm.id, besides, &visitor.origin_of_holder()).await?;
    Ok(beside.elsewhere)
}

/// Ends the session that a token of a visitor's cookies opens in this environment, if there is one.
pub(crate) async fn end(
    face: &Face,
    realm: &Realm,
    visitor: &Visitor,
    token: &SessionToken,
) -> Result<(), Problem> {
    let token = std::iter::once(token);
    Ok(face.authority().end_beside(realm.id, token, &visitor.origin_of_holder()).await?)
}
