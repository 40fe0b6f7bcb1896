//! The public id of an ending: a UUID that carries the enciphered place of the ending among all endings.
//!
//! The endings that one commit wrote are the entries of one line, and lines are numbered in the order of their commits. The
//! cipher is a Feistel network over the 122 free bits of a version-4 UUID: ten rounds as in FF1 of NIST SP 800-38G, each of
//! them one block of AES-128. It has a key of its own, and what it leaves free is zero and compared: an id of a session, or
//! one that somebody makes up, names no ending. Decision 0026.

use std::fmt;
use std::str::FromStr;

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};

use crate::ids::{NotAnId, parse_uuid};
use crate::keys::{InstallationKey, Purpose};
use crate::uuid_form::{FREE_BITS, gather, has_form, spread};

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

/// How far whoever tells of endings has come: everything before it has its receipts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ToldUpTo {
    /// The line.
    pub line: u64,
    /// The entry in that line.
    pub entry: u32,
    /// Where the walk over the sessions of that entry goes on, if it is an ending of many.
    pub walk_from: u64,
}

impl ToldUpTo {
    /// The beginning of a line.
    pub const fn line(line: u64) -> Self {
        Self { line, entry: 0, walk_from: 0 }
    }

    /// Behind its entry.
    #[must_use]
    pub const fn next_entry(self) -> Self {
        Self { entry: self.entry + 1, walk_from: 0, ..self }
    }

    /// Whether all who are told of an ending have their receipts.
    pub const fn is_past(self, place: EndingPlace) -> bool {
        self.line > place.line || (self.line == place.line && self.entry > place.entry)
    }
}

/// Makes public ids of endings from places and places from ids.
pub struct EndingIdCipher(Aes128);

/// Rounds of the network; each asks AES once.
const ROUNDS: u8 = 10;
/// Half of the bits that a UUID leaves free.
const HALF_BITS: u32 = FREE_BITS / 2;
const HALF_MASK: u64 = (1 << HALF_BITS) - 1;

impl EndingIdCipher {
    /// The cipher of this installation.
    pub fn new(key: &InstallationKey) -> Self {
        let derived = key.derive(Purpose::EndingIds);
        let mut half = [0; 16];
        half.copy_from_slice(&derived[..16]);
        Self(Aes128::new(&half.into()))
    }

    /// The public id of the ending at a place.
    pub fn encipher(&self, place: EndingPlace) -> EndingId {
        let packed = (u128::from(place.line) << EndingPlace::ENTRY_BITS) | u128::from(place.entry);
        EndingId(self.id_of(packed))
    }

    /// The place that an id names, if it can be one of ours.
    pub fn decipher(&self, id: EndingId) -> Option<EndingPlace> {
        let packed = self.number_of(id.0)?;
        let line = u64::try_from(packed >> EndingPlace::ENTRY_BITS).ok()?;
        let entry = packed & ((1 << EndingPlace::ENTRY_BITS) - 1);
        EndingPlace::of(line, entry as u32)
    }

    /// The UUID of a number of at most 122 bits.
    fn id_of(&self, packed: u128) -> u128 {
        debug_assert!(packed >> FREE_BITS == 0, "the number fits");
        let (mut left, mut right) = halves(packed);
        for round in 0..ROUNDS {
            (left, right) = (right, left ^ self.mixed(round, right));
        }
        spread(whole(left, right))
    }

    /// The number of a UUID; none if it is not of version 4.
    fn number_of(&self, id: u128) -> Option<u128> {
        if !has_form(id) {
            return None;
        }
        let (mut left, mut right) = halves(gather(id));
        for round in (0..ROUNDS).rev() {
            (left, right) = (right ^ self.mixed(round, left), left);
        }
        Some(whole(left, right))
    }

    /// What a round makes of one half: bits that nobody guesses without the key.
    fn mixed(&self, round: u8, half: u64) -> u64 {
        let mut block = ((u128::from(round) << 64) | u128::from(half)).to_be_bytes().into();
        self.0.encrypt_block(&mut block);
        u128::from_be_bytes(block.into()) as u64 & HALF_MASK
    }
}

const fn halves(packed: u128) -> (u64, u64) {
    ((packed >> HALF_BITS) as u64, packed as u64 & HALF_MASK)
}

fn whole(left: u64, right: u64) -> u128 {
    (u128::from(left) << HALF_BITS) | u128::from(right)
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

        /// Goal: the cipher is a bijection: each number has an id of its own, and each UUID of version 4 is that of one number.
        #[test]
        fn a_number_and_its_uuid_lead_to_each_other(packed in 0u128..(1 << FREE_BITS), other in 0u128..(1 << FREE_BITS)) {
            let cipher = EndingIdCipher::new(&key());
            prop_assert_eq!(cipher.number_of(cipher.id_of(packed)), Some(packed));
            let uuid = spread(other);
            prop_assert_eq!(cipher.number_of(uuid).map(|number| cipher.id_of(number)), Some(uuid));
        }

        /// Goal: what the cipher did not make opens nothing: not an id with one bit changed, nor one of another installation, nor
        /// one that somebody makes up.
        #[test]
        fn only_what_was_enciphered_opens(line in 0u64..(1 << 62), entry in 0u32..(1 << 24), bit in 0u32..128, drawn: [u8; 16]) {
            let cipher = EndingIdCipher::new(&key());
            let id = cipher.encipher(EndingPlace::of(line, entry).expect("a place"));
            prop_assert_eq!(cipher.decipher(EndingId(id.0 ^ (1 << bit))), None);
            let elsewhere = EndingIdCipher::new(&InstallationKey::from_bytes([8; 32]));
            prop_assert_eq!(elsewhere.decipher(id), None);
            let made_up = uuid::Builder::from_random_bytes(drawn).into_uuid().as_u128();
            prop_assert_eq!(cipher.decipher(EndingId(made_up)), None);
            prop_assert_eq!(cipher.decipher(EndingId(u128::from_be_bytes(drawn) & !(0xf << 76))), None);
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

    /// Goal: a version that makes other ids of the same places does not go unseen: those that were given out would name nothing. The two
    /// ids were computed with OpenSSL's AES, too.
    #[test]
    fn ids_stay_what_they_are_and_neighbours_do_not_look_related() {
        let cipher = EndingIdCipher::new(&key());
        let id = |line, entry| cipher.encipher(EndingPlace::of(line, entry).expect("a place"));
        assert_eq!(id(1, 0).to_string(), "92da6d73-0aba-4cea-8bc5-1f18243c2442");
        assert_eq!(id((1 << 62) - 1, (1 << 24) - 1).to_string(), "f966e054-a88f-49d9-8a1d-df411a7868cf");
        for (one, two) in [(id(1, 0), id(2, 0)), (id(1, 0), id(1, 1)), (id(7, 0), id(7 + (1 << 40), 0))] {
            assert!((one.0 ^ two.0).count_ones() > 30, "{one} {two}");
        }
    }

    /// Goal: no two places of a run share an id.
    #[test]
    fn a_run_of_places_has_as_many_ids() {
        let cipher = EndingIdCipher::new(&key());
        let places = (0..2_000).flat_map(|line| (0..5).filter_map(move |entry| EndingPlace::of(line, entry)));
        let ids: std::collections::HashSet<_> = places.map(|place| cipher.encipher(place)).collect();
        assert_eq!(ids.len(), 10_000);
    }

    #[test]
    fn a_place_has_a_bound() {
        assert!(EndingPlace::of((1 << 62) - 1, (1 << 24) - 1).is_some());
        assert!(EndingPlace::of(1 << 62, 0).is_none() && EndingPlace::of(0, 1 << 24).is_none());
    }
}
