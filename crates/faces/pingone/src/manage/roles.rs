//! PingOne: the built-in roles, by the same ids in every installation.
//!
//! All that the vendor names are listed, because programs look for them by name; those that mean nothing here cannot be
//! given to anybody. Contract pingone.md 3.1 and 3.2.

use adieu_authority::Role;
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use uuid::{Uuid, uuid};

use super::collection::collection;
use crate::extract::{Caller, LastNamed};
use crate::face::Face;
use crate::problem::Problem;

/// A role as the vendor names it, and what it is here, if it is anything.
pub(super) struct BuiltIn {
    pub(super) id: Uuid,
    name: &'static str,
    description: &'static str,
    scopes: &'static [&'static str],
    pub(super) role: Option<Role>,
}

const ALL: [BuiltIn; 9] = [
    BuiltIn {
        id: uuid!("5a1f0d3e-8c47-4b62-9e10-7d2c6b3a4f01"),
        name: "Identity Data Admin",
        description: "Reads and changes users, and reads and ends their sessions.",
        scopes: &["ENVIRONMENT", "POPULATION"],
        role: Some(Role::IdentityDataAdmin),
    },
    BuiltIn {
        id: uuid!("5a1f0d3e-8c47-4b62-9e10-7d2c6b3a4f02"),
        name: "Identity Data Read Only",
        description: "Reads users and their sessions.",
        scopes: &["ENVIRONMENT", "POPULATION"],
        role: Some(Role::IdentityDataReader),
    },
    BuiltIn {
        id: uuid!("5a1f0d3e-8c47-4b62-9e10-7d2c6b3a4f03"),
        name: "Environment Admin",
        description: "Changes what an environment is made of and gives roles.",
        scopes: &["ENVIRONMENT"],
        role: Some(Role::RealmAdmin),
    },
    BuiltIn {
        id: uuid!("5a1f0d3e-8c47-4b62-9e10-7d2c6b3a4f04"),
        name: "Client Application Developer",
        description: "Changes the applications of an environment.",
        scopes: &["ENVIRONMENT"],
        role: Some(Role::ClientAdmin),
    },
    unknown(uuid!("5a1f0d3e-8c47-4b62-9e10-7d2c6b3a4f05"), "Organization Admin"),
    unknown(uuid!("5a1f0d3e-8c47-4b62-9e10-7d2c6b3a4f06"), "Application Owner"),
    unknown(uuid!("5a1f0d3e-8c47-4b62-9e10-7d2c6b3a4f07"), "Configuration Read Only"),
    unknown(uuid!("5a1f0d3e-8c47-4b62-9e10-7d2c6b3a4f08"), "Help Desk Admin"),
    unknown(uuid!("5a1f0d3e-8c47-4b62-9e10-7d2c6b3a4f09"), "Custom Roles Admin"),
];

const fn unknown(id: Uuid, name: &'static str) -> BuiltIn {
    BuiltIn { id, name, description: "Has no meaning in this installation.", scopes: &[], role: None }
}

/// The role of an id.
pub(super) fn built_in(id: Uuid) -> Option<&'static BuiltIn> {
    const LIST: &[BuiltIn] = &ALL;
    LIST.iter().find(|one| one.id == id)
}

/// The id of a role.
pub(super) fn id_of(role: Role) -> Uuid {
    ALL.iter().find(|one| one.role == Some(role)).map_or(Uuid::nil(), |one| one.id)
}

pub(super) async fn list(State(face): State<Face>, _: Caller) -> Json<Value> {
    let href = format!("{}/v1/roles", face.settings().api_base);
    Json(collection(&href, "roles", ALL.iter().map(|one| json(&face, one)).collect()))
}

pub(super) async fn read(
    State(face): State<Face>,
    _: Caller,
    LastNamed(id): LastNamed,
) -> Result<Json<Value>, Problem> {
    let id = adieu_core::ids::parse_uuid(&id).map_err(|_| Problem::NotFound)?;
    Ok(Json(json(&face, built_in(id).ok_or(Problem::NotFound)?)))
}

fn json(face: &Face, one: &BuiltIn) -> Value {
    let permissions: Vec<Value> = permissions(one.role).iter().map(|id| json!({"id": id})).collect();
    json!({
        "_links": {"self": {"href": format!("{}/v1/roles/{}", face.settings().api_base, one.id)}},
        "id": one.id.to_string(),
        "name": one.name,
        "description": one.description,
        "applicableTo": one.scopes,
        "permissions": permissions,
    })
}

/// The permissions that are published for sessions and their setting. Contract pingone.md 2.6 and 3.1
fn permissions(role: Option<Role>) -> &'static [&'static str] {
    match role {
        Some(Role::IdentityDataAdmin) => {
            &["authn:read:sessions", "authn:delete:sessions", "authn:update:sessions"]
        }
        Some(Role::IdentityDataReader) => &["authn:read:sessions"],
        Some(Role::RealmAdmin) => &["authn:update:ssoCookieSettings"],
        Some(Role::ClientAdmin) | None => &[],
    }
}
