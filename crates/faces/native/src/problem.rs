//! What went wrong, as RFC 9457 says it, and the only place where a status for it is chosen.
//!
//! The `type` of a problem is stable, its texts are for people. Causes go to the log and to nobody else.

use adieu_authority::{
    DirectoryError, EndError, HashError, Outage, PersonError, RecordFault, RotationError, SubscriberError,
    TakenMember, Unwritten,
};
use adieu_http_kit::body::BodyError;
use adieu_http_kit::dates::rfc3339_s;
use adieu_provisioning::error::{ApplyError, DocumentFault, FactsError, SecretError, StepError};
use axum::response::Response;
use http::header::{ALLOW, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::json;

use crate::answer::json as json_answer;

/// The media type of problems. RFC 9457 §3
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// The kinds of problems. Each has one status, one `type` and one title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProblemKind {
    Malformed,
    Unauthorized,
    NotFound,
    NoSuchPath,
    MethodNotAllowed,
    TooSlow,
    NameTaken,
    Stale,
    EarlierSecretCounts,
    TooLarge,
    MediaType,
    Invalid,
    KeyReused,
    Busy,
    CannotTell,
    NotTaken,
    InDoubt,
}

impl ProblemKind {
    /// Its status, the last word of its `type`, and its title.
    pub(super) const fn facts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Malformed => (StatusCode::BAD_REQUEST, "malformed", "The request can't be read"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized", "No valid credential"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "There is no such thing"),
            Self::NoSuchPath => (StatusCode::NOT_FOUND, "no-such-path", "There is no such path"),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "The path has other methods")
            }
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "too-slow", "The body came too slowly"),
            Self::NameTaken => (StatusCode::CONFLICT, "name-taken", "The name or id is taken"),
            Self::Stale => (StatusCode::CONFLICT, "changed-meanwhile", "The record was changed meanwhile"),
            Self::EarlierSecretCounts => (
                StatusCode::CONFLICT,
                "earlier-secret-counts",
                "An earlier secret of the client counts still",
            ),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large"),
            Self::MediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", "The body must be JSON"),
            Self::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "A value can't be taken"),
            Self::KeyReused => {
                (StatusCode::UNPROCESSABLE_ENTITY, "key-reused", "The key came with another body before")
            }
            Self::Busy => (StatusCode::TOO_MANY_REQUESTS, "busy", "Too much work of this kind waits"),
            Self::CannotTell => (StatusCode::SERVICE_UNAVAILABLE, "cannot-tell", "Nobody can tell right now"),
            Self::NotTaken => (StatusCode::SERVICE_UNAVAILABLE, "not-taken", "Nothing was written"),
            Self::InDoubt => (StatusCode::SERVICE_UNAVAILABLE, "in-doubt", "It may have been written"),
        }
    }

    /// Its `type`.
    pub(super) fn uri(self) -> String {
        format!("urn:adieu:problem:{}", self.facts().1)
    }
}

/// A problem on its way to the client.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) kind: ProblemKind,
    detail: String,
    /// The methods that the path has.
    allow: Option<String>,
    /// What went wrong below, for the log.
    cause: Option<Outage>,
}

impl Problem {
    pub(super) fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), allow: None, cause: None }
    }

    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::Invalid, detail)
    }

    pub(super) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::Malformed, detail)
    }

    /// The same of a value that stands in the query.
    pub(super) fn in_query(self) -> Self {
        Self { kind: ProblemKind::Malformed, ..self }
    }

    /// Nothing of that kind has that id.
    pub(super) fn unknown(what: &str) -> Self {
        Self::new(ProblemKind::NotFound, format!("There is no {what} of this id."))
    }

    pub(super) fn method(allow: String) -> Self {
        Self { allow: Some(allow), ..Self::new(ProblemKind::MethodNotAllowed, "See the header Allow.") }
    }

    fn caused_by(kind: ProblemKind, detail: &str, cause: Outage) -> Self {
        let detail = format!("{}{detail}", hindered(&cause));
        Self { cause: Some(cause), ..Self::new(kind, detail) }
    }
}

impl From<Problem> for Response {
    fn from(problem: Problem) -> Self {
        let (status, word, title) = problem.kind.facts();
        if let Some(cause) = &problem.cause {
            tracing::error!(error = %cause, problem = word, "a request of the native API is not served");
        }
        let body = json!({
            "type": problem.kind.uri(), "title": title, "status": status.as_u16(), "detail": problem.detail,
        });
        let mut answer = json_answer(PROBLEM_JSON, &body);
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(allow) = problem.allow.and_then(|allow| HeaderValue::from_str(&allow).ok()) {
            headers.insert(ALLOW, allow);
        }
        if problem.kind == ProblemKind::Unauthorized {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"adieu\""));
        }
        if [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS].contains(&status) {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        answer
    }
}

/// A document that was not applied to its end. What is below decides the kind; the words are those of the document.
impl From<ApplyError> for Problem {
    fn from(error: ApplyError) -> Self {
        let detail = error.to_string();
        let problem = match error {
            ApplyError::Secret { source: SecretError::Refused(error), .. } => error.into(),
            ApplyError::Document(error) if matches!(error.fault(), DocumentFault::NameTaken { .. }) => {
                DirectoryError::Taken(TakenMember::Id).into()
            }
            ApplyError::Document(_) | ApplyError::Secret { .. } => Self::invalid(String::new()),
            ApplyError::Facts(FactsError::Outage(outage)) => outage.into(),
            ApplyError::Facts(FactsError::ManyUsers(_) | FactsError::ManyDocuments(_)) => {
                Self::invalid(String::new())
            }
            ApplyError::Stopped { source, .. } => source.into(),
        };
        // A store that did not take it says why.
        let why = Some(&problem.detail).filter(|_| problem.kind == ProblemKind::NotTaken);
        let detail = why.map_or(detail.clone(), |why| format!("{detail}. {why}"));
        Self { detail, ..problem }
    }
}

impl From<StepError> for Problem {
    fn from(error: StepError) -> Self {
        match error {
            StepError::Directory(error) => error.into(),
            StepError::Person(error) => error.into(),
            StepError::Subscriber(error) => error.into(),
            StepError::Unwritten(unwritten) => unwritten.into(),
            StepError::Upstream(error) => error.into(),
            StepError::Outage(outage) => outage.into(),
        }
    }
}

impl From<Outage> for Problem {
    fn from(cause: Outage) -> Self {
        Self::caused_by(ProblemKind::CannotTell, "The store does not answer; ask again.", cause)
    }
}

impl From<Unwritten> for Problem {
    fn from(unwritten: Unwritten) -> Self {
        match unwritten {
            Unwritten::NotTaken(cause) => not_taken(cause),
            Unwritten::InDoubt(cause) => in_doubt(cause),
        }
    }
}

impl From<EndError> for Problem {
    fn from(error: EndError) -> Self {
        match error {
            // No order of this face is limited to some users.
            EndError::UnknownSession | EndError::OutOfReach => {
                Self::new(ProblemKind::NotFound, "There is nothing of this id to end.")
            }
            // No order of this face spares a session; if one did, the caller would have named it.
            EndError::CallersOwn => Self::invalid("The order spares the session that it names."),
            EndError::Unwritten(unwritten) => unwritten.into(),
        }
    }
}

impl From<RotationError> for Problem {
    fn from(error: RotationError) -> Self {
        match error {
            RotationError::EarlierCounts { until } => {
                let until = rfc3339_s(until.ms());
                let detail = format!(
                    "It was promised until {until}. With an overlap of 0 seconds all earlier ones end at once."
                );
                Self::new(ProblemKind::EarlierSecretCounts, detail)
            }
            RotationError::Directory(error) => error.into(),
        }
    }
}

impl From<SubscriberError> for Problem {
    fn from(error: SubscriberError) -> Self {
        match error {
            SubscriberError::HookSecret | SubscriberError::HookSecretStays | SubscriberError::BearerToken => {
                Self::invalid(format!("secret: {error}"))
            }
            SubscriberError::NoOverlap => Self::invalid(format!("overlap_s: {error}")),
            SubscriberError::EarlierCounts { until } => RotationError::EarlierCounts { until }.into(),
            SubscriberError::Directory(error) => error.into(),
        }
    }
}

impl From<DirectoryError> for Problem {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Taken(taken) => {
                let member = match taken {
                    TakenMember::Id => "id",
                    TakenMember::Path => "path",
                    TakenMember::Username => "username",
                    TakenMember::Email => "email",
                    TakenMember::ExternalId => "external_id",
                };
                Self::new(ProblemKind::NameTaken, format!("{member}: another one has it."))
            }
            DirectoryError::Unknown => Self::new(ProblemKind::NotFound, "It is not there any more."),
            DirectoryError::Fault(fault) => Self::invalid(format!("{}: {fault}", member(fault))),
            DirectoryError::NotEmpty => Self::invalid("It still holds others."),
            DirectoryError::Stale => {
                Self::new(ProblemKind::Stale, "Somebody changed it meanwhile; nothing of it was written.")
            }
            DirectoryError::SessionOver => Self::new(ProblemKind::Unauthorized, "The session is over."),
            DirectoryError::Unwritten(unwritten) => unwritten.into(),
        }
    }
}

impl From<HashError> for Problem {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => {
                Self::new(ProblemKind::Busy, "Too many passwords wait to be hashed; ask again.")
            }
            HashError::TooLong => Self::invalid("password: at most 1024 bytes"),
            HashError::Outage(outage) => not_taken(outage),
        }
    }
}

impl From<PersonError> for Problem {
    fn from(error: PersonError) -> Self {
        match error {
            PersonError::Directory(error) => error.into(),
            PersonError::Password(error) => error.into(),
            PersonError::Weak(weak) => Self::invalid(format!("password: {weak}")),
        }
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::new(ProblemKind::TooLarge, "At most 64 KiB; a declaration, 80 MiB."),
            BodyError::Slow => Self::new(ProblemKind::TooSlow, "A body must be there within 20 seconds."),
            BodyError::Crowded => {
                Self::new(ProblemKind::Busy, "Too many bodies are on their way; ask again.")
            }
            BodyError::Broken => Self::malformed("The body broke off."),
        }
    }
}

/// The member that a fault stands in.
fn member(fault: RecordFault) -> &'static str {
    match fault {
        RecordFault::PublicInOwnName => "grant_types",
        RecordFault::NoKeys => "jwks",
        RecordFault::ClientName => "client_name",
        RecordFault::TwoSetsOfKeys | RecordFault::JwksUri => "jwks_uri",
        RecordFault::RequestObjectAlgorithm => "request_object_signing_alg",
        RecordFault::AssertionAlgorithm => "token_endpoint_auth_signing_alg",
        RecordFault::RedirectUri => "redirect_uris",
        RecordFault::BackchannelLogoutUri => "backchannel_logout_uri",
        RecordFault::FrontchannelLogoutUri => "frontchannel_logout_uri",
        RecordFault::PostLogoutRedirectUri => "post_logout_redirect_uris",
        RecordFault::Username | RecordFault::UsernameOfAddress => "username",
        RecordFault::Verified(member) => member,
        RecordFault::Email => "email",
        RecordFault::TraitUsername => "traits.username",
        RecordFault::TraitEmail => "traits.email",
        RecordFault::AccessLife => "access_life_s",
        RecordFault::RefreshLife => "refresh_life_s",
        RecordFault::ApiScope { .. } => "api_scopes",
        RecordFault::UserScope { .. } | RecordFault::UngrantedScope { .. } | RecordFault::NoUserScope => {
            "scope"
        }
        RecordFault::Origin => "origins",
        RecordFault::BackchannelLogoutSession => "backchannel_logout_session_required",
        RecordFault::FrontchannelLogoutSession => "frontchannel_logout_session_required",
        RecordFault::PopulationName => "name",
        RecordFault::RealmPath => "path",
        RecordFault::SubscriberAddress => "address",
        RecordFault::SubscriberIssuer => "issuer",
        RecordFault::SubscriberCredential => "secret",
        RecordFault::TooManySubscribers => "realm",
    }
}

fn not_taken(cause: Outage) -> Problem {
    Problem::caused_by(ProblemKind::NotTaken, "The same request may be sent again.", cause)
}

/// The first words of a detail: what hindered the store, where an operator may mend it. The API's callers are operators.
fn hindered(cause: &Outage) -> String {
    let sentence = cause.hindrance().map(|hindrance| hindrance.to_string()).unwrap_or_default();
    let mut letters = sentence.chars();
    match letters.next() {
        Some(first) => format!("{}{}. ", first.to_uppercase(), letters.as_str()),
        None => sentence,
    }
}

/// Neither "done" nor "not done" would be true.
fn in_doubt(cause: Outage) -> Problem {
    let detail = "The store did not confirm the write; send the same request again to know.";
    Problem::caused_by(ProblemKind::InDoubt, detail, cause)
}
