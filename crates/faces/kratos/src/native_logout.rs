//! `DELETE /self-service/logout/api`: whoever holds a session token may end its session. Contract kratos.md 1.3.
//!
//! Idempotent while anything is known of the session (K-5); a token of nobody is 403 (K-6). Always JSON.

use adieu_authority::{
    Cause, EndError, EndKind, EndOrder, EndTarget, Ended, Origin, PresentedToken, SessionToken,
};
use adieu_http_kit::media;
use axum::body::Body;
use axum::http::StatusCode;
use serde_json::Value;

use crate::answer::{Answer, empty};
use crate::call::{Call, read_body};
use crate::error::KratosError;
use crate::face::{CHANNEL, Face};
use crate::members::member;

pub(crate) async fn perform(face: &Face, call: &Call, body: Body) -> Result<Answer, KratosError> {
    let body = read_body(body).await?;
    let token = token(call, &body)?;
    let unknown = || KratosError::forbidden("The session token is unknown or malformed.");
    let token = token.as_deref().and_then(SessionToken::parse).ok_or_else(unknown)?;
    let order = EndOrder {
        realm: Some(face.realm_id().await?),
        target: EndTarget::Token(PresentedToken::from(&token)),
        kind: EndKind::End,
        cause: Cause::SignOff,
        spare: None,
        within: None,
        origin: Origin::of_holder(CHANNEL, call.address()),
    };
    match face.authority.end(order).await {
        Ok(Ended::Now(_) | Ended::Before) => Ok(empty(StatusCode::NO_CONTENT)),
        Err(EndError::UnknownSession) => Err(unknown()),
        Err(error @ (EndError::CallersOwn | EndError::OutOfReach | EndError::Unwritten(_))) => {
            Err(error.into())
        }
    }
}

/// The token in the body: none if the member is missing or null.
fn token(call: &Call, body: &[u8]) -> Result<Option<String>, KratosError> {
    if body.is_empty() {
        return Err(KratosError::malformed("The request has no body."));
    }
    if !media::is(call.headers(), "application/json") {
        return Err(KratosError::malformed("The body has to be application/json."));
    }
    // Quirk: what stands behind the first JSON value is not looked at; of a member that stands twice the last counts.
    let first = serde_json::Deserializer::from_slice(body).into_iter::<Value>().next();
    match first {
        Some(Ok(Value::Null)) => Ok(None),
        Some(Ok(Value::Object(object))) => match member(&object, "session_token") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(token)) => Ok(Some(token.clone())),
            Some(_) => Err(KratosError::malformed("The session token has to be a string.")),
        },
        Some(Ok(_)) => Err(KratosError::malformed("The body has to be a JSON object.")),
        Some(Err(_)) | None => Err(KratosError::malformed("The body is not JSON.")),
    }
}
