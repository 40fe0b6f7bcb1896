//! Every key of the configuration, with the kind of its value and what it is for.
//!
//! The table is what a configuration is read by, and what `docs/configuration.md` is made from; a test holds it against the
//! structures.

use crate::config::kinds::Kind::{self, *};
use crate::config::kinds::TIME_S_MAX;

/// One key.
pub struct Key {
    /// Its path, sections and name joined by dots.
    pub path: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// What it is for.
    pub about: &'static str,
}

const fn key(path: &'static str, kind: Kind, about: &'static str) -> Key {
    Key { path, kind, about }
}

const DAY_S: u64 = 24 * 3600;

/// When users are asked for a second factor, as `SecondFactorRule` reads it.
const SECOND_FACTORS: [&str; 3] = ["never", "when_enrolled", "required"];

/// AM's quota actions.
const BEYOND: [&str; 4] =
    ["DENY_ACCESS", "DESTROY_NEXT_EXPIRING", "DESTROY_OLDEST_SESSION", "DESTROY_OLD_SESSIONS"];

/// Lists of tables, and the key that each of them has to have.
pub const LISTS: [&str; 2] = ["realms", "kratos.tokenizers"];

/// Keys without which an item of a list is none.
pub const NEEDED: [(&str, &str); 2] = [("realms", "path"), ("kratos.tokenizers", "name")];

/// All keys, in the order of the documentation.
pub const KEYS: &[Key] = &[
    key(
        "development",
        Flag,
        "Development mode: the realm `/alpha` gets its fixed, documented id, and hashing may cost less than is safe.",
    ),
    key(
        "log",
        Log,
        "What is logged: `error`, `warn`, `info`, `debug`, `trace`, or directives such as `info,adieu=debug`. `RUST_LOG` wins.",
    ),
    key("data", Folder, "The data folder. One process at a time has it."),
    key("public.listen", Listen, "Address and port of the public listener; port 0 lets the system choose."),
    key(
        "public.url",
        Address,
        "The public address as browsers see it. Links, issuers and cookies follow it, never the `Host` header.",
    ),
    key(
        "public.tls_cert",
        File,
        "File with the certificate and what it is signed by, in PEM; empty is plain HTTP, which stays on loopback or behind a trusted proxy.",
    ),
    key("public.tls_key", File, "File with the certificate's private key, in PEM."),
    key(
        "public.trusted_proxies",
        Networks,
        "Addresses and networks (`10.0.0.0/8`) of proxies that are believed when they say whom they speak for.",
    ),
    key(
        "public.hsts_s",
        Time(0, TIME_S_MAX),
        "Where `public.url` is https and not `localhost`: for how long browsers are told to come to this host over https alone \
         (`Strict-Transport-Security`); 0 tells them nothing.",
    ),
    key(
        "public.proxy_header",
        Word(&["x-forwarded", "forwarded"]),
        "Which headers those proxies write: `x-forwarded` (`X-Forwarded-For`, `-Proto`, `-Host`) or `forwarded` (RFC 7239). The others are not read.",
    ),
    key(
        "admin.listen",
        Listen,
        "Address and port of the admin listener; beyond loopback only with a credential and a certificate.",
    ),
    key(
        "admin.url",
        Address,
        "The admin listener's address as administrators see it; `adieu user` and its like ask there while the server runs.",
    ),
    key(
        "admin.token",
        Secret,
        "The credential that everything on the admin listener but `/health/` then asks for, as `Authorization: Bearer`: 16 to 1024 visible characters. Better in `admin.token_file`.",
    ),
    key("admin.token_file", File, "A file that holds the credential and nothing else."),
    key("admin.tls_cert", File, "As `public.tls_cert`, for the admin listener."),
    key("admin.tls_key", File, "As `public.tls_key`, for the admin listener."),
    key(
        "limits.connections_max",
        Count("connections", 1, 1_000_000),
        "Connections served at once on a listener; more wait.",
    ),
    key(
        "limits.connections_by_address_max",
        Count("connections", 0, 1_000_000),
        "Of these, how many one address may have (IPv6: one /64), trusted proxies excepted; 0 is half of them.",
    ),
    key("limits.head_bytes_max", Count("bytes", 8192, 1 << 20), "The largest head of a request."),
    key("limits.head_timeout_s", Time(1, DAY_S), "The time in which a request's head must arrive."),
    key("limits.handshake_timeout_s", Time(1, DAY_S), "The time in which a TLS handshake must be done."),
    key(
        "limits.drain_timeout_s",
        Time(0, DAY_S),
        "The time that a stopping server gives to requests in flight.",
    ),
    key(
        "passwords.memory_kib",
        Count("KiB", 8, 256 * 1024),
        "Memory of one argon2id hash; at least 7168 outside development mode.",
    ),
    key("passwords.passes", Count("passes", 1, 16), "Passes of argon2id over its memory."),
    key("passwords.workers", Count("threads", 0, 1024), "Threads that hash; 0 is one for each core."),
    key(
        "passwords.change_ends_sessions",
        Flag,
        "Whether another password, set by anybody, or its removal ends the user's sessions. Users who change their own keep the session in use. A caller of the native API may say otherwise.",
    ),
    key(
        "passwords.failures_by_name_max",
        Count("sign-ons", 0, u32::MAX as u64),
        "Sign-ons of one account that may fail in the window, whatever name was typed; they grow back evenly. A name that nobody has counts by itself, an address from which the account signed on before as well; another password, unlocking or enabling the user begins a new count. 0 is no limit.",
    ),
    key(
        "passwords.failures_by_address_max",
        Count("sign-ons", 0, u32::MAX as u64),
        "Sign-ons from one address (IPv6: one /64, and four times as many from its /48) that may fail in the window. 0 is no limit.",
    ),
    key(
        "passwords.failures_window_s",
        Time(1, TIME_S_MAX),
        "The window in which failed sign-ons are counted.",
    ),
    key(
        "passwords.sign_ons_by_account_max",
        Count("sign-ons", 0, u32::MAX as u64),
        "Right passwords of one account in their window; they grow back evenly. 0 is no limit.",
    ),
    key(
        "passwords.sign_ons_by_address_max",
        Count("sign-ons", 0, u32::MAX as u64),
        "Right passwords from one address (IPv6: as above) in their window. 0 is no limit.",
    ),
    key(
        "passwords.sign_ons_window_s",
        Time(1, TIME_S_MAX),
        "The window in which right passwords are counted.",
    ),
    key(
        "passwords.undecided_by_account_max",
        Count("sign-ons", 0, u32::MAX as u64),
        "Sign-ons of one account, from one place, that are decided at one time; others wait for them, up to five seconds. 0 is no limit.",
    ),
    key(
        "passwords.undecided_by_address_max",
        Count("sign-ons", 0, u32::MAX as u64),
        "Sign-ons from one address (IPv6: as above) that may wait for their answer at one time. 0 is no limit.",
    ),
    key(
        "sign_on.second_factor",
        Word(&SECOND_FACTORS),
        "`when_enrolled`: whoever has a second factor is asked for it, at every sign-on and by every check. `required`: everybody is; whoever has none makes one first, on the settings page. `never`: one factor is enough.",
    ),
    key(
        "sign_on.recent_s",
        Time(1, TIME_S_MAX),
        "How long after a proof of identity its user may change credentials and end the own other sessions.",
    ),
    key("keep.tombstones_s", Time(0, TIME_S_MAX), "How long ended sessions are remembered."),
    key(
        "keep.sweep_every_s",
        Time(1, TIME_S_MAX),
        "The time between two sweeps, which free space and decide nothing.",
    ),
    key(
        "keep.sessions_cached_max",
        Count("sessions", 1, 1_000_000_000),
        "Sessions kept in memory; others are read when they are asked for.",
    ),
    key(
        "keep.pages_max",
        Count("pages of 4 KiB", 0, u32::MAX as u64 - 1),
        "The largest size of the database, at least 1000; 0 is SQLite's own limit.",
    ),
    key(
        "keep.flows_max",
        Count("flows", 1, 1_000_000_000),
        "Unfinished sign-ons, settings and errors of one kind; beyond, the oldest go.",
    ),
    key(
        "keep.flows_by_address_max",
        Count("flows", 1, 1_000_000_000),
        "Of these, how many are begun from one address (IPv6: one /64; a /48 has four times as many); beyond, its own oldest go.",
    ),
    key(
        "tokens.refresh_reuse_grace_s",
        Time(0, 60),
        "The time in which a refresh token whose answer was lost gives its client the same successor again, as long as that was not used; at most 60 seconds. Every other use of an old one revokes the grant. 0 is never.",
    ),
    key(
        "realms.path",
        Realm,
        "A realm to have: its path, names behind slashes in small letters, digits, `-`, `_` and `.`.",
    ),
    key("realms.id", Id, "Its id, a UUID; random if none is given."),
    key(
        "realms.pingone_url",
        Address,
        "Public address of PingOne's authentication and pages in this realm, if other than `pingone.auth_url` and `pingone.apps_url`. It is in the issuer, so tokens of before are strange to it.",
    ),
    key(
        "realms.password_change_ends_sessions",
        Flag,
        "Whether another password ends the user's sessions in this realm, if other than `passwords.change_ends_sessions`.",
    ),
    key(
        "realms.second_factor",
        Word(&SECOND_FACTORS),
        "When users of this realm are asked for a second factor, if other than `sign_on.second_factor`.",
    ),
    key(
        "realms.am_idle_s",
        Time(0, TIME_S_MAX),
        "Idle limit of sessions that come through AM in this realm, if other than `am.idle_s`.",
    ),
    key("realms.am_lifetime_s", Time(1, TIME_S_MAX), "Life of such sessions, if other than `am.lifetime_s`."),
    key(
        "realms.am_sessions_max",
        Count("sessions", 0, u32::MAX as u64),
        "Live sessions of one user at a sign-on through AM in this realm, if other than `am.sessions_max`.",
    ),
    key(
        "realms.am_sessions_beyond",
        Word(&BEYOND),
        "What happens beyond, if other than `am.sessions_beyond`.",
    ),
    key(
        "kratos.realm",
        Realm,
        "Path of the realm behind `/` and `/auth`, which is one of `realms.path` or `/`.",
    ),
    key(
        "kratos.url",
        AddressOrNone,
        "Public address of this dialect, and so of its realm; empty is `public.url`.",
    ),
    key("kratos.cookie_name", CookieName, "Name of the session cookie."),
    key("kratos.cookie_names_read", CookieNames, "Further names under which the cookie is read."),
    key("kratos.cookie_persistent", Flag, "Whether the cookie outlives the browser."),
    key("kratos.cookie_same_site", Word(&["Lax", "Strict", "None"]), "`Lax`, `Strict` or `None`."),
    key(
        "kratos.cookie_domain",
        CookieDomain,
        "Domain of the cookie, in which the host of its address has to be; empty is the host only.",
    ),
    key("kratos.session_lifetime_s", Time(1, TIME_S_MAX), "How long a session lasts."),
    key("kratos.session_idle_s", Time(0, TIME_S_MAX), "Idle limit; 0 is none, as in Kratos."),
    key("kratos.login_flow_lifetime_s", Time(1, TIME_S_MAX), "How long a login flow lasts."),
    key("kratos.settings_flow_lifetime_s", Time(1, TIME_S_MAX), "How long a settings flow lasts."),
    key(
        "kratos.login_keeps_token",
        Flag,
        "Whether a session keeps its token when its user gives the second factor or signs on again with `refresh=true`, as in Kratos. Else the answer has a new one and the old one is dead: a token that was stolen before gains nothing.",
    ),
    key(
        "kratos.enrolling_proves",
        Flag,
        "Whether confirming new recovery codes counts as having given one, as in Kratos, in a session that is live. Else one of them is asked for at once.",
    ),
    key(
        "kratos.default_return_url",
        LinkOrNone,
        "Where browsers go when nothing else is said; empty is a page that says who is signed on.",
    ),
    key(
        "kratos.logout_return_url",
        LinkOrNone,
        "Where browsers go after a logout; empty is `kratos.default_return_url`.",
    ),
    key(
        "kratos.login_return_url",
        LinkOrNone,
        "Where browsers go after a login; empty is `kratos.default_return_url`.",
    ),
    key("kratos.login_ui_url", LinkOrNone, "The login page; empty is the built-in one."),
    key("kratos.error_ui_url", LinkOrNone, "The error page; empty is the built-in one."),
    key("kratos.settings_ui_url", LinkOrNone, "The settings page; empty is the built-in one."),
    key(
        "kratos.allowed_return_urls",
        ReturnPatterns,
        "Where `return_to` may lead: scheme, host (or `*.` and a domain) and beginning of the path: `https://app.example.com/in`, `https://*.example.com`.",
    ),
    key(
        "kratos.cors_origins",
        Origins,
        "Origins whose pages may call from a browser, with credentials. One wildcard: `https://*.example.com`, `http://localhost:*`; `*` alone is everybody, without credentials.",
    ),
    key("kratos.login_ends_others", Flag, "Whether a login ends all other sessions of the user."),
    key(
        "kratos.whoami_cacheable",
        Flag,
        "Whether whoami says for how long it may be cached. An edge cache contradicts \"ended at once\".",
    ),
    key("kratos.whoami_cacheable_max_s", Time(0, TIME_S_MAX), "The longest such time."),
    key(
        "kratos.logout_clears_browser_data",
        Flag,
        "Whether a logout tells the browser to clear its data; https only.",
    ),
    key(
        "kratos.documented_error_ids",
        Flag,
        "Whether whoami's 401 carries the documented `session_inactive`, which Kratos itself does not send.",
    ),
    key("kratos.schema_id", Text, "Name of the identity schema."),
    key("kratos.schema_file", File, "File with the identity schema (JSON); empty is a built-in one."),
    key(
        "kratos.extend_within_s",
        Time(0, TIME_S_MAX),
        "A session is extended only in its last seconds; 0 is at any time.",
    ),
    key("kratos.extend_answers_nothing", Flag, "Whether an extension is answered with 204."),
    key(
        "kratos.set_all_cookies",
        Flag,
        "Whether a login in a browser is one at every door: it also sets the other dialects' session cookies, where they serve the same realm and share the host or the cookie's domain. Native logins set no cookies.",
    ),
    key(
        "kratos.tokenizers.name",
        Text,
        "A template for `tokenize_as`: its name. Tokens are signed with the realm's keys and can't be revoked before their `exp`.",
    ),
    key(
        "kratos.tokenizers.lifetime_s",
        Time(1, 3600),
        "How long such a token is valid; never longer than its session. At most 3600.",
    ),
    key(
        "kratos.tokenizers.claims",
        Texts,
        "Further claims: a name, `=`, and a JSON pointer (RFC 6901) into the session; `email=/identity/traits/email` for one.",
    ),
    key("am.cookie_name", CookieName, "Name of the session cookie and of the header."),
    key("am.cookie_domains", CookieDomains, "Domains of the cookie; none is the host only."),
    key("am.idle_s", Time(0, TIME_S_MAX), "Idle limit; 0 is none."),
    key("am.lifetime_s", Time(1, TIME_S_MAX), "How long a session lasts."),
    key(
        "am.sessions_max",
        Count("sessions", 0, u32::MAX as u64),
        "Live sessions of one user at a sign-on; 0 is no limit.",
    ),
    key(
        "am.sessions_beyond",
        Word(&BEYOND),
        "What happens to a sign-on beyond: `DENY_ACCESS`, `DESTROY_NEXT_EXPIRING`, `DESTROY_OLDEST_SESSION` or `DESTROY_OLD_SESSIONS`, which ends all others.",
    ),
    key("am.base_dn", Text, "What ends every universal id."),
    key(
        "am.success_url",
        LinkOrPath,
        "Where a sign-on leads when nothing else is said: a path of this host, or an address.",
    ),
    key(
        "am.version_default",
        Word(&["latest", "oldest", "none"]),
        "`latest`, `oldest` or `none`: which version answers a request that names none.",
    ),
    key("am.version_warning", Flag, "Whether such an answer carries the warning headers."),
    key(
        "am.csrf_filter",
        Flag,
        "Whether a request with the cookie needs `Accept-API-Version` or `X-Requested-With`.",
    ),
    key("am.attempt_lifetime_s", Time(1, TIME_S_MAX), "How long a sign-on attempt (`authId`) lasts."),
    key(
        "am.goto_allowed",
        ReturnPatterns,
        "Where `goto` may lead besides paths of this host: scheme, host (or `*.` and a domain) and beginning of the path: `https://app.example.com/in`, `https://*.example.com`.",
    ),
    key(
        "am.cors_origins",
        Origins,
        "Origins whose pages may call from a browser, with credentials. One wildcard: `https://*.example.com`, `http://localhost:*`; `*` alone is everybody, without credentials.",
    ),
    key(
        "am.session_properties",
        Texts,
        "Names of the session properties that clients may read and write; others do not exist for them.",
    ),
    key(
        "am.cookie_same_site",
        Word(&["", "Lax", "Strict", "None", "absent"]),
        "`Lax`, `Strict`, `None` (which needs https), or `absent`, as AM has it over http; empty is `None` over https, else `Lax`.",
    ),
    key(
        "am.token_in_body",
        Flag,
        "Whether a sign-on shows the token as `tokenId`, too; else that is empty and only the cookie has it.",
    ),
    key(
        "am.ends_by_id_token",
        Flag,
        "Whether an ID token of any client is enough to end its session at `connect/endSession`, as AM has it. With false it takes \
         a cookie or header of a session of its user besides, or a client with `ends_by_id_token`.",
    ),
    key(
        "am.set_all_cookies",
        Flag,
        "Whether a sign-on also sets the other dialects' session cookies, as `kratos.set_all_cookies` says.",
    ),
    key(
        "am.introspects_as_openam",
        Flag,
        "Whether introspection says the username as `sub` and `access_token` as `token_type`, as OpenAM does. With false `sub` is the \
         user's id, as in all tokens, and `token_type` is `Bearer`; `user_id` is the username in either case.",
    ),
    key(
        "am.escapes_messages",
        Flag,
        "Whether messages of errors are escaped for HTML (`&#39;`), as OpenAM does; AM does not.",
    ),
    key(
        "am.public_needs_pkce",
        Flag,
        "Whether a client that proves itself to nobody needs PKCE, whatever is said of the client (RFC 9700). AM leaves that to the \
         client.",
    ),
    key("pingone.auth_url", AddressOrNone, "Public address of authentication; empty is `public.url`."),
    key(
        "pingone.api_url",
        AddressOrNone,
        "Public address of the management API, before `/v1`; empty is `public.url`.",
    ),
    key("pingone.apps_url", AddressOrNone, "Public address of the hosted pages; empty is `public.url`."),
    key("pingone.idle_s", Time(0, TIME_S_MAX), "Idle limit; 0 is none."),
    key("pingone.lifetime_s", Time(1, TIME_S_MAX), "How long a session lasts in any case."),
    key(
        "pingone.sessions_max",
        Count("sessions", 0, u32::MAX as u64),
        "Live sessions of one user; a sign-on beyond ends the oldest. 0 is no limit.",
    ),
    key("pingone.cookie_lifetime_s", Time(1, TIME_S_MAX), "How long the cookie lasts."),
    key(
        "pingone.set_all_cookies",
        Flag,
        "Whether a sign-on also sets the other dialects' session cookies, as `kratos.set_all_cookies` says.",
    ),
    key(
        "check.realm",
        Realm,
        "Path of the realm whose sessions let a request through (`/ui/check`, for proxies), which is one of `realms.path` or `/`.",
    ),
    key(
        "check.sign_on_url",
        LinkOrNone,
        "Where a browser that is not signed on may do so, with `return_to`; empty is Kratos' login.",
    ),
    key(
        "check.preflights_pass",
        Flag,
        "Whether the check lets a CORS preflight through (`OPTIONS` with `Origin` and `Access-Control-Request-Method`), so that the \
         application behind answers it. The method is that of the check's own request; see `check.method_forwarded`.",
    ),
    key(
        "check.method_forwarded",
        Flag,
        "Whether the proxies ask the check by `GET` about every request and write its method into `X-Forwarded-Method` themselves, as \
         nginx and Traefik do. Envoy asks by the method of the request and hands on what a client says there: behind it this stays \
         `false`. It counts of `public.trusted_proxies`, with `public.proxy_header = \"x-forwarded\"`, and where the header comes once.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn leaves(table: &toml::Table, prefix: &str, found: &mut BTreeSet<String>) {
        for (name, value) in table {
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            match value {
                toml::Value::Table(inner) => leaves(inner, &path, found),
                toml::Value::Array(items) if items.iter().any(toml::Value::is_table) => {
                    items
                        .iter()
                        .filter_map(toml::Value::as_table)
                        .for_each(|item| leaves(item, &path, found));
                }
                _ => {
                    found.insert(path);
                }
            }
        }
    }

    #[test]
    fn every_key_is_in_the_table_and_nothing_else_is() {
        let mut config = crate::config::Config::default();
        config.realms[0].id = Some("x".into());
        config.realms[0].pingone_url = Some("x".into());
        config.realms[0].password_change_ends_sessions = Some(true);
        config.realms[0].second_factor = Some("x".into());
        config.realms[0].am_idle_s = Some(1);
        config.realms[0].am_lifetime_s = Some(1);
        config.realms[0].am_sessions_max = Some(1);
        config.realms[0].am_sessions_beyond = Some("x".into());
        config.kratos.tokenizers =
            vec![crate::config::TokenizerConfig { name: "x".into(), lifetime_s: 1, claims: vec![] }];
        let mut found = BTreeSet::new();
        leaves(&toml::Table::try_from(config).expect("a table"), "", &mut found);
        let known: BTreeSet<String> = KEYS.iter().map(|key| key.path.to_owned()).collect();
        assert_eq!(found, known);
    }

    /// What the table takes for a word, the code that uses it knows.
    #[test]
    fn words_are_those_that_the_code_knows() {
        for word in SECOND_FACTORS {
            assert!(adieu_authority::SecondFactorRule::read(word).is_some(), "{word}");
        }
        for word in BEYOND {
            assert!(crate::assembled::beyond(word).is_some(), "{word}");
        }
    }

    /// A default is sound, and in the form that the server uses.
    #[test]
    fn every_default_is_of_its_kind() {
        let defaults = toml::Table::try_from(crate::config::Config::default()).expect("a table");
        for key in KEYS {
            let (section, name) = key.path.rsplit_once('.').unwrap_or(("", key.path));
            let mut here = Some(&defaults);
            for part in section.split('.').filter(|part| !part.is_empty()) {
                here = here.and_then(|table| table.get(part)?.as_table());
            }
            if let Some(value) = here.and_then(|table| table.get(name)) {
                assert_eq!(key.kind.read(value).expect(key.path), *value, "{}", key.path);
            }
        }
    }
}
