//! PingOne: which scopes an application is granted.
//!
//! Scopes of OpenID Connect need no grant; those of this API are the client's only if they are granted here. The grant and the
//! client change together, in one commit. Contract pingone.md 4.3.

use std::future::ready;

use adieu_authority::{Client, ClientDraft, DocumentChange};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{PINGONE_API, resource};
use crate::extract::{Admin, Body, LastNamed, OfApp, Visitor};
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
            "createdAt": kept["createdAt"], "updatedAt": kept.get("updatedAt").unwrap_or(&kept["createdAt"]),
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
    visitor: Visitor,
    Body(input): Body,
) -> Result<Response, Problem> {
    let of = Of::found(&face, &admin, &app).await?;
    let kept = asked(&input, time(face.authority().now()))?;
    let (id, document) = GRANTS.draft(&of, &kept, ("resource", "resource")).await?;
    let scopes = &api_scopes(&kept);
    let origin = visitor.origin_of(admin.principal.actor());
    let granted = face.authority().change_client(of.realm, &app, origin, |mut client| {
        exchange(&mut client, &[], scopes);
        ready(Ok::<_, Problem>(ClientDraft { client, documents: vec![document.clone()] }))
    });
    granted.await?;
    Ok(GRANTS.made(&of, &id, &kept))
}

/// What was granted before and is not any more is taken from the client in the same commit.
pub(crate) async fn replace(
    State(face): State<Face>,
    admin: Admin,
    OfApp(app): OfApp,
    LastNamed(id): LastNamed,
    visitor: Visitor,
    Body(input): Body,
) -> Result<Json<Value>, Problem> {
    let of = &Of::found(&face, &admin, &app).await?;
    let now = time(face.authority().now());
    let (asked, id) = (&asked(&input, now.clone())?, id.as_str());
    let origin = visitor.origin_of(admin.principal.actor());
    let granted = face.authority().change_client(of.realm, &app, origin, |mut client| {
        let now = now.clone();
        async move {
            let before = GRANTS.kept(of, id).await?;
            let kept = followed(asked, &before, now);
            let documents = vec![GRANTS.redraft(of, id, &kept, ("resource", "resource")).await?];
            exchange(&mut client, &api_scopes(&before), &api_scopes(&kept));
            Ok::<_, Problem>(ClientDraft { client, documents })
        }
    });
    granted.await?;
    GRANTS.read(of, id).await
}

/// A grant in place of another: it is as old as that.
fn followed(asked: &Value, before: &Value, now: Value) -> Value {
    let mut kept = asked.clone();
    kept["createdAt"] = before["createdAt"].clone();
    kept["updatedAt"] = now;
    kept
}

/// Takes scopes from a client and gives it others.
fn exchange(client: &mut Client, taken: &[&str], given: &[&str]) {
    client.api_scopes.retain(|known| !taken.contains(&known.as_str()) && !given.contains(&known.as_str()));
    client.api_scopes.extend(given.iter().map(|scope| (*scope).to_owned()));
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
    visitor: Visitor,
) -> Result<StatusCode, Problem> {
    let (of, id) = (&Of::found(&face, &admin, &app).await?, id.as_str());
    let origin = visitor.origin_of(admin.principal.actor());
    let taken = face.authority().change_client(of.realm, &app, origin, |mut client| async move {
        let (document, kept) = GRANTS.stored(of, id).await?;
        exchange(&mut client, &api_scopes(&kept), &[]);
        Ok::<_, Problem>(ClientDraft { client, documents: vec![DocumentChange::Remove(document)] })
    });
    taken.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The scopes of this API that a grant is about.
fn api_scopes(kept: &Value) -> Vec<&'static str> {
    let of_api = kept["resource"]["id"].as_str().and_then(resource).filter(|one| one.kind == PINGONE_API);
    let named = |id: Uuid| {
        kept["scopes"].as_array().is_some_and(|all| all.iter().any(|one| one["id"] == id.to_string()))
    };
    let scopes = of_api.map_or(&[][..], |one| one.scopes);
    scopes.iter().filter(|(id, _)| named(*id)).map(|(_, name)| *name).collect()
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
