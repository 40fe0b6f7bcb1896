//! Sessions for administrators: listed, read, ended, extended. Contract kratos.md 2.5; K-36 to K-41.
//!
//! An ended session stays readable as a record; deleting all of a user's takes the records away too.

use adieu_authority::{
    Actor, AmendOrder, Amendment, Cause, EndError, EndKind, EndOrder, EndTarget, Fate, Origin, SessionCursor,
    SessionId, SessionQuery, SessionRecord, Timestamp, UserId,
};
use adieu_http_kit::form::Params;
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::answer::{Answer, empty, json as json_answer};
use crate::call::Call;
use crate::error::KratosError;
use crate::face::{CHANNEL, Face};
use crate::links::{self, Offset};
use crate::sessions::{session_id, uuid};
use crate::user_sessions;
use crate::wire::{DevicesShown, IdentityShown, ShownBeside};

/// The mark of a list's beginning.
const BEGINNING: &str = "0";

/// All sessions of the realm, newest first.
pub(super) async fn list(face: &Face, call: &Call) -> Result<Answer, KratosError> {
    let params = Params::parse(call.query());
    let live = active(&params)?;
    let shown = expanded(&params, DevicesShown::Null)?;
    let most = links::size(&params)?;
    let after = match links::token(&params) {
        None | Some(BEGINNING) => None,
        Some(token) => Some(
            mark(token).ok_or_else(|| KratosError::unparseable("could not parse parameter page_token"))?,
        ),
    };
    let realm = face.realm_id().await?;
    let listed = face.authority.realm_sessions(realm, SessionQuery { after, most, live }).await?;
    let wires: Vec<_> = listed.sessions.iter().map(|one| face.record_wire(0, one, shown)).collect();
    let mut answer = json_answer(StatusCode::OK, &wires);
    let next = listed.next.map(|mark| written(&mark));
    links::lead_on_by_mark(&mut answer, "/admin/sessions", &params, (most, BEGINNING, next));
    Ok(answer)
}

/// One session, live or over.
pub(super) async fn read(face: &Face, call: &Call, id: &str) -> Result<Answer, KratosError> {
    let id = session_id(id)?;
    let shown = expanded(&Params::parse(call.query()), DevicesShown::Empty)?;
    let one = session_record(face, id).await?.ok_or_else(KratosError::not_stored)?;
    Ok(json_answer(StatusCode::OK, &face.record_wire(0, &one, shown)))
}

/// Ends one session. Its record stays; doing it again changes nothing (K-38).
pub(super) async fn end(face: &Face, call: &Call, id: &str) -> Result<Answer, KratosError> {
    let id = session_id(id)?;
    if session_record(face, id).await?.is_none() {
        return Err(KratosError::not_stored());
    }
    match face.authority.end(order(face, call, EndTarget::One(id), EndKind::End).await?).await {
        Ok(_) => Ok(empty(StatusCode::NO_CONTENT)),
        Err(EndError::UnknownSession) => Err(KratosError::not_stored()),
        Err(error @ (EndError::CallersOwn | EndError::OutOfReach | EndError::Unwritten(_))) => {
            Err(error.into())
        }
    }
}

/// Extends a live session; one that is over does not come back (Q4).
pub(super) async fn extend(face: &Face, id: &str) -> Result<Answer, KratosError> {
    let id = session_id(id)?;
    let live = |one: &SessionRecord| one.fate == Fate::Live;
    let one = session_record(face, id).await?.filter(live).ok_or_else(KratosError::not_stored)?;
    let now = face.authority.now();
    let realm = face.realm().await?;
    let life = face.authority.policy().limits_for(&realm.path, &CHANNEL).absolute;
    let to = now.plus(life);
    let left_s = one.session.expires_at.since(now).s();
    let soon =
        face.settings.extend_within_s.is_none_or(|within| left_s < i64::try_from(within).unwrap_or(i64::MAX));
    if soon {
        face.authority.amend(AmendOrder { session: id, amendment: Amendment::ExpiresAt(to) }).await?;
    }
    if face.settings.extend_answers_nothing {
        return Ok(empty(StatusCode::NO_CONTENT));
    }
    let one = session_record(face, id).await?.filter(live).ok_or_else(KratosError::not_stored)?;
    Ok(json_answer(StatusCode::OK, &face.record_wire(0, &one, ShownBeside::EXTENDED)))
}

/// All sessions of a user; nobody has none.
pub(super) async fn list_of(face: &Face, call: &Call, id: &str) -> Result<Answer, KratosError> {
    let user = UserId::from_uuid(uuid(id)?);
    let params = Params::parse(call.query());
    let (live, page) = (active(&params)?, Offset::of(&params));
    let (mut total, mut shown) = (0, Vec::new());
    if is_here(face, user).await? {
        total = count(face, user, live).await?;
        shown = user_sessions::part(face, user, live, None, page).await?;
    }
    let wires: Vec<_> = shown.iter().map(|one| face.record_wire(0, one, ShownBeside::LISTED)).collect();
    let mut answer = json_answer(StatusCode::OK, &wires);
    page.lead_on(&mut answer, &format!("/admin/identities/{user}/sessions"), &params, total);
    Ok(answer)
}

/// How many sessions of a user there are, or are live, or are not.
pub(super) async fn count(face: &Face, user: UserId, live: Option<bool>) -> Result<usize, KratosError> {
    let (authority, number) = (&face.authority, |count| usize::try_from(count).unwrap_or(usize::MAX));
    Ok(match live {
        Some(true) => number(authority.count_live_sessions(user).await?),
        None => number(authority.count_sessions(user).await?),
        Some(false) => {
            let all = authority.count_sessions(user).await?;
            number(all.saturating_sub(authority.count_live_sessions(user).await?))
        }
    })
}

/// Whether that is a user of this face's realm.
pub(super) async fn is_here(face: &Face, user: UserId) -> Result<bool, KratosError> {
    let (realm, user) = (face.realm_id().await?, face.authority.user(user).await?);
    Ok(user.is_some_and(|user| user.realm == realm))
}

/// Ends all sessions of a user and takes their records away (K-39).
pub(super) async fn forget_of(face: &Face, call: &Call, id: &str) -> Result<Answer, KratosError> {
    let user = UserId::from_uuid(uuid(id)?);
    if !is_here(face, user).await? || count(face, user, None).await? == 0 {
        return Err(KratosError::not_stored());
    }
    face.authority.end(order(face, call, EndTarget::User(user), EndKind::Forget).await?).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// The session of an id, if it is one of this face's realm.
pub(super) async fn session_record(face: &Face, id: SessionId) -> Result<Option<SessionRecord>, KratosError> {
    let realm = face.realm_id().await?;
    Ok(face.authority.session_record(id).await?.filter(|one| one.session.realm == realm))
}

pub(super) async fn order(
    face: &Face,
    call: &Call,
    target: EndTarget,
    kind: EndKind,
) -> Result<EndOrder, KratosError> {
    Ok(EndOrder {
        realm: Some(face.realm_id().await?),
        target,
        kind,
        cause: Cause::Administrator,
        spare: None,
        within: None,
        origin: Origin::of(Actor::Operator, CHANNEL, call.address()),
    })
}

fn active(params: &Params) -> Result<Option<bool>, KratosError> {
    match params.first("active").unwrap_or_default() {
        "" => Ok(None),
        "true" | "1" | "t" | "T" | "TRUE" | "True" => Ok(Some(true)),
        "false" | "0" | "f" | "F" | "FALSE" | "False" => Ok(Some(false)),
        _ => Err(KratosError::unparseable("could not parse parameter active")),
    }
}

/// What `expand` asks for, in any letter case; without it the devices are as the endpoint shows none.
fn expanded(params: &Params, none: DevicesShown) -> Result<ShownBeside, KratosError> {
    let mut shown = ShownBeside { identity: IdentityShown::No, devices: none };
    for option in params.all("expand") {
        match option.to_ascii_lowercase().as_str() {
            "identity" => shown.identity = IdentityShown::Whole,
            "devices" => shown.devices = DevicesShown::Whole,
            _ => return Err(KratosError::malformed(format!("Could not parse expand option: {option}"))),
        }
    }
    Ok(shown)
}

/// A mark as a token that nobody needs to read.
fn written(mark: &SessionCursor) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}/{}", mark.opened_at.ms(), mark.locator.number()))
}

fn mark(token: &str) -> Option<SessionCursor> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (opened_ms, locator) = std::str::from_utf8(&bytes).ok()?.split_once('/')?;
    let locator = adieu_authority::Locator::from_number(locator.parse().ok()?)?;
    Some(SessionCursor { opened_at: Timestamp::from_ms(opened_ms.parse().ok()?), locator })
}
