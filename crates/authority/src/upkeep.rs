//! What runs beside requests: the sweep, readiness, figures.
//!
//! Nothing here decides whether a session is live.

use adieu_core::{Outage, Unwritten};
use adieu_store::{Figures, Swept};

use crate::Authority;

impl Authority {
    /// Frees space, one bounded batch; says whether there may be more to do.
    pub async fn sweep(&self) -> Result<Swept, Unwritten> {
        self.store().sweep(self.now(), self.policy().tombstones_kept).await
    }

    /// Whether the store answers.
    pub async fn ready(&self) -> Result<(), Outage> {
        self.store().ready().await
    }

    /// What the store can tell about itself, for the metrics.
    pub fn figures(&self) -> Figures {
        self.inner.store.figures()
    }
}
