//! PingOne: `GET /{env}/as/resume?flowId=`, which takes the flow away and gives the code.
//!
//! The cookie proves who finished the flow; without it there is no code. Whoever has yet to agree is asked first. Contract pingone.md 4.7: P-43, P-44.

use std::sync::Arc;

use adieu_authority::Realm;
use adieu_http_kit::form::Params;
use adieu_oidc::{AuthorizeError, Refusal};
use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use crate::authorize::{coded, found, refused};
use crate::body;
use crate::extract::{Env, Visitor};
use crate::face::Face;
use crate::flow::{FlowNext, PingOneFlow};
use crate::flows::flow_id;
use crate::problem::{Problem, Shown};

/// Gives the code of a completed flow, once.
pub(crate) async fn resume(
    State(face): State<Face>,
    Env(realm): Env,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let visitor = Visitor::of(&parts);
    let query = Params::of(&parts.uri);
    let id = body::once(&query, "flowId")?.ok_or(Problem::required("flowId"))?;
    let id = flow_id(id).ok_or(Problem::NotFound)?;
    let answer = resumed(&face, &realm, &visitor, id).await;
    // A browser is led here by the page of the flow, and is shown what went wrong.
    answer.map_err(|problem| problem.unredirectable(realm.id, Shown::IfHtml))
}

async fn resumed(face: &Face, realm: &Arc<Realm>, visitor: &Visitor, id: Uuid) -> Result<Response, Problem> {
    let flow = PingOneFlow::find(face, realm, id).await?;
    if !flow.is_completed() {
        let waiting = flow.is_direct();
        return if waiting {
            Ok(Json(flow.json(face, None)).into_response())
        } else {
            found(&flow.page_url(face))
        };
    }
    let no_access = Problem::NoAccess { bearer: false };
    let Some(live) = flow.session(face, visitor).await? else { return Err(no_access) };
    let order = match flow.next(face, &live).await? {
        FlowNext::Code(order) => order,
        FlowNext::Gone => return Err(no_access),
        // It would be the same once more: the application is told.
        FlowNext::OtherUser => return told(face, flow, Refusal::LoginRequired).await,
        // There is no page to ask on.
        FlowNext::Question(_) if flow.is_direct() => return told(face, flow, Refusal::ConsentRequired).await,
        FlowNext::Question(_) => return found(&flow.page_url(face)),
    };
    let flow = flow.take(face).await?;
    match face.code(order).await {
        Ok(Some(code)) => coded(face, realm, &flow, &code),
        Ok(None) => Err(no_access), // The session ended meanwhile.
        Err(problem) => {
            flow.keep(face, visitor).await?; // Nothing is known to be issued: it may be asked for again.
            Err(problem)
        }
    }
}

/// Takes the flow away and tells its application why there is no code.
async fn told(face: &Face, flow: PingOneFlow, refusal: Refusal) -> Result<Response, Problem> {
    let flow = flow.take(face).await?;
    refused(face, flow.realm(), AuthorizeError::Told { reply: flow.reply(), refusal })
}
