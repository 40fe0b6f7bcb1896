//! Which realm and which endpoint a path means.
//!
//! `/o/{path of the realm}/{endpoint}`; the root realm is `_`. The metadata of an issuer stands where both specifications look
//! for it: behind its path (OpenID Connect Discovery 1.0 §4), and between host and path (RFC 8414 §3). Nothing is decoded: names
//! of realms are written as they are.

use adieu_authority::{ROOT, is_realm_path};
use adieu_http_kit::upstream_paths::issuer_path;

/// Where all issuers are.
const MOUNT: &str = "/o";
/// The name of the root realm.
const ROOT_NAME: &str = "_";
/// The two names of the metadata.
const DOCUMENTS: [&str; 2] = [".well-known/openid-configuration", ".well-known/oauth-authorization-server"];

/// What answers a path of an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Discovery,
    Keys,
    Authorize,
    /// Where clients push requests to.
    Push,
    /// Where the sign-on form goes.
    SignOn,
    /// Where the answer goes to the question who it shall be.
    Choose,
    /// Where the answer goes to the question whether they agree.
    Consent,
    /// What users have let applications have.
    Applications,
    Token,
    Introspect,
    Revoke,
    /// Where another system says that a user is to be signed off everywhere.
    RevokeUser,
    Userinfo,
    EndSession,
    /// Where the answer goes to the question whether to sign off.
    SignOff,
    /// What became of a sign-off.
    SignedOff,
    /// The frame that pages of clients ask.
    CheckSession,
    /// Where clients register themselves.
    Register,
    /// Where one that did looks at itself, changes or removes itself.
    Registered,
}

impl Endpoint {
    /// Where clients register themselves.
    pub(crate) const REGISTER: &'static str = "register";

    /// Every path behind a realm.
    pub(crate) const PATHS: [(&'static str, Self); 20] = [
        (DOCUMENTS[0], Self::Discovery),
        (DOCUMENTS[1], Self::Discovery),
        ("jwks", Self::Keys),
        ("authorize", Self::Authorize),
        ("par", Self::Push),
        ("sign-on", Self::SignOn),
        ("choose", Self::Choose),
        ("consent", Self::Consent),
        ("applications", Self::Applications),
        ("token", Self::Token),
        ("introspect", Self::Introspect),
        ("revoke", Self::Revoke),
        ("global-token-revocation", Self::RevokeUser),
        ("userinfo", Self::Userinfo),
        ("logout", Self::EndSession),
        ("sign-off", Self::SignOff),
        ("signed-off", Self::SignedOff),
        ("check-session", Self::CheckSession),
        (Self::REGISTER, Self::Register),
        ("register/{client}", Self::Registered),
    ];

    /// Its methods, as `Allow` names them.
    pub(crate) const fn allow(self) -> &'static str {
        match self {
            Self::Discovery | Self::Keys | Self::SignedOff | Self::CheckSession => "GET, HEAD",
            Self::Push | Self::Token | Self::Introspect | Self::Revoke | Self::RevokeUser => "POST",
            Self::Register | Self::Choose | Self::Consent => "POST",
            Self::Registered => "GET, PUT, DELETE",
            Self::Applications => "GET, HEAD, POST",
            Self::Authorize | Self::Userinfo | Self::EndSession => "GET, POST",
            Self::SignOn | Self::SignOff => "GET, POST",
        }
    }

    /// Whether people look at what it answers; programs read the others.
    pub(crate) const fn is_page(self) -> bool {
        match self {
            Self::Authorize | Self::SignOn | Self::Choose | Self::Consent | Self::Applications => true,
            Self::EndSession | Self::SignOff | Self::SignedOff => true,
            Self::CheckSession => false,
            Self::Discovery | Self::Keys | Self::Userinfo => false,
            Self::Push | Self::Token | Self::Introspect | Self::Revoke | Self::RevokeUser => false,
            Self::Register | Self::Registered => false,
        }
    }

    /// Whether clients register there.
    pub(crate) const fn is_registration(self) -> bool {
        matches!(self, Self::Register | Self::Registered)
    }

    /// Whether scripts of every origin may read what it answers. Never where a browser is sent: RFC 9700 §2.6.
    pub(crate) const fn is_read_by_scripts(self) -> bool {
        match self {
            Self::Discovery | Self::Keys | Self::Userinfo => true,
            Self::Push | Self::Token | Self::Revoke => true,
            Self::Register | Self::Registered => true,
            Self::Authorize
            | Self::SignOn
            | Self::Choose
            | Self::Consent
            | Self::Applications
            | Self::EndSession
            | Self::SignOff
            | Self::RevokeUser
            | Self::SignedOff
            | Self::CheckSession
            | Self::Introspect => false,
        }
    }
}

/// Whether a path is this face's.
#[must_use]
pub fn owns(path: &str) -> bool {
    let behind =
        |mount: &str| path.strip_prefix(mount).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    behind(MOUNT) || DOCUMENTS.iter().any(|document| behind(&format!("/{document}{MOUNT}")))
}

/// Where the issuer of the realm at this path is.
pub(crate) fn mount(realm: &str) -> String {
    issuer_path(realm)
}

/// The name of the issuer of the realm at this path, where browsers reach the installation at this address.
#[must_use]
pub fn issuer(public_url: &str, realm: &str) -> String {
    format!("{public_url}{}", mount(realm))
}

/// The path of the realm that a path means, and the endpoint; none if it means nothing. Whether there is such a realm is not asked
/// here. A realm that is called like the root realm's name here has no issuer; those below it have.
pub(crate) fn find(path: &str) -> Option<(String, Endpoint)> {
    let between = DOCUMENTS.iter().find_map(|document| path.strip_prefix('/')?.strip_prefix(document));
    let (names, endpoint) = match between {
        Some(rest) => (rest.strip_prefix(MOUNT)?, Endpoint::Discovery),
        None => {
            let rest = path.strip_prefix(MOUNT)?;
            let named = Endpoint::PATHS
                .iter()
                .find_map(|(name, endpoint)| Some((rest.strip_suffix(name)?.strip_suffix('/')?, *endpoint)));
            named.or_else(|| registered(rest))?
        }
    };
    let realm = match names.strip_prefix('/')? {
        "" => return None,
        ROOT_NAME => ROOT.to_owned(),
        _ => names.to_owned(),
    };
    is_realm_path(&realm).then_some((realm, endpoint))
}

/// A client that registered itself, by its id. What ends like another endpoint is that endpoint.
fn registered(rest: &str) -> Option<(&str, Endpoint)> {
    let (before, id) = rest.rsplit_once('/')?;
    let names = before.strip_suffix(Endpoint::REGISTER)?.strip_suffix('/')?;
    (!id.is_empty()).then_some((names, Endpoint::Registered))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_means_a_realm_and_an_endpoint() {
        let found = |path| find(path).map(|(realm, endpoint)| (realm.leak() as &str, endpoint));
        for (path, expected) in [
            ("/o/alpha/authorize", Some(("/alpha", Endpoint::Authorize))),
            ("/o/a/b/token", Some(("/a/b", Endpoint::Token))),
            ("/o/_/jwks", Some(("/", Endpoint::Keys))),
            ("/o/_/x/jwks", Some(("/_/x", Endpoint::Keys))),
            ("/o/token/token", Some(("/token", Endpoint::Token))),
            ("/o/alpha/.well-known/openid-configuration", Some(("/alpha", Endpoint::Discovery))),
            ("/o/a/b/.well-known/oauth-authorization-server", Some(("/a/b", Endpoint::Discovery))),
            ("/.well-known/oauth-authorization-server/o/a/b", Some(("/a/b", Endpoint::Discovery))),
            ("/.well-known/openid-configuration/o/_", Some(("/", Endpoint::Discovery))),
            ("/o/alpha/register", Some(("/alpha", Endpoint::Register))),
            ("/o/a/b/register/x", Some(("/a/b", Endpoint::Registered))),
            ("/o/a/register/token", Some(("/a/register", Endpoint::Token))),
            ("/o/register/x", None),
            ("/o/alpha/register/", None),
            ("/o/alpha/register/x/y", None),
            ("/o", None),
            ("/o/", None),
            ("/o/token", None),
            ("/o//token", None),
            ("/o/alpha", None),
            ("/o/alpha/", None),
            ("/o/alpha/authorize/", None),
            ("/o/ALPHA/token", None),
            ("/o/%61lpha/token", None),
            ("/o/../token", None),
            ("/oalpha/token", None),
            ("/.well-known/openid-configuration", None),
        ] {
            assert_eq!(found(path), expected, "{path}");
        }
    }

    #[test]
    fn a_realm_is_found_where_its_issuer_is() {
        for realm in ["/", "/alpha", "/a/b"] {
            let path = format!("{}/userinfo", mount(realm));
            assert_eq!(find(&path), Some((realm.to_owned(), Endpoint::Userinfo)), "{path}");
            assert!(owns(&path));
        }
        for path in ["/o", "/o/", "/o/x", "/.well-known/oauth-authorization-server/o/a"] {
            assert!(owns(path), "{path}");
        }
        for path in ["/", "/other", "/.well-known/openid-configuration", "/.well-known/ory/o"] {
            assert!(!owns(path), "{path}");
        }
    }
}
