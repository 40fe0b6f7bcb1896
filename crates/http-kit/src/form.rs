//! Parameters of queries and forms, in their order, repetitions included.
//!
//! Nothing here panics or refuses: bytes that are no UTF-8 become U+FFFD, broken percent signs stay as they are.
//! What a repetition means is the caller's choice. URL Standard, `application/x-www-form-urlencoded`.

use std::borrow::Cow;

/// Parameters as they were sent.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

/// A parameter that may come once came more often. RFC 6749 §3.1
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the parameter is repeated")]
pub struct Repeated;

impl Params {
    /// Reads a query, without its `?`.
    #[must_use]
    pub fn parse(query: &str) -> Self {
        Self::body(query.as_bytes())
    }

    /// Reads a form body. The caller has bounded it.
    #[must_use]
    pub fn body(body: &[u8]) -> Self {
        Self(body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(pair).collect())
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

    /// All pairs.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// One pair. Most have nothing to decode and are copied: tokens are long, and this stands on the path of checks.
fn pair(pair: &[u8]) -> (String, String) {
    let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
    let (name, value) = (&pair[..at], pair.get(at + 1..).unwrap_or_default());
    match (plain(name), plain(value)) {
        (Some(name), Some(value)) => (name.to_owned(), value.to_owned()),
        _ => form_urlencoded::parse(pair).into_owned().next().unwrap_or_default(),
    }
}

/// The text as it is, if it encodes nothing.
fn plain(bytes: &[u8]) -> Option<&str> {
    let encoded = bytes.iter().any(|byte| matches!(byte, b'%' | b'+'));
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

    #[test]
    fn debug_shows_no_value() {
        assert_eq!(format!("{:?}", Params::parse("password=hunter2")), "[\"password\"]");
    }
}
