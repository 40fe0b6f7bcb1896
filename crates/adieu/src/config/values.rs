//! What texts of a configuration mean: addresses, names and domains of cookies, times, how much is logged.
//!
//! Each type parses from a text or says what would be right, and writes itself in the one form that the server uses. Nothing
//! is read from a file or looked up here.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use url::Url;

fn wrong<T>(reason: &str) -> Result<T, String> {
    Err(reason.to_owned())
}

/// A text without blanks and control characters: neither an address nor a name has any.
fn is_one_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// A public address behind which paths are put: `https://id.example.com`, perhaps with a path, no slash at the end.
pub(super) struct Address(String);

const ADDRESS: &str = "an address begins with http:// or https:// and a host, https://id.example.com for one";

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = is_one_word(text).then(|| Url::parse(text).ok()).flatten();
        let Some(url) = url.filter(|url| is_web(url) && has_slashes(text)) else { return wrong(ADDRESS) };
        if !url.username().is_empty() || url.password().is_some() {
            return wrong("an address names no user and no password");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return wrong("paths are put behind this address: write it without a query and a fragment");
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_web(url: &Url) -> bool {
    ["http", "https"].contains(&url.scheme()) && url.has_host() && url.port() != Some(0)
}

/// Browsers mend an address with fewer slashes; whoever wrote one did not mean it so.
fn has_slashes(text: &str) -> bool {
    let rest = text.split_once(':').map_or("", |(_, rest)| rest);
    rest.strip_prefix("//").is_some_and(|rest| !rest.starts_with(['/', '\\', ':'])) && !text.contains('\\')
}

/// Where a browser is sent: a whole address, kept as it is written.
pub(super) struct BrowserAddress(String);

impl FromStr for BrowserAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const LINK: &str = "a whole address is wanted, https://app.example.com/home for one";
        if !is_one_word(text) || !has_slashes(text) {
            return wrong(LINK);
        }
        let Ok(url) = Url::parse(text) else { return wrong(LINK) };
        let runs = ["javascript", "data", "vbscript", "blob", "about", "file", "view-source"];
        if runs.contains(&url.scheme()) || !url.has_host() || url.port() == Some(0) {
            return wrong(LINK);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return wrong("an address names no user and no password");
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for BrowserAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A whole address, or a path of this host.
pub(super) struct LinkOrPath(String);

impl FromStr for LinkOrPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path =
            text.starts_with('/') && !text.starts_with("//") && !text.contains('\\') && is_one_word(text);
        match path || text.parse::<BrowserAddress>().is_ok() {
            true => Ok(Self(text.to_owned())),
            false => {
                wrong("a path of this host or a whole address is wanted: /home, https://app.example.com/home")
            }
        }
    }
}

impl fmt::Display for LinkOrPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a cookie: a token. RFC 6265 §4.1.1, RFC 9110 §5.6.2.
pub(super) struct CookieName(String);

impl FromStr for CookieName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        match !text.is_empty() && text.len() <= 255 && text.bytes().all(fits) {
            true => Ok(Self(text.to_owned())),
            false => {
                wrong("a cookie's name is letters, digits and !#$%&'*+-.^_`|~ (RFC 6265), my_session for one")
            }
        }
    }
}

impl fmt::Display for CookieName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The domain of a cookie: a name of two labels or more. RFC 6265 §4.1.2.3, §5.2.3.
pub(super) struct CookieDomain(String);

impl FromStr for CookieDomain {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.strip_prefix('.').unwrap_or(text).to_ascii_lowercase();
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let number =
            name.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
        match name.len() <= 253 && name.contains('.') && !number && name.split('.').all(label) {
            true => Ok(Self(name)),
            false => wrong("a cookie's domain is a name with a dot and nothing else, example.com for one"),
        }
    }
}

impl fmt::Display for CookieDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const DAY_S: u64 = 24 * 3600;

/// A time in whole seconds: a number of them, or a text with units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seconds(pub(super) u64);

impl FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const TIME: &str =
            "a time is a number of seconds, or a text with units: \"90s\", \"10m\", \"24h\", \"7d\"";
        if let Ok(s) = text.parse() {
            return Ok(Self(s));
        }
        match humantime::parse_duration(text) {
            Ok(time) if time.subsec_nanos() == 0 => Ok(Self(time.as_secs())),
            Ok(_) => wrong("a time is whole seconds"),
            Err(_) => wrong(TIME),
        }
    }
}

/// A time in whole seconds, as a key of the configuration takes it.
pub(crate) fn seconds(text: &str) -> Result<u64, String> {
    text.parse::<Seconds>().map(|seconds| seconds.0)
}

/// With units, as people read it.
impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Longer units of it are parts of a mean year, and fit no number of days.
        let (days, rest) = (self.0 / DAY_S, self.0 % DAY_S);
        match (days, rest) {
            (0, _) => {}
            (1, _) => f.write_str("1day")?,
            (days, _) => write!(f, "{days}days")?,
        }
        if days > 0 && rest > 0 {
            f.write_str(" ")?;
        }
        if days > 0 && rest == 0 {
            return Ok(());
        }
        humantime::format_duration(Duration::from_secs(rest)).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: FromStr<Err = String> + ToString>(good: &[(&str, &str)], bad: &[&str]) {
        for (text, written) in good {
            let value = text.parse::<T>().unwrap_or_else(|why| panic!("{text}: {why}"));
            assert_eq!(value.to_string(), *written, "{text}");
        }
        for text in bad {
            assert!(text.parse::<T>().is_err(), "{text:?}");
        }
    }

    /// F-19, F-20: `id.example.test`, and the slash at the end.
    #[test]
    fn an_address_has_one_form() {
        check::<Address>(
            &[
                ("http://127.0.0.1:4433/", "http://127.0.0.1:4433"),
                ("HTTPS://Id.Example.test:443", "https://id.example.test"),
                ("https://id.example.test/below//", "https://id.example.test/below"),
                ("http://[::1]:4433", "http://[::1]:4433"),
            ],
            &[
                "",
                "id.example.test",
                "ftp://id.example.test",
                "https:/id.example.test",
                "https://",
                "https:///x",
                "https://ada:secret@id.example.test",
                "https://id.example.test?x",
                "https://id.example.test/#x",
                "https://id.example.test:0",
                "https://id.example.test:x",
                " https://id.example.test",
                "https://id example.test",
                "https:\\\\id.example.test",
            ],
        );
    }

    /// F-19: `app.example.com/home`.
    #[test]
    fn a_link_is_whole_and_stays_as_it_is_written() {
        check::<BrowserAddress>(
            &[
                ("https://App.example.test/home?x=1#y", "https://App.example.test/home?x=1#y"),
                ("http://127.0.0.1:4550/", "http://127.0.0.1:4550/"),
                ("exp://native.example.test/--/cb", "exp://native.example.test/--/cb"),
            ],
            &[
                "",
                "app.example.com/home",
                "/home",
                "//evil.test",
                "javascript://x/%0aalert(1)",
                "data:x",
                "file:///x",
            ],
        );
        check::<LinkOrPath>(
            &[("/am/console", "/am/console"), ("https://app.example.test/", "https://app.example.test/")],
            &["", "//evil.test", "/\\evil.test", "console", "/a b", "javascript:x"],
        );
    }

    /// F-20: `bad name;`, `http://id.example.test/`.
    #[test]
    fn cookies_have_tokens_for_names_and_names_for_domains() {
        check::<CookieName>(&[("__Host-s.1", "__Host-s.1")], &["", "bad name;", "a=b", "ä", "a,b", "\"a\""]);
        check::<CookieDomain>(
            &[("Example.test", "example.test"), (".example.test", "example.test")],
            &[
                "",
                "http://id.example.test/",
                "example.test:443",
                "example.test/",
                "localhost",
                "127.0.0.1",
                "..example.test",
                "example..test",
                "-a.test",
                "*.example.test",
                "a b.test",
            ],
        );
    }

    #[test]
    fn a_time_is_seconds_or_has_units() {
        for (text, s) in
            [("600", 600), ("10m", 600), ("24h", 86_400), ("1h 30m", 5_400), ("7d", 604_800), ("0s", 0)]
        {
            assert_eq!(text.parse(), Ok(Seconds(s)), "{text}");
        }
        for text in ["", "10 m3", "soon", "-1", "500ms", "1.0001s", "10x"] {
            assert!(text.parse::<Seconds>().is_err(), "{text}");
        }
    }
}
