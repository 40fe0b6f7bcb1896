//! Which realm and which resource a path under `/json` means, and which realm one under `/oauth2` does.
//!
//! Five forms of realm, and a query parameter that may win over them. Contract am.md 0.2.

use std::borrow::Cow;
use std::sync::Arc;

use adieu_authority::{Authority, ROOT, Realm};

use crate::call::Call;
use crate::error::AmError;

/// What is served under `/json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    Sessions,
    Authenticate,
    ServerInfo,
    Users,
}

impl Resource {
    pub(crate) const NAMES: [(&'static str, Self); 4] = [
        ("sessions", Self::Sessions),
        ("authenticate", Self::Authenticate),
        ("serverinfo", Self::ServerInfo),
        ("users", Self::Users),
    ];

    fn named(segment: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(name, _)| *name == segment).map(|(_, resource)| *resource)
    }
}

/// Where a request is addressed to.
pub(crate) struct Addressed<'s, 'p> {
    pub(crate) realm: Arc<Realm>,
    pub(crate) resource: Resource,
    /// What of the path is behind the resource's name.
    pub(crate) rest: &'s [Cow<'p, str>],
}

/// How a path begins.
#[derive(Debug, PartialEq, Eq)]
enum Head<'s, 'p> {
    /// `realms/…`: the realm's path, and how it is named where it is unknown.
    Canonical { path: String, said: String, rest: &'s [Cow<'p, str>] },
    /// Perhaps names of realms, then a resource.
    Short(&'s [Cow<'p, str>]),
}

fn head<'s, 'p>(mut segments: &'s [Cow<'p, str>]) -> Head<'s, 'p> {
    let (mut path, mut below_root) = (String::new(), false);
    let all = segments;
    while let [word, name, rest @ ..] = segments
        && word == "realms"
    {
        let first = segments.len() == all.len();
        if first && name.eq_ignore_ascii_case("root") {
            below_root = true;
        } else {
            path.push('/');
            path.push_str(name);
        }
        segments = rest;
    }
    if segments.len() == all.len() {
        return Head::Short(all);
    }
    // Quirk: without `root` the name is an alias, and said without its slash.
    let said = if below_root { path.clone() } else { path.trim_start_matches('/').to_owned() };
    let path = if path.is_empty() { ROOT.to_owned() } else { path.to_lowercase() };
    Head::Canonical { path, said, rest: segments }
}

/// Finds realm and resource. The realm is looked up before anything else is: an unknown one is 404 for nobody, too.
pub(crate) async fn find<'s, 'p>(
    authority: &Authority,
    segments: &'s [Cow<'p, str>],
    call: &Call,
) -> Result<Addressed<'s, 'p>, AmError> {
    match head(segments) {
        Head::Canonical { path, said, rest } => {
            let realm = authority.realm_at(&path).await?.ok_or(AmError::UnknownRealm(said))?;
            let (resource, rest) = resource(rest)?;
            let realm = match resource {
                // Quirk: the parameter wins over a canonical path here and nowhere else.
                Resource::Authenticate => named(authority, call.param("realm")?).await?.unwrap_or(realm),
                Resource::Sessions | Resource::ServerInfo | Resource::Users => realm,
            };
            Ok(Addressed { realm, resource, rest })
        }
        Head::Short(segments) => {
            let (realm, rest) = walk(authority, segments, |name| Resource::named(name).is_some()).await?;
            let (resource, rest) = resource(rest)?;
            let realm = named(authority, call.param("realm")?).await?.unwrap_or(realm);
            Ok(Addressed { realm, resource, rest })
        }
    }
}

/// Finds the realm of a path whose rest begins with a name that `ends` knows, and that rest.
pub(crate) async fn realm<'s, 'p>(
    authority: &Authority,
    segments: &'s [Cow<'p, str>],
    call: &Call,
    ends: fn(&str) -> bool,
) -> Result<(Arc<Realm>, &'s [Cow<'p, str>]), AmError> {
    match head(segments) {
        Head::Canonical { path, said, rest } => {
            Ok((authority.realm_at(&path).await?.ok_or(AmError::UnknownRealm(said))?, rest))
        }
        Head::Short(segments) => {
            let (realm, rest) = walk(authority, segments, ends).await?;
            Ok((named(authority, call.param("realm")?).await?.unwrap_or(realm), rest))
        }
    }
}

/// Follows names of realms up to one that ends them.
async fn walk<'s, 'p>(
    authority: &Authority,
    mut segments: &'s [Cow<'p, str>],
    ends: fn(&str) -> bool,
) -> Result<(Arc<Realm>, &'s [Cow<'p, str>]), AmError> {
    let unknown = |rest: &[Cow<'_, str>]| AmError::UnknownResource(rest.join("/"));
    let mut realm = authority.root_realm().await?.ok_or_else(|| AmError::UnknownRealm(ROOT.into()))?;
    let mut path = String::new();
    while let [name, rest @ ..] = segments
        && !ends(name)
    {
        path.push('/');
        path.push_str(&name.to_lowercase());
        realm = authority.realm_at(&path).await?.ok_or_else(|| unknown(segments))?;
        segments = rest;
    }
    Ok((realm, segments))
}

fn resource<'s, 'p>(segments: &'s [Cow<'p, str>]) -> Result<(Resource, &'s [Cow<'p, str>]), AmError> {
    let found = segments.split_first().and_then(|(name, rest)| Some((Resource::named(name)?, rest)));
    found.ok_or_else(|| AmError::UnknownResource(segments.join("/")))
}

/// The realm that a parameter names, with or without a slash before it.
pub(crate) async fn named(authority: &Authority, name: Option<&str>) -> Result<Option<Arc<Realm>>, AmError> {
    let Some(name) = name else { return Ok(None) };
    let bare = name.strip_prefix('/').unwrap_or(name);
    let path = format!("/{}", bare.to_lowercase());
    let realm = authority.realm_at(&path).await?;
    realm.map(Some).ok_or_else(|| AmError::InvalidRealm(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::segments;

    fn canonical(text: &str, path: &str, said: &str, rest: &[&str]) {
        let segments = segments(text);
        let Head::Canonical { path: p, said: s, rest: r } = head(&segments) else { panic!("short: {text}") };
        assert_eq!((p.as_str(), s.as_str()), (path, said), "{text}");
        assert_eq!(r, rest, "{text}");
    }

    #[test]
    fn realms_are_named_one_below_the_other() {
        canonical("/realms/root/sessions", "/", "", &["sessions"]);
        canonical("/realms/ROOT/realms/Alpha/sessions/x", "/alpha", "/Alpha", &["sessions", "x"]);
        canonical("/realms/root/realms/a/realms/b/authenticate", "/a/b", "/a/b", &["authenticate"]);
        canonical("/realms/alpha/sessions", "/alpha", "alpha", &["sessions"]);
        canonical("/realms/alpha/realms/root/sessions", "/alpha/root", "alpha/root", &["sessions"]);
        canonical("/realms/root/realms", "/", "", &["realms"]);
        canonical("/realms//sessions", "/", "", &["sessions"]);
    }

    #[test]
    fn all_else_is_short() {
        for text in ["/sessions", "/alpha/sessions", "/realms", "/root/realms/alpha/sessions", ""] {
            let segments = segments(text);
            assert_eq!(head(&segments), Head::Short(&segments), "{text}");
        }
    }
}
