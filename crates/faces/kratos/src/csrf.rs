//! The anti-forgery cookie and the masked token that must match it. Contract kratos.md 0.6.
//!
//! The cookie holds 32 random bytes; a form holds them masked with 32 others, differently at each rendering. Which
//! paths are exempt stands in `routes`.

use adieu_http_kit::cookies;
use adieu_http_kit::cookies::{SameSite, SetCookie};
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The secret of one browser.
pub(crate) type Token = [u8; 32];

/// One year, as Kratos sets it.
const LIFE_S: i64 = 31_536_000;

pub(crate) struct Csrf {
    name: String,
    secure: bool,
}

/// Why a request is taken for forged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forged {
    /// It carries no cookie.
    NoCookie,
    /// Its token does not match the cookie.
    Mismatch,
}

impl Csrf {
    /// The cookie of an installation: one name for both mounts, made of the first one's address.
    pub(crate) fn new(base: &str, secure: bool) -> Self {
        let hash = Sha256::digest(format!("{base}/").as_bytes());
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { name: format!("csrf_token_{hex}"), secure }
    }

    /// The browser's secret, if it has a sound one.
    pub(crate) fn token(&self, headers: &HeaderMap) -> Option<Token> {
        let value = cookies::first(headers, &self.name)?;
        STANDARD.decode(value).ok()?.try_into().ok()
    }

    pub(crate) fn set(&self, token: &Token) -> HeaderValue {
        let value = STANDARD.encode(token);
        SetCookie {
            path: Some("/"),
            max_age_s: Some(LIFE_S),
            http_only: true,
            secure: self.secure,
            same_site: Some(SameSite::Lax),
            ..SetCookie::new(&self.name, &value)
        }
        .to_header()
    }

    /// Whether a set cookie is this one.
    pub(crate) fn is_mine(&self, set_cookie: &HeaderValue) -> bool {
        set_cookie.as_bytes().starts_with(self.name.as_bytes())
    }

    /// Whether the submitted token is the browser's.
    pub(crate) fn verify(&self, headers: &HeaderMap, submitted: Option<&str>) -> Result<(), Forged> {
        let cookie = self.token(headers).ok_or(Forged::NoCookie)?;
        let submitted = submitted.and_then(unmask).ok_or(Forged::Mismatch)?;
        if cookie.ct_eq(&submitted).into() { Ok(()) } else { Err(Forged::Mismatch) }
    }
}

/// The token as a form carries it: a one-time pad and the padded token.
pub(crate) fn mask(token: &Token, pad: [u8; 32]) -> String {
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(&pad);
    for (n, byte) in bytes[32..].iter_mut().enumerate() {
        *byte = token[n] ^ pad[n];
    }
    STANDARD.encode(bytes)
}

fn unmask(text: &str) -> Option<Token> {
    let bytes: [u8; 64] = STANDARD.decode(text).ok()?.try_into().ok()?;
    let (pad, masked) = bytes.split_at(32);
    let mut token = [0; 32];
    for (n, byte) in token.iter_mut().enumerate() {
        *byte = pad[n] ^ masked[n];
    }
    Some(token)
}

/// What a flow keeps of the browser that began it.
pub(crate) fn fingerprint(token: &Token) -> String {
    STANDARD.encode(Sha256::digest(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(csrf: &Csrf, token: &Token) -> HeaderMap {
        let set = csrf.set(token);
        let pair = set.to_str().expect("text").split(';').next().expect("a pair").to_owned();
        HeaderMap::from_iter([(axum::http::header::COOKIE, pair.parse().expect("a header"))])
    }

    #[test]
    fn a_masked_token_matches_its_cookie_only() {
        let csrf = Csrf::new("http://127.0.0.1:4433", false);
        let mine = headers(&csrf, &[7; 32]);
        assert_eq!(csrf.token(&mine), Some([7; 32]));
        assert_eq!(csrf.verify(&mine, Some(&mask(&[7; 32], [9; 32]))), Ok(()));
        assert_eq!(csrf.verify(&mine, Some(&mask(&[8; 32], [9; 32]))), Err(Forged::Mismatch));
        for bad in [None, Some(""), Some("x"), Some("AAAA")] {
            assert_eq!(csrf.verify(&mine, bad), Err(Forged::Mismatch), "{bad:?}");
        }
        assert_eq!(csrf.verify(&HeaderMap::new(), Some(&mask(&[7; 32], [9; 32]))), Err(Forged::NoCookie));
    }

    #[test]
    fn one_token_looks_different_at_each_rendering() {
        assert_ne!(mask(&[7; 32], [1; 32]), mask(&[7; 32], [2; 32]));
    }
}
