//! What becomes of a live session that comes along with a sign-on: it is used again, or upgraded, or goes on.
//!
//! An upgrade keeps the session and gives it a new token; the old one is dead. Contract am.md 3.1, 3.4; A-38.

use adieu_authority::{LiveSession, Realm, RealmId, SessionToken};

use crate::call::Call;
use crate::caller;
use crate::cookies::shown;
use crate::error::AmError;
use crate::face::Face;

/// A session that is to be upgraded: by its own user, and by nobody else.
pub(super) struct ToUpgrade {
    pub(super) token: SessionToken,
    pub(super) live: LiveSession,
}

/// The session that the request wants to see upgraded: named in the query, or its own under `ForceAuth`.
pub(super) async fn to_upgrade(
    face: &Face,
    call: &Call,
    realm: RealmId,
) -> Result<Option<ToUpgrade>, AmError> {
    if let Some(text) = call.param("sessionUpgradeSSOTokenId")? {
        let (token, live) = caller::opened_by(face, text, false).await?.ok_or(AmError::NoUpgrade)?;
        return Ok(Some(ToUpgrade { token, live }));
    }
    if !said(call, "ForceAuth") {
        return Ok(None);
    }
    let caller = caller::caller(face, call.headers(), Some(realm)).await?;
    Ok(caller.live().map(|(token, live)| ToUpgrade { token: token.clone(), live: live.clone() }))
}

/// The text that stands for the token of the caller's session, if that is live in this realm and may be used again.
///
/// Quirk: a script does not get to see what its browser keeps from it in a cookie: the text is empty then. Q-9
pub(super) async fn used_again(face: &Face, call: &Call, realm: &Realm) -> Result<Option<String>, AmError> {
    let caller = caller::caller(face, call.headers(), Some(realm.id)).await?;
    let Some((token, live)) = caller.live() else { return Ok(None) };
    if live.session.realm != realm.id {
        return Ok(None);
    }
    let by_header = !caller::by_cookie(face, call.headers());
    Ok(Some(if by_header { shown(token) } else { String::new() }))
}

/// Whether a switch of the query is on.
pub(super) fn said(call: &Call, name: &str) -> bool {
    call.params.first(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}
