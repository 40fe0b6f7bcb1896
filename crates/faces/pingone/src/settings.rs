//! What this dialect is told by the configuration: public addresses and cookies.
//!
//! Links are built from these addresses, never from the `Host` header.

use std::collections::BTreeMap;

use adieu_authority::RealmId;
use adieu_http_kit::companion::Companions;
use adieu_http_kit::self_service::SelfService;

/// The configuration of this dialect.
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
    /// Environments that browsers see under an address of their own: it stands in place of `auth_base` and `apps_base`.
    pub own_bases: BTreeMap<RealmId, String>,
    /// The address at which the native issuers are, where a sign-on there is one here: then pages offer upstream providers.
    pub upstream_base: Option<String>,
    /// Where people find the installation's front page, if it has one.
    pub front_page: Option<String>,
    /// Where people look after their own account, if those are pages of this installation from which a session counts here.
    pub self_service: Option<SelfService>,
    /// Asks at `signoff` before anything ends, unless a hint of the browser's own session comes along, and leads to no address that
    /// the hint's or the named application has not registered. PingOne does neither.
    pub sign_off_asks: bool,
    /// Other dialects' cookies that are set and cleared together with ours, so that one browser is signed on in all.
    pub companions: Companions,
}

impl Settings {
    /// Where `/{environment id}/as` of an environment stands.
    pub(crate) fn auth_base_of(&self, realm: RealmId) -> &str {
        self.own_bases.get(&realm).unwrap_or(&self.auth_base)
    }

    /// Where the pages of an environment stand.
    pub(crate) fn apps_base_of(&self, realm: RealmId) -> &str {
        self.own_bases.get(&realm).unwrap_or(&self.apps_base)
    }

    /// Whether browsers see an environment by https.
    pub(crate) fn is_secure(&self, realm: RealmId) -> bool {
        self.own_bases.get(&realm).map_or(self.cookies_secure, |base| base.starts_with("https://"))
    }
}
