//! PingOne: which scopes an application is granted.
//!
//! Kept and shown; which scopes a token gets is decided by what is asked for and known. Contract pingone.md 4.3.

use adieu_authority::{ClientId, RealmId};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::resource;
use crate::extract::{Admin, Body, LastNamed, OfApp};
use crate::face::Face;
use crate::manage::input::Input;
use crate::manage::kept::DocumentKind;
use crate::manage::under_app::{Of, UnderApp};
use crate::problem::Problem;
use crate::session_json::time;

pub(in crate::manage) const KIND: DocumentKind = DocumentKind("pingone.application-grant");
const GRANTS: UnderApp = UnderApp {
    kind: KIND,
    name: "grants",
    members: |kept| {
        json!({
            "resource": kept["resource"], "scopes": kept["scopes"],
            "createdAt": kept["createdAt"], "updatedAt": kept["createdAt"],
        })
    },
};

pub(crate) async fn list(
    State(face): State<Face>,
    admin: Admin,
    OfApp(app): OfApp,
) -> Result<Json<Value>, Problem> {
    GRANTS.list(&Of::found(&face, &admin, &app).await?).await
}

pub(crate) async fn create(
    State(face): State<Face>,
    admin: Admin,
    OfApp(app): OfApp,
    Body(input): Body,
) -> Result<Response, Problem> {
    let of = Of::found(&face, &admin, &app).await?;
    let kept = asked(&input, time(face.authority().now()))?;
    GRANTS.add(&of, &kept, ("resource", "resource")).await
}

pub(crate) async fn read(
    State(face): State<Face>,
    admin: Admin,
    OfApp(app): OfApp,
    LastNamed(id): LastNamed,
) -> Result<Json<Value>, Problem> {
    GRANTS.read(&Of::found(&face, &admin, &app).await?, &id).await
}

pub(crate) async fn delete(
    State(face): State<Face>,
    admin: Admin,
    OfApp(app): OfApp,
    LastNamed(id): LastNamed,
) -> Result<StatusCode, Problem> {
    GRANTS.remove(&Of::found(&face, &admin, &app).await?, &id).await
}

/// Takes away what was kept of an application that is gone.
pub(crate) async fn forget(face: &Face, realm: RealmId, app: &ClientId) -> Result<(), Problem> {
    GRANTS.forget(face, realm, app).await
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
