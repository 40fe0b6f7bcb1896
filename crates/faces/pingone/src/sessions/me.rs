//! PingOne: `sessions/me`, the session of the cookie `ST`, read, reset and deleted.
//!
//! A bearer is needed besides, or a stolen cookie could be tried out here: one with the right to do the same by id, or
//! the token of that very session. It is neither made nor changed here: a session comes of a sign-on, and its token is
//! ours to draw. Contract pingone.md 2.3, E4 to E7: P-51; Q-9.

use adieu_authority::{Cause, EndKind, EndOrder, EndTarget, Ended, LiveSession, Realm, UserReach};
use adieu_http_kit::media;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};

use super::{RESET, in_reach, reset_one};
use crate::extract::{Admin, Visitor};
use crate::face::{DELETE_SESSIONS, Face, READ_SESSIONS};
use crate::problem::Problem;
use crate::session_json::{SessionAddress, session};

/// E4: the session as it is.
pub(crate) async fn read(
    State(face): State<Face>,
    admin: Admin,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let live = live(&face, &admin, &visitor, READ_SESSIONS).await?;
    Ok(shown(&face, &live))
}

/// E4 as somebody hears it who may read the session.
pub(crate) async fn read_by_right(
    face: &Face,
    realm: &Realm,
    visitor: &Visitor,
) -> Result<Response, Problem> {
    held(face, realm, visitor).await.map(|live| shown(face, &live))
}

fn shown(face: &Face, live: &LiveSession) -> Response {
    Json(session(face, &live.session, live.seen_at, SessionAddress::Environment)).into_response()
}

/// E6: the sign-on is over, the id stays.
pub(crate) async fn reset(
    State(face): State<Face>,
    admin: Admin,
    visitor: Visitor,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    if !media::is(&headers, RESET) {
        return Err(Problem::MediaType);
    }
    let live = live(&face, &admin, &visitor, DELETE_SESSIONS).await?;
    if !admin.rights.data.reaches(live.user.population) && !is_own(&admin, &live) {
        return Err(Problem::Forbidden); // Of other sessions of one's own no self-service resets any.
    }
    let own = is_own(&admin, &live).then_some(live.user.id);
    let reach = UserReach { own, ..admin.reach_over_sessions() };
    reset_one(&face, &admin, (live.session.id, reach), &visitor).await
}

/// E7: the session is over, unless it is that of the caller's own token.
pub(crate) async fn delete(
    State(face): State<Face>,
    admin: Admin,
    visitor: Visitor,
) -> Result<StatusCode, Problem> {
    let live = live(&face, &admin, &visitor, DELETE_SESSIONS).await?;
    let order = EndOrder {
        realm: Some(admin.realm.id),
        target: EndTarget::OneOf { user: live.user.id, session: live.session.id },
        kind: EndKind::End,
        cause: Cause::Administrator,
        spare: admin.principal.session(),
        within: Some(admin.reach_over_sessions()),
        origin: visitor.origin_of(admin.principal.actor()),
    };
    Ok(match face.authority().end(order).await? {
        Ended::Now(_) | Ended::Before => StatusCode::NO_CONTENT,
    })
}

fn is_own(admin: &Admin, live: &LiveSession) -> bool {
    admin.principal.session() == Some(live.session.id)
}

/// The live session of the cookie, if the caller may do this to it. Whoever may do nothing learns nothing of the cookie.
async fn live(face: &Face, admin: &Admin, visitor: &Visitor, scope: &str) -> Result<LiveSession, Problem> {
    if !admin.may_touch_sessions() {
        return Err(Problem::Forbidden);
    }
    let live = held(face, &admin.realm, visitor).await?;
    if !is_own(admin, &live) {
        in_reach(face, admin, live.user.id, scope).await?;
    }
    Ok(live)
}

/// The live session of the cookie. Reading it is no activity.
async fn held(face: &Face, realm: &Realm, visitor: &Visitor) -> Result<LiveSession, Problem> {
    face.live(visitor, realm, false).await?.ok_or(Problem::NoAccess { bearer: false })
}
