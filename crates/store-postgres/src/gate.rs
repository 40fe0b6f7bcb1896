//! The gate that batches come by before they share a realm, a client or a population: who wants one of them alone, and has not had a turn,
//! closes it (decision 0059).
//!
//! It keeps no promise: rows that guard do. It only says whose turn it is.

use crate::batch::Batch;
use crate::job::Queued;

/// How a batch comes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// It shares nothing that others want alone.
    Past,
    /// With all others; what it wants alone it has if nobody else shares it just then.
    WithOthers,
    /// Alone: whoever came before is waited for, and whoever comes later waits.
    Alone,
}

/// The number of the gate among the locks that a database knows by number: "adieu" in ASCII.
const GATE: i64 = 0x61_6469_6575;
/// How often an order finds what it wants alone in use before it closes the gate: a batch takes some milliseconds.
const IN_VAIN_MAX: u32 = 4;
/// How long a gate that is to be closed may wait for those who came before, in milliseconds: until then nobody else comes by. A node that
/// stands still with its locks held keeps the others no longer than this at a time.
const ALONE_MS: u32 = 1_000;

impl Gate {
    /// How a batch of these orders comes by.
    pub(crate) fn of(batch: &mut Batch, jobs: &[Queued]) -> Self {
        if !batch.writes() {
            return Self::Past;
        }
        batch.is_alone = batch.wants_shared_alone() && jobs.iter().any(|job| job.deferred >= IN_VAIN_MAX);
        if batch.is_alone { Self::Alone } else { Self::WithOthers }
    }

    /// What a transaction says first. Nobody holds anything yet that others wait for: so nobody waits in a circle.
    pub(crate) fn statements(self) -> Vec<String> {
        match self {
            Self::Past => vec![],
            Self::WithOthers => vec![format!("SELECT pg_advisory_xact_lock_shared({GATE})")],
            Self::Alone => vec![
                format!("SET LOCAL lock_timeout = {ALONE_MS}"),
                format!("SELECT pg_advisory_xact_lock({GATE})"),
            ],
        }
    }
}
