//! The sections of the dialects, of the native OpenID issuers and of the proxies' check.
//!
//! Their keys, kinds and words stand in `keys`, their defaults in `defaults`.

use serde::{Deserialize, Serialize};

/// The Kratos dialect.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KratosConfig {
    /// The realm behind both mounts.
    pub realm: String,
    /// Public address of the dialect, and so of its realm; empty is `public.url`.
    pub url: String,
    /// Name of the session cookie.
    pub cookie_name: String,
    /// Further names under which the cookie is read.
    pub cookie_names_read: Vec<String>,
    /// Whether the cookie outlives the browser.
    pub cookie_persistent: bool,
    /// `Lax`, `Strict` or `None`.
    pub cookie_same_site: String,
    /// Domain of the cookie; empty is the host only.
    pub cookie_domain: String,
    /// Seconds that a session lasts.
    pub session_lifetime_s: u64,
    /// Seconds until a session is idle; 0 is never.
    pub session_idle_s: u64,
    /// Seconds that a login flow lasts.
    pub login_flow_lifetime_s: u64,
    /// Seconds that a settings flow lasts.
    pub settings_flow_lifetime_s: u64,
    /// Seconds that a registration flow lasts.
    pub registration_flow_lifetime_s: u64,
    /// Whether whoever registers is signed on at once.
    pub registration_opens_session: bool,
    /// Whether a recovery ends all other sessions of the user.
    pub recovery_ends_others: bool,
    /// Whether a recovery by JSON is answered with its flow and where to go on.
    pub use_continue_with_transitions: bool,
    /// Whether a session keeps its token when its user proves more or proves it again.
    pub login_keeps_token: bool,
    /// Whether the `count` of `DELETE /sessions` has sessions that were over before, too.
    pub count_has_ended: bool,
    /// Whether confirming new recovery codes counts as having given one.
    pub enrolling_proves: bool,
    /// Where browsers go when nothing else is said.
    pub default_return_url: String,
    /// Where browsers go after a logout; empty is `default_return_url`.
    pub logout_return_url: String,
    /// Where browsers go after a login; empty is `default_return_url`.
    pub login_return_url: String,
    /// Where browsers go after a registration; empty is `default_return_url`.
    pub registration_return_url: String,
    /// The page where strangers register; empty is the built-in one.
    pub registration_ui_url: String,
    /// The page where an administrator's code is given; empty is the built-in one.
    pub recovery_ui_url: String,
    /// The login page; empty is the built-in one.
    pub login_ui_url: String,
    /// The error page; empty is the built-in one.
    pub error_ui_url: String,
    /// The settings page; empty is the built-in one.
    pub settings_ui_url: String,
    /// Where `return_to` may lead.
    pub allowed_return_urls: Vec<String>,
    /// Origins that may call with credentials from a browser.
    pub cors_origins: Vec<String>,
    /// Whether a login ends all other sessions of the user.
    pub login_ends_others: bool,
    /// Whether whoami says for how long it may be cached.
    pub whoami_cacheable: bool,
    /// The longest such time, in seconds.
    pub whoami_cacheable_max_s: u64,
    /// Whether a logout tells the browser to clear its data (https only).
    pub logout_clears_browser_data: bool,
    /// Whether 401 of whoami carries the documented id, which Kratos itself does not send.
    pub documented_error_ids: bool,
    /// Name of the identity schema.
    pub schema_id: String,
    /// A file with the identity schema; empty is the built-in one.
    pub schema_file: String,
    /// An administrator extends a session only in its last so many seconds; 0 is at any time.
    pub extend_within_s: u64,
    /// Whether the answer to an extension is empty.
    pub extend_answers_nothing: bool,
    /// Also sets the other dialects' cookies at sign-on.
    pub set_all_cookies: bool,
    /// What a session can be told as, beside itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tokenizers: Vec<TokenizerConfig>,
}

/// A template of the Kratos dialect: a session told as a signed JWT.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenizerConfig {
    /// The name that `tokenize_as` gives.
    pub name: String,
    /// Seconds that a token is valid.
    #[serde(default = "super::defaults::tokenizer_life_s")]
    pub lifetime_s: u64,
    /// Further claims: `name=place`, the place in the session where it is read being a JSON pointer.
    #[serde(default)]
    pub claims: Vec<String>,
}

/// The AM dialect.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AmConfig {
    /// Name of the session cookie and header.
    pub cookie_name: String,
    /// Domains of the cookie; none is the host only.
    pub cookie_domains: Vec<String>,
    /// Seconds until a session is idle; 0 is never.
    pub idle_s: u64,
    /// Seconds that a session lasts.
    pub lifetime_s: u64,
    /// Live sessions of one user; 0 is no limit.
    pub sessions_max: u64,
    /// What happens to a sign-on beyond, in AM's words.
    pub sessions_beyond: String,
    /// What ends every universal id.
    pub base_dn: String,
    /// Where a sign-on leads when nothing else is said.
    pub success_url: String,
    /// `latest`, `oldest` or `none`: which version answers a request that names none.
    pub version_default: String,
    /// Whether such an answer warns.
    pub version_warning: bool,
    /// Whether a request with the cookie needs one of the two headers that a forged one can't send.
    pub csrf_filter: bool,
    /// Seconds that a sign-on attempt lasts.
    pub attempt_lifetime_s: u64,
    /// Where a `goto` may lead besides paths of this host.
    pub goto_allowed: Vec<String>,
    /// Origins that may call with credentials from a browser.
    pub cors_origins: Vec<String>,
    /// Session properties that clients may read and write.
    pub session_properties: Vec<String>,
    /// `SameSite` of the cookies; empty is `None` over https, else `Lax`.
    pub cookie_same_site: String,
    /// Shows the token in the body of a sign-on, too.
    pub token_in_body: bool,
    /// An ID token of any client is enough to end its session.
    pub ends_by_id_token: bool,
    /// Introspection names users by their usernames.
    pub introspects_as_openam: bool,
    /// Messages of errors are escaped for HTML.
    pub escapes_messages: bool,
    /// A client that proves itself to nobody needs PKCE.
    pub public_needs_pkce: bool,
    /// Also sets the other dialects' cookies at sign-on.
    pub set_all_cookies: bool,
}

/// The PingOne dialect.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PingOneConfig {
    /// Public address of authentication; empty is `public.url`.
    pub auth_url: String,
    /// Public address of the management API, before `/v1`; empty is `public.url`.
    pub api_url: String,
    /// Public address of the hosted pages; empty is `public.url`.
    pub apps_url: String,
    /// Seconds until a session is idle.
    pub idle_s: u64,
    /// Seconds that a session lasts in any case.
    pub lifetime_s: u64,
    /// Live sessions of one user; 0 is no limit.
    pub sessions_max: u64,
    /// Seconds that the session cookie lasts.
    pub cookie_lifetime_s: u64,
    /// Also sets the other dialects' cookies at sign-on.
    pub set_all_cookies: bool,
    /// Asks the user at `signoff` as OpenID Connect has it.
    pub sign_off_asks: bool,
}

/// The native OpenID issuers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OpenIdConfig {
    /// Seconds until a session is idle.
    pub idle_s: u64,
    /// Seconds that a session lasts in any case.
    pub lifetime_s: u64,
    /// Also sets the other dialects' cookies at sign-on.
    pub set_all_cookies: bool,
    /// Lets pages of clients ask whether the session of their browser is the same still.
    pub session_management: bool,
    /// Lets clients register themselves, with a token that an administrator gave out.
    pub registration: bool,
    /// Takes requests only that their clients have pushed.
    pub require_pushed_requests: bool,
    /// Lets the keys of clients stand at addresses in private networks.
    pub allow_private: bool,
}

/// The check that proxies ask before they let a request through.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CheckConfig {
    /// The realm whose sessions let a request through.
    pub realm: String,
    /// Where a browser is sent that is not signed on.
    pub sign_on_url: String,
    /// Whether a browser's question before a request of another origin passes.
    pub preflights_pass: bool,
    /// Whether the proxies say the method of the request that they ask about.
    pub method_forwarded: bool,
}
