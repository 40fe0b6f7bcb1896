//! Configuration: a TOML file with an overlay of environment variables; every key has a default.
//!
//! Units are in the names. [`load`] is the one way from a text to a configuration; what it gives is sound and in the form that
//! the server uses. `docs/configuration.md` is made from [`keys::keys`], and a test holds that table against the structures
//! here.

pub(crate) mod addresses;
pub mod changes;
mod defaults;
mod dialects;
mod faults;
mod files;
pub mod keys;
pub mod kinds;
mod listeners;
mod load;
pub mod page;
mod rules;
mod secret;
mod source;
mod store;
mod tokenizers;
pub mod until_restart;
mod values;
mod variables;
mod warnings;

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use dialects::{AmConfig, CheckConfig, KratosConfig, OpenIdConfig, PingOneConfig, TokenizerConfig};
pub use faults::{ConfigError, ConfigFault, WrittenAt};
pub use listeners::TlsFiles;
pub use load::{JudgedConfig, fits, judge, load};
pub use secret::{NoCredential, Secret};
pub use store::StoreConfig;
pub(crate) use values::seconds;

/// The whole configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Development mode: fixed ids, low hashing costs allowed.
    pub development: bool,
    /// What is logged: a level, or directives.
    pub log: String,
    /// The data folder.
    pub data: PathBuf,
    /// The database that many nodes share.
    pub store: StoreConfig,
    /// The public listener.
    pub public: Public,
    /// The admin listener.
    pub admin: AdminConfig,
    /// What every listener allows.
    pub limits: ListenerLimits,
    /// Passwords.
    pub passwords: Passwords,
    /// Sign-ons.
    pub sign_on: SignOnConfig,
    /// What is kept, and for how long.
    pub keep: Keep,
    /// Tokens.
    pub tokens: TokensConfig,
    /// Notices to applications.
    pub notices: NoticesConfig,
    /// Upstream providers.
    pub upstream: UpstreamConfig,
    /// Realms to have, besides `/`.
    pub realms: Vec<RealmConfig>,
    /// The Kratos dialect.
    pub kratos: KratosConfig,
    /// The AM dialect.
    pub am: AmConfig,
    /// The PingOne dialect.
    pub pingone: PingOneConfig,
    /// The native OpenID issuers.
    pub openid: OpenIdConfig,
    /// The check that proxies ask.
    pub check: CheckConfig,
}

/// The public listener.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Public {
    /// Where it listens; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Its address as browsers see it; a slash at the end is taken away when it is read.
    pub url: String,
    /// The certificate and what it is signed by; empty is plain HTTP.
    pub tls_cert: PathBuf,
    /// The certificate's private key.
    pub tls_key: PathBuf,
    /// Addresses and networks of the proxies that may speak for others.
    pub trusted_proxies: Vec<String>,
    /// Whether `/` is a page for people.
    pub front_page: bool,
    /// Seconds for which browsers are told to come over https alone; 0 tells them nothing.
    pub hsts_s: u64,
    /// `none`, `storage` or `cookies`: what browsers forget after a sign-off over https.
    pub clear_site_data: String,
    /// `x-forwarded` or `forwarded`: which headers they write.
    pub proxy_header: String,
}

/// The admin listener.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdminConfig {
    /// Where it listens; beyond loopback only with a credential and a certificate.
    pub listen: SocketAddr,
    /// Its address as administrators see it.
    pub url: String,
    /// The credential that it asks for; empty is none.
    pub token: Secret,
    /// The file that holds the credential; empty is none.
    pub token_file: PathBuf,
    /// The certificate and what it is signed by; empty is plain HTTP.
    pub tls_cert: PathBuf,
    /// The certificate's private key.
    pub tls_key: PathBuf,
}

/// What every listener allows.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListenerLimits {
    /// Connections served at once; more wait.
    pub connections_max: usize,
    /// Of these, how many one address may have (IPv6: one /64); 0 is half of them.
    pub connections_by_address_max: usize,
    /// Bytes that bodies of requests may hold in memory on the public listener.
    pub body_bytes_max: usize,
    /// Of these, how many the bodies of one address may hold (IPv6: one /64).
    pub body_bytes_by_address_max: usize,
    /// Bytes of a request's head.
    pub head_bytes_max: usize,
    /// Seconds in which a request's head must arrive.
    pub head_timeout_s: u64,
    /// Seconds in which a TLS handshake must be done.
    pub handshake_timeout_s: u64,
    /// Seconds that a stopping server gives to requests in flight.
    pub drain_timeout_s: u64,
}

/// Passwords.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Passwords {
    /// Memory of one hash, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Threads that hash; 0 is one for each core.
    pub workers: usize,
    /// Whether another password ends the user's sessions.
    pub change_ends_sessions: bool,
    /// Characters that a password has at least when it is set.
    pub length_min: u32,
    /// Whether a password that is tried first can't be set.
    pub common_refused: bool,
    /// Sign-ons of one account that may fail in the window; 0 is no limit.
    pub failures_by_name_max: u32,
    /// Sign-ons from one address that may fail in the window; 0 is no limit.
    pub failures_by_address_max: u32,
    /// Seconds of the window.
    pub failures_window_s: u64,
    /// Sign-ons of one account with the right password in their window; 0 is no limit.
    pub sign_ons_by_account_max: u32,
    /// The same from one address; 0 is no limit.
    pub sign_ons_by_address_max: u32,
    /// Seconds of the window of right passwords.
    pub sign_ons_window_s: u64,
    /// Sign-ons of one account that are decided at one time; 0 is no limit.
    pub undecided_by_account_max: u32,
    /// Sign-ons from one address that may wait for their answer at one time; 0 is no limit.
    pub undecided_by_address_max: u32,
}

/// What is asked at every sign-on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignOnConfig {
    /// `never`, `when_enrolled` or `required`: when users are asked for a second factor.
    pub second_factor: String,
    /// Whether strangers make themselves users.
    pub registration: bool,
    /// How many of them one address may make in an hour. 0 is no limit.
    pub registrations_by_address_max: u32,
    /// Seconds after a proof of identity in which its user may change credentials and end the own other sessions.
    pub recent_s: u64,
}

/// Tokens.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokensConfig {
    /// Seconds in which a refresh token whose answer was lost leads to the same successor again; 0 is never.
    pub refresh_reuse_grace_s: u64,
    /// Whether assertions of clients have to name the issuer as their only audience.
    pub assertion_audience_strict: bool,
    /// Seconds after which access ends that a user has let outlive the session, however often it is refreshed.
    pub offline_s: u64,
}

/// Notices to applications.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NoticesConfig {
    /// Whether they may go into private networks and to this machine.
    pub allow_private: bool,
}

/// Upstream providers, which users sign on through.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UpstreamConfig {
    /// Whether they may be in private networks and on this machine.
    pub allow_private: bool,
}

/// What is kept, and for how long.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keep {
    /// Seconds for which ended sessions are remembered.
    pub tombstones_s: u64,
    /// Seconds between two sweeps.
    pub sweep_every_s: u64,
    /// Sessions kept in memory.
    pub sessions_cached_max: usize,
    /// The largest size of the database in pages of 4 KiB; 0 is SQLite's own limit.
    pub pages_max: u32,
    /// Unfinished sign-ons, settings and errors of one kind; beyond, the oldest go.
    pub flows_max: usize,
    /// Of these, how many are begun from one address (IPv6: one /64).
    pub flows_by_address_max: usize,
    /// How many bytes all unfinished flows of one kind have together; beyond, the oldest go.
    pub flows_bytes_max: usize,
    /// Of these, how many are of flows that are begun from one address.
    pub flows_by_address_bytes_max: usize,
}

/// A realm to have.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RealmConfig {
    /// Its path, `/alpha` for one.
    pub path: String,
    /// Its id; random if none is given (fixed for `/alpha` in development mode).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Public address of PingOne's authentication and pages here, if other than `pingone.auth_url` and `pingone.apps_url`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pingone_url: Option<String>,
    /// Whether another password ends the user's sessions here, if other than `passwords.change_ends_sessions`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_change_ends_sessions: Option<bool>,
    /// Characters that a password has at least when it is set here, if other than `passwords.length_min`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_length_min: Option<u32>,
    /// Whether a password that is tried first can't be set here, if other than `passwords.common_refused`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_common_refused: Option<bool>,
    /// When users are asked for a second factor here, if other than `sign_on.second_factor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_factor: Option<String>,
    /// Whether strangers make themselves users here, if other than `sign_on.registration`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<bool>,
    /// Seconds until a session that came through AM is idle here, if other than `am.idle_s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub am_idle_s: Option<u64>,
    /// Seconds that a session that came through AM lasts here, if other than `am.lifetime_s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub am_lifetime_s: Option<u64>,
    /// Live sessions that one user may have when signing on through AM here, if other than `am.sessions_max`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub am_sessions_max: Option<u64>,
    /// What happens beyond, if other than `am.sessions_beyond`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub am_sessions_beyond: Option<String>,
}

impl Config {
    /// The public address of Kratos' dialect.
    pub fn kratos_url(&self) -> &str {
        if self.kratos.url.is_empty() { &self.public.url } else { &self.kratos.url }
    }
}
