//! Ory Kratos' self-service sign-on and sign-off, and its session check.
//!
//! A whole service with its own routes, errors and anti-forgery rule, mounted at `/` and at `/auth`. It translates;
//! what a session is and when it ends is the authority's affair. Contract kratos.md; checks K-1 to K-60.
#![warn(clippy::wildcard_enum_match_arm)]

mod admin;
mod answer;
mod cors;
mod credentials;
mod csrf;
mod error;
mod error_page;
mod face;
mod flow;
mod links;
mod login;
mod logout;
mod native_logout;
mod other_flows;
mod pages;
mod return_address;
mod routes;
mod schema;
mod schemas;
mod serve;
mod sessions;
mod settings;
mod submission;
mod table;
mod token_exchange;
mod tokenize;
mod well_known;
mod whoami;
mod wire;

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use adieu_authority::Authority;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use tower::Service;

pub use face::{CookieSettings, Settings, SettingsError};
pub use schema::SchemaError;
pub use tokenize::{RESERVED_CLAIMS, Tokenizer};

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
pub fn service(authority: Authority, settings: Settings) -> Result<Kratos, SettingsError> {
    Ok(Kratos(Face::new(authority, settings)?))
}

/// The face as a service. Its routes are a table of its own: see `routes`.
#[derive(Clone)]
pub struct Kratos(Face);

impl Kratos {
    /// The admin API of the same realm, for the admin listener.
    pub fn admin(&self) -> KratosAdmin {
        KratosAdmin(self.0.clone())
    }
}

/// The admin API as a service. Who may reach it is not decided here.
#[derive(Clone)]
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

impl Service<Request<Body>> for KratosAdmin {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(())) // It never waits for room.
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let face = self.0.clone();
        Box::pin(async move { Ok(admin::serve(&face, request).await) })
    }
}

impl Service<Request<Body>> for Kratos {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(())) // It never waits for room.
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let face = self.0.clone();
        Box::pin(async move { Ok(serve::serve(&face, request).await) })
    }
}
