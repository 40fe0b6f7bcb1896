//! PingOne: the actions of a sign-on policy. There is one kind: a name and a password.
//!
//! Whatever else would be done at a sign-on is refused rather than left undone. Contract pingone.md 4.4.

use std::future::ready;

use adieu_authority::{Document, RealmId};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use super::find;
use crate::extract::{Admin, Body, LastNamed, OfPolicy};
use crate::face::Face;
use crate::manage::collection::collection;
use crate::manage::input::Input;
use crate::manage::kept::DocumentKind;
use crate::manage::members;
use crate::problem::Problem;
use crate::session_json::base;

pub(in crate::manage) const KIND: DocumentKind = DocumentKind("pingone.sign-on-policy-action");

pub(crate) async fn list(
    State(face): State<Face>,
    admin: Admin,
    OfPolicy(policy): OfPolicy,
) -> Result<Json<Value>, Problem> {
    admin.must(|rights| rights.clients)?;
    find(&face, &admin, policy).await?;
    let (realm, policy) = (admin.realm.id, policy.to_string());
    let all = KIND.under(&face, realm, &format!("{policy}.")).await?;
    let shown = all.iter().map(|(id, kept)| json(&face, realm, &policy, id, kept)).collect();
    Ok(Json(collection(&href(&face, realm, &policy), "actions", shown)))
}

pub(crate) async fn create(
    State(face): State<Face>,
    admin: Admin,
    OfPolicy(policy): OfPolicy,
    Body(input): Body,
) -> Result<Response, Problem> {
    admin.must(|rights| rights.realm)?;
    find(&face, &admin, policy).await?;
    let (realm, policy) = (admin.realm.id, super::made(policy)?.to_string());
    let kept = asked(&input)?;
    let id = face.authority().draw_uuid().to_string();
    KIND.add(&face, realm, &format!("{policy}.{id}"), &kept).await?;
    Ok((StatusCode::CREATED, Json(json(&face, realm, &policy, &id, &kept))).into_response())
}

pub(crate) async fn read(
    State(face): State<Face>,
    admin: Admin,
    OfPolicy(policy): OfPolicy,
    LastNamed(id): LastNamed,
) -> Result<Json<Value>, Problem> {
    admin.must(|rights| rights.clients)?;
    let (realm, policy, id) = (admin.realm.id, policy.to_string(), id.to_ascii_lowercase());
    let kept = KIND.read(&face, realm, &format!("{policy}.{id}")).await?.ok_or(Problem::NotFound)?;
    Ok(Json(json(&face, realm, &policy, &id, &kept)))
}

pub(crate) async fn replace(
    State(face): State<Face>,
    admin: Admin,
    OfPolicy(policy): OfPolicy,
    LastNamed(id): LastNamed,
    Body(input): Body,
) -> Result<Json<Value>, Problem> {
    admin.must(|rights| rights.realm)?;
    let (realm, policy, id) = (admin.realm.id, super::made(policy)?.to_string(), id.to_ascii_lowercase());
    let document = format!("{policy}.{id}");
    KIND.read(&face, realm, &document).await?.ok_or(Problem::NotFound)?;
    let kept = asked(&input)?;
    let there = |before: Option<Value>| ready(before.map(|_| kept.clone()).ok_or(Problem::NotFound));
    KIND.change(&face, (realm, &document), there).await?;
    Ok(Json(json(&face, realm, &policy, &id, &kept)))
}

pub(crate) async fn delete(
    State(face): State<Face>,
    admin: Admin,
    OfPolicy(policy): OfPolicy,
    LastNamed(id): LastNamed,
) -> Result<StatusCode, Problem> {
    admin.must(|rights| rights.realm)?;
    KIND.remove(&face, admin.realm.id, &format!("{policy}.{}", id.to_ascii_lowercase())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is kept of a policy: it goes with it.
pub(super) async fn stored(face: &Face, realm: RealmId, policy: &str) -> Result<Vec<Document>, Problem> {
    let (prefix, mut stored) = (format!("{policy}."), Vec::new());
    for (id, _) in KIND.under(face, realm, &prefix).await? {
        stored.push(KIND.stored(face, (realm, &format!("{prefix}{id}"))).await?.0);
    }
    Ok(stored)
}

fn asked(input: &Input) -> Result<Value, Problem> {
    if input.required("type")? != "LOGIN" {
        return Err(Problem::invalid("type", "Only `LOGIN` is supported."));
    }
    let priority = priority(input)?;
    members::refuse(input, members::ACTION)?;
    let off = json!({"enabled": false});
    Ok(json!({"type": "LOGIN", "priority": priority, "registration": off, "recovery": off}))
}

/// The order in which actions and policies come.
pub(super) fn priority(input: &Input) -> Result<u64, Problem> {
    let priority = input.value("priority").ok_or(Problem::required("priority"))?.as_u64();
    priority.filter(|n| (1..=1000).contains(n)).ok_or(Problem::invalid("priority", "1 to 1000 is wanted."))
}

fn href(face: &Face, realm: RealmId, policy: &str) -> String {
    format!("{}/signOnPolicies/{policy}/actions", base(face, realm))
}

fn json(face: &Face, realm: RealmId, policy: &str, id: &str, kept: &Value) -> Value {
    json!({
        "_links": {"self": {"href": format!("{}/{id}", href(face, realm, policy))}},
        "id": id,
        "environment": {"id": realm.to_string()},
        "signOnPolicy": {"id": policy},
        "type": kept["type"],
        "priority": kept["priority"],
        "registration": kept["registration"],
        "recovery": kept["recovery"],
    })
}
