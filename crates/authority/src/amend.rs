//! Changes to a live session that neither begin nor end it.
//!
//! Properties and a later or earlier last moment; whether the session is live is decided where it is written.

use adieu_core::{AmendError, AmendOrder, Amendment};

use crate::Authority;

impl Authority {
    /// Changes a live session. One that was ended a moment before stays ended (ENDED-STAYS-ENDED).
    pub async fn amend(&self, order: AmendOrder) -> Result<(), AmendError> {
        if let Amendment::ExpiresAt(at) = order.amendment {
            // First: it must be found by its provider's logout for as long as it may live.
            self.upstream_notes_outlast(order.session, at).await?;
        }
        self.store().amend(order, self.now()).await
    }
}
