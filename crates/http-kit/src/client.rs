//! What a request says about the program that sent it.
//!
//! For display in lists of sessions only: nothing may be decided by it. The text is cut, because it is stored.

use std::fmt;
use std::net::SocketAddr;

use http::header::{HeaderMap, USER_AGENT};

/// The address a request came from: the socket's, or what a trusted proxy said of its own. The server puts it into the
/// request's extensions, next to the socket; nothing else may. Port 0, which nobody sends from, is a port that was not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// As dialects show it: with the port, where it is known.
impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.port() {
            0 => self.0.ip().fmt(f),
            _ => self.0.fmt(f),
        }
    }
}

/// What a trusted proxy said of a request as it came to it. In the extensions only of requests that came through one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Via {
    /// Whether it came over TLS.
    pub https: Option<bool>,
    /// The host it was sent to, with its port if it named one.
    pub host: Option<String>,
    /// The method of the request, where the proxy asks about it with one of its own.
    pub method: Option<String>,
    /// The path and the query of the request, likewise.
    pub uri: Option<String>,
}

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
    fn an_address_is_shown_with_the_port_that_is_known() {
        let shown = |text: &str| Peer(text.parse().unwrap()).to_string();
        assert_eq!(shown("192.0.2.1:4711"), "192.0.2.1:4711");
        assert_eq!(shown("192.0.2.1:0"), "192.0.2.1");
        assert_eq!(shown("[2001:db8::1]:4711"), "[2001:db8::1]:4711");
        assert_eq!(shown("[2001:db8::1]:0"), "2001:db8::1");
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
