//! The addresses of the two listeners as others see them: what they are where nothing is said, and whether they lead there.
//!
//! An address that is not said follows its listener where it can only be that one. Nothing is read or looked up here.

use std::net::{IpAddr, SocketAddr};

use toml::Table;
use url::{Host, Url};

use crate::config::Config;
use crate::config::rules::{Refusals, RefusedKey, refused, refused_unsaid};
use crate::config::values::Address;

/// Which of the addresses the configuration says itself.
#[derive(Clone, Copy)]
pub(super) struct SaidAddresses {
    pub(super) public: bool,
    pub(super) admin: bool,
}

impl SaidAddresses {
    pub(super) const ALL: Self = Self { public: true, admin: true };

    /// Those that stand in a configuration as it is written, sound or not.
    pub(super) fn of(written: &Table) -> Self {
        let said =
            |section: &str| written.get(section).and_then(|section| section.as_table()?.get("url")).is_some();
        Self { public: said("public"), admin: said("admin") }
    }
}

/// Lets each address that is not said be that of its listener, where that one is on loopback, plain, and at a port that is known.
pub(super) fn follow(config: &mut Config, said: SaidAddresses) {
    let (public, admin) = (&mut config.public, &mut config.admin);
    for (said, listen, secure, url) in [
        (said.public, public.listen, public.tls().is_some(), &mut public.url),
        (said.admin, admin.listen, admin.tls().is_some(), &mut admin.url),
    ] {
        if said || secure || !listen.ip().is_loopback() || listen.port() == 0 {
            continue;
        }
        if let Ok(address) = format!("http://{listen}").parse::<Address>() {
            *url = address.to_string();
        }
    }
}

/// One of the two listeners, with its address.
struct Place<'a> {
    section: &'static str,
    /// Who comes by the address.
    whose: &'static str,
    url: &'a str,
    said: bool,
    listen: SocketAddr,
    secure: bool,
    /// Others listen for it, and hand on what they get.
    proxied: bool,
}

fn places(config: &Config, said: SaidAddresses) -> [Place<'_>; 2] {
    let (public, admin) = (&config.public, &config.admin);
    let public = Place {
        section: "public",
        whose: "browsers",
        url: &public.url,
        said: said.public,
        listen: public.listen,
        secure: public.tls().is_some(),
        proxied: !public.trusted_proxies.is_empty(),
    };
    let admin = Place {
        section: "admin",
        whose: "administrators",
        url: &admin.url,
        said: said.admin,
        listen: admin.listen,
        secure: admin.tls().is_some(),
        proxied: false,
    };
    [public, admin]
}

/// Addresses that lead nowhere, and those at which a browser would keep no cookie.
pub(super) fn check(config: &Config, said: SaidAddresses) -> Refusals {
    let led = places(config, said).into_iter().filter_map(|place| leads_nowhere(&place));
    led.chain(in_the_clear(config)).collect()
}

fn leads_nowhere(place: &Place<'_>) -> Option<RefusedKey> {
    let Place { section, whose, url, said, listen, secure, proxied } = place;
    let key = format!("{section}.url");
    if !said && *secure {
        let reason =
            format!("has to be said where {section}.tls_cert is: https:// and a host of the certificate");
        return Some(refused_unsaid(key, reason));
    }
    if !said && !listen.ip().is_loopback() {
        let reason = format!(
            "has to be said where {section}.listen ({listen}) is beyond loopback: the address by which {whose} come, \
             https://id.example.com for one"
        );
        return Some(refused_unsaid(key, reason));
    }
    let address = Url::parse(url).ok().filter(|_| *said)?;
    if *secure && address.scheme() == "http" {
        let reason = format!("{section}.tls_cert is named, so the listener speaks https: write https://");
        return Some(refused(key, url, reason));
    }
    // A proxy may speak TLS, or listen at another port, in front of a plain listener.
    let same = !proxied && *secure == (address.scheme() == "https");
    if same && listen.ip().is_loopback() && listen.port() != 0 && is_of_this_machine(&address) {
        let port = address.port_or_known_default();
        let there = port == Some(listen.port()) && is_at(&address, listen.ip());
        let forwarded = match *section {
            "public" => "; who forwards another port to here stands in public.trusted_proxies (127.0.0.1)",
            _ => "",
        };
        let reason = format!(
            "nobody listens there: {section}.listen is {listen}; write the address of that, or leave {section}.url out{forwarded}"
        );
        return (!there).then(|| refused(key, url, reason));
    }
    None
}

/// Addresses of browsers that are plain http, where not this machine alone is meant: the cookies would not be `Secure`.
fn in_the_clear(config: &Config) -> Refusals {
    if config.development {
        return Vec::new();
    }
    let named = [
        ("public.url", &config.public.url),
        ("kratos.url", &config.kratos.url),
        ("pingone.auth_url", &config.pingone.auth_url),
    ];
    let clear = named.into_iter().filter(|(_, url)| {
        Url::parse(url).is_ok_and(|url| url.scheme() == "http" && !is_of_this_machine(&url))
    });
    let reason = "outside development mode browsers reach it over https (the cookies would not be `Secure`)";
    clear.map(|(key, url)| refused(key, url, reason)).collect()
}

/// Whether an address is of loopback. RFC 6761 §6.3 for the name.
pub(super) fn is_of_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

fn is_at(url: &Url, ip: IpAddr) -> bool {
    match url.host() {
        Some(Host::Ipv4(host)) => ip == IpAddr::V4(host),
        Some(Host::Ipv6(host)) => ip == IpAddr::V6(host),
        _ => true,
    }
}
