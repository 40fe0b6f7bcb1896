//! Our own signed tokens are verified once: a bounded map from the hash of a token to its claims.
//!
//! Only signature and claims are remembered. Nothing here says that a token is good now: expiry, session, epoch and
//! grant are read elsewhere, every time (NO-STALE-YES). No token is kept, only its SHA-256. An entry has no age of its
//! own because its truth does not age: the key of the map holds the key set's identity, so another set finds nothing.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use sha2::{Digest as _, Sha256};

use crate::jws::{Refused, TOKEN_BYTES_MAX};
use crate::key_set::KeySet;
use crate::verified::Verified;

/// Enough that writers rarely meet readers; a power of two.
const SHARDS: usize = 64;

type Hash = [u8; 32];
type Entries = HashMap<Hash, Arc<Verified>>;

/// Remembers verified tokens, at most `capacity` of them.
pub struct VerifiedTokens {
    shards: Vec<RwLock<Shard>>,
    /// How many entries each half of a shard holds.
    half_max: usize,
}

/// Two halves: when the young one is full it becomes the old one, and the old one is dropped.
#[derive(Default)]
struct Shard {
    young: Entries,
    old: Entries,
}

impl VerifiedTokens {
    /// A map that holds at most `capacity` entries, rounded up to two for each of 64 shards.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let half_max = (capacity / (2 * SHARDS)).max(1);
        Self { shards: (0..SHARDS).map(|_| RwLock::default()).collect(), half_max }
    }

    /// The claims of a token, verified now or before. Costs one SHA-256 for a token seen before.
    ///
    /// Refusals are not remembered: a flood of bad tokens pushes no good one out.
    pub fn verify_once(&self, keys: &KeySet, token: &str) -> Result<Arc<Verified>, Refused> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Refused::TooLong);
        }
        let hash = hash(keys, token);
        if let Some(verified) = self.remembered(&hash) {
            return Ok(verified);
        }
        let verified = Arc::new(keys.verify(token)?);
        self.remember(hash, Arc::clone(&verified));
        Ok(verified)
    }

    /// The claims of a token if it was verified with exactly these keys before.
    #[must_use]
    pub fn find(&self, keys: &KeySet, token: &str) -> Option<Arc<Verified>> {
        self.remembered(&hash(keys, token))
    }

    /// How many tokens are remembered.
    #[must_use]
    pub fn count(&self) -> usize {
        let count = |shard: &RwLock<Shard>| {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            shard.young.len() + shard.old.len()
        };
        self.shards.iter().map(count).sum()
    }

    fn remembered(&self, hash: &Hash) -> Option<Arc<Verified>> {
        // A poisoned shard holds nothing but whole entries.
        let shard = self.shard(hash).read().unwrap_or_else(PoisonError::into_inner);
        shard.young.get(hash).or_else(|| shard.old.get(hash)).cloned()
    }

    /// Private, so that no token can be paired with the claims of another.
    fn remember(&self, hash: Hash, verified: Arc<Verified>) {
        let dropped = {
            let mut shard = self.shard(&hash).write().unwrap_or_else(PoisonError::into_inner);
            let full = shard.young.len() >= self.half_max;
            let dropped = full.then(|| {
                let young = std::mem::take(&mut shard.young);
                std::mem::replace(&mut shard.old, young)
            });
            shard.young.insert(hash, verified);
            dropped
        };
        drop(dropped); // Outside the lock: freeing many claims takes time.
    }

    fn shard(&self, hash: &Hash) -> &RwLock<Shard> {
        &self.shards[usize::from(hash[0]) % SHARDS]
    }
}

fn hash(keys: &KeySet, token: &str) -> Hash {
    let mut hash = Sha256::new();
    hash.update(keys.identity()); // Of fixed length, so no two pairs run together.
    hash.update(token);
    hash.finalize().into()
}

impl std::fmt::Debug for VerifiedTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerifiedTokens").field("count", &self.count()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Alg, SigningKey};

    #[test]
    fn the_second_time_is_found() {
        let key = SigningKey::generate(Alg::EdDsa).unwrap();
        let (keys, tokens) = (KeySet::of([key.public()]), VerifiedTokens::new(1000));
        let token = key.sign(None, &json!({"sub": "ada"})).unwrap();
        assert!(tokens.find(&keys, &token).is_none());
        let first = tokens.verify_once(&keys, &token).unwrap();
        let second = tokens.verify_once(&keys, &token).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(tokens.count(), 1);
    }

    #[test]
    fn another_key_set_finds_nothing() {
        let (ours, theirs) =
            (SigningKey::generate(Alg::EdDsa).unwrap(), SigningKey::generate(Alg::EdDsa).unwrap());
        let tokens = VerifiedTokens::new(1000);
        let token = ours.sign(None, &json!({})).unwrap();
        let both = KeySet::of([ours.public(), theirs.public()]);
        assert!(tokens.verify_once(&both, &token).is_ok());
        let withdrawn = KeySet::of([theirs.public()]);
        assert_eq!(tokens.verify_once(&withdrawn, &token), Err(Refused::UnknownKey));
        assert!(tokens.find(&withdrawn, &token).is_none());
    }

    #[test]
    fn refusals_are_not_remembered() {
        let key = SigningKey::generate(Alg::EdDsa).unwrap();
        let (keys, tokens) = (KeySet::of([key.public()]), VerifiedTokens::new(1000));
        assert_eq!(tokens.verify_once(&keys, "a.b.c"), Err(Refused::Malformed));
        assert_eq!(tokens.verify_once(&keys, &"a".repeat(9000)), Err(Refused::TooLong));
        assert_eq!(tokens.count(), 0);
    }

    #[test]
    fn the_bound_holds_and_the_newest_stay() {
        let key = SigningKey::generate(Alg::EdDsa).unwrap();
        let keys = KeySet::of([key.public()]);
        let tokens = VerifiedTokens::new(256);
        for number in 0..2000 {
            let token = key.sign(None, &json!({"n": number})).unwrap();
            tokens.verify_once(&keys, &token).unwrap();
            assert!(tokens.find(&keys, &token).is_some());
            assert!(tokens.count() <= 256);
        }
        assert!(tokens.count() >= 64, "a part is dropped, not everything");
    }

    #[test]
    fn threads_share_the_map() {
        let key = SigningKey::generate(Alg::EdDsa).unwrap();
        let (keys, tokens) = (KeySet::of([key.public()]), VerifiedTokens::new(128));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for number in 0..200 {
                        let token = key.sign(None, &json!({"n": number})).unwrap();
                        assert_eq!(tokens.verify_once(&keys, &token).unwrap().int("n"), Some(number));
                    }
                });
            }
        });
        assert!(tokens.count() <= 128);
    }
}
