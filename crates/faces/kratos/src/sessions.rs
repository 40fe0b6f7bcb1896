//! `/sessions`: a user's own other sessions, listed and ended. Contract kratos.md 2.3; K-32 to K-35.
//!
//! The credential is asked for before anything else of the request is looked at.

use adieu_authority::{Cause, EndError, EndKind, EndOrder, EndTarget, LiveSession, Origin, SessionId, User};
use adieu_http_kit::form::Params;
use axum::http::StatusCode;
use serde_json::json;
use uuid::Uuid;

use crate::answer::{Answer, empty, json as json_answer};
use crate::call::Call;
use crate::credentials::{CarriedSession, SessionHolder};
use crate::error::KratosError;
use crate::face::{CHANNEL, Face};
use crate::links::Offset;
use crate::user_sessions;
use crate::wire::ShownBeside;

/// The other live sessions, newest first.
pub(crate) async fn list(face: &Face, call: &Call) -> Result<Answer, KratosError> {
    let live = own(face, call).await?;
    let params = Params::parse(call.query());
    let page = Offset::of(&params);
    let total = others(face, &live.user).await?;
    let shown = user_sessions::part(face, live.user.id, Some(true), Some(live.session.id), page).await?;
    let wires: Vec<_> =
        shown.iter().map(|one| face.record_wire(call.mount, one, ShownBeside::LISTED)).collect();
    let mut answer = json_answer(StatusCode::OK, &wires);
    page.lead_on(&mut answer, "/sessions", &params, total);
    Ok(answer)
}

/// Ends all sessions of the user but this one. The count is of those that lived and ended by this request; where that is asked for, of
/// all other records, those that were over before included, as Kratos was recorded. K-33
pub(crate) async fn end_others(face: &Face, call: &Call) -> Result<Answer, KratosError> {
    let live = own_lately(face, call).await?;
    let holder = SessionHolder { session: live.session, user: live.user };
    let others = match face.settings.count_has_ended {
        true => Some(face.authority.count_sessions(holder.user.id).await?.saturating_sub(1)),
        false => None,
    };
    let ended = end_all_others(face, call, &holder).await?;
    let count = others.unwrap_or(ended.into());
    Ok(json_answer(StatusCode::OK, &json!({"count": count})))
}

/// The same for whoever is known to have proven a short while ago who they are; says how many live sessions ended.
pub(crate) async fn end_all_others(
    face: &Face,
    call: &Call,
    holder: &SessionHolder,
) -> Result<u32, KratosError> {
    if others(face, &holder.user).await? == 0 {
        return Ok(0);
    }
    let target = EndTarget::UserBut { user: holder.user.id, keep: holder.session.id };
    let ended = face.authority.end(order(face, call, target).await?).await?;
    Ok(ended.live_sessions())
}

/// Ends one other session. An unknown one, somebody else's and one that is over are answered alike (K-34).
pub(crate) async fn end_one(face: &Face, call: &Call, id: &str) -> Result<Answer, KratosError> {
    let live = own_lately(face, call).await?;
    let session = session_id(id)?;
    if session == live.session.id {
        return Err(EndError::CallersOwn.into());
    }
    let target = EndTarget::OneOf { user: live.user.id, session };
    match face.authority.end(order(face, call, target).await?).await {
        Ok(_) | Err(EndError::UnknownSession) => Ok(empty(StatusCode::NO_CONTENT)),
        Err(error @ (EndError::CallersOwn | EndError::OutOfReach | EndError::Unwritten(_))) => {
            Err(error.into())
        }
    }
}

/// What whoami tells, this tells, too: a half signed on session lists and ends no other one (S-15).
async fn own(face: &Face, call: &Call) -> Result<LiveSession, KratosError> {
    match face.carried(call.headers()).await? {
        CarriedSession::Live(live) => Ok(live),
        CarriedSession::Half(half) => Err(face.second_factor_missing(call, &half.user)),
        CarriedSession::Nobodys => Err(KratosError::unauthorized(face.settings.documented_error_ids)),
    }
}

/// Whoever ends other sessions has proven who they are a short while ago, as for a change of credentials (S-28).
async fn own_lately(face: &Face, call: &Call) -> Result<LiveSession, KratosError> {
    let live = own(face, call).await?;
    if !face.authority.proven_lately(&live.session) {
        let login = format!("{}/self-service/login/browser?refresh=true", face.base(call.mount));
        return Err(KratosError::proof_too_old(&login));
    }
    Ok(live)
}

/// How many other sessions of the user are live.
async fn others(face: &Face, user: &User) -> Result<usize, KratosError> {
    let all = face.authority.count_live_sessions(user.id).await?;
    Ok(usize::try_from(all).unwrap_or(usize::MAX).saturating_sub(1))
}

async fn order(face: &Face, call: &Call, target: EndTarget) -> Result<EndOrder, KratosError> {
    Ok(EndOrder {
        realm: Some(face.realm_id().await?),
        target,
        kind: EndKind::End,
        cause: Cause::SignOff,
        spare: None,
        within: None,
        origin: Origin::of_holder(CHANNEL, call.address()),
    })
}

/// A session's id out of a path. Quirk: what is none is answered with the parser's own words.
pub(crate) fn session_id(text: &str) -> Result<SessionId, KratosError> {
    uuid(text).map(|id| SessionId::from_bytes(id.into_bytes()))
}

/// A UUID out of a path.
pub(crate) fn uuid(text: &str) -> Result<Uuid, KratosError> {
    let refused = || {
        let shown: String = text.chars().take(64).collect();
        KratosError::unparseable(format!("uuid: incorrect UUID {shown:?}"))
    };
    Uuid::try_parse(text).map_err(|_| refused())
}
