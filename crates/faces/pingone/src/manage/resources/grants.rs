//! PingOne: which scopes an application is granted.
//!
//! Kept and shown; which scopes a token gets is decided by what is asked for and known. Contract pingone.md 4.3.

use adieu_authority::{ClientId, RealmId};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use super::resource;
use crate::Face;
use crate::extract::{Admin, Body, Named, OfApp};
use crate::manage::applications::find;
use crate::manage::collection;
use crate::manage::input::Input;
use crate::manage::kept::Kind;
use crate::problem::Problem;
use crate::session_json::{base, time};

const KIND: Kind = Kind("pingone.application-grant");

pub(crate) async fn list(
    State(face): State<Face>,
    admin: Admin,
    OfApp(app): OfApp,
) -> Result<Json<Value>, Problem> {
    find(&face, &admin, &app).await?;
    let realm = admin.realm.id;
    let all = KIND.under(&face, realm, &format!("{app}.")).await?;
    let shown = all.iter().map(|(id, kept)| json(&face, realm, &app, id, kept)).collect();
    Ok(Json(collection(&href(&face, realm, &app), "grants", shown)))
}

pub(crate) async fn create(
    State(face): State<Face>,
    admin: Admin,
    OfApp(app): OfApp,
    Body(input): Body,
) -> Result<Response, Problem> {
    find(&face, &admin, &app).await?;
    let realm = admin.realm.id;
    let kept = asked(&input, time(face.authority().now()))?;
    let others = KIND.under(&face, realm, &format!("{app}.")).await?;
    if others.iter().any(|(_, other)| other["resource"] == kept["resource"]) {
        return Err(Problem::taken("resource"));
    }
    let id = face.authority().draw_uuid().to_string();
    KIND.add(&face, realm, &format!("{app}.{id}"), &kept).await?;
    Ok((StatusCode::CREATED, Json(json(&face, realm, &app, &id, &kept))).into_response())
}

pub(crate) async fn read(
    State(face): State<Face>,
    admin: Admin,
    OfApp(app): OfApp,
    Named(id): Named,
) -> Result<Json<Value>, Problem> {
    find(&face, &admin, &app).await?;
    let id = id.to_ascii_lowercase();
    let kept = KIND.read(&face, admin.realm.id, &format!("{app}.{id}")).await?.ok_or(Problem::NotFound)?;
    Ok(Json(json(&face, admin.realm.id, &app, &id, &kept)))
}

pub(crate) async fn delete(
    State(face): State<Face>,
    admin: Admin,
    OfApp(app): OfApp,
    Named(id): Named,
) -> Result<StatusCode, Problem> {
    find(&face, &admin, &app).await?;
    KIND.remove(&face, admin.realm.id, &format!("{app}.{}", id.to_ascii_lowercase())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes away what was kept of an application that is gone.
pub(crate) async fn forget(face: &Face, realm: RealmId, app: &ClientId) -> Result<(), Problem> {
    KIND.remove_under(face, realm, &format!("{app}.")).await
}

fn asked(input: &Input, now: Value) -> Result<Value, Problem> {
    let id = input.id_of("resource")?.ok_or(Problem::required("resource"))?;
    let one = resource(&id).ok_or(Problem::invalid("resource", "There is no such resource."))?;
    let wrong = || Problem::invalid("scopes", "A list of scopes of that resource is wanted.");
    let scopes = input.value("scopes").ok_or(Problem::required("scopes"))?.as_array().ok_or_else(wrong)?;
    let known = |scope: &Value| {
        let id = adieu_core::ids::parse_uuid(scope["id"].as_str()?).ok()?;
        one.scopes.iter().any(|(known, _)| *known == id).then(|| json!({"id": id.to_string()}))
    };
    let scopes: Option<Vec<Value>> = scopes.iter().map(known).collect();
    let scopes = scopes.filter(|scopes| !scopes.is_empty() && scopes.len() <= one.scopes.len());
    Ok(json!({"resource": {"id": one.id.to_string()}, "scopes": scopes.ok_or_else(wrong)?, "createdAt": now}))
}

fn href(face: &Face, realm: RealmId, app: &ClientId) -> String {
    format!("{}/applications/{app}/grants", base(face, realm))
}

fn json(face: &Face, realm: RealmId, app: &ClientId, id: &str, kept: &Value) -> Value {
    json!({
        "_links": {"self": {"href": format!("{}/{id}", href(face, realm, app))}},
        "id": id,
        "environment": {"id": realm.to_string()},
        "application": {"id": app.as_str()},
        "resource": kept["resource"],
        "scopes": kept["scopes"],
        "createdAt": kept["createdAt"],
        "updatedAt": kept["createdAt"],
    })
}
