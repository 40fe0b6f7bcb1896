//! PingOne: sign-on policies. One is there in every environment: a name and a password; others are names for the same.
//!
//! The name of an application's policy stands in its tokens as `acr`. Contract pingone.md 4.4.

pub(super) mod actions;
pub(super) mod assignments;

use adieu_authority::{ClientsDraft, DocumentChange, RealmId};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::collection::collection;
use super::input::Input;
use super::kept::{DocumentKind, edited};
use crate::extract::{Admin, Body, OfPolicy, Visitor};
use crate::face::Face;
use crate::problem::Problem;
use crate::session_json::{POLICY, base, time};

pub(in crate::manage) const KIND: DocumentKind = DocumentKind("pingone.sign-on-policy");
/// The policy that there is without anybody making it.
const BUILT_IN: &str = "Single_Factor";

pub(super) async fn list(State(face): State<Face>, admin: Admin) -> Result<Json<Value>, Problem> {
    admin.must(|rights| rights.clients)?;
    let realm = admin.realm.id;
    let mut shown = vec![json(&face, realm, POLICY, &built_in(&admin))];
    shown.extend(KIND.all(&face, realm).await?.iter().map(|(id, kept)| json(&face, realm, id, kept)));
    Ok(Json(collection(&format!("{}/signOnPolicies", base(&face, realm)), "signOnPolicies", shown)))
}

pub(super) async fn read(
    State(face): State<Face>,
    admin: Admin,
    OfPolicy(id): OfPolicy,
) -> Result<Json<Value>, Problem> {
    admin.must(|rights| rights.clients)?;
    let kept = find(&face, &admin, id).await?;
    Ok(Json(json(&face, admin.realm.id, &id.to_string(), &kept)))
}

pub(super) async fn create(
    State(face): State<Face>,
    admin: Admin,
    Body(input): Body,
) -> Result<Response, Problem> {
    admin.must(|rights| rights.realm)?;
    let realm = admin.realm.id;
    let id = face.authority().draw_uuid().to_string();
    let kept = asked(&face, realm, &input, &id, None).await?;
    KIND.add(&face, realm, &id, &kept).await?;
    Ok((StatusCode::CREATED, Json(json(&face, realm, &id, &kept))).into_response())
}

pub(super) async fn replace(
    State(face): State<Face>,
    admin: Admin,
    OfPolicy(id): OfPolicy,
    visitor: Visitor,
    Body(input): Body,
) -> Result<Json<Value>, Problem> {
    admin.must(|rights| rights.realm)?;
    let (realm, id) = (admin.realm.id, made(id)?.to_string());
    let (face_, input, name) = (&face, &input, id.as_str());
    let origin = visitor.origin_of(admin.principal.actor());
    let changed = face.authority().change_clients(realm, origin, || async move {
        let (document, before) = KIND.stored(face_, (realm, name)).await?;
        let kept = asked(face_, realm, input, name, Some(&before)).await?;
        let clients = match kept["name"].as_str().filter(|_| before["name"] != kept["name"]) {
            Some(renamed) => assignments::renamed(face_, realm, name, renamed).await?,
            None => Vec::new(),
        };
        Ok::<_, Problem>(ClientsDraft { clients, documents: vec![edited(document, &kept)] })
    });
    changed.await?;
    let kept = KIND.read(&face, realm, &id).await?.ok_or(Problem::NotFound)?;
    Ok(Json(json(&face, realm, &id, &kept)))
}

pub(super) async fn delete(
    State(face): State<Face>,
    admin: Admin,
    OfPolicy(id): OfPolicy,
    visitor: Visitor,
) -> Result<StatusCode, Problem> {
    admin.must(|rights| rights.realm)?;
    let (realm, id) = (admin.realm.id, made(id)?.to_string());
    let (face, id) = (&face, id.as_str());
    let origin = visitor.origin_of(admin.principal.actor());
    let removed = face.authority().change_clients(realm, origin, || async move {
        if assignments::uses(face, realm, id).await? {
            return Err(Problem::Constraint {
                target: "id",
                message: "Applications still have this policy.",
            });
        }
        let mut documents = actions::stored(face, realm, id).await?;
        documents.push(KIND.stored(face, (realm, id)).await?.0);
        let documents = documents.into_iter().map(DocumentChange::Remove).collect();
        Ok(ClientsDraft { clients: Vec::new(), documents })
    });
    removed.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A policy by its id, with the words that are kept of it.
async fn find(face: &Face, admin: &Admin, id: Uuid) -> Result<Value, Problem> {
    if id.to_string() == POLICY {
        return Ok(built_in(admin));
    }
    KIND.read(face, admin.realm.id, &id.to_string()).await?.ok_or(Problem::NotFound)
}

/// The name of a policy.
async fn name(face: &Face, realm: RealmId, id: &str) -> Result<Option<String>, Problem> {
    if id == POLICY {
        return Ok(Some(BUILT_IN.to_owned()));
    }
    let kept = KIND.read(face, realm, id).await?;
    Ok(kept.and_then(|kept| kept["name"].as_str().map(str::to_owned)))
}

/// One that somebody made.
fn made(id: Uuid) -> Result<Uuid, Problem> {
    if id.to_string() == POLICY {
        return Err(Problem::Constraint { target: "id", message: "The built-in policy stays as it is." });
    }
    Ok(id)
}

async fn asked(
    face: &Face,
    realm: RealmId,
    input: &Input,
    id: &str,
    before: Option<&Value>,
) -> Result<Value, Problem> {
    let name = input.required("name")?;
    if name.chars().count() > 256 {
        return Err(Problem::invalid("name", "A name has at most 256 characters."));
    }
    if input.flag("default")? == Some(true) {
        return Err(Problem::invalid("default", "The default policy cannot be changed."));
    }
    let others = KIND.all(face, realm).await?;
    if name == BUILT_IN || others.iter().any(|(other, kept)| other != id && kept["name"] == name) {
        return Err(Problem::taken("name"));
    }
    let now = time(face.authority().now());
    let created = before.map_or_else(|| now.clone(), |before| before["createdAt"].clone());
    Ok(json!({
        "name": name, "description": input.text("description")?, "default": false,
        "createdAt": created, "updatedAt": now,
    }))
}

fn built_in(admin: &Admin) -> Value {
    let at = time(admin.realm.created_at);
    json!({"name": BUILT_IN, "description": null, "default": true, "createdAt": at, "updatedAt": at})
}

fn json(face: &Face, realm: RealmId, id: &str, kept: &Value) -> Value {
    let href = format!("{}/signOnPolicies/{id}", base(face, realm));
    let mut shown = json!({
        "_links": {"self": {"href": href}, "actions": {"href": format!("{href}/actions")}},
        "id": id,
        "environment": {"id": realm.to_string()},
    });
    for name in ["name", "description", "default", "createdAt", "updatedAt"] {
        if !kept[name].is_null() {
            shown[name] = kept[name].clone();
        }
    }
    shown
}
