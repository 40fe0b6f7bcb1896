//! What a submission holds, in any of the three types of body. Contract kratos.md 3.1.
//!
//! Nothing here says whether it is right.

use adieu_http_kit::form::Params;
use adieu_http_kit::media::MediaType;
use adieu_http_kit::multipart;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use serde_json::Value;

use crate::login::flow::Message;

/// The members of a login.
#[derive(Default)]
pub(crate) struct Submission {
    pub(crate) method: Option<String>,
    pub(crate) identifier: String,
    pub(crate) password: String,
    pub(crate) csrf_token: Option<String>,
}

/// Why a body can't be read.
#[derive(Debug)]
pub(crate) enum Unreadable {
    Empty,
    NotJson,
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
            Some("application/x-www-form-urlencoded") => Ok(Self::from_fields(&Params::body(&body))),
            Some("multipart/form-data") => match multipart::fields(body, written).await {
                Ok(fields) => Ok(Self::from_fields(&fields)),
                Err(_) => Err(Unreadable::NoForm),
            },
            Some(_) | None => Err(Unreadable::Type(written.to_owned())),
        }
    }

    /// Of a member that stands twice the last counts: a published client sends `method` twice.
    fn from_json(body: &[u8]) -> Result<Self, Unreadable> {
        let value: Value = serde_json::from_slice(body).map_err(|_| Unreadable::NotJson)?;
        let object = value.as_object().ok_or(Unreadable::NoObject)?;
        let text = |name: &str| match object.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(other) => Some(other.to_string()), // Quirk: a number is taken for its digits. K-43
        };
        let identifier = text("identifier").filter(|text| !text.is_empty());
        Ok(Self {
            method: text("method"),
            identifier: identifier.or(text("password_identifier")).unwrap_or_default(),
            password: text("password").unwrap_or_default(),
            csrf_token: text("csrf_token"),
        })
    }

    fn from_fields(fields: &Params) -> Self {
        let text = |name: &str| fields.first(name).map(str::to_owned);
        let identifier = text("identifier").filter(|text| !text.is_empty());
        Self {
            method: text("method"),
            identifier: identifier.or(text("password_identifier")).unwrap_or_default(),
            password: text("password").unwrap_or_default(),
            csrf_token: text("csrf_token"),
        }
    }
}
