//! PingOne: applications, which are our clients.
//!
//! What rules read is the client's; the rest is kept beside it. Whoever administers clients only sees no secret of one
//! that may do more than they. Contract pingone.md 4.3.

pub(crate) mod find;
mod json;
pub(super) mod secret;
mod wire;

use adieu_authority::{ClientDraft, ClientId, DocumentChange, NewClient};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::Value;

use self::find::{KIND, find, outranks_client};
use super::collection::collection;
use super::kept::MOST;
use crate::extract::{Admin, Body, OfApp, Visitor};
use crate::face::Face;
use crate::problem::Problem;
use crate::session_json::base;

pub(super) async fn list(State(face): State<Face>, admin: Admin) -> Result<Json<Value>, Problem> {
    admin.must(|rights| rights.clients)?;
    let realm = admin.realm.id;
    let mut shown = Vec::new();
    for client in face.authority().clients(realm).await? {
        shown.push(json::application(&face, &client).await?);
    }
    Ok(Json(collection(&format!("{}/applications", base(&face, realm)), "applications", shown)))
}

pub(super) async fn read(
    State(face): State<Face>,
    admin: Admin,
    OfApp(id): OfApp,
) -> Result<Json<Value>, Problem> {
    let client = find(&face, &admin, &id).await?;
    Ok(Json(json::application(&face, &client).await?))
}

/// A worker has the roles of whoever makes it, unless it is not to. Contract pingone.md 3.3
pub(super) async fn create(
    State(face): State<Face>,
    admin: Admin,
    Body(input): Body,
) -> Result<Response, Problem> {
    admin.must(|rights| rights.clients)?;
    let (authority, realm) = (face.authority(), admin.realm.id);
    let said = wire::ApplicationInput::read(&input)?;
    let inherits = said.is_worker() && input.flag("assignActorRoles")?.unwrap_or(true);
    if authority.clients(realm).await?.len() >= MOST as usize {
        return Err(Problem::Constraint { target: "name", message: "There are as many as there may be." });
    }
    let id: ClientId = authority.draw_uuid().to_string().parse().expect("a UUID is a client id");
    let new = NewClient {
        id: id.clone(),
        name: String::new(),
        auth: said.auth(),
        code: false,
        refresh: false,
        client_credentials: false,
        pkce_required: false,
        api_scopes: vec![],
        redirect_uris: Vec::new(),
        post_logout_redirect_uris: Vec::new(),
        roles: if inherits { admin.principal.roles().to_vec() } else { Vec::new() },
    };
    let mut client = authority.draft_client(realm, new);
    said.apply(&mut client);
    let document = KIND.document(realm, id.as_str(), &said.rest());
    let documents = vec![DocumentChange::Put(document)];
    let client = authority.keep_new_client(ClientDraft { client, documents }).await?;
    Ok((StatusCode::CREATED, Json(json::application(&face, &client).await?)).into_response())
}

/// Absent members are cleared. The client and what is kept beside it change together, or neither does.
pub(super) async fn replace(
    State(face): State<Face>,
    admin: Admin,
    OfApp(id): OfApp,
    visitor: Visitor,
    Body(input): Body,
) -> Result<Json<Value>, Problem> {
    let before = find(&face, &admin, &id).await?;
    outranks_client(&face, &admin, &before).await?;
    let said = wire::ApplicationInput::read(&input)?;
    let document = KIND.document(admin.realm.id, id.as_str(), &said.rest());
    let (caller, realm, said) = ((&face, &admin), admin.realm.id, &said);
    let client = face.authority().change_client(
        realm,
        &id,
        visitor.origin_of(admin.principal.actor()),
        |mut client| {
            let documents = vec![DocumentChange::Put(document.clone())];
            async move {
                outranks_client(caller.0, caller.1, &client).await?;
                said.apply(&mut client);
                Ok::<_, Problem>(ClientDraft { client, documents })
            }
        },
    );
    Ok(Json(json::application(&face, &client.await?).await?))
}

/// Its tokens die with it, and what is kept beside it goes in the same commit; sessions live on.
pub(super) async fn delete(
    State(face): State<Face>,
    admin: Admin,
    OfApp(id): OfApp,
    visitor: Visitor,
) -> Result<StatusCode, Problem> {
    find(&face, &admin, &id).await?;
    let (realm, origin) = (admin.realm.id, visitor.origin_of(admin.principal.actor()));
    let (face, admin, id) = (&face, &admin, &id);
    let removed = face.authority().remove_client_if(realm, id, origin, |client| async move {
        outranks_client(face, admin, &client).await
    });
    removed.await?;
    Ok(StatusCode::NO_CONTENT)
}
