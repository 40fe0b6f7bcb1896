//! Consents: gather, let core decide, write.
//!
//! They go with their user; whether one counts for its client is core's to say.

use std::sync::Arc;

use adieu_core::{
    ClientId, Consent, ConsentError, ConsentFacts, ConsentOrder, Outage, Timestamp, Unwritten, UserId,
    decide_consent, decide_withdraw,
};
use adieu_store::{Consents, Lookup, Pending};

use crate::MemoryStore;
use crate::tables::Tables;

impl Consents for MemoryStore {
    fn give_consent(&self, order: ConsentOrder, now: Timestamp) -> Pending<Result<Consent, ConsentError>> {
        self.act(|tables| {
            let changes = decide_consent(&tables.consent_facts(&order), &order, now)?;
            for client in changes.dropped {
                tables.consents.remove(&(order.user, client));
            }
            let consent = changes.consent;
            tables.consents.insert((order.user, order.client), Arc::new(consent.clone()));
            Ok(consent)
        })
    }

    fn withdraw_consent(&self, user: UserId, client: ClientId) -> Pending<Result<bool, Unwritten>> {
        self.act(|tables| {
            let name = (user, client);
            let stored = tables.consents.get(&name).map(Arc::as_ref);
            let Some(removed) = decide_withdraw(stored, tables.removed_versions) else { return Ok(false) };
            tables.removed_versions = removed;
            tables.consents.remove(&name);
            Ok(true)
        })
    }

    fn consent(&self, user: UserId, client: &ClientId) -> Lookup<Result<Option<Arc<Consent>>, Outage>> {
        self.look(|tables| Ok(tables.consents.get(&(user, client.clone())).cloned()))
    }

    fn consents(&self, user: UserId) -> Pending<Result<Vec<Consent>, Outage>> {
        self.act(|tables| Ok(tables.consents_of(user).cloned().collect()))
    }
}

impl Tables {
    fn consents_of(&self, user: UserId) -> impl Iterator<Item = &Consent> {
        self.consents.values().map(Arc::as_ref).filter(move |one| one.user == user)
    }

    fn consent_facts(&self, order: &ConsentOrder) -> ConsentFacts {
        let others = self.consents_of(order.user).filter(|one| one.client != order.client);
        ConsentFacts {
            user: self.users.get(&order.user).cloned(),
            client: self.client(&order.client),
            stored: self.consent(order.user, &order.client),
            others: others.map(|one| (one.clone(), self.client(&one.client))).collect(),
            removed: self.removed_versions,
        }
    }

    pub(crate) fn consent(&self, user: UserId, client: &ClientId) -> Option<Consent> {
        self.consents.get(&(user, client.clone())).map(|one| Consent::clone(one))
    }

    /// Takes away all that a user has agreed to.
    pub(crate) fn drop_consents(&mut self, user: UserId) {
        self.consents.retain(|(own, _), _| *own != user);
    }
}
