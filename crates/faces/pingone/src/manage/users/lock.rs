//! PingOne: an administrator locks and unlocks a user's account, and forgives failed sign-ons.
//!
//! Failed sign-ons lock nobody out for good, so nothing is refused for not being locked. The media type says what is asked.
//! Contract: PingOne Platform API, "Password Unlock", "User Account Lock" and "User Account Unlock".

use adieu_authority::{LockChange, UserEdit};
use adieu_http_kit::media;
use axum::Json;
use axum::extract::{Request, State};
use http::HeaderMap;
use serde_json::Value;

use super::{account, changeable, changed, json, password};
use crate::body;
use crate::extract::{Admin, OfUser, Visitor};
use crate::face::Face;
use crate::manage::input::Input;
use crate::problem::Problem;

/// The vendor's documents write these types with and without `+json`.
const TYPES: [(&str, AccountOrder); 6] = [
    ("application/vnd.pingidentity.password.unlock+json", AccountOrder::Forgive),
    ("application/vnd.pingidentity.password.unlock", AccountOrder::Forgive),
    ("application/vnd.pingidentity.account.unlock+json", AccountOrder::Unlock),
    ("application/vnd.pingidentity.account.unlock", AccountOrder::Unlock),
    ("application/vnd.pingidentity.account.lock+json", AccountOrder::Lock),
    ("application/vnd.pingidentity.account.lock", AccountOrder::Lock),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum AccountOrder {
    /// Failed sign-ons are forgiven; what an administrator has locked stays locked.
    Forgive,
    Unlock,
    Lock,
}

fn ordered(headers: &HeaderMap) -> Option<AccountOrder> {
    TYPES.iter().find(|(kind, _)| media::is(headers, kind)).map(|(_, order)| *order)
}

/// `POST …/users/{user}/password`.
pub(crate) async fn password(
    State(face): State<Face>,
    admin: Admin,
    OfUser(id): OfUser,
    visitor: Visitor,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    changeable(&face, &admin, id).await?;
    if ordered(&headers) != Some(AccountOrder::Forgive) {
        return Err(Problem::MediaType);
    }
    let forgive = UserEdit { unlock: true, ..UserEdit::default() };
    let user = changed(&face, &admin, id, &visitor, |_| Ok(forgive.clone())).await?;
    Ok(Json(password::json(&face, &user)))
}

/// `POST …/users/{user}`.
pub(crate) async fn account(
    State(face): State<Face>,
    admin: Admin,
    OfUser(id): OfUser,
    visitor: Visitor,
    request: Request,
) -> Result<Json<Value>, Problem> {
    changeable(&face, &admin, id).await?;
    let (parts, stream) = request.into_parts();
    let edit = match ordered(&parts.headers) {
        Some(AccountOrder::Unlock) => {
            UserEdit { lock: Some(LockChange::Unlock), unlock: true, ..UserEdit::default() }
        }
        Some(AccountOrder::Lock) => {
            let body = body::bytes(stream).await?;
            let until = if body.is_empty() { None } else { account::unlock_at(&Input::read(&body)?)? };
            UserEdit { lock: Some(LockChange::Lock { until }), ..UserEdit::default() }
        }
        Some(AccountOrder::Forgive) | None => return Err(Problem::MediaType),
    };
    let user = changed(&face, &admin, id, &visitor, |_| Ok(edit.clone())).await?;
    Ok(Json(json::user(&face, &user)))
}
