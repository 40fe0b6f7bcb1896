//! What a password has to be when it is set: long enough, none that is tried first, not the user's own name.
//!
//! Asked where a password is chosen, by whomever; never at a sign-on, and never of a hash that was made elsewhere. Which
//! passwords are tried first is found out by whoever asks.

use crate::names::matched;

/// The rules of a realm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordRules {
    /// Characters that a password has at least.
    pub length_min: u32,
    /// Whether one that is tried first is refused.
    pub common_refused: bool,
}

impl Default for PasswordRules {
    fn default() -> Self {
        Self { length_min: 8, common_refused: true }
    }
}

/// Why a password can't be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// It is too short.
    #[error("it has {length} of at least {length_min} characters")]
    TooShort {
        /// How many it has to have.
        length_min: u32,
        /// How many it has.
        length: u32,
    },
    /// It is one of those that are tried first.
    #[error("it is one of the passwords that are tried first")]
    Common,
    /// It is a name of the user.
    #[error("it is the user's own name")]
    OwnName,
    /// It is the one that the user has.
    #[error("it is the password that the user has already")]
    Unchanged,
}

/// Decides whether a password may be set for a user of these names. `is_common` is asked only where it matters.
pub fn decide_password(
    rules: PasswordRules,
    names: &[String],
    password: &str,
    is_common: impl FnOnce() -> bool,
) -> Result<(), WeakPassword> {
    let length = u32::try_from(password.chars().count()).unwrap_or(u32::MAX);
    if length < rules.length_min {
        return Err(WeakPassword::TooShort { length_min: rules.length_min, length });
    }
    let own = matched(password);
    let is_own = |name: &String| {
        let name = matched(name);
        let before_at = name.split('@').next().unwrap_or_default();
        !name.is_empty() && [name.as_str(), before_at].contains(&own.as_str())
    };
    if names.iter().any(is_own) {
        return Err(WeakPassword::OwnName);
    }
    if rules.common_refused && is_common() { Err(WeakPassword::Common) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: S-16, short ones, common ones and the own name are refused, all else is taken, and the rules are the realm's.
    #[test]
    fn a_password_is_long_enough_rare_and_no_name() {
        let rules = PasswordRules::default();
        let names = ["ada.lovelace".to_owned(), "Countess@example.test".to_owned()];
        let asked = |rules, password: &str, common| decide_password(rules, &names, password, || common);
        assert_eq!(asked(rules, "1", false), Err(WeakPassword::TooShort { length_min: 8, length: 1 }));
        let seven = "\u{e4}".repeat(7);
        assert!(asked(rules, &seven, false).is_err(), "characters are counted, not bytes");
        for own in ["ada.lovelace", "Ada.Lovelace", "countess", "COUNTESS@example.test"] {
            assert_eq!(asked(rules, own, false), Err(WeakPassword::OwnName), "{own}");
        }
        assert_eq!(asked(rules, "password", true), Err(WeakPassword::Common));
        assert_eq!(asked(rules, "rabbit-hole", false), Ok(()));
        let lax = PasswordRules { length_min: 1, common_refused: false };
        assert_eq!(asked(lax, "1", true), Ok(()));
        assert_eq!(
            decide_password(lax, &[String::new()], "", || false),
            Err(WeakPassword::TooShort { length_min: 1, length: 0 })
        );
    }
}
