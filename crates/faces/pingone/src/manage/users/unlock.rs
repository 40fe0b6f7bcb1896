//! PingOne: an administrator forgives a user's failed sign-ons.
//!
//! Nobody is locked out for good here, so there is no state to show and nothing to be refused for not being locked. The media
//! type says what is asked; the body is not read. Contract: PingOne Platform API, "Password Unlock" and "User Account Unlock".

use adieu_authority::{User, UserEdit, UserId};
use adieu_http_kit::media;
use axum::Json;
use axum::extract::State;
use http::HeaderMap;
use serde_json::Value;

use super::{changeable, changed, json, password};
use crate::extract::{Admin, OfUser, Visitor};
use crate::face::Face;
use crate::problem::Problem;

/// The vendor's documents write this type with and without `+json`.
const PASSWORD: [&str; 2] =
    ["application/vnd.pingidentity.password.unlock+json", "application/vnd.pingidentity.password.unlock"];
const ACCOUNT: [&str; 1] = ["application/vnd.pingidentity.account.unlock+json"];

/// `POST …/users/{user}/password`.
pub(crate) async fn password(
    State(face): State<Face>,
    admin: Admin,
    OfUser(id): OfUser,
    visitor: Visitor,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    let user = unlocked(&face, (&admin, id, &visitor), &headers, &PASSWORD).await?;
    Ok(Json(password::json(&face, &user)))
}

/// `POST …/users/{user}`.
pub(crate) async fn account(
    State(face): State<Face>,
    admin: Admin,
    OfUser(id): OfUser,
    visitor: Visitor,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    let user = unlocked(&face, (&admin, id, &visitor), &headers, &ACCOUNT).await?;
    Ok(Json(json::user(&face, &user)))
}

async fn unlocked(
    face: &Face,
    (admin, id, visitor): (&Admin, UserId, &Visitor),
    headers: &HeaderMap,
    types: &[&str],
) -> Result<User, Problem> {
    changeable(face, admin, id).await?;
    if !types.iter().any(|kind| media::is(headers, kind)) {
        return Err(Problem::MediaType);
    }
    changed(face, admin, id, visitor, |_| Ok(UserEdit { unlock: true, ..UserEdit::default() })).await
}
