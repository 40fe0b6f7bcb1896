//! The code that answers a request.
//!
//! Its issue is the authority's; what a client is told is carried by the browser. RFC 9207.

use adieu_authority::{Consent, FormKey, FormTurn, GrantError, LiveSession, Session, SessionId};
use adieu_http_kit::form::Params;
use adieu_oidc::{Authorize, PushedError, Refusal};
use axum::response::Response;

use crate::browser::signed_on_here;
use crate::call::Call;
use crate::carried::{CarriedRequest, refused, told};
use crate::error::OpenIdError;
use crate::face::Face;
use crate::{session_management, sign_on};

/// A pushed request in the turn of whoever uses it: of two that do the second one finds it used.
struct PushedUse {
    /// What it says and how it is known afterwards; none if nothing was pushed, or it was used by this session before.
    unused: Option<(FormKey, Params)>,
    _turn: Option<FormTurn>,
}

impl PushedUse {
    async fn of(
        face: &Face,
        call: &Call,
        asked: &CarriedRequest<'_>,
        session: &Session,
    ) -> Result<Self, OpenIdError> {
        let Some(form) = asked.pushed_form(face) else { return Ok(Self { unused: None, _turn: None }) };
        let turn = face.authority.form_turn(form).await;
        let unused = match face.provider(asked.realm).pushed(&asked.params()).await {
            Err(PushedError::Unknown) if asked.may_come_again(face, call, session) => {
                asked.used_by(face, session.id).await?.ok_or(PushedError::Unknown)?;
                None
            }
            pushed => pushed?.map(|said| (form, said)),
        };
        Ok(Self { unused, _turn: Some(turn) })
    }

    /// Uses it up, once there is a code. Until then whoever is told to come again finds it as it was; afterwards the session that has used
    /// it may send its form again.
    async fn used(
        self,
        face: &Face,
        asked: &CarriedRequest<'_>,
        session: SessionId,
    ) -> Result<(), OpenIdError> {
        let Some((form, said)) = self.unused else { return Ok(()) };
        asked.note_used(face, form, session, &said).await?;
        Ok(face.provider(asked.realm).use_pushed(&asked.params()).await?)
    }
}

/// The answer with a code; the sign-on page if the session ended since it was looked at. That is activity of its user.
pub(crate) async fn coded(
    face: &Face,
    call: &Call,
    asked: &CarriedRequest<'_>,
    live: &LiveSession,
    authorize: &Authorize,
    remembered: Option<&Consent>,
) -> Result<Response, OpenIdError> {
    // Whatever else can fail comes before the code, which nobody would get then.
    signed_on_here(face, call, asked.realm, true).await?;
    let pushed = PushedUse::of(face, call, asked, &live.session).await?;
    let provider = face.provider(asked.realm);
    let order = provider.code_order(authorize, &live.session, remembered);
    let issuer = provider.issuer.name;
    match face.authority.issue_code(order).await {
        Ok(code) => {
            pushed.used(face, asked, live.session.id).await?;
            let told = [("code", Some(code.as_str())), ("iss", Some(issuer.as_str()))]; // RFC 9207 §2
            let to = (authorize.client.id.as_str(), &authorize.reply);
            session_management::answered(face, call, asked.realm, to, &told).await
        }
        Err(GrantError::TooManyParticipants) => {
            told(face, call, asked, authorize, Refusal::SessionFull).await
        }
        Err(GrantError::Invalid(_) | GrantError::Replayed | GrantError::Scope) => {
            match authorize.silent_refusal() {
                Some(error) => refused(face, call, asked, error).await,
                None => sign_on::first_page(face, call, asked, authorize).await,
            }
        }
        Err(GrantError::Unwritten(unwritten)) => Err(unwritten.into()),
    }
}
