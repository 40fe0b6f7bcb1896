//! The cookies of a session: AM's own, its load-balancer hint, and those of other dialects that go with it.
//!
//! What sets a cookie and what clears it agree in name, path, domain and flags, or browsers keep it. Contract am.md 2, 3.1.

use adieu_authority::SessionToken;
use adieu_http_kit::cookies::{Companion, SetCookie};
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
    /// The user agent forgets them.
    Clear,
    /// The user agent gets these.
    Set(Vec<HeaderValue>),
}

impl CookieAct {
    pub(crate) fn lines(self, lines: &CookieLines) -> Vec<HeaderValue> {
        match self {
            Self::Keep => Vec::new(),
            Self::Clear => lines.cleared.clone(),
            Self::Set(set) => set,
        }
    }
}

/// Makes the lines; those that clear are made once.
pub(crate) struct CookieLines {
    settings: Settings,
    cleared: Vec<HeaderValue>,
    balancer: Vec<HeaderValue>,
}

impl CookieLines {
    pub(crate) fn new(settings: &Settings) -> Self {
        let mut lines = Self { settings: settings.clone(), cleared: Vec::new(), balancer: Vec::new() };
        lines.balancer = lines.own(BALANCER, "01").map(|cookie| cookie.to_header()).collect();
        let session = lines.own(&settings.cookie_name, "");
        let mut cleared: Vec<_> = session.map(|cookie| cookie.cleared("\"\"", 0, None).to_header()).collect();
        let balancer = lines.own(BALANCER, "");
        cleared.extend(balancer.map(|cookie| {
            let cookie = SetCookie { http_only: false, ..cookie }; // As the founding document shows it.
            cookie.cleared("LOGOUT", BALANCER_CLEARED_S, None).to_header()
        }));
        cleared.extend(settings.companions.iter().map(Companion::clear));
        lines.cleared = cleared;
        lines
    }

    /// The lines that give a user agent this token.
    pub(crate) fn set(&self, token: &SessionToken) -> CookieAct {
        let text = token.reveal();
        let own = shown(token);
        let mut lines: Vec<_> =
            self.own(&self.settings.cookie_name, &own).map(|cookie| cookie.to_header()).collect();
        lines.extend_from_slice(&self.balancer);
        lines.extend(self.settings.companions.iter().map(|companion| companion.set(&text)));
        CookieAct::Set(lines)
    }

    /// What goes with an answer in the middle of a sign-on: only the hint.
    pub(crate) fn balancer(&self) -> CookieAct {
        CookieAct::Set(self.balancer.clone())
    }

    /// One of AM's own cookies, once for every domain.
    fn own<'a>(&'a self, name: &'a str, value: &'a str) -> impl Iterator<Item = SetCookie<'a>> {
        let settings = &self.settings;
        let host_only = settings.cookie_domains.is_empty().then_some(None);
        let domains = settings.cookie_domains.iter().map(|domain| Some(domain.as_str())).chain(host_only);
        domains.map(move |domain| SetCookie {
            path: Some("/"),
            domain,
            http_only: true,
            secure: settings.cookies_secure,
            same_site: settings.cookies_same_site,
            ..SetCookie::new(name, value)
        })
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
            text(lines.set(&token()), &lines),
            [
                format!("iPlanetDirectoryPro=am*{TOKEN}; Path=/; HttpOnly"),
                "amlbcookie=01; Path=/; HttpOnly".into()
            ]
        );
        assert_eq!(text(lines.balancer(), &lines), ["amlbcookie=01; Path=/; HttpOnly"]);
        assert!(text(CookieAct::Keep, &lines).is_empty());
    }

    /// the two lines of the founding document, with its domain.
    #[test]
    fn what_clears_mirrors_what_sets() {
        let settings = Settings { cookie_domains: vec!["example.com".into()], ..Settings::default() };
        let lines = CookieLines::new(&settings);
        assert_eq!(
            text(CookieAct::Clear, &lines),
            [
                "iPlanetDirectoryPro=\"\"; Path=/; Domain=example.com; \
                 Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly",
                "amlbcookie=LOGOUT; Path=/; Domain=example.com; Expires=Thu, 01 Jan 1970 00:00:10 GMT",
            ]
        );
    }

    #[test]
    fn every_domain_gets_its_line_and_other_dialects_theirs() {
        let extra = |name: &str, prefix: &str| Companion {
            name: name.into(),
            path: "/".into(),
            prefix: prefix.into(),
            secure: true,
            same_site: Some(SameSite::Lax),
            life_s: None,
        };
        let settings = Settings {
            cookie_domains: vec!["a.test".into(), "b.test".into()],
            cookies_secure: true,
            cookies_same_site: Some(SameSite::None),
            companions: vec![extra("ory_kratos_session", "ory_st_"), extra("ST", "")],
            ..Settings::default()
        };
        let lines = CookieLines::new(&settings);
        let set = text(lines.set(&token()), &lines);
        assert_eq!(set.len(), 6);
        assert_eq!(
            set[1],
            format!("iPlanetDirectoryPro=am*{TOKEN}; Path=/; Domain=b.test; HttpOnly; Secure; SameSite=None")
        );
        let kratos = format!("ory_kratos_session=ory_st_{TOKEN}; Path=/; HttpOnly; Secure; SameSite=Lax");
        assert_eq!(set[4], kratos);
        assert_eq!(set[5], format!("ST={TOKEN}; Path=/; HttpOnly; Secure; SameSite=Lax"));
        assert_eq!(text(CookieAct::Clear, &lines).len(), 6);
    }
}
