//! What a submission holds, in any of the three types of body. Contract kratos.md 3.1.
//!
//! Nothing here says whether it is right.

use std::collections::HashMap;

use adieu_http_kit::form::Params;
use adieu_http_kit::json::{self, JsonError};
use adieu_http_kit::media::MediaType;
use adieu_http_kit::multipart;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use serde_json::Value;

use crate::flow::Message;

/// Characters of a repeated name that are shown again.
const NAME_CHARS_MAX: usize = 64;

/// The members of a submission, as text.
#[derive(Default)]
pub(crate) struct Submission(HashMap<String, String>);

/// Why a body can't be read.
#[derive(Debug)]
pub(crate) enum Unreadable {
    Empty,
    NotJson,
    /// A member of this name says two things.
    Repeated(String),
    /// A field of this name does.
    RepeatedField(String),
    NoObject,
    NoForm,
    Type(String),
}

impl Unreadable {
    /// As the flow says it. The reasons are wire facts, as recorded.
    pub(crate) fn message(&self) -> Message {
        let known =
            "only [multipart/form-data application/x-www-form-urlencoded application/json] are supported.";
        match self {
            Self::Empty => Message::unusable(
                "The request has no body.",
                "Unable to decode HTTP Request Body because its HTTP Header \"Content-Length\" is zero.",
            ),
            Self::NotJson => Message::unusable("The body is not JSON.", "Unable to decode form as JSON."),
            Self::Repeated(name) => Message::unusable(
                "A member of the body stands there twice.",
                &format!("Unable to decode form as JSON: the member `{name}` stands there twice."),
            ),
            Self::RepeatedField(name) => Message::unusable(
                "A field of the form stands there twice.",
                &format!("Unable to decode form: the field `{name}` stands there twice."),
            ),
            Self::NoObject => Message::unusable(
                "The body has to be a JSON object.",
                "Expected JSON sent in request body to be an object but got: JSON",
            ),
            Self::NoForm => Message::unusable("The body is no form.", "Unable to decode form."),
            Self::Type(written) => Message::unusable(
                "The body has to be JSON or a form.",
                &format!("HTTP POST Request used unknown HTTP Header \"Content-Type: {written}\", {known}"),
            ),
        }
    }
}

impl Submission {
    pub(crate) async fn read(headers: &HeaderMap, body: Bytes) -> Result<Self, Unreadable> {
        if body.is_empty() {
            return Err(Unreadable::Empty);
        }
        let written = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media = MediaType::parse(written);
        match media.as_ref().map(|media| media.essence.as_str()) {
            Some("application/json") => Self::from_json(&body),
            Some("application/x-www-form-urlencoded") => Self::from_fields(&Params::body(&body)),
            Some("multipart/form-data") => match multipart::fields(body, written).await {
                Ok(fields) => Self::from_fields(&fields),
                Err(_) => Err(Unreadable::NoForm),
            },
            Some(_) | None => Err(Unreadable::Type(written.to_owned())),
        }
    }

    /// A member may stand twice if it says the same: a published client sends `method` so.
    fn from_json(body: &[u8]) -> Result<Self, Unreadable> {
        let value = json::read_agreeing(body).map_err(|error| match error {
            JsonError::Repeated(name) => Unreadable::Repeated(name),
            JsonError::Trailing | JsonError::Syntax(_) => Unreadable::NotJson,
        })?;
        let Value::Object(members) = value else { return Err(Unreadable::NoObject) };
        let text = |(name, value)| match value {
            Value::Null => None,
            Value::String(text) => Some((name, text)),
            // Quirk: a number is taken for its digits. K-43
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                Some((name, value.to_string()))
            }
        };
        // All names that a flow knows are in small letters; Go's decoder takes them in any.
        let mut read: HashMap<String, String> = HashMap::new();
        for (name, text) in members.into_iter().filter_map(text) {
            let name = name.to_ascii_lowercase();
            match read.get(&name) {
                Some(before) if *before != text => {
                    return Err(Unreadable::Repeated(name.chars().take(NAME_CHARS_MAX).collect()));
                }
                Some(_) | None => drop(read.insert(name, text)),
            }
        }
        Ok(Self(read))
    }

    /// A field may stand twice if it says the same. A box that is ticked stands behind a hidden field that says that it is not.
    fn from_fields(fields: &Params) -> Result<Self, Unreadable> {
        let mut read: HashMap<String, String> = HashMap::new();
        for (name, value) in fields.iter() {
            match read.get(name).map(String::as_str) {
                None => drop(read.insert(name.to_owned(), value.to_owned())),
                Some("false") if value == "true" => drop(read.insert(name.to_owned(), value.to_owned())),
                Some(before) if before == value => {}
                Some(_) => {
                    return Err(Unreadable::RepeatedField(name.chars().take(NAME_CHARS_MAX).collect()));
                }
            }
        }
        Ok(Self(read))
    }

    /// A member; one that is not there is empty.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }

    /// A member that is there, empty or not.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whether a button or box of that name was pressed.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.text(name) == "true"
    }
}
