//! The question whether an application gets what it asks for, and where its answer goes.
//!
//! What a user agrees to is remembered; who has agreed to enough is not asked again. OpenID Connect Core §3.1.2.1, §3.1.2.4 and §11:
//! S-OP-4, S-OP-6, S-TOK-9.

use std::sync::Arc;

use adieu_authority::{ConsentError, LiveSession, Realm, redirect_place};
use adieu_oidc::{Authorize, CONSENT_SHOWN, ConsentStep, Refusal};
use adieu_pages_kit::{ConsentPage, gets_in_words};
use axum::body::Body;
use axum::response::Response;
use http::StatusCode;

use crate::call::{Call, REQUEST, form, once};
use crate::carried::{CarriedRequest, QuestionAnswer, refused, told};
use crate::code::coded;
use crate::error::OpenIdError;
use crate::face::Face;
use crate::form_token;
use crate::sign_on::{first_page, leading_to};

const ANSWER: &str = "choice";

/// The answer to a request that a live session answers as it is: a code, or the question first.
pub(crate) async fn answer(
    face: &Face,
    call: &Call,
    asked: &CarriedRequest<'_>,
    live: &LiveSession,
    authorize: &Authorize,
) -> Result<Response, OpenIdError> {
    match authorize.asked_of_user().step(&face.authority, live.user.id).await? {
        ConsentStep::Code(remembered) => {
            coded(face, call, asked, live, authorize, remembered.as_deref()).await
        }
        ConsentStep::Question if authorize.is_silent() => {
            refused(face, call, asked, authorize.consent_refusal()).await
        }
        ConsentStep::Question => Ok(page(face, asked, live, authorize)),
    }
}

fn page(face: &Face, asked: &CarriedRequest<'_>, live: &LiveSession, authorize: &Authorize) -> Response {
    let token = form_token::of_session(face, live.session.id);
    let (wanted, to) = (authorize.asked_of_user(), authorize.reply.redirect_uri.as_deref());
    let shown = wanted.shown_to(&face.authority, live.session.id);
    let goes_to = to.map(redirect_place);
    let page = ConsentPage {
        application: &authorize.client.name,
        goes_to: goes_to.as_deref(),
        other_places: &wanted.other_places(to),
        username: &live.user.username,
        gets: &gets_in_words(wanted.scope, wanted.claims_beside_scopes()),
        action: &face.url(asked.realm, "consent"),
        hidden: &[(form_token::FIELD, &token), (REQUEST, asked.query), (CONSENT_SHOWN, &shown)],
        answer: ANSWER,
    };
    leading_to(authorize, StatusCode::OK, page.html())
}

/// Where the answer goes. The request is judged anew, for the session that was asked. Where that asks for something else than was shown, or
/// for somebody who is called otherwise by now, the user is asked that.
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
    let answers = authorize.answered_by(&live.session, face.authority.now());
    match once(&form, ANSWER)? {
        Some(ConsentPage::ALLOW) if answers => {
            let shown = once(&form, CONSENT_SHOWN)?.unwrap_or_default();
            let wanted = authorize.asked_of_user();
            if !wanted.is_what_was_shown(&face.authority, live.session.id, shown) {
                return Ok(page(face, &asked, live, &authorize));
            }
            let agreed = wanted.agreed_by(live.user.id);
            let consent = match face.authority.give_consent(agreed).await {
                Ok(consent) => consent,
                Err(ConsentError::Gone) => return Err(OpenIdError::FormTooOld),
                Err(ConsentError::TooMany) => return Err(OpenIdError::TooManyApplications),
                Err(ConsentError::Unwritten(unwritten)) => return Err(unwritten.into()),
            };
            coded(face, call, &asked, live, &authorize, Some(&consent)).await
        }
        Some(ConsentPage::DENY) => told(face, call, &asked, &authorize, Refusal::AccessDenied).await,
        // Somebody else, or the session does not do any more.
        Some(_) | None => first_page(face, call, &asked, &authorize).await,
    }
}
