//! The shape of a compact JWS: three base64url parts, a header that is an object, a bounded length.
//!
//! Splitting verifies nothing; the only ways on from here are the key set and `mac`, which do.
//! RFC 7515 sections 3.1 and 5.2; `crit` (4.1.11) is refused because we understand no extension.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::verified::Verified;

/// Longest token we look at. Ours are below 2 KiB; a header line of our servers ends at 8 KiB too.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// Why a token was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not three parts of base64url, a header or claims that are no object, or an extension we do not know.
    #[error("the token is malformed")]
    Malformed,
    /// Longer than [`TOKEN_BYTES_MAX`]; nothing of it was read.
    #[error("the token is too long")]
    TooLong,
    /// The header names no key.
    #[error("the token names no key")]
    NoKey,
    /// The header names a key that is not in this set.
    #[error("the token is signed with an unknown key")]
    UnknownKey,
    /// The header names an algorithm that we do not use, or not the one of its key.
    #[error("the token names a wrong algorithm")]
    Algorithm,
    /// The signature does not fit.
    #[error("the signature of the token does not fit")]
    Signature,
}

/// Why a key or a token could not be made. No text of it carries key material.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The bytes or the JWK are not a usable key of the algorithm.
    #[error("not a usable {0} key")]
    Key(&'static str),
    /// The cryptographic library refused to make a key or a signature.
    #[error("the cryptographic library failed")]
    Crypto,
    /// The claims do not serialize.
    #[error("the claims do not serialize")]
    Claims(#[from] serde_json::Error),
    /// The claims serialize to something that is no JSON object. RFC 7519 §7.1 (1)
    #[error("the claims are no JSON object")]
    ClaimsNoObject,
}

/// A token taken apart, not verified.
pub(crate) struct JwsParts<'a> {
    header: Map<String, Value>,
    /// What the signature covers: the first two parts with their dot.
    pub(crate) signed: &'a [u8],
    pub(crate) signature: Vec<u8>,
    payload: &'a str,
}

impl<'a> JwsParts<'a> {
    /// Takes a token apart.
    pub(crate) fn of(token: &'a str) -> Result<Self, Refused> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Refused::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Refused::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(Refused::Malformed)?;
        if payload.contains('.') {
            return Err(Refused::Malformed);
        }
        let header = object(header)?;
        if header.contains_key("crit") {
            return Err(Refused::Malformed); // RFC 7515 §4.1.11: an extension not understood is a refusal.
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Refused::Malformed)?;
        Ok(Self { header, signed: signed.as_bytes(), signature, payload })
    }

    /// A member of the header that must be a string where it stands.
    pub(crate) fn header(&self, name: &str) -> Result<Option<&str>, Refused> {
        match self.header.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Refused::Malformed),
        }
    }

    /// The claims. Only a caller that has checked the signature may ask.
    pub(crate) fn verified(self) -> Result<Verified, Refused> {
        let typ = self.header("typ")?.map(str::to_owned);
        Ok(Verified::new(typ, object(self.payload)?))
    }
}

fn object(part: &str) -> Result<Map<String, Value>, Refused> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| Refused::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| Refused::Malformed)
}

/// Header and claims in the form that is signed.
pub(crate) fn signing_input(header: &str, claims: &impl Serialize) -> Result<String, TokenError> {
    let claims = serde_json::to_vec(claims)?;
    if claims.first() != Some(&b'{') {
        return Err(TokenError::ClaimsNoObject);
    }
    let mut input = String::with_capacity((header.len() + claims.len()) * 4 / 3 + 360);
    URL_SAFE_NO_PAD.encode_string(header, &mut input);
    input.push('.');
    URL_SAFE_NO_PAD.encode_string(&claims, &mut input);
    Ok(input)
}

/// Adds the third part.
pub(crate) fn with_signature(mut input: String, signature: &[u8]) -> String {
    input.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut input);
    input
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(token: &str) -> Option<Refused> {
        JwsParts::of(token).err()
    }

    fn part(json: &str) -> String {
        URL_SAFE_NO_PAD.encode(json)
    }

    #[test]
    fn a_token_has_exactly_three_parts() {
        let (header, claims) = (part(r#"{"alg":"ES256"}"#), part("{}"));
        assert_eq!(refusal(&format!("{header}.{claims}.AA")), None);
        for token in ["", ".", "..", "a", &header, &format!("{header}.{claims}"), "a.b.c.d.e"] {
            assert_eq!(refusal(token), Some(Refused::Malformed), "{token:?}");
        }
        assert_eq!(refusal(&format!("{header}.{claims}.AA.AA")), Some(Refused::Malformed));
    }

    #[test]
    fn parts_are_base64url_without_padding_or_spaces() {
        let header = part(r#"{"alg":"ES256"}"#);
        for signature in ["A+==", "AA==", "A A", "+/+/", "\u{e4}"] {
            assert_eq!(
                refusal(&format!("{header}.e30.{signature}")),
                Some(Refused::Malformed),
                "{signature}"
            );
        }
    }

    #[test]
    fn a_header_is_an_object_without_crit() {
        for header in
            ["[]", "null", "\"x\"", "{", "", r#"{"alg":"ES256","crit":["b64"]}"#, r#"{"crit":null}"#]
        {
            let token = format!("{}.e30.AA", part(header));
            assert_eq!(refusal(&token), Some(Refused::Malformed), "{header}");
        }
    }

    #[test]
    fn a_header_member_of_another_type_is_malformed() {
        let token = format!("{}.e30.AA", part(r#"{"alg":1,"kid":null,"typ":"JWT"}"#));
        let parts = JwsParts::of(&token).unwrap();
        assert_eq!(parts.header("alg"), Err(Refused::Malformed));
        assert_eq!(parts.header("kid"), Err(Refused::Malformed));
        assert_eq!(parts.header("typ"), Ok(Some("JWT")));
        assert_eq!(parts.header("cty"), Ok(None));
    }

    #[test]
    fn length_is_checked_before_anything_else() {
        assert_eq!(refusal(&"a".repeat(TOKEN_BYTES_MAX + 1)), Some(Refused::TooLong));
        assert_eq!(refusal(&"a".repeat(TOKEN_BYTES_MAX)), Some(Refused::Malformed));
    }

    #[test]
    fn claims_must_be_an_object() {
        assert!(matches!(signing_input("{}", &"text"), Err(TokenError::ClaimsNoObject)));
        assert!(matches!(signing_input("{}", &[1]), Err(TokenError::ClaimsNoObject)));
        assert_eq!(signing_input("{}", &Map::new()).unwrap(), "e30.e30");
    }
}
