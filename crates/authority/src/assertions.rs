//! What clients prove themselves by counts once: its names are remembered until it is over, for all nodes.
//!
//! So many of one client at a time (HOME-LIMITS): beyond, another one is refused, because to forget one would let it count again. Every
//! process counts those that it has remembered itself. RFC 7523 §3, standards.md 2.3: S-CA-2.

use adieu_core::{Client, Span, Unwritten};
use adieu_store::FlowId;

use crate::Authority;

/// What one name counts at most: nothing that a client signs is remembered for longer than an hour.
const MINUTES_MAX: u32 = 60;

/// Why something that a client signed is not remembered.
#[derive(Debug, thiserror::Error)]
pub enum RememberError {
    /// As much of the client's is remembered as may be; in a moment there is room again.
    #[error("the client proves itself too often")]
    TooOften,
    /// The store did not write, or cannot confirm that it did.
    #[error(transparent)]
    Unwritten(#[from] Unwritten),
}

impl Authority {
    /// Remembers something that a client signed under `id` for `life`; says whether it is new. Only what is new is counted, so nobody who
    /// repeats what a client sent uses up its share.
    pub async fn remember_of_client(
        &self,
        client: &Client,
        (id, kind): (FlowId, &'static str),
        life: Span,
    ) -> Result<bool, RememberError> {
        let names = &self.inner.assertions;
        if !names.has_left(client.realm, &client.id, self.now()) {
            return Err(RememberError::TooOften);
        }
        let new = self.create_flow(id, kind, client.realm, life, Vec::new()).await?;
        if new {
            let minutes = u32::try_from((life.s() + 59) / 60).unwrap_or(MINUTES_MAX).clamp(1, MINUTES_MAX);
            names.spend(client.realm, &client.id, minutes, self.now());
        }
        Ok(new)
    }
}
