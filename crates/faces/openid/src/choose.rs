//! The question who it shall be: `prompt=select_account`.
//!
//! Nothing is remembered: who is asked is asked every time. OpenID Connect Core §3.1.2.1.

use std::sync::Arc;

use adieu_authority::{LiveSession, Realm};
use adieu_oidc::{Authorize, Refusal};
use adieu_pages_kit::FormPage;
use axum::body::Body;
use axum::response::Response;
use http::StatusCode;

use crate::call::{Call, REQUEST, form, once};
use crate::carried::{CarriedRequest, QuestionAnswer, told};
use crate::error::OpenIdError;
use crate::face::Face;
use crate::sign_on::{first_page, leading_to};
use crate::{consent, form_token};

const CHOICE: &str = "choice";
/// They go on.
const GO_ON: &str = "go-on";
/// Somebody else signs on.
const OTHER: &str = "other";
/// They do not go on.
const DENY: &str = "deny";

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
    let message = format!("You are signed on as {}.", live.user.username);
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
    let (asked, here, authorize) = match QuestionAnswer::of(face, call, realm, &form).await? {
        QuestionAnswer::Sound(asked, here, authorize) => (asked, here, authorize),
        QuestionAnswer::Refused(response) => return Ok(response),
    };
    let live = here.live().ok_or(OpenIdError::FormTooOld)?;
    match once(&form, CHOICE)? {
        Some(GO_ON) if authorize.answered_by(&live.session, face.authority.now()) => {
            consent::answer(face, call, &asked, live, &authorize).await
        }
        Some(DENY) => told(face, call, &asked, &authorize, Refusal::AccessDenied).await,
        // Somebody else, or the session does not do any more.
        Some(_) | None => first_page(face, call, &asked, &authorize).await,
    }
}
