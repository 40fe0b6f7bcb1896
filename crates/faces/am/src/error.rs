//! What can go wrong here, and the only place where this face chooses a status.
//!
//! Texts are AM's own where a client or a recording shows them. Contract am.md 0.6, 0.7, 3.3.

use adieu_authority::{EndError, Outage, SecondStepFailure, SignOnFailure, Unwritten};
use adieu_http_kit::body::BodyError;
use http::{Method, StatusCode};
use serde::Serialize;

use crate::oauth_refused::OAuthRefused;
use crate::version::{Unserved, UnusableVersion};

/// Why a request is not done. The text is what the client is told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AmError {
    /// No live caller.
    #[error("Access Denied")]
    AccessDenied,
    /// A live caller who may not do that.
    #[error("Forbidden")]
    Forbidden,
    /// A cookie without the headers that only a script of ours can send.
    #[error("Forbidden")]
    Csrf,
    /// No realm of that name, as the path spelled it.
    #[error("Realm \"{0}\" not found")]
    UnknownRealm(String),
    /// The same, as OAuth's endpoints say it.
    #[error("No mapping organization found for organization identifier: {0}")]
    UnknownOrganization(String),
    /// No realm of that name, as the query spelled it.
    #[error("Invalid realm, {0}")]
    InvalidRealm(String),
    /// A parameter that may come once came more often.
    #[error("Multiple values provided for the single-valued request parameter '{0}'")]
    Repeated(&'static str),
    /// A POST that does not say what it wants.
    #[error("No values provided for the request parameter '_action'")]
    NoAction,
    /// `_action` where it has no place.
    #[error("Unrecognized request parameter '_action'")]
    StrayAction,
    /// The rest of the path names nothing.
    #[error("Resource '{0}' not found")]
    UnknownResource(String),
    /// The resource knows no such action in this version.
    #[error("Action {0} not implemented for this resource")]
    UnknownAction(String),
    /// The resource does not do that.
    #[error("Operation is not supported.")]
    Unsupported,
    /// What cannot be done to the whole collection, whose name is empty: hence two spaces.
    #[error("The resource collection  cannot be {0}")]
    NotTheCollection(&'static str),
    /// A method that CREST does not know.
    #[error("Method {0} not supported")]
    UnknownMethod(Method),
    /// A method that has no place there; these have.
    #[error("Method Not Allowed")]
    NotAllowed(&'static str),
    /// No such server information.
    #[error("ResourceId not supported: {0}")]
    UnknownInfo(String),
    /// The version header cannot be followed.
    #[error(transparent)]
    Version(#[from] UnusableVersion),
    /// The installation wants a version to be named.
    #[error("No requested version specified and behavior set to NONE.")]
    VersionNotNamed,
    /// `authenticate` has no such version.
    #[error("")]
    NoSuchAuthenticate,
    /// A precondition that does not fit the method.
    #[error("{0} not supported for POST requests")]
    Precondition(&'static str),
    /// A condition of time, which nothing here knows.
    #[error("Header {0} not supported")]
    TimeCondition(&'static str),
    /// A body of another type.
    #[error(
        "The request could not be processed because it specified the content-type '{0}' when only the content-type \
         'application/json' and 'multipart/form-data' are supported"
    )]
    MediaType(String),
    /// A body whose type must be named.
    #[error("The request could not be processed because the content-type was not specified and is required")]
    NoMediaType,
    /// A body of another type at `authenticate`.
    #[error("Unsupported Media Type")]
    NotJsonType,
    /// A body that is no JSON, with the parser's words.
    #[error("The request could not be processed because the provided content is not valid JSON")]
    NotJson(String),
    /// More after the JSON.
    #[error("The request could not be processed because there is trailing data after the JSON content")]
    TrailingData,
    /// The body could not be read.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// `tokenId` is no text.
    #[error("tokenId must be a string")]
    TokenIdNoText,
    /// The body is not what the action reads; AM says no more than that.
    #[error("Bad Request")]
    BadRequest,
    /// No list of handles.
    #[error("The \"sessionHandles\" field is not defined in the request or it's not a JSON array")]
    NoHandles,
    /// No name of the user whose sessions are to end.
    #[error("The \"username\" field is not defined in the request or it's not a string")]
    NoUsername,
    /// A filter that is none.
    #[error("The value '{0}' for parameter '_queryFilter' could not be parsed as a valid query filter")]
    NoFilter(String),
    /// A filter on something that sessions are not listed by.
    #[error("{0} is not supported in query filter")]
    FilterField(String),
    /// A filter that names no realm.
    #[error("The query filter must specify the realm")]
    FilterWithoutRealm,
    /// A sound query that nobody here answers.
    #[error("The query is not supported")]
    UnsupportedQuery,
    /// Two parameters that do not go together.
    #[error("The parameters {0} and {1} are mutually exclusive")]
    Exclusive(&'static str, &'static str),
    /// A parameter that must be a number.
    #[error("The value '{0}' for parameter '{1}' could not be parsed as a valid integer")]
    NoInteger(String, &'static str),
    /// Nothing to validate in the older versions. Quirk: literal, whatever the cookie is called. Contract am.md 1.6
    #[error("iPlanetDirectoryCookie not set on request")]
    NoToken,
    /// Name and password do not fit.
    #[error("Login failure")]
    LoginFailure,
    /// The user is disabled.
    #[error("User Locked Out.")]
    LockedOut,
    /// No more sessions for this user.
    #[error("You have reached your session limit.")]
    SessionLimit,
    /// A second factor is asked for, and the user has none.
    #[error("A second factor is required and none is registered")]
    NoSecondFactor,
    /// Who asks to end all own sessions has signed on too long ago for that: `authenticate` renews the session.
    #[error("The last authentication is too long ago: authenticate again with ForceAuth=true")]
    ProofTooOld,
    /// The attempt is over: too late, or used.
    #[error("Session has timed out")]
    TimedOut,
    /// The `authId` is no token.
    #[error("Failed to parse JWT, not a signed token")]
    AttemptUnreadable,
    /// The `authId` is not ours.
    #[error("AuthId JWT Signature not valid")]
    AttemptForged,
    /// The `authId` belongs to another realm.
    #[error("AuthId JWT is of another realm")]
    AttemptElsewhere,
    /// The session that was to be upgraded is none.
    #[error("Invalid session upgrade token")]
    NoUpgrade,
    /// Somebody else proved to be there than the session that was to be upgraded belongs to.
    #[error("Session Upgrade fails since user is different than original authenticated user")]
    OtherUser,
    /// The server's version is not told to nobody.
    #[error("No session for request.")]
    NoSession,
    /// Nor to just anybody.
    #[error("The user has insufficient privileges")]
    NoPrivilege,
    /// Another number of callbacks than were asked.
    #[error("Incorrect number of callbacks found in JSON response")]
    Callbacks,
    /// An index type nobody knows.
    #[error("Unknown Authentication Index Type")]
    UnknownIndexType,
    /// An index that leads to no service.
    #[error("No Configuration found")]
    NoConfiguration,
    /// Too much to do: later again.
    #[error("Too many sign-ons at once")]
    Busy,
    /// Too many sign-ons have failed: later again.
    #[error("Too many failed sign-ons")]
    Limited {
        /// When.
        retry_after_s: u16,
    },
    /// Its user has let as many applications have something as one may.
    #[error("You have allowed as many applications as one account can. Withdraw one of them first.")]
    TooManyApplications,
    /// An OAuth endpoint refuses.
    #[error(transparent)]
    OAuth(OAuthRefused),
    /// The keys of the client do not tell whether it signed this: later again (NO-FALSE-NO).
    #[error("Service Unavailable")]
    KeysLater {
        /// When.
        retry_after_s: u16,
    },
    /// It cannot be told, or is not known to be done (NO-FALSE-NO).
    #[error("Service Unavailable")]
    CannotTell(#[source] Outage),
}

/// What a client may be told besides the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Detail<'a> {
    /// Where to go; AM sends it empty when nothing is configured.
    #[serde(rename_all = "camelCase")]
    Failure { failure_url: &'static str },
    /// The number by which XUI knows that it must begin again.
    #[serde(rename_all = "camelCase")]
    Code { error_code: &'static str },
    /// The parameter with which `authenticate` asks for a new proof.
    #[serde(rename_all = "PascalCase")]
    Again { force_auth: bool },
    /// A parser's words.
    Text(&'a str),
}

/// In which form an error is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The usual object.
    Json,
    /// The object of RFC 6749 §5.2.
    OAuth,
    /// The message as it is, without a type.
    Text,
    /// Nothing at all.
    Empty,
}

impl AmError {
    /// The only place where this face chooses a status.
    pub(crate) fn status(&self) -> StatusCode {
        use AmError as E;
        match self {
            E::InvalidRealm(_) | E::Repeated(_) | E::NoAction | E::StrayAction | E::NotTheCollection(_) => {
                StatusCode::BAD_REQUEST
            }
            E::Version(_) | E::VersionNotNamed | E::MediaType(_) | E::NoMediaType | E::NotJson(_) => {
                StatusCode::BAD_REQUEST
            }
            E::TrailingData | E::TokenIdNoText | E::NoToken | E::UnknownIndexType | E::NoConfiguration => {
                StatusCode::BAD_REQUEST
            }
            E::AttemptUnreadable | E::AttemptForged | E::AttemptElsewhere | E::Callbacks => {
                StatusCode::BAD_REQUEST
            }
            E::BadRequest | E::NoHandles | E::NoUsername | E::NoFilter(_) | E::FilterField(_) => {
                StatusCode::BAD_REQUEST
            }
            E::FilterWithoutRealm | E::UnsupportedQuery | E::Exclusive(..) | E::NoInteger(..) => {
                StatusCode::BAD_REQUEST
            }
            E::NoUpgrade | E::OtherUser => StatusCode::BAD_REQUEST,
            // Quirk: 401 only to who tried Basic, as recorded.
            E::OAuth(
                OAuthRefused::Client { basic: true } | OAuthRefused::Token | OAuthRefused::UnknownToken,
            ) => StatusCode::UNAUTHORIZED,
            E::OAuth(OAuthRefused::Scope) => StatusCode::FORBIDDEN,
            E::OAuth(OAuthRefused::Client { basic: false } | OAuthRefused::Standard(_)) => {
                StatusCode::BAD_REQUEST
            }
            E::OAuth(
                OAuthRefused::NoHint
                | OAuthRefused::BadHint
                | OAuthRefused::EndsNothing
                | OAuthRefused::RedirectUri,
            ) => StatusCode::BAD_REQUEST,
            E::Body(BodyError::Broken) => StatusCode::BAD_REQUEST,
            E::AccessDenied | E::LoginFailure | E::LockedOut | E::SessionLimit | E::TimedOut => {
                StatusCode::UNAUTHORIZED
            }
            E::NoSecondFactor => StatusCode::UNAUTHORIZED,
            E::Forbidden | E::Csrf | E::NoSession | E::NoPrivilege | E::ProofTooOld => StatusCode::FORBIDDEN,
            E::UnknownRealm(_) | E::UnknownOrganization(_) | E::UnknownResource(_) => StatusCode::NOT_FOUND,
            E::NoSuchAuthenticate => StatusCode::NOT_FOUND,
            E::NotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            E::Body(BodyError::Slow) => StatusCode::REQUEST_TIMEOUT,
            E::TimeCondition(_) | E::TooManyApplications => StatusCode::CONFLICT,
            E::Precondition(_) => StatusCode::PRECONDITION_FAILED,
            E::Body(BodyError::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
            E::NotJsonType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            E::Busy | E::Body(BodyError::Crowded) | E::Limited { .. } => StatusCode::TOO_MANY_REQUESTS,
            E::UnknownAction(_) | E::Unsupported | E::UnknownMethod(_) | E::UnknownInfo(_) => {
                StatusCode::NOT_IMPLEMENTED
            }
            E::CannotTell(_) | E::KeysLater { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What a client may be told besides the text.
    pub(crate) fn detail(&self) -> Option<Detail<'_>> {
        if let Self::NotJson(words) = self {
            return Some(Detail::Text(words));
        }
        if matches!(self, Self::ProofTooOld) {
            return Some(Detail::Again { force_auth: true });
        }
        if matches!(self, Self::TimedOut) {
            return Some(Detail::Code { error_code: "110" });
        }
        matches!(self, Self::LoginFailure | Self::LockedOut).then_some(Detail::Failure { failure_url: "" })
    }

    /// In which form the text is written.
    pub(crate) fn form(&self) -> Form {
        if matches!(self, Self::Version(UnusableVersion::Malformed(_))) {
            return Form::Text;
        }
        if matches!(self, Self::OAuth(_)) {
            return Form::OAuth;
        }
        if matches!(self, Self::NoSuchAuthenticate) { Form::Empty } else { Form::Json }
    }

    /// What must be shown to be let in, where that has a header.
    pub(crate) fn challenge(&self) -> Option<&'static str> {
        if let Self::OAuth(refused) = self { refused.challenge() } else { None }
    }

    /// The methods that are allowed, where another one was used.
    pub(crate) fn allow(&self) -> Option<&'static str> {
        if let Self::NotAllowed(methods) = self { Some(methods) } else { None }
    }

    /// Seconds after which the same request may be sent again, if it is worth it.
    pub(crate) fn retry_after_s(&self) -> Option<u16> {
        if let Self::Limited { retry_after_s } | Self::KeysLater { retry_after_s } = self {
            return Some(*retry_after_s);
        }
        if let Self::CannotTell(outage) = self {
            return Some(outage.retry_after_s());
        }
        matches!(self, Self::Busy | Self::Body(BodyError::Crowded)).then_some(1)
    }
}

impl From<Outage> for AmError {
    fn from(outage: Outage) -> Self {
        Self::CannotTell(outage)
    }
}

impl From<EndError> for AmError {
    fn from(error: EndError) -> Self {
        match error {
            EndError::UnknownSession | EndError::CallersOwn => Self::AccessDenied,
            EndError::OutOfReach => Self::Forbidden,
            EndError::Unwritten(unwritten) => unwritten.into(),
        }
    }
}

impl From<Unwritten> for AmError {
    fn from(unwritten: Unwritten) -> Self {
        Self::CannotTell(unwritten.into_outage())
    }
}

impl From<SignOnFailure> for AmError {
    fn from(failure: SignOnFailure) -> Self {
        match failure {
            // Whoever could go on is asked to by the resource itself; elsewhere one factor is a failure.
            SignOnFailure::WrongCredentials { .. } | SignOnFailure::SecondFactor(_) => Self::LoginFailure,
            SignOnFailure::NotEnrolled => Self::NoSecondFactor,
            SignOnFailure::Limited { retry_after } => {
                Self::Limited { retry_after_s: u16::try_from(retry_after.s() + 1).unwrap_or(u16::MAX) }
            }
            SignOnFailure::Disabled(_) => Self::LockedOut,
            SignOnFailure::Busy => Self::Busy,
            SignOnFailure::TooMany | SignOnFailure::Quota => Self::SessionLimit,
            SignOnFailure::Outage(outage) => Self::CannotTell(outage),
        }
    }
}

impl From<SecondStepFailure> for AmError {
    fn from(failure: SecondStepFailure) -> Self {
        match failure {
            SecondStepFailure::NoCodes | SecondStepFailure::Used | SecondStepFailure::Wrong => {
                Self::LoginFailure
            }
            SecondStepFailure::SignOn(failure) => failure.into(),
        }
    }
}

impl Unserved {
    /// What a CREST resource says; `rest` is what of the path is behind the resource's name.
    pub(crate) fn of_crest(self, rest: &str) -> AmError {
        match self {
            Self::NoSuch => AmError::UnknownResource(rest.to_owned()),
            Self::NotNamed => AmError::VersionNotNamed,
        }
    }

    /// What `authenticate` says.
    pub(crate) fn of_authenticate(self) -> AmError {
        match self {
            Self::NoSuch => AmError::NoSuchAuthenticate,
            Self::NotNamed => AmError::VersionNotNamed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NO-FALSE-NO: whatever the store could not do is 503 with a word about when, and never a 401.
    #[test]
    fn cannot_tell_is_503_and_says_when_to_try_again() {
        let outage = || Outage::new("the disk is gone");
        let errors = [
            AmError::from(outage()),
            EndError::Unwritten(Unwritten::NotTaken(outage())).into(),
            EndError::Unwritten(Unwritten::InDoubt(outage())).into(),
            Unwritten::InDoubt(outage()).into(),
            SignOnFailure::Outage(outage()).into(),
        ];
        for error in errors {
            assert_eq!(error.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(error.retry_after_s(), Some(1));
            assert!(!error.to_string().contains("disk"), "the cause is for the log");
        }
        assert_eq!(AmError::from(SignOnFailure::Busy).status(), StatusCode::TOO_MANY_REQUESTS);
        let too_often = AmError::from(adieu_oidc::Refusal::TooOften);
        assert_eq!((too_often.status(), too_often.retry_after_s()), (StatusCode::TOO_MANY_REQUESTS, Some(1)));
        assert_eq!(AmError::AccessDenied.retry_after_s(), None);
    }

    #[test]
    fn details_have_their_names() {
        let json = |error: AmError| serde_json::to_string(&error.detail()).unwrap();
        assert_eq!(json(AmError::LoginFailure), r#"{"failureUrl":""}"#);
        assert_eq!(json(AmError::TimedOut), r#"{"errorCode":"110"}"#);
        assert_eq!(json(AmError::ProofTooOld), r#"{"ForceAuth":true}"#);
        assert_eq!(json(AmError::NotJson("line 1".into())), r#""line 1""#);
        assert_eq!(json(AmError::AccessDenied), "null");
    }
}
