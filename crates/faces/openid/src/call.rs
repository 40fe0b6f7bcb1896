//! One request as this face reads it: method, path, parameters, headers, and the form when somebody asks for it.
//!
//! Decides nothing but bounds.

use std::time::Duration;

use adieu_authority::{Actor, Device, Origin};
use adieu_http_kit::body;
use adieu_http_kit::client::{self, Peer};
use adieu_http_kit::form::Params;
use adieu_http_kit::media;
use adieu_oidc::ClientRequest;
use axum::body::{Body, HttpBody as _};
use http::request::Parts;
use http::{HeaderMap, Method, Request};

use crate::error::OpenIdError;
use crate::face::CHANNEL;

/// The largest form: a request with a hint and claims is below 16 KiB.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;
/// A body of that size comes in one go; who takes longer is stuck or means harm.
pub(crate) const BODY_PATIENCE: Duration = Duration::from_secs(10);

/// The request of an application that forms and addresses carry along.
pub(crate) const REQUEST: &str = "request";

/// One request without its body.
pub(crate) struct Call {
    parts: Parts,
}

impl Call {
    pub(crate) fn of(request: Request<Body>) -> (Self, Body) {
        let (parts, body) = request.into_parts();
        (Self { parts }, body)
    }

    pub(crate) fn method(&self) -> &Method {
        &self.parts.method
    }

    pub(crate) fn path(&self) -> &str {
        self.parts.uri.path()
    }

    /// The query as it was sent.
    pub(crate) fn query(&self) -> &str {
        self.parts.uri.query().unwrap_or_default()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// What is known of the user agent.
    pub(crate) fn device(&self) -> Device {
        let user_agent = client::user_agent(self.headers());
        Device { address: self.address(), user_agent, ..Device::default() }
    }

    /// Where an order comes from that somebody gives about their own sessions.
    pub(crate) fn origin_of_holder(&self) -> Origin {
        Origin::of_holder(CHANNEL, self.address())
    }

    /// Where an order of somebody else comes from.
    pub(crate) fn origin_of(&self, actor: Actor) -> Origin {
        Origin::of(actor, CHANNEL, self.address())
    }

    /// The address that it came from.
    pub(crate) fn address(&self) -> Option<String> {
        self.peer().map(Peer::to_string)
    }

    /// The same, not yet as text.
    pub(crate) fn peer(&self) -> Option<&Peer> {
        self.parts.extensions.get()
    }

    /// The request of a client with this form.
    pub(crate) fn of_client<'a>(&'a self, form: &'a Params) -> ClientRequest<'a> {
        ClientRequest { headers: self.headers(), form, peer: self.peer() }
    }
}

/// The form of a request; no body is an empty one.
pub(crate) async fn form(call: &Call, body: Body) -> Result<Params, OpenIdError> {
    if body.size_hint().exact() == Some(0) {
        return Ok(Params::default());
    }
    let bytes = body::read(body, BODY_BYTES_MAX, BODY_PATIENCE).await?;
    if !bytes.is_empty() && !media::is(call.headers(), "application/x-www-form-urlencoded") {
        return Err(OpenIdError::NotAForm);
    }
    Ok(Params::body(&bytes))
}

/// A parameter of a page that may come once; an empty one counts as absent.
pub(crate) fn once<'p>(params: &'p Params, name: &'static str) -> Result<Option<&'p str>, OpenIdError> {
    let value = params.only(name).map_err(|_| OpenIdError::Repeated(name))?;
    Ok(value.filter(|value| !value.is_empty()))
}
