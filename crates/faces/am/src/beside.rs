//! One browser in all dialects: what a sign-on and a sign-off here do to the cookies of other dialects, and to what these carry.
//!
//! A cookie that carries a session of another realm is left alone. Nothing is done where a sign-on stays with this dialect
//! (`am.set_all_cookies`). Decision 0020.

use adieu_authority::{Realm, RealmId, SessionId, SessionToken, SignedIn, UserId};
use adieu_http_kit::companion::{Companions, CookieRealm};
use adieu_http_kit::cookies;
use adieu_oidc::Parting;

use crate::call::Call;
use crate::caller::{self, EndableSession};
use crate::cookies::CookieAct;
use crate::error::AmError;
use crate::face::Face;

/// The cookies for the user who has signed on. The sessions whose cookies they overwrite end: they could not be used any more.
pub(crate) async fn signed_on(
    face: &Face,
    call: &Call,
    realm: &Realm,
    signed_in: &SignedIn,
) -> Result<CookieAct, AmError> {
    let others = &face.settings.companions;
    if others.is_empty() {
        return Ok(face.cookies.set(&signed_in.token, Vec::new()));
    }
    let beside = face.authority.sessions_beside(&carried(face, call, realm), realm.id).await?;
    let overwritten = beside.others_than(signed_in.session.id);
    face.authority.end_beside(realm.id, overwritten, &call.origin_of_holder()).await?;
    let id = realm.id.to_string();
    let realm = CookieRealm { id: &id, path: &realm.path };
    let lines = others.set(&signed_in.token.reveal(), realm, &beside.elsewhere);
    Ok(face.cookies.set(&signed_in.token, lines))
}

/// Takes the cookies away with a session of this realm, which is ended by whoever calls this. What the other cookies carry ends here
/// and now, before that session, so that whoever has to repeat the request still can.
pub(crate) async fn signed_off(
    face: &Face,
    call: &Call,
    realm: RealmId,
    own: SessionId,
) -> Result<CookieAct, AmError> {
    taken_away(face, call, realm, Some(own)).await
}

/// The same where the session is over already: whoever signs off with a dead cookie is signed on nowhere afterwards, either.
pub(crate) async fn signed_off_before(
    face: &Face,
    call: &Call,
    realm: RealmId,
) -> Result<CookieAct, AmError> {
    taken_away(face, call, realm, None).await
}

/// The same in a browser without a cookie of this dialect: what others carry ends, and where none does, nothing changes.
pub(crate) async fn signed_off_elsewhere(
    face: &Face,
    call: &Call,
    realm: RealmId,
) -> Result<CookieAct, AmError> {
    let Some(realm) = face.authority.realm(realm).await? else { return Ok(CookieAct::Keep) };
    match found(face, call, &realm).await? {
        Beside::Endable(_) => taken_away(face, call, realm.id, None).await,
        Beside::Nobody(_) => Ok(CookieAct::Keep),
    }
}

/// Whether the first session of this realm that the cookies carry is this user's. Ends nothing.
pub(crate) async fn is_signed_on(
    face: &Face,
    call: &Call,
    realm: &Realm,
    user: UserId,
) -> Result<bool, AmError> {
    Ok(match found(face, call, realm).await? {
        Beside::Endable(own) => own.user.id == user,
        Beside::Nobody(_) => false,
    })
}

/// What the cookies carry where the caller's own session is over or absent.
pub(crate) enum Beside {
    /// A session of this realm that its holder may sign off.
    Endable(EndableSession),
    /// None; the cookies can go.
    Nobody(CookieAct),
}

/// Looks at what the cookies carry. Ends nothing. A request without any of them, as another site's form may bring it about, takes none
/// away: the browser may have some that it kept back.
pub(crate) async fn found(face: &Face, call: &Call, realm: &Realm) -> Result<Beside, AmError> {
    if !cookies::pairs(call.headers()).any(|(name, _)| is_taken(face, realm, name)) {
        return Ok(Beside::Nobody(CookieAct::Keep));
    }
    let others = &face.settings.companions;
    if others.is_empty() {
        return Ok(Beside::Nobody(CookieAct::clear_own()));
    }
    let beside = face.authority.sessions_beside(&carried(face, call, realm), realm.id).await?;
    for token in &beside.here {
        if let Some(endable) = caller::held_by(face, &token.reveal()).await?.endable() {
            return Ok(Beside::Endable(endable));
        }
    }
    let id = realm.id.to_string();
    Ok(Beside::Nobody(cleared(others, CookieRealm { id: &id, path: &realm.path }, &beside.elsewhere)))
}

/// Who takes part in the session of this token and in those that the cookies carry, which go with it. To be asked before they end.
pub(crate) async fn parting(face: &Face, call: &Call, own: &EndableSession) -> Result<Parting, AmError> {
    let mut tokens = caller::cookies_beside(face, call.headers(), own.session.id);
    tokens.extend(carried_here(face, call, own.session.realm).await?);
    tokens.retain(|token| token.id != own.session.id);
    Ok(Parting::of_tokens(&face.authority, tokens.iter().chain([&own.token])).await?)
}

/// The same where the session of this dialect's own cookie is over already.
pub(crate) async fn parting_before(face: &Face, call: &Call, realm: RealmId) -> Result<Parting, AmError> {
    let tokens = carried_here(face, call, realm).await?;
    Ok(Parting::of_tokens(&face.authority, &tokens).await?)
}

/// The sessions of this realm that the cookies of all dialects carry.
async fn carried_here(face: &Face, call: &Call, realm: RealmId) -> Result<Vec<SessionToken>, AmError> {
    if face.settings.companions.is_empty() {
        return Ok(Vec::new());
    }
    let Some(realm) = face.authority.realm(realm).await? else { return Ok(Vec::new()) };
    Ok(face.authority.sessions_beside(&carried(face, call, &realm), realm.id).await?.here)
}

async fn taken_away(
    face: &Face,
    call: &Call,
    realm: RealmId,
    own: Option<SessionId>,
) -> Result<CookieAct, AmError> {
    let others = &face.settings.companions;
    if others.is_empty() {
        return Ok(CookieAct::clear_own());
    }
    let Some(realm) = face.authority.realm(realm).await? else { return Ok(CookieAct::clear_own()) };
    let beside = face.authority.sessions_beside(&carried(face, call, &realm), realm.id).await?;
    let besides = beside.here.iter().filter(|token| Some(token.id) != own);
    face.authority.end_beside(realm.id, besides, &call.origin_of_holder()).await?;
    let id = realm.id.to_string();
    Ok(cleared(others, CookieRealm { id: &id, path: &realm.path }, &beside.elsewhere))
}

fn cleared(others: &Companions, realm: CookieRealm<'_>, left_alone: &[String]) -> CookieAct {
    CookieAct::Clear { beside: others.clear(realm, left_alone), some_left: !left_alone.is_empty() }
}

/// The tokens in the cookies that are taken over or away.
fn carried(face: &Face, call: &Call, realm: &Realm) -> Vec<(String, SessionToken)> {
    let pairs = cookies::pairs(call.headers()).filter(|(name, _)| is_taken(face, realm, name));
    pairs.filter_map(|(name, value)| Some((name.to_owned(), SessionToken::parse(value)?))).collect()
}

/// Whether cookies of this name are taken over or away.
fn is_taken(face: &Face, realm: &Realm, name: &str) -> bool {
    let settings = &face.settings;
    name.eq_ignore_ascii_case(&settings.cookie_name) || settings.companions.has(name, &realm.path)
}
