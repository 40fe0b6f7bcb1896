//! Tokens revoked before they expire: a refresh token with all its grant, an access token alone (RFC 7009 §2.1).
//!
//! The session lives on. A revoked access token is remembered by its id, in its grant or its client, until it would have
//! expired; how many of them is bounded (HOME-LIMITS), and no bound makes a revoked token good again.

use crate::grant::{Grant, GrantDecision, GrantError, GrantFault, GrantId};
use crate::ids::ClientId;
use crate::revoked_token::RevokedToken;
use crate::time::Timestamp;
use crate::token::TokenHash;

/// Revoked access tokens that one grant remembers; the next one revokes the whole grant.
const OF_GRANT_MAX: usize = 32;
/// Revoked tokens that a client in its own name remembers; the next one is refused until one of them expires.
const OF_CLIENT_MAX: usize = 256;

/// A client's order to revoke a token of a grant.
#[derive(Clone, Debug)]
pub struct RevokeOrder {
    /// The grant that the token names.
    pub grant: GrantId,
    /// Who revokes it.
    pub client: ClientId,
    /// Which token.
    pub token: TokenToRevoke,
}

/// Which token of a grant is to be revoked.
#[derive(Clone, Copy, Debug)]
pub enum TokenToRevoke {
    /// A refresh token, the live one or an earlier one, by the hash of its family's secret.
    Refresh(TokenHash),
    /// An access token.
    Access(RevokedToken),
    /// All of them: the user leaves the client.
    All,
}

/// Decides what is revoked with a token.
pub fn decide_revoke(grant: &Grant, order: &RevokeOrder, now: Timestamp) -> GrantDecision {
    let fits = match order.token {
        TokenToRevoke::Refresh(family) => grant.refresh.is_some_and(|refresh| refresh.family.same(&family)),
        TokenToRevoke::Access(_) | TokenToRevoke::All => true,
    };
    if grant.client != order.client || !fits {
        return GrantDecision { write: None, outcome: Err(GrantError::Invalid(GrantFault::OfAnother)) };
    }
    let next = match order.token {
        _ if grant.revoked => None,
        TokenToRevoke::Refresh(_) | TokenToRevoke::All => Some(Grant { revoked: true, ..grant.clone() }),
        TokenToRevoke::Access(token) => match with(&grant.revoked_tokens, token, OF_GRANT_MAX, now) {
            Some(revoked_tokens) => Some(Grant { revoked_tokens, ..grant.clone() }),
            None => Some(Grant { revoked: true, ..grant.clone() }),
        },
    };
    GrantDecision { outcome: Ok(next.clone().unwrap_or_else(|| grant.clone())), write: next }
}

/// The revoked tokens of a client in its own name with one more; none if there is no room for it.
pub(crate) fn with_revoked_own(
    revoked: &[RevokedToken],
    token: RevokedToken,
    now: Timestamp,
) -> Option<Vec<RevokedToken>> {
    with(revoked, token, OF_CLIENT_MAX, now)
}

fn with(
    revoked: &[RevokedToken],
    token: RevokedToken,
    max: usize,
    now: Timestamp,
) -> Option<Vec<RevokedToken>> {
    let same = |known: &&RevokedToken| known.token != token.token && known.until > now;
    let mut next: Vec<RevokedToken> = revoked.iter().filter(same).copied().collect();
    if next.len() >= max {
        return None;
    }
    next.push(token);
    Some(next)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::revoked_token::is_revoked;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_ms(s * 1000)
    }

    fn token(n: u128, until_s: i64) -> RevokedToken {
        RevokedToken { token: Uuid::from_u128(n), until: at(until_s) }
    }

    #[test]
    fn revoked_tokens_are_remembered_until_they_expire_and_no_more_than_there_is_room_for() {
        let mut revoked = vec![];
        for n in 0..3 {
            revoked = with(&revoked, token(n, 10), 3, at(1)).expect("room");
        }
        assert_eq!(with(&revoked, token(3, 10), 3, at(1)), None, "full");
        assert_eq!(
            with(&revoked, token(2, 10), 3, at(1)).map(|revoked| revoked.len()),
            Some(3),
            "known already"
        );
        assert!(is_revoked(&revoked, Uuid::from_u128(2)) && !is_revoked(&revoked, Uuid::from_u128(3)));
        assert_eq!(with(&revoked, token(3, 20), 3, at(10)), Some(vec![token(3, 20)]));
    }
}
