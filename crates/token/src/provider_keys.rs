//! The public keys of somebody else, as their JWK Set has them, and the verdict on what they signed.
//!
//! Two keys of different types may have one name, and who has one key need not name it. RFC 7517 §4.5, OpenID Connect Core §10.1.
//! Whoever registers keys with us has a stricter set: `client_keys`.

use serde_json::Value;

use crate::alg::Alg;
use crate::jws::{JwsParts, Refused};
use crate::public_key::PublicKey;
use crate::verified::Verified;

/// Keys that are tried for a token that names none: each try costs a verification, and anybody may send a token (HOME-LIMITS).
const NAMELESS_TRIES_MAX: usize = 8;

/// The public keys of a provider.
#[derive(Debug, Clone, Default)]
pub struct ProviderKeys(Vec<PublicKey>);

impl ProviderKeys {
    /// The keys of a JWK Set that verify by an algorithm that is allowed; others are passed over. RFC 7517 §5
    #[must_use]
    pub fn of(jwks: &[Value]) -> Self {
        Self(jwks.iter().filter_map(|jwk| PublicKey::from_jwk(jwk).ok()).collect())
    }

    /// Checks shape, algorithm, key and signature of a token; nothing of what it says. A token that names no key may be signed
    /// with any of its algorithm.
    ///
    /// # Errors
    /// Why it is not accepted. [`Refused::UnknownKey`] if the provider may have another key by now: none has the name, or none
    /// fits a token without one.
    pub fn verify(&self, token: &str) -> Result<Verified, Refused> {
        let parts = JwsParts::of(token)?;
        let usable = parts.header("alg")?.and_then(Alg::named).is_some();
        let any = usable && parts.header("kid")?.is_none();
        verified_by_any(&self.0, token).map_err(|refused| match refused {
            Refused::Signature | Refused::Algorithm if any => Refused::UnknownKey,
            refused => refused,
        })
    }
}

/// A token that one of these keys signed: one of the name that it gives, or any of its algorithm if it gives none.
pub(crate) fn verified_by_any(keys: &[PublicKey], token: &str) -> Result<Verified, Refused> {
    let parts = JwsParts::of(token)?;
    let alg = parts.header("alg")?.ok_or(Refused::Malformed)?;
    let alg = Alg::named(alg).ok_or(Refused::Algorithm)?;
    let kid = parts.header("kid")?;
    let mut refused = Refused::UnknownKey;
    let mut tries = 0;
    for key in keys.iter().filter(|key| kid.is_none_or(|kid| key.kid() == kid)) {
        // The key decides about the algorithm, never the token. RFC 8725 §3.1
        if key.alg() != alg {
            if refused == Refused::UnknownKey {
                refused = Refused::Algorithm;
            }
            continue;
        }
        if tries == NAMELESS_TRIES_MAX {
            break;
        }
        tries += 1;
        if key.accepts(parts.signed, &parts.signature) {
            return parts.verified();
        }
        refused = Refused::Signature;
    }
    Err(refused)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::SigningKey;

    fn key(alg: Alg) -> SigningKey {
        SigningKey::generate(alg).unwrap()
    }

    /// The key with another name, as its JWK.
    fn named(key: &SigningKey, kid: &str) -> Value {
        let mut jwk = key.public().jwk();
        jwk["kid"] = kid.into();
        jwk
    }

    /// Goal: a provider with one key of an algorithm need not name it.
    #[test]
    fn a_token_without_the_name_of_its_key_is_verified_by_any_of_its_algorithm() {
        let (own, other) = (key(Alg::Es256), key(Alg::EdDsa));
        let keys = ProviderKeys::of(&[own.public().jwk(), other.public().jwk()]);
        assert!(keys.verify(&own.sign_nameless(&json!({})).unwrap()).is_ok());
        let stranger = key(Alg::Es256).sign_nameless(&json!({})).unwrap();
        assert_eq!(keys.verify(&stranger), Err(Refused::UnknownKey), "it may be a newer key");
        let newer = key(Alg::Rs256).sign_nameless(&json!({})).unwrap();
        assert_eq!(keys.verify(&newer), Err(Refused::UnknownKey));
        assert_eq!(keys.verify("eyJhbGciOiJub25lIn0.e30."), Err(Refused::Algorithm)); // {"alg":"none"}
    }

    /// Goal: RFC 7517 §4.5: keys of different types may have one name, and neither hides the other.
    #[test]
    fn two_keys_of_one_name_do_not_hide_each_other() {
        let (one, two) = (key(Alg::Es256), key(Alg::EdDsa));
        for jwks in [[named(&one, "1"), named(&two, "1")], [named(&two, "1"), named(&one, "1")]] {
            let keys = ProviderKeys::of(&jwks);
            for signs in [&one, &two] {
                let renamed = signs.sign_as("1", &json!({})).unwrap();
                assert!(keys.verify(&renamed).is_ok());
            }
        }
        let forged = key(Alg::Es256).sign_as("1", &json!({})).unwrap();
        assert_eq!(ProviderKeys::of(&[named(&one, "1")]).verify(&forged), Err(Refused::Signature));
        assert_eq!(ProviderKeys::of(&[named(&two, "1")]).verify(&forged), Err(Refused::Algorithm));
    }

    /// Goal: what is no key of ours to use is passed over; a token without a name costs a bounded number of verifications.
    #[test]
    fn tries_are_bounded_and_strange_keys_are_passed_over() {
        let last = key(Alg::EdDsa);
        let mut jwks: Vec<_> = (0..NAMELESS_TRIES_MAX).map(|_| key(Alg::EdDsa).public().jwk()).collect();
        jwks.push(json!({"kty": "oct", "k": "AQAB"}));
        jwks.push(last.public().jwk());
        let keys = ProviderKeys::of(&jwks);
        assert_eq!(keys.verify(&last.sign_nameless(&json!({})).unwrap()), Err(Refused::UnknownKey));
        assert!(keys.verify(&last.sign(None, &json!({})).unwrap()).is_ok());
    }
}
