//! Receivers: whoever is told that sessions are over, and by which name.
//!
//! A client is told of the sessions in which it took part, a subscriber of all endings of its realm. Nothing here tells anybody.

use std::fmt;
use std::str::FromStr;

use crate::ids::{ClientId, NotAnId};

/// The name of a subscriber: 1 to 64 letters, digits, `-`, `_` and `.` of ASCII, unique in the installation.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriberId(Box<str>);

/// The longest name of a subscriber, in bytes (HOME-LIMITS).
const SUBSCRIBER_ID_BYTES_MAX: usize = 64;

impl SubscriberId {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SubscriberId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let fits = (1..=SUBSCRIBER_ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(plain);
        if fits { Ok(Self(text.into())) } else { Err(NotAnId) }
    }
}

impl fmt::Display for SubscriberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SubscriberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whoever is told of endings. Receivers are ordered as their keys are.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Receiver {
    /// A subscriber of a realm.
    Subscriber(SubscriberId),
    /// A client that took part.
    Client(ClientId),
}

/// How the key of a subscriber begins: a character that no client's id has.
const SUBSCRIBER: char = ' ';

impl Receiver {
    /// The text under which an engine keeps it, and by which pages go on.
    pub fn key(&self) -> String {
        match self {
            Self::Client(id) => id.to_string(),
            Self::Subscriber(id) => format!("{SUBSCRIBER}{id}"),
        }
    }

    /// The receiver of a key.
    ///
    /// # Errors
    /// If the text is the key of none.
    pub fn of_key(key: &str) -> Result<Self, NotAnId> {
        match key.strip_prefix(SUBSCRIBER) {
            Some(id) => id.parse().map(Self::Subscriber),
            None => key.parse().map(Self::Client),
        }
    }

    /// The client, if it is one.
    pub const fn client(&self) -> Option<&ClientId> {
        match self {
            Self::Client(id) => Some(id),
            Self::Subscriber(_) => None,
        }
    }

    /// The subscriber, if it is one.
    pub const fn subscriber(&self) -> Option<&SubscriberId> {
        match self {
            Self::Subscriber(id) => Some(id),
            Self::Client(_) => None,
        }
    }
}

/// For people: the id, with the word `subscriber` before that of one.
impl fmt::Display for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(id) => fmt::Display::fmt(id, f),
            Self::Subscriber(id) => write!(f, "subscriber {id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_name_one_receiver_and_are_ordered_as_receivers_are() {
        let client = |id: &str| Receiver::Client(id.parse().expect("a client"));
        let subscriber = |id: &str| Receiver::Subscriber(id.parse().expect("a subscriber"));
        let mut all = [
            client("shop"),
            subscriber("shop"),
            client("!"),
            subscriber("A"),
            client("~"),
            subscriber("z.9"),
        ];
        let mut keys: Vec<String> = all.iter().map(Receiver::key).collect();
        for (one, key) in all.iter().zip(&keys) {
            assert_eq!(Receiver::of_key(key).as_ref(), Ok(one));
        }
        all.sort();
        keys.sort();
        assert_eq!(all.iter().map(Receiver::key).collect::<Vec<_>>(), keys);
        for bad in ["", " ", " a b", "  shop", "a b"] {
            assert!(Receiver::of_key(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_subscriber_has_a_plain_name() {
        for bad in ["", "a/b", "a b", "ä", &"a".repeat(65)] {
            assert!(bad.parse::<SubscriberId>().is_err(), "{bad}");
        }
        assert!("a".repeat(64).parse::<SubscriberId>().is_ok());
    }
}
