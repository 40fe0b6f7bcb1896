//! The public id of an ending: a UUID that carries the enciphered place of the ending among all endings.
//!
//! The endings that one commit wrote are the entries of one line, and lines are numbered in the order of their commits. The
//! cipher has a key of its own, and what it leaves free is zero and compared: an id of a session, or one that somebody makes
//! up, names no ending. Decision 0026.

use std::fmt;
use std::str::FromStr;

use crate::ids::{NotAnId, parse_uuid};
use crate::keys::{InstallationKey, Purpose};
use crate::uuid_cipher::UuidCipher;

/// The public name of an ending. It says nothing of what ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EndingId(u128);

impl EndingId {
    /// An id as received: any 16 bytes. Whether it names something is the store's answer.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }
}

impl fmt::Display for EndingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&uuid::Uuid::from_u128(self.0), f)
    }
}

impl fmt::Debug for EndingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for EndingId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        parse_uuid(text).map(|uuid| Self(uuid.as_u128()))
    }
}

/// Where an ending stands in the order of all endings.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EndingPlace {
    line: u64,
    entry: u32,
}

impl EndingPlace {
    /// Bits of the number of a line.
    const LINE_BITS: u32 = 62;
    /// Bits of the number of an entry: no commit ends as much.
    const ENTRY_BITS: u32 = 24;

    /// The entry of a line; none if there can be no such place.
    pub const fn of(line: u64, entry: u32) -> Option<Self> {
        let fits = line >> Self::LINE_BITS == 0 && entry >> Self::ENTRY_BITS == 0;
        if fits { Some(Self { line, entry }) } else { None }
    }

    /// The number of the line.
    pub const fn line(self) -> u64 {
        self.line
    }

    /// The number of the entry in its line, from 0.
    pub const fn entry(self) -> u32 {
        self.entry
    }
}

/// Makes public ids of endings from places and places from ids.
pub struct EndingIdCipher(UuidCipher);

impl EndingIdCipher {
    /// The cipher of this installation.
    pub fn new(key: &InstallationKey) -> Self {
        Self(UuidCipher::new(key, Purpose::EndingIds))
    }

    /// The public id of the ending at a place.
    pub fn encipher(&self, place: EndingPlace) -> EndingId {
        let packed = (u128::from(place.line) << EndingPlace::ENTRY_BITS) | u128::from(place.entry);
        EndingId(self.0.encipher(packed))
    }

    /// The place that an id names, if it can be one of ours.
    pub fn decipher(&self, id: EndingId) -> Option<EndingPlace> {
        let packed = self.0.decipher(id.0)?;
        let line = u64::try_from(packed >> EndingPlace::ENTRY_BITS).ok()?;
        let entry = packed & ((1 << EndingPlace::ENTRY_BITS) - 1);
        EndingPlace::of(line, entry as u32)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ids::UserKey;
    use crate::session_id::{Incarnation, SessionId, SessionIdCipher};

    fn key() -> InstallationKey {
        InstallationKey::from_bytes([7; 32])
    }

    proptest! {
        #[test]
        fn an_id_is_a_v4_uuid_and_gives_back_its_place(line in 0u64..(1 << 62), entry in 0u32..(1 << 24)) {
            let cipher = EndingIdCipher::new(&key());
            let place = EndingPlace::of(line, entry).expect("a place");
            let id = cipher.encipher(place);
            let uuid = uuid::Uuid::parse_str(&id.to_string()).expect("a UUID");
            prop_assert_eq!(uuid.get_version_num(), 4);
            prop_assert_eq!(cipher.decipher(id), Some(place));
            prop_assert_eq!(id.to_string().parse::<EndingId>(), Ok(id));
        }

        /// Goal: an id of a session names no ending, and an id of an ending is not the session of its numbers.
        #[test]
        fn ids_of_sessions_and_of_endings_do_not_open_as_each_other(user in 1u64..(1 << 46), slot in 0u32..9, bits: u64) {
            let (endings, sessions) = (EndingIdCipher::new(&key()), SessionIdCipher::new(&key()));
            let locator = UserKey::from_random(user).slot(slot).expect("a slot");
            let session = sessions.encipher(locator, Incarnation::from_bits(bits));
            prop_assert_eq!(endings.decipher(EndingId::from_bytes(session.to_bytes())), None);
            let place = EndingPlace::of(user, slot).expect("a place");
            let ending = SessionId::from_bytes(endings.encipher(place).0.to_be_bytes());
            let packed = (u128::from(user) << 24) | u128::from(slot);
            let opened = sessions.decipher(ending).map(|(locator, bits)| {
                (u128::from(locator.number()) << Incarnation::BITS) | u128::from(bits.number())
            });
            prop_assert_ne!(opened, Some(packed));
        }
    }

    #[test]
    fn a_place_has_a_bound() {
        assert!(EndingPlace::of((1 << 62) - 1, (1 << 24) - 1).is_some());
        assert!(EndingPlace::of(1 << 62, 0).is_none() && EndingPlace::of(0, 1 << 24).is_none());
    }
}
