//! PingOne: `GET|POST /{env}/flows/{flow}`.
//!
//! No bearer is needed: the flow's id, and the cookie once there is one, say who may go on; what the flow's page has gone on with, only
//! its browser does. Contract pingone.md 4.6: P-41, P-42, P-44; decision 0113.

use adieu_http_kit::json::{self, JsonError};
use adieu_http_kit::media;
use axum::Json;
use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use uuid::Uuid;

use crate::extract::{Env, Visitor};
use crate::face::Face;
use crate::flow::PingOneFlow;
use crate::problem::Problem;
use crate::signed_on::{Factor, NameAndPassword, advance};
use crate::{body, cookies, flow_browser};

const CHECK: &str = "application/vnd.pingidentity.usernamePassword.check+json";
const CHECK_CODE: &str = "application/vnd.pingidentity.otp.check+json";

/// A flow in the path.
pub(crate) struct OfFlow(Uuid);

impl FromRequestParts<Face> for OfFlow {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Face) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, &()).await.map_err(|_| Problem::NotFound)?;
        let found = params.iter().find(|(name, _)| *name == "flow");
        found.and_then(|(_, text)| flow_id(text)).map(Self).ok_or(Problem::NotFound)
    }
}

/// The id of a flow as text.
pub(crate) fn flow_id(text: &str) -> Option<Uuid> {
    adieu_core::ids::parse_uuid(text).ok()
}

/// The flow as it is.
pub(crate) async fn read(
    State(face): State<Face>,
    Env(realm): Env,
    OfFlow(id): OfFlow,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let flow = PingOneFlow::find(&face, &realm, id).await?;
    flow_browser::admits(&face, &flow, &visitor).await?;
    if flow.is_completed() {
        flow.session(&face, &visitor).await?;
    } else {
        flow.admits(&face, &visitor).await?;
    }
    Ok(Json(flow.json(&face, None)).into_response())
}

/// The action that the media type names: the first factor, or the second.
pub(crate) async fn act(
    State(face): State<Face>,
    Env(realm): Env,
    OfFlow(id): OfFlow,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let factor = if media::is(&parts.headers, CHECK) {
        Factor::First(credentials(&body::bytes(stream).await?)?)
    } else if media::is(&parts.headers, CHECK_CODE) {
        Factor::Second(code(&body::bytes(stream).await?)?)
    } else {
        return Err(Problem::MediaType);
    };
    let visitor = Visitor::of(&parts);
    let flow = PingOneFlow::find(&face, &realm, id).await?;
    flow_browser::admits(&face, &flow, &visitor).await?;
    let advanced = advance(&face, &realm, &visitor, flow, factor).await?;
    let mut response = Json(advanced.flow.json(&face, None)).into_response();
    if let Some(token) = &advanced.token {
        cookies::set(&face, &realm, (token, &advanced.left_alone), response.headers_mut()).await;
    }
    Ok(response)
}

/// The body of a check.
fn given<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let value = json::read(body).map_err(|error| match error {
        JsonError::Repeated(name) => Problem::Twice(name),
        JsonError::Trailing | JsonError::Syntax(_) => Problem::Malformed,
    })?;
    serde_json::from_value(value).map_err(|_| Problem::Malformed)
}

/// Reads the body of a check of a code.
fn code(body: &[u8]) -> Result<String, Problem> {
    let given: GivenCode = given(body)?;
    given.otp.filter(|code| !code.trim().is_empty()).ok_or(Problem::required("otp"))
}

#[derive(serde::Deserialize)]
struct GivenCode {
    otp: Option<String>,
}

/// Reads the body of a check. Unknown members are ignored, repeated ones are not.
fn credentials(body: &[u8]) -> Result<NameAndPassword, Problem> {
    let given: Given = given(body)?;
    let username = given.username.filter(|name| !name.trim().is_empty());
    Ok(NameAndPassword {
        username: username.ok_or(Problem::required("username"))?,
        password: given.password.ok_or(Problem::required("password"))?,
    })
}

#[derive(serde::Deserialize)]
struct Given {
    username: Option<String>,
    password: Option<String>,
}
