//! Secrets at rest: AES-256-GCM, bound to the place where they lie.
//!
//! The context (a table and an id, say) is authenticated, so a sealed value moved to another row does not open.
//! The nonce is an argument and must never be used twice with one key; random ones are safe for 2^32 values.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

const NONCE_BYTES: usize = 12;

/// The sealed value does not open: wrong key, wrong context, cut or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed value does not open")]
pub struct Unopenable;

/// Seals `plain`. The result is nonce, ciphertext and tag: 28 bytes longer.
#[must_use]
pub fn seal(key: &[u8; 32], nonce: [u8; 12], plain: &[u8], context: &[u8]) -> Vec<u8> {
    let mut body = plain.to_vec();
    prepared(key)
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut body)
        .expect("AES-GCM seals anything below 64 GiB");
    [&nonce[..], &body].concat()
}

/// Opens what [`seal`] made with the same key and context.
pub fn open(key: &[u8; 32], sealed: &[u8], context: &[u8]) -> Result<Vec<u8>, Unopenable> {
    let (nonce, body) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(Unopenable)?;
    let mut body = body.to_vec();
    let plain = prepared(key)
        .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(context), &mut body)
        .map_err(|_| Unopenable)?
        .len();
    body.truncate(plain);
    Ok(body)
}

fn prepared(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("the key has the length of AES-256"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [1; 32];
    const NONCE: [u8; 12] = [2; 12];

    #[test]
    fn what_was_sealed_opens() {
        for plain in [&b""[..], b"x", &[9; 5000]] {
            let sealed = seal(&KEY, NONCE, plain, b"keys/1");
            assert_eq!(sealed.len(), plain.len() + 28);
            assert_eq!(open(&KEY, &sealed, b"keys/1").unwrap(), plain);
        }
    }

    #[test]
    fn another_place_or_key_does_not_open_it() {
        let sealed = seal(&KEY, NONCE, b"secret", b"keys/1");
        assert_eq!(open(&KEY, &sealed, b"keys/2"), Err(Unopenable));
        assert_eq!(open(&[3; 32], &sealed, b"keys/1"), Err(Unopenable));
    }

    #[test]
    fn no_changed_byte_and_no_cut_opens() {
        let sealed = seal(&KEY, NONCE, b"secret", b"");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(open(&KEY, &changed, b""), Err(Unopenable), "byte {at}");
            assert_eq!(open(&KEY, &sealed[..at], b""), Err(Unopenable), "cut at {at}");
        }
    }
}
