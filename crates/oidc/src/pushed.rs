//! Pushed authorization requests: a client says beforehand what it asks, and the browser carries a reference.
//!
//! A request is judged when it is pushed, and anew when it is used; it is used once, by its own client. RFC 9126.

use adieu_authority::{ClientRefusalReason, FlowId, NewFlow, Outage, Span, Unwritten};
use adieu_http_kit::form::{NotCarried, Params};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::client_auth::{MANY, authenticated, once};
use crate::request_object::Unfolded;
use crate::{AuthorizeError, ClientRequest, Provider, Refusal};

/// How references begin. RFC 9126 §2.2
const URN: &str = "urn:ietf:params:oauth:request_uri:";
/// Flows of this kind are pushed requests; their body is a query.
const KIND: &str = "oidc-pushed-request";
/// How long one waits for its user to sign on.
const LIFE: Span = Span::from_s(600);
/// What proves the client and is no part of the request.
const PROOFS: [&str; 3] = ["client_secret", "client_assertion", "client_assertion_type"];

/// Why a reference leads to no request.
#[derive(Debug, thiserror::Error)]
pub enum PushedError {
    /// It was never given, is another client's, was used, or is too old.
    #[error("the request_uri is unknown, was used, or is too old")]
    Unknown,
    /// It cannot be said.
    #[error("the request cannot be told now")]
    Outage(#[from] Outage),
}

impl From<Unwritten> for PushedError {
    fn from(unwritten: Unwritten) -> Self {
        Self::Outage(unwritten.into_outage())
    }
}

impl Provider<'_> {
    /// Keeps the request of this form for its client; the JSON of the answer.
    ///
    /// # Errors
    /// What is wrong with client or request. RFC 9126 §2.3
    pub async fn push(&self, request: &ClientRequest<'_>) -> Result<String, Refusal> {
        self.noted("pushed_request", request, self.kept(request).await).await
    }

    async fn kept(&self, request: &ClientRequest<'_>) -> Result<String, Refusal> {
        let form = request.form;
        let from = request.peer.map(ToString::to_string);
        let from = from.as_deref();
        let client = authenticated(self, request).await?;
        if once(form, "request_uri")?.is_some() {
            return Err(Refusal::Request("`request_uri` cannot be pushed."));
        }
        let own = ("client_id".to_owned(), client.id.to_string());
        let said = form.iter().filter(|(name, _)| *name != "client_id" && !PROOFS.contains(name));
        let said = said.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let params: Params = std::iter::once(own).chain(said).collect();
        // RFC 9126 §3: a signed request counts from now on; what it says is kept, and not the object.
        let params = match self.unfolded(&params).await.map_err(refusal)? {
            Unfolded::Plain => params,
            Unfolded::Signed(all) => all,
            Unfolded::Refused(refusal) => return Err(refusal),
        };
        self.judged(&params).await.map_err(refusal)?;
        // Nobody reads what may be repeated, and what is kept has each name once.
        let kept = params.iter().filter(|(name, _)| !MANY.contains(name));
        let kept: Params = kept.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let query = kept.carried().map_err(|fault| match fault {
            NotCarried::Repeated => Refusal::Request("A parameter is repeated."),
            NotCarried::TooMuch => Refusal::Request("There are too many parameters, or they are too long."),
        })?;
        let (id, body): (FlowId, _) = (self.authority.draw(), query.into_bytes());
        let new = NewFlow { id, kind: KIND, realm: self.issuer.realm.id, life: LIFE, body, from };
        self.authority
            .begin_flow_of_client(new, &client)
            .await
            .map_err(|unwritten| Refusal::Unavailable(unwritten.into_outage()))?;
        let reference = format!("{URN}{}", URL_SAFE_NO_PAD.encode(id));
        Ok(json!({"request_uri": reference, "expires_in": LIFE.s()}).to_string())
    }

    /// The request that was pushed, if these parameters refer to one; it may be asked for until it is used.
    pub async fn pushed(&self, params: &Params) -> Result<Option<Params>, PushedError> {
        let Some(id) = reference(params)? else { return Ok(None) };
        let now = self.authority.now();
        let kept = self.authority.flow(id, KIND).await?;
        let kept = kept.filter(|flow| flow.realm == self.issuer.realm.id && now < flow.expires_at);
        let pushed = kept.map(|flow| Params::body(&flow.body)).ok_or(PushedError::Unknown)?;
        // RFC 9126 §2.2: it is bound to the client that pushed it.
        let own =
            params.first("client_id").is_some() && params.first("client_id") == pushed.first("client_id");
        if own { Ok(Some(pushed)) } else { Err(PushedError::Unknown) }
    }

    /// The name of the pushed request that these parameters refer to, if they refer to one.
    pub fn pushed_name<'p>(&self, params: &'p Params) -> Option<&'p str> {
        once(params, "request_uri").ok().flatten()?.strip_prefix(URN)
    }

    /// Uses the request up, if these parameters refer to a pushed one: of two that use it one may.
    pub async fn use_pushed(&self, params: &Params) -> Result<(), PushedError> {
        let Some(id) = reference(params)? else { return Ok(()) };
        self.authority.take_flow(id, KIND).await?.map(drop).ok_or(PushedError::Unknown)
    }
}

/// The pushed request that parameters refer to; a `request_uri` of another kind is none.
fn reference(params: &Params) -> Result<Option<FlowId>, PushedError> {
    let Ok(Some(uri)) = once(params, "request_uri") else { return Ok(None) };
    let Some(name) = uri.strip_prefix(URN) else { return Ok(None) };
    let id = URL_SAFE_NO_PAD.decode(name).ok().and_then(|id| id.try_into().ok());
    id.map(Some).ok_or(PushedError::Unknown)
}

fn refusal(error: AuthorizeError) -> Refusal {
    match error {
        AuthorizeError::Missing("redirect_uri") => Refusal::Request("The redirect_uri is missing."),
        AuthorizeError::Client(why) => Refusal::Client { basic: false, why },
        AuthorizeError::Missing(_) => Refusal::Client { basic: false, why: ClientRefusalReason::NoClient },
        AuthorizeError::RedirectUri(said) => Refusal::RedirectUri(said),
        AuthorizeError::Repeated(_) => Refusal::Request("A parameter is repeated."),
        AuthorizeError::Told { refusal, .. } => refusal,
        AuthorizeError::KeysLater(later) => Refusal::KeysLater(later),
        AuthorizeError::Outage(outage) => Refusal::Unavailable(outage),
    }
}
