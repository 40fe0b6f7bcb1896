//! Return addresses: where a browser may be sent afterwards, and nowhere else.
//!
//! An address is read as browsers read it and its host compared as it is spelled; what both do not agree on is refused. Nothing
//! is ever sent to a candidate that no entry of the list names. Contract kratos.md section 5, its stricter points included.

use std::fmt::{self, Write as _};

use url::{Position, Url};

/// Longest candidate looked at; request lines end there too.
pub const BYTES_MAX: usize = 8 * 1024;

/// Schemes that run code or show text of the sender's in place of a site.
const SCHEMES_REFUSED: [&str; 7] = ["javascript", "data", "vbscript", "blob", "about", "file", "view-source"];

/// Why a candidate is no return address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefusedReturn {
    /// It is no address at all: a control character, a bad port, a broken percent sign.
    #[error("the return address cannot be parsed")]
    Unparseable,
    /// No entry of the list allows it.
    #[error("the return address is not allowed")]
    Forbidden,
}

/// An address that was checked. Only [`AllowList::check`] makes one.
#[derive(Clone, PartialEq, Eq)]
pub struct ReturnTo {
    text: String,
    url: Url,
}

impl ReturnTo {
    /// The address for `Location`: scheme and host as the URL Standard writes them, in small letters where letter case means nothing;
    /// what stands behind as the candidate spells it (no slash is added), percent-encoded where it has to be. Printable ASCII.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The address as browsers read it.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The address with one more query parameter.
    #[must_use]
    pub fn with_query(&self, name: &str, value: &str) -> String {
        crate::form::append_query(&self.text, name, value)
    }
}

impl fmt::Display for ReturnTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for ReturnTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReturnTo({:?})", self.text)
    }
}

/// Why an entry of the configuration is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Not `scheme://host…`.
    #[error("not an absolute address")]
    NotAbsolute,
    /// A wildcard that is not `*.` before a name of at least two labels.
    #[error("an unsafe wildcard")]
    Wildcard,
    /// User information, or a scheme that runs code.
    #[error("an unsafe address")]
    Unsafe,
    /// A star in the path would be a star, and a query is not looked at: a path allows whatever begins with it.
    #[error("a path allows everything below it; write it without a star, a query and a fragment")]
    BeyondPath,
}

/// An entry that was left out, so that the caller can warn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The entry as configured.
    pub entry: String,
    /// Why it is not used.
    pub why: Unusable,
}

/// Says what is wrong with one entry, if anything.
pub fn entry_fault(text: &str) -> Option<Unusable> {
    Entry::read(text).err()
}

/// The allowed return addresses.
#[derive(Debug, Clone, Default)]
pub struct AllowList(Vec<Entry>);

#[derive(Debug, Clone)]
struct Entry {
    scheme: String,
    host: Host,
    path: String,
    behind: Behind,
}

/// What may stand behind the path of an entry.
#[derive(Debug, Clone)]
enum Behind {
    /// Anything.
    Anything,
    /// Nothing.
    Nothing,
    /// A query that begins with this; any, if that is empty.
    Query(String),
}

/// Both with their port, in small letters.
#[derive(Debug, Clone)]
enum Host {
    Exactly(String),
    /// Begins with a dot: any name before it fits.
    EndingIn(String),
}

impl AllowList {
    /// Reads the entries, and tells which are not used.
    pub fn new<S: AsRef<str>>(entries: impl IntoIterator<Item = S>) -> (Self, Vec<Dropped>) {
        let (mut list, mut dropped) = (Vec::new(), Vec::new());
        for entry in entries {
            match Entry::read(entry.as_ref()) {
                Ok(read) => list.push(read),
                Err(why) => dropped.push(Dropped { entry: entry.as_ref().to_owned(), why }),
            }
        }
        (Self(list), dropped)
    }

    /// The same list, and one page besides: nothing below it, and no query. An address that is none adds nothing.
    #[must_use]
    pub fn and_exactly(mut self, page: &str) -> Self {
        self.0.extend(Entry::read(page).map(|entry| Entry { behind: Behind::Nothing, ..entry }));
        self
    }

    /// Single pages, each with whatever it is asked: nothing below them. Where one has a query, its parameters come first. An address that
    /// is none adds nothing.
    #[must_use]
    pub fn of_pages<S: AsRef<str>>(pages: impl IntoIterator<Item = S>) -> Self {
        let entry = |page: S| {
            let (page, query) = page.as_ref().split_once('?').unwrap_or((page.as_ref(), ""));
            Entry::read(page).ok().map(|entry| Entry { behind: Behind::Query(query.to_owned()), ..entry })
        };
        Self(pages.into_iter().filter_map(entry).collect())
    }

    /// The same list, and all that another one allows.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Where to send the browser. An empty candidate means the default, which need not be in the list; a relative one
    /// gets the default's scheme and host and must then be allowed like any other.
    pub fn check(&self, candidate: &str, default: &Url) -> Result<ReturnTo, RefusedReturn> {
        if candidate.is_empty() {
            return Ok(ReturnTo { text: default.as_str().to_owned(), url: default.clone() });
        }
        if candidate.len() > BYTES_MAX {
            return Err(RefusedReturn::Forbidden);
        }
        if candidate.contains(char::is_control)
            || candidate.starts_with(char::is_whitespace)
            || has_broken_escape(candidate)
        {
            return Err(RefusedReturn::Unparseable);
        }
        let text = absolute(candidate, default)?;
        let (scheme, authority) = scheme_and_authority(&text).ok_or(RefusedReturn::Forbidden)?;
        if authority.contains(['@', '\\']) || is_refused_scheme(scheme) {
            return Err(RefusedReturn::Forbidden); // Browsers read a backslash as a slash: the host would be another one.
        }
        let before = scheme.len() + "://".len() + authority.len();
        let behind = encoded(&text[before..]);
        let read = Url::parse(&format!("{}{behind}", &text[..before]));
        let url = read.map_err(|_| RefusedReturn::Unparseable)?;
        if !self.0.iter().any(|entry| entry.allows(scheme, authority, &url)) {
            return Err(RefusedReturn::Forbidden);
        }
        let host = &url[Position::BeforeHost..Position::AfterPort];
        Ok(ReturnTo { text: format!("{}://{host}{behind}", url.scheme()), url })
    }
}

impl Entry {
    fn read(text: &str) -> Result<Self, Unusable> {
        let (scheme, authority) = scheme_and_authority(text).ok_or(Unusable::NotAbsolute)?;
        if authority.contains('@') || text.contains('\\') || is_refused_scheme(scheme) {
            return Err(Unusable::Unsafe);
        }
        let authority = authority.to_ascii_lowercase();
        let authority = without_default_port(scheme, &authority);
        let host = match authority.strip_prefix('*') {
            Some(suffix) if is_safe_suffix(suffix) => Host::EndingIn(suffix.to_owned()),
            None if !authority.contains('*') => Host::Exactly(authority.to_owned()),
            _ => return Err(Unusable::Wildcard),
        };
        let url = Url::parse(text).map_err(|_| Unusable::NotAbsolute)?;
        if url.path().contains('*') || url.query().is_some() || url.fragment().is_some() {
            return Err(Unusable::BeyondPath);
        }
        let path = if url.path().is_empty() { "/" } else { url.path() };
        Ok(Self {
            scheme: scheme.to_ascii_lowercase(),
            host,
            path: path.to_owned(),
            behind: Behind::Anything,
        })
    }

    /// The spelling is compared, and the browser's reading of it must not differ.
    fn allows(&self, scheme: &str, authority: &str, url: &Url) -> bool {
        let read = url[Position::BeforeHost..Position::BeforePort].trim_end_matches(':');
        let authority = authority.to_ascii_lowercase();
        let authority = without_default_port(scheme, &authority);
        let same_host = match &self.host {
            Host::Exactly(host) => host == authority,
            Host::EndingIn(suffix) => {
                let name = suffix.split(':').next().unwrap_or(suffix);
                authority.len() > suffix.len()
                    && authority.ends_with(suffix.as_str())
                    && read.len() > name.len()
                    && read.to_ascii_lowercase().ends_with(name)
            }
        };
        let path_fits = match &self.behind {
            Behind::Nothing => match &url[Position::BeforePath..] {
                "" => self.path == "/",
                rest => rest == self.path,
            },
            Behind::Query(first) => url.path() == self.path && begins_with(url.query(), first),
            Behind::Anything => is_below(url.path(), &self.path),
        };
        same_host && self.scheme.eq_ignore_ascii_case(scheme) && path_fits
    }
}

/// An authority in small letters, without the port that its scheme has anyway.
fn without_default_port<'a>(scheme: &str, authority: &'a str) -> &'a str {
    let port = match scheme.to_ascii_lowercase().as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return authority,
    };
    authority.strip_suffix(port).unwrap_or(authority)
}

/// Whether a path begins with the prefix. Dot segments are resolved in both already.
// Quirk: plain text, so that `/in` also allows `/inside`, as recorded (`logout-return-to-kinds`). K-55
fn is_below(path: &str, prefix: &str) -> bool {
    let path = if path.is_empty() { "/" } else { path };
    path.starts_with(prefix)
}

/// Whether these parameters are the first ones of a query.
fn begins_with(query: Option<&str>, first: &str) -> bool {
    let rest = query.unwrap_or_default().strip_prefix(first);
    rest.is_some_and(|rest| first.is_empty() || rest.is_empty() || rest.starts_with('&'))
}

/// What may stand after `*`: a dot, then a name of two or more labels, perhaps a port.
fn is_safe_suffix(suffix: &str) -> bool {
    let Some(name) = suffix.strip_prefix('.') else { return false };
    let name = name.split(':').next().unwrap_or(name);
    name.contains('.') && !suffix.contains('*') && name.split('.').all(|label| !label.is_empty())
}

fn is_refused_scheme(scheme: &str) -> bool {
    SCHEMES_REFUSED.iter().any(|refused| refused.eq_ignore_ascii_case(scheme))
}

/// The candidate as an absolute address.
fn absolute(candidate: &str, default: &Url) -> Result<String, RefusedReturn> {
    if scheme_of(candidate).is_some() {
        return Ok(candidate.to_owned());
    }
    if candidate.starts_with("//") {
        return Ok(format!("{}:{candidate}", default.scheme()));
    }
    if candidate.starts_with(['/', '?', '#']) {
        let base = format!("{}://{}", default.scheme(), &default[Position::BeforeHost..Position::AfterPort]);
        return Ok(base + candidate);
    }
    let segment = candidate.split(['/', '?', '#']).next().unwrap_or(candidate);
    Err(if segment.contains(':') { RefusedReturn::Unparseable } else { RefusedReturn::Forbidden })
}

fn scheme_of(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once(':')?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    (scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.bytes().all(fits)).then_some(scheme)
}

/// Scheme and authority as spelled; `None` without `://` and a host.
fn scheme_and_authority(text: &str) -> Option<(&str, &str)> {
    let scheme = scheme_of(text)?;
    let rest = text[scheme.len()..].strip_prefix("://")?;
    let authority = rest.split(['/', '?', '#']).next().filter(|authority| !authority.is_empty())?;
    (!authority.starts_with(':')).then_some((scheme, authority))
}

/// A percent sign without two digits, anywhere but in the query, where Kratos does not look either.
fn has_broken_escape(text: &str) -> bool {
    let (address, fragment) = text.split_once('#').unwrap_or((text, ""));
    let address = address.split('?').next().unwrap_or(address);
    [address, fragment].iter().any(|part| {
        part.split('%').skip(1).any(|after| {
            !after.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        })
    })
}

/// What stands behind the host, with everything percent-encoded that an address may not carry as it is: a backslash, too, which
/// browsers would read as a slash.
fn encoded(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_plain(byte) {
            all.push(char::from(byte));
        } else {
            write!(all, "%{byte:02X}").expect("a String takes everything");
        }
    }
    all
}

/// Bytes that an address may carry as they are. RFC 3986 §2
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The list of the recordings, with the entry that every installation adds.
    fn list() -> AllowList {
        let (list, dropped) = AllowList::new([
            "http://127.0.0.1:4550/",
            "https://app.example.test/in",
            "https://*.wild.example.test/",
            "exp://native.example.test/--/cb",
            "http://127.0.0.1:4533/self-service",
        ]);
        assert_eq!(dropped, []);
        list
    }

    fn check(candidate: &str) -> Result<String, RefusedReturn> {
        let default = Url::parse("http://127.0.0.1:4550/").unwrap();
        list().check(candidate, &default).map(|address| address.as_str().to_owned())
    }

    fn allowed(candidate: &str, text: &str) {
        assert_eq!(check(candidate).as_deref(), Ok(text), "{candidate:?}");
    }

    fn forbidden(candidates: &[&str]) {
        for candidate in candidates {
            assert_eq!(check(candidate), Err(RefusedReturn::Forbidden), "{candidate:?}");
        }
    }

    #[test]
    fn what_the_recordings_allow() {
        allowed("", "http://127.0.0.1:4550/");
        allowed("http://127.0.0.1:4550/done?x=1", "http://127.0.0.1:4550/done?x=1");
        allowed("http://127.0.0.1:4550/#top", "http://127.0.0.1:4550/#top");
        allowed("/relative?a=b", "http://127.0.0.1:4550/relative?a=b");
        allowed("https://a.b.wild.example.test/x", "https://a.b.wild.example.test/x");
        allowed("exp://native.example.test/--/cb/1", "exp://native.example.test/--/cb/1");
        let own = "http://127.0.0.1:4533/self-service/login/browser";
        allowed(own, own);
    }

    #[test]
    fn what_the_recordings_refuse() {
        forbidden(&[
            "relative",
            "https://evil.example/",
            "//evil.example/",
            "//evil.example",
            "https://127.0.0.1:4550/",
            "http://127.0.0.1:4551/",
            "http://127.0.0.1:4550@evil.example/",
        ]);
        assert_eq!(check("http://127.0.0.1:4550.evil.example/"), Err(RefusedReturn::Unparseable));
    }

    #[test]
    fn the_spelling_stays() {
        allowed("http://127.0.0.1:4550", "http://127.0.0.1:4550");
        allowed("http://127.0.0.1:4550?x=1", "http://127.0.0.1:4550?x=1");
        allowed("https://app.example.test/in/%41", "https://app.example.test/in/%41");
        allowed("exp://nAtive.example.test/--/cb/", "exp://nAtive.example.test/--/cb/");
        allowed("?a=%zz", "http://127.0.0.1:4550?a=%zz");
        allowed("/a b/\u{e4}", "http://127.0.0.1:4550/a%20b/%C3%A4");
        allowed("//127.0.0.1:4550/x", "http://127.0.0.1:4550/x");
    }

    /// Goal: F-35: scheme and host are written as the URL Standard writes them, and a path is encoded, not refused.
    #[test]
    fn an_address_is_written_as_browsers_write_it() {
        allowed("HTTPS://App.Example.test/in/X?Y#Z", "https://app.example.test/in/X?Y#Z");
        allowed("EXP://native.example.test/--/cb", "exp://native.example.test/--/cb");
        allowed("HTTP://127.0.0.1:4550", "http://127.0.0.1:4550");
        allowed("https://A.Wild.Example.test/\u{e4}", "https://a.wild.example.test/%C3%A4");
        allowed("/x ", "http://127.0.0.1:4550/x%20");
        allowed("/a\"<>^`{|}b", "http://127.0.0.1:4550/a%22%3C%3E%5E%60%7B%7C%7Db");
        allowed("/?a b=\u{e4}#c d", "http://127.0.0.1:4550/?a%20b=%C3%A4#c%20d");
        // No browser reads another host in an encoded backslash.
        allowed("/\\evil.example", "http://127.0.0.1:4550/%5Cevil.example");
        allowed("https://app.example.test/in\\..\\out", "https://app.example.test/in%5C..%5Cout");
    }

    #[test]
    fn a_path_prefix_is_plain_text_as_recorded() {
        allowed("https://app.example.test/in", "https://app.example.test/in");
        allowed("https://app.example.test/inside", "https://app.example.test/inside");
        allowed("exp://native.example.test/--/cbx", "exp://native.example.test/--/cbx");
        allowed("https://app.example.test/in?x", "https://app.example.test/in?x");
        allowed("https://app.example.test/in/side", "https://app.example.test/in/side");
        forbidden(&[
            "https://app.example.test/",
            "https://app.example.test",
            "https://app.example.test/In",
            "https://app.example.test/in/../out",
            "https://app.example.test/in/%2e%2E/out",
            "exp://native.example.test/--/cb/../x",
            "http://127.0.0.1:4533/",
        ]);
    }

    #[test]
    fn a_wildcard_needs_a_name_before_it() {
        allowed("https://x.wild.example.test", "https://x.wild.example.test");
        forbidden(&[
            "https://wild.example.test/",
            "https://.wild.example.test.evil.example/",
            "https://notwild.example.test/",
            "https://x.wild.example.test:8443/",
            "http://x.wild.example.test/",
            "https://evil.example#.wild.example.test/",
            "https://evil.example?.wild.example.test/",
            "https://a:b@x.wild.example.test/",
            "https://evil.example\\.wild.example.test/",
        ]);
        for host in ["evil.example%2f.wild.example.test", "evil.example\u{ff0f}.wild.example.test"] {
            assert_eq!(check(&format!("https://{host}/")), Err(RefusedReturn::Unparseable), "{host}");
        }
    }

    #[test]
    fn addresses_without_a_host_lead_nowhere() {
        forbidden(&[
            "javascript:alert(1)",
            "JavaScript://127.0.0.1:4550/%0aalert(1)",
            "data:text/html,x",
            "http:/evil.example/",
            "http:evil.example",
            "http:///evil.example",
            "///evil.example",
            "//",
            "http://",
            "http://:4550/",
            "http://127.0.0.1:4550\\@evil.example/",
            "\\\\evil.example",
            "app:/cb",
            "127.0.0.1/x",
        ]);
    }

    /// Goal: a page that is allowed besides is allowed as it is: neither what is below it nor what looks like it.
    #[test]
    fn one_page_is_that_page_exactly() {
        let default = Url::parse("https://sso.example.test/").unwrap();
        for (page, fits, others) in [
            ("https://sso.example.test/", ["", "/"], ["//", "/x", "/?a", "/#a", "///"]),
            ("https://sso.example.test/hall", ["/hall", "/hall"], ["/hall/", "/hall//", "/", "", "/hall?a"]),
        ] {
            let list = list().and_exactly(page);
            let allows =
                |rest: &&str| list.check(&format!("https://sso.example.test{rest}"), &default).is_ok();
            assert!(fits.iter().all(&allows), "{page}");
            assert_eq!(others.iter().find(|rest| allows(rest)), None, "{page}");
        }
    }

    #[test]
    fn what_is_no_address() {
        for candidate in [
            "/a\nb",
            "/a\tb",
            "\0",
            "/x\u{7f}",
            " /x",
            "/%",
            "/%4",
            "/#%zz",
            "http://127.0.0.1:x/",
            "http://[::1/",
            "http://a b/",
            "127.0.0.1:4550",
            "1:2",
        ] {
            assert_eq!(check(candidate), Err(RefusedReturn::Unparseable), "{candidate:?}");
        }
        forbidden(&[&format!("/{}", "a".repeat(BYTES_MAX))]);
    }

    /// F-23: what can't be meant is refused.
    #[test]
    fn unusable_entries_are_named() {
        use Unusable::{BeyondPath, NotAbsolute, Unsafe, Wildcard};
        for (entry, why) in [
            ("*", NotAbsolute),
            ("/relative", NotAbsolute),
            ("example.test", NotAbsolute),
            ("app:/cb", NotAbsolute),
            ("", NotAbsolute),
            ("https://*", Wildcard),
            ("https://*/", Wildcard),
            ("https://*foo.com/", Wildcard),
            ("https://*.com/", Wildcard),
            ("https://*.com:443/", Wildcard),
            ("https://a.*.com/", Wildcard),
            ("https://*.*.com/", Wildcard),
            ("https://*..com/", Wildcard),
            ("https://star.example.test/*", BeyondPath),
            ("https://star.example.test/in/*/out", BeyondPath),
            ("https://star.example.test/in?x=*", BeyondPath),
            ("https://star.example.test/in#top", BeyondPath),
            ("https://u@example.test/", Unsafe),
            ("javascript://example.test/", Unsafe),
        ] {
            let (list, dropped) = AllowList::new([entry]);
            assert!(list.0.is_empty(), "{entry}");
            assert_eq!(dropped, [Dropped { entry: entry.to_owned(), why }]);
        }
    }

    #[test]
    fn an_entry_without_a_path_allows_every_path() {
        let (list, _) = AllowList::new(["HTTPS://Shop.example.test", "exp://host", "https://*.a.test:8443"]);
        let default = Url::parse("https://id.example.test/").unwrap();
        for candidate in
            ["https://shop.example.test/x", "exp://host", "exp://host/y", "https://b.a.test:8443/"]
        {
            assert!(list.check(candidate, &default).is_ok(), "{candidate}");
        }
        assert_eq!(
            list.check("/x", &default),
            Err(RefusedReturn::Forbidden),
            "the default's host is not in the list"
        );
        assert_eq!(list.check("", &default).unwrap().as_str(), "https://id.example.test/");
    }

    /// F-22, F-23: the port that a scheme has anyway is no difference, on either side.
    #[test]
    fn a_default_port_is_no_difference() {
        let (list, dropped) = AllowList::new(["https://a.test:443/", "http://*.b.test:80"]);
        assert_eq!(dropped, []);
        let default = Url::parse("https://id.example.test/").unwrap();
        for (candidate, written) in [
            ("https://a.test/x", "https://a.test/x"),
            ("https://a.test:443/x", "https://a.test/x"),
            ("http://c.b.test/", "http://c.b.test/"),
            ("http://c.b.test:80/", "http://c.b.test/"),
        ] {
            assert_eq!(list.check(candidate, &default).map(|to| to.to_string()).as_deref(), Ok(written));
        }
        for candidate in ["https://a.test:80/", "http://a.test/", "http://c.b.test:443/"] {
            assert_eq!(list.check(candidate, &default), Err(RefusedReturn::Forbidden), "{candidate}");
        }
    }

    #[test]
    fn one_more_parameter() {
        let default = Url::parse("http://127.0.0.1:4550/").unwrap();
        let address = list().check("/bye?x=1#top", &default).unwrap();
        assert_eq!(address.with_query("state", "a b"), "http://127.0.0.1:4550/bye?x=1&state=a+b#top");
    }
}
