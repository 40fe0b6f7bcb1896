//! PingOne: `GET /{env}/as/idpSignoff`, the session that an ID token speaks of is over, without its cookie.
//!
//! Only for applications that allow it. As at sign-off everything is judged before anything is ended, and a session that is
//! over already is signed off. Contract pingone.md 1.5: P-33 to P-35.

use std::sync::Arc;

use adieu_authority::{Actor, Realm};
use adieu_http_kit::accept;
use adieu_http_kit::form::Params;
use adieu_oidc::Hint;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::{end_beside, returned, unregistered};
use crate::authorize::found;
use crate::cors::Concerned;
use crate::extract::{Env, Visitor};
use crate::face::Face;
use crate::problem::{Problem, Shown};
use crate::{body, cookies};

/// The hint is the order.
pub(crate) async fn sign_off(
    State(face): State<Face>,
    Env(realm): Env,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, params) = body::params(request).await?;
    let visitor = Visitor::of(&parts);
    let shown = |problem: Problem| problem.unredirectable(realm.id, Shown::UnlessJson);
    let (hint, location) = judged(&face, &realm, &params).await.map_err(shown)?;
    let mut response = match location {
        Some(location) => found(&location).map_err(|_| shown(unregistered()))?,
        None if accept::only_json(&parts.headers) => StatusCode::NO_CONTENT.into_response(),
        None => found(&format!("{}/{}/as/signon", face.settings().auth_base_of(realm.id), realm.id))?,
    };
    let origin = visitor.origin_of(Actor::Client(hint.client.id.clone()));
    face.provider(&realm).end_hinted(&hint, origin).await?;
    response.extensions_mut().insert(Concerned(hint.client.id.clone()));
    // A cookie of another session stays: that session lives.
    if visitor.tokens.counting.first().is_some_and(|token| Some(token.id) == hint.session) {
        let left_alone = end_beside(&face, &realm, &visitor).await?;
        cookies::clear(&face, &realm, &left_alone, response.headers_mut());
    }
    Ok(response)
}

async fn judged(face: &Face, realm: &Arc<Realm>, params: &Params) -> Result<(Hint, Option<String>), Problem> {
    let hint = body::once(params, "id_token_hint")?.ok_or(Problem::required("id_token_hint"))?;
    let hint = face.provider(realm).hint(hint, body::once(params, "client_id")?).await?;
    if !hint.client.ends_by_id_token {
        return Err(Problem::Forbidden);
    }
    let location = returned(face, realm, Some(&hint), params).await?;
    Ok((hint, location))
}
