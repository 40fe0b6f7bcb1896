//! One request as handlers see it, and its body within bounds.
//!
//! Decides nothing. Contract kratos.md 0.1 and 4.

use std::time::Duration;

use adieu_authority::Device;
use adieu_http_kit::json::{self, JsonError};
use adieu_http_kit::{client, media};
use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::error::KratosError;
use crate::members;

/// Bodies are capped at 5 MiB. Contract kratos.md 0.1.
const BODY_BYTES_MAX: usize = 5 * 1024 * 1024;
/// Longest text kept of a place. Contract kratos.md 4.
const LOCATION_BYTES_MAX: usize = 512;
/// A body that is not there by then is given up (HOME-LIMITS).
const BODY_PATIENCE: Duration = Duration::from_secs(20);

/// A request as handlers see it: the path without its mount, and which mount it was.
pub(crate) struct Call {
    pub(crate) parts: Parts,
    pub(crate) mount: usize,
}

impl Call {
    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    pub(crate) fn query(&self) -> &str {
        self.parts.uri.query().unwrap_or_default()
    }

    /// The caller's address with its port, as Kratos shows it.
    pub(crate) fn address(&self) -> Option<String> {
        self.parts.extensions.get::<client::Peer>().map(client::Peer::to_string)
    }

    /// Whether a trusted proxy says that the browser spoke https to it.
    pub(crate) fn https_to_proxy(&self) -> bool {
        self.parts.extensions.get::<client::Via>().is_some_and(|via| via.https == Some(true))
    }

    /// The user agent. Its place is what a well-known network says of it, if it came through a trusted proxy: for display, and
    /// cut.
    pub(crate) fn device(&self) -> Device {
        let proxied = self.parts.extensions.get::<client::Via>().is_some();
        let said = |name: &str| self.headers().get(name).and_then(|value| value.to_str().ok());
        let names = ["cf-ipcity", "cf-ipcountry"].into_iter().filter(|_| proxied);
        let mut location = names.filter_map(said).collect::<Vec<_>>().join(", ");
        location.truncate(location.floor_char_boundary(LOCATION_BYTES_MAX));
        Device {
            address: self.address(),
            user_agent: client::user_agent(self.headers()),
            location: (!location.is_empty()).then_some(location),
        }
    }
}

/// Reads a body of JSON within its bounds. A page of another site can send one of another type without asking first.
pub(crate) async fn read_json(call: &Call, body: Body) -> Result<Bytes, KratosError> {
    let bytes = read_body(body).await?;
    if bytes.is_empty() {
        return Ok(bytes);
    }
    let kinds = ["application/json", "application/json-patch+json", "application/merge-patch+json"];
    if !kinds.iter().any(|kind| media::is(call.headers(), kind)) {
        return Err(KratosError::unparseable("json: the body has to be sent as application/json"));
    }
    match json::read(&bytes) {
        Err(error @ JsonError::Repeated(_)) => Err(KratosError::unparseable(format!("json: {error}"))),
        // Members are matched in any letter case (F-34).
        Ok(value) => match members::repeated(&value) {
            Some(name) => Err(KratosError::unparseable(format!("json: {}", JsonError::repeated(name)))),
            None => Ok(bytes),
        },
        // What else is wrong is said by whoever reads it.
        Err(JsonError::Trailing | JsonError::Syntax(_)) => Ok(bytes),
    }
}

/// Reads a request's body within its bounds.
pub(crate) async fn read_body(body: Body) -> Result<Bytes, KratosError> {
    Ok(adieu_http_kit::body::read(body, BODY_BYTES_MAX, BODY_PATIENCE).await?)
}
