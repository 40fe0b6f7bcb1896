//! What a flow says, with the numbers by which clients know it. The numbers are wire facts, the texts are ours.
//!
//! Nothing here decides when it is said.

use adieu_authority::{SignOnFailure, Timestamp, WeakPassword};
use adieu_http_kit::dates::rfc3339_trimmed;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Longer passwords are not hashed.
const PASSWORD_BYTES_MAX: usize = 1024;

/// A text with the number by which clients know it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Message {
    id: u32,
    text: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<Value>,
}

impl Message {
    fn error(id: u32, text: impl Into<String>) -> Self {
        Self { id, text: text.into(), kind: "error".into(), context: None }
    }

    fn info(id: u32, text: impl Into<String>) -> Self {
        Self { id, text: text.into(), kind: "info".into(), context: None }
    }

    /// 4000001: what came can't be used. `reason` is a wire fact (recorded), the text is ours.
    pub(crate) fn unusable(text: &str, reason: &str) -> Self {
        Self { context: Some(json!({"reason": reason})), ..Self::error(4_000_001, text) }
    }

    /// 4000002: a field is empty.
    pub(crate) fn missing(property: &str) -> Self {
        let text = format!("Please fill in {property}.");
        Self { context: Some(json!({"property": property})), ..Self::error(4_000_002, text) }
    }

    /// 4000001 as well: a field says what it can't.
    pub(crate) fn unsound(fault: &str) -> Self {
        Self::unusable(&format!("This can not be: {fault}."), fault)
    }

    /// 4000007: somebody else has that name.
    pub(crate) fn name_taken() -> Self {
        Self::error(4_000_007, "There is an account with this name or e-mail address already.")
    }

    /// 4000031 to 4000034 and 4000039: the password can't be set.
    pub(crate) fn weak(weak: WeakPassword) -> Self {
        match weak {
            WeakPassword::TooShort { length_min, length } => {
                let context = json!({"min_length": length_min, "actual_length": length});
                let text = format!("A password has at least {length_min} characters.");
                Self { context: Some(context), ..Self::error(4_000_032, text) }
            }
            WeakPassword::Common => Self::error(
                4_000_034,
                "Many people use this password. Please choose one that nobody else has.",
            ),
            WeakPassword::OwnName => {
                Self::error(4_000_031, "Your name is no password. Please choose another one.")
            }
            WeakPassword::Unchanged => {
                Self::error(4_000_039, "This is the password that you have. Please choose another one.")
            }
        }
    }

    /// 4000033: the password is too long.
    pub(crate) fn too_long(password: &str) -> Self {
        let context = json!({"max_length": PASSWORD_BYTES_MAX, "actual_length": password.len()});
        let text = format!("A password has at most {PASSWORD_BYTES_MAX} bytes.");
        Self { context: Some(context), ..Self::error(4_000_033, text) }
    }

    /// 1060001: the code was right, and the password is to be chosen.
    pub(crate) fn recovered() -> Self {
        let text = "You are signed on. Please choose a new password below: the code does not work again.";
        Self { kind: "success".into(), ..Self::info(1_060_001, text) }
    }

    /// 4060006: the recovery code is not, or is no more, the right one.
    pub(crate) fn wrong_recovery_code() -> Self {
        Self::error(4_060_006, "This code is not valid, or was used before. Please check it.")
    }

    /// 1040009: the traits are there, a password is asked for.
    pub(crate) fn choose_password() -> Self {
        Self::info(1_040_009, "Please choose a password.")
    }

    /// 1050001 as well: what was asked for is done.
    pub(crate) fn others_ended() -> Self {
        Self { kind: "success".into(), ..Self::info(1_050_001, "You are signed off everywhere else.") }
    }

    /// 1050001 as well: the proof is there, and the change has to be sent again.
    pub(crate) fn send_again() -> Self {
        Self::info(1_050_001, "Thank you. Please make your change once more.")
    }

    /// 4000006: name and password do not fit.
    pub(crate) fn wrong_credentials() -> Self {
        Self::error(4_000_006, "Name or password is wrong.")
    }

    /// 4000001 as well: nothing is wrong with what came, but it came too often.
    pub(crate) fn too_often(retry_after_s: u32) -> Self {
        let context = json!({"reason": "too many sign-ons were tried", "retry_after_s": retry_after_s});
        let text = adieu_pages_kit::too_often(retry_after_s.into());
        Self { context: Some(context), ..Self::error(4_000_001, text) }
    }

    /// 4000001 as well: too much waits just now, whoever asks.
    pub(crate) fn crowded() -> Self {
        Self::unusable(adieu_pages_kit::BUSY, "too many sign-ons are in progress")
    }

    /// What a form says of a failure after which it may be sent again a while later; nothing of others.
    pub(crate) fn later(failure: &SignOnFailure) -> Option<fn(u32) -> Self> {
        match failure {
            SignOnFailure::Busy => Some(|_| Self::crowded()),
            SignOnFailure::Limited { .. } => Some(Self::too_often),
            SignOnFailure::Disabled(_)
            | SignOnFailure::TooMany
            | SignOnFailure::Quota
            | SignOnFailure::WrongCredentials { .. }
            | SignOnFailure::SecondFactor(_)
            | SignOnFailure::NotEnrolled
            | SignOnFailure::Outage(_) => None,
        }
    }

    /// 4010001: the flow before this one was too old.
    pub(crate) fn flow_expired(expired: Timestamp) -> Self {
        Self::expired(4_010_001, expired, "That took too long. Please sign on again.")
    }

    /// 4010001 as well: whose settings they are is signed on still.
    pub(crate) fn settings_expired(expired: Timestamp) -> Self {
        Self::expired(
            4_010_001,
            expired,
            "That took too long. Nothing was changed: please make your change once more.",
        )
    }

    /// 4040001: the same of a registration.
    pub(crate) fn registration_expired(expired: Timestamp) -> Self {
        Self::expired(4_040_001, expired, "That took too long. Please begin again.")
    }

    fn expired(id: u32, expired: Timestamp, text: &str) -> Self {
        let context = json!({"expired_at": rfc3339_trimmed(expired.ms()), "expired_at_unix": expired.s()});
        Self { context: Some(context), ..Self::error(id, text) }
    }

    /// 4010002: nobody knows how to sign on like that.
    pub(crate) fn no_method() -> Self {
        Self::error(4_010_002, "The form does not say how to sign on.")
    }

    /// 4010003: nobody knows how to register like that.
    pub(crate) fn no_registration_method() -> Self {
        Self::error(4_010_003, "The form does not say how to sign up.")
    }

    /// 4000012: the recovery code was used before.
    pub(crate) fn code_used() -> Self {
        Self::error(4_000_012, "This recovery code was used before. Please take another one.")
    }

    /// 4000014: the user has no recovery codes.
    pub(crate) fn no_codes() -> Self {
        Self::error(4_000_014, "You have no recovery codes.")
    }

    /// 4000016: it is none of the recovery codes.
    pub(crate) fn wrong_code() -> Self {
        Self::error(4_000_016, "This is none of your recovery codes. Please check it.")
    }

    /// 1010003: confirm who you are.
    pub(crate) fn confirm() -> Self {
        Self::info(1_010_003, "Please confirm that it is you.")
    }

    /// 1010004: a second factor is asked for.
    pub(crate) fn second_factor() -> Self {
        Self::info(1_010_004, "Please complete the second step.")
    }

    /// 1050001: the settings are saved.
    pub(crate) fn saved() -> Self {
        Self { kind: "success".into(), ..Self::info(1_050_001, "Your changes are saved.") }
    }

    /// 1050009 or 1050012: a recovery code, or when it was used.
    pub(crate) fn code(code: &str, used: Option<Timestamp>) -> Self {
        match used {
            None => Self { context: Some(json!({"secret": code})), ..Self::info(1_050_009, code) },
            Some(at) => {
                let moment = rfc3339_trimmed(at.ms());
                let text = format!("Used {}", moment.split('T').next().unwrap_or_default());
                let context = json!({"used_at": moment, "used_at_unix": at.s()});
                Self { context: Some(context), ..Self::info(1_050_012, text) }
            }
        }
    }

    /// 1050015: all codes of a set.
    pub(crate) fn codes(all: &[Self]) -> Self {
        let text = all.iter().map(Self::text).collect::<Vec<_>>().join(", ");
        Self { context: Some(json!({"secrets": all})), ..Self::info(1_050_015, text) }
    }

    pub(crate) fn is_error(&self) -> bool {
        self.kind == "error"
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}
