//! Ory Kratos' self-service sign-on and sign-off, and its session check.
//!
//! A whole service with its own routes, errors and anti-forgery rule, mounted at `/` and at `/auth`. It translates;
//! what a session is and when it ends is the authority's affair. Contract kratos.md; checks K-1 to K-60.
#![warn(clippy::wildcard_enum_match_arm)]

mod admin;
mod answer;
mod beside;
mod call;
mod cors;
mod credentials;
mod csrf;
mod error;
mod error_page;
mod face;
mod flow;
mod go_on;
mod links;
mod login;
mod logout;
mod members;
mod native_logout;
mod pages;
mod recovery;
mod registration;
mod return_address;
mod routes;
mod schema;
mod schemas;
mod serve;
mod sessions;
mod settings;
mod submission;
mod token_exchange;
mod tokenize;
mod tokenizer;
mod user_sessions;
mod well_known;
mod whoami;
mod wire;

use adieu_authority::Authority;
use adieu_http_kit::service::{Answers, FaceService};
use adieu_http_kit::table;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;

pub use face::{CookieSettings, Settings, SettingsError, check};
pub use schema::SchemaError;
pub use tokenizer::{RESERVED_CLAIMS, Tokenizer};
pub use whoami::NoActivity;

use crate::face::Face;

/// Every route of the public listener, as method and path with its parameter in braces.
pub fn routes() -> impl Iterator<Item = (&'static str, &'static str)> {
    table::each(&routes::ROUTES)
}

/// Every route of the admin listener; `/admin` may stand before a path or not.
pub fn admin_routes() -> impl Iterator<Item = (&'static str, &'static str)> {
    admin::listed()
}

/// The service. It answers every path; what it does not know is its own 404.
pub fn service(authority: Authority, settings: Settings) -> Result<FaceService<Kratos>, SettingsError> {
    Ok(FaceService::new(Kratos(Face::new(authority, settings)?)))
}

/// The face. Its routes are a table of its own: see `routes`.
pub struct Kratos(Face);

impl Kratos {
    /// The admin API of the same realm, for the admin listener.
    pub fn admin(&self) -> FaceService<KratosAdmin> {
        FaceService::new(KratosAdmin(self.0.clone()))
    }
}

/// The admin API. Who may reach it is not decided here.
pub struct KratosAdmin(Face);

impl KratosAdmin {
    /// The answer to whoever brings no credential, or a wrong one, where the listener asks for one.
    pub fn unauthorized(&self, parts: &axum::http::request::Parts) -> Response {
        let mut answer = self.0.error_json(parts, error::KratosError::no_credential());
        let scheme = axum::http::HeaderValue::from_static("Bearer realm=\"adieu\"");
        answer.headers_mut().insert(axum::http::header::WWW_AUTHENTICATE, scheme);
        answer
    }
}

impl Answers<Body> for KratosAdmin {
    type Body = Body;

    async fn answer(&self, request: Request<Body>) -> Response {
        admin::serve(&self.0, request).await
    }
}

impl Answers<Body> for Kratos {
    type Body = Body;

    async fn answer(&self, request: Request<Body>) -> Response {
        serve::serve(&self.0, request).await
    }
}
