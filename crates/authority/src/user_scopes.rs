//! The scopes that a client says it asks its users for: it gets no other. RFC 7591 §2.
//!
//! What stood in a record before is not judged again.

use adieu_core::RecordFault;

/// Scopes of OpenID Connect that have a meaning here. They need no grant. OpenID Connect Core §5.4
pub const STANDARD_SCOPES: [&str; 5] = ["openid", "profile", "email", "address", "phone"];
/// The scope of access that outlives the session. OpenID Connect Core §11
pub const OFFLINE_ACCESS: &str = "offline_access";

/// Judges the scopes that a client is to name, over those that it names now; none is whatever it asks for. `of_apis` are those that
/// dialects have.
///
/// # Errors
/// Nobody knows one of them, or nothing can be asked for with all of them.
pub fn user_scopes_are_sound(
    of_apis: &[&'static str],
    before: Option<&[String]>,
    next: Option<&[String]>,
) -> Result<(), RecordFault> {
    let Some(next) = next.filter(|_| next != before) else { return Ok(()) };
    let known = || STANDARD_SCOPES.iter().chain(&[OFFLINE_ACCESS]).chain(of_apis).copied();
    let stood = |scope: &String| before.is_some_and(|before| before.contains(scope));
    if let Some(strange) = next.iter().find(|scope| !known().any(|one| one == *scope) && !stood(scope)) {
        let alike = |scope: &str| strsim::jaro_winkler(strange, scope);
        let nearest = known().max_by(|one, other| alike(one).total_cmp(&alike(other)));
        return Err(RecordFault::UserScope { nearest: nearest.unwrap_or_default() });
    }
    // That one only says for how long.
    let asks = next.iter().any(|scope| scope != OFFLINE_ACCESS);
    if asks { Ok(()) } else { Err(RecordFault::NoUserScope) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_names_scopes_that_can_be_asked_for() {
        let judged = |before: Option<&[&str]>, next: Option<&[&str]>| {
            let texts = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
            let (before, next) = (before.map(texts), next.map(texts));
            user_scopes_are_sound(&["p1:read:sessions"], before.as_deref(), next.as_deref())
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
    }
}
