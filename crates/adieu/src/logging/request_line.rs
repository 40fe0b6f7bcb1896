//! The line of a request at the level `debug`: where it went and what it was answered, for whoever looks for a cause.
//!
//! Nothing of a query, a header or a body is in it, and of a path no segment that is as long as a token (EMPTY-HANDS). At other
//! levels nothing is kept for it.

use http::{Request, StatusCode};
use tracing::{Level, Span};

use crate::metering::RequestChannel;

/// Longer segments of a path may be secrets, or are ids. A path is shown up to so many segments.
const SEGMENT_MAX: usize = 30;
const SEGMENTS_MAX: usize = 12;

/// What is known of a request before it is answered.
pub(crate) struct RequestLine {
    channel: RequestChannel,
    method: String,
    path: String,
    span: Span,
}

impl RequestLine {
    /// The line of a request, where such lines are logged.
    pub(crate) fn of<B>(channel: RequestChannel, request: &Request<B>, span: &Span) -> Option<Self> {
        tracing::enabled!(Level::DEBUG).then(|| Self {
            channel,
            method: request.method().to_string(),
            path: shown(request.uri().path()),
            span: span.clone(),
        })
    }

    /// Logs it, with what the request was answered.
    pub(crate) fn answered(self, status: StatusCode) {
        let Self { channel, method, path, span } = self;
        let (channel, status) = (channel.word(), status.as_u16());
        span.in_scope(|| tracing::debug!(channel, method, path, status, "answered"));
    }
}

fn shown(path: &str) -> String {
    let segment = |text: &str| if text.len() > SEGMENT_MAX { "…".to_owned() } else { text.to_owned() };
    let mut segments: Vec<String> = path.split('/').take(SEGMENTS_MAX + 1).map(segment).collect();
    if segments.len() > SEGMENTS_MAX {
        segments.truncate(SEGMENTS_MAX);
        segments.push("…".to_owned());
    }
    segments.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_as_long_as_a_token_is_left_out() {
        for (path, expect) in [
            ("/", "/"),
            ("/o/alpha/token", "/o/alpha/token"),
            ("/6f0d8a51-3c1e-4b7a-9d52-8e2b4f7c1a90/as/authorize", "/…/as/authorize"),
            ("/a/ory_st_0123456789012345678901234567", "/a/…"),
        ] {
            assert_eq!(shown(path), expect);
        }
        assert_eq!(shown(&"/x".repeat(100)), format!("{}/…", "/x".repeat(SEGMENTS_MAX - 1)));
    }
}
