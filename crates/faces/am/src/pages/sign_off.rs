//! The sign-off page: asks once, ends the session, says so.
//!
//! A link alone ends nothing: any site could send a browser here. ENDED-IS-DURABLE holds as everywhere: the page that
//! says so comes after the commit.

use adieu_authority::{Cause, EndKind, EndOrder, EndTarget, PresentedToken};
use adieu_pages_kit::{ErrorPage, Link, SignOffPage, SignedOffPage};
use axum::body::Body;
use axum::response::Response;
use http::StatusCode;

use super::answers::{html, see_other, with_cookies};
use super::asked::{Asked, form};
use super::form_token;
use crate::call::Call;
use crate::caller::{self, Caller};
use crate::cookies::CookieAct;
use crate::error::AmError;
use crate::face::Face;

pub(super) async fn show(face: &Face, call: &Call) -> Result<Response, AmError> {
    let asked = Asked::of(face, &call.params).await?;
    let Caller::Live(_, live) = caller::caller(face, call.headers()).await? else {
        return Ok(signed_off(face, &asked));
    };
    let token = form_token::of_session(face, live.session.id);
    let action = format!("{}/UI/Logout", face.settings.context_path);
    let hidden = [
        (form_token::FIELD, token.as_str()),
        ("realm", asked.realm.path.as_str()),
        ("goto", asked.goto.as_deref().unwrap_or_default()),
    ];
    let message = format!("You are signed on as {}.", live.user.username);
    let form = SignOffPage { action: &action, hidden: &hidden, label: "Sign off" };
    let page =
        ErrorPage { title: "Sign off?", message: &message, correlation_id: None, sign_off: Some(form) };
    Ok(html(StatusCode::OK, &page.html(), &["'self'"]))
}

pub(super) async fn submit(face: &Face, call: &Call, body: Body) -> Result<Response, AmError> {
    let form = form(call, body).await?;
    let asked = Asked::of(face, &form).await?;
    let Caller::Live(token, live) = caller::caller(face, call.headers()).await? else {
        return Ok(signed_off(face, &asked)); // Nothing to end: the same page, and the dead cookie goes.
    };
    let field = form.first(form_token::FIELD).unwrap_or_default();
    if !form_token::same(&form_token::of_session(face, live.session.id), field) {
        return Err(AmError::Csrf);
    }
    let order = EndOrder {
        realm: None,
        target: EndTarget::Token(PresentedToken::from(&token)),
        kind: EndKind::End,
        cause: Cause::SignOff,
        spare: None,
        within: None,
        origin: call.origin_of_holder(),
    };
    face.authority.end(order).await?; // Ended now or by somebody faster: it is over.
    Ok(signed_off(face, &asked))
}

fn signed_off(face: &Face, asked: &Asked) -> Response {
    let response = match &asked.goto {
        Some(goto) => see_other(goto),
        None => {
            let again = format!("{}/UI/Login?realm={}", face.settings.context_path, asked.realm.path);
            let again = Some(Link { href: &again, text: "Sign on again" });
            html(StatusCode::OK, &SignedOffPage { realm: &asked.realm.path, again }.html(), &[])
        }
    };
    with_cookies(response, CookieAct::Clear.lines(&face.cookies))
}
