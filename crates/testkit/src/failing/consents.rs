//! The acts of consents before a store that can be told to fail.
//!
//! Like all others they go through, or do not.

use std::sync::Arc;

use adieu_core::{ClientId, Consent, ConsentError, ConsentOrder, Outage, Timestamp, Unwritten, UserId};
use adieu_store::{Consents, Lookup, Pending};

use super::FailingStore;

impl Consents for FailingStore {
    fn give_consent(&self, order: ConsentOrder, now: Timestamp) -> Pending<Result<Consent, ConsentError>> {
        self.write(|store| store.give_consent(order, now))
    }

    fn withdraw_consent(&self, user: UserId, client: ClientId) -> Pending<Result<bool, Unwritten>> {
        self.write(|store| store.withdraw_consent(user, client))
    }

    fn consent(&self, user: UserId, client: &ClientId) -> Lookup<Result<Option<Arc<Consent>>, Outage>> {
        self.answer(|store| store.consent(user, client))
    }

    fn consents(&self, user: UserId) -> Pending<Result<Vec<Consent>, Outage>> {
        self.read(|store| store.consents(user))
    }
}
