//! What is worth a word in a sound configuration: it may be meant so, and mostly is not.
//!
//! `check-config`, a start and a reload tell the same; nothing is refused for it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use url::Url;

use crate::config::addresses::{OwnAddress, SaidAddresses, is_of_this_machine, own_addresses};
use crate::config::rules::{Refusals, RefusedKey, refused, refused_unsaid};
use crate::config::{Config, TlsFiles};
use crate::tls::Tls;

/// Every doubt, by key.
pub(super) fn of(config: &Config, said: SaidAddresses) -> Refusals {
    let own = own_addresses(config, said);
    let alone = [development(config, &own), proxy(config, &own), database(config)];
    let doubts = alone.into_iter().flatten().chain(secrets(config));
    doubts.chain(ports(config, said)).chain(certificates(config, &own)).collect()
}

/// Development mode where others than this machine come.
fn development(config: &Config, own: &[OwnAddress<'_>]) -> Option<RefusedKey> {
    let beyond = !config.public.listen.ip().is_loopback();
    let is_elsewhere = |own: &&OwnAddress<'_>| Url::parse(own.url).is_ok_and(|url| !is_of_this_machine(&url));
    let what = match (beyond, own.iter().find(is_elsewhere)) {
        (true, _) => format!("public.listen is {}", config.public.listen),
        (false, Some(OwnAddress { name, url, .. })) => format!("{name} is {url}"),
        (false, None) => return None,
    };
    let reason = format!(
        "this mode is for one machine, and {what}: notices and fetched keys may come from private networks and over http, \
         hashes may be cheap, and /alpha has the documented id"
    );
    config.development.then(|| refused("development", true, reason))
}

/// A proxy that nobody named stands before the listener: everybody comes from its address.
fn proxy(config: &Config, own: &[OwnAddress<'_>]) -> Option<RefusedKey> {
    let public = &config.public;
    let unnamed = public.tls().is_none() && public.trusted_proxies.is_empty();
    let by_https = own.iter().find(|own| own.section == "public" && own.url.starts_with("https://"))?;
    let reason = format!(
        "{} is {} and the listener is plain, so a proxy stands before it: until its address is here, everybody \
         counts as coming from it, in the limits of sign-ons, in sessions and in records",
        by_https.name, by_https.url
    );
    unnamed.then(|| refused("public.trusted_proxies", &public.trusted_proxies, reason))
}

/// Secrets that everybody on this machine may read.
fn secrets(config: &Config) -> impl Iterator<Item = RefusedKey> {
    let (admin, store) = (&config.admin, &config.store);
    let files = [
        ("admin.token_file", &admin.token_file),
        ("store.password_file", &store.password_file),
        ("store.key_file", &store.key_file),
    ];
    files.into_iter().filter_map(|(key, file)| open_to_all(key, file))
}

fn open_to_all(key: &str, file: &Path) -> Option<RefusedKey> {
    let mode = std::fs::metadata(file).ok().map(|about| about.permissions().mode())?;
    let reason = format!("everybody on this machine may read it (mode {:04o})", mode & 0o7777);
    (mode & 0o004 != 0).then(|| refused(key, file, reason))
}

/// A database beyond this machine that is spoken to in the clear.
fn database(config: &Config) -> Option<RefusedKey> {
    let store = &config.store;
    let beyond = store.address().and_then(Result::ok).is_some_and(|address| !address.stays_here);
    let reason = "the database is on another machine, and whoever is between can read and change what it is told and answers";
    (beyond && store.ca_file.as_os_str().is_empty()).then(|| refused_unsaid("store.ca_file", reason))
}

/// Ports that are not known before the listeners are bound, and addresses that should follow them.
fn ports(config: &Config, said: SaidAddresses) -> Refusals {
    let (public, admin) = (&config.public, &config.admin);
    let both = [
        ("public", said.public, public.listen.port(), &public.url),
        ("admin", said.admin, admin.listen.port(), &admin.url),
    ];
    let unknown = both.into_iter().filter(|(_, said, port, _)| !said && *port == 0);
    let doubt = |(section, _, _, url): (&str, bool, u16, &String)| {
        let reason = format!(
            "is not said, and the port of {section}.listen is the system's choice: what is led by it goes to {url}"
        );
        refused(format!("{section}.url"), url, reason)
    };
    unknown.map(doubt).collect()
}

/// Certificates that are not for the hosts of their listener's addresses.
fn certificates(config: &Config, own: &[OwnAddress<'_>]) -> Refusals {
    let both = [("public", config.public.tls()), ("admin", config.admin.tls())];
    let named = both.into_iter().filter_map(|(section, files)| Some((section, files?)));
    let of = |(section, files): (&'static str, TlsFiles)| {
        let own = own.iter().filter(move |own| own.section == section);
        own.filter_map(move |own| of_another(&files, own))
    };
    named.flat_map(of).collect()
}

fn of_another(files: &TlsFiles, own: &OwnAddress<'_>) -> Option<RefusedKey> {
    let url = Url::parse(own.url).ok()?;
    let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']');
    let names = Tls::names_beside(files, host)?;
    let names = if names.is_empty() { "no host at all".to_owned() } else { names.join(", ") };
    let reason = format!("the certificate is for {names}, not for {host}, the host of {}", own.name);
    let cert: &Path = &files.cert;
    Some(refused(format!("{}.tls_cert", own.section), cert, reason))
}
