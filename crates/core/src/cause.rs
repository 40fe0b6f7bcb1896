//! Why a session is over and who acted, and the words in which both are written down.
//!
//! There is one table of words: what it writes, it reads. A word of a newer version is read as [`Cause::Other`].

use std::fmt;

use crate::ids::{ClientId, UserId};

/// Why a session is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Its user signed off.
    SignOff,
    /// An administrator ended it.
    Administrator(Actor),
    /// The user was disabled.
    UserDisabled,
    /// The user was deleted.
    UserRemoved,
    /// The user has more sessions than the quota allows.
    Quota,
    /// The user's password was changed.
    PasswordChanged,
    /// The user was idle for too long.
    Idle,
    /// It reached its last moment.
    Expired,
    /// All sessions of the user or the realm were ended earlier.
    EndedWithOthers,
    /// Something that a newer version knows a word for.
    Other,
}

impl Cause {
    /// The cause as one word, for metrics, logs and records.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::SignOff => "sign_off",
            Self::Administrator(_) => "administrator",
            Self::UserDisabled => "user_disabled",
            Self::UserRemoved => "user_removed",
            Self::Quota => "quota",
            Self::PasswordChanged => "password_changed",
            Self::Idle => "idle",
            Self::Expired => "expired",
            Self::EndedWithOthers => "ended_with_others",
            Self::Other => "other",
        }
    }

    /// Who acted, where the cause names somebody.
    pub const fn actor(&self) -> Option<&Actor> {
        match self {
            Self::Administrator(actor) => Some(actor),
            Self::SignOff
            | Self::UserDisabled
            | Self::UserRemoved
            | Self::Quota
            | Self::PasswordChanged
            | Self::Idle
            | Self::Expired
            | Self::EndedWithOthers
            | Self::Other => None,
        }
    }

    /// The cause that was written down as this word, with whoever acted as [`Actor`] shows itself. A word that this version
    /// does not know was written by a newer one and reads as [`Cause::Other`]: history stays readable.
    pub fn read(word: &str, actor: Option<&str>) -> Self {
        const PLAIN: [Cause; 8] = [
            Cause::SignOff,
            Cause::UserDisabled,
            Cause::UserRemoved,
            Cause::Quota,
            Cause::PasswordChanged,
            Cause::Idle,
            Cause::Expired,
            Cause::EndedWithOthers,
        ];
        let administrator = actor.and_then(Actor::read).map(Self::Administrator);
        let known = PLAIN.into_iter().chain(administrator).find(|cause| cause.word() == word);
        known.unwrap_or(Self::Other)
    }
}

/// Who acted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A client in its own name.
    Client(ClientId),
    /// A user with a role or about their own sessions.
    User(UserId),
    /// Whoever has the data folder: the command line.
    Operator,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(id) => write!(f, "client {id}"),
            Self::User(id) => write!(f, "user {id}"),
            Self::Operator => f.write_str("operator"),
        }
    }
}

impl Actor {
    /// The actor that shows itself so; none if this version does not know the kind.
    fn read(text: &str) -> Option<Self> {
        match text.split_once(' ') {
            Some(("client", id)) => id.parse().ok().map(Self::Client),
            Some(("user", id)) => id.parse().ok().map(Self::User),
            Some(_) => None,
            None => (text == "operator").then_some(Self::Operator),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: every cause reads back as it was written, and what a newer version wrote spoils no list.
    #[test]
    fn causes_are_read_by_the_words_that_they_are_written_in() {
        let actors = [
            Actor::Operator,
            Actor::Client("shop".parse().expect("a client id")),
            Actor::User(UserId::from_uuid(uuid::Uuid::from_u128(7))),
        ];
        let plain = [
            Cause::SignOff,
            Cause::UserDisabled,
            Cause::UserRemoved,
            Cause::Quota,
            Cause::PasswordChanged,
            Cause::Idle,
            Cause::Expired,
            Cause::EndedWithOthers,
            Cause::Other,
        ];
        for cause in plain.into_iter().chain(actors.map(Cause::Administrator)) {
            let actor = cause.actor().map(ToString::to_string);
            assert_eq!(Cause::read(cause.word(), actor.as_deref()), cause);
        }
        for (word, actor) in [
            ("signal_from_upstream", None),
            ("administrator", None),
            ("administrator", Some("robot 7")),
            ("administrator", Some("user nobody")),
            ("", None),
        ] {
            assert_eq!(Cause::read(word, actor), Cause::Other, "{word} {actor:?}");
        }
    }
}
