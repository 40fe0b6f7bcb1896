//! What is left of a right password while the second factor is awaited.
//!
//! A dialect keeps it in its flow as text, where nobody but the store can write. It opens nothing by itself, and nothing any more
//! once all sessions of the user or of the realm were ended after it, or the user has another password (ENDED-STAYS-ENDED).

use adieu_core::{Realm, TokenHash, User, UserId};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A password that was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstFactor {
    user: UserId,
    /// The user's generation at that time.
    user_generation: u64,
    /// The realm's generation at that time.
    realm_generation: u64,
    /// The hash of what is stored of the password.
    credential: [u8; 32],
}

impl FirstFactor {
    pub(crate) fn of(user: &User, realm: &Realm) -> Self {
        Self {
            user: user.id,
            user_generation: user.generation,
            realm_generation: realm.generation,
            credential: TokenHash::of(user.password.as_deref().unwrap_or_default().as_bytes()).to_bytes(),
        }
    }

    /// Whose it is.
    pub const fn user(self) -> UserId {
        self.user
    }

    /// Whether it counts still for that user in that realm, as they are now.
    pub(crate) fn counts_for(self, user: &User, realm: &Realm) -> bool {
        user.enabled && user.realm == realm.id && self == Self::of(user, realm)
    }

    /// As it lies in a flow.
    pub fn to_text(self) -> String {
        let credential = URL_SAFE_NO_PAD.encode(self.credential);
        format!("{} {} {} {credential}", self.user, self.user_generation, self.realm_generation)
    }

    /// As it lay in a flow.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let first = Self {
            user: words.next()?.parse().ok()?,
            user_generation: words.next()?.parse().ok()?,
            realm_generation: words.next()?.parse().ok()?,
            credential: URL_SAFE_NO_PAD.decode(words.next()?).ok()?.try_into().ok()?,
        };
        words.next().is_none().then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_it_was_written() {
        let user = "00000000-0000-4000-8000-000000000007".parse().expect("an id");
        let first = FirstFactor { user, user_generation: 3, realm_generation: 2, credential: [9; 32] };
        let text = first.to_text();
        assert_eq!(FirstFactor::from_text(&text), Some(first));
        let cut = text.rsplit_once(' ').expect("four words").0;
        for bad in ["", "x", "00000000-0000-4000-8000-000000000007", "x 3 2 x", cut, &format!("{text} x")] {
            assert_eq!(FirstFactor::from_text(bad), None, "{bad}");
        }
    }
}
