//! What went well, as an answer. Its statuses are chosen here, those of problems in `problem`: nowhere else.
//!
//! Nothing may be cached: whoever reads a list of sessions wants to know how it is now.

use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, StatusCode};
use serde_json::Value;

/// The media type of server-sent events. HTML, section 9.2.
pub(super) const EVENT_STREAM: &str = "text/event-stream";

/// The kinds of success, for the table of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Success {
    /// Something is shown; the name of its schema.
    Shows(&'static str),
    /// Something was made, and is shown.
    Makes(&'static str),
    /// Events are sent as they happen.
    Streams,
    /// It is so.
    Nothing,
}

impl Success {
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::Shows(_) | Self::Streams => StatusCode::OK,
            Self::Makes(_) => StatusCode::CREATED,
            Self::Nothing => StatusCode::NO_CONTENT,
        }
    }
}

/// A request that was carried out.
pub(super) enum Done {
    /// This is what was asked for.
    Shown(Value),
    /// It was made.
    Made {
        /// Its path.
        at: String,
        /// What it is.
        shown: Value,
    },
    /// Events, of which the last one ends the body.
    Streams(Body),
    /// It is so, and there is nothing to show.
    Nothing,
}

impl Done {
    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::Shown(_) => Success::Shows("").status(),
            Self::Made { .. } => Success::Makes("").status(),
            Self::Streams(_) => Success::Streams.status(),
            Self::Nothing => Success::Nothing.status(),
        }
    }
}

impl From<Done> for Response {
    fn from(done: Done) -> Self {
        let status = done.status();
        let mut answer = match done {
            Done::Nothing => Response::new(Body::empty()),
            Done::Streams(events) => {
                let mut answer = Response::new(events);
                answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM));
                answer
            }
            Done::Shown(value) => json("application/json", &value),
            Done::Made { at, shown } => {
                let mut answer = json("application/json", &shown);
                if let Ok(at) = HeaderValue::from_str(&at) {
                    answer.headers_mut().insert(LOCATION, at);
                }
                answer
            }
        };
        *answer.status_mut() = status;
        answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        answer
    }
}

/// A body of JSON; its status is the caller's affair.
pub(super) fn json(media_type: &'static str, value: &Value) -> Response {
    let mut answer = Response::new(Body::from(value.to_string()));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    answer
}
