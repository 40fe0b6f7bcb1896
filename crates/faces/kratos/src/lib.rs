//! Ory Kratos' self-service sign-on and sign-off, and its session check.
//!
//! A whole service with its own routes, errors and anti-forgery rule, mounted at `/` and at `/auth`. It translates;
//! what a session is and when it ends is the authority's affair. Contract kratos.md; checks K-1 to K-60.
#![warn(clippy::wildcard_enum_match_arm)]

mod answer;
mod credentials;
mod csrf;
mod error;
mod error_page;
mod face;
mod login;
mod logout;
mod native_logout;
mod pages;
mod routes;
mod serve;
mod token_exchange;
mod whoami;
mod wire;

use adieu_authority::Authority;
use axum::Router;

pub use face::{CookieSettings, Settings, SettingsError};

use crate::face::Face;

/// The service. It answers every path; what it does not know is its own 404.
pub fn service(authority: Authority, settings: Settings) -> Result<Router, SettingsError> {
    let face = Face::new(authority, settings)?;
    Ok(Router::new().fallback(serve::serve).with_state(face))
}
