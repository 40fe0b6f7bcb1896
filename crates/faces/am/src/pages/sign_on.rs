//! The sign-on page: shows the form, takes it back, sends the browser on.
//!
//! Who has a live session of the realm already is sent on at once, unless `ForceAuth` asks for a new proof.

use std::borrow::Cow;

use adieu_pages_kit::{SignOnPage, too_often};
use axum::body::Body;
use axum::response::Response;
use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use url::Url;

use super::answers::{html, see_other, with_cookies};
use super::asked::{Asked, form};
use super::form_token;
use crate::authenticate::{self, Pair};
use crate::call::Call;
use crate::caller::{self, Caller};
use crate::error::AmError;
use crate::face::Face;
use crate::oauth::authorize;

/// Names of the fields, as AM's own form has them.
const NAME: &str = "IDToken1";
const PASSWORD: &str = "IDToken2";

pub(super) async fn show(face: &Face, call: &Call) -> Result<Response, AmError> {
    let asked = Asked::of(face, &call.params).await?;
    let forced = call.params.first("ForceAuth") == Some("true");
    if let Caller::Live(_, live) = caller::caller(face, call.headers()).await?
        && live.session.realm == asked.realm.id
        && !forced
    {
        return Ok(see_other(goal(face, &asked)));
    }
    Ok(page(face, call.headers(), &asked, "", None).await)
}

pub(super) async fn submit(face: &Face, call: &Call, body: Body) -> Result<Response, AmError> {
    let form = form(call, body).await?;
    let asked = Asked::of(face, &form).await?;
    let field = |name| form.only(name).map_err(|_| AmError::Repeated(name)).map(Option::unwrap_or_default);
    if !form_token::fits(face, call.headers(), field(form_token::FIELD)?) {
        return Err(AmError::Csrf);
    }
    let pair = Pair { name: field(NAME)?.trim().to_owned(), password: field(PASSWORD)?.to_owned() };
    let name = pair.name.clone();
    match authenticate::signed_on(face, call, &asked.realm, pair).await {
        Ok(token) => {
            let lines = face.cookies.set(&token).lines(&face.cookies);
            Ok(with_cookies(see_other(goal(face, &asked)), lines))
        }
        Err(error) => {
            let words = match words(&error) {
                Some(words) => words,
                None => return Err(error),
            };
            let failed = Some((error.status(), words.as_ref()));
            let mut response = page(face, call.headers(), &asked, &name, failed).await;
            if let Some(seconds) = error.retry_after_s() {
                response.headers_mut().insert(RETRY_AFTER, seconds.into());
            }
            Ok(response)
        }
    }
}

fn goal<'a>(face: &'a Face, asked: &'a Asked) -> &'a str {
    asked.goto.as_deref().unwrap_or(&face.settings.success_url)
}

/// What the page says of a failure after which the form may be sent again.
fn words(error: &AmError) -> Option<Cow<'static, str>> {
    let words = if let AmError::Limited { retry_after_s } = error {
        return Some(too_often((*retry_after_s).into()).into());
    } else if matches!(error, AmError::Busy) {
        "Many people sign on just now. Please try again in a moment."
    } else if matches!(error, AmError::LoginFailure) {
        "Name or password is wrong."
    } else if matches!(error, AmError::LockedOut) {
        "This account cannot be used at present."
    } else if matches!(error, AmError::SessionLimit) {
        "There are too many sessions of this account."
    } else {
        return None;
    };
    Some(words.into())
}

async fn page(
    face: &Face,
    headers: &HeaderMap,
    asked: &Asked,
    name: &str,
    failed: Option<(StatusCode, &str)>,
) -> Response {
    let token = form_token::issue(face, headers);
    let goto = asked.goto.as_deref().unwrap_or_default();
    let action = format!("{}/UI/Login", face.settings.context_path);
    let hidden =
        [(form_token::FIELD, token.field.as_str()), ("realm", asked.realm.path.as_str()), ("goto", goto)];
    let page = SignOnPage {
        realm: &asked.realm.path,
        application: None,
        action: &action,
        method: "post",
        identifier_label: "User name",
        identifier_name: NAME,
        identifier: name,
        password_label: "Password",
        password_name: PASSWORD,
        hidden: &hidden,
        error: failed.map(|(_, words)| words),
    };
    // Browsers hold the redirect after the form to the same list.
    let client = authorize::leads_to(face, &asked.realm, goto).await;
    let there = Url::parse(client.as_deref().unwrap_or_else(|| goal(face, asked)));
    let there = there.map(|url| url.origin().ascii_serialization());
    let actions = ["'self'", there.as_deref().unwrap_or_default()];
    let status = failed.map_or(StatusCode::OK, |(status, _)| status);
    with_cookies(html(status, &page.html(), &actions), vec![token.cookie])
}
