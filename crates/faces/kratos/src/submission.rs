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

fn is_small(name: &str) -> bool {
    !name.bytes().any(|byte| byte.is_ascii_uppercase())
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
            Some("application/x-www-form-urlencoded") => Ok(Self::from_fields(&Params::body(&body))),
            Some("multipart/form-data") => match multipart::fields(body, written).await {
                Ok(fields) => Ok(Self::from_fields(&fields)),
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
        // All names that a flow knows are in small letters; one that is written so counts before the others.
        let (exact, folded): (Vec<_>, Vec<_>) =
            members.into_iter().filter_map(text).partition(|(name, _)| is_small(name));
        let folded = folded.into_iter().map(|(name, text)| (name.to_ascii_lowercase(), text));
        Ok(Self(folded.chain(exact).collect()))
    }

    /// Of a field that stands twice the first counts.
    fn from_fields(fields: &Params) -> Self {
        let mut members = HashMap::new();
        for (name, value) in fields.iter() {
            members.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
        Self(members)
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
