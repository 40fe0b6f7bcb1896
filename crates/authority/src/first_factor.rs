//! What is left of a right password while the second factor is awaited.
//!
//! A dialect keeps it in its flow as text, where nobody but the store can write. It opens nothing by itself, and nothing any more
//! once all the user's sessions were ended after it (ENDED-STAYS-ENDED).

use adieu_core::{User, UserId};

/// A password that was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstFactor {
    user: UserId,
    /// The user's generation at that time.
    generation: u64,
}

impl FirstFactor {
    pub(crate) fn of(user: &User) -> Self {
        Self { user: user.id, generation: user.generation }
    }

    /// Whose it is.
    pub const fn user(self) -> UserId {
        self.user
    }

    pub(crate) const fn generation(self) -> u64 {
        self.generation
    }

    /// As it lies in a flow.
    pub fn to_text(self) -> String {
        format!("{} {}", self.user, self.generation)
    }

    /// As it lay in a flow.
    pub fn from_text(text: &str) -> Option<Self> {
        let (user, generation) = text.split_once(' ')?;
        Some(Self { user: user.parse().ok()?, generation: generation.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_it_was_written() {
        let user = "00000000-0000-4000-8000-000000000007".parse().expect("an id");
        let first = FirstFactor { user, generation: 3 };
        assert_eq!(FirstFactor::from_text(&first.to_text()), Some(first));
        for bad in
            ["", "x", "00000000-0000-4000-8000-000000000007", "x 3", "00000000-0000-4000-8000-000000000007 x"]
        {
            assert_eq!(FirstFactor::from_text(bad), None, "{bad}");
        }
    }
}
