//! PingOne: environments, which are our realms.
//!
//! A realm's path comes of the environment's name; what else an environment is said to be is kept beside it. Contract
//! pingone.md 4.2.

use adieu_authority::{Realm, RealmId, Rights};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use super::collection::collection;
use super::input::Input;
use super::kept::{DocumentKind, MOST};
use super::members;
use crate::extract::{Admin, Body, Caller};
use crate::face::Face;
use crate::problem::Problem;
use crate::session_json::{base, time};

pub(in crate::manage) const KIND: DocumentKind = DocumentKind("pingone.environment");
/// The organization of every installation: there is one.
const ORGANIZATION: &str = "0c3d7a52-6d1b-4a7e-8f41-2b9e5c6a1d00";
/// Its licence: there is none, and programs want an id.
const LICENSE: &str = "0c3d7a52-6d1b-4a7e-8f41-2b9e5c6a1d01";
const TYPES: [&str; 2] = ["PRODUCTION", "SANDBOX"];
const REGIONS: [&str; 6] = ["NA", "EU", "AP", "AU", "CA", "SG"];

/// The environments in which the caller has rights.
pub(super) async fn list(State(face): State<Face>, Caller(caller): Caller) -> Result<Json<Value>, Problem> {
    let mut shown = Vec::new();
    for realm in face.authority().realms().await? {
        if !face.authority().rights(caller.roles(), realm.id).await?.are_none() {
            shown.push(json(&face, &realm).await?);
        }
    }
    let href = format!("{}/v1/environments", face.settings().api_base);
    Ok(Json(collection(&href, "environments", shown)))
}

pub(super) async fn read(State(face): State<Face>, admin: Admin) -> Result<Json<Value>, Problem> {
    admin.must(|rights| !rights.are_none())?;
    Ok(Json(json(&face, &admin.realm).await?))
}

/// Only whoever administers the installation makes environments.
pub(super) async fn create(
    State(face): State<Face>,
    Caller(caller): Caller,
    Body(input): Body,
) -> Result<Response, Problem> {
    let authority = face.authority();
    let root = authority.root_realm().await?.ok_or(Problem::Forbidden)?;
    let Rights { realm: true, .. } = authority.rights(caller.roles(), root.id).await? else {
        return Err(Problem::Forbidden);
    };
    let said = asked(&input)?;
    let realms = authority.realms().await?;
    if realms.len() >= MOST as usize {
        return Err(Problem::Constraint { target: "name", message: "There are as many as there may be." });
    }
    let id = RealmId::from_uuid(authority.draw_uuid());
    let path = path(input.required("name")?, id);
    let realm = authority.create_realm_keeping(id, &path, KIND.document(id, "self", &said)).await?;
    Ok((StatusCode::CREATED, Json(json(&face, &realm).await?)).into_response())
}

/// What an environment is said to be. Its realm keeps the path, by which other dialects know it, and its region.
pub(super) async fn replace(
    State(face): State<Face>,
    admin: Admin,
    Body(input): Body,
) -> Result<Json<Value>, Problem> {
    admin.must(|rights| rights.realm)?;
    let (face, realm) = (&face, admin.realm.as_ref());
    let next = &asked(&input)?;
    if next["name"] != said(face, realm).await?["name"] {
        is_free(face, realm, &next["name"]).await?;
    }
    let kept = |_| async move {
        if next["region"] != said(face, realm).await?["region"] {
            return Err(Problem::invalid("region", "The region of an environment stays."));
        }
        Ok(next.clone())
    };
    KIND.change(face, (realm.id, "self"), kept).await?;
    Ok(Json(json(face, realm).await?))
}

/// Whether no other environment is called so.
async fn is_free(face: &Face, own: &Realm, name: &Value) -> Result<(), Problem> {
    for other in face.authority().realms().await?.iter().filter(|other| other.id != own.id) {
        if said(face, other).await?["name"] == *name {
            return Err(Problem::taken("name"));
        }
    }
    Ok(())
}

fn asked(input: &Input) -> Result<Value, Problem> {
    members::refuse(input, members::ENVIRONMENT)?;
    let name = input.required("name")?;
    let kind = one_of(input.required("type")?, "type", &TYPES)?;
    let region = one_of(input.required("region")?, "region", &REGIONS)?;
    let license = input.id_of("license")?.ok_or(Problem::required("license"))?;
    Ok(json!({
        "name": name, "type": kind, "region": region, "license": {"id": license},
        "description": input.text("description")?, "icon": input.text("icon")?,
    }))
}

fn one_of<'a>(text: &'a str, target: &'static str, words: &[&str]) -> Result<&'a str, Problem> {
    if words.contains(&text) { Ok(text) } else { Err(Problem::invalid(target, "The word is not known.")) }
}

/// The path by which other dialects know the realm: the name in small letters, or the id if nothing is left of it.
fn path(name: &str, id: RealmId) -> String {
    let mut path = String::from("/");
    for c in name.chars().take(64) {
        match c {
            c if c.is_ascii_alphanumeric() => path.push(c.to_ascii_lowercase()),
            _ if path.ends_with(['/', '-']) => {}
            _ => path.push('-'),
        }
    }
    let path = path.trim_end_matches('-');
    if path == "/" { format!("/{id}") } else { path.to_owned() }
}

/// What is said of an environment beside its realm.
async fn said(face: &Face, realm: &Realm) -> Result<Value, Problem> {
    let kept = KIND.read(face, realm.id, "self").await?;
    Ok(kept.unwrap_or_else(|| {
        let name = realm.path.trim_start_matches('/');
        let name = if name.is_empty() { "Administrators" } else { name };
        json!({"name": name, "type": "PRODUCTION", "region": "EU", "license": {"id": LICENSE}})
    }))
}

async fn json(face: &Face, realm: &Realm) -> Result<Value, Problem> {
    let said = said(face, realm).await?;
    let at = time(realm.created_at);
    let mut shown = json!({
        "_links": {"self": {"href": base(face, realm.id)}},
        "id": realm.id.to_string(),
        "name": said["name"], "type": said["type"], "region": said["region"], "license": said["license"],
        "organization": {"id": ORGANIZATION},
        "status": "ACTIVE",
        "createdAt": at, "updatedAt": at,
    });
    for name in ["description", "icon"] {
        if said[name].is_string() {
            shown[name] = said[name].clone();
        }
    }
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_made_of_the_name() {
        let id: RealmId = "6f0d8a51-3c1e-4b7a-9d52-8e2b4f7c1a90".parse().expect("an id");
        assert_eq!(path("My  Shop (EU)!", id), "/my-shop-eu");
        assert_eq!(path("../..", id), format!("/{id}"));
        assert_eq!(path("ü", id), format!("/{id}"));
    }
}
