//! HS256 tokens for the short-lived state of a flow: made and read by the same installation, never for others.
//!
//! They are kept apart from the key sets, so that no public key can ever be taken for a secret (RFC 8725 §2.1).
//! The key is an argument; it should carry 256 bits (RFC 7518 §3.2). `exp` is the caller's to check.

use aws_lc_rs::hmac;
use serde::Serialize;

use crate::jws::{JwsParts, Refused, TokenError, signing_input, with_signature};
use crate::verified::Verified;

const HEADER: &str = r#"{"typ":"JWT","alg":"HS256"}"#;

/// Signs claims with a secret of this installation.
pub fn hs256_sign(key: &[u8], claims: &impl Serialize) -> Result<String, TokenError> {
    let input = signing_input(HEADER, claims)?;
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), input.as_bytes());
    Ok(with_signature(input, tag.as_ref()))
}

/// Checks shape, algorithm and tag; the tag is compared in constant time.
pub fn hs256_verify(key: &[u8], token: &str) -> Result<Verified, Refused> {
    let parts = JwsParts::of(token)?;
    if parts.header("alg")?.ok_or(Refused::Malformed)? != "HS256" {
        return Err(Refused::Algorithm);
    }
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key), parts.signed, &parts.signature)
        .map_err(|_| Refused::Signature)?;
    parts.verified()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::*;

    const KEY: &[u8] = &[7; 32];

    #[test]
    fn what_was_signed_is_read_back() {
        let token = hs256_sign(KEY, &json!({"otk": "x", "exp": 10})).unwrap();
        let verified = hs256_verify(KEY, &token).unwrap();
        assert_eq!(verified.str("otk"), Some("x"));
        assert_eq!(verified.typ.as_deref(), Some("JWT"));
        assert!(verified.expired(10));
    }

    #[test]
    fn another_key_or_a_changed_token_is_refused() {
        let token = hs256_sign(KEY, &json!({"otk": "x"})).unwrap();
        assert_eq!(hs256_verify(&[8; 32], &token), Err(Refused::Signature));
        let other = hs256_sign(KEY, &json!({"otk": "y"})).unwrap();
        let swapped = format!("{}.{}", token.rsplit_once('.').unwrap().0, other.rsplit_once('.').unwrap().1);
        assert_eq!(hs256_verify(KEY, &swapped), Err(Refused::Signature));
        let unsigned = token.rsplit_once('.').unwrap().0.to_owned() + ".";
        assert_eq!(hs256_verify(KEY, &unsigned), Err(Refused::Signature));
    }

    #[test]
    fn no_other_algorithm_enters() {
        for alg in ["none", "HS512", "RS256", "hs256"] {
            let header = URL_SAFE_NO_PAD.encode(json!({"alg": alg}).to_string());
            assert_eq!(hs256_verify(KEY, &format!("{header}.e30.")), Err(Refused::Algorithm), "{alg}");
        }
        assert_eq!(hs256_verify(KEY, "e30.e30."), Err(Refused::Malformed));
    }

    /// The example of RFC 7515 §A.1, whose header and claims carry line breaks.
    #[test]
    fn the_example_of_rfc_7515() {
        let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
        let key = URL_SAFE_NO_PAD.decode(key).unwrap();
        let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let verified = hs256_verify(&key, token).unwrap();
        assert_eq!(verified.str("iss"), Some("joe"));
        assert_eq!(verified.int("exp"), Some(1_300_819_380));
    }
}
