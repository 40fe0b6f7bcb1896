//! Changes to a live session that neither begin nor end it.
//!
//! Properties and a later or earlier last moment; whether the session is live is decided where it is written.

use adieu_core::{AmendError, AmendOrder};

use crate::Authority;

impl Authority {
    /// Changes a live session. One that was ended a moment before stays ended (ENDED-STAYS-ENDED).
    pub async fn amend(&self, order: AmendOrder) -> Result<(), AmendError> {
        self.store().amend(order, self.now()).await
    }
}
