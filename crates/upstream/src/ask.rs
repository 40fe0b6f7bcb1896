//! One request to a provider, and its answer as JSON.
//!
//! An answer that is longer than it may be is given up, not cut.

use adieu_core::UpstreamError;
use adieu_egress::{EgressClient, address_was_refused};
use reqwest::{RequestBuilder, Response};
use serde_json::{Map, Value};
use url::Url;

/// The longest answer: metadata and keys of large providers are below a tenth of it (HOME-LIMITS).
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// An answer: its status, and its body if that is a JSON object.
pub(crate) struct ProviderAnswer {
    pub(crate) status: u16,
    pub(crate) json: Option<Map<String, Value>>,
}

pub(crate) fn unreachable(what: &str, why: &str) -> UpstreamError {
    UpstreamError::Unreachable(format!("{what}: {why}"))
}

/// An address that may be asked: by https, or by http where private addresses are allowed, too.
pub(crate) fn address(client: &EgressClient, what: &str, text: &str) -> Result<Url, UpstreamError> {
    let url = Url::parse(text).map_err(|_| unreachable(what, "its address is none"))?;
    let encrypted = url.scheme() == "https";
    let plain = url.scheme() == "http" && client.rule == adieu_egress::AddressRule::Any;
    if !encrypted && !plain {
        return Err(unreachable(what, "its address does not begin with https://"));
    }
    if !client.rule.allows_host(&url) {
        return Err(unreachable(what, "its address leads into a private network"));
    }
    Ok(url)
}

/// Sends a request and reads its answer.
pub(crate) async fn ask(what: &str, request: RequestBuilder) -> Result<ProviderAnswer, UpstreamError> {
    let response = request.send().await.map_err(|error| unreachable(what, why(&error)))?;
    let status = response.status().as_u16();
    let body = whole(what, response).await?;
    Ok(ProviderAnswer { status, json: serde_json::from_slice(&body).ok() })
}

/// The same of something that has to be there.
pub(crate) async fn read(what: &str, request: RequestBuilder) -> Result<Map<String, Value>, UpstreamError> {
    let answer = ask(what, request).await?;
    match answer {
        ProviderAnswer { status: 200, json: Some(json) } => Ok(json),
        ProviderAnswer { status: 200, json: None } => Err(unreachable(what, "no JSON object")),
        ProviderAnswer { status, .. } => Err(unreachable(what, &format!("status {status}"))),
    }
}

async fn whole(what: &str, mut response: Response) -> Result<Vec<u8>, UpstreamError> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(None) => return Ok(body),
            Ok(Some(chunk)) if body.len() + chunk.len() <= ANSWER_BYTES_MAX => body.extend_from_slice(&chunk),
            Ok(Some(_)) => return Err(unreachable(what, "the answer is too long")),
            Err(error) => return Err(unreachable(what, why(&error))),
        }
    }
}

fn why(error: &reqwest::Error) -> &'static str {
    if address_was_refused(error) {
        "its address leads into a private network"
    } else if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the answer broke off"
    }
}
