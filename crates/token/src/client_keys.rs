//! The public keys that a client registered, and the verdict on what it signed.
//!
//! A set is taken whole or not at all: public keys that we can verify with, a bounded number of them, each name once. Private and
//! symmetric keys are refused, so that nobody hands us a secret that we would have to keep. RFC 7517 §5, RFC 7591 §2.

use serde_json::{Value, json};

use crate::jws::Refused;
use crate::provider_keys::verified_by_any;
use crate::public_key::PublicKey;
use crate::verified::Verified;

/// How many keys a client may have: a present and a next one of each algorithm, and two more (HOME-LIMITS).
pub const CLIENT_KEYS_MAX: usize = 8;
/// How many keys a set may have that a client publishes; those that we cannot verify with are passed over (HOME-LIMITS).
const PUBLISHED_KEYS_MAX: usize = 64;
/// The longest set, in bytes as it is kept.
pub const CLIENT_JWKS_BYTES_MAX: usize = 16 * 1024;
/// The longest RSA key: a signature by a longer one takes us several times as long, and who has it checked need not be its owner
/// (ONE-SLOW-HURTS-NONE).
const CLIENT_RSA_BITS_MAX: usize = 4096;
/// Members that only private and symmetric keys have. RFC 7518 §6.2.2, §6.3.2, §6.4.1
const SECRET_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Why a JWK Set is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwksFault {
    /// It is no object with a list of keys.
    #[error("a JWK Set is an object with a list `keys` of at least one key")]
    NoSet,
    /// It has more keys than a client may have.
    #[error("a client may have at most {CLIENT_KEYS_MAX} keys")]
    TooMany,
    /// It is longer than a set may be.
    #[error("the keys of a client have at most {CLIENT_JWKS_BYTES_MAX} bytes")]
    TooLarge,
    /// A key is private or symmetric.
    #[error("only public keys are taken: one of these is private or symmetric")]
    Secret,
    /// A key is none that we can verify with.
    #[error(
        "a key is one to verify signatures with: RSA of 2048 to {CLIENT_RSA_BITS_MAX} bits, P-256 or Ed25519"
    )]
    Unusable,
    /// Two keys have one name.
    #[error("two keys have the same `kid`")]
    SameName,
}

/// The public keys of a client.
#[derive(Debug, Clone)]
pub struct ClientKeys(Vec<PublicKey>);

impl ClientKeys {
    /// Reads a JWK Set.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn from_jwks(set: &Value) -> Result<Self, JwksFault> {
        let keys = set.get("keys").and_then(Value::as_array).filter(|keys| !keys.is_empty());
        let keys = keys.ok_or(JwksFault::NoSet)?;
        let secret = |key: &Value| {
            key.get("kty").is_some_and(|kty| kty == "oct")
                || SECRET_MEMBERS.iter().any(|name| key.get(name).is_some())
        };
        if keys.iter().any(secret) {
            return Err(JwksFault::Secret);
        }
        if keys.len() > CLIENT_KEYS_MAX {
            return Err(JwksFault::TooMany);
        }
        let read: Result<Vec<_>, _> = keys.iter().map(PublicKey::from_jwk).collect();
        let keys = Self(read.map_err(|_| JwksFault::Unusable)?);
        if keys.0.iter().any(|key| key.rsa_bits().is_some_and(|bits| bits > CLIENT_RSA_BITS_MAX)) {
            return Err(JwksFault::Unusable);
        }
        let mut names: Vec<&str> = keys.0.iter().map(PublicKey::kid).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(JwksFault::SameName);
        }
        if keys.jwks().to_string().len() > CLIENT_JWKS_BYTES_MAX {
            return Err(JwksFault::TooLarge);
        }
        Ok(keys)
    }

    /// Reads a JWK Set that a client publishes for everybody: keys that are for something else, private ones included, are passed
    /// over. RFC 7517 §5
    ///
    /// # Errors
    /// It is no set, it is too long, or no key of it is one that we can verify with.
    pub fn from_published(set: &Value) -> Result<Self, JwksFault> {
        let keys = set.get("keys").and_then(Value::as_array).filter(|keys| !keys.is_empty());
        let keys = keys.ok_or(JwksFault::NoSet)?;
        if keys.len() > PUBLISHED_KEYS_MAX {
            return Err(JwksFault::TooMany);
        }
        let public = |key: &&Value| SECRET_MEMBERS.iter().all(|name| key.get(name).is_none());
        let usable = keys.iter().filter(public).filter_map(|key| PublicKey::from_jwk(key).ok());
        let keys: Vec<_> = usable.take(CLIENT_KEYS_MAX).collect();
        if keys.is_empty() { Err(JwksFault::Unusable) } else { Ok(Self(keys)) }
    }

    /// The set with what we know of each key and nothing else; a key without a name has its thumbprint.
    #[must_use]
    pub fn jwks(&self) -> Value {
        json!({"keys": self.0.iter().map(PublicKey::jwk).collect::<Vec<_>>()})
    }

    /// Checks shape, algorithm, key and signature of what the client signed; nothing of what it says. A token that names no key
    /// may be signed with any of its algorithm.
    ///
    /// # Errors
    /// Why it is not accepted.
    pub fn verify(&self, token: &str) -> Result<Verified, Refused> {
        verified_by_any(&self.0, token)
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;
    use crate::{Alg, SigningKey};

    fn key(alg: Alg) -> SigningKey {
        SigningKey::generate(alg).unwrap()
    }

    fn set(keys: &[Value]) -> Value {
        json!({"keys": keys})
    }

    #[test]
    fn a_set_of_public_keys_is_kept_without_what_is_not_needed() {
        let mut named = key(Alg::Rs256).public().jwk();
        named["kid"] = "mine".into();
        let mut more = named.clone();
        more["x5c"] = json!(["MII"]);
        let bare = key(Alg::Es256).public().jwk();
        let mut nameless = bare.clone();
        nameless.as_object_mut().unwrap().remove("kid");
        let keys = ClientKeys::from_jwks(&set(&[more, nameless])).unwrap();
        assert_eq!(keys.jwks(), set(&[named, bare]));
        assert_eq!(ClientKeys::from_jwks(&keys.jwks()).unwrap().jwks(), keys.jwks());
    }

    #[test]
    fn of_a_published_set_what_is_of_no_use_is_passed_over() {
        let (good, other) = (key(Alg::EdDsa).public().jwk(), key(Alg::Es256).public().jwk());
        let mut encrypts = other.clone();
        encrypts["use"] = "enc".into();
        let mut private = other.clone();
        private["d"] = "AQAB".into();
        let read = ClientKeys::from_published(&set(&[encrypts.clone(), private.clone(), good.clone()]));
        assert_eq!(read.unwrap().jwks(), set(std::slice::from_ref(&good)));
        let fault = |set: &Value| ClientKeys::from_published(set).unwrap_err();
        assert_eq!(fault(&set(&[encrypts, private])), JwksFault::Unusable);
        assert_eq!(fault(&json!({"keys": {}})), JwksFault::NoSet);
        assert_eq!(fault(&set(&vec![good; 65])), JwksFault::TooMany);
    }

    #[test]
    fn what_is_no_set_of_public_keys_is_refused() {
        let good = key(Alg::EdDsa).public().jwk();
        let with = |name: &str, value: Value| {
            let mut key = good.clone();
            key[name] = value;
            set(&[key])
        };
        let many: Vec<Value> = (0..9).map(|_| key(Alg::EdDsa).public().jwk()).collect();
        for (set, fault) in [
            (json!(null), JwksFault::NoSet),
            (json!([good]), JwksFault::NoSet),
            (set(&[]), JwksFault::NoSet),
            (json!({"keys": {}}), JwksFault::NoSet),
            (with("d", "AQAB".into()), JwksFault::Secret),
            (set(&[json!({"kty": "oct", "k": "AQAB"})]), JwksFault::Secret),
            (with("use", "enc".into()), JwksFault::Unusable),
            (with("kty", "EC".into()), JwksFault::Unusable),
            (set(&[json!("x")]), JwksFault::Unusable),
            (set(&[rsa_of_bits(4097)]), JwksFault::Unusable),
            (set(&[rsa_of_bits(8192)]), JwksFault::Unusable),
            (set(&many), JwksFault::TooMany),
            (set(&[good.clone(), good.clone()]), JwksFault::SameName),
            (with("kid", "k".repeat(CLIENT_JWKS_BYTES_MAX).into()), JwksFault::TooLarge),
        ] {
            assert_eq!(ClientKeys::from_jwks(&set).err(), Some(fault), "{set}");
        }
    }

    /// A JWK with an odd modulus of so many bits.
    fn rsa_of_bits(bits: usize) -> Value {
        let mut n = vec![0xff; bits.div_ceil(8)];
        if !bits.is_multiple_of(8) {
            n[0] = (1 << (bits % 8)) - 1;
        }
        json!({"kty": "RSA", "n": URL_SAFE_NO_PAD.encode(n), "e": "AQAB"})
    }

    /// ONE-SLOW-HURTS-NONE: anybody may have a signature of a registered key checked.
    #[test]
    fn an_rsa_key_has_at_most_4096_bits() {
        assert!(ClientKeys::from_jwks(&set(&[rsa_of_bits(4096)])).is_ok());
    }

    #[test]
    fn what_a_client_signed_is_found_with_or_without_the_name_of_its_key() {
        let (one, two, other) = (key(Alg::Es256), key(Alg::Es256), key(Alg::EdDsa));
        let keys =
            ClientKeys::from_jwks(&set(&[one.public().jwk(), two.public().jwk(), other.public().jwk()]));
        let keys = keys.unwrap();
        for signs in [&one, &two, &other] {
            let token = signs.sign(None, &json!({"iss": "shop"})).unwrap();
            assert_eq!(keys.verify(&token).unwrap().str("iss"), Some("shop"));
            assert!(keys.verify(&without_kid(signs)).is_ok());
        }
        let stranger = key(Alg::Es256);
        assert_eq!(keys.verify(&stranger.sign(None, &json!({})).unwrap()), Err(Refused::UnknownKey));
        assert_eq!(keys.verify(&without_kid(&stranger)), Err(Refused::Signature));
        assert_eq!(keys.verify(&without_kid(&key(Alg::Rs256))), Err(Refused::Algorithm));
        assert_eq!(keys.verify("e30.e30."), Err(Refused::Malformed));
        let none = "eyJhbGciOiJub25lIn0.e30."; // {"alg":"none"}
        assert_eq!(keys.verify(none), Err(Refused::Algorithm));
    }

    /// A token whose header names no key.
    fn without_kid(key: &SigningKey) -> String {
        key.sign_nameless(&json!({})).unwrap()
    }
}
