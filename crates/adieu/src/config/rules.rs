//! What the keys of a configuration come to together: listeners, realms, cookies, the cost of a password.
//!
//! Each value by itself is sound already. Nothing is read here, and no rule is a dialect's.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::net::{IpAddr, SocketAddr};

use adieu_authority::ROOT;
use url::Url;

use crate::config::Config;
use crate::config::faults::RefusedValue;
use crate::provision;

/// What is refused: keys, those of a list with their place in it, each with the value and the reason.
pub(super) type RefusedKey = (String, RefusedValue);
pub(super) type Refusals = Vec<RefusedKey>;

/// Everything that does not fit together.
pub(super) fn check(config: &Config) -> Refusals {
    [listeners(config), realms(config), cookies(config), templates(config), sizes(config), store(config)]
        .concat()
}

/// A key with the value that is refused, and why.
pub(super) fn refused(key: impl Into<String>, value: impl Debug, reason: impl Into<String>) -> RefusedKey {
    (key.into(), RefusedValue { value: Some(format!("{value:?}")), reason: reason.into() })
}

/// The same of a value that is not there.
pub(super) fn refused_unsaid(key: impl Into<String>, reason: impl Into<String>) -> RefusedKey {
    (key.into(), RefusedValue { value: None, reason: reason.into() })
}

/// How the listeners may be reached. Passwords and sessions never cross a network in the clear.
fn listeners(config: &Config) -> Refusals {
    let (public, admin) = (&config.public, &config.admin);
    let mut refusals = Vec::new();
    for (section, cert, key) in
        [("public", &public.tls_cert, &public.tls_key), ("admin", &admin.tls_cert, &admin.tls_key)]
    {
        let (missing, there) = match (cert.as_os_str().is_empty(), key.as_os_str().is_empty()) {
            (true, false) => ("tls_cert", "tls_key"),
            (false, true) => ("tls_key", "tls_cert"),
            _ => continue,
        };
        let reason = format!("{section}.{there} is named: name both files, or neither");
        refusals.push(refused(format!("{section}.{missing}"), "", reason));
    }
    let plain = public.tls().is_none() && public.trusted_proxies.is_empty();
    if plain && !public.listen.ip().is_loopback() {
        let reason = "plain HTTP stays on loopback; name a certificate (public.tls_cert, public.tls_key), or the proxies \
                      that speak TLS in front of it (public.trusted_proxies)";
        refusals.push(refused("public.listen", public.listen.to_string(), reason));
    }
    let credential = !admin.token.reveal().is_empty() || !admin.token_file.as_os_str().is_empty();
    if !admin.listen.ip().is_loopback() && (!credential || admin.tls().is_none()) {
        let reason = "beyond loopback the admin listener needs a credential (admin.token_file) and a certificate \
                      (admin.tls_cert, admin.tls_key); name both, or listen on 127.0.0.1";
        refusals.push(refused("admin.listen", admin.listen.to_string(), reason));
    }
    if overlap(public.listen, admin.listen) {
        let reason = format!("public.listen = {}: each listener needs a port of its own", public.listen);
        refusals.push(refused("admin.listen", admin.listen.to_string(), reason));
    }
    refusals
}

/// Whether one of two listeners keeps the other from being bound. A socket of all IPv6 addresses has those of IPv4 as well.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let has = |wide: IpAddr, ip: IpAddr| wide.is_unspecified() && (wide.is_ipv6() || ip.is_ipv4());
    let (a, b) = (one.ip(), other.ip());
    one.port() != 0 && one.port() == other.port() && (a == b || has(a, b) || has(b, a))
}

/// Realms are apart, and those that something is bound to are there.
fn realms(config: &Config) -> Refusals {
    let mut refusals = Vec::new();
    let (mut paths, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for (n, realm) in config.realms.iter().enumerate() {
        if !paths.insert(realm.path.as_str()) {
            refusals.push(refused(format!("realms[{n}].path"), &realm.path, "this realm is named twice"));
        }
        let id = provision::id_of(realm, config.development);
        if id.is_some_and(|id| !ids.insert(id)) {
            let id = realm.id.clone().unwrap_or_default();
            refusals.push(refused(format!("realms[{n}].id"), id, "another realm has this id"));
        }
    }
    for (key, realm) in [("kratos.realm", &config.kratos.realm), ("check.realm", &config.check.realm)] {
        if realm != ROOT && !paths.contains(realm.as_str()) {
            let known = paths.iter().copied().chain([ROOT]).collect::<BTreeSet<_>>();
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            let reason =
                format!("there is no such realm, but {known}; a realm is named by `path` below [[realms]]");
            refusals.push(refused(key, realm, reason));
        }
    }
    refusals
}

/// What browsers would not keep is refused. RFC 6265 §5.3, and the prefixes of its successor.
fn cookies(config: &Config) -> Refusals {
    let mut refusals = Vec::new();
    let kratos = config.kratos_url();
    let domain = config.kratos.cookie_domain.as_str();
    if !domain.is_empty() {
        refusals.extend(outside("kratos.cookie_domain".into(), domain, kratos));
    }
    for (n, domain) in config.am.cookie_domains.iter().enumerate() {
        refusals.extend(outside(format!("am.cookie_domains[{n}]"), domain, &config.public.url));
    }
    for (key, name, url, domains) in [
        ("kratos.cookie_name", &config.kratos.cookie_name, kratos, domain.is_empty()),
        (
            "am.cookie_name",
            &config.am.cookie_name,
            config.public.url.as_str(),
            config.am.cookie_domains.is_empty(),
        ),
    ] {
        let name_begins = |prefix: &str| name.to_ascii_lowercase().starts_with(prefix);
        let (host_only, secure) =
            (name_begins("__host-"), name_begins("__host-") || name_begins("__secure-"));
        if secure && !url.starts_with("https://") {
            refusals.push(refused(
                key,
                name,
                format!("browsers keep a cookie of this name over https only, not at {url}"),
            ));
        } else if host_only && !domains {
            refusals.push(refused(key, name, "browsers keep a cookie of this name without a domain only"));
        }
    }
    for (key, same_site, url) in [
        ("kratos.cookie_same_site", &config.kratos.cookie_same_site, kratos),
        ("am.cookie_same_site", &config.am.cookie_same_site, config.public.url.as_str()),
    ] {
        if same_site == "None" && !url.starts_with("https://") {
            let reason = format!("browsers keep such a cookie over https only, not at {url}");
            refusals.push(refused(key, same_site, reason));
        }
    }
    refusals
}

/// What is wrong with the domain of a cookie that is set at an address outside it.
fn outside(key: String, domain: &str, address: &str) -> Option<RefusedKey> {
    let host = Url::parse(address).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let plain = domain.trim_start_matches('.').to_ascii_lowercase();
    let within = host == plain || host.strip_suffix(&plain).is_some_and(|rest| rest.ends_with('.'));
    let reason =
        format!("browsers refuse the cookie: {host}, the host of the address, is not in this domain");
    (!within).then(|| refused(key, domain, reason))
}

/// Templates for `tokenize_as` can be kept, and are apart.
fn templates(config: &Config) -> Refusals {
    let mut names = BTreeSet::new();
    let fault = |(n, template): (usize, &crate::config::TokenizerConfig)| {
        let key = |key: &str| format!("kratos.tokenizers[{n}].{key}");
        if !names.insert(template.name.clone()) {
            return Some(refused(key("name"), &template.name, "this template is named twice"));
        }
        template.template().err().map(|why| refused(key("claims"), &template.claims, why))
    };
    config.kratos.tokenizers.iter().enumerate().filter_map(fault).collect()
}

/// An installation with nobody in it has some dozens of pages.
const PAGES_MIN: u32 = 1000;

fn sizes(config: &Config) -> Refusals {
    let mut refusals = Vec::new();
    if !config.development && config.passwords.memory_kib < 7 * 1024 {
        let reason = "outside development mode a hash costs at least 7168 KiB";
        refusals.push(refused("passwords.memory_kib", config.passwords.memory_kib, reason));
    }
    if (1..PAGES_MIN).contains(&config.keep.pages_max) {
        let reason = "at least 1000 pages, or 0 for SQLite's own limit";
        refusals.push(refused("keep.pages_max", config.keep.pages_max, reason));
    }
    refusals
}

/// What is said of the database fits together. Its address is never shown.
fn store(config: &Config) -> Refusals {
    let store = &config.store;
    let files =
        [("password_file", &store.password_file), ("ca_file", &store.ca_file), ("key_file", &store.key_file)];
    let named = files.into_iter().filter(|(_, path)| !path.as_os_str().is_empty()).map(|(name, _)| name);
    let mut named: Vec<&str> = named.collect();
    let has_key = !store.key.reveal().is_empty();
    if store.url.reveal().is_empty() {
        named.extend(has_key.then_some("key"));
        let unused = |name| {
            let reason = "there is no store.url: the data folder is the store, and has a key of its own";
            refused_unsaid(format!("store.{name}"), reason)
        };
        return named.into_iter().map(unused).collect();
    }
    let mut refusals = Vec::new();
    if has_key && named.contains(&"key_file") {
        refusals.push(refused(
            "store.key_file",
            &store.key_file,
            "store.key is there, too: name one of them",
        ));
    }
    let has_password = store.address().and_then(Result::ok).is_some_and(|address| address.has_password);
    if has_password && named.contains(&"password_file") {
        let reason = "a password stands in store.url, too: name one of them";
        refusals.push(refused("store.password_file", &store.password_file, reason));
    }
    if config.keep.pages_max > 0 {
        let reason = "it is of the data folder's database, and store.url names another one";
        refusals.push(refused("keep.pages_max", config.keep.pages_max, reason));
    }
    refusals
}
