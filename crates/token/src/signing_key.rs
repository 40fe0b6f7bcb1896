//! A private key: made or read once, then it signs.
//!
//! The key pair is held prepared, because signing is hot (one RS256 signature costs as much as 90 checks).
//! Nothing here prints or compares private material; at rest it lies `sealed`.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde::Serialize;

use crate::alg::Alg;
use crate::jws::{TokenError, signing_input, with_signature};
use crate::public_key::{Numbers, PublicKey};
use crate::unsigned::UnsignedToken;

/// A private key for one algorithm. Cheap to clone.
#[derive(Clone)]
pub struct SigningKey(Arc<Inner>);

struct Inner {
    pair: Pair,
    public: PublicKey,
}

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl SigningKey {
    /// Makes a key with the randomness of the cryptographic library. RSA takes a tenth of a second and more.
    pub fn generate(alg: Alg) -> Result<Self, TokenError> {
        let pair = match alg {
            Alg::Rs256 => RsaKeyPair::generate(KeySize::Rsa2048).map(Pair::Rsa),
            Alg::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Pair::P256),
            Alg::EdDsa => Ed25519KeyPair::generate().map(Pair::Ed25519),
        };
        Self::of(pair.map_err(|_| TokenError::Crypto)?)
    }

    /// Reads a key from PKCS #8 (DER).
    pub fn from_pkcs8(alg: Alg, der: &[u8]) -> Result<Self, TokenError> {
        let pair = match alg {
            Alg::Rs256 => RsaKeyPair::from_pkcs8(der).map(Pair::Rsa),
            Alg::Es256 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map(Pair::P256),
            Alg::EdDsa => Ed25519KeyPair::from_pkcs8(der).map(Pair::Ed25519),
        };
        Self::of(pair.map_err(|_| TokenError::Key(alg.name()))?)
    }

    fn of(pair: Pair) -> Result<Self, TokenError> {
        let public = PublicKey::of(pair.numbers()?)?;
        Ok(Self(Arc::new(Inner { pair, public })))
    }

    /// The private key as PKCS #8 version 1 (DER). The caller seals it before it touches a disk.
    pub fn pkcs8(&self) -> Result<Vec<u8>, TokenError> {
        let der = match &self.0.pair {
            Pair::Rsa(pair) => pair.as_der().map(|der: Pkcs8V1Der<'_>| der.as_ref().to_vec()),
            Pair::P256(pair) => pair.to_pkcs8v1().map(|der| der.as_ref().to_vec()),
            Pair::Ed25519(pair) => pair.to_pkcs8v1().map(|der| der.as_ref().to_vec()),
        };
        der.map_err(|_| TokenError::Crypto)
    }

    /// The RFC 7638 thumbprint: a new key always has a new name.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.0.public.kid()
    }

    /// The algorithm of the key.
    #[must_use]
    pub fn alg(&self) -> Alg {
        self.0.public.alg()
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.0.public.clone()
    }

    /// Signs a token that was composed before.
    pub fn sign_token(&self, token: &UnsignedToken) -> Result<String, TokenError> {
        self.sign(Some(token.typ), &token.claims)
    }

    /// Signs the claims. The header carries `alg`, `kid` and, if given, `typ`.
    pub fn sign(&self, typ: Option<&str>, claims: &impl Serialize) -> Result<String, TokenError> {
        let typ = match typ {
            Some(typ) => format!(r#","typ":{}"#, serde_json::to_string(typ)?),
            None => String::new(),
        };
        let header = format!(r#"{{"alg":"{}","kid":"{}"{typ}}}"#, self.alg(), self.kid());
        self.sign_under(&header, claims)
    }

    fn sign_under(&self, header: &str, claims: &impl Serialize) -> Result<String, TokenError> {
        let input = signing_input(header, claims)?;
        let signature = self.0.pair.sign(input.as_bytes())?;
        Ok(with_signature(input, &signature))
    }

    /// The same with a header that names no key, as programs of others sign.
    #[cfg(test)]
    pub(crate) fn sign_nameless(&self, claims: &impl Serialize) -> Result<String, TokenError> {
        self.sign_under(&format!(r#"{{"alg":"{}"}}"#, self.alg()), claims)
    }

    /// The same with a header that gives the key this name.
    #[cfg(test)]
    pub(crate) fn sign_as(&self, kid: &str, claims: &impl Serialize) -> Result<String, TokenError> {
        self.sign_under(&format!(r#"{{"alg":"{}","kid":"{kid}"}}"#, self.alg()), claims)
    }
}

impl Pair {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, TokenError> {
        match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
                    .map_err(|_| TokenError::Crypto)?;
                Ok(signature)
            }
            Self::P256(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message).map_err(|_| TokenError::Crypto)?;
                Ok(signature.as_ref().to_vec())
            }
            Self::Ed25519(pair) => {
                let signature = pair.try_sign(message).map_err(|_| TokenError::Crypto)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }

    fn numbers(&self) -> Result<Numbers, TokenError> {
        match self {
            Self::Rsa(pair) => rsa_numbers(pair.public_key().as_ref()).ok_or(TokenError::Key("RS256")),
            Self::P256(pair) => match pair.public_key().as_ref() {
                [4, point @ ..] if point.len() == 64 => {
                    Ok(Numbers::P256 { x: point[..32].to_vec(), y: point[32..].to_vec() })
                }
                _ => Err(TokenError::Key("ES256")),
            },
            Self::Ed25519(pair) => Ok(Numbers::Ed25519 { x: pair.public_key().as_ref().to_vec() }),
        }
    }
}

/// Modulus and exponent out of an `RSAPublicKey`: a sequence of two positive integers. RFC 8017 §A.1.1
fn rsa_numbers(der: &[u8]) -> Option<Numbers> {
    let (sequence, rest) = der_value(0x30, der)?;
    let (n, e) = der_value(0x02, sequence)?;
    let (e, tail) = der_value(0x02, e)?;
    // A positive integer whose first bit is set carries a zero before it; a JWK does not. RFC 7518 §6.3.1.1
    let bare = |number: &[u8]| number.strip_prefix(&[0]).unwrap_or(number).to_vec();
    (rest.is_empty() && tail.is_empty()).then(|| Numbers::Rsa { n: bare(n), e: bare(e) })
}

/// One DER value of that tag, and what follows it.
fn der_value(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = der.split_first_chunk()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        let length = length
            .iter()
            .try_fold(0_usize, |sum, byte| sum.checked_mul(256).map(|sum| sum + usize::from(*byte)))?;
        (length, rest)
    };
    if found != tag {
        return None;
    }
    rest.split_at_checked(length)
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("alg", &self.alg())
            .field("kid", &self.kid())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::KeySet;

    #[test]
    fn a_key_survives_its_own_pkcs8() {
        for alg in Alg::ALL {
            let made = SigningKey::generate(alg).unwrap();
            let read = SigningKey::from_pkcs8(alg, &made.pkcs8().unwrap()).unwrap();
            assert_eq!(read.kid(), made.kid());
            assert_eq!(read.alg(), alg);
            let token = read.sign(None, &json!({"sub": "ada"})).unwrap();
            let keys = KeySet::of([made.public()]);
            assert_eq!(keys.verify(&token).unwrap().str("sub"), Some("ada"), "{alg}");
        }
    }

    #[test]
    fn a_public_key_survives_its_jwk() {
        for alg in Alg::ALL {
            let key = SigningKey::generate(alg).unwrap();
            let jwk = key.public().jwk();
            let read = PublicKey::from_jwk(&jwk).unwrap();
            assert_eq!(read.jwk(), jwk);
            assert_eq!(read.thumbprint(), key.kid());
            let token = key.sign(Some("JWT"), &json!({"sub": "ada"})).unwrap();
            assert!(KeySet::of([read]).verify(&token).is_ok(), "{alg}");
        }
    }

    #[test]
    fn a_jwk_shows_its_members_in_the_expected_order() {
        let members = |alg| {
            let jwk = SigningKey::generate(alg).unwrap().public().jwk();
            jwk.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(members(Alg::Rs256), "kty use alg kid n e");
        assert_eq!(members(Alg::Es256), "kty use alg kid crv x y");
        assert_eq!(members(Alg::EdDsa), "kty use alg kid crv x");
    }

    #[test]
    fn bytes_of_another_kind_are_no_key() {
        let p256 = SigningKey::generate(Alg::Es256).unwrap().pkcs8().unwrap();
        for alg in [Alg::Rs256, Alg::EdDsa] {
            assert!(SigningKey::from_pkcs8(alg, &p256).is_err());
        }
        assert!(SigningKey::from_pkcs8(Alg::Es256, &p256[..p256.len() - 1]).is_err());
        assert!(SigningKey::from_pkcs8(Alg::Es256, b"").is_err());
    }

    #[test]
    fn the_header_is_alg_kid_typ() {
        use base64::Engine as _;
        let key = SigningKey::generate(Alg::EdDsa).unwrap();
        let header = |typ| {
            let token = key.sign(typ, &json!({})).unwrap();
            let part = token.split('.').next().unwrap();
            String::from_utf8(base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        let kid = key.kid();
        assert_eq!(header(None), format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#));
        assert_eq!(
            header(Some("logout+jwt")),
            format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"logout+jwt"}}"#)
        );
        assert_eq!(header(Some("a\"b")), format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"a\"b"}}"#));
    }

    #[test]
    fn debug_shows_no_private_material() {
        let key = SigningKey::generate(Alg::EdDsa).unwrap();
        assert_eq!(format!("{key:?}"), format!("SigningKey {{ alg: EdDsa, kid: {:?}, .. }}", key.kid()));
    }

    /// Goal: another implementation reads what we sign.
    #[test]
    fn jsonwebtoken_agrees_with_our_signatures() {
        use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, jwk::Jwk};
        for (alg, theirs) in
            [(Alg::Rs256, Algorithm::RS256), (Alg::Es256, Algorithm::ES256), (Alg::EdDsa, Algorithm::EdDSA)]
        {
            let key = SigningKey::generate(alg).unwrap();
            let token = key.sign(Some("JWT"), &json!({"sub": "ada", "exp": 4_102_444_800_i64})).unwrap();
            let jwk: Jwk = serde_json::from_value(key.public().jwk()).unwrap();
            let decoding = DecodingKey::from_jwk(&jwk).unwrap();
            let data = decode::<Value>(&token, &decoding, &Validation::new(theirs)).unwrap();
            assert_eq!(data.claims["sub"], "ada");
            assert_eq!(data.header.kid.as_deref(), Some(key.kid()));
        }
    }

    #[test]
    fn der_with_lying_lengths_is_refused() {
        for der in
            [&[][..], &[0x30], &[0x30, 0x05, 0x02], &[0x30, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1], &[0x31, 0]]
        {
            assert!(rsa_numbers(der).is_none(), "{der:?}");
        }
        let good = [0x30, 0x06, 0x02, 0x01, 0x07, 0x02, 0x01, 0x03];
        assert_eq!(rsa_numbers(&good), Some(Numbers::Rsa { n: vec![7], e: vec![3] }));
        assert_eq!(rsa_numbers(&[&good[..], &[0]].concat()), None);
    }
}
