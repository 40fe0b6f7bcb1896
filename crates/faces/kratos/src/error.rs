//! Errors in Kratos' words, and the only place where this face chooses a status for one.
//!
//! Contract kratos.md 0.4 and 0.5. The fixed `message` texts are wire facts; the reasons are our own.

use std::borrow::Cow;

use adieu_authority::{
    AmendError, DirectoryError, EndError, HashError, Outage, PersonError, SignOnFailure, TakenMember,
    Unwritten,
};
use adieu_http_kit::body::BodyError;
use adieu_http_kit::dates::DateText;
use axum::http::StatusCode;
use serde_json::{Map, Value};

use crate::csrf::Forged;

/// An error on its way to the client.
#[derive(Debug)]
pub(crate) struct KratosError {
    pub(crate) status: StatusCode,
    pub(crate) id: &'static str,
    pub(crate) reason: Option<String>,
    pub(crate) details: Box<Map<String, Value>>,
    pub(crate) message: Cow<'static, str>,
    /// Siblings of `error` at the top; such an error does not echo the request's id.
    pub(crate) siblings: Box<Map<String, Value>>,
    /// What went wrong below, for the log.
    pub(crate) cause: Option<Outage>,
    /// Seconds after which to try again, where that helps.
    pub(crate) retry_after_s: Option<u32>,
    /// Whether a browser gets it as JSON, too.
    pub(crate) always_json: bool,
}

const MALFORMED: &str = "The request was malformed or contained invalid parameters";
const UNAUTHORIZED: &str = "The request could not be authorized";
const FORBIDDEN: &str = "The requested action was forbidden";
/// The id of "too much waits just now", where nobody has tried too often. Ours: the recorded system has none.
pub(crate) const BUSY: &str = "too_many_at_once";
/// Whose password is right and who may not sign on is told this.
pub(crate) const ACCOUNT_CLOSED: &str = "This account may not sign on at present.";
/// Whoever has forgotten a password is told this.
pub(crate) const RECOVERY_OFF: &str = "Recovery is switched off on this server; an administrator can help.";

impl KratosError {
    fn new(status: StatusCode, id: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            id,
            reason: None,
            details: Box::default(),
            message: message.into(),
            siblings: Box::default(),
            cause: None,
            retry_after_s: None,
            always_json: false,
        }
    }

    pub(crate) fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// 400 without an id.
    pub(crate) fn malformed(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "", MALFORMED).because(reason)
    }

    /// 400 whose message is what a parser says, without a reason.
    pub(crate) fn unparseable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "", message.into())
    }

    /// 400 with a message of its own and a reason.
    pub(crate) fn refused(message: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "", message.into()).because(reason)
    }

    /// 409, for that reason.
    fn conflict(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "", "The resource could not be created due to a conflict")
            .because(reason)
    }

    /// 409: another identity has that already.
    fn taken(taken: TakenMember) -> Self {
        Self::conflict(match taken {
            TakenMember::Username => "Another identity has this username.",
            TakenMember::Email => "Another identity has this e-mail address.",
            TakenMember::ExternalId => "Another identity has this external id.",
            TakenMember::Id | TakenMember::Path => "Another resource has this id.",
        })
    }

    /// 401 of whoami and its kin: no id (K-23), unless the documented one is wanted.
    pub(crate) fn unauthorized(documented_id: bool) -> Self {
        let id = if documented_id { "session_inactive" } else { "" };
        Self::new(StatusCode::UNAUTHORIZED, id, UNAUTHORIZED)
            .because("No live session belongs to the credentials of this request.")
    }

    /// 401 of the admin listener, where it asks for a token of its own. Kratos itself has none there.
    pub(crate) fn no_credential() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "", UNAUTHORIZED)
            .because("This listener asks for its token: Authorization: Bearer.")
    }

    /// 401 of a settings flow without a session: no id.
    pub(crate) fn no_session() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "", UNAUTHORIZED)
            .because("Neither a session cookie nor a session token came with this request.")
    }

    /// 401 of everything that needs a session.
    pub(crate) fn session_inactive() -> Self {
        let message = "request does not have a valid authentication session";
        Self::new(StatusCode::UNAUTHORIZED, "session_inactive", message)
            .because("No live session was found for this request.")
    }

    /// 403 without an id.
    pub(crate) fn forbidden(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "", FORBIDDEN).because(reason)
    }

    /// 404 without an id.
    pub(crate) fn not_found(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "", "The requested resource could not be found").because(reason)
    }

    /// 404 of something that the store should have.
    pub(crate) fn not_stored() -> Self {
        Self::new(StatusCode::NOT_FOUND, "", "Unable to locate the resource")
    }

    /// 400: nobody registers here.
    pub(crate) fn registration_disabled() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "self_service_flow_disabled", "registration flow disabled")
            .because("Registration is switched off on this server.")
    }

    /// 410: an administrator's code or link is too old; there is no other one to go on with.
    pub(crate) fn recovery_over() -> Self {
        Self::new(StatusCode::GONE, "self_service_flow_expired", "self-service flow expired")
            .because("This code or link is not valid any more; an administrator can give out another one.")
    }

    /// 400: a login while signed on.
    pub(crate) fn already_signed_on() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "session_already_available", "you are already logged in")
            .because("A live session came with this request; ask for `refresh=true` to sign on again.")
    }

    /// 403: the session was proven by one factor, and two are asked for. `to` is where the second one is given. K-28
    pub(crate) fn second_factor_missing(to: &str) -> Self {
        let message = "Session does not fulfill the requested Authenticator Assurance Level";
        let mut error = Self::new(StatusCode::FORBIDDEN, "session_aal2_required", message)
            .because("This session is live once its user has given the second factor.");
        error.details.insert("redirect_browser_to".into(), to.into());
        error.siblings.insert("redirect_browser_to".into(), to.into());
        error
    }

    /// 403: the session was proven too long ago for what is to be changed. `to` is where it is proven again.
    pub(crate) fn proof_too_old(to: &str) -> Self {
        let mut error = Self::new(StatusCode::FORBIDDEN, "session_refresh_required", FORBIDDEN)
            .because("The last sign-on is too long ago for this change; please sign on again.");
        error.siblings.insert("redirect_browser_to".into(), to.into());
        error
    }

    /// 403: the flow is another identity's.
    pub(crate) fn somebody_elses() -> Self {
        let message = "The requested action was forbidden";
        Self::new(StatusCode::FORBIDDEN, "security_identity_mismatch", message)
            .because("This flow was begun by somebody else; please begin one of your own.")
    }

    /// 422: a page's script has to send the browser there.
    pub(crate) fn browser_has_to_go(to: &str) -> Self {
        let message = "browser location change required";
        let mut error =
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, "browser_location_change_required", message)
                .because("To go on, the browser has to be sent to `redirect_browser_to`.");
        error.siblings.insert("redirect_browser_to".into(), to.into());
        error
    }

    /// 401: a second factor is asked for and there is no first.
    pub(crate) fn first_factor_missing() -> Self {
        let message = "aal2 and aal3 can only be requested if a session exists already";
        Self::new(StatusCode::UNAUTHORIZED, "session_aal1_required", message)
            .because("A second factor needs a session that was begun with a first one.")
    }

    /// 400: the return address is not allowed.
    pub(crate) fn return_to_forbidden(address: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "self_service_flow_return_to_forbidden", MALFORMED)
            .because(format!("The return address {address:?} is not in the list of allowed ones."))
    }

    /// 401: right password, disabled user.
    pub(crate) fn disabled(identity: String) -> Self {
        let mut error =
            Self::new(StatusCode::UNAUTHORIZED, "", "identity is disabled").because(ACCOUNT_CLOSED);
        error.details.insert("identity_id".into(), identity.into());
        error
    }

    /// 403: taken for forged. Contract kratos.md 3.3
    pub(crate) fn forged(why: Forged) -> Self {
        let message = "the request was rejected to protect you from Cross-Site-Request-Forgery";
        let mut error = Self::new(StatusCode::FORBIDDEN, "security_csrf_violation", message).because(
            "The anti-forgery token of this request does not match its cookie: begin the flow again.",
        );
        let reject = match why {
            Forged::NoCookie => "The request has no anti-forgery cookie.",
            Forged::Mismatch => "The request has an anti-forgery cookie and no token that matches it.",
        };
        for (name, text) in [
            ("docs", "https://www.ory.sh/kratos/docs/debug/csrf"),
            ("hint", "Send the cookies that came with the flow, and the flow's csrf_token in the body."),
            ("reject_reason", reject),
        ] {
            error.details.insert(name.into(), text.into());
        }
        error
    }

    /// 410: the flow is too old. `details` say where a new one is to be had.
    pub(crate) fn flow_expired_at_fetch(details: Map<String, Value>) -> Self {
        let mut error = Self::new(
            StatusCode::GONE,
            "self_service_flow_expired",
            "The requested resource is no longer available because it has expired or is otherwise invalid.",
        )
        .because("The flow is older than it may be.");
        error.details = Box::new(details);
        error
    }

    /// 410 at the submission: a new flow exists already.
    pub(crate) fn flow_expired_at_submit(expired_at: DateText, since_ns: i64, use_flow_id: String) -> Self {
        let mut error = Self::new(StatusCode::GONE, "self_service_flow_expired", "self-service flow expired")
            .because("The flow is older than it may be; go on with the new one.");
        error.siblings.insert("expired_at".into(), expired_at.into());
        error.siblings.insert("since".into(), since_ns.into());
        error.siblings.insert("use_flow_id".into(), use_flow_id.into());
        error
    }

    /// 503: cannot tell, or not written. Never a 401 (NO-FALSE-NO).
    pub(crate) fn unavailable(cause: Outage) -> Self {
        let mut error = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "",
            "The server can not tell at present; please send the request again",
        );
        error.cause = Some(cause);
        error.retry_after_s = Some(1);
        error
    }

    fn limited(retry_after_s: u32) -> Self {
        let mut error = Self::new(StatusCode::TOO_MANY_REQUESTS, "", "Too many sign-ons")
            .because("Too many sign-ons of this account or from this address were tried.");
        error.retry_after_s = Some(retry_after_s);
        error
    }

    fn busy() -> Self {
        let message = "Too many requests of this kind at once";
        let mut error = Self::new(StatusCode::TOO_MANY_REQUESTS, BUSY, message)
            .because("Too many sign-ons are in progress.");
        error.retry_after_s = Some(5);
        error
    }
}

impl From<Outage> for KratosError {
    fn from(outage: Outage) -> Self {
        Self::unavailable(outage)
    }
}

impl From<Unwritten> for KratosError {
    fn from(unwritten: Unwritten) -> Self {
        Self::unavailable(unwritten.into_outage())
    }
}

impl From<EndError> for KratosError {
    fn from(error: EndError) -> Self {
        match error {
            // No order of this face is limited to some users.
            EndError::UnknownSession | EndError::OutOfReach => Self::session_inactive(),
            EndError::CallersOwn => Self::unparseable("cannot revoke current session"),
            EndError::Unwritten(unwritten) => unwritten.into(),
        }
    }
}

impl From<AmendError> for KratosError {
    fn from(error: AmendError) -> Self {
        match error {
            AmendError::NotLive => Self::not_stored(),
            AmendError::Unwritten(unwritten) => unwritten.into(),
        }
    }
}

impl From<DirectoryError> for KratosError {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Taken(taken) => Self::taken(taken),
            DirectoryError::Stale => {
                Self::conflict("Somebody changed it meanwhile; nothing of it was written.")
            }
            DirectoryError::Unknown | DirectoryError::NotEmpty => Self::not_stored(),
            DirectoryError::Fault(fault) => Self::malformed(fault.to_string()),
            DirectoryError::SessionOver => Self::session_inactive(),
            DirectoryError::Unwritten(unwritten) => unwritten.into(),
        }
    }
}

impl From<HashError> for KratosError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::busy(),
            HashError::Outage(outage) => Self::unavailable(outage),
            HashError::TooLong => Self::malformed("The password is too long."),
        }
    }
}

impl From<PersonError> for KratosError {
    fn from(error: PersonError) -> Self {
        match error {
            PersonError::Directory(error) => error.into(),
            PersonError::Password(error) => error.into(),
            PersonError::Weak(weak) => Self::malformed(format!("The password can not be set: {weak}.")),
        }
    }
}

/// Wrong credentials are no error of the request but a message of the flow; they do not come here.
impl From<SignOnFailure> for KratosError {
    fn from(failure: SignOnFailure) -> Self {
        match failure {
            // Sessions of this dialect begin half signed on instead: whoever hears this has one with no first factor in it.
            SignOnFailure::SecondFactor(_) | SignOnFailure::NotEnrolled => Self::first_factor_missing(),
            SignOnFailure::Disabled(user) => Self::disabled(user.id.to_string()),
            SignOnFailure::Busy => Self::busy(),
            SignOnFailure::TooMany | SignOnFailure::Quota => {
                Self::forbidden("This account has as many sessions as one can have.")
            }
            SignOnFailure::Outage(outage) => Self::unavailable(outage),
            SignOnFailure::Limited { retry_after } => {
                Self::limited(u32::try_from(retry_after.s() + 1).unwrap_or(u32::MAX))
            }
            SignOnFailure::WrongCredentials { .. } => Self::unauthorized(false),
        }
    }
}

impl From<BodyError> for KratosError {
    fn from(error: BodyError) -> Self {
        let message = "The request's body could not be taken";
        match error {
            // Quirk: Kratos calls a body over its limit malformed. Contract kratos.md 0.1
            BodyError::TooLarge => Self::malformed("The body is larger than 5 MiB."),
            BodyError::Slow => {
                Self::new(StatusCode::REQUEST_TIMEOUT, "", message).because("It came too slowly.")
            }
            BodyError::Crowded => Self::busy().because("Too many bodies from this address are on their way."),
            BodyError::Broken => Self::malformed("The body ended before its announced length."),
        }
    }
}
