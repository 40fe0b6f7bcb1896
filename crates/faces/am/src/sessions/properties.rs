//! Session properties: those that the configuration lists can be read and written, no other one exists for a client.
//!
//! Contract am.md 1.9; A-30.

use std::collections::BTreeMap;

use adieu_authority::{AmendError, AmendOrder, Amendment, LiveSession, Session};
use serde_json::{Map, Value, json};

use super::admission::AskedSession;
use crate::answer::json as text;
use crate::caller;
use crate::error::AmError;
use crate::face::Face;
use crate::settings::Settings;

/// What the server itself says of a session; no list makes it writable.
const PROTECTED: [&str; 21] = [
    "AMCtxId",
    "AuthLevel",
    "AuthType",
    "CharSet",
    "FullLoginURL",
    "Host",
    "HostName",
    "IndexType",
    "Locale",
    "Organization",
    "Principal",
    "Principals",
    "Role",
    "Service",
    "SessionHandle",
    "UserId",
    "UserToken",
    "amlbcookie",
    "authInstant",
    "clientType",
    "sun.am.UniversalIdentifier",
];
/// Longest value (HOME-LIMITS): it lies in the session's row.
const VALUE_BYTES_MAX: usize = 4096;

/// Every listed property of a session; one that is not set is empty.
pub(super) fn of(settings: &Settings, session: &Session) -> Map<String, Value> {
    let value = |name: &String| session.properties.get(name).cloned().unwrap_or_default().into();
    settings.session_properties.iter().map(|name| (name.clone(), value(name))).collect()
}

/// `getPropertyNames`: which there are.
pub(super) fn names(settings: &Settings) -> Vec<u8> {
    text(&json!({"properties": settings.session_properties}))
}

/// `getSessionProperties`: all of them.
pub(super) fn shown(settings: &Settings, target: &AskedSession) -> Result<Vec<u8>, AmError> {
    Ok(text(&of(settings, &live(target)?.session)))
}

/// `updateSessionProperties`: some get values; all of them are shown.
// Quirk: the fork takes the whole list or nothing. Q-8
pub(super) async fn updated(face: &Face, target: &AskedSession, body: &Value) -> Result<Vec<u8>, AmError> {
    let changes = changes(&face.settings, body)?;
    let changed = amended(face, target, changes).await?.ok_or(AmError::BadRequest)?;
    Ok(text(&of(&face.settings, &changed.session)))
}

/// `getProperty`: those that the body names, or all.
pub(super) fn picked(settings: &Settings, target: &AskedSession, body: &Value) -> Result<Vec<u8>, AmError> {
    let wanted = listed(settings, body)?;
    let AskedSession::Live(_, live) = target else { return Ok(b"{}".to_vec()) };
    let mut all = of(settings, &live.session);
    if let Some(wanted) = wanted {
        all.retain(|name, _| wanted.contains(&name.as_str()));
    }
    Ok(text(&all))
}

/// `setProperty`: some get values.
pub(super) async fn set(face: &Face, target: &AskedSession, body: &Value) -> Result<Vec<u8>, AmError> {
    let changes = changes(&face.settings, body)?;
    success(amended(face, target, changes).await?)
}

/// `deleteProperty`: some become empty.
pub(super) async fn deleted(face: &Face, target: &AskedSession, body: &Value) -> Result<Vec<u8>, AmError> {
    let names = listed(&face.settings, body)?.ok_or(AmError::BadRequest)?;
    if names.iter().any(|name| PROTECTED.contains(name)) {
        return Err(AmError::Forbidden);
    }
    let changes = names.into_iter().map(|name| (name.to_owned(), String::new())).collect();
    success(amended(face, target, changes).await?)
}

fn success(changed: Option<LiveSession>) -> Result<Vec<u8>, AmError> {
    Ok(text(&json!({"success": changed.is_some()})))
}

fn live(target: &AskedSession) -> Result<&LiveSession, AmError> {
    match target {
        AskedSession::Live(_, live) => Ok(live),
        AskedSession::Dead | AskedSession::Unasked => Err(AmError::BadRequest),
    }
}

/// The names that a body lists, if it lists any; an unlisted one is nobody's to ask for.
fn listed<'b>(settings: &Settings, body: &'b Value) -> Result<Option<Vec<&'b str>>, AmError> {
    let Some(names) = body.get("properties").filter(|names| !names.is_null()) else { return Ok(None) };
    let names = names.as_array().ok_or(AmError::BadRequest)?;
    let names: Option<Vec<&str>> = names.iter().map(Value::as_str).collect();
    let names = names.ok_or(AmError::BadRequest)?;
    let known = |name: &&str| settings.session_properties.iter().any(|known| known == name);
    if names.iter().all(known) { Ok(Some(names)) } else { Err(AmError::Forbidden) }
}

/// The values that a body gives, beside the token that it may name.
fn changes(settings: &Settings, body: &Value) -> Result<BTreeMap<String, String>, AmError> {
    let members = body.as_object().ok_or(AmError::BadRequest)?;
    let members: Vec<_> = members.iter().filter(|(name, _)| *name != "tokenId").collect();
    if members.is_empty() {
        return Err(AmError::BadRequest);
    }
    let writable =
        |name: &String| settings.session_properties.contains(name) && !PROTECTED.contains(&name.as_str());
    if !members.iter().all(|(name, _)| writable(name)) {
        return Err(AmError::Forbidden);
    }
    let value = |value: &Value| {
        value
            .as_str()
            .filter(|text| text.len() <= VALUE_BYTES_MAX)
            .map(str::to_owned)
            .ok_or(AmError::BadRequest)
    };
    members.into_iter().map(|(name, given)| Ok((name.clone(), value(given)?))).collect()
}

/// The session as it is with these changes; none if it is over (ENDED-STAYS-ENDED: the store decides that).
async fn amended(
    face: &Face,
    target: &AskedSession,
    changes: BTreeMap<String, String>,
) -> Result<Option<LiveSession>, AmError> {
    let AskedSession::Live(token, live) = target else { return Ok(None) };
    let order = AmendOrder { session: live.session.id, amendment: Amendment::Properties(changes) };
    match face.authority.amend(order).await {
        Ok(()) => caller::check(face, token, false).await,
        Err(AmendError::NotLive) => Ok(None),
        Err(AmendError::Unwritten(unwritten)) => Err(unwritten.into()),
    }
}
