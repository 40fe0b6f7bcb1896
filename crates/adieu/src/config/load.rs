//! Reads the file, lays the environment over it, refuses what nobody knows.
//!
//! It decides nothing about a dialect; it says where a value is wrong and what is allowed.

use std::path::{Path, PathBuf};

use adieu_authority::SecondFactorRule;
use adieu_http_kit::forwarded::Trusted;
use toml::{Table, Value};

use crate::config::Config;
use crate::config::keys::KEYS;
use crate::logging::is_sound;
use adieu_provisioning::names::unknown;

/// What is wrong with a configuration. Each text says where and what to do.
#[derive(Debug)]
pub enum ConfigError {
    /// The file can't be read.
    Unreadable(PathBuf, std::io::Error),
    /// It is no TOML.
    Syntax(String),
    /// A key that nobody knows, and the nearest one that somebody does.
    Unknown {
        /// The key as written.
        key: String,
        /// The nearest known one.
        nearest: &'static str,
    },
    /// A value of the wrong kind, or out of bounds.
    Value(String),
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(path, cause) => write!(f, "{} can't be read: {cause}", path.display()),
            Self::Syntax(text) => write!(f, "the configuration is not TOML: {text}"),
            Self::Unknown { key, nearest } => write!(f, "unknown key `{key}`; did you mean `{nearest}`?"),
            Self::Value(text) => write!(f, "{text}"),
        }
    }
}

impl std::error::Error for ConfigError {}

/// Prefix of environment variables: `ADIEU_KRATOS__COOKIE_NAME` is `kratos.cookie_name`.
const PREFIX: &str = "ADIEU_";

/// The configuration of a file, if one is named, under the given environment.
pub fn load(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let mut table = match file {
        None => Table::new(),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|e| ConfigError::Unreadable(path.into(), e))?;
            text.parse().map_err(|e: toml::de::Error| ConfigError::Syntax(e.to_string()))?
        }
    };
    for (name, text) in environment {
        if let Some(name) = name.strip_prefix(PREFIX) {
            overlay(&mut table, name, &text);
        }
    }
    let known: Vec<&str> = KEYS.iter().map(|key| key.path).collect();
    if let Some((key, nearest)) = unknown(&table, &known) {
        return Err(ConfigError::Unknown { key, nearest });
    }
    let config: Config = table.try_into().map_err(|e: toml::de::Error| ConfigError::Value(e.to_string()))?;
    check(&config)?;
    Ok(config)
}

/// Sets one key from the environment. Text that reads as TOML is that value; anything else is a string.
fn overlay(table: &mut Table, name: &str, text: &str) {
    let path: Vec<String> = name.split("__").map(str::to_lowercase).collect();
    let Some((last, sections)) = path.split_last() else { return };
    let known_as_text = KEYS.iter().any(|key| key.path == path.join(".") && key.unit == "text");
    let parsed = format!("v = {text}").parse::<Table>().ok().and_then(|mut t| t.remove("v"));
    let value = parsed.filter(|_| !known_as_text).unwrap_or_else(|| Value::String(text.to_owned()));
    let mut here = table;
    for section in sections {
        let entry = here.entry(section.clone()).or_insert_with(|| Value::Table(Table::new()));
        let Value::Table(inner) = entry else { return };
        here = inner;
    }
    here.insert(last.clone(), value);
}

const BEYOND: &str = "DENY_ACCESS, DESTROY_NEXT_EXPIRING, DESTROY_OLDEST_SESSION or DESTROY_OLD_SESSIONS";

/// What types do not say.
fn check(config: &Config) -> Result<(), ConfigError> {
    let bad = |text: &str| Err(ConfigError::Value(text.to_owned()));
    check_listeners(config)?;
    if !is_sound(&config.log) {
        return bad("log: a level (error, warn, info, debug, trace), or directives such as info,adieu=debug");
    }
    if !config.development && (config.passwords.memory_kib < 7 * 1024 || config.passwords.passes < 1) {
        return bad("passwords.memory_kib: outside development mode a hash costs at least 7168 KiB");
    }
    if config.passwords.memory_kib < 8 || config.passwords.memory_kib > 256 * 1024 {
        return bad("passwords.memory_kib: between 8 and 262144");
    }
    if !(1..=16).contains(&config.passwords.passes) {
        return bad("passwords.passes: between 1 and 16");
    }
    if config.tokens.refresh_reuse_grace_s > 60 {
        return bad(
            "tokens.refresh_reuse_grace_s: at most 60; a stolen token is worth something for as long",
        );
    }
    if !["", "Lax", "Strict", "None", "absent"].contains(&config.am.cookie_same_site.as_str()) {
        return bad("am.cookie_same_site: Lax, Strict, None, absent or nothing");
    }
    if !["Lax", "Strict", "None"].contains(&config.kratos.cookie_same_site.as_str()) {
        return bad("kratos.cookie_same_site: Lax, Strict or None");
    }
    let rules = config.realms.iter().filter_map(|realm| realm.second_factor.as_deref());
    let rules = rules.map(|rule| ("realms.second_factor", rule));
    for (key, rule) in rules.chain([("sign_on.second_factor", config.sign_on.second_factor.as_str())]) {
        if SecondFactorRule::read(rule).is_none() {
            return bad(&format!("{key}: never, when_enrolled or required"));
        }
    }
    for tokenizer in &config.kratos.tokenizers {
        if let Err(why) = tokenizer.template() {
            return bad(&format!("kratos.tokenizers: {}: {why}", tokenizer.name));
        }
    }
    if !["latest", "oldest", "none"].contains(&config.am.version_default.as_str()) {
        return bad("am.version_default: latest, oldest or none");
    }
    if crate::assembled::beyond(&config.am.sessions_beyond).is_none() {
        return bad(&format!("am.sessions_beyond: {BEYOND}"));
    }
    for realm in &config.realms {
        if realm.am_sessions_beyond.as_ref().is_some_and(|word| crate::assembled::beyond(word).is_none()) {
            return bad(&format!("realms.am_sessions_beyond: {BEYOND}"));
        }
        let sound = realm.path.starts_with('/')
            && !realm.path.ends_with('/')
            && realm.path == realm.path.to_lowercase();
        if !sound {
            return bad("realms.path: begins with a slash, ends without one, in small letters");
        }
        if realm.pingone_url.as_deref().is_some_and(|url| !is_public_address(url)) {
            return bad("realms.pingone_url: http:// or https://, a host, and no slash at the end");
        }
        if realm.id.as_ref().is_some_and(|id| id.parse::<adieu_authority::RealmId>().is_err()) {
            return bad("realms.id: a UUID");
        }
    }
    Ok(())
}

/// Whether paths can be put behind it.
fn is_public_address(text: &str) -> bool {
    let plain = |url: &url::Url| url.query().is_none() && url.fragment().is_none();
    let url = url::Url::parse(text).ok().filter(plain);
    url.is_some_and(|url| ["http", "https"].contains(&url.scheme()) && url.has_host()) && !text.ends_with('/')
}

/// How the listeners may be reached. Passwords and sessions never cross a network in the clear.
fn check_listeners(config: &Config) -> Result<(), ConfigError> {
    let bad = |text: String| Err(ConfigError::Value(text));
    let (public, admin) = (&config.public, &config.admin);
    for (section, cert, key) in
        [("public", &public.tls_cert, &public.tls_key), ("admin", &admin.tls_cert, &admin.tls_key)]
    {
        if cert.as_os_str().is_empty() != key.as_os_str().is_empty() {
            return bad(format!("{section}.tls_cert, {section}.tls_key: name both files, or neither"));
        }
    }
    if let Err(error) = Trusted::parse(&public.trusted_proxies) {
        return bad(format!("public.trusted_proxies: {error}"));
    }
    if public.trusted_proxies.iter().any(|network| network.ends_with("/0")) {
        return bad("public.trusted_proxies: a network of everybody is no proxy's".into());
    }
    if !["x-forwarded", "forwarded"].contains(&public.proxy_header.as_str()) {
        return bad("public.proxy_header: x-forwarded or forwarded".into());
    }
    let plain = public.tls().is_none() && public.trusted_proxies.is_empty();
    if plain && !public.listen.ip().is_loopback() {
        return bad(format!(
            "public.listen = {}: plain HTTP stays on loopback; name a certificate (public.tls_cert, public.tls_key), \
             or the proxies that speak TLS in front of it (public.trusted_proxies)",
            public.listen
        ));
    }
    let credential = admin.credential().map_err(ConfigError::Value)?;
    if !admin.listen.ip().is_loopback() && (credential.is_none() || admin.tls().is_none()) {
        return bad(format!(
            "admin.listen = {}: beyond loopback the admin listener needs a credential (admin.token_file) and a \
             certificate (admin.tls_cert, admin.tls_key); name both, or listen on 127.0.0.1",
            admin.listen
        ));
    }
    if !(1..=1_000_000).contains(&config.limits.connections_max) {
        return bad("limits.connections_max: between 1 and 1000000".into());
    }
    if config.keep.flows_max == 0 || config.keep.flows_by_address_max == 0 {
        return bad("keep.flows_max, keep.flows_by_address_max: at least 1, or nobody signs on".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(text: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("adieu.toml");
        std::fs::write(&path, text).expect("a file");
        load(Some(&path), environment.iter().map(|(k, v)| (k.to_string(), v.to_string())))
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_known_one() {
        let error = from("[kratos]\ncookie_nam = 'x'", &[]).expect_err("unknown");
        assert_eq!(error.to_string(), "unknown key `kratos.cookie_nam`; did you mean `kratos.cookie_name`?");
        let error = from("dta = 'x'", &[]).expect_err("unknown");
        assert_eq!(error.to_string(), "unknown key `dta`; did you mean `data`?");
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let config = from(
            "[kratos]\ncookie_name = 'file'",
            &[
                ("ADIEU_KRATOS__COOKIE_NAME", "env"),
                ("ADIEU_KRATOS__SESSION_LIFETIME_S", "7"),
                ("OTHER", "x"),
            ],
        )
        .expect("a configuration");
        assert_eq!((config.kratos.cookie_name.as_str(), config.kratos.session_lifetime_s), ("env", 7));
    }

    #[test]
    fn values_out_of_bounds_say_what_is_allowed() {
        assert!(from("[passwords]\nmemory_kib = 64", &[]).is_err());
        assert!(from("development = true\n[passwords]\nmemory_kib = 64", &[]).is_ok());
        assert!(from("[[realms]]\npath = 'alpha'", &[]).is_err());
        let error = from("[am]\nsessions_beyond = 'DESTROY'", &[]).expect_err("no such thing");
        assert!(error.to_string().starts_with("am.sessions_beyond:"), "{error}");
        let of_realm = |word: &str| format!("[[realms]]\npath = '/a'\nam_sessions_beyond = '{word}'");
        assert!(from(&of_realm("refuse"), &[]).is_err());
        assert!(from(&of_realm("DENY_ACCESS"), &[]).is_ok());
        let seen_at = |url: &str| format!("[[realms]]\npath = '/a'\npingone_url = '{url}'");
        assert!(from(&seen_at("https://login.alpha.test"), &[]).is_ok());
        for bad in ["", "login.alpha.test", "ftp://alpha.test", "https://alpha.test/", "https://alpha.test?x"]
        {
            let error = from(&seen_at(bad), &[]).expect_err(bad).to_string();
            assert!(error.starts_with("realms.pingone_url:"), "{bad}: {error}");
        }
        assert!(from("[public]\nlisten = 'nowhere'", &[]).is_err());
        assert!(from("[limits]\nconnections_max = 0", &[]).is_err());
        assert!(from("log = 'info,adieu=everything'", &[]).is_err());
    }

    /// Goal: whoever would open the admin listener to a network is told what is missing.
    #[test]
    fn the_admin_listener_leaves_loopback_only_with_a_credential_and_a_certificate() {
        let (token, tls) = ("token = '0123456789abcdef'\n", "tls_cert = 'c.pem'\ntls_key = 'k.pem'\n");
        let beyond = "[admin]\nlisten = '0.0.0.0:4434'\n";
        for missing in [beyond.to_owned(), format!("{beyond}{token}"), format!("{beyond}{tls}")] {
            let error = from(&missing, &[]).expect_err("beyond loopback").to_string();
            assert!(error.contains("admin.token_file") && error.contains("admin.tls_cert"), "{error}");
        }
        assert!(from(&format!("{beyond}{token}{tls}"), &[]).is_ok());
        assert!(from(&format!("[admin]\n{token}"), &[]).is_ok(), "on loopback it may have one");
        let from_environment = [("ADIEU_ADMIN__TOKEN", "0123456789012345678")];
        let config = from(&format!("{beyond}{tls}"), &from_environment).expect("a configuration");
        assert_eq!(config.admin.token.reveal(), "0123456789012345678");
        let error = from("[admin]\ntoken = 'hunter2'", &[]).expect_err("too short").to_string();
        assert!(error.starts_with("admin.token:") && !error.contains("hunter2"), "{error}");
    }

    /// Goal: who would serve passwords in the clear is told what to do instead.
    #[test]
    fn plain_http_stays_on_loopback_or_behind_a_named_proxy() {
        let error = from("[public]\nlisten = '0.0.0.0:4433'", &[]).expect_err("plain").to_string();
        assert!(error.contains("public.tls_cert") && error.contains("public.trusted_proxies"), "{error}");
        assert!(from("[public]\nlisten = '[::]:4433'", &[]).is_err());
        for sound in [
            "listen = '0.0.0.0:4433'\ntls_cert = 'c.pem'\ntls_key = 'k.pem'",
            "listen = '0.0.0.0:4433'\ntrusted_proxies = ['10.0.0.0/8', '192.0.2.7']",
            "listen = '[::1]:4433'",
        ] {
            assert!(from(&format!("[public]\n{sound}"), &[]).is_ok(), "{sound}");
        }
        for bad in [
            "tls_cert = 'c.pem'",
            "tls_key = 'k.pem'",
            "trusted_proxies = ['proxy.test']",
            "trusted_proxies = ['0.0.0.0/0']",
            "proxy_header = 'x-real-ip'",
        ] {
            assert!(from(&format!("[public]\n{bad}"), &[]).is_err(), "{bad}");
        }
    }
}
