//! The code that answers a request.
//!
//! Its issue is the authority's; what a client is told is carried by the browser. RFC 9207.

use adieu_authority::{Consent, GrantError, LiveSession};
use adieu_oidc::{Authorize, Refusal};
use axum::response::Response;

use crate::browser::signed_on_here;
use crate::call::Call;
use crate::carried::{CarriedRequest, refused, told};
use crate::error::OpenIdError;
use crate::face::Face;
use crate::{session_management, sign_on};

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
    face.provider(asked.realm).use_pushed(&asked.params()).await?;
    let provider = face.provider(asked.realm);
    let order = provider.code_order(authorize, &live.session, remembered);
    let issuer = provider.issuer.name;
    match face.authority.issue_code(order).await {
        Ok(code) => {
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
