//! `connect/endSession`: the session that an ID token speaks of is over. A session that is over already is signed off.
//!
//! The token's signature counts: the fork takes it unread. Contract am.md 4.2; A-26.

use std::sync::Arc;

use adieu_authority::{Actor, Cause, EndError, EndKind, EndOrder, EndTarget, Realm, SessionToken};
use adieu_http_kit::form::{Params, append_query};
use adieu_oidc::{Hint, HintError};
use axum::body::Body;
use axum::response::Response;

use super::provider::{asked, provider};
use crate::call::Call;
use crate::caller;
use crate::cookies::CookieAct;
use crate::error::AmError;
use crate::face::Face;
use crate::oauth_refused::OAuthRefused;
use crate::pages::answers;

pub(super) async fn answer(
    face: &Face,
    call: &Call,
    body: Body,
    realm: &Arc<Realm>,
) -> Result<Response, AmError> {
    let params = asked(call, body).await?;
    let once = |name| params.only(name).map_err(|_| AmError::Repeated(name));
    let token = once("id_token_hint")?.filter(|hint| !hint.is_empty()).ok_or(OAuthRefused::NoHint)?;
    let hint = provider(face, realm).hint(token, once("client_id")?).await?;
    if !is_enough(face, call, &hint).await? {
        return Err(OAuthRefused::EndsNothing.into());
    }
    end(face, call, realm, &hint).await?;
    // Quirk: an address that is not registered is refused when the session has ended.
    let response = match returned(&hint, &params)? {
        Some(location) => answers::found(&location),
        None => answers::nothing(),
    };
    // A cookie of another session stays: that session lives.
    let own = caller::credential(face, call.headers()).and_then(SessionToken::parse);
    let cleared = own.is_some_and(|own| Some(own.id) == hint.session);
    let act = if cleared { CookieAct::Clear } else { CookieAct::Keep };
    Ok(answers::with_cookies(response, act.lines(&face.cookies)))
}

/// Whether the hint is enough to end its session: everywhere unless the installation says otherwise; then for clients of which
/// it is said, and for whoever is signed on with that very session. AM takes any ID token, and so does the default (S-17).
async fn is_enough(face: &Face, call: &Call, hint: &Hint) -> Result<bool, AmError> {
    if face.settings.ends_by_id_token || hint.client.ends_by_id_token {
        return Ok(true);
    }
    let caller = caller::caller(face, call.headers()).await?;
    Ok(caller.live().is_some_and(|(_, live)| Some(live.session.id) == hint.session))
}

async fn end(face: &Face, call: &Call, realm: &Realm, hint: &Hint) -> Result<(), AmError> {
    let Some(session) = hint.session else { return Ok(()) };
    let order = EndOrder {
        realm: Some(realm.id),
        target: EndTarget::OneOf { user: hint.user, session },
        kind: EndKind::End,
        cause: Cause::SignOff,
        spare: None,
        within: None,
        origin: call.origin_of(Actor::Client(hint.client.id.clone())),
    };
    match face.authority.end(order).await {
        // Ended now or before, or it is nobody's: it is over.
        Ok(_) | Err(EndError::UnknownSession) => Ok(()),
        Err(error @ (EndError::CallersOwn | EndError::OutOfReach | EndError::Unwritten(_))) => {
            Err(error.into())
        }
    }
}

/// Where the browser goes, if the request says so.
fn returned(hint: &Hint, params: &Params) -> Result<Option<String>, AmError> {
    let once = |name| params.only(name).map_err(|_| AmError::Repeated(name));
    let Some(target) = once("post_logout_redirect_uri")? else { return Ok(None) };
    if !hint.client.post_logout_redirect_uris.iter().any(|registered| registered == target) {
        return Err(OAuthRefused::RedirectUri.into());
    }
    Ok(Some(match once("state")? {
        Some(state) => append_query(target, "state", state),
        None => target.to_owned(),
    }))
}

impl From<HintError> for AmError {
    fn from(error: HintError) -> Self {
        match error {
            HintError::Invalid | HintError::OtherClient => OAuthRefused::BadHint.into(),
            HintError::Outage(outage) => Self::CannotTell(outage),
        }
    }
}
