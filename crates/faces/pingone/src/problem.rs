//! What can go wrong in this dialect, and PingOne's words for it.
//!
//! The only place of this face that chooses a status; an error gets its id when it is answered. Contract pingone.md 3.5, 5.1.

mod causes;

use std::sync::Arc;

use adieu_authority::{Outage, RealmId, WeakPassword};
use adieu_http_kit::body::BodyError;
use adieu_oidc::{KeysLater, Refusal};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

pub(crate) const ABSOLUTE: &str = "An absolute address is wanted: https, http, or a scheme with a dot.";

/// Why a request is not answered as it wished.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("there is nothing under that address")]
    NotFound,
    #[error("the address does not take that method")]
    Method { allow: &'static str },
    #[error("the caller did not prove who it is")]
    NoAccess { bearer: bool },
    #[error("the caller may not do that")]
    Forbidden,
    #[error("the media type is not taken")]
    MediaType,
    #[error(transparent)]
    Body(BodyError),
    #[error("the body is not what was announced")]
    Malformed,
    #[error("the member `{0}` stands twice in the body")]
    Twice(String),
    #[error("{target}: {message}")]
    Invalid { code: &'static str, target: &'static str, message: &'static str },
    #[error("the password can't be set: {0}")]
    WeakPassword(WeakPassword),
    #[error("the session is the caller's own")]
    CallersOwn,
    #[error("others depend on it, or there are too many")]
    Constraint { target: &'static str, message: &'static str },
    #[error("the user may not sign on")]
    NotUsable,
    #[error("the user has too many sessions")]
    TooManySessions,
    #[error("a second factor is asked for, and the user has none")]
    NotEnrolled,
    #[error("the code does not fit")]
    WrongCode,
    /// RFC 9470 §3: a stronger or a fresher sign-on is wanted.
    #[error("the caller has signed on too long ago for that")]
    ProofTooOld { max_age_s: i64 },
    #[error("name and password do not fit")]
    WrongPassword { left: Option<u32> },
    #[error("too many sign-ons have failed")]
    Limited { retry_after_s: i64 },
    #[error("too many sign-ons at once")]
    Busy,
    #[error("authorization was refused: {0}")]
    Authorization(Refusal),
    /// Nothing may be redirected, so a browser is shown a page, with a way to sign off.
    #[error("{problem}")]
    Unredirectable { problem: Box<Problem>, realm: RealmId, shown: Shown },
    #[error("OAuth: {0}")]
    OAuth(#[source] Refusal),
    /// RFC 6750 §3.1; without an error nothing was presented.
    #[error("the access token is not good for this")]
    Bearer { error: Option<&'static str> },
    /// The form of an OAuth endpoint could not be read.
    #[error("OAuth: {0}")]
    OAuthBody(#[source] Box<Problem>),
    /// The keys of the client do not tell whether it signed this.
    #[error(transparent)]
    KeysLater(KeysLater),
    #[error("it cannot be told now")]
    Unavailable(#[source] Outage),
}

/// To whom an error is shown as a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// To everybody who does not ask for JSON alone.
    UnlessJson,
    /// To those who name `text/html`.
    IfHtml,
}

const NO_ACCESS: &str = "The request could not be completed. You do not have access to this resource.";
const INVALID: &str =
    "The request could not be completed. One or more validation errors were in the request.";
const FAILED: &str = "The request could not be completed. There was an issue processing the request.";
const NOT_FOUND: &str = "The request could not be completed. The requested resource was not found.";
const LATER: &str = "The request could not be completed at this time. Please send it again.";

/// Words of RFC 6750 §3.1.
const INVALID_TOKEN: &str = "invalid_token";
const INSUFFICIENT_SCOPE: &str = "insufficient_scope";

/// How long to wait before the same is sent again; clients cap it at 30 s.
const RETRY_AFTER_S: &str = "1";
const RETRY_AFTER_MAX_S: i64 = 30;

impl Problem {
    pub(crate) fn required(target: &'static str) -> Self {
        Self::Invalid { code: "REQUIRED_VALUE", target, message: "A value is required." }
    }

    pub(crate) fn invalid(target: &'static str, message: &'static str) -> Self {
        Self::Invalid { code: "INVALID_VALUE", target, message }
    }

    /// Answers must not go to this address.
    pub(crate) fn redirect_uri() -> Self {
        Self::invalid("redirect_uri", "The redirect URI is not registered for the application.")
    }

    pub(crate) fn taken(target: &'static str) -> Self {
        Self::Invalid { code: "UNIQUENESS_VIOLATION", target, message: "The value is taken." }
    }

    /// The same, but shown as a page to browsers.
    pub(crate) fn unredirectable(self, realm: RealmId, shown: Shown) -> Self {
        if matches!(self, Self::Unavailable(_) | Self::KeysLater(_) | Self::Unredirectable { .. }) {
            return self; // What may work in a moment is for programs to send again.
        }
        Self::Unredirectable { problem: Box::new(self), realm, shown }
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Bearer { error: Some(INSUFFICIENT_SCOPE) } => StatusCode::FORBIDDEN,
            Self::NoAccess { .. } | Self::Bearer { .. } | Self::ProofTooOld { .. } => {
                StatusCode::UNAUTHORIZED
            }
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Body(BodyError::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Body(BodyError::Slow) => StatusCode::REQUEST_TIMEOUT,
            Self::Body(BodyError::Broken | BodyError::Crowded)
            | Self::Malformed
            | Self::Twice(_)
            | Self::Invalid { .. }
            | Self::WeakPassword(_)
            | Self::CallersOwn
            | Self::Constraint { .. }
            | Self::WrongPassword { .. }
            | Self::WrongCode
            | Self::NotUsable
            | Self::NotEnrolled
            | Self::TooManySessions
            | Self::Authorization(_) => StatusCode::BAD_REQUEST,
            Self::Busy | Self::Limited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) | Self::KeysLater(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unredirectable { problem, .. } | Self::OAuthBody(problem) => problem.status(),
            Self::OAuth(Refusal::Client { .. }) => StatusCode::UNAUTHORIZED,
            Self::OAuth(Refusal::TooOften) => StatusCode::TOO_MANY_REQUESTS,
            Self::OAuth(Refusal::KeysLater(_) | Refusal::Unavailable(_)) => StatusCode::SERVICE_UNAVAILABLE,
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

    /// Further headers of the answer.
    pub(crate) fn headers(&self) -> Option<(http::HeaderName, HeaderValue)> {
        if let Self::Limited { retry_after_s } = self {
            // Programs wait no longer than that in any case. P-64
            return Some((
                http::header::RETRY_AFTER,
                HeaderValue::from((*retry_after_s).clamp(1, RETRY_AFTER_MAX_S)),
            ));
        }
        if let Self::ProofTooOld { max_age_s } = self {
            let text = format!("Bearer error=\"insufficient_user_authentication\", max_age=\"{max_age_s}\"");
            let value = HeaderValue::from_str(&text).expect("a number is printable ASCII");
            return Some((http::header::WWW_AUTHENTICATE, value));
        }
        if let Some(seconds) = self.later_s() {
            let seconds = i64::from(seconds).min(RETRY_AFTER_MAX_S);
            return Some((http::header::RETRY_AFTER, HeaderValue::from(seconds)));
        }
        let (name, value) = self.fixed_header()?;
        Some((name, HeaderValue::from_static(value)))
    }

    /// In how many seconds what cannot be told now is worth another try.
    fn later_s(&self) -> Option<u16> {
        if let Self::KeysLater(later) | Self::OAuth(Refusal::KeysLater(later)) = self {
            return Some(later.retry_after_s);
        }
        self.outage().map(Outage::retry_after_s)
    }

    /// What went wrong below, for the log.
    pub(crate) fn outage(&self) -> Option<&Outage> {
        if let Self::Unredirectable { problem, .. } | Self::OAuthBody(problem) = self {
            return problem.outage();
        }
        if let Self::Unavailable(outage) | Self::OAuth(Refusal::Unavailable(outage)) = self {
            return Some(outage);
        }
        None
    }

    /// What it is in one word: so many lines of each are written.
    pub(crate) fn kind(&self) -> &'static str {
        if self.outage().is_some() {
            return "outage";
        }
        if let Self::OAuth(refusal) = self
            && let Some(reason) = refusal.reason()
        {
            return reason.word();
        }
        self.status().canonical_reason().unwrap_or_default()
    }

    fn fixed_header(&self) -> Option<(http::HeaderName, &'static str)> {
        match self {
            Self::Method { allow } => Some((http::header::ALLOW, allow)),
            Self::NoAccess { bearer: true } => Some((http::header::WWW_AUTHENTICATE, "Bearer")),
            Self::Bearer { error: None } => Some((http::header::WWW_AUTHENTICATE, "Bearer")),
            Self::Bearer { error: Some(INSUFFICIENT_SCOPE) } => Some((
                http::header::WWW_AUTHENTICATE,
                "Bearer error=\"insufficient_scope\", scope=\"openid\"",
            )),
            Self::Bearer { error: Some(_) } => {
                Some((http::header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\""))
            }
            Self::OAuth(Refusal::Client { basic: true, .. }) => {
                Some((http::header::WWW_AUTHENTICATE, "Basic realm=\"environment\"")) // RFC 6749 §5.2
            }
            Self::Busy
            | Self::KeysLater(_)
            | Self::Unavailable(_)
            | Self::OAuth(Refusal::KeysLater(_) | Refusal::Unavailable(_) | Refusal::TooOften) => {
                Some((http::header::RETRY_AFTER, RETRY_AFTER_S))
            }
            // The rest of the body is not read.
            Self::Body(BodyError::TooLarge | BodyError::Slow) => Some((http::header::CONNECTION, "close")),
            Self::Unredirectable { problem, .. } | Self::OAuthBody(problem) => problem.fixed_header(),
            Self::NotFound
            | Self::Limited { .. }
            | Self::ProofTooOld { .. }
            | Self::NoAccess { .. }
            | Self::Forbidden
            | Self::MediaType
            | Self::Body(BodyError::Broken | BodyError::Crowded)
            | Self::Malformed
            | Self::Twice(_)
            | Self::Invalid { .. }
            | Self::WeakPassword(_)
            | Self::CallersOwn
            | Self::Constraint { .. }
            | Self::WrongPassword { .. }
            | Self::WrongCode
            | Self::NotUsable
            | Self::NotEnrolled
            | Self::TooManySessions
            | Self::Authorization(_)
            | Self::OAuth(_) => None,
        }
    }

    /// What is said of a repeated member, and where a factor is missing, does not fit or was given too long ago.
    fn apart(&self) -> (&'static str, &'static str, Option<Value>) {
        let (code, message, detail) = if let Self::Twice(name) = self {
            let text = "A member may be given once only.";
            ("INVALID_DATA", INVALID, json!({"code": "INVALID_VALUE", "target": name, "message": text}))
        } else if matches!(self, Self::WrongCode) {
            let text = "The code does not fit or was used before.";
            ("INVALID_DATA", INVALID, json!({"code": "INVALID_OTP", "target": "otp", "message": text}))
        } else if matches!(self, Self::NotEnrolled) {
            let text = "A second factor is required, and the account has none.";
            ("REQUEST_FAILED", FAILED, json!({"code": "ACCOUNT_NOT_USABLE", "message": text}))
        } else {
            let text = "The last sign-on is too long ago for this request.";
            ("ACCESS_FAILED", NO_ACCESS, json!({"code": "INSUFFICIENT_PERMISSIONS", "message": text}))
        };
        (code, message, Some(detail))
    }

    /// The body under that id.
    pub(crate) fn json(&self, id: &str) -> Value {
        let detail = |code: &str, target: Option<&str>, message: &str| {
            Some(match target {
                Some(target) => json!({"code": code, "target": target, "message": message}),
                None => json!({"code": code, "message": message}),
            })
        };
        let (code, message, detail) = match self {
            Self::NotFound => ("NOT_FOUND", NOT_FOUND, None),
            Self::Method { .. } | Self::MediaType | Self::Malformed | Self::Body(_) => {
                ("INVALID_REQUEST", FAILED, None)
            }
            Self::NoAccess { .. } => {
                ("ACCESS_FAILED", NO_ACCESS, detail("INVALID_TOKEN", None, "The token is not valid."))
            }
            Self::Forbidden => {
                let message = "The actor attempting to perform the request is not authorized.";
                ("ACCESS_FAILED", NO_ACCESS, detail("INSUFFICIENT_PERMISSIONS", None, message))
            }
            Self::Invalid { code, target, message } => {
                ("INVALID_DATA", INVALID, detail(code, Some(target), message))
            }
            Self::WeakPassword(weak) => ("INVALID_DATA", INVALID, Some(unsatisfied(*weak))),
            Self::CallersOwn => {
                let message = "The current session cannot be deleted. Sign off to end it.";
                ("REQUEST_FAILED", FAILED, detail("CONSTRAINT_VIOLATION", Some("sessionId"), message))
            }
            Self::Constraint { target, message } => {
                ("REQUEST_FAILED", FAILED, detail("CONSTRAINT_VIOLATION", Some(target), message))
            }
            Self::NotUsable => {
                ("REQUEST_FAILED", FAILED, detail("ACCOUNT_NOT_USABLE", None, "The account is not usable."))
            }
            Self::NotEnrolled | Self::WrongCode | Self::ProofTooOld { .. } | Self::Twice(_) => self.apart(),
            Self::TooManySessions => {
                let message = "The user has as many sessions as one can have.";
                ("REQUEST_FAILED", FAILED, detail("CONSTRAINT_VIOLATION", None, message))
            }
            Self::WrongPassword { left } => {
                let message = "The provided password did not match provisioned password";
                let mut detail = detail("INVALID_VALUE", Some("password"), message);
                if let (Some(detail), Some(left)) = (&mut detail, left) {
                    detail["innerError"] = json!({"failuresRemaining": left});
                }
                ("INVALID_DATA", INVALID, detail)
            }
            Self::Limited { .. } => {
                let message = "Too many sign-ons have failed. Please wait.";
                ("REQUEST_LIMITED", LATER, detail("LIMIT_EXCEEDED", None, message))
            }
            Self::Busy => {
                ("REQUEST_LIMITED", LATER, detail("LIMIT_EXCEEDED", None, "Too many requests at once."))
            }
            Self::Authorization(refusal) => {
                ("INVALID_REQUEST", FAILED, detail(refusal.code(), None, &refusal.to_string()))
            }
            Self::Unavailable(_) | Self::KeysLater(_) => ("UNEXPECTED_ERROR", LATER, None),
            Self::Unredirectable { problem, .. } => return problem.json(id),
            Self::OAuth(refusal) => return oauth(refusal.code(), &sentence(refusal), id),
            Self::Bearer { error } => {
                return oauth(error.unwrap_or(INVALID_TOKEN), "The access token is not good for this.", id);
            }
            Self::OAuthBody(_) => return oauth("invalid_request", "The form could not be read.", id),
        };
        let mut body = json!({"id": id, "code": code, "message": message});
        if let Some(detail) = detail {
            body["details"] = json!([detail]);
        }
        body
    }
}

/// Which requirement of a password is not met, in the words that a vendor's client looks for.
fn unsatisfied(weak: WeakPassword) -> Value {
    let requirement = match weak {
        WeakPassword::TooShort { .. } => "length",
        WeakPassword::Common => "excludesCommonlyUsed",
        WeakPassword::OwnName => "excludesProfileData",
        WeakPassword::Unchanged => "notSimilarToCurrent",
    };
    json!({
        "code": "INVALID_VALUE",
        "target": "password",
        "message": "User password did not satisfy password policy requirements",
        "innerError": {requirement: format!("The password can't be set: {weak}."), "unsatisfiedRequirements": [requirement]},
    })
}

fn oauth(code: &str, sentence: &str, id: &str) -> Value {
    json!({"error": code, "error_description": format!("{sentence} (Correlation ID: {id})")})
}

fn sentence(refusal: &Refusal) -> String {
    match refusal {
        // Verbatim: clients look for these words. Contract pingone.md 3.4, P-21.
        Refusal::Client { .. } => "Request denied: Unsupported authentication method".to_owned(),
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
        | Refusal::SessionFull
        | Refusal::TooOften
        | Refusal::KeysLater(_)
        | Refusal::Unavailable(_) => refusal.to_string(),
    }
}

impl IntoResponse for Problem {
    /// A status and the problem itself; `finish` writes the rest.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

#[cfg(test)]
mod tests {
    use adieu_authority::{EndError, SignOnFailure, Unwritten};
    use adieu_oidc::HintError;

    use super::*;

    fn outage() -> Outage {
        Outage::new("the disk is gone")
    }

    /// Goal: NO-FALSE-NO: whatever cannot be told is 503 with `Retry-After`, never 401, by whichever way it comes.
    #[test]
    fn what_cannot_be_told_is_503() {
        for problem in [
            Problem::from(outage()),
            Unwritten::InDoubt(outage()).into(),
            EndError::Unwritten(Unwritten::NotTaken(outage())).into(),
            EndError::Unwritten(Unwritten::InDoubt(outage())).into(),
            SignOnFailure::Outage(outage()).into(),
            HintError::Outage(outage()).into(),
            Problem::OAuth(Refusal::Unavailable(outage())),
            Problem::Unavailable(outage())
                .unredirectable(RealmId::from_uuid(Default::default()), Shown::UnlessJson),
        ] {
            assert_eq!(problem.status(), StatusCode::SERVICE_UNAVAILABLE, "{problem:?}");
            assert_eq!(problem.fixed_header(), Some((http::header::RETRY_AFTER, RETRY_AFTER_S)));
            assert!(!problem.json("id").to_string().contains("disk"), "the cause is for the log");
        }
    }

    /// Statuses that clients send again by themselves are never used for permanent refusals. Contract pingone.md 5.1.
    #[test]
    fn bodies_and_storms_have_their_statuses() {
        for (problem, status) in [
            (Problem::Body(BodyError::Slow), 408),
            (Problem::Body(BodyError::TooLarge), 413),
            (BodyError::Crowded.into(), 429),
            (Problem::Body(BodyError::Broken), 400),
            (Problem::OAuthBody(Box::new(Problem::Body(BodyError::TooLarge))), 413),
            (SignOnFailure::Busy.into(), 429),
            (SignOnFailure::Limited { retry_after: adieu_authority::Span::from_s(9) }.into(), 429),
            (Problem::OAuth(Refusal::TooOften), 429),
            (SignOnFailure::TooMany.into(), 400),
            (EndError::CallersOwn.into(), 400),
        ] {
            assert_eq!(problem.status(), status, "{problem:?}");
        }
        assert_eq!(Problem::Busy.json("id")["code"], "REQUEST_LIMITED");
    }
}
