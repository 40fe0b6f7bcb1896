//! Why a request is refused, and the standard word for it.
//!
//! No statuses and no sentences: the face that mounts the provider has those. RFC 6749 §4.1.2.1 and §5.2, OpenID Connect
//! Core §3.1.2.6.

use adieu_authority::{ClientRefusalReason, Outage, RedeemFailure};

/// The keys of a client lack the one that it signed with, or cannot be had just now: its own matter, and worth another try, as nobody
/// can tell whether the key is published by now (NO-FALSE-NO).
#[derive(Debug, thiserror::Error)]
#[error("it cannot be said now")]
pub struct KeysLater {
    /// In one word, for the log.
    pub why: ClientRefusalReason,
    /// In how many seconds the same is worth another try.
    pub retry_after_s: u16,
    /// More closely, for the log.
    pub detail: String,
}

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// A parameter is missing, repeated, or means nothing.
    #[error("{0}")]
    Request(&'static str),
    /// The redirect address of a pushed request is not one of the client's: as it came.
    #[error("The redirect address is not registered.")]
    RedirectUri(String),
    /// The client is unknown, disabled, or did not prove itself the way it is to.
    #[error("the client did not authenticate")]
    Client {
        /// Whether it tried HTTP Basic.
        basic: bool,
        /// What was wrong: for the log only.
        why: ClientRefusalReason,
    },
    /// The code or refresh token buys nothing.
    #[error("the code or token is not valid")]
    Grant(ClientRefusalReason),
    /// No known scope, or more than was granted.
    #[error("the scope is not valid")]
    Scope,
    /// The client may not do that.
    #[error("the client may not use this")]
    Unauthorized,
    /// A grant type that does not exist here.
    #[error("the grant type is not supported")]
    GrantType,
    /// A response type that does not exist here.
    #[error("the response type is not supported")]
    ResponseType,
    /// A request object is not taken from this client, or not without a signature.
    #[error("request objects are taken signed, from clients that registered keys")]
    RequestObject,
    /// A request object is not what it should be. RFC 9101 §7
    #[error("{0}")]
    InvalidRequestObject(&'static str),
    /// Nor by reference.
    #[error("request objects by reference are not supported")]
    RequestUri,
    /// Nobody is signed on, and nobody may be asked.
    #[error("a sign-on is required")]
    LoginRequired,
    /// The user would have to be asked to agree, and is not.
    #[error("the user has to agree first")]
    ConsentRequired,
    /// The user does not agree.
    #[error("the user does not agree")]
    AccessDenied,
    /// Tokens are asked for another place than this issuer's. RFC 8707 §2
    #[error("tokens are given for this issuer, and for no other resource")]
    Target,
    /// The request wants more to be proven than its user can prove.
    #[error("the user has no second factor")]
    UnmetAuthentication,
    /// As many clients take part in the session as one has room for.
    #[error("too many applications take part in this session: sign off and on again")]
    SessionFull,
    /// The client proves itself more often than is remembered of it.
    #[error("the client proves itself too often: again in a moment, or by assertions that end sooner")]
    TooOften,
    /// The keys of the client, at an address of its own, do not tell.
    #[error(transparent)]
    KeysLater(KeysLater),
    /// The store or the signing threads cannot tell.
    #[error("it cannot be said now")]
    Unavailable(#[source] Outage),
}

impl Refusal {
    /// What was wrong with the request of a client that is refused so, for the log; none where it is not the client that is wrong.
    pub const fn reason(&self) -> Option<ClientRefusalReason> {
        Some(match self {
            Self::Client { why, .. } | Self::Grant(why) => *why,
            Self::RedirectUri(_) => ClientRefusalReason::RedirectUri,
            Self::Request(_)
            | Self::ResponseType
            | Self::LoginRequired
            | Self::ConsentRequired
            | Self::AccessDenied
            | Self::UnmetAuthentication => ClientRefusalReason::InvalidRequest,
            Self::RequestObject | Self::InvalidRequestObject(_) | Self::RequestUri => {
                ClientRefusalReason::RequestObject
            }
            Self::Scope => ClientRefusalReason::Scope,
            Self::Unauthorized => ClientRefusalReason::NotAllowed,
            Self::GrantType => ClientRefusalReason::GrantType,
            Self::Target => ClientRefusalReason::Target,
            Self::SessionFull => ClientRefusalReason::SessionFull,
            Self::TooOften => ClientRefusalReason::TooOften,
            Self::KeysLater(later) => later.why,
            Self::Unavailable(_) => return None,
        })
    }

    /// The standard word.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Request(_) | Self::RedirectUri(_) => "invalid_request",
            Self::Client { .. } => "invalid_client",
            Self::Grant(_) => "invalid_grant",
            Self::Scope => "invalid_scope",
            Self::Unauthorized => "unauthorized_client",
            Self::GrantType => "unsupported_grant_type",
            Self::ResponseType => "unsupported_response_type",
            Self::RequestObject => "request_not_supported",
            Self::InvalidRequestObject(_) => "invalid_request_object",
            Self::RequestUri => "request_uri_not_supported",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::AccessDenied => "access_denied",
            Self::Target => "invalid_target",
            // OpenID Connect Core Error Code unmet_authentication_requirements 1.0 §3
            Self::UnmetAuthentication => "unmet_authentication_requirements",
            Self::SessionFull | Self::TooOften | Self::KeysLater(_) | Self::Unavailable(_) => {
                "temporarily_unavailable"
            }
        }
    }
}

impl From<Outage> for Refusal {
    fn from(outage: Outage) -> Self {
        Self::Unavailable(outage)
    }
}

impl From<RedeemFailure> for Refusal {
    fn from(failure: RedeemFailure) -> Self {
        match failure {
            RedeemFailure::Grant(why) => Self::Grant(why),
            RedeemFailure::Scope => Self::Scope,
            RedeemFailure::Outage(outage) => Self::Unavailable(outage),
        }
    }
}
