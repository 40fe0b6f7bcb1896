//! PingOne: `GET|POST /{env}/as/authorize`.
//!
//! A live session is answered with a code at once, where its user has agreed to that; else a flow begins. Contract pingone.md 4.5: P-2, P-39, P-40, P-45, P-46.

use std::sync::Arc;

use adieu_authority::{LiveSession, Realm};
use adieu_http_kit::client::Peer;
use adieu_oidc::{Authorize, AuthorizeAnswer, AuthorizeError, ResponseMode};
use adieu_pages_kit::FormPostPage;
use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::StatusCode;
use http::header::{LOCATION, REFERRER_POLICY, SET_COOKIE};

use crate::body;
use crate::cors::Concerned;
use crate::extract::{Env, Visitor};
use crate::face::Face;
use crate::finish::with_headers;
use crate::flow::{FlowNext, PingOneFlow};
use crate::form_token::{self, FlowBrowser};
use crate::problem::{Problem, Shown};

/// Parameters in the query or in the form.
pub(crate) async fn authorize(
    State(face): State<Face>,
    Env(realm): Env,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, params) = body::params(request).await?;
    let authorize = match face.provider(&realm).authorize(&params, parts.extensions.get::<Peer>()).await {
        Ok(authorize) => authorize,
        Err(error) => return refused(&face, &realm, error),
    };
    let mut response = answered(&face, &realm, &Visitor::of(&parts), &authorize).await?;
    response.extensions_mut().insert(Concerned(authorize.client.id.clone()));
    Ok(response)
}

async fn answered(
    face: &Face,
    realm: &Arc<Realm>,
    visitor: &Visitor,
    authorize: &Authorize,
) -> Result<Response, Problem> {
    let live = face.live(visitor, realm, true).await?;
    if let Some(live) =
        live.as_ref().filter(|live| authorize.answered_by(&live.session, face.authority().now()))
    {
        let flow = PingOneFlow::begin(face, realm, authorize, Some(live));
        let flow = flow.completed_by(live.session.id, live.user.id, &live.user.username);
        if let Some(response) = completed(face, realm, visitor, authorize, (&flow, live)).await? {
            return Ok(response);
        }
        // The session ended between the look and the code: it is asked for anew.
    }
    let unmet = live.as_ref().and_then(|live| authorize.unmet_by(&live.user));
    if let Some(error) = unmet.or_else(|| authorize.silent_refusal()) {
        return refused(face, realm, error);
    }
    begun(face, realm, visitor, authorize, live.as_ref()).await
}

/// The answer to a request by a session that does; nothing if that is over.
async fn completed(
    face: &Face,
    realm: &Arc<Realm>,
    visitor: &Visitor,
    authorize: &Authorize,
    (flow, live): (&PingOneFlow, &LiveSession),
) -> Result<Option<Response>, Problem> {
    let code = match flow.next(face, live).await? {
        FlowNext::Code(order) => face.code(order).await,
        FlowNext::OtherUser | FlowNext::Gone => Ok(None),
        // Nobody may be asked, or there is no page to ask on.
        FlowNext::Question(_) if authorize.is_silent() || flow.is_direct() => {
            return refused(face, realm, authorize.consent_refusal()).map(Some);
        }
        FlowNext::Question(_) => {
            return led_to_page(face, visitor, flow.clone()).await.map(Some);
        }
    };
    match code {
        Ok(Some(code)) => coded(face, realm, flow, &code).map(Some),
        Ok(None) => Ok(None),
        Err(Problem::Authorization(refusal)) => {
            let told = AuthorizeError::Told { reply: authorize.reply.clone(), refusal };
            refused(face, realm, told).map(Some)
        }
        Err(problem) => Err(problem),
    }
}

async fn begun(
    face: &Face,
    realm: &Arc<Realm>,
    visitor: &Visitor,
    authorize: &Authorize,
    live: Option<&LiveSession>,
) -> Result<Response, Problem> {
    let flow = PingOneFlow::begin(face, realm, authorize, live);
    match authorize.reply.mode {
        ResponseMode::Direct => {
            flow.keep(face, visitor).await?;
            Ok(Json(flow.json(face, None)).into_response())
        }
        ResponseMode::Query | ResponseMode::Fragment | ResponseMode::FormPost => {
            led_to_page(face, visitor, flow).await
        }
    }
}

/// Leads the browser of a visitor to the page of a flow, which is this browser's.
async fn led_to_page(face: &Face, visitor: &Visitor, flow: PingOneFlow) -> Result<Response, Problem> {
    if visitor.posts && form_token::name(face, flow.realm().id, &visitor.cookie_lines).is_none() {
        // The browser may have a cookie all the same, which another one would take the place of: the page makes the flow its own.
        flow.keep(face, visitor).await?;
        return found(&flow.page_url(face));
    }
    let FlowBrowser { name, cookie } = form_token::begun(face, flow.realm().id, &visitor.cookie_lines);
    let flow = flow.of_browser(&name);
    flow.keep(face, visitor).await?;
    let mut response = found(&flow.page_url(face))?;
    response.headers_mut().append(SET_COOKIE, cookie);
    Ok(response)
}

/// The answer with a code.
pub(crate) fn coded(
    face: &Face,
    realm: &Arc<Realm>,
    flow: &PingOneFlow,
    code: &str,
) -> Result<Response, Problem> {
    if flow.is_direct() {
        return Ok(Json(flow.json(face, Some(code))).into_response());
    }
    let issuer = face.provider(realm).issuer.name;
    let answer = flow.reply().answer(&[("code", Some(code)), ("iss", Some(&issuer))]); // RFC 9207 §2
    sent(&answer.ok_or(Problem::NotFound)?)
}

/// The answer to a request that gets no code.
pub(crate) fn refused(face: &Face, realm: &Arc<Realm>, error: AuthorizeError) -> Result<Response, Problem> {
    let problem = match error {
        AuthorizeError::Missing(name) => Problem::invalid(name, "The parameter is missing."),
        AuthorizeError::Client(_) => Problem::invalid("client_id", "The application is not known here."),
        AuthorizeError::RedirectUri(_) => Problem::redirect_uri(),
        AuthorizeError::Repeated(name) => Problem::invalid(name, "The parameter may be given once only."),
        AuthorizeError::KeysLater(later) => Problem::KeysLater(later),
        AuthorizeError::Outage(outage) => Problem::Unavailable(outage),
        AuthorizeError::Told { reply, refusal } => {
            let issuer = face.provider(realm).issuer.name;
            let text = refusal.to_string();
            let told = [
                ("error", Some(refusal.code())),
                ("error_description", Some(text.as_str())),
                ("iss", Some(issuer.as_str())),
            ];
            return match reply.answer(&told) {
                Some(answer) => sent(&answer),
                None => Err(Problem::Authorization(refusal)),
            };
        }
    };
    Err(problem.unredirectable(realm.id, Shown::IfHtml))
}

/// The answer that a browser carries to the application.
fn sent(answer: &AuthorizeAnswer) -> Result<Response, Problem> {
    match answer {
        AuthorizeAnswer::Goes(location) => found(location),
        AuthorizeAnswer::Posts { action, fields } => {
            let page = FormPostPage::of(action, fields);
            Ok(with_headers(StatusCode::OK, &page.html(), &page.headers()))
        }
    }
}

/// 302 with an empty body. An address that no header can carry is no address.
pub(crate) fn found(location: &str) -> Result<Response, Problem> {
    let value = HeaderValue::from_str(location)
        .map_err(|_| Problem::invalid("redirect_uri", "The address cannot be used."))?;
    // A code in the address is for whom it is sent to, and not for the page after that.
    let quiet = (REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok((StatusCode::FOUND, [(LOCATION, value), quiet]).into_response())
}
