//! The second proof of identity: recovery codes.
//!
//! A user's codes are derived from the number of their set and stored nowhere (EMPTY-HANDS). Each proves something
//! once; which were used is decided in the transaction that uses them.

use crate::assurance::{Assurance, SecondFactorRule};
use crate::directory::User;
use crate::ids::UserId;
use crate::keys::{InstallationKey, Purpose};
use crate::time::Timestamp;

/// How many codes a set has.
pub const CODES_IN_A_SET: u8 = 12;

/// The number of a set of codes: random, and of no use without the installation key. It says with which letters its codes are
/// written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CodeSet([u8; 16]);

/// How the numbers of sets begin whose codes are written in [`TYPED_LETTERS`]; a number that was drawn before there were two kinds
/// begins so once in four thousand million times.
const WRITTEN_CLEARLY: [u8; 4] = *b"adi2";

/// Small letters and digits of which none can be mistaken for another: no 0 and o, no 1, i and l. What people read and type is
/// written in them.
pub const TYPED_LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// The letters of earlier sets, whose users have their codes on paper.
const LETTERS_BEFORE: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

impl CodeSet {
    /// A new set out of random bytes.
    pub const fn drawn(bytes: [u8; 16]) -> Self {
        let mut number = bytes;
        [number[0], number[1], number[2], number[3]] = WRITTEN_CLEARLY;
        Self(number)
    }

    /// The number as it was stored.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The number to store.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// The codes of this set for a user, in their order: eight small letters and digits each (39 bits).
    pub fn codes(self, key: &InstallationKey, user: UserId) -> Vec<String> {
        let letters = if self.0.starts_with(&WRITTEN_CLEARLY) { TYPED_LETTERS } else { LETTERS_BEFORE };
        let public: Vec<u8> = user.uuid().as_bytes().iter().chain(&self.0).copied().collect();
        let code = |n: u8| {
            let bytes = key.derive_for(Purpose::RecoveryCode, &public, n.into());
            // Two bytes a letter: all letters are as likely as each other, to one in two thousand.
            let letter = |pair: &[u8]| usize::from(u16::from_be_bytes([pair[0], pair[1]])) % letters.len();
            bytes.chunks_exact(2).take(8).map(|pair| char::from(letters[letter(pair)])).collect()
        };
        (0..CODES_IN_A_SET).map(code).collect()
    }
}

/// The recovery codes that a user has confirmed. They ask for a second step even when all of them are used up: losing the
/// last one opens nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryCodes {
    /// Which set.
    pub set: CodeSet,
    /// The codes that were used, by their place in the set, and when.
    pub used: Vec<(u8, Timestamp)>,
}

impl RecoveryCodes {
    /// A set of which nothing was used.
    pub const fn unused(set: CodeSet) -> Self {
        Self { set, used: Vec::new() }
    }

    /// When the code at this place was used, if it was.
    pub fn used_at(&self, place: u8) -> Option<Timestamp> {
        self.used.iter().find(|(used, _)| *used == place).map(|(_, at)| *at)
    }

    /// The same with one more code used; none if it was used before or is of another set.
    pub fn spent(&self, code: Spending, now: Timestamp) -> Option<Self> {
        if code.set != self.set || code.place >= CODES_IN_A_SET || self.used_at(code.place).is_some() {
            return None;
        }
        let mut next = self.clone();
        next.used.push((code.place, now));
        Some(next)
    }
}

/// The use of one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spending {
    /// Of which set.
    pub set: CodeSet,
    /// Which of its codes.
    pub place: u8,
}

impl User {
    /// How far this user can prove who they are.
    pub fn assurance(&self) -> Assurance {
        if self.recovery_codes.is_some() { Assurance::Two } else { Assurance::One }
    }

    /// The level that a session of this user needs to be live, by the rule of the realm.
    pub fn level_by(&self, rule: SecondFactorRule) -> Assurance {
        rule.level(self.recovery_codes.is_some())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn set(byte: u8) -> CodeSet {
        CodeSet::from_bytes([byte; 16])
    }

    #[test]
    fn codes_belong_to_a_user_a_set_and_an_installation() {
        let key = InstallationKey::from_bytes([1; 32]);
        let user = |n| UserId::from_uuid(Uuid::from_u128(n));
        let codes = set(1).codes(&key, user(1));
        assert_eq!(codes.len(), 12);
        assert!(codes.iter().all(|code| code.len() == 8 && code.bytes().all(|b| b.is_ascii_alphanumeric())));
        assert_eq!(codes, set(1).codes(&key, user(1)));
        for other in [
            set(2).codes(&key, user(1)),
            set(1).codes(&key, user(2)),
            set(1).codes(&InstallationKey::from_bytes([2; 32]), user(1)),
        ] {
            assert!(codes.iter().all(|code| !other.contains(code)));
        }
    }

    /// Goal: codes that were given out keep working, and new ones have no letter that is mistaken for another.
    #[test]
    fn new_codes_can_be_read_off_paper_and_earlier_ones_stay_as_they_were() {
        let key = InstallationKey::from_bytes([1; 32]);
        let user = UserId::from_uuid(Uuid::from_u128(1));
        for n in 0..=255 {
            let codes = CodeSet::drawn([n; 16]).codes(&key, user).concat();
            assert!(!codes.contains(['0', 'o', '1', 'i', 'l']) && codes.len() == 96, "{codes}");
        }
        assert_eq!(set(1).codes(&key, user)[..2], ["609cpgfq", "mpkqvlkz"]);
        let stored = CodeSet::drawn([7; 16]).to_bytes();
        assert_eq!(CodeSet::from_bytes(stored), CodeSet::drawn([7; 16]));
        assert_ne!(CodeSet::drawn([7; 16]), CodeSet::drawn([8; 16]));
    }

    #[test]
    fn a_code_is_used_once() {
        let fresh = RecoveryCodes::unused(set(1));
        let now = Timestamp::from_ms(5);
        let code = Spending { set: set(1), place: 3 };
        let spent = fresh.spent(code, now).expect("unused");
        assert_eq!(spent.used_at(3), Some(now));
        assert_eq!(spent.used_at(4), None);
        assert_eq!(spent.spent(code, now), None);
        assert_eq!(fresh.spent(Spending { set: set(2), place: 3 }, now), None);
        assert_eq!(fresh.spent(Spending { set: set(1), place: 12 }, now), None);
    }
}
