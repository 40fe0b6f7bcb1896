//! PingOne: populations. The oldest of an environment is its default, and stays.
//!
//! Whoever is limited to populations sees those, and no other is known to them. Contract pingone.md 4.2.

use std::future::ready;

use adieu_authority::{Population, PopulationId};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use super::collection::collection;
use super::input::Input;
use super::kept::MOST;
use super::members;
use crate::extract::{Admin, Body, LastNamed};
use crate::face::Face;
use crate::problem::Problem;
use crate::session_json::{base, time};

pub(super) async fn list(State(face): State<Face>, admin: Admin) -> Result<Json<Value>, Problem> {
    admin.must(|rights| !rights.are_none())?;
    let all = face.authority().populations(admin.realm.id).await?;
    let mut shown = Vec::new();
    for (n, population) in all.iter().enumerate().filter(|(_, one)| is_seen(&admin, one.id)) {
        shown.push(json(&face, population, n == 0).await?);
    }
    let href = format!("{}/populations", base(&face, admin.realm.id));
    Ok(Json(collection(&href, "populations", shown)))
}

pub(super) async fn read(
    State(face): State<Face>,
    admin: Admin,
    LastNamed(id): LastNamed,
) -> Result<Json<Value>, Problem> {
    admin.must(|rights| !rights.are_none())?;
    let (population, default) = find(&face, &admin, &id).await?;
    Ok(Json(json(&face, &population, default).await?))
}

pub(super) async fn create(
    State(face): State<Face>,
    admin: Admin,
    Body(input): Body,
) -> Result<Response, Problem> {
    admin.must(|rights| rights.realm)?;
    let name = input.required("name")?;
    members::refuse(&input, members::POPULATION)?;
    stays_default(&input, false)?;
    let description = input.text("description")?.map(str::to_owned);
    let authority = face.authority();
    let all = authority.populations(admin.realm.id).await?;
    if all.iter().any(|one| one.name == name) {
        return Err(Problem::taken("name"));
    }
    if all.len() >= MOST as usize {
        return Err(Problem::Constraint { target: "name", message: "There are as many as there may be." });
    }
    let id = PopulationId::from_uuid(authority.draw_uuid());
    let population = authority.create_population_as(id, admin.realm.id, name, description).await?;
    let shown = json(&face, &population, all.is_empty()).await?;
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}

pub(super) async fn replace(
    State(face): State<Face>,
    admin: Admin,
    LastNamed(id): LastNamed,
    Body(input): Body,
) -> Result<Json<Value>, Problem> {
    admin.must(|rights| rights.realm)?;
    let (population, default) = find(&face, &admin, &id).await?;
    let name = input.required("name")?.to_owned();
    members::refuse(&input, members::POPULATION)?;
    stays_default(&input, default)?;
    let description = input.text("description")?.map(str::to_owned);
    let others = face.authority().populations(admin.realm.id).await?;
    if others.iter().any(|one| one.name == name && one.id != population.id) {
        return Err(Problem::taken("name"));
    }
    let population = face.authority().change_population(population.id, |population| {
        let (name, description) = (name.clone(), description.clone());
        ready(Ok::<_, Problem>(Population { name, description, ..population }))
    });
    let population = population.await?;
    Ok(Json(json(&face, &population, default).await?))
}

pub(super) async fn delete(
    State(face): State<Face>,
    admin: Admin,
    LastNamed(id): LastNamed,
) -> Result<StatusCode, Problem> {
    admin.must(|rights| rights.realm)?;
    let (population, default) = find(&face, &admin, &id).await?;
    if default {
        let message = "The default population cannot be deleted.";
        return Err(Problem::Constraint { target: "id", message });
    }
    face.authority().remove_population(population.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which population is the default is not for a request to say. F-12
fn stays_default(input: &Input, default: bool) -> Result<(), Problem> {
    match input.flag("default")? {
        Some(said) if said != default => {
            Err(Problem::invalid("default", "The default population cannot be changed."))
        }
        Some(_) | None => Ok(()),
    }
}

/// Whether the caller may know of that population.
fn is_seen(admin: &Admin, id: PopulationId) -> bool {
    admin.rights.realm || admin.rights.clients || admin.rights.reading.reaches(id)
}

/// The population and whether it is the default one.
async fn find(face: &Face, admin: &Admin, id: &str) -> Result<(Population, bool), Problem> {
    let all = face.authority().populations(admin.realm.id).await?;
    let id: Option<PopulationId> = id.parse().ok();
    let found = all.into_iter().enumerate().find(|(_, one)| Some(one.id) == id);
    let seen_all = admin.rights.realm || admin.rights.reading == adieu_authority::Standing::OfRealm;
    match found {
        Some((n, population)) if is_seen(admin, population.id) => Ok((population, n == 0)),
        None if seen_all => Err(Problem::NotFound),
        Some(_) | None => Err(Problem::Forbidden), // No oracle. Contract pingone.md 3.5
    }
}

async fn json(face: &Face, population: &Population, default: bool) -> Result<Value, Problem> {
    let base = base(face, population.realm);
    let mut shown = json!({
        "_links": {
            "self": {"href": format!("{base}/populations/{}", population.id)},
            "environment": {"href": base},
        },
        "id": population.id.to_string(),
        "environment": {"id": population.realm.to_string()},
        "name": population.name,
        "default": default,
        "userCount": face.authority().count_users(population.id).await?,
        "createdAt": time(population.created_at),
        "updatedAt": time(population.updated_at),
    });
    if let Some(description) = &population.description {
        shown["description"] = description.as_str().into();
    }
    Ok(shown)
}
