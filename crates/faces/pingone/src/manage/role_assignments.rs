//! PingOne: roles given to users and applications, and taken away.
//!
//! Nobody gives or takes what they could not do themselves: an administrator of an environment gives any role in it, one
//! of its data gives those for data as far as their own reaches. Contract pingone.md 3.3.

use std::future::ready;
use std::sync::Arc;

use adieu_authority::{
    Client, ClientId, Origin, PopulationId, RealmId, Role, RoleAssignment, RoleScope, Standing, User,
    UserEdit, UserId,
};
use adieu_core::TokenHash;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::collection::collection;
use super::input::Input;
use super::roles::{built_in, id_of};
use crate::extract::{Admin, Body, LastNamed, OfApp, OfUser, Visitor};
use crate::face::Face;
use crate::problem::Problem;
use crate::session_json::base;

/// Roles of one holder. Contract pingone.md 3.3
const GIVEN_MAX: usize = 250;

/// Who has the roles.
enum RoleHolder {
    User(Arc<User>),
    Client(Arc<Client>),
}

impl RoleHolder {
    fn roles(&self) -> &[RoleAssignment] {
        match self {
            Self::User(user) => &user.roles,
            Self::Client(client) => &client.roles,
        }
    }

    fn href(&self, face: &Face) -> String {
        match self {
            Self::User(user) => format!("{}/users/{}/roleAssignments", base(face, user.realm), user.id),
            Self::Client(client) => {
                format!("{}/applications/{}/roleAssignments", base(face, client.realm), client.id)
            }
        }
    }

    /// Changes the roles as `change` says of those that are there, if the caller still reaches whose they are by then.
    async fn change(
        &self,
        face: &Face,
        admin: &Admin,
        origin: Origin,
        change: impl Fn(&mut Vec<RoleAssignment>) -> Result<(), Problem> + Send + Sync,
    ) -> Result<(), Problem> {
        let authority = face.authority();
        match self {
            Self::User(user) => {
                let edit = |user: &User| {
                    let mut roles = user.roles.clone();
                    if !reaches(admin, user) {
                        return Err(Problem::Forbidden);
                    }
                    change(&mut roles)?;
                    Ok(UserEdit { roles: Some(roles), ..UserEdit::default() })
                };
                drop(authority.change_user(user.id, origin, |user| ready(edit(&user))).await?);
            }
            Self::Client(client) => {
                let edit = |mut client: Client| change(&mut client.roles).map(|()| client);
                let changed =
                    authority.change_client(client.realm, &client.id, origin, |client| ready(edit(client)));
                drop(changed.await?);
            }
        }
        Ok(())
    }
}

/// A user whose roles the caller may see.
async fn user(face: &Face, admin: &Admin, id: UserId) -> Result<RoleHolder, Problem> {
    admin.must(|rights| rights.realm || rights.reading != Standing::Nobody)?;
    let user = face.authority().user(id).await?.filter(|user| user.realm == admin.realm.id);
    match user {
        Some(user) if reaches(admin, &user) => Ok(RoleHolder::User(user)),
        None if reaches_all(admin) => Err(Problem::NotFound),
        Some(_) | None => Err(Problem::Forbidden),
    }
}

/// Whether the caller may see the roles of this user.
fn reaches(admin: &Admin, user: &User) -> bool {
    user.realm == admin.realm.id && (reaches_all(admin) || admin.rights.reading.reaches(user.population))
}

fn reaches_all(admin: &Admin) -> bool {
    admin.rights.realm || admin.rights.reading == Standing::OfRealm
}

async fn app(face: &Face, admin: &Admin, id: &ClientId) -> Result<RoleHolder, Problem> {
    admin.must(|rights| rights.clients)?;
    let client = face.authority().client(admin.realm.id, id).await?;
    client.map(RoleHolder::Client).ok_or(Problem::NotFound)
}

pub(super) async fn list_of_user(
    State(face): State<Face>,
    admin: Admin,
    OfUser(id): OfUser,
) -> Result<Json<Value>, Problem> {
    list(&face, &admin, &user(&face, &admin, id).await?).await
}

pub(super) async fn list_of_app(
    State(face): State<Face>,
    admin: Admin,
    OfApp(id): OfApp,
) -> Result<Json<Value>, Problem> {
    list(&face, &admin, &app(&face, &admin, &id).await?).await
}

pub(super) async fn give_user(
    State(face): State<Face>,
    admin: Admin,
    OfUser(id): OfUser,
    visitor: Visitor,
    Body(input): Body,
) -> Result<Response, Problem> {
    give(&face, &admin, &user(&face, &admin, id).await?, visitor.origin_of(admin.principal.actor()), &input)
        .await
}

pub(super) async fn give_app(
    State(face): State<Face>,
    admin: Admin,
    OfApp(id): OfApp,
    visitor: Visitor,
    Body(input): Body,
) -> Result<Response, Problem> {
    give(&face, &admin, &app(&face, &admin, &id).await?, visitor.origin_of(admin.principal.actor()), &input)
        .await
}

pub(super) async fn read_of_user(
    State(face): State<Face>,
    admin: Admin,
    OfUser(id): OfUser,
    LastNamed(assignment): LastNamed,
) -> Result<Json<Value>, Problem> {
    read(&face, &admin, &user(&face, &admin, id).await?, &assignment).await
}

pub(super) async fn read_of_app(
    State(face): State<Face>,
    admin: Admin,
    OfApp(id): OfApp,
    LastNamed(assignment): LastNamed,
) -> Result<Json<Value>, Problem> {
    read(&face, &admin, &app(&face, &admin, &id).await?, &assignment).await
}

pub(super) async fn take_from_user(
    State(face): State<Face>,
    admin: Admin,
    OfUser(id): OfUser,
    visitor: Visitor,
    LastNamed(assignment): LastNamed,
) -> Result<StatusCode, Problem> {
    take(
        &face,
        &admin,
        &user(&face, &admin, id).await?,
        visitor.origin_of(admin.principal.actor()),
        &assignment,
    )
    .await
}

pub(super) async fn take_from_app(
    State(face): State<Face>,
    admin: Admin,
    OfApp(id): OfApp,
    visitor: Visitor,
    LastNamed(assignment): LastNamed,
) -> Result<StatusCode, Problem> {
    take(
        &face,
        &admin,
        &app(&face, &admin, &id).await?,
        visitor.origin_of(admin.principal.actor()),
        &assignment,
    )
    .await
}

async fn list(face: &Face, admin: &Admin, holder: &RoleHolder) -> Result<Json<Value>, Problem> {
    let mut shown = Vec::new();
    for given in holder.roles() {
        shown.push(json(face, admin, holder, *given).await?);
    }
    Ok(Json(collection(&holder.href(face), "roleAssignments", shown)))
}

async fn read(face: &Face, admin: &Admin, holder: &RoleHolder, id: &str) -> Result<Json<Value>, Problem> {
    let given = find(holder, id)?;
    Ok(Json(json(face, admin, holder, given).await?))
}

async fn give(
    face: &Face,
    admin: &Admin,
    holder: &RoleHolder,
    origin: Origin,
    input: &Input,
) -> Result<Response, Problem> {
    let given = asked(input)?;
    // Nothing is given over what does not exist yet: somebody could be there before it. No oracle: 403 either way.
    if realm_of(face, given.scope).await?.is_none() || !may_give(face, admin, given).await? {
        return Err(Problem::Forbidden);
    }
    let add = |roles: &mut Vec<RoleAssignment>| {
        if roles.contains(&given) {
            return Err(Problem::taken("role"));
        }
        if roles.len() >= GIVEN_MAX {
            let message = "There are as many as there may be.";
            return Err(Problem::Constraint { target: "role", message });
        }
        roles.push(given);
        Ok(())
    };
    holder.change(face, admin, origin, add).await?;
    Ok((StatusCode::CREATED, Json(json(face, admin, holder, given).await?)).into_response())
}

async fn take(
    face: &Face,
    admin: &Admin,
    holder: &RoleHolder,
    origin: Origin,
    id: &str,
) -> Result<StatusCode, Problem> {
    let given = find(holder, id)?;
    if !may_give(face, admin, given).await? {
        return Err(Problem::Forbidden);
    }
    let remove = |roles: &mut Vec<RoleAssignment>| {
        roles.retain(|one| *one != given);
        Ok(())
    };
    holder.change(face, admin, origin, remove).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The assignment that a request describes.
fn asked(input: &Input) -> Result<RoleAssignment, Problem> {
    let role = built_in(input.uuid_of("role")?).ok_or(Problem::invalid("role", "There is no such role."))?;
    let role =
        role.role.ok_or(Problem::invalid("role", "This role has no meaning here and cannot be given."))?;
    let id = input.uuid_of("scope")?;
    let scope = input.object("scope")?.ok_or(Problem::required("scope"))?;
    let scope = match (scope.required("type")?, role) {
        ("ENVIRONMENT", _) => RoleScope::Realm(RealmId::from_uuid(id)),
        ("POPULATION", Role::IdentityDataAdmin | Role::IdentityDataReader) => {
            RoleScope::Population(PopulationId::from_uuid(id))
        }
        _ => return Err(Problem::invalid("scope", "The role cannot be given over this kind of scope.")),
    };
    Ok(RoleAssignment { role, scope })
}

/// The realm in which a scope lies, if it exists.
async fn realm_of(face: &Face, scope: RoleScope) -> Result<Option<RealmId>, Problem> {
    Ok(match scope {
        RoleScope::Realm(id) => face.authority().realm(id).await?.map(|realm| realm.id),
        RoleScope::Population(id) => {
            face.authority().population(id).await?.map(|population| population.realm)
        }
    })
}

/// Whether the caller may give this role, or take it.
pub(super) async fn may_give(face: &Face, admin: &Admin, given: RoleAssignment) -> Result<bool, Problem> {
    let authority = face.authority();
    // A scope that went meanwhile gives nothing; taking it away is harmless.
    let Some(realm) = realm_of(face, given.scope).await? else { return Ok(admin.rights.realm) };
    let rights = authority.rights(admin.principal.roles(), realm).await?;
    let data = match given.scope {
        RoleScope::Realm(_) => rights.data == Standing::OfRealm,
        RoleScope::Population(population) => rights.data.reaches(population),
    };
    Ok(rights.realm
        || match given.role {
            Role::IdentityDataAdmin | Role::IdentityDataReader => data,
            Role::RealmAdmin | Role::ClientAdmin => false,
        })
}

/// Whether the caller could have given all of these, and so may act on whoever has them.
pub(super) async fn outranks(face: &Face, admin: &Admin, roles: &[RoleAssignment]) -> Result<(), Problem> {
    for role in roles {
        if !may_give(face, admin, *role).await? {
            return Err(Problem::Forbidden);
        }
    }
    Ok(())
}

fn find(holder: &RoleHolder, id: &str) -> Result<RoleAssignment, Problem> {
    let found = holder.roles().iter().find(|given| assignment_id(given).to_string().eq_ignore_ascii_case(id));
    found.copied().ok_or(Problem::NotFound)
}

/// An assignment has no record of its own: its id is a digest of what it says.
fn assignment_id(given: &RoleAssignment) -> Uuid {
    let (kind, scope) = scope(given);
    let digest = TokenHash::of(format!("{} {kind} {scope}", id_of(given.role)).as_bytes()).to_bytes();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

fn scope(given: &RoleAssignment) -> (&'static str, Uuid) {
    match given.scope {
        RoleScope::Realm(id) => ("ENVIRONMENT", id.uuid()),
        RoleScope::Population(id) => ("POPULATION", id.uuid()),
    }
}

async fn json(
    face: &Face,
    admin: &Admin,
    holder: &RoleHolder,
    given: RoleAssignment,
) -> Result<Value, Problem> {
    let (kind, scope) = scope(&given);
    let id = assignment_id(&given);
    Ok(json!({
        "_links": {"self": {"href": format!("{}/{id}", holder.href(face))}},
        "id": id.to_string(),
        "environment": {"id": admin.realm.id.to_string()},
        "role": {"id": id_of(given.role).to_string()},
        "scope": {"id": scope.to_string(), "type": kind},
        "readOnly": !may_give(face, admin, given).await?,
    }))
}
