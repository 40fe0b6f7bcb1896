//! A token before it is signed: its type and its claims as JSON text.
//!
//! Composing it needs no key, and signing it reads no claim. The types keep tokens of one key apart
//! (RFC 8725 section 3.11).

use std::fmt;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::jws::TokenError;

/// The header's `typ` of an access token. RFC 9068 §2.1
pub const TYP_ACCESS: &str = "at+jwt";
/// The header's `typ` of an ID token.
pub const TYP_ID: &str = "JWT";
/// The header's `typ` of a logout token. OpenID Connect Back-Channel Logout 1.0 §2.4
pub const TYP_LOGOUT: &str = "logout+jwt";
/// The header's `typ` of a signed answer of userinfo: none that any token has, so that it is taken for none.
pub const TYP_USERINFO: &str = "userinfo+jwt";
/// The header's `typ` of a signed answer of introspection. RFC 9701 §5
pub const TYP_INTROSPECTION: &str = "token-introspection+jwt";

/// A token that is to be signed.
pub struct UnsignedToken {
    pub(crate) typ: &'static str,
    pub(crate) claims: Box<RawValue>,
}

impl UnsignedToken {
    /// Of these claims, which must be an object.
    pub fn new(typ: &'static str, claims: &impl Serialize) -> Result<Self, TokenError> {
        let claims = to_raw_value(claims)?;
        if !claims.get().starts_with('{') {
            return Err(TokenError::ClaimsNoObject);
        }
        Ok(Self { typ, claims })
    }
}

/// Without the claims, which may be personal.
impl fmt::Debug for UnsignedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnsignedToken").field("typ", &self.typ).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Alg, KeySet, SigningKey};

    #[test]
    fn what_is_signed_later_is_what_was_composed() {
        let key = SigningKey::generate(Alg::EdDsa).unwrap();
        let unsigned = UnsignedToken::new(TYP_ACCESS, &json!({"z": 1, "a": "\u{e4}\n"})).unwrap();
        let verified = KeySet::of([key.public()]).verify(&key.sign_token(&unsigned).unwrap()).unwrap();
        assert_eq!(verified.typ.as_deref(), Some("at+jwt"));
        assert_eq!(serde_json::to_string(&verified.claims).unwrap(), "{\"z\":1,\"a\":\"\u{e4}\\n\"}");
    }

    #[test]
    fn claims_are_an_object_and_are_not_printed() {
        assert!(matches!(UnsignedToken::new(TYP_ID, &"text"), Err(TokenError::ClaimsNoObject)));
        let unsigned = UnsignedToken::new(TYP_ID, &json!({"email": "ada@example.test"})).unwrap();
        assert!(!format!("{unsigned:?}").contains("ada"));
    }
}
