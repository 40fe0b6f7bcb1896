//! `connect/endSession`: the session that an ID token speaks of is over, and that of the same user in this browser. A session that
//! is over already is signed off.
//!
//! The token's signature counts: the fork takes it unread. Contract am.md 4.2; A-26.

use std::sync::Arc;

use adieu_authority::{Actor, Realm, RealmId, endings_noted, may_return_to};
use adieu_http_kit::form::{Params, append_query};
use adieu_http_kit::{accept, sign_off};
use adieu_oidc::{Hint, HintError, Parting};
use axum::body::Body;
use axum::response::Response;

use super::provider::{asked, provider};
use crate::beside;
use crate::call::Call;
use crate::caller::{self, Caller, EndableSession};
use crate::cookies::CookieAct;
use crate::error::AmError;
use crate::face::Face;
use crate::oauth_refused::OAuthRefused;
use crate::pages::answers;
use crate::sessions::logout::{end_beside, end_held};

pub(super) async fn answer(
    face: &Face,
    call: &Call,
    body: Body,
    realm: &Arc<Realm>,
) -> Result<Response, AmError> {
    let params = asked(call, body).await?;
    let once = |name| params.only(name).map_err(|_| AmError::Repeated(name));
    let token = once("id_token_hint")?.filter(|hint| !hint.is_empty()).ok_or(OAuthRefused::NoHint)?;
    let provider = provider(face, realm);
    let hint = provider.hint(token, once("client_id")?).await?;
    let caller = caller::caller(face, call.headers(), Some(realm.id)).await?;
    if !is_enough(face, &caller, &hint) {
        return Err(OAuthRefused::EndsNothing.into());
    }
    let own = carried_by_cookie(face, call, &caller, &hint);
    // Where this dialect's own cookie opens nothing, those of others count.
    let by_others = match caller.endable() {
        Some(_) => false,
        None => beside::is_signed_on(face, call, realm, hint.user).await?,
    };
    let tokens = caller::cookie_tokens(face, call.headers());
    let own_goes = own.is_some() || tokens.first().is_some_and(|token| Some(token.id) == hint.session);
    let parting = parting(face, call, realm.id, own.as_ref(), by_others, &hint).await?;
    // What other cookies carry ends first, so that whoever has to repeat the request still can.
    let cookies = match tokens.first() {
        Some(first) if own_goes => beside::signed_off(face, call, realm.id, first.id).await?,
        Some(_) | None if by_others => beside::signed_off_before(face, call, realm.id).await?,
        Some(_) | None => CookieAct::Keep, // The cookie of somebody else stays: their session lives.
    };
    provider.end_hinted(&hint, call.origin_of(Actor::Client(hint.client.id.clone()))).await?;
    if let Some(own) = &own {
        end_beside(face, call, &own.token).await?;
        end_held(face, call, &own.token).await?;
    }
    // Quirk: an address that is not registered is refused when the session has ended.
    let goto = returned(&hint, &params)?;
    let response = match goto {
        // A browser is there to tell somebody, and to be told; programs get what AM answers.
        _ if accept::names_html(call.headers()) && !endings_noted().is_empty() => {
            answers::signed_off(face, &parting, realm, goto.as_deref(), answers::found).await
        }
        Some(location) => answers::found(&location),
        None => answers::nothing(),
    };
    let forgets_all = cookies.forgets_all() && !endings_noted().is_empty();
    let response = answers::with_cookies(response, cookies.lines(&face.cookies));
    Ok(if forgets_all { sign_off::marked(response) } else { response })
}

/// Whether the hint is enough to end its session: everywhere unless the installation says otherwise; then for clients of which
/// it is said, and where its user is signed on. AM takes any ID token, and so does the default (S-17).
fn is_enough(face: &Face, caller: &Caller, hint: &Hint) -> bool {
    let own = || caller.live().is_some_and(|(_, live)| live.user.id == hint.user);
    face.settings.ends_by_id_token || hint.client.ends_by_id_token || own()
}

/// The session that the cookies carry, if it is the user's of whom the hint speaks: a browser in which they signed on once more is
/// signed off as well (F-3).
fn carried_by_cookie(face: &Face, call: &Call, caller: &Caller, hint: &Hint) -> Option<EndableSession> {
    let own = caller.endable().filter(|own| own.user.id == hint.user)?;
    caller::by_cookie(face, call.headers()).then_some(own)
}

/// Who takes part in what ends.
async fn parting(
    face: &Face,
    call: &Call,
    realm: RealmId,
    own: Option<&EndableSession>,
    by_others: bool,
    hint: &Hint,
) -> Result<Parting, AmError> {
    let parting = match own {
        Some(own) => beside::parting(face, call, own).await?,
        None if by_others => beside::parting_before(face, call, realm).await?,
        None => Parting::default(),
    };
    match hint.session {
        Some(session) => Ok(parting.with(&face.authority, session).await?),
        None => Ok(parting),
    }
}

/// Where the browser goes, if the request says so.
fn returned(hint: &Hint, params: &Params) -> Result<Option<String>, AmError> {
    let once = |name| params.only(name).map_err(|_| AmError::Repeated(name));
    let Some(target) = once("post_logout_redirect_uri")? else { return Ok(None) };
    if !may_return_to(&hint.client.post_logout_redirect_uris, target) {
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
