//! `POST /admin/sessions`: many sessions ended or deleted at once. Contract kratos.md 2.5; K-42.
//!
//! Either a list of identities (or all) or a list of sessions, never both.

use adieu_authority::{EndKind, EndTarget, Ended, SessionId, SessionQuery, UserId};
use axum::body::Body;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::admin::sessions::{count, is_here, order, session_record};
use crate::answer::{Answer, json as json_answer};
use crate::call::{Call, read_json};
use crate::error::KratosError;
use crate::face::Face;

/// Ids in one request (HOME-LIMITS).
const IDS_MAX: usize = 500;
/// Sessions that one request for all of them works off; the answer says whether there are more.
const BATCH_MAX: u32 = 5_000;
/// The word for everybody.
const EVERYBODY: &str = "*";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    action: Action,
    #[serde(default)]
    identities: Vec<String>,
    #[serde(default)]
    sessions: Vec<Uuid>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Action {
    Disable,
    Delete,
}

impl Action {
    const fn act(self) -> EndKind {
        match self {
            Self::Disable => EndKind::End,
            Self::Delete => EndKind::Forget,
        }
    }

    /// What is told of an ending where so many records were there.
    fn counts(self, ended: &Ended, there: usize) -> usize {
        match self {
            Self::Disable => ended.live_sessions() as usize,
            Self::Delete => there,
        }
    }
}

pub(super) async fn manage(face: &Face, call: &Call, body: Body) -> Result<Answer, KratosError> {
    let body = read_json(call, body).await?;
    let wish: Wish =
        serde_json::from_slice(&body).map_err(|error| KratosError::unparseable(error.to_string()))?;
    let (processed, more) = match (&wish.identities[..], &wish.sessions[..]) {
        ([], []) => return Err(KratosError::malformed("Name identities or sessions.")),
        ([_, ..], [_, ..]) => return Err(KratosError::malformed("Name identities or sessions, not both.")),
        ([], sessions) => (of_sessions(face, call, wish.action, bounded(sessions)?).await?, false),
        ([one], []) if one == EVERYBODY => of_everybody(face, call, wish.action).await?,
        (identities, []) => (of_identities(face, call, wish.action, bounded(identities)?).await?, false),
    };
    Ok(json_answer(StatusCode::OK, &json!({"processed": processed, "more": more})))
}

fn bounded<T>(ids: &[T]) -> Result<&[T], KratosError> {
    if ids.len() > IDS_MAX {
        return Err(KratosError::malformed(format!("At most {IDS_MAX} ids can be named.")));
    }
    Ok(ids)
}

/// Disabling counts those that were live and ended by this request; deleting counts those that were there.
async fn of_sessions(face: &Face, call: &Call, action: Action, ids: &[Uuid]) -> Result<usize, KratosError> {
    let mut processed = 0;
    for id in ids {
        let id = SessionId::from_bytes(id.into_bytes());
        if session_record(face, id).await?.is_none() {
            continue;
        }
        let ended = face.authority.end(order(face, call, EndTarget::One(id), action.act()).await?).await?;
        processed += action.counts(&ended, 1);
    }
    Ok(processed)
}

async fn of_identities(
    face: &Face,
    call: &Call,
    action: Action,
    ids: &[String],
) -> Result<usize, KratosError> {
    let users = ids
        .iter()
        .map(|id| Uuid::try_parse(id).map(UserId::from_uuid))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| KratosError::malformed("An identity's id is a UUID; `*` stands alone."))?;
    let counted = (action == Action::Disable).then_some(true);
    let mut processed = 0;
    for user in users {
        if !is_here(face, user).await? {
            continue;
        }
        let there = count(face, user, counted).await?;
        if there > 0 {
            let order = order(face, call, EndTarget::User(user), action.act()).await?;
            processed += action.counts(&face.authority.end(order).await?, there);
        }
    }
    Ok(processed)
}

/// A batch of all sessions of the realm. Whoever wants all of them asks until there are no more.
async fn of_everybody(face: &Face, call: &Call, action: Action) -> Result<(usize, bool), KratosError> {
    let realm = face.realm_id().await?;
    let live = (action == Action::Disable).then_some(true);
    let listing = SessionQuery { after: None, most: BATCH_MAX, live };
    let listed = face.authority.realm_sessions(realm, listing).await?;
    let ids: Vec<Uuid> =
        listed.sessions.iter().map(|one| Uuid::from_bytes(one.session.id.to_bytes())).collect();
    Ok((of_sessions(face, call, action, &ids).await?, listed.next.is_some()))
}
