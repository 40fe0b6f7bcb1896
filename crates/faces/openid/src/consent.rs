//! The question whether an application gets what it asks for, and where its answer goes.
//!
//! What a user agrees to is remembered; who has agreed to enough is not asked again. OpenID Connect Core §3.1.2.1, §3.1.2.4 and §11:
//! S-OP-4, S-OP-6, S-TOK-9.

use std::sync::Arc;

use adieu_authority::{ConsentError, LiveSession, Realm};
use adieu_oidc::{Authorize, Refusal};
use adieu_pages_kit::ConsentPage;
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

/// What an application gets by a scope, for people.
const GETS: [(&str, &str); 6] = [
    ("openid", "Who you are here"),
    ("profile", "Your name and profile"),
    ("email", "Your e-mail address"),
    ("address", "Your postal address"),
    ("phone", "Your phone number"),
    ("offline_access", "Access after you have signed off, until you withdraw it"),
];

/// What an application gets by these scopes and claims, for people.
pub(crate) fn words<'a>(
    scopes: impl Iterator<Item = &'a str>,
    claims: impl Iterator<Item = &'a str>,
) -> Vec<String> {
    let of_scope = |scope: &str| match GETS.iter().find(|(known, _)| *known == scope) {
        Some((_, words)) => (*words).to_owned(),
        None => format!("Use of {scope} in your name"),
    };
    let of_claim = |claim: &str| format!("From your account: {}", claim.replace('_', " "));
    scopes.filter(|scope| !scope.is_empty()).map(of_scope).chain(claims.map(of_claim)).collect()
}

/// The answer to a request that a live session answers as it is: a code, or the question first.
pub(crate) async fn answer(
    face: &Face,
    call: &Call,
    asked: &CarriedRequest<'_>,
    live: &LiveSession,
    authorize: &Authorize,
) -> Result<Response, OpenIdError> {
    let remembered = face.authority.consent(live.user.id, &authorize.client).await?;
    if !authorize.asks_for_consent(remembered.as_deref()) {
        return coded(face, call, asked, live, authorize, remembered.as_deref()).await;
    }
    if authorize.is_silent() {
        return refused(face, call, asked, authorize.consent_refusal()).await;
    }
    Ok(page(face, asked, live, authorize))
}

fn page(face: &Face, asked: &CarriedRequest<'_>, live: &LiveSession, authorize: &Authorize) -> Response {
    let token = form_token::of_session(face, live.session.id);
    let page = ConsentPage {
        application: &authorize.client.name,
        username: &live.user.username,
        gets: &words(authorize.asked_scope().split(' '), authorize.claims_beside_scopes().into_iter()),
        action: &face.url(asked.realm, "consent"),
        hidden: &[(form_token::FIELD, &token), (REQUEST, asked.query)],
        answer: ANSWER,
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
    let answers = authorize.answered_by(&live.session, face.authority.now());
    match once(&form, ANSWER)? {
        Some(ConsentPage::ALLOW) if answers => {
            let agreed = face.authority.give_consent(authorize.agreed_by(live.user.id)).await;
            let consent = match agreed {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_said_in_words() {
        let said = words("openid phone p1:read:user".split(' '), ["phone_number"].into_iter());
        let expected = [
            "Who you are here",
            "Your phone number",
            "Use of p1:read:user in your name",
            "From your account: phone number",
        ];
        assert_eq!(said, expected);
        assert!(words("".split(' '), [].into_iter()).is_empty());
    }
}
