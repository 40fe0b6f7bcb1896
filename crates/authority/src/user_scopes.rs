//! The scopes that a client says it asks its users for: it gets no other. RFC 7591 §2.
//!
//! What stood in a record before is not judged again.

use adieu_core::{Client, RecordFault};

/// Scopes of OpenID Connect that have a meaning here. They need no grant. OpenID Connect Core §5.4
pub const STANDARD_SCOPES: [&str; 5] = ["openid", "profile", "email", "address", "phone"];
/// The scope of access that outlives the session. OpenID Connect Core §11
pub const OFFLINE_ACCESS: &str = "offline_access";

/// What stands of scopes in a client's record.
#[derive(Clone, Copy, Default)]
pub struct ScopesOfClient<'a> {
    /// Those that it asks its users for; none is whatever it likes.
    pub named: Option<&'a [String]>,
    /// Those of APIs that it is granted.
    pub granted: &'a [String],
}

impl<'a> ScopesOfClient<'a> {
    /// Those of a client.
    pub fn of(client: &'a Client) -> Self {
        Self { named: client.user_scopes.as_deref(), granted: &client.api_scopes }
    }

    /// Those that it asks its users for, as they count at use; none is whatever it likes.
    pub fn counting(self) -> Option<Vec<&'a str>> {
        let named = self.named?.iter().map(String::as_str);
        Some(named.filter(|scope| self.counts(scope, true)).collect())
    }

    fn is_granted(self, scope: &str) -> bool {
        self.granted.iter().any(|one| one == scope)
    }

    fn names(self, scope: &str) -> bool {
        self.named.is_none_or(|named| named.iter().any(|one| one == scope))
    }

    /// Whether a scope counts in a token of this client: the narrower of what the token was issued for and of what stands here. Who
    /// names scopes names them for its users: a token in its own name has what it is granted.
    pub(crate) fn counts(self, scope: &str, of_user: bool) -> bool {
        let of_api = !STANDARD_SCOPES.contains(&scope) && scope != OFFLINE_ACCESS;
        (!of_api || self.is_granted(scope)) && (!of_user || self.names(scope))
    }
}

/// Judges the scopes that a client is to name, over those that it names now; none is whatever it asks for. `of_apis` are those that
/// dialects have: they want a grant.
///
/// # Errors
/// Nobody knows one of them, one is of an API and not granted, or nothing can be asked for with all of them.
pub fn user_scopes_are_sound(
    of_apis: &[&'static str],
    before: ScopesOfClient<'_>,
    next: ScopesOfClient<'_>,
) -> Result<(), RecordFault> {
    let Some(named) = next.named else { return Ok(()) };
    if before.named == next.named && before.granted == next.granted {
        return Ok(());
    }
    let known = || STANDARD_SCOPES.iter().chain(&[OFFLINE_ACCESS]).chain(of_apis).copied();
    let stood = |scope: &str| before.named.is_some_and(|before| before.iter().any(|one| one == scope));
    if let Some(strange) = named.iter().find(|scope| !known().any(|one| one == *scope) && !stood(scope)) {
        let alike = |scope: &str| strsim::jaro_winkler(strange, scope);
        let nearest = known().max_by(|one, other| alike(one).total_cmp(&alike(other)));
        return Err(RecordFault::UserScope { nearest: nearest.unwrap_or_default() });
    }
    let ungranted = |scope: &&&'static str| named.iter().any(|one| one == **scope) && !next.is_granted(scope);
    if let Some(scope) = of_apis.iter().filter(ungranted).find(|scope| !stood(scope)) {
        return Err(RecordFault::UngrantedScope { scope });
    }
    // That one only says for how long; and one that stays without its grant is not given.
    let asks = |scope: &String| {
        scope != OFFLINE_ACCESS && (!of_apis.contains(&scope.as_str()) || next.is_granted(scope))
    };
    if named.iter().any(asks) { Ok(()) } else { Err(RecordFault::NoUserScope) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_names_scopes_that_can_be_asked_for() {
        let judged = |before: Option<&[&str]>, next: Option<&[&str]>| {
            let texts = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
            let (before, next) = (before.map(texts), next.map(texts));
            let granted = texts(&["p1:read:sessions"]);
            let scopes = |named| ScopesOfClient { named, granted: &granted };
            let of_apis = ["p1:read:sessions", "p1:delete:sessions"];
            user_scopes_are_sound(&of_apis, scopes(before.as_deref()), scopes(next.as_deref()))
        };
        for next in [&["openid"][..], &["email", "offline_access"], &["openid", "p1:read:sessions"]] {
            assert_eq!(judged(None, Some(next)), Ok(()), "{next:?}");
        }
        assert_eq!(judged(Some(&["openid"]), None), Ok(()), "whatever it asks for");
        for next in [&[][..], &["offline_access"]] {
            assert_eq!(judged(None, Some(next)), Err(RecordFault::NoUserScope), "{next:?}");
        }
        let refused = Err(RecordFault::UserScope { nearest: "email" });
        assert_eq!(judged(None, Some(&["openid", "emial"])), refused);
        assert_eq!(judged(Some(&["old"]), Some(&["openid", "old"])), Ok(()), "it stood there before");
        assert_eq!(judged(Some(&["offline_access"]), Some(&["offline_access"])), Ok(()));
        let ungranted = Err(RecordFault::UngrantedScope { scope: "p1:delete:sessions" });
        assert_eq!(judged(None, Some(&["openid", "p1:delete:sessions"])), ungranted);
    }

    /// Goal: a client that names a scope of an API alone keeps it or another one: with none it could ask for nothing, without a word.
    #[test]
    fn the_last_scope_that_can_be_asked_for_keeps_its_grant() {
        let texts = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        let (read, none) = (texts(&["p1:read:sessions"]), Vec::new());
        let judged = |named: &[String]| {
            let before = ScopesOfClient { named: Some(named), granted: &read };
            let next = ScopesOfClient { granted: &none, ..before };
            user_scopes_are_sound(&["p1:read:sessions"], before, next)
        };
        assert_eq!(judged(&read), Err(RecordFault::NoUserScope));
        assert_eq!(judged(&texts(&["openid", "p1:read:sessions"])), Ok(()), "it is cut at use");
    }

    /// Goal: decision 0117: at use the narrower counts, of what the token says and of what the record says now.
    #[test]
    fn a_scope_counts_while_the_client_may_have_it() {
        let texts = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        let (named, granted) = (texts(&["openid"]), texts(&["p1:read:sessions"]));
        let narrow = ScopesOfClient { named: Some(&named), granted: &granted };
        let free = ScopesOfClient { named: None, granted: &granted };
        for (scopes, scope, of_user, expect) in [
            (narrow, "openid", true, true),
            (narrow, "email", true, false),
            (narrow, "p1:read:sessions", true, false),
            (narrow, "p1:read:sessions", false, true),
            (free, "p1:read:sessions", true, true),
            (free, "p1:delete:sessions", true, false),
            (free, "p1:delete:sessions", false, false),
            (free, "offline_access", true, true),
        ] {
            assert_eq!(scopes.counts(scope, of_user), expect, "{scope} {of_user}");
        }
    }
}
