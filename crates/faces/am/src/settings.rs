//! What an installation may say about this face.
//!
//! Defaults are those of AM 7 and 8 over plain HTTP. Nothing here is read from the environment or a file.

use adieu_http_kit::companion::Companions;
pub use adieu_http_kit::cookies::SameSite;
use adieu_http_kit::origins::Origins;
use adieu_http_kit::self_service::SelfService;

/// The settings of the AM face.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The path under which the face is mounted, without a slash at the end. The router takes it off a request's path
    /// if it stands there, so the mount may strip it or leave it.
    pub context_path: String,
    /// The address at which clients reach this installation, without a slash at the end. What is told to them as a whole
    /// address begins so.
    pub public_url: String,
    /// The address at which the native issuers are, where a sign-on there is one here: then pages offer upstream providers.
    pub upstream_base: Option<String>,
    /// Name of the session cookie and of the header that carries a token.
    pub cookie_name: String,
    /// Domains for which the cookies are set, each once; none means the host only.
    pub cookie_domains: Vec<String>,
    /// Whether the cookies are `Secure`.
    pub cookies_secure: bool,
    /// `SameSite` of the cookies. AM over HTTP sends none, which browsers take for `Lax`.
    pub cookies_same_site: Option<SameSite>,
    /// What ends every universal id: `id=<name>,ou=user,o=<realm>,ou=services,<base_dn>`, in the root realm
    /// `id=<name>,ou=user,<base_dn>`.
    pub base_dn: String,
    /// Where a sign-on leads when it does not say.
    pub success_url: String,
    /// Absolute addresses to which a `goto` may lead, by prefix; paths of this host may always be named.
    pub goto_allowed: Vec<String>,
    /// Names of the one sign-on service, as `authIndexValue` may call it; the first one stands in an `authId`.
    pub services: Vec<String>,
    /// Which resource version serves a request that names none.
    pub version_default: VersionDefault,
    /// Whether such an answer carries a `Warning`.
    // The documentation shows a second one (`100 OpenAM REST`); the recordings have this one only, and win.
    pub version_warning: bool,
    /// Whether a writing request with the session cookie needs `Accept-API-Version` or `X-Requested-With`.
    pub csrf_filter: bool,
    /// Names of the session properties that clients may read and write.
    pub session_properties: Vec<String>,
    /// Origins whose scripts may call from a browser.
    pub cors_origins: Origins,
    /// Whether a sign-on shows the token in its body as well; else `tokenId` is empty and the cookie alone has it.
    pub token_in_body: bool,
    /// Whether an ID token of any client is enough to end the session it speaks of, as AM has it; else it takes a cookie or
    /// header of a session of its user besides, or a client of which that is said.
    pub ends_by_id_token: bool,
    /// Whether introspection names the user in `sub` by the username, and calls an access token so in `token_type`, as OpenAM
    /// does; else `sub` is the one of all other tokens, and `token_type` that of RFC 7662.
    pub introspects_as_openam: bool,
    /// Whether the message of an error is escaped for HTML, as OpenAM has it.
    pub escapes_messages: bool,
    /// Whether a client that proves itself to nobody needs PKCE whatever is said of it (RFC 9700 §2.1.1).
    pub public_needs_pkce: bool,
    /// Seconds that a sign-on attempt (`authId`) lasts.
    pub attempt_life_s: u32,
    /// Where people find the installation's front page, if it has one.
    pub front_page: Option<String>,
    /// Where people look after their own account, if those are pages of this installation from which a session counts here.
    pub self_service: Option<SelfService>,
    /// Cookies of other dialects, set and cleared together with the session cookie.
    pub companions: Companions,
}

/// Which resource version serves a request that names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionDefault {
    /// The newest.
    Latest,
    /// The oldest.
    Oldest,
    /// None: such a request is refused.
    None,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            context_path: "/am".into(),
            public_url: "http://127.0.0.1:4433".into(),
            upstream_base: None,
            cookie_name: "iPlanetDirectoryPro".into(),
            cookie_domains: Vec::new(),
            cookies_secure: false,
            cookies_same_site: None,
            base_dn: "ou=am-config".into(),
            success_url: "/am/console".into(),
            goto_allowed: Vec::new(),
            services: vec!["ldapService".into(), "Login".into()],
            version_default: VersionDefault::Latest,
            version_warning: true,
            csrf_filter: true,
            session_properties: Vec::new(),
            cors_origins: Origins::default(),
            token_in_body: true,
            ends_by_id_token: true,
            introspects_as_openam: false,
            escapes_messages: false,
            public_needs_pkce: true,
            attempt_life_s: 300,
            front_page: None,
            self_service: None,
            companions: Companions::default(),
        }
    }
}
