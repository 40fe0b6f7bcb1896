//! The question whether a client gets what it asks for, as AM's `authorize` has it: asked in place of the answer, and answered by a
//! form that brings the request along, with `decision` and `csrf`.
//!
//! What a user agrees to is remembered as at the native issuer, with `save_consent` and without: what is granted hangs on it. Contract
//! am.md 4.1; OpenID Connect Core §3.1.2.4, S-OP-6, S-OP-20; decision 0060.

use adieu_authority::{Consent, ConsentError, LiveSession, Realm, SessionToken, redirect_place};
use adieu_http_kit::form::Params;
use adieu_oidc::{Authorize, CONSENT_SHOWN};
use adieu_pages_kit::{ConsentPage, form_action_of, gets_in_words};
use axum::response::Response;
use http::{Method, StatusCode};

use super::provider::path;
use crate::call::Call;
use crate::error::AmError;
use crate::face::Face;
use crate::pages::answers::html;
use crate::pages::form_token;

const DECISION: &str = "decision";
const CSRF: &str = "csrf";
/// The parameter by which a request that names its user says that somebody has signed on for it: whom it names, or it is refused. Nobody
/// gains anything by saying so.
pub(super) const SIGNED_ON_FOR: &str = "adieu_signed_on_for";
/// Parameters that come from our own pages, or answer the question, and are no part of the request.
const OWN: [&str; 5] = [DECISION, CSRF, CONSENT_SHOWN, "save_consent", SIGNED_ON_FOR];

/// What somebody was shown the question and says. Only a form says it: a link decides nothing.
pub(super) struct Decision {
    pub(super) word: DecisionWord,
    csrf: String,
    shown: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DecisionWord {
    Allow,
    /// Any other word, as AM has it.
    Deny,
    /// Somebody else signs on.
    Other,
}

impl Decision {
    /// What a request says of it, if it does.
    pub(super) fn of(call: &Call, params: &Params) -> Result<Option<Self>, AmError> {
        let once = |name| params.only(name).map_err(|_| AmError::Repeated(name));
        let (Some(word), csrf) = (once(DECISION)?, once(CSRF)?.unwrap_or_default().to_owned()) else {
            return Ok(None);
        };
        if *call.sent_method() != Method::POST {
            return Ok(None);
        }
        let shown = once(CONSENT_SHOWN)?.unwrap_or_default().to_owned();
        let word = match word {
            _ if word.eq_ignore_ascii_case(ConsentPage::ALLOW) => DecisionWord::Allow,
            ConsentPage::OTHER => DecisionWord::Other,
            _ => DecisionWord::Deny,
        };
        Ok(Some(Self { word, csrf, shown }))
    }

    /// Whether only this session's own user agent can have said it: it shows what stood in the form or, as AM's programs do, the
    /// token of the session.
    pub(super) fn is_own(&self, face: &Face, token: &SessionToken, live: &LiveSession) -> bool {
        let of_form = form_token::of_session(face, live.session.id);
        form_token::same(&of_form, &self.csrf) || self.is_of_program(token)
    }

    /// Whether it is about what is asked now: what the page has shown is that, or there was no page.
    pub(super) fn is_of_what_was_shown(
        &self,
        face: &Face,
        (token, live): (&SessionToken, &LiveSession),
        authorize: &Authorize,
    ) -> bool {
        let wanted = authorize.asked_of_user();
        self.is_of_program(token) || wanted.is_what_was_shown(&face.authority, live.session.id, &self.shown)
    }

    /// Whether a program says it, which shows the token of the session.
    fn is_of_program(&self, token: &SessionToken) -> bool {
        let same_token = |said: SessionToken| form_token::same(&token.reveal(), &said.reveal());
        SessionToken::parse(&self.csrf).is_some_and(same_token)
    }
}

/// The request without the answer to the question, and without what our own pages have added.
pub(super) fn without_own(params: &Params) -> Params {
    let request = params.iter().filter(|(name, _)| !OWN.contains(name));
    request.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The question.
pub(super) fn page(
    face: &Face,
    realm: &Realm,
    live: &LiveSession,
    request: &Params,
    authorize: &Authorize,
) -> Response {
    let token = form_token::of_session(face, live.session.id);
    let (asked, to) = (authorize.asked_of_user(), authorize.reply.redirect_uri.as_deref());
    let shown = asked.shown_to(&face.authority, live.session.id);
    let of_form = [(CSRF, token.as_str()), (CONSENT_SHOWN, shown.as_str())];
    // A signed request counts when it is read: its object may be over before its user has answered.
    let said = authorize.signed_params();
    let hidden: Vec<_> = said.as_ref().unwrap_or(request).iter().chain(of_form).collect();
    let goes_to = to.map(redirect_place);
    let page = ConsentPage {
        application: &authorize.client.name,
        goes_to: goes_to.as_deref(),
        other_places: &asked.other_places(to),
        username: &live.user.username,
        gets: &gets_in_words(asked.scope, asked.claims_beside_scopes()),
        action: &format!("{}/authorize", path(face, realm)),
        hidden: &hidden,
        answer: DECISION,
    };
    let there = to.map(form_action_of).unwrap_or_default();
    html(StatusCode::OK, &page.html(), &["'self'", &there])
}

/// Remembers that the user agrees.
pub(super) async fn agreed(
    face: &Face,
    live: &LiveSession,
    authorize: &Authorize,
) -> Result<Consent, AmError> {
    let order = authorize.asked_of_user().agreed_by(live.user.id);
    face.authority.give_consent(order).await.map_err(|error| match error {
        ConsentError::Gone => AmError::Csrf, // The form was for somebody who is not there any more.
        ConsentError::TooMany => AmError::TooManyApplications,
        ConsentError::Unwritten(unwritten) => unwritten.into(),
    })
}
