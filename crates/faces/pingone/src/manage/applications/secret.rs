//! PingOne: an application's secret, shown and exchanged for another one.
//!
//! It is derived, not stored (EMPTY-HANDS). The one before is worth nothing any more: none is shown as `previous`.

use adieu_authority::{Client, Held, SecretRotation};
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::find::{find, outranks_client};
use crate::extract::{Admin, OfApp, Visitor};
use crate::face::Face;
use crate::problem::Problem;
use crate::session_json::base;

pub(crate) async fn read(
    State(face): State<Face>,
    admin: Admin,
    OfApp(id): OfApp,
) -> Result<Json<Value>, Problem> {
    let client = find(&face, &admin, &id).await?;
    outranks_client(&face, &admin, &client).await?;
    shown(&face, &client)
}

pub(crate) async fn rotate(
    State(face): State<Face>,
    admin: Admin,
    OfApp(id): OfApp,
    visitor: Visitor,
) -> Result<Json<Value>, Problem> {
    let client = find(&face, &admin, &id).await?;
    outranks_client(&face, &admin, &client).await?;
    let origin = visitor.origin_of(admin.principal.actor());
    let rotation = SecretRotation::AtOnce(Held::AsDecided);
    let client = face.authority().rotate_secret(admin.realm.id, &id, rotation, origin).await?;
    shown(&face, &client)
}

/// A public client has none.
fn shown(face: &Face, client: &Client) -> Result<Json<Value>, Problem> {
    let secret = face.authority().secret_of(client).ok_or(Problem::NotFound)?;
    let href = format!("{}/applications/{}/secret", base(face, client.realm), client.id);
    Ok(Json(json!({
        "_links": {"self": {"href": href}},
        "environment": {"id": client.realm.to_string()},
        "secret": secret,
    })))
}
