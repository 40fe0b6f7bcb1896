//! The acts of consents: given, withdrawn, listed.
//!
//! Whether one counts for its client is core's to say.

use std::sync::Arc;

use adieu_core::{ClientId, Consent, ConsentError, ConsentOrder, Outage, Timestamp, Unwritten, UserId};

use crate::acts::{Lookup, Pending};

/// What users have agreed to that clients get.
pub trait Consents: Send + Sync {
    /// Remembers that a user agrees, beside what the user agreed to before; the consent as it stands then.
    fn give_consent(&self, order: ConsentOrder, now: Timestamp) -> Pending<Result<Consent, ConsentError>>;
    /// Takes a user's consent to a client away; says whether there was one. On `Ok` it is durable, and no look at what was
    /// granted because of it that begins afterwards says live.
    fn withdraw_consent(&self, user: UserId, client: ClientId) -> Pending<Result<bool, Unwritten>>;
    /// A user's consent to a client, whether or not it counts.
    fn consent(&self, user: UserId, client: &ClientId) -> Lookup<Result<Option<Arc<Consent>>, Outage>>;
    /// All consents of a user, by client, whether or not they count.
    fn consents(&self, user: UserId) -> Pending<Result<Vec<Consent>, Outage>>;
}
