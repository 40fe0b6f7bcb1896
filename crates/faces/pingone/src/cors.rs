//! Which pages of other origins may read answers, and with a browser's credentials.
//!
//! Only origins that an application lists may do so with credentials: with them a page reads codes. An application that
//! says nothing lets every origin read without credentials, which gives away nothing that the page could not fetch
//! itself. The management API is not for browsers. Contract pingone.md 5.4: P-60.

use adieu_authority::{ApplicationTrait, Client, ClientId, Outage, RealmId};
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderName, HeaderValue, ORIGIN, VARY,
};
use http::{Method, StatusCode};

use crate::face::Face;

/// How long a browser may remember what it was allowed, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");
/// Quirk: so spelled in the vendor's documentation; the standard one is sent besides. Contract pingone.md 5.2
const ALLOW_MAX_AGE: HeaderName = HeaderName::from_static("access-control-allow-max-age");
/// The longest list of header names that is allowed back.
const NAMES_BYTES_MAX: usize = 1024;

/// The application that an answer is for, where a handler knows it.
#[derive(Clone)]
pub(crate) struct Concerned(pub(crate) ClientId);

/// A request of a page of some origin.
pub(crate) struct Cross {
    origin: HeaderValue,
    env: RealmId,
    /// What a browser asks beforehand: the names of headers it would send.
    asks: Option<Option<HeaderValue>>,
}

/// What an origin may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum May {
    Nothing,
    Read,
    ReadWithCredentials,
}

impl Cross {
    /// None for whatever comes from no page, or is not meant for one.
    pub(crate) fn of(request: &Request<Body>) -> Option<Self> {
        let headers = request.headers();
        let origin = headers.get(ORIGIN)?.clone();
        let env = request.uri().path().strip_prefix('/')?.split('/').next()?.parse().ok()?;
        let preflight =
            request.method() == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        let asks = preflight.then(|| headers.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned());
        Some(Self { origin, env, asks })
    }

    pub(crate) fn is_preflight(&self) -> bool {
        self.asks.is_some()
    }

    /// What a browser is told that asks beforehand.
    pub(crate) fn preflight(&self) -> Response {
        let mut response = StatusCode::NO_CONTENT.into_response();
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
        if let Some(Some(names)) = &self.asks
            && names.len() <= NAMES_BYTES_MAX
        {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
        }
        headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        headers.insert(ALLOW_MAX_AGE, MAX_AGE);
        response
    }

    /// Lets the origin read the answer, if it may. What cannot be told allows nothing.
    pub(crate) async fn allow(&self, face: &Face, response: &mut Response) {
        let concerned = response.extensions_mut().remove::<Concerned>();
        let may = self.may(face, concerned).await.unwrap_or(May::Nothing);
        let headers = response.headers_mut();
        headers.insert(VARY, HeaderValue::from_static("Origin"));
        if may == May::Nothing {
            headers.remove(ACCESS_CONTROL_ALLOW_METHODS);
            headers.remove(ACCESS_CONTROL_ALLOW_HEADERS);
            return;
        }
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, self.origin.clone());
        if may == May::ReadWithCredentials {
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
    }

    /// What one application allows, or the most that any of the environment does.
    async fn may(&self, face: &Face, concerned: Option<Concerned>) -> Result<May, Outage> {
        if let Some(Concerned(id)) = concerned {
            let client = face.authority().client(self.env, &id).await?;
            return Ok(client.map_or(May::Nothing, |client| self.by(&client)));
        }
        // Nobody has proved anything yet: what this costs does not grow with the applications.
        let has = async |of| face.authority().has_application(self.env, of).await;
        if let Ok(origin) = self.origin.to_str()
            && has(ApplicationTrait::OfOrigin(origin.to_owned())).await?
        {
            return Ok(May::ReadWithCredentials);
        }
        Ok(if has(ApplicationTrait::OfAnyOrigin).await? { May::Read } else { May::Nothing })
    }

    fn by(&self, client: &Client) -> May {
        match &client.origins {
            None => May::Read,
            Some(origins) if origins.iter().any(|origin| origin.as_bytes() == self.origin.as_bytes()) => {
                May::ReadWithCredentials
            }
            Some(_) => May::Nothing,
        }
    }
}
