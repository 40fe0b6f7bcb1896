//! The page after a sign-off: who was told, the frames by which the browser tells some of them, and the way on.
//!
//! It is made anew at an address that only the browser knows which signed off, for as long as somebody is still being told; no script
//! asks. OpenID Connect Front-Channel Logout 1.0 section 2; standards.md 1.1 and 1.3.

use adieu_authority::{HowTold, Realm, Session, Span, ToldClient, User, endings_noted};
use adieu_http_kit::form::{Params, append_query};
use adieu_oidc::{Parting, PartingTicket};
use adieu_pages_kit::{Link, Onward, SignOffPage, SignedOffPage, StatusPage};
use axum::response::Response;
use http::StatusCode;

use crate::answer::{page, page_with, see_other};
use crate::browser::signed_on_here;
use crate::call::{Call, once};
use crate::error::OpenIdError;
use crate::face::Face;
use crate::form_token;

/// A page is made anew until somebody has looked for a minute: nine of the ten in which that may be asked are left.
const AGAIN_WHILE_LEFT: Span = Span::from_s(9 * 60);

/// The page where nothing had to end.
pub(crate) fn plain(face: &Face, realm: &Realm) -> Response {
    shown(face, realm, SignedOffPage { nobody: true, ..SignedOffPage::default() })
}

/// The way on to an application: at once when all have answered who are told by this server, or have had time to; by a page where the
/// browser has somebody to tell. S-RPI-11, S-FCL-5
pub(crate) async fn onward(
    face: &Face,
    parting: &Parting,
    realm: &Realm,
    application: Option<&str>,
    target: &str,
) -> Result<Response, OpenIdError> {
    let told = parting.told(&face.authority, &endings_noted()).await;
    if parting.frames().is_empty() {
        return see_other(target);
    }
    let text = application.map_or("Go on".to_owned(), |name| format!("Go on to {name}"));
    let onward = Onward::Application(Link { href: target, text: &text });
    let page = SignedOffPage { told: &told, frames: parting.frames(), ..SignedOffPage::default() };
    Ok(shown(face, realm, SignedOffPage { onward: Some(onward), ..page }))
}

/// The page that stays.
pub(crate) async fn here(face: &Face, parting: &Parting, realm: &Realm) -> Response {
    let endings = endings_noted();
    let told = parting.told(&face.authority, &endings).await;
    let again = PartingTicket::look_again(&face.authority, &face.settings.public_url, realm, &told);
    let onward = again.as_deref().map(Onward::look_again);
    let (frames, nobody) = (parting.frames(), endings.is_empty());
    shown(face, realm, SignedOffPage { nobody, told: &told, frames, onward, ..SignedOffPage::default() })
}

/// `signed-off`: the same page later.
pub(crate) async fn answer(face: &Face, call: &Call, realm: &Realm) -> Result<Response, OpenIdError> {
    let query = Params::parse(call.query());
    let here = signed_on_here(face, call, realm, false).await?;
    if let Some((_, session, user)) = here.endable() {
        return Ok(signed_on(face, realm, session, user));
    }
    let ticket = once(&query, PartingTicket::PARAMETER)?
        .and_then(|text| PartingTicket::read(&face.authority, realm.id, text));
    let Some(ticket) = ticket else { return Ok(plain(face, realm)) };
    let told = ticket.told(&face.authority, realm.id).await?;
    let address = again(face, realm, &ticket);
    let while_left = ticket.left(face.authority.now()) > AGAIN_WHILE_LEFT;
    let onward = (while_left && is_under_way(&told)).then(|| Onward::look_again(&address));
    Ok(shown(face, realm, SignedOffPage { told: &told, onward, ..SignedOffPage::default() }))
}

/// What is so while a session lives, with the way off: somebody has signed on since, or has not signed off.
fn signed_on(face: &Face, realm: &Realm, session: &Session, user: &User) -> Response {
    let (token, action) = (form_token::of_session(face, session.id), face.url(realm, "sign-off"));
    let hidden = [(form_token::FIELD, token.as_str())];
    let front = face.settings.front_page.as_deref();
    let links: Vec<_> = front.map(|href| Link { href, text: "Front page" }).into_iter().collect();
    let page_on = StatusPage {
        title: "You are signed on",
        message: &format!("You are signed on as {}.", user.username),
        sign_off: Some(SignOffPage { method: "post", action: &action, hidden: &hidden, label: "Sign off" }),
        links: &links,
    };
    page(StatusCode::OK, page_on.html(), &["'self'"])
}

/// The same after a form: the browser goes to an address that it may ask for again. Frames are in the answer itself, because nothing
/// else knows them.
pub(crate) async fn elsewhere(
    face: &Face,
    parting: &Parting,
    realm: &Realm,
) -> Result<Response, OpenIdError> {
    if !parting.frames().is_empty() {
        return Ok(here(face, parting, realm).await);
    }
    let endings = endings_noted();
    parting.told(&face.authority, &endings).await; // Who answers at once is told of at once.
    match PartingTicket::of(&face.authority, &endings) {
        Some(ticket) => see_other(&again(face, realm, &ticket)),
        None => see_other(&face.url(realm, "signed-off")),
    }
}

/// `sign-off` as an address: a form went there, and what became of it is said elsewhere.
pub(crate) fn moved(face: &Face, realm: &Realm) -> Result<Response, OpenIdError> {
    see_other(&face.url(realm, "signed-off"))
}

fn again(face: &Face, realm: &Realm, ticket: &PartingTicket) -> String {
    ticket.address(&face.authority, &face.settings.public_url, realm)
}

fn is_under_way(told: &[ToldClient]) -> bool {
    told.iter().any(|one| one.how == HowTold::Pending)
}

/// The page of this realm, with a way to sign on again where it does not lead to an application.
fn shown(face: &Face, realm: &Realm, page: SignedOffPage<'_>) -> Response {
    let stays = !matches!(page.onward, Some(Onward::Application(_)));
    let sign_on = sign_on_again(face, realm);
    let again = stays.then_some(Link { href: &sign_on, text: "Sign on again" });
    let page = SignedOffPage { realm: &realm.path, again, ..page };
    page_with(StatusCode::OK, page.html(), &page.headers())
}

/// Where people sign on to the realm, and go on to the front page, if there is one.
fn sign_on_again(face: &Face, realm: &Realm) -> String {
    let page = append_query(&face.settings.sign_on_page, "realm", &realm.path);
    match &face.settings.front_page {
        Some(front) => append_query(&page, "goto", front),
        None => page,
    }
}
