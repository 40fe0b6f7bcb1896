//! `/ui/sign-off`: the sessions of a realm that a browser carries are over, and every dialect is asked whether it knows.
//!
//! The page that says so comes after the commit (ENDED-IS-DURABLE). The form's token is derived from the session, so that only
//! the browser that was shown the page can send it; nothing is stored (EMPTY-HANDS).

use std::time::Duration;

use adieu_authority::{EndError, Origin, Outage, Purpose, RealmId, SessionId, SessionToken, endings_noted};
use adieu_http_kit::body::{self, BodyError};
use adieu_http_kit::client::Peer;
use adieu_http_kit::companion::CookieRealm;
use adieu_http_kit::form::Params;
use adieu_http_kit::{media, sign_off};
use adieu_oidc::{Parting, PartingTicket};
use adieu_pages_kit::{Link, Onward, SignedOffPage};
use axum::body::Body;
use axum::response::Response;
use http::Uri;
use http::header::{HOST, ORIGIN};
use http::request::Parts;
use http::uri::Authority;
use subtle::ConstantTimeEq as _;

use crate::answer::{cannot_tell, crowded, form_too_old, no_form, page_with, see_other, with_cookies};
use crate::carried::{Holder, holders, tokens};
use crate::face::{CHANNEL, Face, shown};
use crate::settings::FRONT;

/// The hidden field of the form.
pub(crate) const FIELD: &str = "token";
/// The form has one short field.
const BODY_BYTES_MAX: usize = 4096;
const BODY_PATIENCE: Duration = Duration::from_secs(10);

/// The token of the form that ends this session.
pub(crate) fn form_token(face: &Face, session: SessionId) -> String {
    let name = format!("pages-sign-off {session}");
    face.authority.key().derive_text(Purpose::AntiForgery, name.as_bytes(), 0)
}

pub(crate) async fn submit(face: &Face, parts: &Parts, body: Body) -> Response {
    if is_from_elsewhere(parts) {
        return form_too_old();
    }
    let is_form = media::is(&parts.headers, "application/x-www-form-urlencoded");
    let body = body::read(body, BODY_BYTES_MAX, BODY_PATIENCE).await;
    let body = match body {
        Ok(body) if is_form => body,
        Err(BodyError::Crowded) => return crowded(),
        Ok(_) | Err(BodyError::TooLarge | BodyError::Slow | BodyError::Broken) => return no_form(),
    };
    let tokens = tokens(face, &parts.headers);
    let holders = match holders(face, &tokens).await {
        Ok(holders) => holders,
        Err(outage) => return cannot_tell(face, &outage),
    };
    // Nobody is signed on: the front page says so.
    if holders.is_empty() {
        return see_other(FRONT);
    }
    let given = Params::body(&body);
    let Ok(given) = given.only(FIELD) else { return no_form() };
    let given = given.unwrap_or_default().as_bytes();
    // The token says which realm is meant.
    let is_meant = |one: &&Holder| bool::from(form_token(face, one.session.id).as_bytes().ct_eq(given));
    let Some(holder) = holders.iter().find(is_meant) else { return form_too_old() };
    match ended(face, parts, holder, &tokens).await {
        Ok(response) => response,
        Err(outage) => cannot_tell(face, &outage),
    }
}

/// Whether a page of another origin sent the form. Browsers say so in `Sec-Fetch-Site`; older ones only whose page it was, unless that
/// keeps it for itself (`null`). The token of the form is asked for in any case.
fn is_from_elsewhere(parts: &Parts) -> bool {
    let headers = &parts.headers;
    if let Some(site) = headers.get("sec-fetch-site") {
        return ![&b"same-origin"[..], b"none"].contains(&site.as_bytes());
    }
    let Some(origin) = headers.get(ORIGIN).filter(|origin| *origin != "null") else { return false };
    let of_page = Uri::try_from(origin.as_bytes()).ok().and_then(|origin| origin.authority().cloned());
    let host = || Authority::try_from(headers.get(HOST)?.as_bytes()).ok();
    let asked = parts.uri.authority().cloned().or_else(host);
    of_page.is_none() || of_page != asked
}

/// Ends all that the browser carries of the realm, as every dialect's sign-off does; the session that was meant comes last: whoever has
/// to repeat the form still can (F-4). Cookies that carry a session of another realm are left alone.
async fn ended(
    face: &Face,
    parts: &Parts,
    holder: &Holder,
    tokens: &[(String, SessionToken)],
) -> Result<Response, Outage> {
    // Whatever can fail comes before the first ending: after it, an answer says what was ended.
    let realm = face.realm(holder.session.realm).await?;
    let carried = face.authority.sessions_beside(tokens, realm.id).await?;
    let here = std::iter::once(&holder.token).chain(carried.others_than(holder.session.id));
    let parting = Parting::of_tokens(&face.authority, here).await?;
    let address = parts.extensions.get::<Peer>().map(Peer::to_string);
    let origin = Origin::of_holder(CHANNEL, address);
    let besides = carried.others_than(holder.session.id);
    for token in besides.chain(std::iter::once(&holder.token)) {
        end(face, realm.id, token, &origin).await?;
    }
    let answers = face.seen(&realm, &holder.token).await;
    let again = match carried.elsewhere.is_empty() {
        true => face.settings.sign_on.first().map(|on| Link { href: &on.address, text: "Sign on again" }),
        false => Some(Link { href: FRONT, text: "You are still signed on to another realm" }),
    };
    let told = parting.told(&face.authority, &endings_noted()).await;
    let later = PartingTicket::look_again(&face.authority, &face.settings.public_url, &realm, &told);
    let page = SignedOffPage {
        realm: &realm.path,
        nobody: false,
        seen: &shown(&answers),
        told: &told,
        frames: parting.frames(),
        onward: later.as_deref().map(Onward::look_elsewhere),
        again,
    };
    let id = realm.id.to_string();
    let gone = face.settings.cookies.clear(CookieRealm { id: &id, path: &realm.path }, &carried.elsewhere);
    let response = with_cookies(page_with(&page.html(), &page.headers()), gone);
    Ok(if carried.elsewhere.is_empty() { sign_off::marked(response) } else { response })
}

async fn end(face: &Face, realm: RealmId, token: &SessionToken, origin: &Origin) -> Result<(), Outage> {
    match face.authority.end_beside(realm, std::iter::once(token), origin).await {
        // Ended now or before, or it opens nothing: it is over.
        Ok(()) | Err(EndError::UnknownSession) => Ok(()),
        // The order spares nothing and reaches everybody; whatever refuses it, the session is not over.
        Err(error @ (EndError::CallersOwn | EndError::OutOfReach)) => Err(Outage::new(error)),
        Err(EndError::Unwritten(unwritten)) => Err(unwritten.into_outage()),
    }
}
