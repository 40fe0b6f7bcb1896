//! PingOne's sign-on, sessions and sign-off, as its published clients expect them.
//!
//! The whole service: own routes, own fallback, own error shape, own extractors. It decides nothing about sessions; it
//! translates in, asks the authority once, translates out. Contract: pingone.md.

#![warn(clippy::wildcard_enum_match_arm)]

mod as_endpoints;
mod authorize;
mod body;
mod consent;
mod cookies;
mod cors;
mod direct;
mod external;
mod extract;
mod face;
mod finish;
mod flow;
mod flow_browser;
mod flows;
mod form_token;
mod manage;
mod page_address;
mod problem;
mod record_faults;
mod resume;
mod route;
mod session_json;
mod sessions;
mod settings;
mod sign_on_page;
mod signed_on;
mod signoff;
mod user_agent;

use adieu_authority::{Authority, RealmId};
use adieu_http_kit::service::{Answers, FaceService};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post};
use tower::Service;

pub use settings::Settings;

use crate::cors::Cross;
use crate::direct::Direct;
use crate::extract::Visitor;
use crate::face::Face;
use crate::finish::{Reads, finish};
use crate::problem::Problem;
use crate::route::{Route, only, readable};

/// The kinds of documents that this face keeps for its clients: whoever exports an installation takes them along.
pub static DOCUMENT_KINDS: &[&str] = &manage::DOCUMENT_KINDS;

/// Those of them that are kept beside clients, and go with their client.
pub static CLIENT_DOCUMENT_KINDS: &[&str] = &manage::CLIENT_DOCUMENT_KINDS;

/// The scopes of this dialect's API.
pub const API_SCOPES: &[&str] = &face::API_SCOPES;

/// The service: everything below `/{environment id}` and `/v1`.
pub fn service(authority: Authority, settings: Settings) -> FaceService<PingOne> {
    let face = Face::new(authority, settings);
    let routes = routed().fold(Router::new(), |router, route| router.route(&route.path, route.to));
    let routes = routes.fallback(async || Problem::NotFound).with_state(face.clone());
    FaceService::new(PingOne { routes, face })
}

/// The face: its routes, and the last hand on what they answer.
pub struct PingOne {
    routes: Router,
    face: Face,
}

impl PingOne {
    /// What `GET /v1/environments/{environment}/sessions/me` answers about the session in the cookie of a request to somebody whose
    /// bearer may read it: the caller says by this that the asker may. It is no activity.
    pub async fn own_session(&self, environment: RealmId, request: Request) -> Response {
        let reads = Reads::of(request.headers());
        let (parts, _) = request.into_parts();
        let read = async {
            let realm = self.face.authority().realm(environment).await?.ok_or(Problem::Forbidden)?;
            sessions::me::read_by_right(&self.face, &realm, &Visitor::of(&parts)).await
        };
        finish(&self.face, reads, read.await.into_response())
    }

    /// The issuer of an environment.
    pub fn issuer(&self, environment: RealmId) -> String {
        self.face.issuer(environment)
    }
}

impl Answers<Body> for PingOne {
    type Body = Body;

    async fn answer(&self, request: Request<Body>) -> Response {
        let reads = Reads::of(request.headers());
        let cross = Cross::of(&request);
        let answer = match (&cross, Direct::of(&request)) {
            (Some(cross), _) if cross.is_preflight() => cross.preflight(),
            (_, Some(direct)) => direct.answer(&self.face, request).await,
            (_, None) => match self.routes.clone().call(request).await {
                Ok(answer) => answer,
                Err(never) => match never {},
            },
        };
        let mut answer = finish(&self.face, reads, answer);
        if let Some(cross) = cross {
            cross.allow(&self.face, &mut answer).await;
        }
        answer
    }
}

/// Sign-off and introspection are not here: see [`Direct`].
fn authentication() -> Vec<Route> {
    vec![
        only("/{env}/as/authorize", "GET, POST", get(authorize::authorize).post(authorize::authorize)),
        only("/{env}/as/resume", "GET", get(resume::resume)),
        only("/{env}/as/token", "POST", post(as_endpoints::token)),
        only("/{env}/as/revoke", "POST", post(as_endpoints::revoke)),
        only("/{env}/as/userinfo", "GET, POST", get(as_endpoints::userinfo).post(as_endpoints::userinfo)),
        only("/{env}/as/idpSignoff", "GET", get(signoff::by_hint::sign_off)),
        readable("/{env}/as/jwks", get(as_endpoints::jwks)),
        readable("/{env}/as/.well-known/openid-configuration", get(as_endpoints::discovery)),
        only("/{env}/as/signon", "GET", get(sign_on_page::moved)),
        only("/{env}/flows/{flow}", "GET, POST", get(flows::read).post(flows::act)),
        only("/{env}/signon/", "GET, POST", get(sign_on_page::show).post(sign_on_page::submit)),
    ]
}

fn management() -> Vec<Route> {
    vec![
        only("/v1/environments/{env}/users/{user}/sessions", "GET", get(sessions::list_of_user)),
        only(
            "/v1/environments/{env}/users/{user}/sessions/{session}",
            "GET, DELETE",
            get(sessions::read_of_user).delete(sessions::delete),
        ),
        // A session comes of a sign-on and is found by its user: the collection takes no method at all.
        only("/v1/environments/{env}/sessions", "", MethodRouter::new()),
        only(
            "/v1/environments/{env}/sessions/me",
            "GET, POST, DELETE",
            get(sessions::me::read).post(sessions::me::reset).delete(sessions::me::delete),
        ),
        only(
            "/v1/environments/{env}/sessions/{session}",
            "GET, POST",
            get(sessions::read).post(sessions::reset),
        ),
    ]
}

/// All that a router has to find.
fn routed() -> impl Iterator<Item = Route> {
    authentication().into_iter().chain(management()).chain(manage::routes())
}

/// Every route of the face, as method and path with its parameters in braces.
pub fn routes() -> Vec<(&'static str, String)> {
    let found = routed().map(|route| (route.path, route.allow));
    let direct = Direct::paths().map(|(path, allow)| (format!("/{{env}}/{path}"), allow));
    let of_path = |(path, allow): (String, &'static str)| {
        allow.split(", ").filter(|method| !method.is_empty()).map(move |method| (method, path.clone()))
    };
    found.chain(direct).flat_map(of_path).collect()
}
