//! Which scopes of dialects' APIs a client may be granted: those that a dialect has.
//!
//! A scope that nobody knows would never be given. What stood in a record before is not judged again. The list comes from the dialects;
//! without one nothing is judged.

use adieu_core::{Client, RecordFault};

use crate::Authority;
use crate::user_scopes::{ScopesOfClient, user_scopes_are_sound};

/// Judges the scopes that a client is to be granted, over those that it is granted now.
///
/// # Errors
/// No dialect has one of them.
pub fn api_scopes_are_known(
    known: &[&'static str],
    before: &[String],
    next: &[String],
) -> Result<(), RecordFault> {
    let is_known = |scope: &String| known.contains(&scope.as_str()) || before.contains(scope);
    let Some(unknown) = next.iter().find(|scope| !is_known(scope)) else { return Ok(()) };
    let alike = |scope: &str| strsim::jaro_winkler(unknown, scope);
    match known.iter().max_by(|one, other| alike(one).total_cmp(&alike(other))) {
        Some(nearest) => Err(RecordFault::ApiScope { nearest }),
        None => Ok(()),
    }
}

impl Authority {
    /// Judges the scopes of a client, those that it is granted and those that it names, over what it is now.
    pub(crate) fn judge_scopes(&self, before: Option<&Client>, next: &Client) -> Result<(), RecordFault> {
        let of_apis = self.policy().api_scopes;
        api_scopes_are_known(of_apis, before.map_or(&[], |before| &before.api_scopes), &next.api_scopes)?;
        let before = before.map_or_else(ScopesOfClient::default, ScopesOfClient::of);
        user_scopes_are_sound(of_apis, before, ScopesOfClient::of(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_scope_is_refused_with_the_nearest_one() {
        let known = ["p1:read:sessions", "p1:delete:sessions"];
        let judged = |before: &[&str], next: &[&str]| {
            let texts = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
            api_scopes_are_known(&known, &texts(before), &texts(next))
        };
        assert_eq!(judged(&[], &known), Ok(()));
        let refused = Err(RecordFault::ApiScope { nearest: "p1:read:sessions" });
        assert_eq!(judged(&[], &["p1:delete:sessions", "p1:read:session"]), refused);
        assert_eq!(judged(&["old"], &["old"]), Ok(()), "it stood there before");
        assert_eq!(api_scopes_are_known(&[], &[], &["x".into()]), Ok(()));
    }
}
