//! A public key: its JWK, its name, and the one question it answers.
//!
//! The key is prepared once, because verifying is hot. Private members of a JWK are never read.
//! RFC 7517, RFC 7518 section 6, RFC 8037 section 2, RFC 7638.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::alg::Alg;
use crate::jws::TokenError;

/// A public key for one algorithm. Cheap to clone.
#[derive(Clone)]
pub struct PublicKey(Arc<Inner>);

struct Inner {
    kid: String,
    numbers: Numbers,
    prepared: ParsedPublicKey,
}

/// The numbers of a key, big-endian, as a JWK carries them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Numbers {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256 { x: Vec<u8>, y: Vec<u8> },
    Ed25519 { x: Vec<u8> },
}

impl Numbers {
    fn alg(&self) -> Alg {
        match self {
            Self::Rsa { .. } => Alg::Rs256,
            Self::P256 { .. } => Alg::Es256,
            Self::Ed25519 { .. } => Alg::EdDsa,
        }
    }

    /// The name of a key by its numbers alone: required members in the order of the alphabet. RFC 7638 §3
    fn thumbprint(&self) -> String {
        let members = match self {
            Self::Rsa { n, e } => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, b64(e), b64(n)),
            Self::P256 { x, y } => {
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, b64(x), b64(y))
            }
            Self::Ed25519 { x } => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, b64(x)),
        };
        b64(&Sha256::digest(members))
    }

    fn prepared(&self) -> Result<ParsedPublicKey, TokenError> {
        let parsed = match self {
            Self::Rsa { n, e } if (256..=1024).contains(&n.len()) => {
                RsaPublicKeyComponents { n, e }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
            }
            Self::Rsa { .. } => return Err(TokenError::Key("RS256")),
            Self::P256 { x, y } => {
                let point = [&[4][..], x, y].concat(); // 4: uncompressed. SEC 1 §2.3.3
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            }
            Self::Ed25519 { x } => ParsedPublicKey::new(&ED25519, x),
        };
        parsed.map_err(|_| TokenError::Key(self.alg().name()))
    }
}

impl PublicKey {
    /// A key named by its thumbprint.
    pub(crate) fn of(numbers: Numbers) -> Result<Self, TokenError> {
        let kid = numbers.thumbprint();
        Self::named(kid, numbers)
    }

    fn named(kid: String, numbers: Numbers) -> Result<Self, TokenError> {
        let prepared = numbers.prepared()?;
        Ok(Self(Arc::new(Inner { kid, numbers, prepared })))
    }

    /// Reads a JWK. The key keeps the `kid` it came with, else it gets its thumbprint. A `use` other than `sig` and an
    /// `alg` that does not fit the key type are refused.
    pub fn from_jwk(jwk: &Value) -> Result<Self, TokenError> {
        let member = |name: &str| jwk.get(name).and_then(Value::as_str);
        let numbers = match (member("kty"), member("crv")) {
            (Some("RSA"), _) => Numbers::Rsa { n: number(jwk, "n", None)?, e: number(jwk, "e", None)? },
            (Some("EC"), Some("P-256")) => {
                Numbers::P256 { x: number(jwk, "x", Some(32))?, y: number(jwk, "y", Some(32))? }
            }
            (Some("OKP"), Some("Ed25519")) => Numbers::Ed25519 { x: number(jwk, "x", Some(32))? },
            _ => return Err(TokenError::Key("JWK")),
        };
        let fits = |name: &str, expected: &str| jwk.get(name).is_none_or(|value| value == expected);
        if !fits("use", "sig") || !fits("alg", numbers.alg().name()) {
            return Err(TokenError::Key("JWK"));
        }
        match jwk.get("kid") {
            None => Self::of(numbers),
            Some(Value::String(kid)) => Self::named(kid.clone(), numbers),
            Some(_) => Err(TokenError::Key("JWK")),
        }
    }

    /// The key as a JWK: `kty`, `use`, `alg`, `kid`, then its numbers.
    #[must_use]
    pub fn jwk(&self) -> Value {
        let (kid, alg) = (self.kid(), self.alg().name());
        match &self.0.numbers {
            Numbers::Rsa { n, e } => {
                json!({"kty": "RSA", "use": "sig", "alg": alg, "kid": kid, "n": b64(n), "e": b64(e)})
            }
            Numbers::P256 { x, y } => json!({
                "kty": "EC", "use": "sig", "alg": alg, "kid": kid, "crv": "P-256", "x": b64(x), "y": b64(y),
            }),
            Numbers::Ed25519 { x } => {
                json!({"kty": "OKP", "use": "sig", "alg": alg, "kid": kid, "crv": "Ed25519", "x": b64(x)})
            }
        }
    }

    /// The name by which tokens refer to this key.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.0.kid
    }

    /// The one algorithm this key is for.
    #[must_use]
    pub fn alg(&self) -> Alg {
        self.0.numbers.alg()
    }

    /// How long its modulus is, if it is an RSA key.
    pub(crate) fn rsa_bits(&self) -> Option<usize> {
        match &self.0.numbers {
            Numbers::Rsa { n, .. } => {
                Some(n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize))
            }
            Numbers::P256 { .. } | Numbers::Ed25519 { .. } => None,
        }
    }

    /// The thumbprint of the numbers, whatever the key is called.
    pub(crate) fn thumbprint(&self) -> String {
        self.0.numbers.thumbprint()
    }

    /// Whether `signature` covers `message`.
    pub(crate) fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.prepared.verify_sig(message, signature).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey").field("alg", &self.alg()).field("kid", &self.kid()).finish()
    }
}

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// One number of a JWK, of exactly `length` bytes where the curve fixes it.
fn number(jwk: &Value, name: &str, length: Option<usize>) -> Result<Vec<u8>, TokenError> {
    let text = jwk.get(name).and_then(Value::as_str).ok_or(TokenError::Key("JWK"))?;
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenError::Key("JWK"))?;
    match length {
        Some(length) if bytes.len() != length => Err(TokenError::Key("JWK")),
        _ => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7638 §3.1.
    const RFC_7638_N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

    #[test]
    fn thumbprint_of_the_rsa_example_in_rfc_7638() {
        let key = PublicKey::from_jwk(&json!({"kty": "RSA", "n": RFC_7638_N, "e": "AQAB"})).unwrap();
        assert_eq!(key.kid(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        assert_eq!(key.alg(), Alg::Rs256);
    }

    #[test]
    fn thumbprint_of_the_okp_example_in_rfc_8037() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let key = PublicKey::from_jwk(&json!({"kty": "OKP", "crv": "Ed25519", "x": x})).unwrap();
        assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn an_imported_key_keeps_its_name() {
        let jwk = json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "2011-04-29", "n": RFC_7638_N, "e": "AQAB"});
        let key = PublicKey::from_jwk(&jwk).unwrap();
        assert_eq!(key.jwk(), jwk);
        assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn jwks_that_are_no_signature_keys_of_ours() {
        let good = json!({"kty": "RSA", "n": RFC_7638_N, "e": "AQAB"});
        for (name, value) in [
            ("use", json!("enc")),
            ("alg", json!("PS256")),
            ("alg", json!("HS256")),
            ("alg", json!(null)),
            ("kid", json!(7)),
            ("kty", json!("oct")),
            ("kty", json!("EC")),
            ("n", json!("AQAB")),
            ("n", json!("not base64!")),
            ("e", json!("")),
        ] {
            let mut jwk = good.clone();
            jwk[name] = value;
            assert!(PublicKey::from_jwk(&jwk).is_err(), "{jwk}");
        }
        for jwk in [json!(null), json!([]), json!({}), json!({"kty": "EC", "crv": "P-384"})] {
            assert!(PublicKey::from_jwk(&jwk).is_err(), "{jwk}");
        }
    }

    #[test]
    fn a_point_off_the_curve_is_no_key() {
        let number = b64(&[7; 32]);
        let jwk = json!({"kty": "EC", "crv": "P-256", "x": number, "y": number});
        assert!(PublicKey::from_jwk(&jwk).is_err());
        let short = json!({"kty": "EC", "crv": "P-256", "x": b64(&[7; 31]), "y": number});
        assert!(PublicKey::from_jwk(&short).is_err());
    }
}
