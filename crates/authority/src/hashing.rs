//! Passwords: argon2id in a bounded pool with reused memory.
//!
//! One hash costs as much as 1,700 checks, and fresh memory for it half as much again in page faults; so each thread
//! keeps its own. An unknown user costs the same time as a known one.

use std::time::Duration;

use adieu_core::{Entropy, Outage};
use adieu_workers::{Bounds, WorkError, Workers};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use phc::{Decimal, Ident, Output, ParamsString, PasswordHash, Salt};

use crate::foreign_hash::ForeignHash;

/// What one hash costs. The default is the OWASP recommendation: 19 MiB, two passes, one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Default for HashCost {
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2 }
    }
}

/// The most a stored hash may cost to be verified; guards against imported ones.
const MEMORY_MAX_KIB: u32 = 256 * 1024;
const PASSES_MAX: u32 = 16;
const OUTPUT: usize = 32;
/// Hashes that may wait, and for how long.
const WAITING_MAX: usize = 256;
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest password that is hashed; longer ones are refused as wrong.
pub(crate) const PASSWORD_BYTES_MAX: usize = 1024;

/// Why a password could not be hashed.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// Too many passwords wait to be hashed.
    #[error("too many passwords wait to be hashed")]
    Busy,
    /// The password is too long.
    #[error("the password is longer than {PASSWORD_BYTES_MAX} bytes")]
    TooLong,
    /// The work broke off.
    #[error("the password was not hashed")]
    Outage(#[source] Outage),
}

impl From<WorkError> for HashError {
    fn from(error: WorkError) -> Self {
        match error {
            WorkError::Busy => Self::Busy,
            WorkError::Faulted => Self::Outage(Outage::new(error)),
        }
    }
}

pub(crate) struct Hashing {
    workers: Workers<Vec<Block>>,
    cost: HashCost,
    /// A hash of nobody's password, for unknown users.
    nobody: String,
}

impl Hashing {
    pub(crate) fn new(cost: HashCost, threads: usize, entropy: &dyn Entropy) -> Self {
        let bounds = Bounds { threads, waiting_max: WAITING_MAX, patience: PATIENCE };
        let workers = Workers::start("hash", bounds, Vec::new);
        let password: [u8; 16] = adieu_core::entropy::draw(entropy);
        let salt: [u8; 16] = adieu_core::entropy::draw(entropy);
        let nobody = hash(&mut Vec::new(), cost, &password, salt);
        Self { workers, cost, nobody }
    }

    /// The hash of a new password, in PHC text form.
    pub(crate) async fn hash(&self, password: &str, salt: [u8; 16]) -> Result<String, HashError> {
        if password.len() > PASSWORD_BYTES_MAX {
            return Err(HashError::TooLong);
        }
        let (cost, password) = (self.cost, password.as_bytes().to_vec());
        Ok(self.workers.run(move |memory| hash(memory, cost, &password, salt)).await?)
    }

    /// Whether this is the password. Without a stored hash the answer is no, after the same work.
    pub(crate) async fn verify(&self, password: &str, stored: Option<&str>) -> Result<bool, WorkError> {
        let known = stored.is_some() && password.len() <= PASSWORD_BYTES_MAX;
        let stored = stored.unwrap_or(&self.nobody).to_owned();
        let mut password = password.as_bytes().to_vec();
        password.truncate(PASSWORD_BYTES_MAX);
        let matches = self.workers.run(move |memory| verify(memory, &password, &stored)).await?;
        Ok(known && matches)
    }

    /// Whether a stored hash is of the kind and cost that a new one would be.
    pub(crate) fn is_current(&self, stored: &str) -> bool {
        let HashCost { memory_kib, passes } = self.cost;
        stored.starts_with(&format!("$argon2id$v=19$m={memory_kib},t={passes},p=1$"))
    }
}

/// Runs argon2 with the thread's own memory.
fn run(
    memory: &mut Vec<Block>,
    algorithm: Algorithm,
    params: Params,
    (password, salt): (&[u8], &[u8]),
    output: &mut [u8],
) -> bool {
    let blocks = params.block_count();
    if memory.len() < blocks {
        memory.resize(blocks, Block::default());
    }
    Argon2::new(algorithm, Version::V0x13, params)
        .hash_password_into_with_memory(password, salt, output, &mut memory[..blocks])
        .is_ok()
}

fn hash(memory: &mut Vec<Block>, cost: HashCost, password: &[u8], salt: [u8; 16]) -> String {
    let params = Params::new(cost.memory_kib, cost.passes, 1, Some(OUTPUT))
        .expect("the cost is checked configuration");
    let shown = ParamsString::try_from(&params).expect("three numbers are a parameter string");
    let mut output = [0; OUTPUT];
    let hashed = run(memory, Algorithm::Argon2id, params, (password, &salt), &mut output);
    assert!(hashed, "bounded input always hashes");
    PasswordHash {
        algorithm: Ident::new("argon2id").expect("an identifier"),
        version: Some(Decimal::from(Version::V0x13 as u32)),
        params: shown,
        salt: Some(Salt::new(&salt).expect("16 bytes are a salt")),
        hash: Some(Output::new(&output).expect("32 bytes are an output")),
    }
    .to_string()
}

fn verify(memory: &mut Vec<Block>, password: &[u8], stored: &str) -> bool {
    match argon2(stored) {
        Some((algorithm, params, salt, expected)) => {
            let mut output = vec![0; expected.len()];
            let hashed = run(memory, algorithm, params, (password, salt.as_ref()), &mut output);
            // `Output` compares in constant time.
            hashed && Output::new(&output).is_ok_and(|output| output == expected)
        }
        None => ForeignHash::parse(stored).is_some_and(|hash| hash.verify(password)),
    }
}

/// An argon2 hash that may be verified, taken apart.
fn argon2(stored: &str) -> Option<(Algorithm, Params, Salt, Output)> {
    let stored = PasswordHash::new(stored).ok()?;
    let algorithm = match stored.algorithm.as_str() {
        "argon2id" => Algorithm::Argon2id,
        "argon2i" => Algorithm::Argon2i,
        _ => return None,
    };
    let params = Params::try_from(&stored).ok()?;
    let bounded = params.m_cost() <= MEMORY_MAX_KIB && params.t_cost() <= PASSES_MAX;
    if bounded { Some((algorithm, params, stored.salt?, stored.hash?)) } else { None }
}

/// Whether a hash that was made elsewhere is of a kind that can be verified here, at a cost that a sign-on may have.
pub fn is_known_hash(text: &str) -> bool {
    argon2(text).is_some() || ForeignHash::parse(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cheap() -> HashCost {
        HashCost { memory_kib: 64, passes: 1 }
    }

    #[test]
    fn a_password_matches_its_hash_and_no_other_does() {
        let memory = &mut Vec::new();
        let stored = hash(memory, cheap(), b"correct horse", [3; 16]);
        assert!(stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{stored}");
        assert!(verify(memory, b"correct horse", &stored));
        assert!(!verify(memory, b"correct horse ", &stored));
    }

    /// Goal: work that broke off is an outage of its own, and not "too many at once".
    #[test]
    fn a_fault_is_an_outage_and_a_crowd_is_busy() {
        use crate::sign_on::SignOnFailure;
        assert!(matches!(HashError::from(WorkError::Faulted), HashError::Outage(_)));
        assert!(matches!(HashError::from(WorkError::Busy), HashError::Busy));
        assert!(matches!(SignOnFailure::from(WorkError::Faulted), SignOnFailure::Outage(_)));
        assert!(matches!(SignOnFailure::from(WorkError::Busy), SignOnFailure::Busy));
    }

    #[test]
    fn what_is_no_hash_or_costs_too_much_matches_nothing() {
        let memory = &mut Vec::new();
        let dear = "$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE";
        for bad in ["", "x", "$2b$12$abc", "$argon2id$v=19$m=64,t=1,p=1", dear] {
            assert!(!verify(memory, b"x", bad), "{bad}");
        }
    }
}
