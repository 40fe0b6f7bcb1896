//! `logoutByUser`: every session of a user ends, in the addressed realm and in no other.
//!
//! Contract am.md 1.5, Q-20; A-19.

use std::sync::Arc;

use adieu_authority::{Actor, Cause, EndError, EndKind, EndOrder, EndTarget, RealmId, User, UserReach};
use serde_json::{Value, json};

use super::admission;
use crate::answer::{Extras, json as text};
use crate::beside;
use crate::call::Call;
use crate::caller::{self, Caller};
use crate::cookies::CookieAct;
use crate::error::AmError;
use crate::face::Face;

/// Refuses whoever is neither the named user nor an administrator of that user.
pub(super) async fn admit(face: &Face, caller: &Caller, realm: RealmId, body: &Value) -> Result<(), AmError> {
    let (_, live) = caller.live().ok_or(AmError::AccessDenied)?;
    let Some(name) = name(body) else { return Ok(()) }; // Nothing can end: the request is told to be bad.
    let Some(user) = user_of(face, realm, name).await? else {
        return admission::demand_realm(face, caller, realm).await;
    };
    if caller::standing(face, live, realm).await?.reaches(user.population) {
        return Ok(());
    }
    match user.id == live.user.id {
        // Whoever ends other sessions of their own has proven who they are a short while ago (S-28).
        true if !face.authority.proven_lately(&live.session) => Err(AmError::ProofTooOld),
        true => Ok(()),
        false => Err(AmError::Forbidden),
    }
}

pub(super) async fn done(
    face: &Face,
    call: &Call,
    caller: &Caller,
    (realm, body): (RealmId, &Value),
    extras: &mut Extras,
) -> Result<Vec<u8>, AmError> {
    let (_, own) = caller.live().ok_or(AmError::AccessDenied)?;
    let name = name(body).ok_or(AmError::NoUsername)?;
    let Some(user) = user_of(face, realm, name).await? else {
        return Ok(text(&json!({"result": true}))); // nobody of that name has a session.
    };
    let mine = user.id == own.user.id;
    let standing = caller::standing(face, own, realm).await?;
    let order = EndOrder {
        realm: Some(realm),
        target: EndTarget::User(user.id),
        kind: EndKind::End,
        cause: if mine { Cause::SignOff } else { Cause::Administrator },
        spare: None,
        within: Some(UserReach { standing, own: Some(own.user.id) }),
        origin: call.origin_of(Actor::User(own.user.id)),
    };
    if mine {
        extras.cookies = beside::signed_off(face, call, realm, own.session.id).await?;
    }
    match face.authority.end(order).await {
        Ok(_) | Err(EndError::UnknownSession | EndError::CallersOwn) => {}
        Err(error @ (EndError::OutOfReach | EndError::Unwritten(_))) => {
            extras.cookies = CookieAct::Keep;
            return Err(error.into());
        }
    }
    Ok(text(&json!({"result": true})))
}

fn name(body: &Value) -> Option<&str> {
    body.get("username").and_then(Value::as_str).filter(|name| !name.is_empty())
}

/// The user of a realm whom a text means: by name, or by the id that the cloud edition calls a name.
pub(super) async fn user_of(face: &Face, realm: RealmId, text: &str) -> Result<Option<Arc<User>>, AmError> {
    if let Some(user) = face.authority.user_named(realm, text).await? {
        return Ok(Some(user));
    }
    let Ok(id) = text.parse() else { return Ok(None) };
    let user = face.authority.user(id).await?;
    Ok(user.filter(|user| user.realm == realm && !user.removed))
}
