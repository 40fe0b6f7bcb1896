//! Recovery: what an administrator gives out for somebody who can't sign on, and what it proves.
//!
//! Its secret is derived from its number and stored nowhere (EMPTY-HANDS). It is good for few tries, and for nothing any more
//! once all sessions of the user or the realm were ended after it (ENDED-STAYS-ENDED). Where it is kept between is its keeper's affair.

use subtle::ConstantTimeEq;

use crate::directory::{Proof, Realm, User};
use crate::ids::UserId;
use crate::keys::{InstallationKey, Purpose};
use crate::session::Generations;

/// Wrong tries of one code: six digits are one of a million.
const TRIES_MAX: u8 = 5;
/// Codes have six digits.
const CODES: u64 = 1_000_000;

/// How the secret reaches its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoveryWay {
    /// As six digits, to be typed.
    Code,
    /// In an address, to be opened.
    Link,
}

impl RecoveryWay {
    /// The name that a session remembers it by.
    pub const fn method(self) -> &'static str {
        match self {
            Self::Code => "code_recovery",
            Self::Link => "link_recovery",
        }
    }
}

/// Something that an administrator gave out. It opens nothing without its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveryPass {
    /// Its number.
    pub number: [u8; 16],
    /// For whom.
    pub user: UserId,
    /// The generations of user and realm at that time.
    pub generations: Generations,
    /// How its secret reaches them.
    pub way: RecoveryWay,
    /// Wrong tries that are left.
    pub tries_left: u8,
}

impl RecoveryPass {
    /// A new one, under a number that was drawn for it.
    pub fn new(number: [u8; 16], user: &User, realm: &Realm, way: RecoveryWay) -> Self {
        let Proof { user, generations } = Proof::of(user, realm);
        Self { number, user, generations, way, tries_left: TRIES_MAX }
    }

    /// The secret, for whoever gives it out.
    pub fn secret(&self, key: &InstallationKey) -> String {
        let public: Vec<u8> = self.number.iter().chain(self.user.uuid().as_bytes()).copied().collect();
        match self.way {
            RecoveryWay::Link => key.derive_text(Purpose::RecoveryLink, &public, self.generations.user),
            RecoveryWay::Code => {
                let bytes = key.derive_for(Purpose::RecoveryPass, &public, self.generations.user);
                let number = bytes[..8].iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
                format!("{:06}", number % CODES)
            }
        }
    }

    /// What comes of a try: a proof of identity, or what is left of this, if anything.
    pub fn tried(self, key: &InstallationKey, given: &str) -> Result<Proof, Option<Self>> {
        if self.tries_left > 0 && bool::from(self.secret(key).as_bytes().ct_eq(given.trim().as_bytes())) {
            return Ok(Proof { user: self.user, generations: self.generations });
        }
        let tries_left = self.tries_left.saturating_sub(1);
        Err((tries_left > 0).then_some(Self { tries_left, ..self }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assurance::SecondFactorRule;
    use crate::facts::tests::user;
    use crate::time::Timestamp;

    fn key() -> InstallationKey {
        InstallationKey::from_bytes([1; 32])
    }

    fn given_out(number: [u8; 16]) -> RecoveryPass {
        let user = user();
        let realm = Realm {
            id: user.realm,
            path: "/".into(),
            generation: 0,
            second_factor: SecondFactorRule::default(),
            subscribers: 0,
            created_at: Timestamp::from_ms(0),
        };
        RecoveryPass::new(number, &user, &realm, RecoveryWay::Code)
    }

    #[test]
    fn a_secret_belongs_to_a_number_a_user_and_an_installation() {
        let code = |n| given_out([n; 16]);
        let secret = code(1).secret(&key());
        assert!(secret.len() == 6 && secret.bytes().all(|byte| byte.is_ascii_digit()), "{secret}");
        assert_eq!(secret, code(1).secret(&key()));
        assert_ne!(secret, code(2).secret(&key()));
        assert_ne!(secret, code(1).secret(&InstallationKey::from_bytes([2; 32])));
        let link = RecoveryPass { way: RecoveryWay::Link, ..code(1) }.secret(&key());
        assert_eq!(link.len(), 32);
    }

    /// Goal: HOME-LIMITS, whoever guesses has five tries, and the right code after them is as wrong as any.
    #[test]
    fn a_pass_is_good_for_few_tries() {
        let fresh = given_out([1; 16]);
        let right = fresh.secret(&key());
        let proof = Proof { user: fresh.user, generations: fresh.generations };
        assert_eq!(fresh.tried(&key(), &format!(" {right} ")), Ok(proof));
        let mut left = Some(fresh);
        for n in 0..5 {
            let pass = left.unwrap_or_else(|| panic!("{n} tries were made"));
            left = pass.tried(&key(), "").expect_err("it is empty");
        }
        assert_eq!(left, None);
        let spent = RecoveryPass { tries_left: 0, ..fresh };
        assert_eq!(spent.tried(&key(), &right), Err(None));
    }
}
