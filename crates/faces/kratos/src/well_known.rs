//! Well-known addresses: where a password is changed, and the script that pages with passkeys load. Contract kratos.md 3.7.
//!
//! There are no passkeys here; the script says so to pages that call it, and does nothing else.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};

use crate::answer::{Answer, empty, redirect};
use crate::call::Call;
use crate::face::Face;

const SCRIPT: &str = "\
(function () {\n\
  if (!window) return\n\
  const refuse = function () { return Promise.reject(new Error(\"passkeys are not supported by this server\")) }\n\
  for (const name of [\"Login\", \"Registration\", \"PasskeyLogin\", \"PasskeyLoginAutocompleteInit\", \"PasskeyRegistration\",\n\
    \"PasskeySettingsRegistration\"]) {\n\
    window[\"oryWebAuthn\" + name] = window[\"ory\" + name] = refuse\n\
  }\n\
})()\n";

/// A password manager asks here; it is sent to the settings.
pub(crate) fn change_password(face: &Face, call: &Call) -> Answer {
    let to = format!("{}/self-service/settings/browser", face.base(call.mount));
    redirect(StatusCode::SEE_OTHER, &call.parts, &to)
}

pub(crate) fn passkey_script() -> Answer {
    let mut answer = empty(StatusCode::OK);
    *answer.body_mut() = Body::from(SCRIPT);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=UTF-8"));
    answer
}
