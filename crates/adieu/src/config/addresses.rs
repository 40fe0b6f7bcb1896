//! Our own addresses as others see them: what they are where nothing is said, and whether they lead to our listeners.
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

/// One of our own addresses, with the listener that it leads to.
pub(super) struct OwnAddress<'a> {
    /// The key, with its place in a list: `realms[1].pingone_url`.
    pub(super) key: String,
    /// The key without a place.
    pub(super) name: &'static str,
    pub(super) url: &'a str,
    /// The section of the listener.
    pub(super) section: &'static str,
    /// Who comes by the address.
    whose: &'static str,
    said: bool,
    listen: SocketAddr,
    secure: bool,
    /// Others listen for it, and hand on what they get.
    proxied: bool,
}

/// All our addresses: those of the two listeners, and those that are said beside them.
pub(super) fn own_addresses(config: &Config, said: SaidAddresses) -> Vec<OwnAddress<'_>> {
    let (public, admin, pingone) = (&config.public, &config.admin, &config.pingone);
    let (secure, proxied) = (public.tls().is_some(), !public.trusted_proxies.is_empty());
    let at_public = |key: String, name, url, whose, said| {
        let (section, listen) = ("public", public.listen);
        OwnAddress { key, name, url, section, whose, said, listen, secure, proxied }
    };
    let beside = [
        ("kratos.url", &config.kratos.url, "browsers"),
        ("pingone.auth_url", &pingone.auth_url, "browsers"),
        ("pingone.apps_url", &pingone.apps_url, "browsers"),
        ("pingone.api_url", &pingone.api_url, "programs"),
    ];
    let beside = beside.into_iter().filter(|(_, url, _)| !url.is_empty());
    let of_realms = config.realms.iter().enumerate().filter_map(|(n, realm)| {
        let key = format!("realms[{n}].pingone_url");
        let url = realm.pingone_url.as_deref()?;
        Some(at_public(key, "realms.pingone_url", url, "browsers", true))
    });
    let of_admin = OwnAddress {
        key: "admin.url".into(),
        name: "admin.url",
        url: &admin.url,
        section: "admin",
        whose: "administrators",
        said: said.admin,
        listen: admin.listen,
        secure: admin.tls().is_some(),
        proxied: false,
    };
    let of_public =
        at_public("public.url".into(), "public.url", public.url.as_str(), "browsers", said.public);
    let beside = beside.map(|(name, url, whose)| at_public(name.into(), name, url.as_str(), whose, true));
    [of_public].into_iter().chain(beside).chain(of_realms).chain([of_admin]).collect()
}

/// The origins at which this installation is reached, that of the admin listener included.
pub(crate) fn own_origins(config: &Config) -> Vec<String> {
    let own = own_addresses(config, SaidAddresses::ALL);
    own.iter().filter_map(|own| adieu_authority::web_origin(own.url)).collect()
}

/// Addresses that lead nowhere, and those by which sessions and passwords would go over a network in the clear.
pub(super) fn check(config: &Config, said: SaidAddresses) -> Refusals {
    let clear = |address: &OwnAddress<'_>| (!config.development).then(|| in_the_clear(address)).flatten();
    let own = own_addresses(config, said);
    own.iter().filter_map(|address| leads_nowhere(address).or_else(|| clear(address))).collect()
}

fn leads_nowhere(own: &OwnAddress<'_>) -> Option<RefusedKey> {
    let OwnAddress { key, name, url, section, whose, said, listen, secure, proxied } = own;
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
            "nobody listens there: {section}.listen is {listen}; write the address of that, or leave {name} out{forwarded}"
        );
        return (!there).then(|| refused(key, url, reason));
    }
    None
}

/// Plain http where not this machine alone is meant.
fn in_the_clear(own: &OwnAddress<'_>) -> Option<RefusedKey> {
    let address = Url::parse(own.url).ok()?;
    let what = match own.whose {
        "browsers" => "the cookies would not be `Secure`",
        _ => "tokens would go over a network in the clear",
    };
    let reason = format!("outside development mode {} reach it over https ({what})", own.whose);
    let clear = address.scheme() == "http" && !is_of_this_machine(&address);
    clear.then(|| refused(&own.key, own.url, reason))
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::keys::keys;
    use crate::config::kinds::Kind;

    /// Goal: no address of ours is left out of the rules: they go over every key that is one.
    #[test]
    fn every_address_is_judged() {
        let mut config = Config::default();
        for url in [
            &mut config.kratos.url,
            &mut config.pingone.auth_url,
            &mut config.pingone.apps_url,
            &mut config.pingone.api_url,
        ] {
            *url = "https://id.example.test".into();
        }
        config.realms[0].pingone_url = Some("https://id.example.test".into());
        let judged: BTreeSet<_> =
            own_addresses(&config, SaidAddresses::ALL).iter().map(|own| own.name).collect();
        let is_address = |kind: &Kind| matches!(kind, Kind::Address | Kind::AddressOrNone);
        let keys: BTreeSet<_> = keys().filter(|key| is_address(&key.kind)).map(|key| key.path).collect();
        assert_eq!(judged, keys);
    }
}
