//! Which provider of which realm a path means, and what for: `/o/{path of the realm}/upstream/{name}/{endpoint}`.
//!
//! No endpoint here has a name that one of the issuer has, so no realm and no provider can hide the other.

use adieu_authority::{ROOT, is_realm_path};

/// What answers a path of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UpstreamEndpoint {
    /// Where a browser begins to sign on.
    Begin,
    /// Where the provider sends it back to.
    Callback,
    /// Where a second factor goes.
    SecondStep,
    /// Where the provider tells that a session is over.
    BackchannelLogout,
    /// The same by the browser, in a frame.
    FrontchannelLogout,
}

impl UpstreamEndpoint {
    /// Every path behind a realm.
    pub(crate) const PATHS: [(&'static str, Self); 5] = [
        ("upstream/{name}/begin", Self::Begin),
        ("upstream/{name}/callback", Self::Callback),
        ("upstream/{name}/second-step", Self::SecondStep),
        ("upstream/{name}/backchannel-logout", Self::BackchannelLogout),
        ("upstream/{name}/frontchannel-logout", Self::FrontchannelLogout),
    ];

    /// Its methods, as `Allow` names them. A state is spent by looking at it, so `HEAD` is none of them.
    pub(crate) const fn allow(self) -> &'static str {
        match self {
            Self::Begin | Self::Callback | Self::FrontchannelLogout => "GET",
            Self::SecondStep | Self::BackchannelLogout => "POST",
        }
    }

    /// Whether people look at what it answers.
    pub(crate) const fn is_page(self) -> bool {
        match self {
            Self::Begin | Self::Callback | Self::SecondStep => true,
            Self::BackchannelLogout | Self::FrontchannelLogout => false,
        }
    }

    fn word(self) -> &'static str {
        let (path, _) = Self::PATHS[self as usize];
        path.rsplit('/').next().unwrap_or_default()
    }
}

/// The path of the realm, the name of the provider, and what for; none if the path means nothing of this kind.
pub(crate) fn find(path: &str) -> Option<(String, String, UpstreamEndpoint)> {
    let (rest, word) = path.rsplit_once('/')?;
    let endpoint = UpstreamEndpoint::PATHS.into_iter().find(|(_, endpoint)| endpoint.word() == word)?.1;
    let (rest, name) = rest.rsplit_once('/')?;
    let realm = match rest.strip_suffix("/upstream")?.strip_prefix("/o")? {
        "" => return None,
        "/_" => ROOT.to_owned(),
        realm => realm.to_owned(),
    };
    (is_realm_path(&realm) && !name.is_empty()).then(|| (realm, name.to_owned(), endpoint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_means_a_realm_a_provider_and_an_endpoint() {
        let found =
            |path: &str| find(path).map(|(realm, name, endpoint)| format!("{realm} {name} {endpoint:?}"));
        for (path, expected) in [
            ("/o/alpha/upstream/corp/begin", Some("/alpha corp Begin")),
            ("/o/_/upstream/corp/callback", Some("/ corp Callback")),
            ("/o/a/b/upstream/corp/backchannel-logout", Some("/a/b corp BackchannelLogout")),
            ("/o/upstream/upstream/upstream/begin", Some("/upstream upstream Begin")),
            ("/o/alpha/upstream/token/second-step", Some("/alpha token SecondStep")),
            ("/o/upstream/corp/begin", None),
            ("/o/alpha/upstream//begin", None),
            ("/o/alpha/upstream/corp", None),
            ("/o/alpha/upstream/corp/token", None),
            ("/o/ALPHA/upstream/corp/begin", None),
            ("/x/alpha/upstream/corp/begin", None),
        ] {
            assert_eq!(found(path).as_deref(), expected, "{path}");
        }
        for (n, (path, endpoint)) in UpstreamEndpoint::PATHS.into_iter().enumerate() {
            assert_eq!(endpoint as usize, n);
            assert!(path.ends_with(endpoint.word()));
            let others = crate::address::Endpoint::PATHS;
            assert!(others.iter().all(|(other, _)| *other != endpoint.word()), "{path}");
        }
    }
}
