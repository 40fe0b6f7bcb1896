//! The cookie by which a page's script finds out that the session of its browser is another one: it changes with the session.
//!
//! Scripts read it, so it says nothing: it is a digest of a token that nobody can guess, or a word where nobody is signed on. It opens
//! nothing. OpenID Connect Session Management 1.0 section 3.2; standards.md 1.4 and 5.6.

use adieu_core::TokenHash;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue};

use crate::cookies::{self, SameSite, SetCookie};

/// The cookie, one for each realm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrowserState {
    /// Whether it goes over https only; then it goes into frames of other sites, too.
    pub secure: bool,
}

impl BrowserState {
    /// What it says where nobody is signed on. It stays in the browser: a script that finds no cookie at all is kept from it.
    pub const NOBODY: &'static str = "nobody";

    /// What it says of the session that a token opens.
    #[must_use]
    pub fn of(token: &str) -> String {
        let digest = TokenHash::of(format!("adieu browser state {token}").as_bytes());
        URL_SAFE_NO_PAD.encode(digest.to_bytes())
    }

    /// Its name for sessions of a realm. No other host and no plain page can set the one with the prefix. RFC 6265bis §4.1.3.2
    #[must_use]
    pub fn name(self, realm: &str) -> String {
        let prefix = if self.secure { "__Host-" } else { "" };
        format!("{prefix}adieu_opbs-{realm}")
    }

    /// What a browser's cookie says.
    #[must_use]
    pub fn carried<'h>(self, headers: &'h HeaderMap, realm: &str) -> Option<&'h str> {
        cookies::first(headers, &self.name(realm))
    }

    /// Gives a browser the cookie.
    #[must_use]
    pub fn line(self, realm: &str, value: &str) -> HeaderValue {
        let name = self.name(realm);
        let same_site = Some(if self.secure { SameSite::None } else { SameSite::Lax });
        SetCookie { path: Some("/"), secure: self.secure, same_site, ..SetCookie::new(&name, value) }
            .to_header()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-SES-8
    #[test]
    fn scripts_read_it_and_it_says_nothing() {
        let value = BrowserState::of("1AAAA");
        assert_eq!(value.len(), 43);
        assert!(value != BrowserState::of("1AAAB") && !value.contains("AAAA"));
        for (secure, line) in [
            (true, format!("__Host-adieu_opbs-r={value}; Path=/; Secure; SameSite=None")),
            (false, format!("adieu_opbs-r={value}; Path=/; SameSite=Lax")),
        ] {
            assert_eq!(BrowserState { secure }.line("r", &value), line);
        }
    }
}
