//! `global-token-revocation`: another system says that a user is to be signed off everywhere.
//!
//! All sessions of the user are over, and all that clients hold in the user's name, offline or not; whoever took part is told. The caller
//! is a client with a scope for this alone. Global Token Revocation (draft-parecki-oauth-global-token-revocation), RFC 9493;
//! standards.md 4.1.

use std::sync::Arc;

use adieu_authority::{
    Actor, Cause, ClientId, EndError, EndKind, EndOrder, EndTarget, Outage, Realm, User, UserId,
};
use adieu_http_kit::auth::bearer;
use adieu_http_kit::{body, json, media};
use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Map, Value};

use crate::answer::nothing;
use crate::call::{BODY_BYTES_MAX, BODY_PATIENCE, Call};
use crate::error::{OpenIdError, SubjectFault};
use crate::face::{Face, REVOCATION_SCOPE};

/// The member that names the user, and what drafts up to the second called it. S-GTR-9
const SUBJECT: [&str; 2] = ["sub_id", "subject"];

/// Ends everything of the user that the body names. S-GTR-1 to S-GTR-9
pub(crate) async fn answer(
    face: &Face,
    call: &Call,
    body: Body,
    realm: &Arc<Realm>,
) -> Result<Response, OpenIdError> {
    let client = caller(face, call, realm).await?;
    if !face.authority.may_sign_off_users(realm.id, &client) {
        return Err(OpenIdError::Busy);
    }
    let answer = ended(face, call, body, realm, &client).await;
    // Who was signed off, how many sessions and why stands in the ending's own line and record.
    let refused = answer.as_ref().err().map(OpenIdError::code).unwrap_or_default();
    tracing::info!(realm = %realm.path, %client, refused, "a client asked to sign a user off everywhere");
    answer
}

async fn ended(
    face: &Face,
    call: &Call,
    body: Body,
    realm: &Arc<Realm>,
    client: &ClientId,
) -> Result<Response, OpenIdError> {
    if !media::is(call.headers(), "application/json") {
        return Err(OpenIdError::NotJson);
    }
    let bytes = body::read(body, BODY_BYTES_MAX, BODY_PATIENCE).await?;
    let document = json::read(&bytes).map_err(|_| SubjectFault::Document)?;
    let user = named(face, realm, subject(&document)?).await?;
    let user = user.filter(|user| user.realm == realm.id && !user.removed).ok_or(OpenIdError::UnknownUser)?;
    let order = EndOrder {
        realm: Some(realm.id),
        target: EndTarget::UserAndGrants(user.id),
        kind: EndKind::End,
        cause: Cause::Administrator,
        spare: None,
        within: None,
        origin: call.origin_of(Actor::Client(client.clone())).handed_on(),
    };
    match face.authority.end(order).await {
        Ok(_) => {
            let mut done = nothing();
            *done.status_mut() = StatusCode::NO_CONTENT;
            Ok(done)
        }
        Err(EndError::Unwritten(unwritten)) => Err(unwritten.into()),
        // Removed a moment ago, with all that there was.
        Err(EndError::UnknownSession | EndError::CallersOwn | EndError::OutOfReach) => {
            Err(OpenIdError::UnknownUser)
        }
    }
}

/// The client that calls in its own name, with a token for this. S-GTR-3
async fn caller(face: &Face, call: &Call, realm: &Arc<Realm>) -> Result<ClientId, OpenIdError> {
    let token = bearer(call.headers()).ok_or(OpenIdError::Token { shown: false })?;
    let principal = face.authority.principal(realm, token, &face.url(realm, "")).await?;
    let principal = principal.ok_or(OpenIdError::Token { shown: true })?;
    if principal.user.is_some() || !principal.has_scope(REVOCATION_SCOPE) {
        return Err(OpenIdError::RevocationScope);
    }
    Ok(principal.client.id.clone())
}

/// The identifier of the subject.
fn subject(document: &Value) -> Result<&Map<String, Value>, SubjectFault> {
    let document = document.as_object().ok_or(SubjectFault::Document)?;
    match SUBJECT.map(|name| document.get(name)) {
        [Some(_), Some(_)] => Err(SubjectFault::Both),
        [None, None] => Err(SubjectFault::Missing),
        [Some(subject), None] | [None, Some(subject)] => {
            subject.as_object().ok_or(SubjectFault::Member("format"))
        }
    }
}

/// The user whom an identifier means. S-GTR-8
async fn named(
    face: &Face,
    realm: &Arc<Realm>,
    subject: &Map<String, Value>,
) -> Result<Option<Arc<User>>, OpenIdError> {
    let text = |name: &'static str| {
        let text = subject.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        text.ok_or(SubjectFault::Member(name))
    };
    match text("format")? {
        "email" => Ok(face.authority.user_with_email(realm.id, text("email")?).await?),
        "iss_sub" => {
            let (iss, sub) = (text("iss")?, text("sub")?);
            if iss == face.url(realm, "") { Ok(by_id(face, sub).await?) } else { Ok(None) }
        }
        "opaque" => Ok(by_id(face, text("id")?).await?),
        _ => Err(SubjectFault::Format.into()),
    }
}

async fn by_id(face: &Face, id: &str) -> Result<Option<Arc<User>>, Outage> {
    match id.parse::<UserId>() {
        Ok(id) => face.authority.user(id).await,
        Err(_) => Ok(None),
    }
}
