//! `logout`: ends the caller's session, or the one whose token the request names.
//!
//! Holding a token is enough to end its session. Contract am.md 1.3, 2.

use adieu_authority::{
    Actor, Cause, EndError, EndKind, EndOrder, EndTarget, Ended, LiveSession, PresentedToken, SessionToken,
    UserReach,
};
use serde::Serialize;

use crate::answer::{Extras, json};
use crate::beside;
use crate::call::Call;
use crate::caller::{self, Caller, EndableSession};
use crate::error::AmError;
use crate::face::Face;

#[derive(Serialize)]
struct Said {
    result: &'static str,
}

const ENDED: Said = Said { result: "Successfully logged out" };
/// Nothing to do for a live caller: the session named is over, or never was.
const BEFORE: Said = Said { result: "Token has expired" };

pub(super) async fn done(
    face: &Face,
    call: &Call,
    caller: &Caller,
    named: Option<&str>,
    extras: &mut Extras,
) -> Result<Vec<u8>, AmError> {
    let own = caller.endable();
    let Some(text) = named else {
        let own = own.ok_or(AmError::AccessDenied)?;
        return own_ended(face, call, &own, extras).await;
    };
    let Some(target) = caller::held_by(face, text).await?.endable() else { return Ok(json(&BEFORE)) };
    if let Some(own) = own
        && own.session.id == target.session.id
    {
        return own_ended(face, call, &own, extras).await;
    }
    let administrator = administrator(face, caller.live().map(|(_, live)| live), &target).await?;
    let ended = match face.authority.end(order(call, &target.token, administrator)).await {
        // The user was moved away meanwhile: the caller is nobody who may, and ends it by holding its token.
        Err(EndError::OutOfReach) => face.authority.end(order(call, &target.token, None)).await,
        ended => ended,
    };
    Ok(json(&match ended {
        Ok(Ended::Now(_)) => ENDED,
        Ok(Ended::Before) | Err(EndError::UnknownSession | EndError::CallersOwn) => BEFORE,
        Err(error @ (EndError::OutOfReach | EndError::Unwritten(_))) => return Err(error.into()),
    }))
}

/// The requester's own session ends, and with it the cookies, whichever way the token came.
async fn own_ended(
    face: &Face,
    call: &Call,
    own: &EndableSession,
    extras: &mut Extras,
) -> Result<Vec<u8>, AmError> {
    let cookies = beside::signed_off(face, call, own.session.realm, own.session.id).await?;
    end_beside(face, call, &own.token).await?;
    let ended = face.authority.end(order(call, &own.token, None)).await?;
    extras.cookies = cookies;
    match ended {
        Ended::Now(_) => Ok(json(&ENDED)),
        // Another request was faster: this one's token is dead like any other.
        Ended::Before => Err(AmError::AccessDenied),
    }
}

/// Ends what the other session cookies of this request carry, if this token came in one (F-4). It is done first, so that whoever
/// has to repeat the request still can.
pub(crate) async fn end_beside(face: &Face, call: &Call, token: &SessionToken) -> Result<(), AmError> {
    for beside in caller::cookies_beside(face, call.headers(), token.id) {
        end_held(face, call, &beside).await?;
    }
    Ok(())
}

/// Ends the session that its holder's token opens. What was ended before, or opens nothing, is over.
pub(crate) async fn end_held(face: &Face, call: &Call, token: &SessionToken) -> Result<(), AmError> {
    match face.authority.end(order(call, token, None)).await {
        Ok(_) | Err(EndError::UnknownSession) => Ok(()),
        Err(error @ (EndError::CallersOwn | EndError::OutOfReach | EndError::Unwritten(_))) => {
            Err(error.into())
        }
    }
}

fn order(call: &Call, token: &SessionToken, administrator: Option<Administrator>) -> EndOrder {
    let (cause, origin, within) = match administrator {
        Some(Administrator { actor, reach }) => (Cause::Administrator, call.origin_of(actor), Some(reach)),
        None => (Cause::SignOff, call.origin_of_holder(), None),
    };
    EndOrder {
        realm: None, // Every session action works at any existing realm. Contract am.md 0.2
        target: EndTarget::Token(PresentedToken::from(token)),
        kind: EndKind::End,
        cause,
        spare: None,
        within,
        origin,
    }
}

/// Who ends somebody else's session by right, and whose they may end.
struct Administrator {
    actor: Actor,
    reach: UserReach,
}

/// An administrator who ends somebody else's session is named; anybody else ends it by holding its token, as its user.
async fn administrator(
    face: &Face,
    caller: Option<&LiveSession>,
    target: &EndableSession,
) -> Result<Option<Administrator>, AmError> {
    let Some(caller) = caller.filter(|caller| caller.user.id != target.user.id) else { return Ok(None) };
    let standing = caller::standing(face, caller, target.session.realm).await?;
    let reaches = standing.reaches(target.user.population);
    let (actor, reach) = (Actor::User(caller.user.id), UserReach { standing, own: None });
    Ok(reaches.then_some(Administrator { actor, reach }))
}
