//! PingOne: sessions of a user and of an environment, read, deleted and reset by administrators and by their owners.
//!
//! Somebody limited to populations, or to their own sessions, learns nothing about anybody else: outside and non-existing
//! are one 403. Contract pingone.md 2.2, 2.3 and 3.5: P-7 to P-19, P-57.

mod kept;
pub(crate) mod me;

use std::sync::Arc;

use adieu_authority::{
    Cause, EndKind, EndOrder, EndTarget, Ended, FoundSession, NotLive, SessionId, SessionRecord, Standing,
    User, UserId, UserReach, Verdict,
};
use adieu_http_kit::media;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde_json::json;

use crate::extract::{Admin, OfSession, OfUser, Visitor};
use crate::face::{DELETE_SESSIONS, Face, READ_SESSIONS};
use crate::problem::Problem;
use crate::session_json::{SessionAddress, base, session};

pub(crate) const RESET: &str = "application/vnd.pingidentity.sso.session.logout";

/// U1: the sessions of a user, newest first.
pub(crate) async fn list_of_user(
    State(face): State<Face>,
    admin: Admin,
    OfUser(user): OfUser,
) -> Result<Response, Problem> {
    let user = in_reach(&face, &admin, user, READ_SESSIONS).await?;
    let kept = kept::of_user(&face, &user).await?;
    let sessions: Vec<_> = kept.iter().map(|one| shown(&face, one)).collect();
    let href = format!("{}/users/{}/sessions", base(&face, admin.realm.id), user.id);
    let count = sessions.len();
    Ok(Json(json!({
        "_links": {"self": {"href": href}},
        "_embedded": {"sessions": sessions},
        "count": count,
        "size": count,
    }))
    .into_response())
}

fn shown(face: &Face, one: &SessionRecord) -> serde_json::Value {
    session(face, &one.session, one.seen_at, SessionAddress::User)
}

/// U2: one session of a user.
pub(crate) async fn read_of_user(
    State(face): State<Face>,
    admin: Admin,
    OfUser(user): OfUser,
    OfSession(id): OfSession,
) -> Result<Response, Problem> {
    let user = in_reach(&face, &admin, user, READ_SESSIONS).await?;
    let one = kept::session(&face, &user, id).await?;
    Ok(Json(shown(&face, &one)).into_response())
}

/// U3, exit 3: one session of a user is over, unless it is the caller's own.
pub(crate) async fn delete(
    State(face): State<Face>,
    admin: Admin,
    OfUser(user): OfUser,
    OfSession(id): OfSession,
    visitor: Visitor,
) -> Result<StatusCode, Problem> {
    let user = in_reach(&face, &admin, user, DELETE_SESSIONS).await?;
    // What is over already is no longer there to be deleted: the second time is 404. Contract pingone.md 2.2.
    let kept = kept::endable(&face, &user, id).await?;
    let order = EndOrder {
        realm: Some(admin.realm.id),
        target: EndTarget::OneOf { user: user.id, session: id },
        // What time has ended is only taken off the list.
        kind: if kept.is_over() { EndKind::Forget } else { EndKind::End },
        cause: Cause::Administrator,
        spare: admin.principal.session(),
        within: Some(admin.reach_over_sessions()),
        origin: visitor.origin_of(admin.principal.actor()),
    };
    Ok(match face.authority().end(order).await? {
        Ended::Now(_) | Ended::Before => StatusCode::NO_CONTENT,
    })
}

/// E2: one session of the environment; after a reset it is nobody's.
pub(crate) async fn read(
    State(face): State<Face>,
    admin: Admin,
    OfSession(id): OfSession,
) -> Result<Response, Problem> {
    let found = session_in_reach(&face, &admin, id, READ_SESSIONS).await?;
    match found.verdict {
        Verdict::Live | Verdict::Not(NotLive::Reset) => {
            Ok(Json(session(&face, &found.session, found.seen_at, SessionAddress::Environment))
                .into_response())
        }
        Verdict::Not(
            NotLive::Unknown
            | NotLive::HalfSignedOn
            | NotLive::Idle
            | NotLive::Expired
            | NotLive::Generation
            | NotLive::Disabled,
        ) => Err(Problem::NotFound),
    }
}

/// E3, exit 2: the sign-on is over, the id stays. The order is in the media type; the body is ignored.
pub(crate) async fn reset(
    State(face): State<Face>,
    admin: Admin,
    OfSession(id): OfSession,
    visitor: Visitor,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    if !media::is(&headers, RESET) {
        return Err(Problem::MediaType); // P-13
    }
    let found = session_in_reach(&face, &admin, id, DELETE_SESSIONS).await?;
    if !admin.rights.data.reaches(found.user.population) {
        return Err(Problem::Forbidden); // No self-service: only a role resets. Contract pingone.md 3.1.
    }
    reset_one(&face, &admin, (id, UserReach { own: None, ..admin.reach_over_sessions() }), &visitor).await
}

async fn reset_one(
    face: &Face,
    admin: &Admin,
    (id, within): (SessionId, UserReach),
    visitor: &Visitor,
) -> Result<StatusCode, Problem> {
    let order = EndOrder {
        realm: Some(admin.realm.id),
        target: EndTarget::One(id),
        kind: EndKind::Reset,
        cause: Cause::Administrator,
        spare: None,
        within: Some(within),
        origin: visitor.origin_of(admin.principal.actor()),
    };
    Ok(match face.authority().end(order).await? {
        Ended::Now(_) | Ended::Before => StatusCode::NO_CONTENT,
    })
}

/// The user, if the caller may do this to them: by role, or with that scope to themselves.
///
/// Only who administers the whole environment learns that a user does not exist (P-16, P-17).
async fn in_reach(face: &Face, admin: &Admin, id: UserId, scope: &str) -> Result<Arc<User>, Problem> {
    let own = admin.principal.user.as_ref().map(|(user, _)| user.id);
    if own.is_some() && !admin.principal.has_scope(scope) {
        return Err(Problem::Forbidden); // A client in a user's name may do what the user let it do.
    }
    let user = face.authority().user(id).await?.filter(|user| user.realm == admin.realm.id);
    let standing = standing(admin, scope);
    let missing = match standing {
        Standing::OfRealm => Problem::NotFound,
        Standing::OfPopulations(_) | Standing::Nobody => Problem::Forbidden,
    };
    let user = user.ok_or(missing)?;
    if standing.reaches(user.population) {
        return Ok(user);
    }
    match &admin.principal.user {
        Some((own, session)) if own.id == user.id => {
            // Whoever ends other sessions of their own has proven who they are a short while ago (S-28).
            if scope == DELETE_SESSIONS && !face.authority().proven_lately(session) {
                let max_age_s = face.authority().policy().recent.s();
                return Err(Problem::ProofTooOld { max_age_s });
            }
            Ok(user)
        }
        Some(_) | None => Err(Problem::Forbidden),
    }
}

impl Admin {
    /// Whose sessions the caller may end: those of users whom their role reaches, and their own.
    fn reach_over_sessions(&self) -> UserReach {
        let own = self.principal.user.as_ref().map(|(user, _)| user.id);
        UserReach { standing: self.rights.data.clone(), own }
    }
}

/// How far the caller's roles reach for what the scope names.
fn standing<'a>(admin: &'a Admin, scope: &str) -> &'a Standing {
    if scope == READ_SESSIONS { &admin.rights.reading } else { &admin.rights.data }
}

/// The session, if the caller may do this to its user.
async fn session_in_reach(
    face: &Face,
    admin: &Admin,
    id: SessionId,
    scope: &str,
) -> Result<FoundSession, Problem> {
    let found = face.authority().session_by_id(id, false).get().await?;
    let found = found.filter(|found| found.session.realm == admin.realm.id);
    match found {
        Some(found) => in_reach(face, admin, found.session.user, scope).await.map(|_| found),
        None => Err(match standing(admin, scope) {
            Standing::OfRealm if admin.principal.user.is_none() || admin.principal.has_scope(scope) => {
                Problem::NotFound
            }
            Standing::OfRealm | Standing::OfPopulations(_) | Standing::Nobody => Problem::Forbidden,
        }),
    }
}
