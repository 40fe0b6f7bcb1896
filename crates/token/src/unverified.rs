//! What a token says of itself before anything is checked.
//!
//! It tells where to look for the key that verifies the token, and nothing else: whoever takes one of these texts for
//! the truth has been deceived. RFC 7515 section 4.1.4.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::jws::TOKEN_BYTES_MAX;

/// The `kid` that the header of a token names.
#[must_use]
pub fn unverified_kid(token: &str) -> Option<String> {
    text(token.split('.').next()?, "kid").filter(|_| token.len() <= TOKEN_BYTES_MAX)
}

/// The algorithm that the header of a token names: it can be refused for that before any key is looked for.
#[must_use]
pub fn unverified_alg(token: &str) -> Option<String> {
    text(token.split('.').next()?, "alg").filter(|_| token.len() <= TOKEN_BYTES_MAX)
}

/// A claim of a token, if it is a text.
#[must_use]
pub fn unverified_claim(token: &str, name: &str) -> Option<String> {
    text(token.split('.').nth(1)?, name).filter(|_| token.len() <= TOKEN_BYTES_MAX)
}

fn text(part: &str, name: &str) -> Option<String> {
    if part.len() > TOKEN_BYTES_MAX {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    match serde_json::from_slice::<Map<String, Value>>(&bytes).ok()?.remove(name)? {
        Value::String(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Alg, SigningKey};

    #[test]
    fn a_token_says_its_key_and_its_claims_and_rubbish_says_nothing() {
        let key = SigningKey::generate(Alg::EdDsa).unwrap();
        let token = key.sign(None, &serde_json::json!({"env": "blue", "n": 7})).unwrap();
        assert_eq!(unverified_kid(&token).as_deref(), Some(key.kid()));
        assert_eq!(unverified_claim(&token, "env").as_deref(), Some("blue"));
        assert_eq!((unverified_claim(&token, "n"), unverified_claim(&token, "x")), (None, None));
        for bad in ["", "a.b.c", "a.e30.c", "a..c", "W10.W10.c", &"a".repeat(TOKEN_BYTES_MAX + 1)] {
            assert_eq!((unverified_kid(bad), unverified_claim(bad, "env")), (None, None), "{bad}");
        }
        let long = format!("{token}{}", "A".repeat(TOKEN_BYTES_MAX));
        assert_eq!((unverified_kid(&long), unverified_claim(&long, "env")), (None, None));
    }
}
