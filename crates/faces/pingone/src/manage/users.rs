//! PingOne: users, made, listed, changed and deleted.
//!
//! A user who is disabled or deleted has no session any more when the answer is sent (P-61). Whoever is limited to
//! populations learns nothing of other users, and nobody changes a user who may do more than they. Contract pingone.md 4.2.

mod filter;
mod json;
mod list;
pub(super) mod password;
pub(super) mod unlock;

pub(super) use list::list;

use std::sync::Arc;

use adieu_authority::{
    DirectoryError, NewPerson, PersonError, Population, PopulationId, Standing, User, UserEdit, UserId,
};
use adieu_http_kit::media;
use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use super::input::Input;
use super::role_assignments::outranks;
use crate::body;
use crate::extract::{Admin, Body, OfUser, Visitor};
use crate::face::Face;
use crate::problem::Problem;

const IMPORT: &str = "application/vnd.pingidentity.user.import+json";

pub(super) async fn read(
    State(face): State<Face>,
    admin: Admin,
    OfUser(id): OfUser,
) -> Result<Json<Value>, Problem> {
    let user = found(&face, &admin, id, |admin| &admin.rights.reading).await?;
    Ok(Json(json::with_last_sign_on(&face, &user).await?))
}

/// A user, with a password if the media type says so.
pub(super) async fn create(
    State(face): State<Face>,
    admin: Admin,
    request: Request,
) -> Result<Response, Problem> {
    admin.must(|rights| rights.data != Standing::Nobody)?;
    let (parts, stream) = request.into_parts();
    let import = media::is(&parts.headers, IMPORT);
    if !import && !media::is(&parts.headers, "application/json") {
        return Err(Problem::MediaType);
    }
    let input = Input::read(&body::bytes(stream).await?)?;
    let population = population(&face, &admin, &input).await?;
    let password = if import { input.object("password")? } else { None };
    let password = match password {
        Some(password) => {
            password::allowed(&password)?;
            Some(password.required("value")?.to_owned())
        }
        None => None,
    };
    let new = NewPerson {
        username: input.required("username")?.to_owned(),
        email: Some(email(&input)?),
        external_id: input.text("externalId")?.map(str::to_owned),
        disabled: !input.flag("enabled")?.unwrap_or(true),
        password,
        traits: Some(json::traits(&input)?),
        ..NewPerson::default()
    };
    let user = face.authority().create_user(&population, new).await?;
    Ok((StatusCode::CREATED, Json(json::user(&face, &user))).into_response())
}

/// Absent members are cleared.
pub(super) async fn replace(
    State(face): State<Face>,
    admin: Admin,
    OfUser(id): OfUser,
    visitor: Visitor,
    Body(input): Body,
) -> Result<Json<Value>, Problem> {
    changeable(&face, &admin, id).await?;
    let edit = UserEdit {
        population: moved(&face, &admin, &input).await?,
        username: Some(username(&input)?),
        email: Some(Some(email(&input)?)),
        external_id: Some(input.text("externalId")?.map(str::to_owned)),
        traits: Some(json::traits(&input)?),
        ..UserEdit::default()
    };
    let edited = changed(&face, &admin, id, &visitor, |_| Ok(edit.clone())).await?;
    Ok(Json(json::user(&face, &edited)))
}

/// Absent members stay; `null` clears.
pub(super) async fn patch(
    State(face): State<Face>,
    admin: Admin,
    OfUser(id): OfUser,
    visitor: Visitor,
    Body(input): Body,
) -> Result<Json<Value>, Problem> {
    changeable(&face, &admin, id).await?;
    let given = |name| input.names(name);
    let edit = UserEdit {
        population: moved(&face, &admin, &input).await?,
        username: if given("username") { Some(username(&input)?) } else { None },
        email: if given("email") { Some(Some(email(&input)?)) } else { None },
        external_id: if given("externalId") {
            Some(input.text("externalId")?.map(str::to_owned))
        } else {
            None
        },
        ..UserEdit::default()
    };
    let merged =
        |user: &User| Ok(UserEdit { traits: Some(json::merged(&user.traits, &input)?), ..edit.clone() });
    Ok(Json(json::user(&face, &changed(&face, &admin, id, &visitor, merged).await?)))
}

/// Changes a user as `edit` says of the record that is there, if the caller may change whom it is of by then.
async fn changed(
    face: &Face,
    admin: &Admin,
    id: UserId,
    visitor: &Visitor,
    edit: impl Fn(&User) -> Result<UserEdit, Problem> + Send + Sync,
) -> Result<User, Problem> {
    let edit = &edit;
    let changed =
        face.authority().change_user(id, visitor.origin_of(admin.principal.actor()), |user| async move {
            may_change(face, admin, &user).await?;
            Ok::<_, UserProblem>(edit(&user)?)
        });
    match changed.await {
        Ok(edited) => Ok(edited.user),
        Err(UserProblem(problem)) => Err(problem),
    }
}

/// A refusal about a user: the name that is taken is theirs.
struct UserProblem(Problem);

impl From<Problem> for UserProblem {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<DirectoryError> for UserProblem {
    fn from(error: DirectoryError) -> Self {
        Self(PersonError::Directory(error).into())
    }
}

/// The user and all sessions of theirs are gone. P-61
pub(super) async fn delete(
    State(face): State<Face>,
    admin: Admin,
    OfUser(id): OfUser,
    visitor: Visitor,
) -> Result<StatusCode, Problem> {
    changeable(&face, &admin, id).await?;
    let (face, admin) = (&face, &admin);
    let may = |user: Arc<User>| async move { may_change(face, admin, &user).await };
    face.authority().remove_user_if(id, visitor.origin_of(admin.principal.actor()), may).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn enabled(
    State(face): State<Face>,
    admin: Admin,
    OfUser(id): OfUser,
) -> Result<Json<Value>, Problem> {
    let user = found(&face, &admin, id, |admin| &admin.rights.reading).await?;
    Ok(Json(json!({"enabled": user.enabled})))
}

/// Disabling ends all sessions of the user. P-61
pub(super) async fn enable(
    State(face): State<Face>,
    admin: Admin,
    OfUser(id): OfUser,
    visitor: Visitor,
    Body(input): Body,
) -> Result<Json<Value>, Problem> {
    changeable(&face, &admin, id).await?;
    let enabled = input.flag("enabled")?.ok_or(Problem::required("enabled"))?;
    let edit = UserEdit { enabled: Some(enabled), ..UserEdit::default() };
    let edited = changed(&face, &admin, id, &visitor, |_| Ok(edit.clone())).await?;
    Ok(Json(json!({"enabled": edited.enabled})))
}

/// A user whom the caller may change.
async fn changeable(face: &Face, admin: &Admin, id: UserId) -> Result<Arc<User>, Problem> {
    let user = found(face, admin, id, |admin| &admin.rights.data).await?;
    outranks(face, admin, &user.roles).await?;
    Ok(user)
}

/// Whether the caller may change a user who is there.
async fn may_change(face: &Face, admin: &Admin, user: &User) -> Result<(), Problem> {
    if user.realm != admin.realm.id || !admin.rights.data.reaches(user.population) {
        return Err(Problem::Forbidden);
    }
    outranks(face, admin, &user.roles).await
}

/// A user whom the caller's standing reaches. Only who reaches all learns that one does not exist.
async fn found(
    face: &Face,
    admin: &Admin,
    id: UserId,
    standing: impl Fn(&Admin) -> &Standing,
) -> Result<Arc<User>, Problem> {
    let standing = standing(admin);
    admin.must(|_| *standing != Standing::Nobody)?;
    let user = face.authority().user(id).await?.filter(|user| user.realm == admin.realm.id);
    match user {
        Some(user) if standing.reaches(user.population) => Ok(user),
        None if *standing == Standing::OfRealm => Err(Problem::NotFound),
        Some(_) | None => Err(Problem::Forbidden),
    }
}

/// The population of a new user: the one that is named, or the default.
async fn population(face: &Face, admin: &Admin, input: &Input) -> Result<Population, Problem> {
    let all = face.authority().populations(admin.realm.id).await?;
    let named = input.id_of("population")?;
    let found = match &named {
        Some(id) => {
            let id: Option<PopulationId> = id.parse().ok();
            all.into_iter().find(|one| Some(one.id) == id)
        }
        None => all.into_iter().next(),
    };
    match found {
        Some(population) if admin.rights.data.reaches(population.id) => Ok(population),
        None if admin.rights.data == Standing::OfRealm => {
            Err(Problem::invalid("population", "There is no such population."))
        }
        Some(_) | None => Err(Problem::Forbidden),
    }
}

/// The other population that a change names, if it names one.
async fn moved(face: &Face, admin: &Admin, input: &Input) -> Result<Option<PopulationId>, Problem> {
    if input.value("population").is_none() {
        return Ok(None);
    }
    Ok(Some(population(face, admin, input).await?.id))
}

fn username(input: &Input) -> Result<String, Problem> {
    let name = input.required("username")?;
    if name.chars().count() > 255 { Err(PersonError::Name.into()) } else { Ok(name.to_owned()) }
}

fn email(input: &Input) -> Result<String, Problem> {
    let email = input.required("email")?;
    let sound =
        email.len() <= 256 && email.split_once('@').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty());
    if sound { Ok(email.to_owned()) } else { Err(Problem::invalid("email", "This is no e-mail address.")) }
}
