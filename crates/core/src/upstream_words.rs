//! What is asked of an upstream provider, and why its word is not had or not taken.
//!
//! The room that asks and the authority that decides speak these words; nothing here asks.

use crate::time::Timestamp;

/// What a provider says of itself, as far as a browser is sent there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamEndpoints {
    /// Where browsers are sent.
    pub authorization: String,
    /// Whether each of its answers names the issuer. RFC 9207 §3
    pub names_issuer: bool,
}

/// A code to be exchanged, and what the ID token that comes of it must say.
#[derive(Clone)]
pub struct UpstreamExchange {
    /// The issuer.
    pub issuer: String,
    /// As which client.
    pub client_id: String,
    /// What proves that.
    pub secret: Option<String>,
    /// The code.
    pub code: String,
    /// Where it was sent.
    pub redirect_uri: String,
    /// What its challenge was made of. RFC 7636
    pub verifier: String,
    /// What the request said, to be said again.
    pub nonce: String,
    /// Before when the person may not have authenticated; none if it is the same when that was. OpenID Connect Core §3.1.2.1
    pub authenticated_from: Option<Timestamp>,
    /// The claim of a new user's name.
    pub username_claim: String,
    /// The claim of the address.
    pub email_claim: Option<String>,
    /// Whether such claims are of any use.
    pub wants_claims: bool,
    /// The present moment.
    pub now: Timestamp,
}

/// Why a provider's word is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// It does not answer, or answers with something that is none.
    #[error("the provider cannot be asked: {0}")]
    Unreachable(String),
    /// As many requests to it are under way, and wait, as may.
    #[error("too many requests to the provider are under way")]
    Busy,
    /// It refuses the code, or this installation.
    #[error("the provider refuses: {0}")]
    Refused(String),
    /// It says something that must not be taken.
    #[error("the provider's word is not taken: {0}")]
    NotTaken(&'static str),
}

/// A provider's word for what went wrong, if it is one that may be shown and logged. RFC 6749 §4.1.2.1 and §5.2
pub fn upstream_error_word(text: &str) -> Option<&str> {
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte);
    ((1..=64).contains(&text.len()) && text.bytes().all(sound)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_word_is_one_word_of_plain_letters() {
        for good in ["access_denied", "invalid_grant", "x-corp.error:7"] {
            assert_eq!(upstream_error_word(good), Some(good));
        }
        for bad in ["", "<b>", "access denied", "a\nb", "\u{e9}", &"x".repeat(65)] {
            assert_eq!(upstream_error_word(bad), None, "{bad}");
        }
    }
}
