//! Why an OAuth endpoint refuses, and the words for it.
//!
//! Texts are AM's own where a recording shows them; statuses are chosen where all are. Contract am.md 4.1, 4.2.

use adieu_oidc::Refusal;

use crate::error::AmError;

/// Why an OAuth endpoint refuses.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OAuthRefused {
    /// The client did not prove itself.
    #[error("Client authentication failed")]
    Client {
        /// Whether it tried HTTP Basic.
        basic: bool,
    },
    /// For a reason that every provider has.
    #[error("{0}")]
    Standard(#[source] Refusal),
    /// Nothing says whose session is to end.
    #[error("The endSession endpoint requires an id_token_hint parameter")]
    NoHint,
    /// What says it is no ID token of this issuer.
    #[error("The id_token_hint is not an ID token of this issuer")]
    BadHint,
    /// Its client's ID tokens end no session.
    #[error("An ID token of this client is not enough to end a session")]
    EndsNothing,
    /// An address that is not registered.
    #[error("The redirection URI provided does not match a pre-registered value.")]
    RedirectUri,
    /// The access token is not good.
    #[error("The access token provided is expired, revoked, malformed, or invalid for other reasons.")]
    Token,
    /// The same, of a token that is asked about.
    #[error("The access token provided is expired, revoked, malformed, or invalid for other reasons.")]
    UnknownToken,
    /// It is not good for this.
    #[error("The access token lacks the scope openid")]
    Scope,
}

impl OAuthRefused {
    /// The word for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Client { .. } => "invalid_client",
            Self::Standard(refusal) => refusal.code(),
            Self::NoHint => "bad_request",
            Self::EndsNothing => "unauthorized_client",
            Self::BadHint => "server_error", // Quirk: what AM says of a hint that it cannot read.
            Self::RedirectUri => "redirect_uri_mismatch",
            Self::Token | Self::UnknownToken => "invalid_token",
            Self::Scope => "insufficient_scope",
        }
    }

    /// What a client must show instead, where that has a header.
    pub(crate) fn challenge(&self) -> Option<&'static str> {
        match self {
            Self::Client { basic: true } => Some(r#"Basic realm="oauth2""#),
            Self::Token => Some(r#"Bearer error="invalid_token""#),
            Self::Scope => Some(r#"Bearer error="insufficient_scope", scope="openid""#),
            Self::Client { basic: false }
            | Self::Standard(_)
            | Self::NoHint
            | Self::BadHint
            | Self::EndsNothing
            | Self::UnknownToken // Quirk: as recorded; nobody has to prove anything here.
            | Self::RedirectUri => None,
        }
    }
}

impl From<OAuthRefused> for AmError {
    fn from(refused: OAuthRefused) -> Self {
        Self::OAuth(refused)
    }
}

impl From<Refusal> for AmError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unavailable(outage) => Self::CannotTell(outage),
            Refusal::KeysLater(later) => Self::KeysLater { retry_after_s: later.retry_after_s },
            Refusal::TooOften => Self::Busy,
            Refusal::Client { basic, .. } => OAuthRefused::Client { basic }.into(),
            other @ (Refusal::Request(_)
            | Refusal::RedirectUri(_)
            | Refusal::Grant(_)
            | Refusal::Scope
            | Refusal::Unauthorized
            | Refusal::GrantType
            | Refusal::ResponseType
            | Refusal::RequestObject
            | Refusal::InvalidRequestObject(_)
            | Refusal::RequestUri
            | Refusal::LoginRequired
            | Refusal::ConsentRequired
            | Refusal::AccessDenied
            | Refusal::Target
            | Refusal::UnmetAuthentication
            | Refusal::SessionFull) => OAuthRefused::Standard(other).into(),
        }
    }
}
