//! What every key is when nothing is said.
//!
//! `docs/configuration.md` shows the same values; a test compares them.

use std::path::PathBuf;

use super::{
    AdminConfig, AmConfig, CheckConfig, Config, Keep, KratosConfig, ListenerLimits, NoticesConfig,
    OpenIdConfig, Passwords, PingOneConfig, Public, RealmConfig, Secret, SignOnConfig, StoreConfig,
    TokensConfig, UpstreamConfig,
};

impl Default for CheckConfig {
    fn default() -> Self {
        Self {
            realm: "/alpha".into(),
            sign_on_url: String::new(),
            preflights_pass: false,
            method_forwarded: false,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            development: false,
            log: "info".into(),
            data: "data".into(),
            store: StoreConfig::default(),
            public: Public::default(),
            admin: AdminConfig::default(),
            limits: ListenerLimits::default(),
            passwords: Passwords::default(),
            sign_on: SignOnConfig::default(),
            keep: Keep::default(),
            tokens: TokensConfig::default(),
            notices: NoticesConfig::default(),
            upstream: UpstreamConfig::default(),
            realms: vec![RealmConfig {
                path: "/alpha".into(),
                id: None,
                pingone_url: None,
                password_change_ends_sessions: None,
                password_length_min: None,
                password_common_refused: None,
                second_factor: None,
                registration: None,
                am_idle_s: None,
                am_lifetime_s: None,
                am_sessions_max: None,
                am_sessions_beyond: None,
            }],
            kratos: KratosConfig::default(),
            am: AmConfig::default(),
            pingone: PingOneConfig::default(),
            openid: OpenIdConfig::default(),
            check: CheckConfig::default(),
        }
    }
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            url: Secret::default(),
            password_file: PathBuf::new(),
            ca_file: PathBuf::new(),
            key: Secret::default(),
            key_file: PathBuf::new(),
            writers: 2,
            readers: 2,
            connect_timeout_s: 3,
            statement_timeout_s: 10,
            lock_timeout_s: 5,
        }
    }
}

impl Default for Public {
    fn default() -> Self {
        Self {
            listen: ([127, 0, 0, 1], 4433).into(),
            url: "http://127.0.0.1:4433".into(),
            tls_cert: PathBuf::new(),
            tls_key: PathBuf::new(),
            trusted_proxies: Vec::new(),
            front_page: true,
            hsts_s: 31_536_000,
            clear_site_data: "storage".into(),
            proxy_header: "x-forwarded".into(),
        }
    }
}

impl Default for AdminConfig {
    fn default() -> Self {
        Self {
            listen: ([127, 0, 0, 1], 4434).into(),
            url: "http://127.0.0.1:4434".into(),
            token: Secret::default(),
            token_file: PathBuf::new(),
            tls_cert: PathBuf::new(),
            tls_key: PathBuf::new(),
        }
    }
}

impl Default for ListenerLimits {
    fn default() -> Self {
        Self {
            connections_max: 4096,
            connections_by_address_max: 0,
            body_bytes_max: 256 * 1024 * 1024,
            body_bytes_by_address_max: 32 * 1024 * 1024,
            head_bytes_max: 16 * 1024,
            head_timeout_s: 10,
            handshake_timeout_s: 10,
            drain_timeout_s: 10,
        }
    }
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            passes: 2,
            workers: 0,
            change_ends_sessions: true,
            length_min: 8,
            common_refused: true,
            failures_by_name_max: 10,
            failures_by_address_max: 100,
            failures_window_s: 300,
            sign_ons_by_account_max: 120,
            sign_ons_by_address_max: 600,
            sign_ons_window_s: 60,
            undecided_by_account_max: 4,
            undecided_by_address_max: 64,
        }
    }
}

impl Default for SignOnConfig {
    fn default() -> Self {
        Self {
            second_factor: "when_enrolled".into(),
            registration: false,
            registrations_by_address_max: 120,
            recent_s: 600,
        }
    }
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            tombstones_s: 30 * 24 * 3600,
            sweep_every_s: 10,
            sessions_cached_max: 2_000_000,
            pages_max: 0,
            flows_max: 50_000,
            flows_by_address_max: 1_000,
            flows_bytes_max: 64 * 1024 * 1024,
            flows_by_address_bytes_max: 4 * 1024 * 1024,
        }
    }
}

impl Default for TokensConfig {
    fn default() -> Self {
        Self { refresh_reuse_grace_s: 10, assertion_audience_strict: false, offline_s: 365 * 24 * 3600 }
    }
}

impl Default for KratosConfig {
    fn default() -> Self {
        Self {
            realm: "/alpha".into(),
            url: String::new(),
            cookie_name: "ory_kratos_session".into(),
            cookie_names_read: vec!["chx_auth_cookie".into()],
            cookie_persistent: true,
            cookie_same_site: "Lax".into(),
            cookie_domain: String::new(),
            session_lifetime_s: 24 * 3600,
            session_idle_s: 3600,
            login_flow_lifetime_s: 3600,
            settings_flow_lifetime_s: 3600,
            registration_flow_lifetime_s: 3600,
            registration_opens_session: true,
            recovery_ends_others: true,
            use_continue_with_transitions: false,
            login_keeps_token: false,
            count_has_ended: false,
            enrolling_proves: false,
            default_return_url: String::new(),
            logout_return_url: String::new(),
            login_return_url: String::new(),
            registration_return_url: String::new(),
            registration_ui_url: String::new(),
            recovery_ui_url: String::new(),
            login_ui_url: String::new(),
            error_ui_url: String::new(),
            settings_ui_url: String::new(),
            allowed_return_urls: Vec::new(),
            cors_origins: Vec::new(),
            login_ends_others: false,
            whoami_cacheable: false,
            whoami_cacheable_max_s: 5,
            logout_clears_browser_data: false,
            documented_error_ids: false,
            schema_id: "person".into(),
            schema_file: String::new(),
            extend_within_s: 0,
            extend_answers_nothing: false,
            set_all_cookies: true,
            tokenizers: Vec::new(),
        }
    }
}

/// Kratos' own.
pub(super) fn tokenizer_life_s() -> u64 {
    60
}

impl Default for AmConfig {
    fn default() -> Self {
        Self {
            cookie_name: "iPlanetDirectoryPro".into(),
            cookie_domains: Vec::new(),
            idle_s: 30 * 60,
            lifetime_s: 120 * 60,
            sessions_max: 0,
            sessions_beyond: "DESTROY_NEXT_EXPIRING".into(),
            base_dn: "ou=am-config".into(),
            success_url: "/am/console".into(),
            version_default: "latest".into(),
            version_warning: true,
            csrf_filter: true,
            attempt_lifetime_s: 300,
            goto_allowed: Vec::new(),
            cors_origins: Vec::new(),
            session_properties: Vec::new(),
            cookie_same_site: String::new(),
            token_in_body: true,
            ends_by_id_token: true,
            introspects_as_openam: false,
            escapes_messages: false,
            public_needs_pkce: true,
            set_all_cookies: true,
        }
    }
}

impl Default for OpenIdConfig {
    fn default() -> Self {
        Self {
            idle_s: 3600,
            lifetime_s: 24 * 3600,
            set_all_cookies: true,
            session_management: false,
            registration: false,
            require_pushed_requests: false,
            allow_private: false,
        }
    }
}

impl Default for PingOneConfig {
    fn default() -> Self {
        Self {
            auth_url: String::new(),
            api_url: String::new(),
            apps_url: String::new(),
            idle_s: 30 * 24 * 3600,
            lifetime_s: 365 * 24 * 3600,
            sessions_max: 10,
            cookie_lifetime_s: 30 * 24 * 3600,
            set_all_cookies: true,
            sign_off_asks: false,
        }
    }
}
