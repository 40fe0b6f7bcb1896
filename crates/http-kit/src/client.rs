//! What a request says about the program that sent it.
//!
//! For display in lists of sessions only: nothing may be decided by it. The text is cut, because it is stored.

use http::header::{HeaderMap, USER_AGENT};

/// The address a request came from. The server puts it into the request's extensions, next to the socket; nothing else may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer(pub std::net::SocketAddr);

/// Longest text kept; real ones stay below 300 bytes.
const USER_AGENT_BYTES_MAX: usize = 512;

/// The `User-Agent`, cut to 512 bytes at the border of a character. Bytes that are no UTF-8 become U+FFFD.
#[must_use]
pub fn user_agent(headers: &HeaderMap) -> Option<String> {
    let mut text = String::from_utf8_lossy(headers.get(USER_AGENT)?.as_bytes()).into_owned();
    text.truncate(text.floor_char_boundary(USER_AGENT_BYTES_MAX));
    Some(text)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn cut(bytes: &[u8]) -> String {
        let value = HeaderValue::from_bytes(bytes).unwrap();
        user_agent(&HeaderMap::from_iter([(USER_AGENT, value)])).unwrap()
    }

    #[test]
    fn short_texts_stay_and_absent_ones_are_none() {
        assert_eq!(cut(b"curl/8"), "curl/8");
        assert_eq!(cut(b""), "");
        assert_eq!(user_agent(&HeaderMap::new()), None);
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(cut(&[b'a'; 600]), "a".repeat(512));
        let text = format!("a{}", "\u{e4}".repeat(400));
        assert_eq!(cut(text.as_bytes()), format!("a{}", "\u{e4}".repeat(255)));
        assert_eq!(cut(b"a\xffb"), "a\u{fffd}b");
    }
}
