//! Session cookies of other dialects, which go with one's own: whoever signs on in a browser is signed on in every dialect.
//!
//! A cookie goes only to dialects that serve the session's realm, and only to hosts that this one may set it for. What the cookies carry is
//! not judged here. RFC 6265 §5.1.3 and §5.3

use http::HeaderValue;

use crate::browser_state::BrowserState;
use crate::cookies::{SameSite, SessionCookieName, SetCookie};

/// The place of a realm's id in a path.
const REALM: &str = "{realm}";

/// A session cookie of another dialect: its value is a prefix and the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Companion {
    /// Its name.
    pub name: SessionCookieName,
    /// Its path; `{realm}` stands for the id of the session's realm.
    pub path: String,
    /// Its domain; none is this host only.
    pub domain: Option<String>,
    /// What its dialect puts before a token.
    pub prefix: String,
    /// Whether it goes over https only.
    pub secure: bool,
    /// When a browser sends it along.
    pub same_site: Option<SameSite>,
    /// Seconds for which a browser keeps it; none is until it is closed.
    pub life_s: Option<i64>,
    /// For sessions of which realms.
    pub realms: CookieRealms,
}

/// The realm of a session, for whose cookies it is asked.
#[derive(Clone, Copy, Debug)]
pub struct CookieRealm<'r> {
    /// Its id.
    pub id: &'r str,
    /// Its path.
    pub path: &'r str,
}

/// Some of the realms, by their paths: one that is made later is one of them, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CookieRealms {
    /// These.
    Only(Vec<String>),
    /// All others.
    AllBut(Vec<String>),
}

impl CookieRealms {
    /// All of them.
    pub const ALL: Self = Self::AllBut(Vec::new());

    /// Whether a realm is one of them.
    #[must_use]
    pub fn contains(&self, realm: &str) -> bool {
        match self {
            Self::Only(these) => these.iter().any(|this| this.eq_ignore_ascii_case(realm)),
            Self::AllBut(others) => !others.iter().any(|other| other.eq_ignore_ascii_case(realm)),
        }
    }

    /// Those that are in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let only = |these: &[String], among: &Self| {
            Self::Only(these.iter().filter(|realm| among.contains(realm)).cloned().collect())
        };
        match (self, other) {
            (Self::Only(these), among) | (among, Self::Only(these)) => only(these, among),
            (Self::AllBut(some), Self::AllBut(more)) => Self::AllBut([some.as_slice(), more].concat()),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::Only(Vec::new())
    }
}

impl Companion {
    fn line(&self, domain: Option<&str>, realm: CookieRealm<'_>, value: Option<&str>) -> HeaderValue {
        let path = self.path.replace(REALM, realm.id);
        let cookie = SetCookie {
            path: Some(&path),
            domain,
            http_only: true,
            secure: self.secure,
            same_site: self.same_site,
            ..SetCookie::new(self.name.as_str(), value.unwrap_or_default())
        };
        match value {
            Some(_) => SetCookie { max_age_s: self.life_s, ..cookie }.to_header(),
            None => cookie.cleared("", 0, Some(0)).to_header(),
        }
    }
}

/// The cookies that go with one's own session cookie: those of other dialects, none where a sign-on stays with its own dialect, and the
/// one that scripts read, if there is one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Companions(Vec<Companion>, Option<BrowserState>);

impl Companions {
    /// These.
    #[must_use]
    pub fn new(cookies: Vec<Companion>) -> Self {
        Self(cookies, None)
    }

    /// The same with a cookie that scripts read.
    #[must_use]
    pub fn with_state(self, state: Option<BrowserState>) -> Self {
        Self(self.0, state)
    }

    /// The cookie that scripts read.
    #[must_use]
    pub const fn browser_state(&self) -> Option<BrowserState> {
        self.1
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty() && self.1.is_none()
    }

    /// Whether a cookie of this name is one of them for sessions of the realm at this path.
    #[must_use]
    pub fn has(&self, name: &str, path: &str) -> bool {
        self.0.iter().any(|one| one.name.is(name) && one.realms.contains(path))
    }

    /// Sets those for a session of this realm, but for the names that are to be left alone.
    #[must_use]
    pub fn set(&self, token: &str, realm: CookieRealm<'_>, left_alone: &[String]) -> Vec<HeaderValue> {
        // What deletes comes first: by RFC 6265 a cookie of this very host is the same one with its domain and without.
        let mut lines = self.host_only_gone(realm, left_alone);
        lines.extend(self.of(realm, left_alone).map(|one| {
            let value = format!("{}{token}", one.prefix);
            one.line(one.domain.as_deref(), realm, Some(&value))
        }));
        lines.extend(self.1.map(|state| state.line(realm.id, &BrowserState::of(token))));
        lines
    }

    /// Makes a browser forget those of a session of this realm, but for the names that are to be left alone.
    #[must_use]
    pub fn clear(&self, realm: CookieRealm<'_>, left_alone: &[String]) -> Vec<HeaderValue> {
        let mut lines = self.host_only_gone(realm, left_alone);
        lines.extend(self.of(realm, left_alone).map(|one| one.line(one.domain.as_deref(), realm, None)));
        lines.extend(self.1.map(|state| state.line(realm.id, BrowserState::NOBODY)));
        lines
    }

    fn of<'a>(
        &'a self,
        realm: CookieRealm<'a>,
        left_alone: &'a [String],
    ) -> impl Iterator<Item = &'a Companion> {
        let alone = move |one: &Companion| left_alone.iter().any(|name| one.name.is(name));
        self.0.iter().filter(move |one| one.realms.contains(realm.path) && !alone(one))
    }

    /// The deletion of cookies that were set before they were given a domain: browsers keep the two apart (F-4).
    fn host_only_gone(&self, realm: CookieRealm<'_>, left_alone: &[String]) -> Vec<HeaderValue> {
        let with_domain = self.of(realm, left_alone).filter(|one| one.domain.is_some());
        let mut lines: Vec<_> = with_domain.map(|one| one.line(None, realm, None)).collect();
        lines.dedup();
        lines
    }
}

/// Whether a host may set and read cookies of a domain: it is that domain or one below it.
#[must_use]
pub fn covers(domain: &str, host: &str) -> bool {
    let domain = domain.trim_start_matches('.');
    let below = || host.strip_suffix(domain).is_some_and(|front| front.ends_with('.'));
    host.eq_ignore_ascii_case(domain) || below()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn realms(paths: &[&str]) -> Vec<String> {
        paths.iter().map(|path| (*path).to_owned()).collect()
    }

    const A: CookieRealm<'_> = CookieRealm { id: "1", path: "/a" };
    const B: CookieRealm<'_> = CookieRealm { id: "2", path: "/b" };

    fn companion(domain: Option<&str>) -> Companion {
        Companion {
            name: SessionCookieName::exact("ST"),
            path: "/{realm}".into(),
            domain: domain.map(str::to_owned),
            prefix: "am*".into(),
            secure: true,
            same_site: Some(SameSite::Lax),
            life_s: None,
            realms: CookieRealms::Only(realms(&["/a"])),
        }
    }

    fn text(lines: Vec<HeaderValue>) -> Vec<String> {
        lines.iter().map(|line| line.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_cookie_goes_with_sessions_of_its_realms_only() {
        let all = Companions::new(vec![companion(None)]);
        assert_eq!(text(all.set("1x", A, &[])), ["ST=am*1x; Path=/1; HttpOnly; Secure; SameSite=Lax"]);
        assert_eq!(
            text(all.clear(A, &[])),
            [
                "ST=; Path=/1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Secure; SameSite=Lax"
            ]
        );
        let alone = ["ST".to_owned()];
        assert!(all.set("1x", A, &alone).is_empty() && all.clear(A, &alone).is_empty());
        assert_eq!(all.clear(A, &["st".to_owned()]).len(), 1, "a cookie of another name");
        assert!(all.set("1x", B, &[]).is_empty() && all.clear(B, &[]).is_empty());
        assert!(all.has("ST", "/A") && !all.has("ST", "/b") && !all.has("SX", "/a") && !all.has("st", "/a"));
    }

    /// F-4.
    #[test]
    fn the_cookie_of_before_the_domain_goes_first() {
        let all = Companions::new(vec![companion(Some("one.test")), companion(Some("two.test"))]);
        for lines in [all.set("1x", A, &[]), all.clear(A, &[])] {
            let lines = text(lines);
            assert_eq!(lines.len(), 3, "{lines:?}");
            assert!(lines[0].contains("1970") && !lines[0].contains("Domain"), "{lines:?}");
            assert!(lines[1].contains("Domain=one.test") && lines[2].contains("Domain=two.test"));
        }
    }

    #[test]
    fn realms_of_two_dialects_are_those_of_both() {
        use CookieRealms::{AllBut, Only};
        let only = |ids: &[&str]| Only(realms(ids));
        let but = |ids: &[&str]| AllBut(realms(ids));
        for (one, other, both) in [
            (CookieRealms::ALL, CookieRealms::ALL, CookieRealms::ALL),
            (only(&["a", "b"]), CookieRealms::ALL, only(&["a", "b"])),
            (but(&["a"]), only(&["a", "b"]), only(&["b"])),
            (only(&["a"]), only(&["b"]), only(&[])),
            (but(&["a"]), but(&["b"]), but(&["a", "b"])),
        ] {
            assert_eq!(one.and(&other), both);
        }
        assert!(only(&[]).is_empty() && !CookieRealms::ALL.is_empty());
    }

    #[test]
    fn a_domain_covers_its_own_hosts() {
        assert!(covers("example.test", "example.test") && covers(".example.test", "id.example.test"));
        assert!(!covers("example.test", "badexample.test") && !covers("id.example.test", "example.test"));
    }
}
