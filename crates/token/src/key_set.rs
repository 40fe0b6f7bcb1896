//! The public keys of one issuer, retired ones included, and the verdict on a token.
//!
//! Only shape, algorithm, key and signature are judged. `exp`, `aud`, `iss` and whether the session lives are the
//! caller's: an expired ID token is still a valid hint. RFC 8725 sections 3.1 and 3.2.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::alg::Alg;
use crate::jws::{JwsParts, Refused};
use crate::public_key::PublicKey;
use crate::verified::Verified;

/// Public keys by their `kid`.
#[derive(Debug, Clone, Default)]
pub struct KeySet {
    keys: BTreeMap<String, PublicKey>,
    identity: [u8; 32],
}

impl KeySet {
    /// A set of these keys. Of two keys with one `kid` the later one stays.
    pub fn of(keys: impl IntoIterator<Item = PublicKey>) -> Self {
        let keys: BTreeMap<_, _> = keys.into_iter().map(|key| (key.kid().to_owned(), key)).collect();
        let mut hash = Sha256::new();
        for (kid, key) in &keys {
            hash.update(u64::try_from(kid.len()).expect("a length fits 64 bits").to_be_bytes());
            hash.update(kid);
            hash.update(key.thumbprint()); // Of fixed length.
        }
        Self { keys, identity: hash.finalize().into() }
    }

    /// The same set with one more key.
    #[must_use]
    pub fn with(&self, key: PublicKey) -> Self {
        Self::of(self.keys.values().cloned().chain([key]))
    }

    /// The key of that name.
    #[must_use]
    pub fn find(&self, kid: &str) -> Option<&PublicKey> {
        self.keys.get(kid)
    }

    /// The keys, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &PublicKey> {
        self.keys.values()
    }

    /// The set as a JWK Set document.
    #[must_use]
    pub fn jwks(&self) -> Value {
        json!({"keys": self.iter().map(PublicKey::jwk).collect::<Vec<_>>()})
    }

    /// Names exactly these keys. A set that gains or loses a key has another identity, so a verdict remembered under it
    /// can never outlive a key.
    pub(crate) fn identity(&self) -> &[u8; 32] {
        &self.identity
    }

    /// Checks shape, algorithm, key and signature. It does not look at `exp`.
    pub fn verify(&self, token: &str) -> Result<Verified, Refused> {
        let parts = JwsParts::of(token)?;
        let alg = parts.header("alg")?.ok_or(Refused::Malformed)?;
        let alg = Alg::named(alg).ok_or(Refused::Algorithm)?;
        let kid = parts.header("kid")?.ok_or(Refused::NoKey)?;
        let key = self.find(kid).ok_or(Refused::UnknownKey)?;
        if key.alg() != alg {
            return Err(Refused::Algorithm); // The key decides, never the token. RFC 8725 §3.1
        }
        if !key.accepts(parts.signed, &parts.signature) {
            return Err(Refused::Signature);
        }
        parts.verified()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;
    use crate::SigningKey;

    static P256: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(Alg::Es256).unwrap());
    static RSA: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(Alg::Rs256).unwrap());

    fn keys() -> KeySet {
        KeySet::of([P256.public(), RSA.public()])
    }

    /// A token with this header over the signature of a good one.
    fn with_header(header: &Value, token: &str) -> String {
        let (_, rest) = token.split_once('.').unwrap();
        format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()))
    }

    #[test]
    fn a_good_token_shows_its_claims() {
        let token = RSA.sign(Some("at+jwt"), &json!({"sub": "ada", "exp": 1})).unwrap();
        let verified = keys().verify(&token).unwrap();
        assert_eq!(verified.typ.as_deref(), Some("at+jwt"));
        assert_eq!(verified.str("sub"), Some("ada"));
        assert!(verified.expired(2), "expiry is told, not judged");
    }

    #[test]
    fn a_retired_key_still_verifies_and_a_removed_one_does_not() {
        let old = P256.sign(None, &json!({})).unwrap();
        let rotated = KeySet::of([P256.public()]).with(RSA.public());
        assert!(rotated.verify(&old).is_ok());
        assert_eq!(KeySet::of([RSA.public()]).verify(&old), Err(Refused::UnknownKey));
        assert_eq!(KeySet::default().verify(&old), Err(Refused::UnknownKey));
    }

    #[test]
    fn the_key_decides_about_the_algorithm() {
        let token = P256.sign(None, &json!({})).unwrap();
        let kid = P256.kid();
        for alg in ["none", "None", "HS256", "HS512", "RS256", "EdDSA", "PS256", "es256", ""] {
            let forged = with_header(&json!({"alg": alg, "kid": kid}), &token);
            assert_eq!(keys().verify(&forged), Err(Refused::Algorithm), "{alg}");
        }
        let without = with_header(&json!({"kid": kid}), &token);
        assert_eq!(keys().verify(&without), Err(Refused::Malformed));
    }

    #[test]
    fn the_public_key_is_no_mac_secret() {
        use aws_lc_rs::hmac;
        let secret = RSA.public().jwk().to_string();
        let input = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(json!({"alg": "HS256", "kid": RSA.kid()}).to_string()),
            URL_SAFE_NO_PAD.encode(r#"{"sub":"eve"}"#),
        );
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), input.as_bytes());
        let forged = format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag));
        assert_eq!(keys().verify(&forged), Err(Refused::Algorithm));
    }

    #[test]
    fn a_token_must_name_a_key_of_the_set() {
        let token = P256.sign(None, &json!({})).unwrap();
        let nameless = with_header(&json!({"alg": "ES256"}), &token);
        assert_eq!(keys().verify(&nameless), Err(Refused::NoKey));
        let strange = with_header(&json!({"alg": "ES256", "kid": "other"}), &token);
        assert_eq!(keys().verify(&strange), Err(Refused::UnknownKey));
    }

    #[test]
    fn a_key_of_the_header_is_never_used() {
        let eve = SigningKey::generate(Alg::Es256).unwrap();
        let header = json!({"alg": "ES256", "kid": P256.kid(), "jwk": eve.public().jwk()});
        let forged = with_header(&header, &eve.sign(None, &json!({})).unwrap());
        assert_eq!(keys().verify(&forged), Err(Refused::Signature));
    }

    #[test]
    fn one_changed_byte_anywhere_is_refused() {
        let token = P256.sign(None, &json!({"sub": "ada"})).unwrap();
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(keys().verify(&changed).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_signed_header_with_crit_is_refused() {
        let token = P256.sign(None, &json!({})).unwrap();
        let critical = with_header(&json!({"alg": "ES256", "kid": P256.kid(), "crit": ["exp"]}), &token);
        assert_eq!(keys().verify(&critical), Err(Refused::Malformed));
    }

    #[test]
    fn identity_follows_the_keys_and_not_their_order() {
        let both = keys();
        assert_eq!(both.identity(), KeySet::of([RSA.public(), P256.public()]).identity());
        assert_ne!(both.identity(), KeySet::of([RSA.public()]).identity());
        let mut renamed = RSA.public().jwk();
        renamed["kid"] = P256.kid().into();
        let impostor = KeySet::of([PublicKey::from_jwk(&renamed).unwrap()]);
        assert_ne!(impostor.identity(), KeySet::of([P256.public()]).identity());
    }

    #[test]
    fn jwks_lists_every_key() {
        let jwks = keys().jwks();
        assert_eq!(jwks["keys"].as_array().unwrap().len(), 2);
    }

    /// Goal: we read what another implementation signs.
    #[test]
    fn we_agree_with_signatures_of_jsonwebtoken() {
        use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
        let encoding = EncodingKey::from_ec_der(&P256.pkcs8().unwrap());
        let header = Header { kid: Some(P256.kid().to_owned()), ..Header::new(Algorithm::ES256) };
        let token = encode(&header, &json!({"sub": "ada"}), &encoding).unwrap();
        assert_eq!(keys().verify(&token).unwrap().str("sub"), Some("ada"));
    }
}
