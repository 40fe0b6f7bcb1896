//! PingOne: the population of a user, which a new one has and an old one may leave for another.
//!
//! The caller's role reaches both, or there is no change. Contract: PingOne Platform API, "User Populations".

use adieu_authority::{Population, PopulationId, Standing, User, UserEdit};
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::{changeable, changed, found};
use crate::extract::{Admin, Body, OfUser, Visitor};
use crate::face::Face;
use crate::manage::input::Input;
use crate::problem::Problem;
use crate::session_json::base;

pub(crate) async fn read(
    State(face): State<Face>,
    admin: Admin,
    OfUser(id): OfUser,
) -> Result<Json<Value>, Problem> {
    let user = found(&face, &admin, id, |admin| &admin.rights.reading).await?;
    Ok(Json(json(&face, &user)))
}

pub(crate) async fn replace(
    State(face): State<Face>,
    admin: Admin,
    OfUser(id): OfUser,
    visitor: Visitor,
    Body(input): Body,
) -> Result<Json<Value>, Problem> {
    changeable(&face, &admin, id).await?;
    let population = Some(reached(&face, &admin, Some(input.required("id")?), "id").await?.id);
    let edit = UserEdit { population, ..UserEdit::default() };
    let edited = changed(&face, &admin, id, &visitor, |_| Ok(edit.clone())).await?;
    Ok(Json(json(&face, &edited)))
}

/// The population of a new user: the one that is named, or the default.
pub(super) async fn named(face: &Face, admin: &Admin, input: &Input) -> Result<Population, Problem> {
    reached(face, admin, input.id_of("population")?.as_deref(), "population").await
}

/// The other population that a change names, if it names one.
pub(super) async fn other(
    face: &Face,
    admin: &Admin,
    input: &Input,
) -> Result<Option<PopulationId>, Problem> {
    if input.value("population").is_none() {
        return Ok(None);
    }
    Ok(Some(named(face, admin, input).await?.id))
}

/// The population of this id, or the default one, if the caller may change who is in it.
async fn reached(
    face: &Face,
    admin: &Admin,
    id: Option<&str>,
    target: &'static str,
) -> Result<Population, Problem> {
    let all = face.authority().populations(admin.realm.id).await?;
    let found = match id {
        Some(id) => {
            let id: Option<PopulationId> = id.parse().ok();
            all.into_iter().find(|one| Some(one.id) == id)
        }
        None => all.into_iter().next(),
    };
    match found {
        Some(population) if admin.rights.data.reaches(population.id) => Ok(population),
        None if admin.rights.data == Standing::OfRealm => {
            Err(Problem::invalid(target, "There is no such population."))
        }
        Some(_) | None => Err(Problem::Forbidden),
    }
}

fn json(face: &Face, user: &User) -> Value {
    let base = base(face, user.realm);
    json!({
        "_links": {
            "self": {"href": format!("{base}/users/{}/population", user.id)},
            "environment": {"href": base},
            "user": {"href": format!("{base}/users/{}", user.id)},
            "population": {"href": format!("{base}/populations/{}", user.population)},
        },
        "id": user.population.to_string(),
        "environment": {"id": user.realm.to_string()},
    })
}
