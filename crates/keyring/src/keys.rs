//! The keys of one realm: which of them signs, and all that verify.
//!
//! Of each algorithm one key signs: the one that began to sign last. The others verify for as long as they are stored, because
//! an expired ID token is still a valid hint. Which key it is follows from what is stored and the time alone, so two
//! nodes that made a first key at the same moment agree as soon as both have read. Nothing here reads a store or a clock.

use adieu_core::Timestamp;
use adieu_token::{Alg, KeySet, SigningKey};

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStage {
    /// It is published and does not sign yet.
    Published,
    /// It signs.
    Signing,
    /// It signs no more; what it signed is verified.
    Retired,
}

/// A key of a realm, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RealmKey {
    /// Its public name.
    pub kid: String,
    /// Its algorithm.
    pub alg: Alg,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when it signs.
    pub signs_from: Timestamp,
    /// What it does now.
    pub stage: KeyStage,
}

/// A private key, ready to sign.
#[derive(Clone)]
pub(crate) struct ReadyKey {
    pub(crate) key: SigningKey,
    pub(crate) created_at: Timestamp,
    pub(crate) signs_from: Timestamp,
}

/// The keys of one realm.
pub struct RealmKeys {
    /// Oldest first.
    keys: Vec<ReadyKey>,
    public: KeySet,
    jwks: String,
}

impl RealmKeys {
    pub(crate) fn of(mut keys: Vec<ReadyKey>) -> Self {
        keys.sort_by(|a, b| (a.created_at, a.key.kid()).cmp(&(b.created_at, b.key.kid())));
        let public = KeySet::of(keys.iter().map(|ready| ready.key.public()));
        let jwks = public.jwks().to_string();
        Self { keys, public, jwks }
    }

    /// The public keys, retired and coming ones included.
    pub fn public(&self) -> &KeySet {
        &self.public
    }

    /// The public keys as a JWK Set document.
    pub fn jwks(&self) -> &str {
        &self.jwks
    }

    /// The keys, oldest first, and what each of them does at that moment.
    pub fn list(&self, now: Timestamp) -> Vec<RealmKey> {
        let signing: Vec<&str> =
            Alg::ALL.iter().filter_map(|alg| self.signing(*alg, now)).map(SigningKey::kid).collect();
        let shown = |ready: &ReadyKey| RealmKey {
            kid: ready.key.kid().to_owned(),
            alg: ready.key.alg(),
            created_at: ready.created_at,
            signs_from: ready.signs_from,
            stage: match () {
                () if signing.contains(&ready.key.kid()) => KeyStage::Signing,
                () if ready.signs_from > now => KeyStage::Published,
                () => KeyStage::Retired,
            },
        };
        self.keys.iter().map(shown).collect()
    }

    /// The key of that algorithm that signs at that moment; none if there is no key of it.
    pub(crate) fn signing(&self, alg: Alg, now: Timestamp) -> Option<&SigningKey> {
        let of_alg = || self.keys.iter().filter(|ready| ready.key.alg() == alg);
        let begun = of_alg().filter(|ready| ready.signs_from <= now).max_by_key(|ready| order(ready));
        // Before all of them only if this clock is behind the one that they were made by.
        begun.or_else(|| of_alg().min_by_key(|ready| order(ready))).map(|ready| &ready.key)
    }

    pub(crate) fn find(&self, kid: &str) -> Option<&ReadyKey> {
        self.keys.iter().find(|ready| ready.key.kid() == kid)
    }
}

fn order(ready: &ReadyKey) -> (Timestamp, Timestamp, &str) {
    (ready.signs_from, ready.created_at, ready.key.kid())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_ms(s * 1000)
    }

    fn ready(alg: Alg, created_s: i64, signs_s: i64) -> ReadyKey {
        let key = SigningKey::generate(alg).expect("a key");
        ReadyKey { key, created_at: at(created_s), signs_from: at(signs_s) }
    }

    #[test]
    fn the_key_that_began_last_signs_and_all_are_published() {
        let (old, new, other) =
            (ready(Alg::Es256, 10, 10), ready(Alg::Es256, 100, 280), ready(Alg::EdDsa, 5, 5));
        let kid = |ready: &ReadyKey| ready.key.kid().to_owned();
        let keys = RealmKeys::of(vec![new.clone(), other.clone(), old.clone()]);
        let signing = |s| keys.signing(Alg::Es256, at(s)).map(|key| key.kid().to_owned());
        assert_eq!((signing(279), signing(280)), (Some(kid(&old)), Some(kid(&new))));
        assert_eq!(signing(1), Some(kid(&old)), "a clock that is behind");
        assert!(keys.signing(Alg::Rs256, at(300)).is_none());
        assert_eq!(keys.public().iter().count(), 3);
        let stages = |s| keys.list(at(s)).iter().map(|key| key.stage).collect::<Vec<_>>();
        use KeyStage::{Published, Retired, Signing};
        assert_eq!(stages(279), [Signing, Signing, Published]);
        assert_eq!(stages(280), [Signing, Retired, Signing]);
    }

    /// Goal: two nodes that read the same keys sign with the same one, in whatever order they lie there.
    #[test]
    fn two_first_keys_of_one_moment_are_decided_by_their_names() {
        let (one, two) = (ready(Alg::EdDsa, 10, 10), ready(Alg::EdDsa, 10, 10));
        let signs = |keys: Vec<ReadyKey>| {
            RealmKeys::of(keys).signing(Alg::EdDsa, at(10)).map(|key| key.kid().to_owned())
        };
        assert_eq!(signs(vec![one.clone(), two.clone()]), signs(vec![two, one]));
    }
}
