//! The `Authorization` header: bearer tokens and client credentials.
//!
//! Reading only; whether a credential is good is decided elsewhere. Secrets have no Debug text.
//! RFC 6750 section 2.1, RFC 7617, RFC 6749 section 2.3.1.

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::header::{AUTHORIZATION, HeaderMap};

use crate::form;

/// Clients disagree about padding; its absence endangers nobody.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The token of `Authorization: Bearer <token>`: exactly two parts with one space between, the scheme in any letter
/// case. Contract kratos.md 2.1.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && !token.contains(' ')).then_some(token)
}

/// A client's id and secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Basic {
    /// The client's id.
    pub id: String,
    /// Its secret, in clear.
    pub secret: String,
}

impl fmt::Debug for Basic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Basic").field("id", &self.id).field("secret", &"***").finish()
    }
}

/// The header says Basic but holds no id and secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the Basic credentials are malformed")]
pub struct Malformed;

/// The credentials of `Authorization: Basic`. Another scheme, or none, is `None`.
pub fn basic(headers: &HeaderMap) -> Result<Option<Basic>, Malformed> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let value = value.to_str().map_err(|_| Malformed)?;
    let (scheme, credentials) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    let bytes = BASE64.decode(credentials.trim_matches(' ')).map_err(|_| Malformed)?;
    let text = String::from_utf8(bytes).map_err(|_| Malformed)?;
    let (id, secret) = text.split_once(':').ok_or(Malformed)?;
    Ok(Some(Basic { id: form_decoded(id)?, secret: form_decoded(secret)? }))
}

/// RFC 6749 §2.3.1: both are form-encoded before they are joined.
fn form_decoded(text: &str) -> Result<String, Malformed> {
    form::decoded(text).ok_or(Malformed)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn with(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(value).unwrap())])
    }

    fn basic_of(text: &str) -> Result<Option<Basic>, Malformed> {
        basic(&with(&format!("Basic {}", BASE64.encode(text))))
    }

    fn pair(id: &str, secret: &str) -> Result<Option<Basic>, Malformed> {
        Ok(Some(Basic { id: id.to_owned(), secret: secret.to_owned() }))
    }

    #[test]
    fn bearer_is_exactly_two_parts() {
        for (value, token) in [
            ("Bearer ory_st_x", Some("ory_st_x")),
            ("bEaReR a.b.c", Some("a.b.c")),
            ("Bearer", None),
            ("Bearer ", None),
            ("Bearer  x", None),
            ("Bearer x y", None),
            ("Bearer x ", None),
            ("Bearer\tx", None),
            ("Basic x", None),
            ("", None),
        ] {
            assert_eq!(bearer(&with(value)), token, "{value:?}");
        }
        assert_eq!(bearer(&HeaderMap::new()), None);
    }

    #[test]
    fn basic_is_form_decoded_after_the_split() {
        assert_eq!(basic_of("shop:secret"), pair("shop", "secret"));
        assert_eq!(basic_of("a%3Ab:c%2Bd+e"), pair("a:b", "c+d e"));
        assert_eq!(basic_of("shop:a:b"), pair("shop", "a:b"));
        assert_eq!(basic_of(":"), pair("", ""));
        assert_eq!(basic_of("shop:100%"), pair("shop", "100%"));
    }

    #[test]
    fn broken_basic_is_malformed_and_other_schemes_are_none() {
        assert_eq!(basic(&HeaderMap::new()), Ok(None));
        assert_eq!(basic(&with("Bearer x")), Ok(None));
        for value in ["Basic", "Basic ", "Basic !!!", "basic eA=="] {
            assert_eq!(basic(&with(value)), Err(Malformed), "{value:?}");
        }
        assert_eq!(basic_of("shop:%ff"), Err(Malformed));
        assert_eq!(basic(&with("bAsIc YTpi")), pair("a", "b"));
        assert_eq!(basic(&with("Basic YTpiYw")), pair("a", "bc"));
    }

    #[test]
    fn debug_shows_no_secret() {
        let text = format!("{:?}", basic_of("shop:hunter2").unwrap());
        assert!(text.contains("shop") && !text.contains("hunter2"), "{text}");
    }
}
