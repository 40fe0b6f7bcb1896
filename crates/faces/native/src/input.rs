//! What a request says: its query, its body, the ids in it. Everything unknown is refused, everything is bounded.
//!
//! Nothing here decides what a value means.

use std::str::FromStr;
use std::time::Duration;

use adieu_authority::Reason;
use adieu_http_kit::form::Params;
use adieu_http_kit::json::{self, JsonError};
use adieu_http_kit::media;
use axum::body::Body;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::face::Call;
use crate::problem::{Problem, ProblemKind};

/// The largest body: a user with many traits is far below it (HOME-LIMITS).
const BODY_BYTES_MAX: usize = 64 * 1024;
/// A body that is not there by then is given up (HOME-LIMITS).
const BODY_PATIENCE: Duration = Duration::from_secs(20);

/// Why, in a query.
pub(super) const REASON: &str = "reason";

/// A query whose names are known and come once.
pub(super) struct Query(Params);

impl Query {
    pub(super) fn of(parts: &Parts, known: &[&str]) -> Result<Self, Problem> {
        let params = Params::of(&parts.uri);
        for (name, _) in params.iter() {
            if !known.contains(&name) {
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(Problem::malformed(format!("No such parameter here; known are: {known}.")));
            }
            if params.only(name).is_err() {
                return Err(Problem::malformed(format!("{name}: only once")));
            }
        }
        Ok(Self(params))
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.first(name)
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Problem> {
        match self.text(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(Problem::malformed(format!("{name}: true or false"))),
        }
    }
}

/// The id in a path. A malformed one names nothing.
pub(super) fn named<T: FromStr>(call: &Call, what: &str) -> Result<T, Problem> {
    call.id.parse().map_err(|_| Problem::unknown(what))
}

/// An id in a body.
pub(super) fn id<T: FromStr>(member: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::invalid(format!("{member}: not an id")))
}

/// Reads a JSON object, and nothing but its known members.
pub(super) async fn object<T: DeserializeOwned>(call: &Call, body: Body) -> Result<T, Problem> {
    large_object(call, body, BODY_BYTES_MAX).await
}

/// The same of an operation whose bodies may be larger.
pub(super) async fn large_object<T: DeserializeOwned>(
    call: &Call,
    body: Body,
    bytes_max: usize,
) -> Result<T, Problem> {
    if !is_json(&call.parts) {
        return Err(other_type());
    }
    let bytes = adieu_http_kit::body::read(body, bytes_max, BODY_PATIENCE).await?;
    let value = json::read(&bytes).map_err(|error| match error {
        JsonError::Repeated(name) => Problem::malformed(format!("The member `{name}` stands there twice.")),
        JsonError::Trailing => Problem::malformed("Something stands behind the JSON."),
        JsonError::Syntax(error) => unreadable(&error),
    })?;
    if !value.is_object() {
        return Err(Problem::invalid("The body must be an object.")); // Structures would also be read from lists.
    }
    serde_json::from_value(value).map_err(|error| unreadable(&error))
}

fn is_json(parts: &Parts) -> bool {
    let json = ["application/json", "application/merge-patch+json"];
    json.iter().any(|expected| media::is(&parts.headers, expected))
}

fn other_type() -> Problem {
    Problem::new(ProblemKind::MediaType, "Send application/json.")
}

/// Refuses a change that brings a body of another type than JSON, also where no body is read: programs of this API send none, but a
/// server that was told to post a form to this address does (a notice to an application, for one), and no header gives it away.
pub(super) fn has_no_other_type(parts: &Parts) -> Result<(), Problem> {
    let types = parts.headers.get_all(CONTENT_TYPE).iter().count();
    let is_sound = match types {
        0 => !brings_body(parts),
        1 => is_json(parts),
        _ => false,
    };
    if is_sound { Ok(()) } else { Err(other_type()) }
}

/// Whether a body comes along, as its head says. RFC 9112 §6.3
fn brings_body(parts: &Parts) -> bool {
    let length = parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    length.is_some_and(|length| length.trim() != "0") || parts.headers.contains_key(TRANSFER_ENCODING)
}

/// Where the text stands and what was expected; of values, only their kind is said (EMPTY-HANDS).
fn unreadable(error: &serde_json::Error) -> Problem {
    match error.classify() {
        Category::Data => Problem::invalid(without_values(&error.to_string())),
        Category::Syntax | Category::Eof | Category::Io => {
            Problem::malformed(format!("No JSON at line {}, column {}.", error.line(), error.column()))
        }
    }
}

/// serde quotes what it can't take in the texts `invalid type: string "…", expected …`: the value may be a password.
fn without_values(text: &str) -> String {
    match (text.strip_prefix("invalid "), text.rfind(", expected ")) {
        (Some(_), Some(at)) => format!("a value of another kind{}", &text[at..]),
        _ => text.to_owned(),
    }
}

/// A member that may be absent, but is not null.
pub(super) fn present<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// A member that is absent (stays as it is), null (nothing) or there.
pub(super) fn nullable<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

/// Text of 1 to `most` characters without control characters.
pub(super) fn sound(member: &str, text: &str, most: usize) -> Result<(), Problem> {
    let sound = (1..=most).contains(&text.chars().count())
        && !text.trim().is_empty()
        && !text.chars().any(char::is_control);
    if sound { Ok(()) } else { Err(Problem::invalid(format!("{member}: 1 to {most} visible characters"))) }
}

/// A reason, if one is given. One that is too long is refused and never cut.
pub(super) fn reason(text: Option<&str>) -> Result<Option<Reason>, Problem> {
    let reason = text.map(str::parse::<Reason>).transpose();
    reason.map_err(|rule| Problem::invalid(format!("reason: {rule}")))
}

/// The reason in a query, if one is given.
pub(super) fn queried_reason(call: &Call) -> Result<Option<Reason>, Problem> {
    let reason = call.query.text(REASON).map(str::parse::<Reason>).transpose();
    reason.map_err(|rule| Problem::malformed(format!("reason: {rule}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_value_is_not_repeated() {
        let error = serde_json::from_str::<Vec<bool>>(r#"["secret, expected x"]"#).unwrap_err();
        assert_eq!(
            without_values(&error.to_string()),
            "a value of another kind, expected a boolean at line 1 column 21"
        );
    }
}
