//! Why a request is not answered as it was meant. The only place where this face chooses a status.
//!
//! What may be told to a client by the browser is not here: that is an answer. RFC 6749 §5.2, RFC 6750 §3.1.

use std::borrow::Cow;

use adieu_authority::{
    EndError, Outage, SignOnFailure, Unwritten, UpstreamError, UpstreamFailure, UpstreamLogoutFailure,
};
use adieu_http_kit::body::BodyError;
use adieu_http_kit::form::NotCarried;
use adieu_oidc::{HintError, MetadataError, PushedError, Refusal, SignOffNotKept, UserinfoError};
use http::StatusCode;

/// Why a request is not answered as it was meant.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenIdError {
    /// No such realm, or no such endpoint.
    #[error("There is nothing at this address.")]
    NotFound,
    /// Another method than these.
    #[error("This address takes {0}.")]
    NotAllowed(&'static str),
    /// The body did not arrive whole.
    #[error("The form did not arrive whole.")]
    Body(#[from] BodyError),
    /// The body is no form.
    #[error("The body is not a form.")]
    NotAForm,
    /// A parameter without which nothing can be answered is not there: nothing may be redirected.
    #[error("The parameter {0} is missing.")]
    Missing(&'static str),
    /// A parameter that may come once came more often.
    #[error("The parameter {0} may be given once only.")]
    Repeated(&'static str),
    /// The form has too much in it to travel on, or something twice.
    #[error(
        "Each parameter may be given once only, and there are at most 100 of them, which may be 16 KiB long."
    )]
    NotCarried(#[from] NotCarried),
    /// The client of an authorize or logout request is missing, unknown or disabled: nothing may be redirected.
    #[error("The client_id is not that of an application of this realm.")]
    Client,
    /// The address is missing or not registered: nothing may be redirected.
    #[error("The redirect_uri is not registered for the application.")]
    RedirectUri,
    /// The same of the address after a sign-off.
    #[error("The post_logout_redirect_uri is not registered for the application.")]
    PostLogoutRedirectUri,
    /// A hint that is none.
    #[error("The id_token_hint is not an ID token that this issuer gave to the application.")]
    Hint,
    /// A form of ours that was shown to another browser, for another session, or too long ago.
    #[error("The form was made for another browser or too long ago.")]
    FormTooOld,
    /// Its user has let as many applications have something as one may.
    #[error("You have allowed as many applications as one account can. Withdraw one of them first.")]
    TooManyApplications,
    /// A reference to a pushed request that leads to none: nothing may be redirected.
    #[error("The request_uri is unknown, was used, or is too old.")]
    PushedRequest,
    /// An OAuth endpoint refuses.
    #[error("{0}")]
    OAuth(#[source] Refusal),
    /// No access token is shown, or none that is good now.
    #[error("The access token is missing, expired, revoked or not one of this issuer.")]
    Token {
        /// Whether one was shown.
        shown: bool,
    },
    /// It was not issued for this.
    #[error("The access token lacks the scope openid.")]
    Scope,
    /// It does not let its holder sign users off, or it speaks of a user.
    #[error(
        "It takes an access token that a client got in its own name with the scope global_token_revocation."
    )]
    RevocationScope,
    /// A browser is to go on to an address that is not one of this installation.
    #[error("The return_to is not an address of this server.")]
    ReturnTo,
    /// A logout token of an upstream provider is not taken. Back-Channel Logout §2.8
    #[error("{0}")]
    LogoutToken(String),
    /// The body is no JSON.
    #[error("The body is not application/json.")]
    NotJson,
    /// What a client says of itself is not taken.
    #[error(transparent)]
    Metadata(MetadataError),
    /// It names no user in a way that is known here.
    #[error(transparent)]
    Subject(#[from] SubjectFault),
    /// There is no such user in this realm.
    #[error("There is no such user in this realm.")]
    UnknownUser,
    /// Too much to do: later again.
    #[error("Many people sign on just now.")]
    Busy,
    /// It cannot be told, or is not known to be done (NO-FALSE-NO).
    #[error("It cannot be said at this moment.")]
    CannotTell(#[source] Outage),
}

/// Why a document names nobody who could be signed off. RFC 9493
#[derive(Debug, thiserror::Error)]
pub(crate) enum SubjectFault {
    /// It is no JSON object, or one with a member twice.
    #[error("The body is not a JSON object with each member once.")]
    Document,
    /// Nobody is named.
    #[error("The member sub_id is missing.")]
    Missing,
    /// The member has two names, one of which is an older one.
    #[error("One of sub_id and subject is given, not both.")]
    Both,
    /// The identifier is of another form.
    #[error("The format of the subject identifier is email, iss_sub or opaque.")]
    Format,
    /// What belongs to its form is not there, or no text.
    #[error("The member {0} of the subject identifier is missing or not a text.")]
    Member(&'static str),
}

impl OpenIdError {
    /// The only place where this face chooses the status of an error.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::UnknownUser => StatusCode::NOT_FOUND,
            Self::NotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Body(BodyError::Slow) => StatusCode::REQUEST_TIMEOUT,
            Self::Body(BodyError::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotAForm | Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Body(BodyError::Broken)
            | Self::Repeated(_)
            | Self::Missing(_)
            | Self::NotCarried(_)
            | Self::Client
            | Self::RedirectUri
            | Self::PostLogoutRedirectUri
            | Self::PushedRequest
            | Self::ReturnTo
            | Self::LogoutToken(_)
            | Self::Subject(_)
            | Self::Metadata(_)
            | Self::Hint => StatusCode::BAD_REQUEST,
            Self::FormTooOld | Self::Scope | Self::RevocationScope => StatusCode::FORBIDDEN,
            Self::TooManyApplications => StatusCode::CONFLICT,
            Self::Token { .. } | Self::OAuth(Refusal::Client { .. }) => StatusCode::UNAUTHORIZED,
            Self::Busy | Self::Body(BodyError::Crowded) | Self::OAuth(Refusal::TooOften) => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::CannotTell(_) | Self::OAuth(Refusal::KeysLater(_) | Refusal::Unavailable(_)) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::OAuth(
                Refusal::Request(_)
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
                | Refusal::SessionFull,
            ) => StatusCode::BAD_REQUEST,
        }
    }

    /// The word for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::OAuth(refusal) => refusal.code(),
            Self::Metadata(error) => error.code(),
            Self::Token { .. } => "invalid_token",
            Self::Scope | Self::RevocationScope => "insufficient_scope",
            Self::NotFound => "not_found",
            Self::UnknownUser => "unknown_user",
            Self::Client => "invalid_client",
            Self::Busy | Self::Body(BodyError::Crowded) | Self::CannotTell(_) => "temporarily_unavailable",
            Self::NotAllowed(_)
            | Self::Body(_)
            | Self::NotAForm
            | Self::NotJson
            | Self::ReturnTo
            | Self::LogoutToken(_)
            | Self::Subject(_)
            | Self::Repeated(_)
            | Self::Missing(_)
            | Self::NotCarried(_)
            | Self::RedirectUri
            | Self::PostLogoutRedirectUri
            | Self::PushedRequest
            | Self::Hint
            | Self::TooManyApplications
            | Self::FormTooOld => "invalid_request",
        }
    }

    /// What must be shown to be let in, where that has a header.
    pub(crate) fn challenge(&self) -> Option<&'static str> {
        match self {
            Self::OAuth(Refusal::Client { basic: true, .. }) => Some(r#"Basic realm="openid""#),
            // RFC 6750 §3: nothing is said of a token that was not shown.
            Self::Token { shown: false } => Some("Bearer"),
            Self::Token { shown: true } => Some(r#"Bearer error="invalid_token""#),
            Self::Scope => Some(r#"Bearer error="insufficient_scope", scope="openid""#),
            Self::RevocationScope => {
                Some(r#"Bearer error="insufficient_scope", scope="global_token_revocation""#)
            }
            Self::UnknownUser
            | Self::NotJson
            | Self::Subject(_)
            | Self::Metadata(_)
            | Self::ReturnTo
            | Self::LogoutToken(_) => None,
            Self::NotFound
            | Self::NotAllowed(_)
            | Self::Body(_)
            | Self::NotAForm
            | Self::Repeated(_)
            | Self::Missing(_)
            | Self::NotCarried(_)
            | Self::Client
            | Self::RedirectUri
            | Self::PostLogoutRedirectUri
            | Self::TooManyApplications
            | Self::PushedRequest
            | Self::Hint
            | Self::FormTooOld
            | Self::OAuth(_)
            | Self::Busy
            | Self::CannotTell(_) => None,
        }
    }

    /// The methods that are allowed, where another one was used.
    pub(crate) const fn allow(&self) -> Option<&'static str> {
        if let Self::NotAllowed(methods) = self { Some(methods) } else { None }
    }

    /// Whether the same request may be sent again in a moment.
    pub(crate) fn may_be_repeated(&self) -> bool {
        [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS].contains(&self.status())
    }

    /// In how many seconds the same is worth another try: one, where nobody knows better.
    pub(crate) fn retry_after_s(&self) -> u16 {
        if let Self::OAuth(Refusal::KeysLater(later)) = self {
            return later.retry_after_s;
        }
        self.outage().map_or(1, Outage::retry_after_s)
    }

    /// What went wrong below, for the log.
    pub(crate) const fn outage(&self) -> Option<&Outage> {
        match self {
            Self::CannotTell(outage) | Self::OAuth(Refusal::Unavailable(outage)) => Some(outage),
            Self::RevocationScope
            | Self::UnknownUser
            | Self::NotJson
            | Self::Subject(_)
            | Self::Metadata(_) => None,
            Self::ReturnTo | Self::LogoutToken(_) => None,
            Self::NotFound
            | Self::NotAllowed(_)
            | Self::Body(_)
            | Self::NotAForm
            | Self::Repeated(_)
            | Self::Missing(_)
            | Self::NotCarried(_)
            | Self::Client
            | Self::RedirectUri
            | Self::PostLogoutRedirectUri
            | Self::TooManyApplications
            | Self::PushedRequest
            | Self::Hint
            | Self::FormTooOld
            | Self::OAuth(_)
            | Self::Token { .. }
            | Self::Scope
            | Self::Busy => None,
        }
    }
}

impl From<Outage> for OpenIdError {
    fn from(outage: Outage) -> Self {
        Self::CannotTell(outage)
    }
}

impl From<Unwritten> for OpenIdError {
    fn from(unwritten: Unwritten) -> Self {
        Self::CannotTell(unwritten.into_outage())
    }
}

impl From<EndError> for OpenIdError {
    fn from(error: EndError) -> Self {
        match error {
            EndError::Unwritten(unwritten) => unwritten.into(),
            // The caller's own session, by its token: none of these is said of it.
            EndError::UnknownSession | EndError::CallersOwn | EndError::OutOfReach => Self::FormTooOld,
        }
    }
}

impl From<Refusal> for OpenIdError {
    fn from(refusal: Refusal) -> Self {
        Self::OAuth(refusal)
    }
}

impl From<SignOffNotKept> for OpenIdError {
    fn from(error: SignOffNotKept) -> Self {
        match error {
            SignOffNotKept::Form(fault) => fault.into(),
            SignOffNotKept::Unwritten(unwritten) => unwritten.into(),
        }
    }
}

impl From<HintError> for OpenIdError {
    fn from(error: HintError) -> Self {
        match error {
            HintError::Invalid | HintError::OtherClient => Self::Hint,
            HintError::Outage(outage) => Self::CannotTell(outage),
        }
    }
}

impl From<PushedError> for OpenIdError {
    fn from(error: PushedError) -> Self {
        match error {
            PushedError::Unknown => Self::PushedRequest,
            PushedError::Outage(outage) => Self::CannotTell(outage),
        }
    }
}

impl From<UserinfoError> for OpenIdError {
    fn from(error: UserinfoError) -> Self {
        match error {
            UserinfoError::Token => Self::Token { shown: true },
            UserinfoError::Scope => Self::Scope,
            UserinfoError::Outage(outage) => Self::CannotTell(outage),
        }
    }
}

impl From<UpstreamLogoutFailure> for OpenIdError {
    fn from(failure: UpstreamLogoutFailure) -> Self {
        match failure {
            UpstreamLogoutFailure::UnknownProvider => Self::NotFound,
            UpstreamLogoutFailure::Provider(UpstreamError::Busy) => Self::Busy,
            // The keys cannot be had just now: the same token may be sent again.
            UpstreamLogoutFailure::Provider(error @ UpstreamError::Unreachable(_)) => {
                Self::CannotTell(Outage::new(error))
            }
            UpstreamLogoutFailure::Provider(UpstreamError::NotTaken(_) | UpstreamError::Refused(_))
            | UpstreamLogoutFailure::Replayed => Self::LogoutToken(failure.to_string()),
            UpstreamLogoutFailure::Outage(outage) => Self::CannotTell(outage),
        }
    }
}

/// What a page says of a sign-on through an upstream provider that did not come to its end: status, title, message.
pub(crate) fn words_of_upstream(
    failure: UpstreamFailure,
) -> Result<(StatusCode, &'static str, Cow<'static, str>), OpenIdError> {
    let (status, title, message) = match failure {
        UpstreamFailure::UnknownProvider => return Err(OpenIdError::NotFound),
        UpstreamFailure::State | UpstreamFailure::Issuer => (
            StatusCode::FORBIDDEN,
            "That sign-on is too old",
            "It was begun in another browser, took too long, or was used before. Please begin again.",
        ),
        UpstreamFailure::Denied(_) => {
            (StatusCode::FORBIDDEN, "Nobody was signed on", "The other provider has signed nobody on.")
        }
        UpstreamFailure::UnknownPerson(_) => (
            StatusCode::FORBIDDEN,
            "You are not known here",
            "The other provider knows you, and no account here is linked to you. An administrator can link one, and finds you by the reference below.",
        ),
        UpstreamFailure::NameTaken(_) => (
            StatusCode::FORBIDDEN,
            "That name is taken",
            "An account with your name is there already, and it is not linked to you. If it is yours, an administrator can link it, and finds you by the reference below.",
        ),
        UpstreamFailure::NameUnusable(_) => (
            StatusCode::FORBIDDEN,
            "That name cannot be used",
            "The other provider gives you a name that no account here can have. An administrator can help, and finds you by the reference below.",
        ),
        UpstreamFailure::Over => (
            StatusCode::FORBIDDEN,
            "You were signed off",
            "The other provider has signed you off meanwhile. Please begin again.",
        ),
        UpstreamFailure::Provider(UpstreamError::NotTaken(_) | UpstreamError::Refused(_)) => (
            StatusCode::BAD_GATEWAY,
            "Nobody was signed on",
            "What the other provider says cannot be taken. Whoever runs this server finds the reason in its log.",
        ),
        UpstreamFailure::Provider(UpstreamError::Unreachable(_)) => (
            StatusCode::BAD_GATEWAY,
            "Not just now",
            "The other provider does not answer. Please try again in a moment.",
        ),
        UpstreamFailure::Provider(UpstreamError::Busy) => (
            StatusCode::TOO_MANY_REQUESTS,
            "Not just now",
            "Many people sign on through the other provider. Please load this page again in a moment.",
        ),
        UpstreamFailure::SignOn(failure) => {
            let later = later_s(&failure).is_some();
            let status = if later { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::UNAUTHORIZED };
            return Ok((status, "Nobody was signed on", words_of(failure)?.into()));
        }
        // Both are asked for again, by a page of their own.
        UpstreamFailure::SecondFactor(_) | UpstreamFailure::Code(_) => {
            (StatusCode::UNAUTHORIZED, "Second step", "Please begin again.")
        }
    };
    Ok((status, title, message.into()))
}

/// After how many seconds the form may be sent again, where that matters.
pub(crate) fn later_s(failure: &SignOnFailure) -> Option<u64> {
    match failure {
        SignOnFailure::Limited { retry_after } => u64::try_from(retry_after.s() + 1).ok(),
        SignOnFailure::Busy => Some(5),
        SignOnFailure::WrongCredentials { .. }
        | SignOnFailure::Disabled(_)
        | SignOnFailure::SecondFactor(_)
        | SignOnFailure::NotEnrolled
        | SignOnFailure::TooMany
        | SignOnFailure::Quota
        | SignOnFailure::Outage(_) => None,
    }
}

/// What the sign-on page says of a failure after which the form may be sent again; an error if it may not.
pub(crate) fn words_of(failure: SignOnFailure) -> Result<String, OpenIdError> {
    let words = match failure {
        SignOnFailure::WrongCredentials { .. } => "Name or password is wrong.",
        SignOnFailure::Limited { .. } => {
            return Ok(adieu_pages_kit::too_often(later_s(&failure).unwrap_or_default()));
        }
        SignOnFailure::Disabled(_) => "This account cannot be used at present.",
        // A second factor was made at this very moment: the password is asked for again, and then that.
        SignOnFailure::SecondFactor(_) => "Please sign on once more.",
        SignOnFailure::NotEnrolled => "A second factor is asked for here, and this account has none yet.",
        SignOnFailure::TooMany | SignOnFailure::Quota => "There are too many sessions of this account.",
        SignOnFailure::Busy => adieu_pages_kit::BUSY,
        SignOnFailure::Outage(outage) => return Err(OpenIdError::CannotTell(outage)),
    };
    Ok(words.to_owned())
}
