//! Parameters of queries and forms, in their order, repetitions included.
//!
//! Nothing here panics or refuses: bytes that are no UTF-8 become U+FFFD, broken percent signs stay as they are.
//! What a repetition means is the caller's choice. URL Standard, `application/x-www-form-urlencoded`.

use std::borrow::Cow;
use std::collections::HashSet;

/// The most parameters that travel on in an address; requests have twenty at most.
const CARRIED_MAX: usize = 100;
/// The longest query that they make; servers and browsers take no much longer addresses.
pub const CARRIED_BYTES_MAX: usize = 16 * 1024;

/// Parameters as they were sent.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

/// A parameter that may come once came more often. RFC 6749 §3.1
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the parameter is repeated")]
pub struct Repeated;

/// Parameters do not travel on in an address (HOME-LIMITS).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotCarried {
    /// One comes more than once, which no parameter of a request may. RFC 6749 §3.1
    #[error("a parameter is repeated")]
    Repeated,
    /// There are more than 100, or they are longer than 16 KiB.
    #[error("there are too many parameters, or they are too long")]
    TooMuch,
}

impl Params {
    /// Reads a query, without its `?`.
    #[must_use]
    pub fn parse(query: &str) -> Self {
        Self::body(query.as_bytes())
    }

    /// Reads a form body. The caller has bounded it.
    #[must_use]
    pub fn body(body: &[u8]) -> Self {
        let mut pairs = Vec::new();
        let mut begun = 0;
        for end in memchr::memchr_iter(b'&', body).chain(std::iter::once(body.len())) {
            if let Some(one) = body.get(begun..end).filter(|one| !one.is_empty()) {
                pairs.push(pair(one));
            }
            begun = end + 1;
        }
        Self(pairs)
    }

    /// The query of a request's address.
    #[must_use]
    pub fn of(uri: &http::Uri) -> Self {
        Self::parse(uri.query().unwrap_or_default())
    }

    /// The first value of that name.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The value of a name that may come only once.
    pub fn only(&self, name: &str) -> Result<Option<&str>, Repeated> {
        let mut values = self.all(name);
        let first = values.next();
        if values.next().is_some() { Err(Repeated) } else { Ok(first) }
    }

    /// All values of that name.
    pub fn all<'p>(&'p self, name: &str) -> impl Iterator<Item = &'p str> {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// All pairs as one query, to travel on in an address.
    ///
    /// # Errors
    /// One comes more than once, or there is too much of them.
    pub fn carried(&self) -> Result<String, NotCarried> {
        if self.0.len() > CARRIED_MAX {
            return Err(NotCarried::TooMuch);
        }
        let mut names = HashSet::with_capacity(self.0.len());
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.iter() {
            if !names.insert(name) {
                return Err(NotCarried::Repeated);
            }
            // What is encoded is no shorter: nothing long is encoded to find out that it is too long.
            if name.len() + value.len() > CARRIED_BYTES_MAX {
                return Err(NotCarried::TooMuch);
            }
            query.append_pair(name, value);
        }
        let query = query.finish();
        if query.len() > CARRIED_BYTES_MAX { Err(NotCarried::TooMuch) } else { Ok(query) }
    }

    /// All pairs.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// One pair. Most have nothing to decode and are copied: tokens are long, and this stands on the path of checks.
fn pair(pair: &[u8]) -> (String, String) {
    let at = memchr::memchr(b'=', pair).unwrap_or(pair.len());
    let (name, value) = (&pair[..at], pair.get(at + 1..).unwrap_or_default());
    match (plain(name), plain(value)) {
        (Some(name), Some(value)) => (name.to_owned(), value.to_owned()),
        _ => form_urlencoded::parse(pair).into_owned().next().unwrap_or_default(),
    }
}

/// The text as it is, if it encodes nothing.
fn plain(bytes: &[u8]) -> Option<&str> {
    let encoded = memchr::memchr2(b'%', b'+', bytes).is_some();
    std::str::from_utf8(bytes).ok().filter(|_| !encoded)
}

impl FromIterator<(String, String)> for Params {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// Shows names only: a value may be a password.
impl std::fmt::Debug for Params {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// One form-encoded word: `+` is a space. `None` when it decodes to bytes that are no UTF-8.
pub(crate) fn decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8().ok().map(Cow::into_owned)
}

/// The address with one more parameter at the end of its query; its own query and fragment stay.
#[must_use]
pub fn append_query(url: &str, name: &str, value: &str) -> String {
    let (address, fragment) = match url.split_once('#') {
        Some((address, fragment)) => (address, Some(fragment)),
        None => (url, None),
    };
    let joint = match address.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    let mut all = String::with_capacity(url.len() + name.len() + value.len() + 8);
    all.push_str(address);
    all.push_str(joint);
    all.extend(form_urlencoded::byte_serialize(name.as_bytes()));
    all.push('=');
    all.extend(form_urlencoded::byte_serialize(value.as_bytes()));
    if let Some(fragment) = fragment {
        all.push('#');
        all.push_str(fragment);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_repetition_are_kept() {
        let params = Params::parse("a=1&b=2&a=3&empty=&bare");
        assert_eq!(params.first("a"), Some("1"));
        assert_eq!(params.all("a").collect::<Vec<_>>(), ["1", "3"]);
        assert_eq!(params.only("a"), Err(Repeated));
        assert_eq!(params.only("b"), Ok(Some("2")));
        assert_eq!(params.only("c"), Ok(None));
        assert_eq!(params.first("empty"), Some(""));
        assert_eq!(params.first("bare"), Some(""));
        assert_eq!(params.iter().count(), 5);
    }

    /// Goal: the shortcut for plain pairs reads what the standard's own reader reads.
    #[test]
    fn plain_pairs_read_like_the_standard() {
        for body in
            ["a=b", "a", "=b", "=", "a=b=c", "&a=1&&b", "a=\u{e4}", "a+b=c", "a=%41&b=2", "%=%", "a&=&=="]
        {
            let standard: Vec<_> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
            assert_eq!(Params::parse(body).0, standard, "{body}");
        }
    }

    #[test]
    fn broken_encodings_do_not_panic() {
        for (query, value) in [
            ("a=%", "%"),
            ("a=%4", "%4"),
            ("a=%zz", "%zz"),
            ("a=%ff", "\u{fffd}"),
            ("a=%00+x", "\0 x"),
            ("a==", "="),
        ] {
            assert_eq!(Params::parse(query).first("a"), Some(value), "{query}");
        }
        assert_eq!(Params::body(b"\xff=\xfe").iter().next(), Some(("\u{fffd}", "\u{fffd}")));
        assert_eq!(Params::parse("").iter().count(), 0);
        assert_eq!(Params::parse("&&&").iter().count(), 0);
    }

    #[test]
    fn the_query_of_an_address() {
        assert_eq!(Params::of(&"/x?a=%2Fb".parse().unwrap()).first("a"), Some("/b"));
        assert_eq!(Params::of(&"/x".parse().unwrap()), Params::default());
    }

    #[test]
    fn a_parameter_joins_what_is_there() {
        for (url, expected) in [
            ("https://rp/bye", "https://rp/bye?state=a%26b+c"),
            ("https://rp/bye?x=1", "https://rp/bye?x=1&state=a%26b+c"),
            ("https://rp/bye?", "https://rp/bye?state=a%26b+c"),
            ("https://rp/bye?x=1&", "https://rp/bye?x=1&state=a%26b+c"),
            ("https://rp/bye#top", "https://rp/bye?state=a%26b+c#top"),
            ("https://rp/bye?x#a?b#c", "https://rp/bye?x&state=a%26b+c#a?b#c"),
            ("app:/bye", "app:/bye?state=a%26b+c"),
        ] {
            assert_eq!(append_query(url, "state", "a&b c"), expected);
        }
    }

    /// Goal: H6-4: what a form says travels on in an address in one go, each parameter once, and not without bound.
    #[test]
    fn what_is_carried_is_bounded() {
        let carried = |body: &[u8]| Params::body(body).carried();
        assert_eq!(carried(b"a=1+2&b=%26&c").as_deref(), Ok("a=1+2&b=%26&c="));
        assert_eq!(carried(b"").as_deref(), Ok(""));
        assert_eq!(carried(b"a=1&b=2&a=1"), Err(NotCarried::Repeated));
        assert_eq!(carried(&b"\xff&".repeat(32_700)), Err(NotCarried::TooMuch));
        let many = |n: usize| (0..n).map(|n| format!("p{n}=1")).collect::<Vec<_>>().join("&");
        assert!(carried(many(100).as_bytes()).is_ok());
        assert_eq!(carried(many(101).as_bytes()), Err(NotCarried::TooMuch));
        let long = |letter: &str, n: usize| format!("a={}", letter.repeat(n)).into_bytes();
        assert!(carried(&long("x", CARRIED_BYTES_MAX - 2)).is_ok());
        assert_eq!(carried(&long("x", CARRIED_BYTES_MAX - 1)), Err(NotCarried::TooMuch));
        assert_eq!(carried(&long("%00", CARRIED_BYTES_MAX / 2)), Err(NotCarried::TooMuch));
    }

    #[test]
    fn debug_shows_no_value() {
        assert_eq!(format!("{:?}", Params::parse("password=hunter2")), "[\"password\"]");
    }
}
