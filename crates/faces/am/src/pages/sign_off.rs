//! The sign-off page: asks once, ends the session, says so.
//!
//! A link alone ends nothing: any site could send a browser here. ENDED-IS-DURABLE holds as everywhere: the page that
//! says so comes after the commit.

use std::sync::Arc;

use adieu_authority::Realm;
use adieu_http_kit::form::append_query;
use adieu_http_kit::sign_off;
use adieu_pages_kit::{Link, SignOffQuestion};
use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use http::header::COOKIE;

use super::answers::{self, html, see_other, with_cookies};
use super::asked::{Asked, form};
use super::form_token;
use crate::beside::{self, Beside};
use crate::call::Call;
use crate::caller::{self, EndableSession};
use crate::cookies::CookieAct;
use crate::error::AmError;
use crate::face::Face;
use crate::sessions::logout::{end_beside, end_held};

pub(super) async fn show(face: &Face, call: &Call) -> Result<Response, AmError> {
    let asked = Asked::of(face, &call.params).await?;
    let own = match endable(face, call, &asked).await? {
        Beside::Endable(own) => own,
        Beside::Nobody(cookies) => return Ok(nobody(face, &asked, cookies)),
    };
    let realm = realm_of(face, &asked, &own).await?;
    let token = form_token::of_session(face, own.session.id);
    let action = format!("{}/UI/Logout", face.settings.context_path);
    let hidden = [
        (form_token::FIELD, token.as_str()),
        ("realm", realm.path.as_str()),
        ("goto", asked.goto.as_deref().unwrap_or_default()),
    ];
    let message = format!("You are signed on as {}.", own.user.username);
    let parting = beside::parting(face, call, &own).await?;
    // Back to the sign-on page that has led here.
    let sign_on = format!("{}/UI/Login?", face.settings.context_path);
    let stay = asked.goto.as_deref().filter(|goto| goto.starts_with(&sign_on));
    let stay = stay.unwrap_or(&face.settings.success_url);
    let page = SignOffQuestion {
        message: &message,
        applications: &parting.names(),
        action: &action,
        hidden: &hidden,
        reach: "reach",
        only_at: None,
        links: &[Link { href: stay, text: "Stay signed on" }],
    };
    Ok(html(StatusCode::OK, &page.html(), &["'self'"]))
}

pub(super) async fn submit(face: &Face, call: &Call, body: Body) -> Result<Response, AmError> {
    let form = form(call, body).await?;
    let asked = Asked::of(face, &form).await?;
    let own = match endable(face, call, &asked).await? {
        Beside::Endable(own) => own,
        // A form of another site brings no cookie: the browser comes again by an address of ours, with its cookies, and is asked.
        Beside::Nobody(_) if !call.headers().contains_key(COOKIE) => {
            let page = append_query(
                &format!("{}/UI/Logout", face.settings.context_path),
                "realm",
                &asked.realm.path,
            );
            let page = asked.goto.as_deref().map_or(page.clone(), |goto| append_query(&page, "goto", goto));
            return Ok(see_other(&page));
        }
        // Nothing to end: the same page, and the dead cookies go.
        Beside::Nobody(cookies) => return Ok(nobody(face, &asked, cookies)),
    };
    let field =
        form.only(form_token::FIELD).map_err(|_| AmError::Repeated(form_token::FIELD))?.unwrap_or_default();
    if !form_token::same(&form_token::of_session(face, own.session.id), field) {
        return Err(AmError::Csrf);
    }
    let realm = realm_of(face, &asked, &own).await?;
    let parting = beside::parting(face, call, &own).await?;
    let cookies = beside::signed_off(face, call, own.session.realm, own.session.id).await?;
    end_beside(face, call, &own.token).await?;
    end_held(face, call, &own.token).await?;
    let forgets_all = cookies.forgets_all();
    let response = answers::signed_off(face, &parting, &realm, asked.goto.as_deref(), see_other).await;
    let response = with_cookies(response, cookies.lines(&face.cookies));
    Ok(if forgets_all { sign_off::marked(response) } else { response })
}

/// The caller's session, or one that a cookie of another dialect carries, which goes with a sign-off here.
async fn endable(face: &Face, call: &Call, asked: &Asked) -> Result<Beside, AmError> {
    match caller::caller(face, call.headers(), Some(asked.realm.id)).await?.endable() {
        Some(own) => Ok(Beside::Endable(own)),
        None => beside::found(face, call, &asked.realm).await,
    }
}

/// The realm of the session, which is another one than the address names where that names none.
async fn realm_of(face: &Face, asked: &Asked, own: &EndableSession) -> Result<Arc<Realm>, AmError> {
    match face.authority.realm(own.session.realm).await? {
        Some(realm) => Ok(realm),
        None => Ok(Arc::clone(&asked.realm)), // The realm went with its sessions, just now.
    }
}

/// The page where nothing had to end; the dead cookies go.
fn nobody(face: &Face, asked: &Asked, cookies: CookieAct) -> Response {
    let response = answers::nobody(face, &asked.realm, asked.is_named, asked.goto.as_deref());
    with_cookies(response, cookies.lines(&face.cookies))
}
