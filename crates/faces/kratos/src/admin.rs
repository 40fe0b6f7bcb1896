//! Kratos' admin API, for the admin listener: sessions and identities. Contract kratos.md 0.1, 2.5 and 2.7.
//!
//! No cookies, no anti-forgery rule, no CORS. Who may reach the listener is not decided here.

mod identities;
mod identity;
mod manage;
mod patch;
mod recovery;
mod routes;
mod sessions;

use adieu_http_kit::table::{Parameters, each};
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, Method, StatusCode};
use serde_json::json;

use crate::admin::routes::{AdminEndpoint, AdminRoute, route};
use crate::answer::{Answer, json as json_answer, other_methods, redirect, text};
use crate::call::Call;
use crate::error::KratosError;
use crate::face::Face;
use crate::serve::{ready, unrouted_path};

/// Every route, with `/admin` before its path or without.
pub(crate) fn listed() -> impl Iterator<Item = (&'static str, &'static str)> {
    each(&routes::ROUTES)
}

pub(crate) async fn serve(face: &Face, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let call = Call { parts, mount: 0 };
    let path = call.parts.uri.path().to_owned();
    let mut answer = match unrouted_path(&call, &path) {
        Some(answer) => answer,
        None => routed(face, &call, body, &path).await,
    };
    if call.parts.method == Method::GET || call.parts.method == Method::HEAD {
        let never = HeaderValue::from_static("private, no-cache, no-store, must-revalidate");
        answer.headers_mut().insert(CACHE_CONTROL, never);
    } else {
        // The recorded system says nothing here, and some of these answers carry a credential.
        answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if call.parts.method == Method::HEAD {
        answer.headers_mut().remove(CACHE_CONTROL); // Quirk: on GET only. Contract kratos.md 0.2
        *answer.body_mut() = Body::empty();
    }
    answer
}

async fn routed(face: &Face, call: &Call, body: Body, path: &str) -> Answer {
    match route(path, &call.parts.method) {
        AdminRoute::To(endpoint, named) => {
            let outcome = answered(face, call, body, (endpoint, named)).await;
            outcome.unwrap_or_else(|error| face.error_json(&call.parts, error))
        }
        AdminRoute::Public(path) => {
            let query = call.parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
            let to = format!("{}{path}{query}", face.settings.base);
            redirect(StatusCode::TEMPORARY_REDIRECT, &call.parts, &to)
        }
        AdminRoute::OtherMethods(allow) => other_methods(&allow),
        AdminRoute::Nowhere => text(StatusCode::NOT_FOUND, "404 page not found\n"),
    }
}

async fn answered(
    face: &Face,
    call: &Call,
    body: Body,
    (endpoint, [id, kind]): (AdminEndpoint, Parameters<'_>),
) -> Result<Answer, KratosError> {
    match endpoint {
        AdminEndpoint::Alive => Ok(json_answer(StatusCode::OK, &json!({"status": "ok"}))),
        AdminEndpoint::Ready => Ok(ready(face).await),
        AdminEndpoint::Version => {
            Ok(json_answer(StatusCode::OK, &json!({"version": env!("CARGO_PKG_VERSION")})))
        }
        AdminEndpoint::Sessions => sessions::list(face, call).await,
        AdminEndpoint::ManageSessions => manage::manage(face, call, body).await,
        AdminEndpoint::Session => sessions::read(face, call, id).await,
        AdminEndpoint::EndSession => sessions::end(face, call, id).await,
        AdminEndpoint::ExtendSession => sessions::extend(face, id).await,
        AdminEndpoint::SessionsOf => sessions::list_of(face, call, id).await,
        AdminEndpoint::EndSessionsOf => sessions::forget_of(face, call, id).await,
        AdminEndpoint::Identities => identities::list(face, call).await,
        AdminEndpoint::CreateIdentity => identities::create(face, call, body).await,
        AdminEndpoint::CreateIdentities => identities::create_many(face, call, body).await,
        AdminEndpoint::Identity => identities::read(face, call, id).await,
        AdminEndpoint::IdentityExternal => identities::read_external(face, call, id).await,
        AdminEndpoint::ReplaceIdentity => identities::replace(face, call, body, id).await,
        AdminEndpoint::PatchIdentity => identities::patch(face, call, body, id).await,
        AdminEndpoint::RemoveIdentity => identities::remove(face, call, id).await,
        AdminEndpoint::RecoveryCode => recovery::code(face, call, body).await,
        AdminEndpoint::RecoveryLink => recovery::link(face, call, body).await,
        AdminEndpoint::RemoveCredential => identities::remove_credential(face, call, id, kind).await,
    }
}
