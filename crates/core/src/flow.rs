//! Short-lived state of something that is not yet a session: a sign-on attempt, an error page to be read.
//!
//! The store keeps it, hands it out and throws it away; only its owner reads the body.

use crate::ids::RealmId;
use crate::time::Timestamp;

/// The name of a flow: 16 random bytes.
pub type FlowId = [u8; 16];

/// Decides whether a new flow is kept, where this one is stored under its name.
pub fn decide_create_flow(before: Option<&Flow>, now: Timestamp) -> bool {
    before.is_none_or(|before| before.expires_at <= now)
}

/// Short-lived state under a random name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Its name.
    pub id: FlowId,
    /// The realm it belongs to.
    pub realm: RealmId,
    /// Whose it is; a reader asks for its own kind only.
    pub kind: String,
    /// When it may be thrown away. Whether it is good for nothing earlier is for its owner to say.
    pub expires_at: Timestamp,
    /// What its owner wrote.
    pub body: Vec<u8>,
}
