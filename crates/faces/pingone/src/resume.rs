//! PingOne: `GET /{env}/as/resume?flowId=`, which takes the flow away and gives the code.
//!
//! The cookie proves who finished the flow; without it there is no code. Whoever has yet to agree is asked first. Contract pingone.md 4.7: P-43, P-44.

use adieu_http_kit::form::Params;
use adieu_oidc::{AuthorizeError, Refusal};
use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};

use crate::authorize::{coded, found, refused};
use crate::body;
use crate::extract::{Env, Visitor};
use crate::face::Face;
use crate::flow::{FlowNext, PingOneFlow};
use crate::flows::flow_id;
use crate::problem::Problem;

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
    let flow = PingOneFlow::find(&face, &realm, flow_id(id).ok_or(Problem::NotFound)?).await?;
    if !flow.is_completed() {
        let waiting = flow.is_direct();
        return if waiting {
            Ok(Json(flow.json(&face, None)).into_response())
        } else {
            found(&flow.page_url(&face))
        };
    }
    let no_access = Problem::NoAccess { bearer: false };
    let Some(live) = flow.session(&face, &visitor).await? else { return Err(no_access) };
    let order = match flow.next(&face, &live).await? {
        FlowNext::Code(order) => order,
        FlowNext::Gone => return Err(no_access),
        FlowNext::Question(_) if flow.is_direct() => {
            // There is no page to ask on, and it would be the same once more: the application is told.
            let refusal = Refusal::ConsentRequired;
            let flow = flow.take(&face).await?;
            return refused(&face, &realm, AuthorizeError::Told { reply: flow.reply(), refusal });
        }
        FlowNext::Question(_) => return found(&flow.page_url(&face)),
    };
    let flow = flow.take(&face).await?;
    match face.code(order).await {
        Ok(Some(code)) => coded(&face, &realm, &flow, &code),
        Ok(None) => Err(no_access), // The session ended meanwhile.
        Err(problem) => {
            flow.keep(&face, &visitor).await?; // Nothing is known to be issued: it may be asked for again.
            Err(problem)
        }
    }
}
