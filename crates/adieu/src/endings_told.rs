//! `Adieu-Ending`: the ids of what a request has ended, on its answer, whichever dialect gave it.
//!
//! Whoever has one finds the ending in the native API. It says nothing of what ended.

use adieu_authority::{EndingId, noting_endings};
use axum::response::Response;
use http::{HeaderName, HeaderValue};

/// The header.
const ADIEU_ENDING: HeaderName = HeaderName::from_static("adieu-ending");

/// The answer, with a header for each ending on the way to it; the one that was meant comes last.
pub(crate) async fn told<E>(answering: impl Future<Output = Result<Response, E>>) -> Result<Response, E> {
    let (answer, ids) = noting_endings(answering).await;
    answer.map(|mut answer| {
        for value in ids.iter().filter_map(header) {
            answer.headers_mut().append(ADIEU_ENDING, value);
        }
        answer
    })
}

fn header(id: &EndingId) -> Option<HeaderValue> {
    HeaderValue::from_str(&id.to_string()).ok()
}
