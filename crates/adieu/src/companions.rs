//! Which session cookies a sign-on sets besides its own dialect's, so that one browser is signed on in every dialect (F-2).
//!
//! A cookie of another dialect is set where it is of use: for sessions of a realm that the other dialect serves, too, and where the
//! host of this one may set it for the other's. Decision 0020.

use adieu_http_kit::browser_state::BrowserState;
use adieu_http_kit::companion::{Companion, Companions, CookieRealms, covers};
use adieu_http_kit::cookies::{SameSite, SessionCookieName};
use url::Url;

use crate::config::Config;
use crate::faces::{am_same_site, is_https};

/// The dialects by their session cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionCookie {
    Kratos,
    Am,
    PingOne,
}

/// Where browsers see a dialect, and whose sessions are live there.
struct Mount {
    cookie: SessionCookie,
    url: String,
    realms: CookieRealms,
}

/// The cookies of the other dialects that go with one's own.
pub(crate) fn companions(config: &Config, own: SessionCookie) -> Companions {
    let mounts = mounts(config);
    let (own, others): (Vec<_>, Vec<_>) = mounts.iter().partition(|mount| mount.cookie == own);
    let pairs = own.iter().flat_map(|own| others.iter().map(move |other| (own, other)));
    let url = own.first().map_or("", |mount| &mount.url);
    let cookies = pairs.flat_map(|(own, other)| from(own, other, config)).collect();
    Companions::new(cookies).with_state(state(url, config))
}

/// The cookie that scripts read, where the host of this dialect is the one of the issuers that have the frame for it.
pub(crate) fn state(url: &str, config: &Config) -> Option<BrowserState> {
    let there = host(url).is_some() && host(url) == host(&config.public.url);
    let secure = is_https(&config.public.url);
    (config.openid.session_management && there).then_some(BrowserState { secure })
}

fn host(url: &str) -> Option<String> {
    Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned))
}

/// The cookies of all dialects, as far as the public address may set them for browsers to forget.
pub(crate) fn all(config: &Config) -> Companions {
    let url = config.public.url.clone();
    // Of no dialect: only its address counts.
    let here = Mount { cookie: SessionCookie::Am, url, realms: CookieRealms::ALL };
    let cookies = mounts(config).iter().flat_map(|mount| from(&here, mount, config)).collect();
    Companions::new(cookies).with_state(state(&config.public.url, config))
}

/// Realms are named by their paths, because some are made while the server runs.
fn mounts(config: &Config) -> Vec<Mount> {
    let named = |url: &str| if url.is_empty() { config.public.url.clone() } else { url.to_owned() };
    let of_kratos = CookieRealms::Only(vec![config.kratos.realm.clone()]);
    let addressed =
        config.realms.iter().filter_map(|realm| Some((realm.path.clone(), realm.pingone_url.clone()?)));
    let addressed: Vec<_> = addressed.collect();
    let elsewhere = addressed.iter().map(|(realm, _)| realm.clone()).collect();
    let mount = |cookie, url: String, realms| Mount { cookie, url, realms };
    let mut mounts = vec![
        mount(SessionCookie::Kratos, config.kratos_url().to_owned(), of_kratos),
        mount(SessionCookie::Am, config.public.url.clone(), CookieRealms::ALL),
        mount(SessionCookie::PingOne, named(&config.pingone.auth_url), CookieRealms::AllBut(elsewhere)),
    ];
    mounts.extend(
        addressed
            .into_iter()
            .map(|(realm, url)| mount(SessionCookie::PingOne, url, CookieRealms::Only(vec![realm]))),
    );
    mounts
}

/// What one dialect sets for another: a cookie for each domain of the other's that it lies in, or one for the host that they share.
fn from(own: &Mount, other: &Mount, config: &Config) -> Vec<Companion> {
    let (here, there) = (host(&own.url).unwrap_or_default(), host(&other.url).unwrap_or_default());
    let realms = own.realms.and(&other.realms);
    if realms.is_empty() {
        return Vec::new();
    }
    let domains: Vec<&str> = match other.cookie {
        SessionCookie::Kratos => {
            Some(config.kratos.cookie_domain.as_str()).filter(|text| !text.is_empty()).into_iter().collect()
        }
        SessionCookie::Am => config.am.cookie_domains.iter().map(String::as_str).collect(),
        SessionCookie::PingOne => Vec::new(),
    };
    let shared = (domains.is_empty() && here == there).then_some(None);
    let covering = domains.into_iter().filter(|domain| covers(domain, &here)).map(Some);
    let placed: Vec<Option<&str>> = covering.chain(shared).collect();
    let cookie = |line: &Companion, domain: &Option<&str>| Companion {
        domain: domain.map(str::to_owned),
        ..line.clone()
    };
    let lines = lines(other, &realms, config);
    lines.iter().flat_map(|line| placed.iter().map(move |domain| cookie(line, domain))).collect()
}

/// The other dialect's cookies as its own sign-on would set them, for as long as the browser is open.
fn lines(other: &Mount, realms: &CookieRealms, config: &Config) -> Vec<Companion> {
    let secure = is_https(&other.url);
    let of_kratos = match config.kratos.cookie_same_site.as_str() {
        "Strict" => SameSite::Strict,
        "None" if secure => SameSite::None,
        _ => SameSite::Lax,
    };
    let of_pingone = if secure { SameSite::None } else { SameSite::Lax };
    let exact = SessionCookieName::exact;
    let lines = match other.cookie {
        SessionCookie::Kratos => {
            vec![(exact(&config.kratos.cookie_name), "/", "", Some(of_kratos))]
        }
        SessionCookie::Am => {
            vec![(SessionCookieName::any_case(&config.am.cookie_name), "/", "am*", am_same_site(config))]
        }
        // One without the other would leave somebody signed on.
        SessionCookie::PingOne => {
            vec![(exact("ST"), "/{realm}", "", Some(of_pingone)), (exact("ST-NO-SS"), "/{realm}", "", None)]
        }
    };
    let cookie =
        |(name, path, prefix, same_site): (SessionCookieName, &str, &str, Option<SameSite>)| Companion {
            name,
            path: path.to_owned(),
            domain: None,
            prefix: prefix.to_owned(),
            secure,
            same_site,
            life_s: None,
            realms: realms.clone(),
        };
    lines.into_iter().map(cookie).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(cookie: SessionCookie, url: &str) -> Mount {
        Mount { cookie, url: url.to_owned(), realms: CookieRealms::ALL }
    }

    fn set(own: &str, other: &Mount, config: &Config) -> Vec<Option<String>> {
        let own = mount(SessionCookie::PingOne, own);
        from(&own, other, config).into_iter().map(|companion| companion.domain).collect()
    }

    #[test]
    fn a_cookie_is_set_where_its_own_dialect_reads_it() {
        let mut config = Config::default();
        let kratos = mount(SessionCookie::Kratos, "https://id.example.test");
        assert_eq!(set("https://id.example.test:8443/x", &kratos, &config), [None]);
        assert_eq!(set("https://login.example.test", &kratos, &config), [], "another host");
        config.kratos.cookie_domain = "example.test".into();
        let domain = Some("example.test".to_owned());
        assert_eq!(set("https://login.example.test", &kratos, &config), [domain]);
        assert_eq!(set("https://other.test", &kratos, &config), []);
        assert_eq!(set("https://other.test", &kratos, &Config::default()), []);
        let nobodys = Mount { realms: CookieRealms::Only(vec![]), ..kratos };
        assert_eq!(set("https://id.example.test", &nobodys, &config), []);
    }
    /// F-2: both cookies of PingOne go together, and a realm that nobody has asked for yet has its cookies, too.
    #[test]
    fn a_realm_made_later_has_its_cookies() {
        let mut config = Config::default();
        config.kratos.realm = "/later".into();
        let names = |own, path: &str| {
            let all = companions(&config, own);
            let names = ["ory_kratos_session", "iPlanetDirectoryPro", "ST", "ST-NO-SS"];
            names.into_iter().filter(|name| all.has(name, path)).collect::<Vec<_>>()
        };
        assert_eq!(names(SessionCookie::Am, "/later"), ["ory_kratos_session", "ST", "ST-NO-SS"]);
        assert_eq!(names(SessionCookie::Am, "/another"), ["ST", "ST-NO-SS"]);
        assert_eq!(names(SessionCookie::Kratos, "/later"), ["iPlanetDirectoryPro", "ST", "ST-NO-SS"]);
        assert_eq!(names(SessionCookie::PingOne, "/another"), ["iPlanetDirectoryPro"]);
    }
}
