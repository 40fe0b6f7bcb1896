//! Session cookies of other dialects, which go with one's own: whoever signs on in a browser is signed on at every door.
//!
//! A cookie goes only to doors of the session's realm, and only to hosts that this one may set it for. Realms are the texts of their
//! ids here. RFC 6265 §5.1.3 and §5.3

use http::HeaderValue;

use crate::cookies::{SameSite, SetCookie};

/// The place of a realm's id in a path.
const REALM: &str = "{realm}";

/// A session cookie of another dialect: its value is a prefix and the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Companion {
    /// Its name.
    pub name: String,
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

/// Some of the realms, by their ids.
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
            Self::Only(these) => these.iter().any(|this| this == realm),
            Self::AllBut(others) => others.iter().all(|other| other != realm),
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
    fn line<T>(&self, realm: &str, value: &str, then: impl FnOnce(SetCookie<'_>) -> T) -> Option<T> {
        let path = self.path.replace(REALM, realm);
        let cookie = SetCookie {
            path: Some(&path),
            domain: self.domain.as_deref(),
            http_only: true,
            secure: self.secure,
            same_site: self.same_site,
            ..SetCookie::new(&self.name, value)
        };
        self.realms.contains(realm).then(|| then(cookie))
    }

    /// Sets it for a session of this realm, if it is one of its own.
    #[must_use]
    pub fn set(&self, token: &str, realm: &str) -> Option<HeaderValue> {
        let value = format!("{}{token}", self.prefix);
        self.line(realm, &value, |line| SetCookie { max_age_s: self.life_s, ..line }.to_header())
    }

    /// Makes a browser forget it after a session of this realm, if it is one of its own.
    #[must_use]
    pub fn clear(&self, realm: &str) -> Option<HeaderValue> {
        self.line(realm, "", |line| line.cleared("", 0, Some(0)).to_header())
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

    fn realms(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn a_cookie_goes_with_sessions_of_its_realms_only() {
        let companion = Companion {
            name: "ST".into(),
            path: "/{realm}".into(),
            domain: None,
            prefix: "am*".into(),
            secure: true,
            same_site: Some(SameSite::Lax),
            life_s: None,
            realms: CookieRealms::Only(realms(&["a"])),
        };
        let text = |line: Option<HeaderValue>| line.map(|line| line.to_str().unwrap().to_owned());
        assert_eq!(
            text(companion.set("1x", "a")).as_deref(),
            Some("ST=am*1x; Path=/a; HttpOnly; Secure; SameSite=Lax")
        );
        assert_eq!(
            text(companion.clear("a")).as_deref(),
            Some(
                "ST=; Path=/a; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Secure; SameSite=Lax"
            )
        );
        assert_eq!((companion.set("1x", "b"), companion.clear("b")), (None, None));
    }

    #[test]
    fn realms_of_two_doors_are_those_of_both() {
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
