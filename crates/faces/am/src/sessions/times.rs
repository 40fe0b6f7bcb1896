//! `refresh` and the time actions of 1.x: how long a session has been idle and how long it may go on.
//!
//! Quirk: idle time and time left are seconds, the two limits are minutes. Contract am.md 1.8, 1.10.

use adieu_authority::{LiveSession, Timestamp};
use serde::Serialize;
use serde_json::json;

use super::admission::AskedSession;
use super::validate::INVALID;
use crate::answer::json as text;
use crate::call::Call;
use crate::caller;
use crate::error::AmError;
use crate::face::Face;
use crate::realms;

/// What is said of a session that is over.
const OVER: i64 = -1;

#[derive(Serialize)]
struct Refreshed<'a> {
    uid: &'a str,
    realm: &'a str,
    idletime: i64,
    maxidletime: i64,
    maxsessiontime: i64,
    maxtime: i64,
}

/// Counts as activity and says the times.
pub(super) async fn refreshed(face: &Face, target: &AskedSession) -> Result<Vec<u8>, AmError> {
    let AskedSession::Live(token, _) = target else { return Ok(INVALID.to_vec()) };
    let Some(live) = caller::touched(face, token).await? else { return Ok(INVALID.to_vec()) };
    let (realm, now) = (realms::of(face, &live).await?, face.authority.now());
    Ok(text(&Refreshed {
        uid: &live.user.username,
        realm: &realm.path,
        idletime: idle_s(&live, now),
        maxidletime: max_idle_min(&live),
        maxsessiontime: max_session_min(&live),
        maxtime: left_s(&live, now),
    }))
}

/// Whether it is live; with `refresh=true` the question counts as activity.
pub(super) async fn active(face: &Face, call: &Call, target: &AskedSession) -> Result<Vec<u8>, AmError> {
    let active = match target {
        AskedSession::Live(token, _) if call.params.first("refresh") == Some("true") => {
            caller::touched(face, token).await?.is_some()
        }
        AskedSession::Live(..) => true,
        AskedSession::Dead | AskedSession::Unasked => false,
    };
    Ok(text(&json!({"active": active})))
}

/// `getIdle`.
pub(super) fn idle(target: &AskedSession, now: Timestamp) -> Vec<u8> {
    single("idletime", target, |live| idle_s(live, now))
}

/// `getMaxIdle`.
pub(super) fn max_idle(target: &AskedSession) -> Vec<u8> {
    single("maxidletime", target, max_idle_min)
}

/// `getMaxSessionTime`.
pub(super) fn max_session(target: &AskedSession) -> Vec<u8> {
    single("maxsessiontime", target, max_session_min)
}

/// `getTimeLeft`, and its old name.
pub(super) fn left(target: &AskedSession, now: Timestamp) -> Vec<u8> {
    single("maxtime", target, |live| left_s(live, now))
}

fn single(name: &str, target: &AskedSession, value: impl Fn(&LiveSession) -> i64) -> Vec<u8> {
    let value = match target {
        AskedSession::Live(_, live) => value(live),
        AskedSession::Dead | AskedSession::Unasked => OVER,
    };
    text(&json!({name: value}))
}

fn idle_s(live: &LiveSession, now: Timestamp) -> i64 {
    now.since(live.seen_at).s().max(0)
}

/// Without an idle limit nothing but the life ends it.
fn max_idle_min(live: &LiveSession) -> i64 {
    live.session.idle.map_or_else(|| max_session_min(live), |idle| idle.s() / 60)
}

/// From the last sign-on, which began the life anew.
fn max_session_min(live: &LiveSession) -> i64 {
    live.session.expires_at.since(live.session.signed_on_at()).s() / 60
}

/// How much of its life is left.
pub(super) fn left_s(live: &LiveSession, now: Timestamp) -> i64 {
    live.session.expires_at.since(now).s().max(0)
}
