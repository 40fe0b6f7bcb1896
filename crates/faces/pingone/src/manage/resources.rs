//! PingOne: resources and their scopes, the same in every installation.
//!
//! Two exist: OpenID Connect, whose scopes need no grant, and this API, whose do. Contract pingone.md 2.5 and 4.3.

pub(super) mod grants;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use uuid::{Uuid, uuid};

use super::collection::collection;
use crate::extract::{Admin, LastNamed};
use crate::face::{DELETE_SESSIONS, Face, READ_SESSIONS};
use crate::problem::Problem;
use crate::session_json::{base, time};

/// The type of the resource that is this API.
const PINGONE_API: &str = "PINGONE_API";

struct Resource {
    id: Uuid,
    name: &'static str,
    kind: &'static str,
    scopes: &'static [(Uuid, &'static str)],
}

static ALL: [Resource; 2] = [
    Resource {
        id: uuid!("8d2e4c61-0f5a-4e3b-a7c9-1b6d3f2e5a10"),
        name: "openid",
        kind: "OPENID_CONNECT",
        scopes: &[
            (uuid!("8d2e4c61-0f5a-4e3b-a7c9-1b6d3f2e5a11"), "openid"),
            (uuid!("8d2e4c61-0f5a-4e3b-a7c9-1b6d3f2e5a12"), "profile"),
            (uuid!("8d2e4c61-0f5a-4e3b-a7c9-1b6d3f2e5a13"), "email"),
            (uuid!("8d2e4c61-0f5a-4e3b-a7c9-1b6d3f2e5a14"), "address"),
            (uuid!("8d2e4c61-0f5a-4e3b-a7c9-1b6d3f2e5a15"), "phone"),
        ],
    },
    Resource {
        id: uuid!("8d2e4c61-0f5a-4e3b-a7c9-1b6d3f2e5a20"),
        name: "PingOne API",
        kind: PINGONE_API,
        scopes: &[
            (uuid!("8d2e4c61-0f5a-4e3b-a7c9-1b6d3f2e5a21"), READ_SESSIONS),
            (uuid!("8d2e4c61-0f5a-4e3b-a7c9-1b6d3f2e5a22"), DELETE_SESSIONS),
        ],
    },
];

fn resource(id: &str) -> Option<&'static Resource> {
    let id = adieu_core::ids::parse_uuid(id).ok()?;
    ALL.iter().find(|one| one.id == id)
}

pub(super) async fn list(State(face): State<Face>, admin: Admin) -> Result<Json<Value>, Problem> {
    admin.must(|rights| rights.clients)?;
    let href = format!("{}/resources", base(&face, admin.realm.id));
    Ok(Json(collection(&href, "resources", ALL.iter().map(|one| json(&face, &admin, one)).collect())))
}

pub(super) async fn read(
    State(face): State<Face>,
    admin: Admin,
    LastNamed(id): LastNamed,
) -> Result<Json<Value>, Problem> {
    admin.must(|rights| rights.clients)?;
    Ok(Json(json(&face, &admin, resource(&id).ok_or(Problem::NotFound)?)))
}

pub(super) async fn scopes(
    State(face): State<Face>,
    admin: Admin,
    LastNamed(id): LastNamed,
) -> Result<Json<Value>, Problem> {
    admin.must(|rights| rights.clients)?;
    let one = resource(&id).ok_or(Problem::NotFound)?;
    let href = format!("{}/resources/{}/scopes", base(&face, admin.realm.id), one.id);
    let scope = |(id, name): &(Uuid, &str)| {
        json!({
            "_links": {"self": {"href": format!("{href}/{id}")}},
            "id": id.to_string(),
            "environment": {"id": admin.realm.id.to_string()},
            "resource": {"id": one.id.to_string()},
            "name": name,
        })
    };
    Ok(Json(collection(&href, "scopes", one.scopes.iter().map(scope).collect())))
}

fn json(face: &Face, admin: &Admin, one: &Resource) -> Value {
    let href = format!("{}/resources/{}", base(face, admin.realm.id), one.id);
    let audience = if one.kind == PINGONE_API { face.settings().api_base.as_str() } else { one.name };
    json!({
        "_links": {"self": {"href": href}, "scopes": {"href": format!("{href}/scopes")}},
        "id": one.id.to_string(),
        "environment": {"id": admin.realm.id.to_string()},
        "name": one.name,
        "type": one.kind,
        "audience": audience,
        "createdAt": time(admin.realm.created_at),
        "updatedAt": time(admin.realm.created_at),
    })
}
