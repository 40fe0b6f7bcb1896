//! Names of things: realms, users, populations, clients, and where a user's rows lie.
//!
//! Ids are types, so that nobody hands a user where a session is meant. The locator's form is design decision 0002.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that is known to name one.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID itself.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                parse_uuid(text).map(Self)
            }
        }
    };
}

uuid_id!(
    /// One tenant: its users, clients, policy and keys.
    RealmId
);
uuid_id!(
    /// A person or thing that signs on.
    UserId
);
uuid_id!(
    /// A group of users that an administrator may be limited to.
    PopulationId
);

/// The text is no id of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

/// The UUID that names nothing: whoever gives an id away gives another. RFC 9562 §5.9
pub const NIL: &str = "00000000-0000-0000-0000-000000000000";

/// A UUID in the one spelling all dialects use: 36 characters with hyphens, letters of either case.
pub fn parse_uuid(text: &str) -> Result<Uuid, NotAnId> {
    if text.len() != 36 {
        return Err(NotAnId);
    }
    Uuid::try_parse(text).map_err(|_| NotAnId)
}

/// An application of a realm. Free text of 1 to 255 visible ASCII characters; some dialects only hand out UUIDs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(Box<str>);

impl ClientId {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClientId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let fits = (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if fits { Ok(Self(text.into())) } else { Err(NotAnId) }
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a user's rows lie: 46 random bits, unique in the installation, never zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct UserKey(u64);

impl UserKey {
    /// Bits of a user key.
    pub const BITS: u32 = 46;

    /// A key from random bits; the top ones are cut off.
    pub const fn from_random(random: u64) -> Self {
        let key = random & ((1 << Self::BITS) - 1);
        Self(if key == 0 { 1 } else { key })
    }

    /// A key that was stored.
    pub const fn from_stored(stored: u64) -> Option<Self> {
        if stored == 0 || stored >> Self::BITS != 0 { None } else { Some(Self(stored)) }
    }

    /// The number itself.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The place of this user's session in `slot`.
    pub const fn slot(self, slot: u32) -> Option<Locator> {
        if slot < Locator::SLOTS { Some(Locator((self.0 << Locator::SLOT_BITS) | slot as u64)) } else { None }
    }

    /// The place of this user's next session behind the last row, tombstones counted; none behind the last slot: then
    /// `free_place` says what gives way.
    pub fn place_behind(self, last: Option<Locator>) -> Option<Locator> {
        match last {
            None => self.slot(0),
            Some(last) => Locator::from_number(last.0 + 1).filter(|next| next.user_key() == self),
        }
    }
}

/// The place of a session: 46 bits of user key and 17 bits of slot, a positive row id.
///
/// All rows of one user lie together, so by-token, by-id and by-user are all reads of one primary key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Locator(u64);

impl Locator {
    /// Bits of a slot.
    pub const SLOT_BITS: u32 = 17;
    /// Live sessions that one user can have (HOME-LIMITS).
    pub const SLOTS: u32 = 1 << Self::SLOT_BITS;

    /// A locator that was stored or deciphered; none if it has no user key or too many bits.
    pub const fn from_number(number: u64) -> Option<Self> {
        match UserKey::from_stored(number >> Self::SLOT_BITS) {
            Some(_) => Some(Self(number)),
            None => None,
        }
    }

    /// The number itself; fits a positive 64-bit row id.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// Whose rows these are.
    pub const fn user_key(self) -> UserKey {
        UserKey(self.0 >> Self::SLOT_BITS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locator_is_a_positive_row_id_and_gives_back_its_user() {
        let key = UserKey::from_random(u64::MAX);
        let last = key.slot(Locator::SLOTS - 1).expect("the last slot exists");
        assert_eq!(last.number(), i64::MAX as u64);
        assert_eq!(last.user_key(), key);
        assert_eq!(key.slot(Locator::SLOTS), None, "the 131,073rd session has no place");
        for one in [key, UserKey::from_random(1)] {
            assert_eq!((one.place_behind(None), one.place_behind(one.slot(0))), (one.slot(0), one.slot(1)));
            assert_eq!(
                one.place_behind(one.slot(Locator::SLOTS - 1)),
                None,
                "behind it lies somebody else's"
            );
        }
        assert_eq!(Locator::from_number(5), None, "no user key");
        assert_eq!(Locator::from_number(1 << 63), None, "too many bits");
    }

    #[test]
    fn ids_parse_in_one_spelling_and_either_case() {
        let text = "6F0D8A51-3c1e-4b7a-9d52-8e2b4f7c1a90";
        let realm: RealmId = text.parse().expect("a UUID");
        assert_eq!(realm.to_string(), text.to_lowercase());
        for bad in ["", "x", "6f0d8a513c1e4b7a9d528e2b4f7c1a90", "{6f0d8a51-3c1e-4b7a-9d52-8e2b4f7c1a90}"] {
            assert_eq!(bad.parse::<RealmId>(), Err(NotAnId), "{bad}");
        }
        for bad in ["", "a b", "ä"] {
            assert_eq!(bad.parse::<ClientId>(), Err(NotAnId), "{bad}");
        }
    }
}
