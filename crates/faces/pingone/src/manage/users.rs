//! PingOne: users, made, listed, changed and deleted.
//!
//! A user who is disabled or deleted has no session any more when the answer is sent (P-61). Whoever is limited to
//! populations learns nothing of other users, and nobody changes a user who may do more than they. Contract pingone.md 4.2.

mod account;
mod filter;
mod json;
mod list;
pub(super) mod lock;
pub(super) mod password;
pub(super) mod population;

pub(super) use list::list;

use std::sync::Arc;

use adieu_authority::{NewPerson, Standing, User, UserEdit, UserId};
use adieu_http_kit::media;
use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use self::account::AccountInput;
use super::input::Input;
use super::members;
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
    let in_common = members::USER.iter().filter(|one| !import || one.member() != "password");
    members::refuse_first(&input, in_common)?;
    let population = self::population::named(&face, &admin, &input).await?;
    let password = match if import { input.object("password")? } else { None } {
        Some(password) => {
            members::refuse(&input, members::IMPORTED_USER)?;
            Some(password.required("value")?.to_owned())
        }
        None => None,
    };
    let (disabled, locked) = AccountInput::read(&input)?.of_new()?;
    let new = NewPerson {
        username: input.required("username")?.to_owned(),
        email: Some(email(&input)?),
        external_id: input.text("externalId")?.map(str::to_owned),
        disabled,
        locked,
        password,
        traits: Some(json::traits(&input)?),
        ..NewPerson::default()
    };
    let user = face.authority().create_user(&population, new).await?;
    Ok((StatusCode::CREATED, Json(json::user(&face, &user))).into_response())
}

/// Absent members are cleared; whether the user may sign on stays as it is where nothing is said of it.
pub(super) async fn replace(
    State(face): State<Face>,
    admin: Admin,
    OfUser(id): OfUser,
    visitor: Visitor,
    Body(input): Body,
) -> Result<Json<Value>, Problem> {
    changeable(&face, &admin, id).await?;
    members::refuse(&input, members::USER)?;
    let (account, now) = (AccountInput::read(&input)?, face.authority().now());
    let edit = UserEdit {
        population: self::population::other(&face, &admin, &input).await?,
        username: Some(input.required("username")?.to_owned()),
        email: Some(Some(email(&input)?)),
        external_id: Some(input.text("externalId")?.map(str::to_owned)),
        traits: Some(json::traits(&input)?),
        ..UserEdit::default()
    };
    let edited = changed(&face, &admin, id, &visitor, |user| account.over(user, edit.clone(), now)).await?;
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
    members::refuse(&input, members::USER)?;
    let (account, now) = (AccountInput::read(&input)?, face.authority().now());
    let given = |name| input.names(name);
    let edit = UserEdit {
        population: self::population::other(&face, &admin, &input).await?,
        username: if given("username") { Some(input.required("username")?.to_owned()) } else { None },
        email: if given("email") { Some(Some(email(&input)?)) } else { None },
        external_id: if given("externalId") {
            Some(input.text("externalId")?.map(str::to_owned))
        } else {
            None
        },
        ..UserEdit::default()
    };
    let merged = |user: &User| {
        let edit = UserEdit { traits: Some(json::merged(user, &edit, &input)?), ..edit.clone() };
        account.over(user, edit, now)
    };
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
            edit(&user)
        });
    Ok(changed.await?.user)
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

fn email(input: &Input) -> Result<String, Problem> {
    input.required("email").map(str::to_owned)
}
