//! What this door is told by the configuration: public addresses and cookies.
//!
//! Links are built from these addresses, never from the `Host` header.

use adieu_http_kit::cookies::Companion;

/// The configuration of this door.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Public address under which `/{environment id}/as` stands, without a slash at its end.
    pub auth_base: String,
    /// Public address before `/v1`, without a slash at its end.
    pub api_base: String,
    /// Public address of the pages, before `/{environment id}/signon/`, without a slash at its end.
    pub apps_base: String,
    /// Whether the public addresses are https. Over plain http cookies are not `Secure`, and `Lax` where they would be
    /// `None`: a browser drops `None` without `Secure`.
    pub cookies_secure: bool,
    /// How long a browser keeps the session cookies, in seconds.
    pub cookie_life_s: i64,
    /// Other dialects' cookies that are set and cleared together with ours, so that one browser is signed on in all.
    pub companions: Vec<Companion>,
}
