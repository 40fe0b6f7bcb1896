//! What may change while the server runs, and what differs between two configurations.
//!
//! A key that is not named here needs a restart: it is safer to say so than to change half of something.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use crate::config::Config;

/// Keys that a reload changes.
const AT_ONCE: &[&str] = &[
    "log",
    "public.url",
    "public.tls_cert",
    "public.tls_key",
    "public.trusted_proxies",
    "public.front_page",
    "public.hsts_s",
    "public.clear_site_data",
    "public.proxy_header",
    "admin.url",
    "admin.token",
    "admin.token_file",
    "admin.tls_cert",
    "admin.tls_key",
    "realms.path",
    "kratos.realm",
    "kratos.url",
    "kratos.cookie_name",
    "kratos.cookie_names_read",
    "kratos.cookie_persistent",
    "kratos.cookie_same_site",
    "kratos.cookie_domain",
    "kratos.login_flow_lifetime_s",
    "kratos.settings_flow_lifetime_s",
    "kratos.registration_flow_lifetime_s",
    "kratos.registration_opens_session",
    "kratos.recovery_ends_others",
    "kratos.use_continue_with_transitions",
    "kratos.login_keeps_token",
    "kratos.count_has_ended",
    "kratos.enrolling_proves",
    "kratos.default_return_url",
    "kratos.logout_return_url",
    "kratos.login_return_url",
    "kratos.registration_return_url",
    "kratos.registration_ui_url",
    "kratos.recovery_ui_url",
    "kratos.login_ui_url",
    "kratos.error_ui_url",
    "kratos.settings_ui_url",
    "kratos.allowed_return_urls",
    "kratos.cors_origins",
    "kratos.whoami_cacheable",
    "kratos.whoami_cacheable_max_s",
    "kratos.logout_clears_browser_data",
    "kratos.documented_error_ids",
    "kratos.schema_id",
    "kratos.schema_file",
    "kratos.extend_within_s",
    "kratos.extend_answers_nothing",
    "kratos.set_all_cookies",
    "kratos.tokenizers.name",
    "kratos.tokenizers.lifetime_s",
    "kratos.tokenizers.claims",
    "am.cookie_name",
    "am.cookie_domains",
    "am.base_dn",
    "am.success_url",
    "am.version_default",
    "am.version_warning",
    "am.csrf_filter",
    "am.attempt_lifetime_s",
    "am.goto_allowed",
    "am.cors_origins",
    "am.session_properties",
    "am.cookie_same_site",
    "am.token_in_body",
    "am.ends_by_id_token",
    "am.introspects_as_openam",
    "am.escapes_messages",
    "am.public_needs_pkce",
    "am.set_all_cookies",
    "realms.pingone_url",
    "pingone.auth_url",
    "pingone.api_url",
    "pingone.apps_url",
    "pingone.cookie_lifetime_s",
    "pingone.set_all_cookies",
    "pingone.sign_off_asks",
    "openid.set_all_cookies",
    "openid.session_management",
    "openid.registration",
    "openid.require_pushed_requests",
    "check.realm",
    "check.sign_on_url",
    "check.preflights_pass",
    "check.method_forwarded",
];

/// Whether a reload changes this key; otherwise it takes a restart. Limits of sessions are rules of the authority, which
/// stays.
pub fn at_once(key: &str) -> bool {
    AT_ONCE.contains(&key)
}

/// The keys that differ and take a restart.
pub fn for_a_restart(now: &Config, wanted: &Config) -> BTreeSet<String> {
    differing(now, wanted).into_iter().filter(|key| !at_once(key)).collect()
}

/// The keys that differ.
pub fn differing(now: &Config, wanted: &Config) -> BTreeSet<String> {
    let secrets = secrets(now, wanted);
    let (now, wanted) = (leaves(now), leaves(wanted));
    let keys = now.keys().chain(wanted.keys());
    keys.filter(|key| now.get(*key) != wanted.get(*key)).cloned().chain(secrets).collect()
}

/// The keys that differ and whose values are written as stars.
fn secrets(now: &Config, wanted: &Config) -> impl Iterator<Item = String> {
    let of = |config: &Config| {
        let (admin, store) = (&config.admin, &config.store);
        [
            ("admin.token", admin.token.clone()),
            ("store.url", store.url.clone()),
            ("store.key", store.key.clone()),
        ]
    };
    let both = of(now).into_iter().zip(of(wanted));
    both.filter(|(now, wanted)| now != wanted).map(|((key, _), _)| key.to_owned())
}

/// Every key with its values: several in a list of tables, one elsewhere.
fn leaves(config: &Config) -> BTreeMap<String, Vec<Value>> {
    let mut found = BTreeMap::new();
    // A configuration was read from TOML, so it can be written as such.
    collect(&Table::try_from(config).unwrap_or_default(), "", &mut found);
    found
}

fn collect(table: &Table, section: &str, found: &mut BTreeMap<String, Vec<Value>>) {
    for (name, value) in table {
        let key = format!("{section}{name}");
        match value {
            Value::Table(inner) => collect(inner, &format!("{key}."), found),
            Value::Array(items) if items.iter().any(Value::is_table) => {
                for item in items.iter().filter_map(Value::as_table) {
                    collect(item, &format!("{key}."), found);
                }
            }
            _ => found.entry(key).or_default().push(value.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys::keys;

    #[test]
    fn every_entry_names_a_key() {
        for entry in AT_ONCE {
            assert!(keys().any(|key| key.path == *entry), "{entry}");
        }
    }

    #[test]
    fn only_what_takes_a_restart_is_named() {
        let now = Config::default();
        let mut wanted = now.clone();
        wanted.log = "debug".into();
        wanted.kratos.cors_origins = vec!["https://app.test".into()];
        wanted.public.trusted_proxies = vec!["10.0.0.1".into()];
        assert!(for_a_restart(&now, &wanted).is_empty());
        wanted.public.listen = ([127, 0, 0, 1], 1).into();
        wanted.data = "elsewhere".into();
        wanted.am.idle_s = 1;
        wanted.realms[0].am_idle_s = Some(1);
        let mut now = now;
        (now.store.url, wanted.store.url) = ("postgres://one/adieu".into(), "postgres://two/adieu".into());
        let named = for_a_restart(&now, &wanted);
        let expected = ["am.idle_s", "data", "public.listen", "realms.am_idle_s", "store.url"];
        assert_eq!(named, expected.map(str::to_owned).into());
    }
}
