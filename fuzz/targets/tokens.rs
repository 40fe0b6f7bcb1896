//! Tokens: of sessions, and signed ones. Nothing that we did not make is ever good.
//!
//! The keys are fixed and sign nothing here.
#![no_main]

use std::sync::OnceLock;

use adieu_core::SessionToken;
use adieu_token::mac::{hs256_sign, hs256_verify};
use adieu_token::sealed;
use adieu_token::{Alg, KeySet, SigningKey};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

static KEYS: OnceLock<KeySet> = OnceLock::new();

fuzz_target!(|text: &str| {
    if let Some(token) = SessionToken::parse(text) {
        let revealed = token.reveal();
        assert!(text.ends_with(&revealed), "a token reads back as it was");
        assert!(SessionToken::parse(&revealed).is_some_and(|again| again.id == token.id));
    }
    let keys = KEYS.get_or_init(|| {
        KeySet::of([Alg::Rs256, Alg::Es256].map(|alg| SigningKey::generate(alg).expect("a key").public()))
    });
    assert!(keys.verify(text).is_err(), "nobody has signed {text}");
    assert!(hs256_verify(&[7; 32], text).is_err(), "nobody has signed {text}");
    assert!(sealed::open(&[7; 32], text.as_bytes(), b"here").is_err(), "nobody has sealed {text}");
    signed(text);
});

/// Claims of any shape, signed as we sign: they are read back, or refused, and looked at in every way that there is.
fn signed(text: &str) {
    let Ok(claims @ Value::Object(_)) = serde_json::from_str::<Value>(text) else { return };
    let token = hs256_sign(&[7; 32], &claims).expect("an object is signed");
    let Ok(verified) = hs256_verify(&[7; 32], &token) else { return };
    for name in ["sub", "aud", "exp", "sid", ""] {
        assert_eq!(verified.str(name), claims.get(name).and_then(Value::as_str));
        let _ = verified.int(name);
    }
    let _ = (verified.audiences(), verified.expired(0));
}
