//! Tokens taken back before their time: a refresh token with all its grant, an access token alone (RFC 7009 §2.1).
//!
//! The session lives on. A void access token is remembered by its id, in its grant or its client, until it would have
//! expired; how many of them is bounded (HOME-LIMITS), and no bound makes a void token good again.

use uuid::Uuid;

use crate::grant::{Grant, GrantDecision, GrantError, GrantId};
use crate::ids::ClientId;
use crate::time::Timestamp;
use crate::token::TokenHash;

/// Void access tokens that one grant remembers; the next one takes the whole grant.
const OF_GRANT_MAX: usize = 32;
/// Void tokens that a client in its own name remembers; the next one is refused until one of them expires.
const OF_CLIENT_MAX: usize = 256;

/// An access token that is void.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Voided {
    /// Its id.
    pub token: Uuid,
    /// When it would have expired.
    pub until: Timestamp,
}

/// Whether that token is one of the void ones.
pub fn is_void(void: &[Voided], token: Uuid) -> bool {
    void.iter().any(|voided| voided.token == token)
}

/// A token of a grant, as its client gives it back.
#[derive(Clone, Debug)]
pub struct RevokeOrder {
    /// The grant that the token names.
    pub grant: GrantId,
    /// Who gives it back.
    pub client: ClientId,
    /// Which token.
    pub token: GivenBack,
}

/// Which token of a grant is given back.
#[derive(Clone, Copy, Debug)]
pub enum GivenBack {
    /// A refresh token, the live one or an earlier one, by the hash of its family's secret.
    Refresh(TokenHash),
    /// An access token.
    Access(Voided),
}

/// Decides what a token that is given back takes with it.
pub fn decide_revoke(grant: &Grant, order: &RevokeOrder, now: Timestamp) -> GrantDecision {
    let fits = match order.token {
        GivenBack::Refresh(family) => grant.refresh.is_some_and(|refresh| refresh.family.same(&family)),
        GivenBack::Access(_) => true,
    };
    if grant.client != order.client || !fits {
        return GrantDecision { write: None, outcome: Err(GrantError::Invalid) };
    }
    let next = match order.token {
        _ if grant.revoked => None,
        GivenBack::Refresh(_) => Some(Grant { revoked: true, ..grant.clone() }),
        GivenBack::Access(voided) => match with(&grant.void, voided, OF_GRANT_MAX, now) {
            Some(void) => Some(Grant { void, ..grant.clone() }),
            None => Some(Grant { revoked: true, ..grant.clone() }),
        },
    };
    GrantDecision { outcome: Ok(next.clone().unwrap_or_else(|| grant.clone())), write: next }
}

/// The void tokens of a client in its own name with one more; none if there is no room for it.
pub(crate) fn decide_void(void: &[Voided], voided: Voided, now: Timestamp) -> Option<Vec<Voided>> {
    with(void, voided, OF_CLIENT_MAX, now)
}

fn with(void: &[Voided], voided: Voided, max: usize, now: Timestamp) -> Option<Vec<Voided>> {
    let same = |known: &&Voided| known.token != voided.token && known.until > now;
    let mut next: Vec<Voided> = void.iter().filter(same).copied().collect();
    if next.len() >= max {
        return None;
    }
    next.push(voided);
    Some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_ms(s * 1000)
    }

    fn voided(n: u128, until_s: i64) -> Voided {
        Voided { token: Uuid::from_u128(n), until: at(until_s) }
    }

    #[test]
    fn void_tokens_are_remembered_until_they_expire_and_no_more_than_there_is_room_for() {
        let mut void = vec![];
        for n in 0..3 {
            void = with(&void, voided(n, 10), 3, at(1)).expect("room");
        }
        assert_eq!(with(&void, voided(3, 10), 3, at(1)), None, "full");
        assert_eq!(with(&void, voided(2, 10), 3, at(1)).map(|void| void.len()), Some(3), "known already");
        assert!(is_void(&void, Uuid::from_u128(2)) && !is_void(&void, Uuid::from_u128(3)));
        assert_eq!(with(&void, voided(3, 20), 3, at(10)), Some(vec![voided(3, 20)]));
    }
}
