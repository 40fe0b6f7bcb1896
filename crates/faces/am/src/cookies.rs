//! The cookies of a session: AM's own, its load-balancer hint, and those of other dialects that go with it.
//!
//! What sets a cookie and what clears it agree in name, path, domain and flags, or browsers keep it. Contract am.md 2, 3.1.

use adieu_authority::SessionToken;
use adieu_http_kit::cookies::SetCookie;
use http::HeaderValue;

use crate::settings::Settings;

/// The hint of a load balancer: which server; nothing here reads it.
const BALANCER: &str = "amlbcookie";
/// Quirk: ten seconds after the epoch, as Tomcat writes "at once". Contract am.md 2
const BALANCER_CLEARED_S: i64 = 10;

/// A token as this dialect shows it. Like the tokens of AM it has a star: whoever percent-encodes it sends another text, and
/// is refused as there.
pub(crate) fn shown(token: &SessionToken) -> String {
    format!("am*{}", token.reveal())
}

/// What becomes of the cookies with an answer.
#[derive(Debug, Default)]
pub(crate) enum CookieAct {
    /// Nothing.
    #[default]
    Keep,
    /// The user agent forgets them, and by these lines those of other dialects; one that carries a session of another realm may be
    /// left alone.
    Clear { beside: Vec<HeaderValue>, some_left: bool },
    /// The user agent gets these.
    Set(Vec<HeaderValue>),
}

impl CookieAct {
    /// The user agent forgets AM's cookies, and has no others.
    pub(crate) const fn clear_own() -> Self {
        Self::Clear { beside: Vec::new(), some_left: false }
    }

    /// Whether the user agent forgets every session.
    pub(crate) const fn forgets_all(&self) -> bool {
        matches!(self, Self::Clear { some_left: false, .. })
    }

    pub(crate) fn lines(self, lines: &CookieLines) -> Vec<HeaderValue> {
        match self {
            Self::Keep => Vec::new(),
            Self::Clear { beside, .. } => lines.cleared.iter().cloned().chain(beside).collect(),
            Self::Set(set) => set,
        }
    }
}

/// Makes the lines; those that clear are made once.
pub(crate) struct CookieLines {
    settings: Settings,
    cleared: Vec<HeaderValue>,
    balancer: Vec<HeaderValue>,
    host_only_gone: Option<HeaderValue>,
}

impl CookieLines {
    pub(crate) fn new(settings: &Settings) -> Self {
        let mut lines = Self {
            settings: settings.clone(),
            cleared: Vec::new(),
            balancer: Vec::new(),
            host_only_gone: None,
        };
        lines.balancer = lines.own(BALANCER, "01").map(|cookie| cookie.to_header()).collect();
        lines.host_only_gone = lines.host_only_gone();
        let session = lines.own(&settings.cookie_name, "");
        let mut cleared: Vec<_> = session.map(|cookie| cookie.cleared("\"\"", 0, None).to_header()).collect();
        let balancer = lines.own(BALANCER, "");
        cleared.extend(balancer.map(|cookie| {
            let cookie = SetCookie { http_only: false, ..cookie }; // As the founding document shows it.
            cookie.cleared("LOGOUT", BALANCER_CLEARED_S, None).to_header()
        }));
        cleared.extend(lines.host_only_gone.clone());
        lines.cleared = cleared;
        lines
    }

    /// The lines that give a user agent this token, with those of other dialects.
    pub(crate) fn set(&self, token: &SessionToken, beside: Vec<HeaderValue>) -> CookieAct {
        let own = shown(token);
        // What deletes comes first: by RFC 6265 a cookie of this very host is the same one with its domain and without.
        let mut lines: Vec<_> = self.host_only_gone.iter().cloned().collect();
        lines.extend(self.own(&self.settings.cookie_name, &own).map(|cookie| cookie.to_header()));
        lines.extend_from_slice(&self.balancer);
        lines.extend(beside);
        CookieAct::Set(lines)
    }

    /// What goes with an answer in the middle of a sign-on: only the hint.
    pub(crate) fn balancer(&self) -> CookieAct {
        CookieAct::Set(self.balancer.clone())
    }

    /// The deletion of the session cookie that was set before the cookies were given domains: browsers keep the two apart (F-4).
    fn host_only_gone(&self) -> Option<HeaderValue> {
        let gone = self.line(&self.settings.cookie_name, "", None).cleared("\"\"", 0, None).to_header();
        (!self.settings.cookie_domains.is_empty()).then_some(gone)
    }

    /// One of AM's own cookies, once for every domain.
    fn own<'a>(&'a self, name: &'a str, value: &'a str) -> impl Iterator<Item = SetCookie<'a>> {
        let settings = &self.settings;
        let host_only = settings.cookie_domains.is_empty().then_some(None);
        let domains = settings.cookie_domains.iter().map(|domain| Some(domain.as_str())).chain(host_only);
        domains.map(move |domain| self.line(name, value, domain))
    }

    fn line<'a>(&self, name: &'a str, value: &'a str, domain: Option<&'a str>) -> SetCookie<'a> {
        SetCookie {
            path: Some("/"),
            domain,
            http_only: true,
            secure: self.settings.cookies_secure,
            same_site: self.settings.cookies_same_site,
            ..SetCookie::new(name, value)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::SameSite;

    const TOKEN: &str = "1AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    fn text(act: CookieAct, lines: &CookieLines) -> Vec<String> {
        act.lines(lines).iter().map(|line| line.to_str().unwrap().to_owned()).collect()
    }

    fn token() -> SessionToken {
        SessionToken::parse(TOKEN).unwrap()
    }

    #[test]
    fn over_plain_http_without_domains() {
        let lines = CookieLines::new(&Settings::default());
        assert_eq!(
            text(lines.set(&token(), vec![]), &lines),
            [
                format!("iPlanetDirectoryPro=am*{TOKEN}; Path=/; HttpOnly"),
                "amlbcookie=01; Path=/; HttpOnly".into()
            ]
        );
        assert_eq!(text(lines.balancer(), &lines), ["amlbcookie=01; Path=/; HttpOnly"]);
        assert!(text(CookieAct::Keep, &lines).is_empty());
    }

    /// the two lines of the founding document, with its domain; F-4: and one for the cookie of before it had a domain.
    #[test]
    fn what_clears_mirrors_what_sets() {
        let settings = Settings { cookie_domains: vec!["example.com".into()], ..Settings::default() };
        let lines = CookieLines::new(&settings);
        assert_eq!(
            text(CookieAct::clear_own(), &lines),
            [
                "iPlanetDirectoryPro=\"\"; Path=/; Domain=example.com; \
                 Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly",
                "amlbcookie=LOGOUT; Path=/; Domain=example.com; Expires=Thu, 01 Jan 1970 00:00:10 GMT",
                "iPlanetDirectoryPro=\"\"; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly",
            ]
        );
    }

    #[test]
    fn every_domain_gets_its_line_and_other_dialects_theirs() {
        let settings = Settings {
            cookie_domains: vec!["a.test".into(), "b.test".into()],
            cookies_secure: true,
            cookies_same_site: Some(SameSite::None),
            ..Settings::default()
        };
        let lines = CookieLines::new(&settings);
        let others = || vec![HeaderValue::from_static("ST=x; Path=/y")];
        let set = text(lines.set(&token(), others()), &lines);
        assert_eq!(set.len(), 6);
        assert!(set[0].starts_with("iPlanetDirectoryPro=\"\"; Path=/; Expires="), "{}", set[0]);
        assert_eq!(
            set[2],
            format!("iPlanetDirectoryPro=am*{TOKEN}; Path=/; Domain=b.test; HttpOnly; Secure; SameSite=None")
        );
        assert_eq!(set[5], "ST=x; Path=/y");
        assert_eq!(text(CookieAct::Clear { beside: others(), some_left: false }, &lines).len(), 6);
    }
}
