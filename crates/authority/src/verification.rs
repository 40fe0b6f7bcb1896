//! The verification of one password: against a hash of whatever kind, or against none, always with the same work.
//!
//! What an imported hash costs less than one of our own is computed on top of it, and who does not exist costs the whole, so
//! that time tells neither who exists nor where a hash was made (S-23). A hash that costs more than our own takes its time:
//! nothing else can be padded to what nobody knows beforehand. Its next sign-on replaces it.

use argon2::{Algorithm, Block, Params};
use phc::{Output, PasswordHash, Salt};

use crate::foreign_hash::ForeignHash;
use crate::hashing::{HashCost, run};

/// The most a stored hash may cost to be verified; guards against imported ones.
const MEMORY_MAX_KIB: u32 = 256 * 1024;
const PASSES_MAX: u32 = 16;
/// Less memory than this is no argon2.
const MEMORY_MIN_KIB: u32 = 8;
const PADDING_SALT: &[u8; 16] = b"adieu padding...";

/// A stored hash, taken apart.
enum Stored {
    Argon2 {
        algorithm: Algorithm,
        params: Params,
        salt: Salt,
        expected: Output,
    },
    Foreign(ForeignHash),
    /// There is none, or none that is known here.
    Nothing,
}

/// What a thread is asked for.
pub(crate) struct Verification {
    stored: Stored,
    /// What is computed besides and thrown away.
    padding: Option<HashCost>,
}

impl Stored {
    fn parse(text: &str) -> Self {
        match argon2(text) {
            Some(known) => known,
            None => ForeignHash::parse(text).map_or(Self::Nothing, Self::Foreign),
        }
    }

    fn work(&self) -> u64 {
        match self {
            Self::Argon2 { params, .. } => u64::from(params.m_cost()) * u64::from(params.t_cost()),
            Self::Foreign(hash) => hash.work(),
            Self::Nothing => 0,
        }
    }

    fn matches(&self, memory: &mut Vec<Block>, password: &[u8]) -> bool {
        match self {
            Self::Argon2 { algorithm, params, salt, expected } => {
                let mut output = vec![0; expected.len()];
                let pair = (password, salt.as_ref());
                let hashed = run(memory, *algorithm, params.clone(), pair, &mut output);
                // `Output` compares in constant time.
                hashed && Output::new(&output).is_ok_and(|output| output == *expected)
            }
            Self::Foreign(hash) => hash.verify(password),
            Self::Nothing => false,
        }
    }
}

impl Verification {
    /// Of a password against this hash, where a hash of our own has this cost.
    pub(crate) fn against(stored: Option<&str>, cost: HashCost) -> Self {
        let stored = stored.map_or(Stored::Nothing, Stored::parse);
        let rest = cost.work().saturating_sub(stored.work()) / u64::from(cost.passes.max(1));
        let memory_kib = u32::try_from(rest).unwrap_or(u32::MAX);
        let padding = (memory_kib >= MEMORY_MIN_KIB).then_some(HashCost { memory_kib, passes: cost.passes });
        Self { stored, padding }
    }

    /// Whether it is the password.
    pub(crate) fn run(&self, memory: &mut Vec<Block>, password: &[u8]) -> bool {
        let matches = self.stored.matches(memory, password);
        if let Some(padding) = self.padding {
            let mut output = [0; 32];
            let pair = (password, PADDING_SALT.as_slice());
            run(memory, Algorithm::Argon2id, padding.params(), pair, &mut output);
            std::hint::black_box(output);
        }
        matches
    }
}

/// An argon2 hash that may be verified, taken apart.
fn argon2(stored: &str) -> Option<Stored> {
    let stored = PasswordHash::new(stored).ok()?;
    let algorithm = match stored.algorithm.as_str() {
        "argon2id" => Algorithm::Argon2id,
        "argon2i" => Algorithm::Argon2i,
        _ => return None,
    };
    let params = Params::try_from(&stored).ok()?;
    let bounded = params.m_cost() <= MEMORY_MAX_KIB && params.t_cost() <= PASSES_MAX;
    if !bounded {
        return None;
    }
    Some(Stored::Argon2 { algorithm, params, salt: stored.salt?, expected: stored.hash? })
}

/// Whether a hash that was made elsewhere is of a kind that can be verified here, at a cost that a sign-on may have.
pub fn is_known_hash(text: &str) -> bool {
    !matches!(Stored::parse(text), Stored::Nothing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashing::hash;

    const OURS: HashCost = HashCost { memory_kib: 19 * 1024, passes: 2 };

    impl Verification {
        /// The work that a thread is asked for, the discarded part included.
        fn work(&self) -> u64 {
            self.stored.work() + self.padding.map_or(0, HashCost::work)
        }
    }

    /// Goal: S-23: a sign-on asks for the same work whoever the name means and wherever the hash was made.
    /// Method: the work is counted, not timed: one hash of each kind that is cheaper than ours with the work that was measured for its
    /// kind, an unknown user, and one of our own.
    #[test]
    fn every_hash_that_is_cheaper_than_ours_asks_for_the_same_work() {
        let elsewhere = HashCost { memory_kib: 64, passes: 3 };
        let cheaper_argon2 = hash(&mut Vec::new(), elsewhere, b"x", [3; 16]);
        let own = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE";
        // What verifying each of them costs, in passes over a KiB of argon2.
        let imported = [
            ("$2b$04$EGdrhbKUv8Oc9vGiXX0HQOxSg445d458Muh7DAHskb6QbtCvdxcie", 105 << 4),
            ("$pbkdf2-sha256$i=1000,l=32$c2FsdA$MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE", 200),
            ("$pbkdf2-sha512$i=1000,l=32$c2FsdA$MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE", 800),
            ("$scrypt$ln=10,r=8,p=1$c2FsdA$MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE", 3 * 1024),
            ("{SSHA}MDEyMzQ1Njc4OTAxMjM0NTY3ODlzYWx0", 0),
            (cheaper_argon2.as_str(), 64 * 3),
            (own, 19 * 1024 * 2),
        ];
        for (text, work) in imported {
            assert!(is_known_hash(text), "{text}");
            assert_eq!(Verification::against(Some(text), OURS).stored.work(), work, "{text}");
        }
        let all = imported.into_iter().map(|(text, _)| Some(text)).chain([Some("no hash"), None]);
        for stored in all {
            let work = Verification::against(stored, OURS).work();
            assert!(OURS.work() - work < u64::from(OURS.passes), "{stored:?}: {work} of {}", OURS.work());
        }
        assert!(Verification::against(Some(own), OURS).padding.is_none());
    }

    #[test]
    fn a_password_matches_its_hash_and_no_other_does() {
        let memory = &mut Vec::new();
        let cheap = HashCost { memory_kib: 64, passes: 1 };
        let stored = hash(memory, cheap, b"correct horse", [3; 16]);
        for cost in [cheap, HashCost { memory_kib: 256, passes: 1 }] {
            let against = Verification::against(Some(&stored), cost);
            assert!(against.run(memory, b"correct horse"));
            assert!(!against.run(memory, b"correct horse "));
        }
        assert!(!Verification::against(None, cheap).run(memory, b"correct horse"));
    }

    #[test]
    fn what_is_no_hash_or_costs_too_much_matches_nothing() {
        let memory = &mut Vec::new();
        let cheap = HashCost { memory_kib: 64, passes: 1 };
        let dear = "$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE";
        for bad in ["", "x", "$2b$12$abc", "$argon2id$v=19$m=64,t=1,p=1", dear] {
            assert!(!Verification::against(Some(bad), cheap).run(memory, b"x"), "{bad}");
            assert!(!is_known_hash(bad), "{bad}");
        }
    }
}
