//! A client's request as it travels through pages, and refusals that are told to the client.
//!
//! It travels along with a page's form and is judged anew when it comes back, with a mark that its user has signed on for it.
//! RFC 9207; standards.md 2.1.

use std::sync::Arc;

use adieu_authority::{FormKey, FormProof, LiveSession, Realm, Session, SessionId};
use adieu_http_kit::form::{Params, append_query};
use adieu_oidc::{Authorize, AuthorizeError, PushedError, Refusal};
use axum::response::Response;
use http::Method;

use crate::answer::see_other;
use crate::browser::{SignedOnHere, signed_on_here};
use crate::call::{Call, REQUEST, once};
use crate::error::OpenIdError;
use crate::face::Face;
use crate::{form_token, session_management};

/// The parameter by which the sign-on page says that a request's user has signed on for it; always the last one.
const MARK: &str = "adieu_signed_on";
/// How long that counts.
const MARK_LIFE_S: i64 = 300;

/// A request of a client as it travels through pages: its parameters as a query, with the mark if there is one.
pub(crate) struct CarriedRequest<'a> {
    pub(crate) realm: &'a Arc<Realm>,
    pub(crate) query: &'a str,
}

/// What a request came to before anybody was asked.
pub(crate) enum Judged {
    /// It may be answered.
    Sound(Box<Authorize>),
    /// It was answered.
    Refused(Response),
}

/// The answer to a question that a signed-on user was asked about a request.
pub(crate) enum QuestionAnswer<'a> {
    /// It is the user's own, and the request is sound as judged anew; and who is signed on.
    Sound(CarriedRequest<'a>, SignedOnHere, Box<Authorize>),
    /// The request was answered.
    Refused(Response),
}

impl<'a> QuestionAnswer<'a> {
    /// Reads a form that only the session that was asked can send. Where nobody is signed on any more, the request is shown anew: it asks
    /// who answers.
    pub(crate) async fn of(
        face: &Face,
        call: &Call,
        realm: &'a Arc<Realm>,
        form: &'a Params,
    ) -> Result<Self, OpenIdError> {
        let asked = CarriedRequest { realm, query: once(form, REQUEST)?.unwrap_or_default() };
        let here = signed_on_here(face, call, realm, false).await?;
        let Some(live) = here.live() else { return Ok(Self::Refused(see_other(&asked.address(face))?)) };
        let given = once(form, form_token::FIELD)?.unwrap_or_default();
        if !form_token::same(&form_token::of_session(face, live.session.id), given) {
            return Err(OpenIdError::FormTooOld);
        }
        Ok(match asked.judged(face, call, Some(live)).await? {
            Judged::Sound(authorize) => Self::Sound(asked, here, Box::new(authorize.account_chosen())),
            Judged::Refused(response) => Self::Refused(response),
        })
    }
}

impl CarriedRequest<'_> {
    /// The request as it counts for whoever is signed on.
    pub(crate) async fn judged(
        &self,
        face: &Face,
        call: &Call,
        live: Option<&LiveSession>,
    ) -> Result<Judged, OpenIdError> {
        let again = live.filter(|live| self.may_come_again(face, call, &live.session));
        self.judged_again(face, call, live, again.map(|live| live.session.id)).await
    }

    /// The same where the form has led to a session already, which may use again what it has used.
    pub(crate) async fn judged_again(
        &self,
        face: &Face,
        call: &Call,
        live: Option<&LiveSession>,
        again: Option<SessionId>,
    ) -> Result<Judged, OpenIdError> {
        let (provider, params) = (face.provider(self.realm), self.params());
        let pushed = match (provider.pushed(&params).await, again) {
            (Err(PushedError::Unknown), Some(session)) => {
                Some(self.used_by(face, session).await?.ok_or(PushedError::Unknown)?)
            }
            (pushed, _) => pushed?,
        };
        let unpushed = face.settings.requires_pushed && pushed.is_none();
        let params = pushed.unwrap_or(params);
        let authorize = match provider.authorize(&params, call.peer()).await {
            Ok(authorize) => authorize,
            Err(error) => return refused(face, call, self, error).await.map(Judged::Refused),
        };
        if unpushed {
            // RFC 9126 §5
            let refusal = Refusal::Request("This issuer takes requests only that were pushed to it.");
            return told(face, call, self, &authorize, refusal).await.map(Judged::Refused);
        }
        let marked = live.is_some_and(|live| self.is_signed_on_for(face, &live.session));
        if marked && live.is_some_and(|live| authorize.is_for_another(live.user.id)) {
            // Whom the request names has not signed on for it: the page would be shown again and again.
            return refused(face, call, self, authorize.other_user_refusal()).await.map(Judged::Refused);
        }
        let authorize = if marked { authorize.signed_on_for() } else { authorize };
        Ok(Judged::Sound(Box::new(authorize)))
    }

    /// The pushed request that this one refers to, as what a form has led to is known by.
    pub(crate) fn pushed_form(&self, face: &Face) -> Option<FormKey> {
        let params = self.params();
        face.provider(self.realm).pushed_name(&params).map(|name| FormKey::of("openid-pushed", name))
    }

    /// Whether this comes by a form of this session, or after a sign-on for this very request: those are sent twice by a double click.
    pub(crate) fn may_come_again(&self, face: &Face, call: &Call, session: &Session) -> bool {
        *call.method() == Method::POST || self.is_signed_on_for(face, session)
    }

    /// What the pushed request said that this session has used a short while ago.
    pub(crate) async fn used_by(
        &self,
        face: &Face,
        session: SessionId,
    ) -> Result<Option<Params>, OpenIdError> {
        let Some(form) = self.pushed_form(face) else { return Ok(None) };
        let used = face.authority.form_use((form, self.realm.id), &FormProof::session(session)).await?;
        let said = used.map(|used| Params::parse(&used.beside));
        let params = self.params();
        Ok(said.filter(|said| said.first("client_id") == params.first("client_id")))
    }

    /// Keeps what the pushed request said for the session that has used it.
    pub(crate) async fn note_used(
        &self,
        face: &Face,
        form: FormKey,
        session: SessionId,
        said: &Params,
    ) -> Result<(), OpenIdError> {
        let (form, proof) = ((form, self.realm.id), FormProof::session(session));
        Ok(face.authority.note_form(form, &proof, None, &said.carried()?).await?)
    }

    /// The parameters that the client sent.
    pub(crate) fn params(&self) -> Params {
        Params::parse(self.split().0)
    }

    /// Where the request goes on when this session has begun for it.
    pub(crate) fn marked(&self, face: &Face, session: &Session) -> String {
        let bare = self.split().0;
        let address = format!("{}?{bare}", face.url(self.realm, "authorize"));
        append_query(&address, MARK, &mark(face, session, bare))
    }

    /// The address of the request.
    pub(crate) fn address(&self, face: &Face) -> String {
        format!("{}?{}", face.url(self.realm, "authorize"), self.bare())
    }

    /// The request without the mark: whoever signs on for it does so once more.
    pub(crate) fn bare(&self) -> &str {
        self.split().0
    }

    fn split(&self) -> (&str, Option<&str>) {
        match self.query.rsplit_once(&format!("&{MARK}=")) {
            Some((bare, mark)) => (bare, Some(mark)),
            None => (self.query, None),
        }
    }

    /// Whether this session's user has signed on for this very request, and just now.
    fn is_signed_on_for(&self, face: &Face, session: &Session) -> bool {
        let (bare, given) = self.split();
        let age_s = face.authority.now().since(session.signed_on_at()).s();
        let fits = |given: &str| form_token::same(&mark(face, session, bare), given);
        age_s <= MARK_LIFE_S && given.is_some_and(fits)
    }
}

fn mark(face: &Face, session: &Session, bare: &str) -> String {
    face.derived(&format!("openid-signed-on {} {} {bare}", session.id, session.signed_on_at().ms()))
}

/// A refusal, told to the client.
pub(crate) async fn told(
    face: &Face,
    call: &Call,
    asked: &CarriedRequest<'_>,
    authorize: &Authorize,
    refusal: Refusal,
) -> Result<Response, OpenIdError> {
    refused(face, call, asked, AuthorizeError::Told { reply: authorize.reply.clone(), refusal }).await
}

pub(crate) async fn refused(
    face: &Face,
    call: &Call,
    asked: &CarriedRequest<'_>,
    error: AuthorizeError,
) -> Result<Response, OpenIdError> {
    match error {
        AuthorizeError::Missing(name) => Err(OpenIdError::Missing(name)),
        AuthorizeError::Client(_) => Err(OpenIdError::Client),
        AuthorizeError::RedirectUri(_) => Err(OpenIdError::RedirectUri),
        AuthorizeError::Repeated(name) => Err(OpenIdError::Repeated(name)),
        AuthorizeError::KeysLater(later) => Err(Refusal::KeysLater(later).into()),
        AuthorizeError::Outage(outage) => Err(outage.into()),
        AuthorizeError::Told { reply, refusal } => {
            let (issuer, text) = (face.url(asked.realm, ""), refusal.to_string());
            let told = [
                ("error", Some(refusal.code())),
                ("error_description", Some(text.as_str())),
                ("iss", Some(issuer.as_str())),
            ];
            let params = asked.params();
            let to = (params.first("client_id").unwrap_or_default(), &reply);
            session_management::answered(face, call, asked.realm, to, &told).await
        }
    }
}

/// The token of the session that goes on in this browser when its user signs on again.
pub(crate) async fn previous(
    face: &Face,
    call: &Call,
    realm: &Realm,
) -> Result<Option<adieu_authority::SessionToken>, OpenIdError> {
    Ok(signed_on_here(face, call, realm, false).await.map(SignedOnHere::into_token)?)
}
