//! `/ui/sign-off`: the sessions that a browser carries are over, and every dialect is asked whether it knows.
//!
//! The page that says so comes after the commit (ENDED-IS-DURABLE). The form's token is derived from the session, so that only
//! the browser that was shown the page can send it; nothing is stored (EMPTY-HANDS).

use std::time::Duration;

use adieu_authority::{
    Cause, EndError, EndKind, EndOrder, EndTarget, Origin, Outage, PresentedToken, Purpose, SessionId,
    SessionToken, endings_noted,
};
use adieu_http_kit::client::Peer;
use adieu_http_kit::companion::CookieRealm;
use adieu_http_kit::form::Params;
use adieu_http_kit::{body, media};
use adieu_oidc::Parting;
use adieu_pages_kit::{Link, LogoutFrame, SignedOffPage, ToldApplication};
use axum::body::Body;
use axum::response::Response;
use http::Uri;
use http::header::{HOST, ORIGIN};
use http::request::Parts;
use http::uri::Authority;
use subtle::ConstantTimeEq as _;

use crate::answer::{cannot_tell, form_too_old, no_form, page_with, see_other, with_cookies};
use crate::carried::{Holder, carried, tokens};
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
    let (true, Ok(body)) = (is_form, body) else { return no_form() };
    let tokens = tokens(face, &parts.headers);
    let holder = match carried(face, &tokens).await {
        Ok(carried) => carried.holder(),
        Err(outage) => return cannot_tell(&outage),
    };
    // Nobody is signed on: the front page says so.
    let Some(holder) = holder else { return see_other(FRONT) };
    let given = Params::body(&body);
    let Ok(given) = given.only(FIELD) else { return no_form() };
    let given = given.unwrap_or_default();
    if !bool::from(form_token(face, holder.session.id).as_bytes().ct_eq(given.as_bytes())) {
        return form_too_old();
    }
    match ended(face, parts, &holder, &tokens).await {
        Ok(response) => response,
        Err(outage) => cannot_tell(&outage),
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

/// Ends all that the browser carries; the session that was meant comes last: whoever has to repeat the form still can (F-4).
async fn ended(
    face: &Face,
    parts: &Parts,
    holder: &Holder,
    tokens: &[SessionToken],
) -> Result<Response, Outage> {
    // Whatever can fail comes before the first ending: after it, an answer says what was ended.
    let realm = face.realm(holder.session.realm).await?;
    let parting = Parting::of_tokens(&face.authority, tokens).await?;
    for beside in tokens.iter().filter(|token| token.id != holder.token.id) {
        end(face, parts, beside).await?;
    }
    end(face, parts, &holder.token).await?;
    let answers = face.seen(&realm, &holder.token).await;
    let again = face.settings.sign_on.first().map(|on| Link { href: &on.address, text: "Sign on again" });
    let told = parting.told(&face.authority, &endings_noted()).await;
    let told: Vec<_> = told.iter().map(|one| ToldApplication { name: &one.name, how: one.how }).collect();
    let frames = parting.frames().iter();
    let frames: Vec<_> =
        frames.map(|frame| LogoutFrame { name: &frame.name, address: &frame.address }).collect();
    let (realm_path, seen) = (&realm.path, &shown(&answers));
    let page = SignedOffPage { realm: realm_path, seen, told: &told, frames: &frames, onward: None, again };
    let id = realm.id.to_string();
    let gone = face.settings.cookies.clear(CookieRealm { id: &id, path: &realm.path }, &[]);
    Ok(with_cookies(page_with(&page.html(), &page.headers()), gone))
}

async fn end(face: &Face, parts: &Parts, token: &SessionToken) -> Result<(), Outage> {
    let address = parts.extensions.get::<Peer>().map(Peer::to_string);
    let order = EndOrder {
        realm: None, // Whatever session a browser carries is its own.
        target: EndTarget::Token(PresentedToken::from(token)),
        kind: EndKind::End,
        cause: Cause::SignOff,
        spare: None,
        within: None,
        origin: Origin::of_holder(CHANNEL, address),
    };
    match face.authority.end(order).await {
        // Ended now or before, or it opens nothing: it is over.
        Ok(_) | Err(EndError::UnknownSession | EndError::CallersOwn | EndError::OutOfReach) => Ok(()),
        Err(EndError::Unwritten(unwritten)) => Err(unwritten.into_outage()),
    }
}
