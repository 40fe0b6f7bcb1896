//! What a form has proven: whoever sends it once more proves it again, before being given what it led to.
//!
//! A cookie and a token say which browser was shown a form, and somebody may have seen both before: they are no proof. What was
//! typed is. It is kept as a keyed hash, bound to its form (EMPTY-HANDS). Decision 0112.

use adieu_core::{Assurance, InstallationKey, Purpose, SessionId};
use subtle::ConstantTimeEq as _;

use crate::form_turns::FormKey;

/// What a form has proven. No `Debug`: secrets are in it.
pub struct FormProof {
    parts: Vec<u8>,
    /// How far it has proven who somebody is: what has been proven further since is not given for it.
    level: Assurance,
    /// Whether it could be guessed: then it is compared once.
    typed: bool,
}

impl FormProof {
    /// A name and a password.
    pub fn password(name: &str, password: &str) -> Self {
        Self::of(&["password", name, password], Assurance::One, true)
    }

    /// A code, after the first factor that is known by this name.
    pub fn code(attempt: &str, code: &str) -> Self {
        Self::of(&["code", attempt, code], Assurance::Two, true)
    }

    /// A code that an administrator has given out, in a browser that is known by this text: one factor, whatever is proven further.
    pub fn recovery(browser: &str, code: &str) -> Self {
        Self::of(&["recovery", browser, code], Assurance::One, true)
    }

    /// A session that the browser carries, whatever it has proven.
    pub fn session(session: SessionId) -> Self {
        Self::of(&["session", &session.to_string()], Assurance::Two, false)
    }

    fn of(parts: &[&str], level: Assurance, typed: bool) -> Self {
        // Lengths first: no two inputs run together.
        let framed = |part: &&str| [&(part.len() as u64).to_be_bytes(), part.as_bytes()].concat();
        Self { parts: parts.iter().flat_map(framed).collect(), level, typed }
    }

    pub(crate) const fn level(&self) -> Assurance {
        self.level
    }

    pub(crate) const fn is_typed(&self) -> bool {
        self.typed
    }

    /// The hash that is kept.
    pub(crate) fn hash(&self, key: &InstallationKey, form: FormKey) -> [u8; 32] {
        key.derive_for(Purpose::FormProofs, &[form.0.as_slice(), &self.parts].concat(), 0)
    }

    /// Whether this was proven before, in constant time.
    pub(crate) fn is(&self, key: &InstallationKey, form: FormKey, kept: &[u8]) -> bool {
        self.hash(key, form).ct_eq(kept).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_of_one_form_and_of_all_that_was_typed() {
        let key = InstallationKey::from_bytes([7; 32]);
        let (form, other) = (FormKey::of("a", "b"), FormKey::of("a", "c"));
        let kept = FormProof::password("alice", "secret").hash(&key, form);
        assert!(FormProof::password("alice", "secret").is(&key, form, &kept));
        assert!(!FormProof::password("alice", "secret").is(&key, other, &kept), "another form");
        assert!(!FormProof::password("alice", "secret").is(
            &InstallationKey::from_bytes([8; 32]),
            form,
            &kept
        ));
        for proof in [
            FormProof::password("alice", "secre"),
            FormProof::password("alices", "ecret"),
            FormProof::password("", ""),
            FormProof::code("alice", "secret"),
        ] {
            assert!(!proof.is(&key, form, &kept));
        }
        assert!(!FormProof::password("alice", "secret").is(&key, form, &[]), "none was kept");
    }
}
