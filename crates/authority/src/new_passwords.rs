//! Passwords that are set: held against the rules of their realm, then hashed. There is no other way to a hash.
//!
//! Nothing here looks at a sign-on, and a hash that was made elsewhere does not come here.

use adieu_core::{PasswordRules, RealmId, User, WeakPassword, decide_password};
use adieu_workers::WorkSource;

use crate::Authority;
use crate::hashing::{HashError, PASSWORD_BYTES_MAX};
use crate::people::PersonError;

/// What a program finds within so many tries, as a power of ten, is tried first: the lists of those that leaked most often.
const COMMON_LOG10: f64 = 5.0;

impl Authority {
    /// The hash of a password that an administrator sets for a user of these names, if the rules of the realm allow it.
    pub async fn hash_new_password(
        &self,
        realm: RealmId,
        names: &[String],
        password: &str,
    ) -> Result<String, PersonError> {
        self.hash_in_line(WorkSource::SERVER, realm, names, password).await
    }

    /// The same for whoever waits in this line.
    pub(crate) async fn hash_in_line(
        &self,
        line: WorkSource,
        realm: RealmId,
        names: &[String],
        password: &str,
    ) -> Result<String, PersonError> {
        let rules = self.password_rules(realm).await?;
        self.allowed(line, rules, names, password).await?;
        Ok(self.inner.hashing.hash(line, password, self.draw()).await?)
    }

    /// Whether the rules of the realm at a path allow a password to a user of these names. It is asked again when it is set.
    pub async fn allows_password(
        &self,
        path: &str,
        names: &[String],
        password: &str,
    ) -> Result<(), PersonError> {
        self.allowed(WorkSource::SERVER, self.policy().password_rules_in(path), names, password).await
    }

    /// The hash of a password that a user chooses in place of the own one, in the user's own line.
    pub(crate) async fn hash_own_new_password(
        &self,
        user: &User,
        password: &str,
    ) -> Result<String, PersonError> {
        let source = WorkSource::of(user.id.uuid().as_u128());
        let rules = self.password_rules(user.realm).await?;
        self.allowed(source, rules, &user.names(), password).await?;
        let known = user.password.as_deref();
        if known.is_some()
            && self.inner.hashing.verify(source, password, known).await.map_err(HashError::from)?
        {
            return Err(WeakPassword::Unchanged.into());
        }
        Ok(self.inner.hashing.hash(source, password, self.draw()).await?)
    }

    async fn password_rules(&self, realm: RealmId) -> Result<PasswordRules, PersonError> {
        let realm = self.realm(realm).await.map_err(HashError::Outage)?;
        Ok(self.policy().password_rules_in(realm.as_ref().map_or("/", |realm| &realm.path)))
    }

    /// What is tried first takes milliseconds to find out, so it is asked where hashes are made.
    async fn allowed(
        &self,
        source: WorkSource,
        rules: PasswordRules,
        names: &[String],
        password: &str,
    ) -> Result<(), PersonError> {
        let (names, password) = (names.to_vec(), password.to_owned());
        let decide = move || password_is_sound(rules, &names, &password);
        self.inner.hashing.beside(source, decide).await.map_err(HashError::from)?
    }
}

/// Whether these rules allow a password to a user of these names. It takes a core for milliseconds: whoever serves others asks an
/// [`Authority`].
///
/// # Errors
///
/// The password is longer than any that is hashed, or the rules do not allow it.
pub fn password_is_sound(rules: PasswordRules, names: &[String], password: &str) -> Result<(), PersonError> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(HashError::TooLong.into());
    }
    Ok(decide_password(rules, names, password, || is_common(password))?)
}

fn is_common(password: &str) -> bool {
    zxcvbn::zxcvbn(password, &[]).guesses_log10() < COMMON_LOG10
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: S-16, what leaked a thousand times is common, in any letter case; a phrase and a random word are not.
    #[test]
    fn what_is_tried_first_is_common() {
        let common = [
            "password",
            "12345678",
            "qwertyuiop",
            "iloveyou",
            "Password",
            "sunshine",
            "aaaaaaaa",
            "abcdefgh",
        ];
        for common in common {
            assert!(is_common(common), "{common}");
        }
        let rare = [
            "Rabbit-hole-11",
            "correct-horse-battery-9",
            "hq7Zk2pw",
            "\u{17e}lu\u{165}ou\u{10d}k\u{fd} k\u{16f}\u{148}",
        ];
        for rare in rare {
            assert!(!is_common(rare), "{rare}");
        }
        assert!(!is_common(&"x1-Y".repeat(256)), "a long one is decided, too");
    }
}
