//! Where an order comes from: who gave it, through which channel, from which address, and why.
//!
//! Actors are written down in words of one table: what it writes, it reads. A kind of actor that a newer version wrote is
//! read as [`Actor::Other`], so that history stays readable. Nothing here says what an order does.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::ids::{ClientId, UserId};

/// Where an order came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Who gave it. None is the user whose session or sessions it ends, who holds a token of them: the decision, which
    /// knows the session, puts the name in.
    pub actor: Option<Actor>,
    /// The channel.
    pub channel: Channel,
    /// The caller's address.
    pub address: Option<String>,
    /// Why, in the caller's own words.
    pub reason: Option<Reason>,
    /// Whether another system hands on what ended there.
    pub handed_on: bool,
}

impl Origin {
    /// An order of somebody who is known.
    pub const fn of(actor: Actor, channel: Channel, address: Option<String>) -> Self {
        Self { actor: Some(actor), channel, address, reason: None, handed_on: false }
    }

    /// An order about the sessions of whoever gives it.
    pub const fn of_holder(channel: Channel, address: Option<String>) -> Self {
        Self { actor: None, channel, address, reason: None, handed_on: false }
    }

    /// Something that nobody ordered: time ran out, or a rule of the realm applied.
    pub const fn of_system() -> Self {
        Self::of(Actor::System, Channel::SYSTEM, None)
    }

    /// The same, of another system that hands on what ended there.
    #[must_use]
    pub fn handed_on(self) -> Self {
        Self { handed_on: true, ..self }
    }

    /// The same, for a reason.
    pub fn because(self, reason: Option<Reason>) -> Self {
        Self { reason, ..self }
    }
}

/// Who acted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A user with a role or about their own sessions.
    User(UserId),
    /// A client in its own name.
    Client(ClientId),
    /// Whoever holds the credential of the admin listener or has the data folder.
    Operator,
    /// Nobody: time or a rule.
    System,
    /// Somebody whom this version cannot name: an older version did not write who it was, or a newer one knows a kind of
    /// actor that this one does not.
    Other,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user {id}"),
            Self::Client(id) => write!(f, "client {id}"),
            Self::Operator => f.write_str("operator"),
            Self::System => f.write_str("system"),
            Self::Other => f.write_str("other"),
        }
    }
}

impl Actor {
    /// The actor that was written down as it shows itself.
    pub fn read(text: &str) -> Self {
        let known = match text.split_once(' ') {
            Some(("user", id)) => id.parse().ok().map(Self::User),
            Some(("client", id)) => id.parse().ok().map(Self::Client),
            Some(_) => None,
            None => [Self::Operator, Self::System].into_iter().find(|actor| actor.to_string() == text),
        };
        known.unwrap_or(Self::Other)
    }
}

/// The dialect through which a request came. Rules never ask which one it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Channel(pub Cow<'static, str>);

impl Channel {
    /// What comes through no channel: time and rules.
    pub const SYSTEM: Self = Self::named("system");

    /// A channel with a fixed name.
    pub const fn named(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }
}

/// Why somebody gave an order, in their own words: one line of text, without blanks around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(Box<str>);

impl Reason {
    /// The longest reason, in characters (HOME-LIMITS): it is stored with each session that the order ends.
    pub const CHARS_MAX: usize = 256;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no reason. It is refused and never cut: half a reason may say the opposite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reason has 1 to 256 characters, none of them a control character")]
pub struct ReasonError;

impl FromStr for Reason {
    type Err = ReasonError;

    fn from_str(text: &str) -> Result<Self, ReasonError> {
        let short = text.chars().count() <= Self::CHARS_MAX;
        let text_only = !text.chars().any(char::is_control);
        let trimmed = text.trim();
        if short && text_only && !trimmed.is_empty() { Ok(Self(trimmed.into())) } else { Err(ReasonError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: every actor reads back as it was written, and what a newer version wrote spoils no list.
    #[test]
    fn actors_are_read_by_the_words_that_they_are_written_in() {
        let actors = [
            Actor::User(UserId::from_uuid(uuid::Uuid::from_u128(7))),
            Actor::Client("shop".parse().expect("a client id")),
            Actor::Operator,
            Actor::System,
            Actor::Other,
        ];
        for actor in actors {
            assert_eq!(Actor::read(&actor.to_string()), actor);
        }
        for unknown in ["robot 7", "user nobody", "client ", "somebody", ""] {
            assert_eq!(Actor::read(unknown), Actor::Other, "{unknown}");
        }
    }

    /// Goal: a reason is kept as it was given or refused as a whole.
    #[test]
    fn a_reason_is_one_line_of_bounded_length() {
        let longest = "é".repeat(Reason::CHARS_MAX);
        for (text, kept) in [
            ("stolen-laptop", "stolen-laptop"),
            ("  a laptop was lost ", "a laptop was lost"),
            (longest.as_str(), longest.as_str()),
        ] {
            assert_eq!(text.parse::<Reason>().expect("a reason").as_str(), kept);
        }
        for text in ["", "   ", "two\nlines", "a\u{7}bell", &format!("{longest}é")] {
            assert_eq!(text.parse::<Reason>(), Err(ReasonError), "{text:?}");
        }
    }
}
