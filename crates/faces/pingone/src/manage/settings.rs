//! PingOne: how long browsers keep the session cookies of an environment.
//!
//! Contract pingone.md 2.6: P-63.

use adieu_authority::RealmId;
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::kept::DocumentKind;
use crate::extract::{Admin, Body};
use crate::face::Face;
use crate::problem::Problem;
use crate::session_json::base;

pub(in crate::manage) const KIND: DocumentKind = DocumentKind("pingone.sso-cookie-settings");
const MEMBER: &str = "useNonPersistentSessionTokenCookie";

pub(super) async fn read(State(face): State<Face>, admin: Admin) -> Result<Json<Value>, Problem> {
    admin.must(|rights| rights.realm)?;
    Ok(Json(json(&face, admin.realm.id, !is_persistent(&face, admin.realm.id).await?)))
}

pub(super) async fn write(
    State(face): State<Face>,
    admin: Admin,
    Body(input): Body,
) -> Result<Json<Value>, Problem> {
    admin.must(|rights| rights.realm)?;
    let fleeting = input.flag(MEMBER)?.ok_or(Problem::required(MEMBER))?;
    KIND.put(&face, admin.realm.id, "self", &json!({MEMBER: fleeting})).await?;
    Ok(Json(json(&face, admin.realm.id, fleeting)))
}

/// Whether the cookies of this environment outlive the browser.
pub(crate) async fn is_persistent(face: &Face, realm: RealmId) -> Result<bool, Problem> {
    let kept = KIND.read(face, realm, "self").await?;
    Ok(!kept.is_some_and(|kept| kept[MEMBER] == true))
}

fn json(face: &Face, realm: RealmId, fleeting: bool) -> Value {
    let href = format!("{}/ssoCookieSettings", base(face, realm));
    json!({"_links": {"self": {"href": href}}, "environment": {"id": realm.to_string()}, MEMBER: fleeting})
}
