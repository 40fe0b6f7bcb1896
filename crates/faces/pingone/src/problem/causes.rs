//! What a failure below comes to in this dialect: each kind of error, with no arm for the rest.
//!
//! Which status and words a problem has is said beside this file. Contract pingone.md 3.5, 4.6, 5.1.

use adieu_authority::{
    DirectoryError, EndError, HashError, Outage, PersonError, SignOnFailure, TakenMember, Unwritten,
};
use adieu_oidc::{HintError, UserinfoError};

use super::{INSUFFICIENT_SCOPE, INVALID_TOKEN, Problem};

impl From<Outage> for Problem {
    fn from(outage: Outage) -> Self {
        Self::Unavailable(outage)
    }
}

impl From<Unwritten> for Problem {
    fn from(unwritten: Unwritten) -> Self {
        Self::Unavailable(unwritten.into_outage())
    }
}

impl From<EndError> for Problem {
    fn from(error: EndError) -> Self {
        match error {
            EndError::UnknownSession => Self::NotFound,
            EndError::CallersOwn => Self::CallersOwn,
            EndError::OutOfReach => Self::Forbidden,
            EndError::Unwritten(unwritten) => unwritten.into(),
        }
    }
}

impl From<SignOnFailure> for Problem {
    fn from(failure: SignOnFailure) -> Self {
        match failure {
            // The same words for an unknown user: nobody learns who exists. Contract pingone.md 4.6.
            SignOnFailure::WrongCredentials { left } => Self::WrongPassword { left },
            // A flow waits for it; wherever nothing can wait, one factor opens nothing.
            SignOnFailure::SecondFactor(_) => Self::WrongPassword { left: None },
            SignOnFailure::NotEnrolled => Self::NotEnrolled,
            SignOnFailure::Limited { retry_after } => Self::Limited { retry_after_s: retry_after.s() + 1 },
            SignOnFailure::Disabled(_) => Self::NotUsable,
            SignOnFailure::Busy => Self::Busy,
            SignOnFailure::TooMany | SignOnFailure::Quota => Self::TooManySessions,
            SignOnFailure::Outage(outage) => Self::Unavailable(outage),
        }
    }
}

impl From<HintError> for Problem {
    fn from(error: HintError) -> Self {
        match error {
            HintError::Invalid => Self::invalid("id_token_hint", "The hint is not valid here."),
            HintError::OtherClient => {
                Self::invalid("client_id", "The hint was issued to another application.")
            }
            HintError::Outage(outage) => Self::Unavailable(outage),
        }
    }
}

impl From<DirectoryError> for Problem {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Taken(member) => Self::taken(match member {
                TakenMember::Id => "id",
                TakenMember::Path => "name",
                TakenMember::Username => "username",
                TakenMember::Email => "email",
                TakenMember::ExternalId => "externalId",
            }),
            DirectoryError::Unknown => Self::NotFound,
            DirectoryError::Fault(fault) => fault.into(),
            DirectoryError::NotEmpty => {
                Self::Constraint { target: "id", message: "Users still belong to it." }
            }
            DirectoryError::Stale => Self::Unavailable(Outage::new(error)),
            DirectoryError::SessionOver => Self::Bearer { error: Some(INVALID_TOKEN) },
            DirectoryError::Unwritten(unwritten) => unwritten.into(),
        }
    }
}

impl From<HashError> for Problem {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            HashError::Outage(outage) => Self::Unavailable(outage),
            HashError::TooLong => Self::invalid("value", "The password is too long."),
        }
    }
}

impl From<PersonError> for Problem {
    fn from(error: PersonError) -> Self {
        match error {
            PersonError::Directory(error) => error.into(),
            PersonError::Password(error) => error.into(),
            PersonError::Weak(weak) => Self::WeakPassword(weak),
        }
    }
}

impl From<UserinfoError> for Problem {
    fn from(error: UserinfoError) -> Self {
        match error {
            UserinfoError::Token => Self::Bearer { error: Some(INVALID_TOKEN) },
            UserinfoError::Scope => Self::Bearer { error: Some(INSUFFICIENT_SCOPE) },
            UserinfoError::Outage(outage) => Self::Unavailable(outage),
        }
    }
}
