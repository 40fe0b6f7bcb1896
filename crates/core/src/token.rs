//! The session token: what a user agent carries to prove that it holds a session.
//!
//! `1` + base64url (no padding) of 16 bytes of public id and 17 bytes of secret: 45 characters of fixed length,
//! parsed from the right, so that a dialect's prefix may stand before it. Only SHA-256 of the secret is kept
//! (EMPTY-HANDS); comparison is constant-time.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::session_id::SessionId;

/// 136 bits that only the user agent keeps.
#[derive(Clone)]
pub struct SessionSecret([u8; SessionSecret::LENGTH]);

impl SessionSecret {
    /// Bytes of a secret; 17 and not 16, so that a token has no spare bits that could be spelled differently.
    pub const LENGTH: usize = 17;

    /// A secret from random bytes.
    pub const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// What the store keeps of it.
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0).into())
    }
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// SHA-256 of a secret.
#[derive(Clone, Copy)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// A hash that was stored.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// SHA-256 of any secret text, such as a code or a client's secret.
    pub fn of(secret: &[u8]) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// The bytes to store.
    pub const fn to_bytes(self) -> [u8; 32] {
        self.0
    }

    /// Whether this is the hash of `secret`, in constant time.
    pub fn matches(&self, secret: &SessionSecret) -> bool {
        self.same(&secret.hash())
    }

    /// Whether both are the same hash, in constant time.
    pub fn same(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(***)")
    }
}

/// A session token as presented: which session it claims, and the secret that proves it.
#[derive(Clone)]
pub struct SessionToken {
    /// The session it claims.
    pub id: SessionId,
    /// The proof.
    pub secret: SessionSecret,
}

const VERSION: u8 = b'1';
const BODY_BYTES: usize = 16 + SessionSecret::LENGTH;
const BODY_CHARS: usize = BODY_BYTES / 3 * 4;
/// The longest prefix a dialect may put before a token.
const PREFIX_MAX: usize = 16;

impl SessionToken {
    /// Characters of a token without prefix.
    pub const LENGTH: usize = 1 + BODY_CHARS;

    /// Reads a token from the right; a prefix of letters, underscores and stars before it is skipped.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let start = bytes.len().checked_sub(Self::LENGTH)?;
        let (prefix, token) = bytes.split_at(start);
        let prefixed =
            start <= PREFIX_MAX && prefix.iter().all(|b| b.is_ascii_alphabetic() || b"_*".contains(b));
        if !prefixed || token[0] != VERSION {
            return None;
        }
        let mut body = [0; BODY_BYTES];
        let read = URL_SAFE_NO_PAD.decode_slice(&token[1..], &mut body).ok()?;
        debug_assert_eq!(read, BODY_BYTES, "the length was checked");
        let (id, secret) = body.split_at(16);
        Some(Self {
            id: SessionId::from_bytes(id.try_into().ok()?),
            secret: SessionSecret(secret.try_into().ok()?),
        })
    }

    /// The token as the user agent is given it, without prefix. This is the secret itself: never log it.
    pub fn reveal(&self) -> String {
        let mut body = [0; BODY_BYTES];
        body[..16].copy_from_slice(&self.id.to_bytes());
        body[16..].copy_from_slice(&self.secret.0);
        let mut text = String::with_capacity(Self::LENGTH);
        text.push(char::from(VERSION));
        URL_SAFE_NO_PAD.encode_string(body, &mut text);
        text
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionToken({}, ***)", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> SessionToken {
        SessionToken { id: SessionId::from_bytes([0xab; 16]), secret: SessionSecret::from_bytes([0xcd; 17]) }
    }

    #[test]
    fn a_token_reads_back_with_and_without_a_prefix() {
        let text = token().reveal();
        assert_eq!(text.len(), SessionToken::LENGTH);
        for spelled in [text.clone(), format!("ory_st_{text}"), format!("am*{text}")] {
            let read = SessionToken::parse(&spelled).expect("our token");
            assert_eq!(read.id, token().id);
            assert!(token().secret.hash().matches(&read.secret));
        }
    }

    #[test]
    fn what_is_no_token_is_none() {
        let text = token().reveal();
        let second_version = format!("2{}", &text[1..]);
        let long_prefix = format!("{}{text}", "a".repeat(17));
        let odd_prefix = format!("ory-{text}");
        let padded = format!("{text}=");
        for bad in [
            "",
            "x",
            &text[1..],
            &second_version,
            &long_prefix,
            &odd_prefix,
            &padded,
            "ä".repeat(40).as_str(),
        ] {
            assert!(SessionToken::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn every_changed_character_is_another_token() {
        let text = token().reveal();
        let last = &text[..text.len() - 1];
        let accepted: Vec<char> = ('A'..='Z')
            .filter(|c| {
                SessionToken::parse(&format!("{last}{c}"))
                    .is_some_and(|t| token().secret.hash().matches(&t.secret))
            })
            .collect();
        assert!(accepted.len() <= 1, "no spare bits: {accepted:?}");
    }

    /// Goal: EMPTY-HANDS, neither secret nor hash shows in `Debug`.
    #[test]
    fn secrets_do_not_show_in_debug_text() {
        let shown = format!("{:?} {:?} {:?}", token(), token().secret, token().secret.hash());
        assert_eq!(shown, "SessionToken(abababab-abab-abab-abab-abababababab, ***) *** TokenHash(***)");
    }
}
