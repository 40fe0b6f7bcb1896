//! A cipher of 122 bits whose outcome has the form of a version-4 UUID.
//!
//! AES-128 under an installation key, cycle-walked: the block is enciphered again and again until it has that form (64 times
//! on average). Each purpose has a key of its own, so that an id of one kind opens as nothing of another. Decision 0002.

use aes::Aes128;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};

use crate::keys::{InstallationKey, Purpose};

/// Makes UUIDs from numbers and numbers from UUIDs, for one purpose.
pub(crate) struct UuidCipher(Aes128);

/// Bits that a version-4 UUID has left beside its form.
const BITS: u32 = 122;
/// Where the version (4) and the variant (10) of a UUID stand.
const FORM_MASK: u128 = 0x0000_0000_0000_f000_c000_0000_0000_0000;
const FORM: u128 = 0x0000_0000_0000_4000_8000_0000_0000_0000;
/// A walk is 64 steps on average; 64 × 64 is not reached once in 10^27.
const WALK_MAX: usize = 4096;

impl UuidCipher {
    pub(crate) fn new(key: &InstallationKey, purpose: Purpose) -> Self {
        let derived = key.derive(purpose);
        let mut half = [0; 16];
        half.copy_from_slice(&derived[..16]);
        Self(Aes128::new(&half.into()))
    }

    /// The UUID of a number of at most 122 bits.
    pub(crate) fn encipher(&self, packed: u128) -> u128 {
        debug_assert!(packed >> BITS == 0, "the number fits");
        let mut block = spread(packed).to_be_bytes().into();
        for _ in 0..WALK_MAX {
            self.0.encrypt_block(&mut block);
            let number = u128::from_be_bytes(block.into());
            if number & FORM_MASK == FORM {
                return number;
            }
        }
        unreachable!("a walk over a permutation comes back to its form")
    }

    /// The number of a UUID; none if it is not of version 4.
    pub(crate) fn decipher(&self, id: u128) -> Option<u128> {
        if id & FORM_MASK != FORM {
            return None;
        }
        let mut block = id.to_be_bytes().into();
        for _ in 0..WALK_MAX {
            self.0.decrypt_block(&mut block);
            let number = u128::from_be_bytes(block.into());
            if number & FORM_MASK == FORM {
                return Some(gather(number));
            }
        }
        None
    }
}

/// Puts 122 bits around the version and variant of a UUID.
const fn spread(packed: u128) -> u128 {
    let low = packed & ((1 << 62) - 1);
    let middle = (packed >> 62) & ((1 << 12) - 1);
    let high = packed >> 74;
    (high << 80) | (middle << 64) | low | FORM
}

/// The inverse of [`spread`].
const fn gather(number: u128) -> u128 {
    let low = number & ((1 << 62) - 1);
    let middle = (number >> 64) & ((1 << 12) - 1);
    let high = number >> 80;
    (high << 74) | (middle << 62) | low
}
