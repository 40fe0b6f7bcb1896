//! The realm of a live session, which is not always the addressed one.
//!
//! Decides nothing.

use std::sync::Arc;

use adieu_authority::{LiveSession, Outage, Realm};

use crate::error::AmError;
use crate::face::Face;

/// The realm of a live session.
pub(crate) async fn of(face: &Face, live: &LiveSession) -> Result<Arc<Realm>, AmError> {
    let realm = face.authority.realm(live.session.realm).await?;
    realm.ok_or_else(|| AmError::CannotTell(Outage::new("a live session without its realm")))
}
