//! Origins whose pages may call from a browser: patterns of the configuration, and what a request's `Origin` is to them.
//!
//! A pattern has one wildcard at most, as Kratos documents it, and no wildcard that a stranger's name could fill: what is
//! named by its own name, or ends in a named domain, is answered with credentials; `*` alone is answered without them, and
//! never by repeating the origin. Nothing here reads a configuration. RFC 6454 §7, Fetch §3.2.

use std::fmt;
use std::str::FromStr;

use http::header::{HeaderMap, HeaderValue, ORIGIN};
use url::Url;

/// Why a text is no pattern of origins. Each text says what would be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoOriginPattern {
    /// Not `scheme://host`.
    #[error("an origin is a scheme and a host, perhaps a port: https://app.example.com")]
    NotAnOrigin,
    /// What any sandboxed page and any file says of itself.
    #[error("null is what any sandboxed page says of itself; name an origin")]
    Null,
    /// A path, a query, a fragment or the name of a user: no browser says that of itself.
    #[error("an origin ends with its host or port; write {0}")]
    Beyond(String),
    /// More than one `*`, or one in the scheme.
    #[error("one wildcard at most, in the host or in place of the port: https://*.example.com")]
    Wildcards,
    /// A wildcard that is not held by a domain.
    #[error("after the wildcard comes a dot and a domain of two names or more: https://*.example.com")]
    Unheld,
}

/// A pattern: an origin, an origin with one wildcard, or everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginPattern(Pattern);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    Everybody,
    Exactly(String),
    /// What stands before and after the wildcard, and what the wildcard stands for.
    Between(String, String, Wild),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wild {
    /// Characters of a host.
    Host,
    /// Digits of a port.
    Port,
}

impl Wild {
    fn fits(self, text: &str) -> bool {
        match self {
            Self::Host => text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte)),
            Self::Port => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()),
        }
    }
}

impl OriginPattern {
    /// Whether an origin, in small letters and as browsers say it, is meant by name.
    fn names(&self, origin: &str) -> bool {
        match &self.0 {
            Pattern::Everybody => false,
            Pattern::Exactly(known) => known == origin,
            Pattern::Between(before, after, wild) => origin
                .strip_prefix(before.as_str())
                .and_then(|rest| rest.strip_suffix(after.as_str()))
                .is_some_and(|between| wild.fits(between)),
        }
    }
}

/// As browsers say it: small letters, no slash at the end, no port that the scheme has anyway.
impl fmt::Display for OriginPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Pattern::Everybody => f.write_str("*"),
            Pattern::Exactly(origin) => f.write_str(origin),
            Pattern::Between(before, after, _) => write!(f, "{before}*{after}"),
        }
    }
}

impl FromStr for OriginPattern {
    type Err = NoOriginPattern;

    fn from_str(text: &str) -> Result<Self, NoOriginPattern> {
        match text {
            "*" => return Ok(Self(Pattern::Everybody)),
            "null" => return Err(NoOriginPattern::Null),
            _ if text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') => {
                return Err(NoOriginPattern::NotAnOrigin);
            }
            _ => {}
        }
        let text = text.to_lowercase();
        let (scheme, rest) = text.split_once("://").ok_or(NoOriginPattern::NotAnOrigin)?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.is_empty() {
            return Err(NoOriginPattern::NotAnOrigin);
        }
        if !matches!(&rest[authority.len()..], "" | "/") || authority.contains('@') {
            let host = authority.rsplit('@').next().unwrap_or_default();
            return Err(NoOriginPattern::Beyond(format!("{scheme}://{host}")));
        }
        match (scheme.contains('*'), authority.matches('*').count()) {
            (false, 0) => Ok(Self(Pattern::Exactly(written(scheme, authority)?))),
            (false, 1) => with_wildcard(scheme, authority),
            _ => Err(NoOriginPattern::Wildcards),
        }
    }
}

/// A host that nobody names: it stands for the wildcard while the rest is read as an address.
const STAND_IN: &str = "wildcard--";

fn with_wildcard(scheme: &str, authority: &str) -> Result<OriginPattern, NoOriginPattern> {
    if let Some(host) = authority.strip_suffix(":*") {
        let before = format!("{}:", written(scheme, host)?);
        return Ok(OriginPattern(Pattern::Between(before, String::new(), Wild::Port)));
    }
    let (_, after) = authority.split_once('*').unwrap_or_default();
    let after = after.split(':').next().unwrap_or_default();
    let domain = after.split_once('.').map_or("", |(_, domain)| domain);
    let held =
        domain == "localhost" || (domain.contains('.') && domain.split('.').all(|name| !name.is_empty()));
    if !held {
        return Err(NoOriginPattern::Unheld);
    }
    let whole = written(scheme, &authority.replacen('*', STAND_IN, 1))?;
    let (before, after) = whole.split_once(STAND_IN).ok_or(NoOriginPattern::NotAnOrigin)?;
    Ok(OriginPattern(Pattern::Between(before.to_owned(), after.to_owned(), Wild::Host)))
}

/// An origin as browsers write it.
fn written(scheme: &str, authority: &str) -> Result<String, NoOriginPattern> {
    let none = NoOriginPattern::NotAnOrigin;
    let url = Url::parse(&format!("{scheme}://{authority}")).map_err(|_| none.clone())?;
    // The grammar of addresses lets more stand in a host than any name has.
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte);
    let host = url.host_str().filter(|host| !host.is_empty() && host.bytes().all(named)).ok_or(none)?;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Ok(format!("{}://{host}{port}", url.scheme()))
}

/// How an origin is let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LetIn {
    /// By name: its pages may send credentials and read what comes back.
    ByName(HeaderValue),
    /// As everybody is: its pages may read what needs no credentials.
    AsEverybody,
}

impl LetIn {
    /// What `Access-Control-Allow-Origin` says.
    #[must_use]
    pub fn told(&self) -> HeaderValue {
        match self {
            Self::ByName(origin) => origin.clone(),
            Self::AsEverybody => HeaderValue::from_static("*"),
        }
    }

    /// Whether credentials go along.
    #[must_use]
    pub fn with_credentials(&self) -> bool {
        matches!(self, Self::ByName(_))
    }
}

/// The origins of a configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins(Vec<OriginPattern>);

impl Origins {
    /// Reads all patterns, or says which one is none, and why.
    pub fn read<S: AsRef<str>>(
        texts: impl IntoIterator<Item = S>,
    ) -> Result<Self, (String, NoOriginPattern)> {
        let pattern = |text: S| text.as_ref().parse().map_err(|why| (text.as_ref().to_owned(), why));
        texts.into_iter().map(pattern).collect::<Result<_, _>>().map(Self)
    }

    /// Whether there are none: then there is no CORS at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How the origin of a request is let in, if it is. Browsers say it in small letters; so it is compared.
    #[must_use]
    pub fn let_in(&self, headers: &HeaderMap) -> Option<LetIn> {
        let origin = headers.get(ORIGIN)?;
        self.known(origin, origin.to_str().ok()?)
    }

    /// The same in any letter case, as Kratos compares.
    #[must_use]
    pub fn let_in_any_case(&self, headers: &HeaderMap) -> Option<LetIn> {
        let origin = headers.get(ORIGIN)?;
        self.known(origin, &origin.to_str().ok()?.to_ascii_lowercase())
    }

    fn known(&self, origin: &HeaderValue, text: &str) -> Option<LetIn> {
        if self.0.iter().any(|pattern| pattern.names(text)) {
            return Some(LetIn::ByName(origin.clone()));
        }
        self.0.contains(&OriginPattern(Pattern::Everybody)).then_some(LetIn::AsEverybody)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn let_in(patterns: &[&str], origin: &str) -> Option<LetIn> {
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, origin.parse().expect("a header"));
        Origins::read(patterns).expect("patterns").let_in_any_case(&headers)
    }

    /// F-22: slash and default port are no part of what browsers say.
    #[test]
    fn a_pattern_is_written_as_browsers_say_it() {
        for (text, written) in [
            ("https://app.example.test", "https://app.example.test"),
            ("HTTPS://App.Example.test/", "https://app.example.test"),
            ("https://app.example.test:443", "https://app.example.test"),
            ("http://app.example.test:80/", "http://app.example.test"),
            ("http://app.example.test:3000", "http://app.example.test:3000"),
            ("https://*.wild.example.test:443/", "https://*.wild.example.test"),
            ("https://*.wild.example.test:8443", "https://*.wild.example.test:8443"),
            ("https://preview-*.example.test", "https://preview-*.example.test"),
            ("http://localhost:*", "http://localhost:*"),
            ("http://*.localhost:3000", "http://*.localhost:3000"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("*", "*"),
        ] {
            let pattern = text.parse::<OriginPattern>().unwrap_or_else(|why| panic!("{text}: {why}"));
            assert_eq!(pattern.to_string(), written, "{text}");
        }
    }

    /// F-22: what no browser says, or what a stranger's name would fill, is refused.
    #[test]
    fn what_can_not_match_and_what_matches_strangers_is_refused() {
        use NoOriginPattern::{Beyond, NotAnOrigin, Null, Unheld, Wildcards};
        for (text, why) in [
            ("", NotAnOrigin),
            ("app.example.test", NotAnOrigin),
            ("https://", NotAnOrigin),
            ("https:///x", NotAnOrigin),
            ("https://app example.test", NotAnOrigin),
            ("https://\"app.example.test", NotAnOrigin),
            ("https://app.example.test:x", NotAnOrigin),
            ("null", Null),
            ("https://app.example.test/in", Beyond("https://app.example.test".into())),
            ("https://app.example.test?x", Beyond("https://app.example.test".into())),
            ("https://ada@app.example.test", Beyond("https://app.example.test".into())),
            ("https://*", Unheld),
            ("https://*.test", Unheld),
            ("https://*example.test", Unheld),
            ("https://app.*", Unheld),
            ("https://*..test", Unheld),
            ("https://*.*.example.test", Wildcards),
            ("*://app.example.test", Wildcards),
            ("https://*.example.test:*", Wildcards),
        ] {
            assert_eq!(text.parse::<OriginPattern>(), Err(why), "{text}");
        }
    }

    /// F-22: a wildcard stands for a part of a name, and everybody for nobody's credentials.
    #[test]
    fn an_origin_is_let_in_by_name_or_as_everybody() {
        let wild = ["https://*.wild.example.test", "http://localhost:*", "https://app-*.example.test"];
        for origin in [
            "https://a.wild.example.test",
            "https://a.b.wild.example.test",
            "https://A.Wild.Example.test",
            "http://localhost:5173",
            "https://app-17.example.test",
        ] {
            assert_eq!(
                let_in(&wild, origin),
                Some(LetIn::ByName(origin.parse().expect("a header"))),
                "{origin}"
            );
        }
        for origin in [
            "https://wild.example.test",
            "http://a.wild.example.test",
            "https://a.wild.example.test:8443",
            "https://evil.test/.wild.example.test",
            "https://evil.test:1.wild.example.test",
            "https://a.wild.example.test.evil.test",
            "https://app-evil.test",
            "http://localhost",
            "http://localhost:5173.evil.test",
            "null",
        ] {
            assert_eq!(let_in(&wild, origin), None, "{origin}");
        }
        for origin in ["https://evil.test", "null"] {
            let as_everybody = let_in(&["*", "https://app.example.test"], origin).expect("let in");
            assert!(!as_everybody.with_credentials() && as_everybody.told() == "*", "{origin}");
        }
        let named = let_in(&["*", "https://app.example.test"], "https://app.example.test").expect("let in");
        assert!(named.with_credentials() && named.told() == "https://app.example.test");
        assert_eq!(let_in(&[], "https://app.example.test"), None);
        let headers = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static("https://APP.example.test"))]);
        assert_eq!(Origins::read(["https://app.example.test"]).expect("an origin").let_in(&headers), None);
    }
}
