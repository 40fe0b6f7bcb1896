//! What the error page says to people. Errors of this dialect are written for programs: those words stand in small print.
//!
//! Words only; what went wrong was decided where it went wrong. Contract kratos.md 0.5

use serde_json::Value;

use adieu_pages_kit::{FORM_TOO_OLD, FORM_TOO_OLD_WHY};

use crate::error::{ACCOUNT_CLOSED, BUSY, RECOVERY_OFF};

/// Title and sentence for a stored error: by its id, else by its status.
pub(super) fn of(error: &Value) -> (&'static str, &'static str) {
    match error["id"].as_str().unwrap_or_default() {
        "session_inactive" | "session_aal1_required" => NOT_SIGNED_ON,
        "session_aal2_required" => (
            "One more step",
            "You are signed on once you have given your second factor. Please sign on to give it.",
        ),
        "session_already_available" => {
            ("You are signed on already", "To sign on as somebody else, please sign off first.")
        }
        "session_refresh_required" => (
            "Please sign on again",
            "Your last sign-on is too long ago for this change. Sign on again, then repeat it.",
        ),
        "security_csrf_violation" => (FORM_TOO_OLD, FORM_TOO_OLD_WHY),
        "security_identity_mismatch" => (
            "This page was made for somebody else",
            "Another person began it in this browser. Please begin again.",
        ),
        "self_service_flow_return_to_forbidden" => (
            "This link leads to an unknown place",
            "The application wanted to send you on to an address that is not known here. Please tell whoever runs it.",
        ),
        "self_service_flow_disabled" => (
            "That is not offered here",
            "Whoever runs this server has switched it off. Please ask them for help.",
        ),
        BUSY => ("Not just now", adieu_pages_kit::BUSY),
        // Quirk: no id says so. Contract kratos.md 0.5
        _ if error["reason"] == ACCOUNT_CLOSED => (
            "This account cannot be used at present",
            "Name and password are right, and an administrator has closed the account or it is locked. Please ask an administrator.",
        ),
        // Quirk: no id says so. Contract kratos.md 3.6
        _ if error["reason"] == RECOVERY_OFF => (
            "A new password comes from an administrator",
            "Nobody is sent one by mail here. Ask an administrator for a link: you get in by it once, and choose a new password.",
        ),
        _ => by_status(error["code"].as_u64().unwrap_or_default()),
    }
}

const NOT_SIGNED_ON: (&str, &str) =
    ("You are not signed on", "Your session has ended, or you have not signed on in this browser yet.");

fn by_status(status: u64) -> (&'static str, &'static str) {
    match status {
        401 => NOT_SIGNED_ON,
        403 => (
            "That is not allowed",
            "This link belongs to another session or to another person. Please begin again.",
        ),
        404 | 410 => ("This page is no longer there", "It is over or took too long. Please begin again."),
        429 => ("Too many tries", "Please wait a few minutes, then try again."),
        500.. => ("Not just now", "That could not be done at this moment. Please try again in a while."),
        _ => (
            "This link does not work",
            "Something in it is missing or wrong. Go back to where it was, or begin again here.",
        ),
    }
}

/// The error in the dialect's own words.
pub(super) fn detail(error: &Value) -> String {
    let texts = [&error["message"], &error["reason"]].into_iter().filter_map(Value::as_str);
    let texts: Vec<_> = texts.filter(|text| !text.is_empty()).collect();
    texts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_error_is_told_to_people_in_the_words_of_an_interface() {
        let known = ["session_inactive", "session_aal2_required", "security_csrf_violation"];
        let by_id = known.map(|id| json!({"id": id, "code": 400}));
        let by_status = [400, 401, 403, 404, 410, 422, 429, 500, 503].map(|code| json!({"code": code}));
        for error in by_id.iter().chain(&by_status) {
            let (title, message) = of(error);
            for word in ["request", "parameter", "token", "CSRF", "authoriz", "resource"] {
                assert!(!title.contains(word) && !message.contains(word), "{error}: {title}: {message}");
            }
        }
        assert_eq!(of(&json!({"code": 429, "id": BUSY})).0, "Not just now");
        assert_eq!(of(&json!({"code": 429, "message": "Too many sign-ons"})).0, "Too many tries");
        let closed = json!({"code": 401, "message": "identity is disabled", "reason": ACCOUNT_CLOSED});
        assert_eq!(of(&closed).0, "This account cannot be used at present");
        let off = json!({"code": 400, "message": "malformed", "reason": RECOVERY_OFF});
        assert_eq!(of(&off).0, "A new password comes from an administrator");
        assert_eq!(detail(&json!({"message": "a", "reason": "b"})), "a: b");
        assert_eq!(detail(&json!({"message": "a"})), "a");
    }
}
