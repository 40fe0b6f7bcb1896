//! Why a session is over, and the words in which that is written down.
//!
//! There is one table of words: what it writes, it reads. A word of a newer version is read as [`Cause::Other`]. Who acted
//! is no part of a cause: see `origin`.

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Its user signed off.
    SignOff,
    /// An administrator ended it.
    Administrator,
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
    /// All sessions of the user or the realm were ended earlier, and nothing is known of how.
    EndedWithOthers,
    /// The data was restored from a backup, which does not know what ended after it.
    Restored,
    /// The provider that the user signed on through ended its session.
    Upstream,
    /// Something that a newer version knows a word for. It stays the last one: it says how many there are.
    Other,
}

impl Cause {
    /// All of them. One that is left out stops the build.
    pub const ALL: [Self; Self::Other as usize + 1] = [
        Self::SignOff,
        Self::Administrator,
        Self::UserDisabled,
        Self::UserRemoved,
        Self::Quota,
        Self::PasswordChanged,
        Self::Idle,
        Self::Expired,
        Self::EndedWithOthers,
        Self::Restored,
        Self::Upstream,
        Self::Other,
    ];

    /// Whether nobody ended it and time ran out.
    pub const fn is_time(self) -> bool {
        matches!(self, Self::Idle | Self::Expired)
    }

    /// The cause as one word, for metrics, logs and records.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SignOff => "sign_off",
            Self::Administrator => "administrator",
            Self::UserDisabled => "user_disabled",
            Self::UserRemoved => "user_removed",
            Self::Quota => "quota",
            Self::PasswordChanged => "password_changed",
            Self::Idle => "idle",
            Self::Expired => "expired",
            Self::EndedWithOthers => "ended_with_others",
            Self::Restored => "restored",
            Self::Upstream => "upstream",
            Self::Other => "other",
        }
    }

    /// The cause that was written down as this word. A word that this version does not know was written by a newer one and
    /// reads as [`Cause::Other`]: history stays readable.
    pub fn read(word: &str) -> Self {
        Self::ALL.into_iter().find(|cause| cause.word() == word).unwrap_or(Self::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: every cause reads back as it was written, and what a newer version wrote spoils no list.
    #[test]
    fn causes_are_read_by_the_words_that_they_are_written_in() {
        for (n, cause) in Cause::ALL.into_iter().enumerate() {
            assert_eq!((cause as usize, Cause::read(cause.word())), (n, cause));
        }
        for word in ["signal_from_upstream", "Administrator", ""] {
            assert_eq!(Cause::read(word), Cause::Other, "{word}");
        }
    }
}
