//! The question who it shall be, and whether they agree: `prompt=select_account` and `prompt=consent`.
//!
//! Nothing is remembered: who is asked to agree is asked every time. OpenID Connect Core §3.1.2.1 and §3.1.2.4.

use std::sync::Arc;

use adieu_authority::{LiveSession, Realm};
use adieu_oidc::{Authorize, Refusal};
use adieu_pages_kit::FormPage;
use axum::body::Body;
use axum::response::Response;
use http::StatusCode;

use crate::authorize::{CarriedRequest, Judged, coded, told};
use crate::browser::signed_on_here;
use crate::call::{Call, REQUEST, form, once};
use crate::error::OpenIdError;
use crate::face::Face;
use crate::form_token;
use crate::sign_on::{first_page, leading_to};

const CHOICE: &str = "choice";
/// They go on, and agree.
const GO_ON: &str = "go-on";
/// Somebody else signs on.
const OTHER: &str = "other";
/// They do not agree.
const DENY: &str = "deny";

/// What a client learns by a scope, for people.
const LEARNT: [(&str, &str); 4] = [
    ("profile", "your name and profile"),
    ("email", "your e-mail address"),
    ("address", "your postal address"),
    ("phone", "your phone number"),
];

/// The question.
pub(crate) fn page(
    face: &Face,
    asked: &CarriedRequest<'_>,
    live: &LiveSession,
    authorize: &Authorize,
) -> Response {
    let token = form_token::of_session(face, live.session.id);
    let application = &authorize.client.name;
    let title = format!("Go on to {application}?");
    let scopes: Vec<&str> = authorize.scope.split(' ').collect();
    let learnt: Vec<&str> =
        LEARNT.iter().filter(|(scope, _)| scopes.contains(scope)).map(|(_, words)| *words).collect();
    let learns = match learnt.as_slice() {
        [] => "who you are here".to_owned(),
        some => some.join(", "),
    };
    let message = format!(
        "You are signed on as {}. {application} will learn {learns}, until you sign off.",
        live.user.username
    );
    let page = FormPage {
        title: &title,
        message: &message,
        error: None,
        action: &face.url(asked.realm, "choose"),
        hidden: &[(form_token::FIELD, &token), (REQUEST, asked.query)],
        fields: &[],
        buttons: &[
            (CHOICE, GO_ON, "Go on"),
            (CHOICE, OTHER, "Use another account"),
            (CHOICE, DENY, "Do not go on"),
        ],
        elsewhere: None,
    };
    leading_to(authorize, StatusCode::OK, page.html())
}

/// Where the answer goes. The request is judged anew, for the session that was asked.
pub(crate) async fn submit(
    face: &Face,
    call: &Call,
    body: Body,
    realm: &Arc<Realm>,
) -> Result<Response, OpenIdError> {
    let form = form(call, body).await?;
    let asked = CarriedRequest { realm, query: once(&form, REQUEST)?.unwrap_or_default() };
    let here = signed_on_here(face, call, realm, false).await?;
    let live = here.live().ok_or(OpenIdError::FormTooOld)?;
    let given = once(&form, form_token::FIELD)?.unwrap_or_default();
    if !form_token::same(&form_token::of_session(face, live.session.id), given) {
        return Err(OpenIdError::FormTooOld);
    }
    let authorize = match asked.judged(face, call, Some(live)).await? {
        Judged::Sound(authorize) => authorize.account_chosen(),
        Judged::Refused(response) => return Ok(response),
    };
    match once(&form, CHOICE)? {
        Some(GO_ON) if authorize.answered_by(&live.session, face.authority.now()) => {
            coded(face, call, &asked, live, &authorize).await
        }
        Some(DENY) => told(face, call, &asked, &authorize, Refusal::AccessDenied).await,
        // Somebody else, or the session does not do any more.
        Some(_) | None => first_page(face, call, &asked, &authorize).await,
    }
}
