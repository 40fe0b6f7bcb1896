//! The error page's data: an error is stored, the browser is sent to the page, the page reads it.
//!
//! Contract kratos.md 1.4 and 3.7; K-57. Readable more than once, by whoever has its id.

use adieu_authority::{LineTaken, NewFlow, Span};
use adieu_http_kit::client::Peer;
use adieu_http_kit::form::Params;
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::answer::{Answer, error_object, json as json_answer, redirect};
use crate::call::Call;
use crate::error::KratosError;
use crate::face::Face;

pub(crate) const KIND: &str = "kratos-error";
/// How long a stored error can be read.
const LIFE: Span = Span::from_s(24 * 3600);
/// What is kept of each of its texts.
const TEXT_BYTES_MAX: usize = 512;
/// Quirk: the time of a sample that was never stored, as Go writes no time at all. K-57
const NEVER: &str = "0001-01-01T00:00:00Z";

/// Stores the error and sends the browser to the page. If storing fails, the error itself is the answer.
pub(crate) async fn redirect_to(face: &Face, parts: &Parts, error: KratosError) -> Answer {
    let mut stored = json!({"error": error_object(&error, None), "at": face.shown_at()});
    cut(&mut stored);
    let from = parts.extensions.get::<Peer>().map(Peer::to_string);
    let id = face.authority.draw_uuid();
    let kept = async {
        let realm = face.realm_id().await?;
        let (id, body) = (id.into_bytes(), stored.to_string().into_bytes());
        let new = NewFlow { id, kind: KIND, realm, life: LIFE, body, from: from.as_deref() };
        Ok::<_, KratosError>(face.authority.begin_flow(new).await?)
    };
    match kept.await {
        Ok(()) => {
            log(face, parts, &error, &id.to_string());
            let page = adieu_http_kit::form::append_query(&face.settings.error_ui, "id", &id.to_string());
            redirect(StatusCode::SEE_OTHER, parts, &page)
        }
        Err(_) => face.error_json(parts, error),
    }
}

/// The page shows the reference; here is what it refers to. Reasons may repeat what was typed and stay out.
///
/// As long as there were not too many of that kind in this second: anybody may ask for an error (HOME-LIMITS).
fn log(face: &Face, parts: &Parts, error: &KratosError, reference: &str) {
    let refused =
        if error.id.is_empty() { error.status.canonical_reason().unwrap_or_default() } else { error.id };
    let kind = if error.cause.is_some() { "outage" } else { refused };
    let Some(LineTaken { left_out }) = face.authority.take_line("kratos", kind) else { return };
    let path = parts.uri.path();
    match &error.cause {
        Some(cause) => tracing::error!(reference, error = %cause, path, left_out, "request not served"),
        None => {
            let status = error.status.as_u16();
            tracing::info!(reference, status, error_id = error.id, path, left_out, "request refused");
        }
    }
}

/// Cuts every text in it: an error may repeat what was sent, which may be as long as a head (HOME-LIMITS).
fn cut(value: &mut Value) {
    match value {
        Value::String(text) => text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX)),
        Value::Array(values) => values.iter_mut().for_each(cut),
        Value::Object(members) => members.values_mut().for_each(cut),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Reads a stored error.
pub(crate) async fn read(face: &Face, call: &Call) -> Result<Answer, KratosError> {
    let params = Params::parse(call.query());
    let id = params.first("id").unwrap_or_default();
    if let Some(sample) = sample(id, &face.authority.draw_uuid()) {
        return Ok(json_answer(StatusCode::OK, &sample));
    }
    let stored = stored(face, id).await?.ok_or_else(KratosError::not_stored)?;
    let body =
        json!({"id": id, "error": stored["error"], "created_at": stored["at"], "updated_at": stored["at"]});
    Ok(json_answer(StatusCode::OK, &body))
}

/// What is stored under an id.
pub(crate) async fn stored(face: &Face, id: &str) -> Result<Option<Value>, KratosError> {
    let Ok(id) = Uuid::try_parse(id) else { return Ok(None) };
    let flow = face.authority.flow(id.into_bytes(), KIND).await?;
    Ok(flow.and_then(|flow| serde_json::from_slice(&flow.body).ok()))
}

fn sample(id: &str, fresh: &Uuid) -> Option<Value> {
    (id == "stub:500").then(|| {
        json!({
            "id": fresh.to_string(),
            "error": {
                "code": 500,
                "status": "Internal Server Error",
                "reason": "This is a sample.",
                "message": "An internal server error occurred, please contact the system administrator",
            },
            "created_at": NEVER,
            "updated_at": NEVER,
        })
    })
}
