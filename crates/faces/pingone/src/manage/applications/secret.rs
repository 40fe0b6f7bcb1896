//! PingOne: an application's secret, shown and exchanged for another one.
//!
//! It is derived, not stored (EMPTY-HANDS). Contract: PingOne Platform API, "Application Secret".

use adieu_authority::{Client, HeldGrants, RotationError, SecretRotation, Span, Timestamp};
use adieu_http_kit::media;
use axum::Json;
use axum::extract::{Request, State};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::find::{find, outranks_client};
use crate::body;
use crate::extract::{Admin, OfApp, Visitor};
use crate::face::Face;
use crate::manage::input::Input;
use crate::problem::Problem;
use crate::session_json::{base, time};

/// For how long the secret before may count: thirty days.
const OVERLAP_MAX: Span = Span::from_s(30 * 24 * 3600);

pub(crate) async fn read(
    State(face): State<Face>,
    admin: Admin,
    OfApp(id): OfApp,
) -> Result<Json<Value>, Problem> {
    let client = find(&face, &admin, &id).await?;
    outranks_client(&face, &admin, &client).await?;
    shown(&face, &client)
}

/// Without a body the one before is worth nothing any more, nor is one that counts beside it; with `previous.expiresAt` the one
/// before counts until then.
pub(crate) async fn rotate(
    State(face): State<Face>,
    admin: Admin,
    OfApp(id): OfApp,
    visitor: Visitor,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let client = find(&face, &admin, &id).await?;
    outranks_client(&face, &admin, &client).await?;
    let (parts, stream) = request.into_parts();
    let bytes = body::bytes(stream).await?;
    let rotation = match bytes.is_empty() {
        true => SecretRotation::AtOnce(HeldGrants::AsDecided),
        false if media::is(&parts.headers, "application/json") => {
            asked(&Input::read(&bytes)?, face.authority().now())?
        }
        false => return Err(Problem::MediaType),
    };
    let origin = visitor.origin_of(admin.principal.actor());
    let rotated = face.authority().rotate_secret(admin.realm.id, &id, rotation, origin).await;
    let client = rotated.map_err(|error| match error {
        RotationError::EarlierCounts { .. } => Problem::Constraint {
            target: "previous",
            message: "An earlier secret counts beside the present one still.",
        },
        RotationError::Directory(error) => error.into(),
    })?;
    shown(&face, &client)
}

/// What a body asks for.
fn asked(input: &Input, now: Timestamp) -> Result<SecretRotation, Problem> {
    let previous = input.object("previous")?;
    let Some(text) = previous.as_ref().map(|previous| previous.text("expiresAt")).transpose()?.flatten()
    else {
        return Ok(SecretRotation::AtOnce(HeldGrants::AsDecided));
    };
    let wrong = Problem::invalid("previous", "`expiresAt` is a time of RFC 3339 in the next thirty days.");
    let Ok(until) = OffsetDateTime::parse(text, &Rfc3339) else { return Err(wrong) };
    let until_ms = until.unix_timestamp() * 1000 + i64::from(until.millisecond());
    let overlap = Span::from_ms(until_ms - now.ms());
    if Span::from_ms(0) < overlap && overlap <= OVERLAP_MAX {
        return Ok(SecretRotation::Overlap(overlap));
    }
    Err(wrong)
}

/// A public client has none. Of the one before only its end is shown: nobody keeps it (EMPTY-HANDS).
fn shown(face: &Face, client: &Client) -> Result<Json<Value>, Problem> {
    let secret = face.authority().secret_of(client).ok_or(Problem::NotFound)?;
    let href = format!("{}/applications/{}/secret", base(face, client.realm), client.id);
    let mut shown = json!({
        "_links": {"self": {"href": href}},
        "environment": {"id": client.realm.to_string()},
        "secret": secret,
    });
    if let Some(previous) = client.previous_secret.filter(|previous| face.authority().now() < previous.until)
    {
        shown["previous"] = json!({"expiresAt": time(previous.until)});
    }
    Ok(Json(shown))
}
