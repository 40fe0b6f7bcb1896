//! PingOne: which sign-on policies an application has. The first by priority names its sign-ons.
//!
//! Contract pingone.md 4.4.

use adieu_authority::{Client, ClientId, RealmId};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use super::actions::priority;
use super::name;
use crate::Face;
use crate::extract::{Admin, Body, Named, OfApp};
use crate::manage::applications::find;
use crate::manage::collection;
use crate::manage::kept::Kind;
use crate::problem::Problem;
use crate::session_json::{POLICY, base};

const KIND: Kind = Kind("pingone.sign-on-policy-assignment");

pub(crate) async fn list(
    State(face): State<Face>,
    admin: Admin,
    OfApp(app): OfApp,
) -> Result<Json<Value>, Problem> {
    find(&face, &admin, &app).await?;
    let realm = admin.realm.id;
    let all = KIND.under(&face, realm, &format!("{app}.")).await?;
    let shown = all.iter().map(|(id, kept)| json(&face, realm, &app, id, kept)).collect();
    Ok(Json(collection(&href(&face, realm, &app), "signOnPolicyAssignments", shown)))
}

pub(crate) async fn create(
    State(face): State<Face>,
    admin: Admin,
    OfApp(app): OfApp,
    Body(input): Body,
) -> Result<Response, Problem> {
    find(&face, &admin, &app).await?;
    let realm = admin.realm.id;
    let policy = input.uuid_of("signOnPolicy")?;
    if name(&face, realm, &policy.to_string()).await?.is_none() {
        return Err(Problem::invalid("signOnPolicy", "There is no such policy."));
    }
    let kept = json!({"policy": policy.to_string(), "priority": priority(&input)?});
    let others = KIND.under(&face, realm, &format!("{app}.")).await?;
    if others.iter().any(|(_, other)| other["policy"] == kept["policy"]) {
        return Err(Problem::taken("signOnPolicy"));
    }
    let id = face.authority().draw_uuid().to_string();
    KIND.add(&face, realm, &format!("{app}.{id}"), &kept).await?;
    name_sign_ons(&face, realm, &app).await?;
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
    name_sign_ons(&face, admin.realm.id, &app).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes away what was kept of an application that is gone.
pub(crate) async fn forget(face: &Face, realm: RealmId, app: &ClientId) -> Result<(), Problem> {
    KIND.remove_under(face, realm, &format!("{app}.")).await
}

/// Whether an application has this policy.
pub(super) async fn uses(face: &Face, realm: RealmId, policy: &str) -> Result<bool, Problem> {
    Ok(KIND.all(face, realm).await?.iter().any(|(_, kept)| kept["policy"] == policy))
}

/// The policy has another name: so have the sign-ons of its applications.
pub(super) async fn renamed(face: &Face, realm: RealmId, policy: &str) -> Result<(), Problem> {
    for (id, kept) in KIND.all(face, realm).await? {
        let app = id.rsplit_once('.').and_then(|(app, _)| app.parse().ok());
        if let (true, Some(app)) = (kept["policy"] == policy, app) {
            name_sign_ons(face, realm, &app).await?;
        }
    }
    Ok(())
}

/// Writes into the client how its sign-ons are named.
async fn name_sign_ons(face: &Face, realm: RealmId, app: &ClientId) -> Result<(), Problem> {
    let all = KIND.under(face, realm, &format!("{app}.")).await?;
    let first = all.iter().min_by_key(|(_, kept)| kept["priority"].as_u64());
    let acr = match first.and_then(|(_, kept)| kept["policy"].as_str()) {
        Some(policy) if policy != POLICY => name(face, realm, policy).await?,
        Some(_) | None => None,
    };
    face.authority().edit_client(realm, app, |client: &mut Client| client.acr = acr).await?;
    Ok(())
}

fn href(face: &Face, realm: RealmId, app: &ClientId) -> String {
    format!("{}/applications/{app}/signOnPolicyAssignments", base(face, realm))
}

fn json(face: &Face, realm: RealmId, app: &ClientId, id: &str, kept: &Value) -> Value {
    json!({
        "_links": {"self": {"href": format!("{}/{id}", href(face, realm, app))}},
        "id": id,
        "environment": {"id": realm.to_string()},
        "application": {"id": app.as_str()},
        "signOnPolicy": {"id": kept["policy"]},
        "priority": kept["priority"],
    })
}
