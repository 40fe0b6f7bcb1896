//! The public session id: a UUID that carries the enciphered place of the session.
//!
//! AES-128 under an installation key, cycle-walked: the block is enciphered again and again until it has the form
//! of a version-4 UUID (64 times on average). So the id looks random, two ids of one user do not look related,
//! and the place comes back without an index. The 59 bits of *incarnation* are stored in the row and compared at
//! every look-up: a slot that is used again never answers to an old id. Decision 0002.

use std::fmt;
use std::str::FromStr;

use aes::Aes128;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};

use crate::ids::{Locator, NotAnId, parse_uuid};
use crate::keys::{InstallationKey, Purpose};
use crate::uuid_form::{gather, has_form, spread};

/// The public name of a session. It never changes while the session lives, and opens nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(u128);

impl SessionId {
    /// The 16 bytes of the UUID.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// An id as received: any 16 bytes. Whether it names something is the store's answer.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    /// The id as one number; the key of maps.
    pub const fn number(self) -> u128 {
        self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&uuid::Uuid::from_u128(self.0), f)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for SessionId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        parse_uuid(text).map(|uuid| Self(uuid.as_u128()))
    }
}

/// 59 random bits that tell one use of a slot from the next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Incarnation(u64);

impl Incarnation {
    /// Bits of an incarnation: what a version-4 UUID has left beside a locator.
    pub const BITS: u32 = 59;

    /// From random or stored bits; the top ones are cut off.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits & ((1 << Self::BITS) - 1))
    }

    /// The number itself.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// Makes public session ids from places and places from ids.
pub struct SessionIdCipher(Aes128);

/// A walk is 64 steps on average; 64 × 64 is not reached once in 10^27.
const WALK_MAX: usize = 4096;

impl SessionIdCipher {
    /// The cipher of this installation.
    pub fn new(key: &InstallationKey) -> Self {
        let derived = key.derive(Purpose::SessionIds);
        let mut half = [0; 16];
        half.copy_from_slice(&derived[..16]);
        Self(Aes128::new(&half.into()))
    }

    /// The public id of the session that lies at `locator` in this incarnation.
    pub fn encipher(&self, locator: Locator, incarnation: Incarnation) -> SessionId {
        let packed = (u128::from(locator.number()) << Incarnation::BITS) | u128::from(incarnation.number());
        let mut block = spread(packed).to_be_bytes().into();
        for _ in 0..WALK_MAX {
            self.0.encrypt_block(&mut block);
            let number = u128::from_be_bytes(block.into());
            if has_form(number) {
                return SessionId(number);
            }
        }
        unreachable!("a walk over a permutation comes back to its form")
    }

    /// The place that an id names, if it can be one of ours.
    pub fn decipher(&self, id: SessionId) -> Option<(Locator, Incarnation)> {
        if !has_form(id.0) {
            return None;
        }
        let mut block = id.to_bytes().into();
        for _ in 0..WALK_MAX {
            self.0.decrypt_block(&mut block);
            let number = u128::from_be_bytes(block.into());
            if has_form(number) {
                let packed = gather(number);
                let locator = Locator::from_number((packed >> Incarnation::BITS) as u64)?;
                return Some((locator, Incarnation::from_bits(packed as u64)));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::UserKey;
    use proptest::prelude::*;

    fn cipher() -> SessionIdCipher {
        SessionIdCipher::new(&InstallationKey::from_bytes([7; 32]))
    }

    proptest! {
        #[test]
        fn an_id_is_a_v4_uuid_and_gives_back_its_place(user in 1u64..(1 << 46), slot in 0u32..Locator::SLOTS, bits: u64) {
            let locator = UserKey::from_random(user).slot(slot).expect("a slot");
            let incarnation = Incarnation::from_bits(bits);
            let id = cipher().encipher(locator, incarnation);
            let uuid = uuid::Uuid::parse_str(&id.to_string()).expect("a UUID");
            prop_assert_eq!(uuid.get_version_num(), 4);
            prop_assert_eq!(uuid.get_variant(), uuid::Variant::RFC4122);
            prop_assert_eq!(cipher().decipher(id), Some((locator, incarnation)));
        }

        #[test]
        fn any_sixteen_bytes_decipher_to_something_or_nothing(bytes: [u8; 16]) {
            let _ = cipher().decipher(SessionId::from_bytes(bytes));
        }
    }

    #[test]
    fn neighbours_do_not_look_related_and_another_key_reads_nothing_of_ours() {
        let key = UserKey::from_random(42);
        let one = cipher().encipher(key.slot(0).expect("a slot"), Incarnation::from_bits(1));
        let two = cipher().encipher(key.slot(1).expect("a slot"), Incarnation::from_bits(1));
        assert!((one.number() ^ two.number()).count_ones() > 30);
        let other = SessionIdCipher::new(&InstallationKey::from_bytes([8; 32]));
        assert_ne!(other.decipher(one), cipher().decipher(one));
    }
}
