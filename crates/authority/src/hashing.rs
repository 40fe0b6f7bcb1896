//! Passwords: argon2id in a bounded pool with reused memory.
//!
//! One hash costs as much as 1,700 checks, and fresh memory for it half as much again in page faults; so each thread
//! keeps its own. Whoever asks has a line of their own, and the lines take turns.

use std::time::Duration;

use adieu_core::Outage;
use adieu_workers::{Bounds, Priority, WorkError, WorkSource, Workers};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use phc::{Decimal, Ident, Output, ParamsString, PasswordHash, Salt};

use crate::verification::Verification;

/// What one hash costs. The default is the OWASP recommendation: 19 MiB, two passes, one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl HashCost {
    /// The work, in passes over a KiB.
    pub(crate) fn work(self) -> u64 {
        u64::from(self.memory_kib) * u64::from(self.passes)
    }

    pub(crate) fn params(self) -> Params {
        Params::new(self.memory_kib, self.passes, 1, Some(OUTPUT)).expect("the cost is checked configuration")
    }
}

impl Default for HashCost {
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2 }
    }
}

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
}

impl Hashing {
    pub(crate) fn new(cost: HashCost, threads: usize) -> Self {
        let bounds =
            Bounds { threads, waiting_max: WAITING_MAX, patience: PATIENCE, priority: Priority::Normal };
        Self { workers: Workers::start("hash", bounds, Vec::new), cost }
    }

    /// The hash of a new password, in PHC text form.
    pub(crate) async fn hash(
        &self,
        source: WorkSource,
        password: &str,
        salt: [u8; 16],
    ) -> Result<String, HashError> {
        if password.len() > PASSWORD_BYTES_MAX {
            return Err(HashError::TooLong);
        }
        let (cost, password) = (self.cost, password.as_bytes().to_vec());
        Ok(self.workers.run(source, move |memory| hash(memory, cost, &password, salt)).await?)
    }

    /// Does other work of a new password on the same threads.
    pub(crate) async fn beside<T: Send + 'static>(
        &self,
        source: WorkSource,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WorkError> {
        self.workers.run(source, move |_| work()).await
    }

    /// Whether this is the password. The work is the same whatever is stored, a hash or none.
    pub(crate) async fn verify(
        &self,
        source: WorkSource,
        password: &str,
        stored: Option<&str>,
    ) -> Result<bool, WorkError> {
        let against = Verification::against(stored, self.cost);
        let fits = password.len() <= PASSWORD_BYTES_MAX;
        let mut password = password.as_bytes().to_vec();
        password.truncate(PASSWORD_BYTES_MAX);
        let matches = self.workers.run(source, move |memory| against.run(memory, &password)).await?;
        Ok(fits && matches)
    }

    /// Whether a stored hash is of the kind and cost that a new one would be.
    pub(crate) fn is_current(&self, stored: &str) -> bool {
        let HashCost { memory_kib, passes } = self.cost;
        stored.starts_with(&format!("$argon2id$v=19$m={memory_kib},t={passes},p=1$"))
    }
}

/// Runs argon2 with the thread's own memory.
pub(crate) fn run(
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

pub(crate) fn hash(memory: &mut Vec<Block>, cost: HashCost, password: &[u8], salt: [u8; 16]) -> String {
    let params = cost.params();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_says_how_it_was_made() {
        let cheap = HashCost { memory_kib: 64, passes: 1 };
        let stored = hash(&mut Vec::new(), cheap, b"correct horse", [3; 16]);
        assert!(stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{stored}");
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
}
