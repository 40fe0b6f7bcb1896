//! What keeps forged submissions out: a native flow has no browser's headers, a browser flow has its token (K-47).
//!
//! It knows no method: whatever a flow is for, this comes first.

use axum::http::HeaderMap;
use axum::http::header::{COOKIE, ORIGIN};

use super::{FlowKind, Head, Message};
use crate::call::Call;
use crate::error::KratosError;
use crate::face::Face;

/// The `reason` of a message that such a submission gets. Wire facts, as recorded; the texts for people are ours.
const ORIGIN_SENT: &str = "The HTTP Request Header included the \"Origin\" key, indicating that this request was made as part of \
    an AJAX request in a Browser. The flow however was initiated as an API request. To prevent potential misuse and \
    mitigate several attack vectors including CSRF, the request has been blocked. Please consult the documentation.";
const COOKIE_SENT: &str = "The HTTP Request Header included the \"Cookie\" key, indicating that this request was made by a \
    Browser. The flow however was initiated as an API request. To prevent potential misuse and mitigate several attack \
    vectors including CSRF, the request has been blocked. Please consult the documentation.";

/// Refuses a submission that may be forged; what a native flow has to say against one is a message of the flow.
pub(crate) fn guarded(
    face: &Face,
    call: &Call,
    head: &Head,
    csrf_token: Option<&str>,
) -> Result<Option<Message>, KratosError> {
    match head.kind {
        FlowKind::Browser => {
            face.csrf.verify(call.headers(), csrf_token).map(|()| None).map_err(KratosError::forged)
        }
        FlowKind::Native => Ok(browser_header(call.headers()).map(|header| {
            let text =
                "A native flow comes without a browser's headers; a browser has to use a browser flow.";
            Message::unusable(text, header)
        })),
    }
}

/// A header that only a browser sends; the cookies that a well-known network puts on everything do not count.
fn browser_header(headers: &HeaderMap) -> Option<&'static str> {
    if headers.contains_key(ORIGIN) {
        return Some(ORIGIN_SENT);
    }
    let known = |name: &str| ["__cf", "_cf", "cf_"].iter().any(|prefix| name.starts_with(prefix));
    let strange = headers.get_all(COOKIE).iter().any(|line| {
        let text = String::from_utf8_lossy(line.as_bytes()).into_owned();
        text.split(';').filter_map(|pair| pair.split('=').next()).any(|name| {
            let name = name.trim();
            !name.is_empty() && !known(name)
        })
    });
    strange.then_some(COOKIE_SENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_browser_sends_cookies_and_origins() {
        let with = |name: &str, value: &str| {
            let name: axum::http::HeaderName = name.parse().expect("a name");
            browser_header(&HeaderMap::from_iter([(name, value.parse().expect("a value"))]))
        };
        assert_eq!(with("origin", "null"), Some(ORIGIN_SENT));
        assert_eq!(with("cookie", "x=y"), Some(COOKIE_SENT));
        assert_eq!(with("cookie", "__cf_bm=y; cf_clearance=z"), None);
        assert_eq!(with("cookie", "__cf_bm=y; x=z"), Some(COOKIE_SENT));
        assert_eq!(with("accept", "*/*"), None);
    }
}
