//! PingOne: a user's password, set by an administrator or taken away.
//!
//! Whether it ends the user's sessions is the policy of the realm. It forgives failed sign-ons, and leaves a locked account
//! locked. A change that would be forced at the next sign-on is refused: nothing would force it. Contract pingone.md 4.2.

use adieu_authority::{HashError, PersonError, User, UserEdit};
use adieu_http_kit::media;
use axum::Json;
use axum::extract::{Request, State};
use serde_json::{Value, json};

use super::{changeable, changed, found};
use crate::body;
use crate::extract::{Admin, OfUser, Visitor};
use crate::face::Face;
use crate::manage::input::Input;
use crate::manage::members;
use crate::problem::Problem;
use crate::session_json::base;

const SET: &str = "application/vnd.pingidentity.password.set+json";
/// An empty object takes the password away.
const SET_VALUE: &str = "application/vnd.pingidentity.password.setValue+json";
/// An administrator's new password for somebody who may have one. The user's own change, with `currentPassword`, needs a token of
/// the user.
const RESET: &str = "application/vnd.pingidentity.password.reset+json";

pub(crate) async fn read(
    State(face): State<Face>,
    admin: Admin,
    OfUser(id): OfUser,
) -> Result<Json<Value>, Problem> {
    let user = found(&face, &admin, id, |admin| &admin.rights.reading).await?;
    Ok(Json(json(&face, &user)))
}

pub(crate) async fn set(
    State(face): State<Face>,
    admin: Admin,
    OfUser(id): OfUser,
    visitor: Visitor,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let user = changeable(&face, &admin, id).await?;
    let (parts, stream) = request.into_parts();
    let is = |kind| media::is(&parts.headers, kind);
    let (member, optional) = match (is(SET), is(SET_VALUE), is(RESET)) {
        (true, _, _) => ("value", false),
        (_, true, _) => ("value", true),
        (_, _, true) => ("newPassword", false),
        _ => return Err(Problem::MediaType),
    };
    let input = Input::read(&body::bytes(stream).await?)?;
    members::refuse(&input, members::PASSWORD)?;
    let password = match input.value(member) {
        None if optional => None,
        _ => Some(hashed(&face, &user, input.required(member)?, member).await?),
    };
    let edit = UserEdit { password: Some(password), ..UserEdit::default() };
    // Hashing takes long: whether the caller may is asked again of the user whose password is replaced.
    let edited = changed(&face, &admin, id, &visitor, |_| Ok(edit.clone())).await?;
    Ok(Json(json(&face, &edited)))
}

/// Asks the rules of the realm first. What is wrong is said of the member that was sent.
async fn hashed(face: &Face, user: &User, password: &str, member: &'static str) -> Result<String, Problem> {
    let hash = face.authority().hash_new_password(user.realm, &user.names(), password).await;
    hash.map_err(|error| match error {
        PersonError::Password(HashError::TooLong) => Problem::invalid(member, "The password is too long."),
        error @ (PersonError::Directory(_) | PersonError::Password(_) | PersonError::Weak(_)) => error.into(),
    })
}

pub(super) fn json(face: &Face, user: &User) -> Value {
    let href = format!("{}/users/{}/password", base(face, user.realm), user.id);
    json!({
        "_links": {"self": {"href": href}},
        "environment": {"id": user.realm.to_string()},
        "user": {"id": user.id.to_string()},
        "status": if user.password.is_some() { "OK" } else { "NO_PASSWORD" },
    })
}
