//! Cookies: reading the request's, writing the response's.
//!
//! Values are read raw: no percent-decoding, because two dialects refuse an encoded token. Written values can never
//! start a new attribute or header line. RFC 6265 sections 4.1 and 5.4; the order of attributes is Go's.

use std::fmt::Write as _;

use http::header::{COOKIE, HeaderMap, HeaderValue};

use crate::dates;

/// All values of cookies with that name, in the order of the request, quotation marks around them taken off.
pub fn all<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h str> {
    pairs(headers).filter(move |(found, _)| *found == name).map(|(_, value)| value)
}

/// The first value of that name.
#[must_use]
pub fn first<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    all(headers, name).next()
}

/// As [`all`], but letter case of the name does not matter.
// Quirk: AM matches the name of its cookie like that of a header. Contract am.md 0.3.
pub fn all_any_case<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h str> {
    pairs(headers).filter(move |(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// As [`first`], but letter case of the name does not matter.
#[must_use]
pub fn first_any_case<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    all_any_case(headers, name).next()
}

/// The name of a session cookie, and how its dialect tells it from others. Browsers keep cookies apart whose names differ in a letter's
/// case (RFC 6265 §5.3), and so do readers of it; only AM does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionCookieName {
    text: String,
    any_case: bool,
}

impl SessionCookieName {
    /// A name that is read as it is written.
    #[must_use]
    pub fn exact(text: &str) -> Self {
        Self { text: text.to_owned(), any_case: false }
    }

    /// A name of which letter case does not matter.
    // Quirk: AM matches the name of its cookie like that of a header. Contract am.md 0.3.
    #[must_use]
    pub fn any_case(text: &str) -> Self {
        Self { text: text.to_owned(), any_case: true }
    }

    /// The name as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a cookie of this name is meant.
    #[must_use]
    pub fn is(&self, found: &str) -> bool {
        if self.any_case { found.eq_ignore_ascii_case(&self.text) } else { found == self.text }
    }

    /// The values of all cookies that are meant, in the order of the request.
    pub fn values<'h>(&self, headers: &'h HeaderMap) -> impl Iterator<Item = &'h str> {
        pairs(headers).filter(|(found, _)| self.is(found)).map(|(_, value)| value)
    }
}

/// Names and values of all cookies, in the order of the request.
pub fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| std::str::from_utf8(line.as_bytes()).ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.trim_matches([' ', '\t']), unquoted(value.trim_matches([' ', '\t']))))
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value)
}

/// When a browser sends a cookie along with a request that another site caused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    /// Never.
    Strict,
    /// When the user follows a link.
    Lax,
    /// Always; browsers then demand `Secure`.
    None,
}

/// One `Set-Cookie` line. Start from [`SetCookie::new`] and set what is needed.
#[derive(Clone, PartialEq, Eq)]
pub struct SetCookie<'a> {
    /// The name.
    pub name: &'a str,
    /// The value, as it shall stand on the wire.
    pub value: &'a str,
    /// `Path`.
    pub path: Option<&'a str>,
    /// `Domain`; without it the cookie stays with the host.
    pub domain: Option<&'a str>,
    /// `Expires`, in seconds since 1970.
    pub expires_s: Option<i64>,
    /// `Max-Age`, in seconds.
    pub max_age_s: Option<i64>,
    /// `HttpOnly`.
    pub http_only: bool,
    /// `Secure`.
    pub secure: bool,
    /// `SameSite`.
    pub same_site: Option<SameSite>,
}

impl<'a> SetCookie<'a> {
    /// A cookie without attributes.
    #[must_use]
    pub fn new(name: &'a str, value: &'a str) -> Self {
        Self {
            name,
            value,
            path: None,
            domain: None,
            expires_s: None,
            max_age_s: None,
            http_only: false,
            secure: false,
            same_site: None,
        }
    }

    /// The cookie that makes a browser forget this one: same name, path, domain and flags, another value and dates.
    #[must_use]
    pub fn cleared<'b>(&self, value: &'b str, expires_s: i64, max_age_s: Option<i64>) -> SetCookie<'b>
    where
        'a: 'b,
    {
        SetCookie { value, expires_s: Some(expires_s), max_age_s, ..self.clone() }
    }

    /// The header value. What cannot stand in a cookie (control characters, `;`, anything outside ASCII) is
    /// percent-encoded, so a value can never add an attribute or a line.
    #[must_use]
    pub fn to_header(&self) -> HeaderValue {
        let mut line = String::with_capacity(self.name.len() + self.value.len() + 160);
        push_safe(&mut line, self.name, b"=");
        line.push('=');
        push_safe(&mut line, self.value, b"");
        for (name, value) in [("; Path=", self.path), ("; Domain=", self.domain)] {
            if let Some(value) = value {
                line.push_str(name);
                push_safe(&mut line, value, b"");
            }
        }
        if let Some(expires_s) = self.expires_s {
            line.push_str("; Expires=");
            line.push_str(&dates::http_date(expires_s));
        }
        if let Some(max_age_s) = self.max_age_s {
            write!(line, "; Max-Age={max_age_s}").expect("a String takes everything");
        }
        line.push_str(if self.http_only { "; HttpOnly" } else { "" });
        line.push_str(if self.secure { "; Secure" } else { "" });
        line.push_str(match self.same_site {
            Some(SameSite::Strict) => "; SameSite=Strict",
            Some(SameSite::Lax) => "; SameSite=Lax",
            Some(SameSite::None) => "; SameSite=None",
            None => "",
        });
        HeaderValue::from_str(&line).expect("every byte is printable ASCII")
    }
}

fn push_safe(line: &mut String, text: &str, also: &[u8]) {
    for byte in text.bytes() {
        if (b' '..=b'~').contains(&byte) && byte != b';' && !also.contains(&byte) {
            line.push(char::from(byte));
        } else {
            write!(line, "%{byte:02X}").expect("a String takes everything");
        }
    }
}

/// Shows no value: it may be a session.
impl std::fmt::Debug for SetCookie<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SetCookie").field("name", &self.name).field("value", &"***").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        lines.iter().map(|line| (COOKIE, HeaderValue::from_str(line).unwrap())).collect()
    }

    fn text(cookie: &SetCookie<'_>) -> String {
        cookie.to_header().to_str().unwrap().to_owned()
    }

    #[test]
    fn every_line_is_read_in_order() {
        let headers = headers(&["a=1; ST=one;b=2", "ST=two ; ST=\"three\""]);
        assert_eq!(all(&headers, "ST").collect::<Vec<_>>(), ["one", "two", "three"]);
        assert_eq!(first(&headers, "ST"), Some("one"));
        assert_eq!(first(&headers, "st"), None);
        assert_eq!(first_any_case(&headers, "st"), Some("one"));
        let values = |name: SessionCookieName| name.values(&headers).collect::<Vec<_>>();
        assert_eq!(values(SessionCookieName::exact("ST")), ["one", "two", "three"]);
        assert!(values(SessionCookieName::exact("st")).is_empty());
        assert_eq!(values(SessionCookieName::any_case("st")), ["one", "two", "three"]);
    }

    #[test]
    fn values_are_raw() {
        let headers = headers(&["t=AQIC5w.*AAJT*; p=%41; e=a=b==; q=\"\"; half=\"x; empty="]);
        assert_eq!(first(&headers, "t"), Some("AQIC5w.*AAJT*"));
        assert_eq!(first(&headers, "p"), Some("%41"));
        assert_eq!(first(&headers, "e"), Some("a=b=="));
        assert_eq!(first(&headers, "q"), Some(""));
        assert_eq!(first(&headers, "half"), Some("\"x"));
        assert_eq!(first(&headers, "empty"), Some(""));
    }

    #[test]
    fn odd_lines_hold_no_cookie() {
        assert_eq!(first(&headers(&["", ";;;", "ST", " ; ST ;"]), "ST"), None);
        assert_eq!(first(&HeaderMap::new(), "ST"), None);
        let mut binary = HeaderMap::new();
        binary.append(COOKIE, HeaderValue::from_bytes(b"ST=\xff").unwrap());
        binary.append(COOKIE, HeaderValue::from_static("ST=good"));
        assert_eq!(first(&binary, "ST"), Some("good"));
    }

    #[test]
    fn a_session_cookie_as_kratos_writes_it() {
        let cookie = SetCookie {
            path: Some("/"),
            expires_s: Some(1_795_292_490),
            max_age_s: Some(86_399),
            http_only: true,
            same_site: Some(SameSite::Lax),
            ..SetCookie::new("ory_kratos_session", "MTc5")
        };
        assert_eq!(
            text(&cookie),
            "ory_kratos_session=MTc5; Path=/; Expires=Sat, 21 Nov 2026 20:21:30 GMT; Max-Age=86399; HttpOnly; SameSite=Lax"
        );
    }

    #[test]
    fn every_attribute_in_its_place() {
        let cookie = SetCookie {
            path: Some("/"),
            domain: Some("example.com"),
            secure: true,
            http_only: true,
            same_site: Some(SameSite::None),
            ..SetCookie::new("iPlanetDirectoryPro", "x")
        };
        assert_eq!(
            text(&cookie),
            "iPlanetDirectoryPro=x; Path=/; Domain=example.com; HttpOnly; Secure; SameSite=None"
        );
        assert_eq!(
            text(&cookie.cleared("\"\"", 0, None)),
            "iPlanetDirectoryPro=\"\"; Path=/; Domain=example.com; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=None"
        );
        let bare = SetCookie::new("ST", "x").cleared("", 10, Some(0));
        assert_eq!(text(&bare), "ST=; Expires=Thu, 01 Jan 1970 00:00:10 GMT; Max-Age=0");
    }

    #[test]
    fn nothing_breaks_out_of_a_value() {
        let cookie = SetCookie {
            path: Some("/;Secure"),
            domain: Some("a\nb"),
            ..SetCookie::new("a=b", "x; HttpOnly\r\nSet-Cookie: y=\u{e4}\0")
        };
        assert_eq!(
            text(&cookie),
            "a%3Db=x%3B HttpOnly%0D%0ASet-Cookie: y=%C3%A4%00; Path=/%3BSecure; Domain=a%0Ab"
        );
    }

    #[test]
    fn debug_shows_no_value() {
        assert!(!format!("{:?}", SetCookie::new("ST", "secret")).contains("secret"));
    }
}
