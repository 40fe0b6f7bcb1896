//! Flows, grants, consents and subscribers in a batch, by their keys.
//!
//! No rule is here.

use std::collections::BTreeMap;
use std::sync::Arc;

use adieu_core::{
    ClientId, Consent, Flow, FlowId, Grant, GrantId, RealmId, Subscriber, SubscriberId, UserId,
};

use crate::batch::{Batch, LockHint};
use crate::rows::{KeptRealm, SubscribersOf};
use crate::working::{Lock, Looked};

impl Batch {
    pub(crate) fn flow(&self, id: FlowId) -> Looked<Option<Flow>> {
        self.hint(LockHint::Flow(id));
        Ok(self.flows.get(&id)?.map(|kept| kept.0.clone()))
    }

    /// A grant. In a batch that writes, whoever decides about it holds its user.
    pub(crate) fn grant(&self, id: GrantId) -> Looked<Option<Arc<Grant>>> {
        let grant = self.grants.get(&id)?.map(|kept| Arc::clone(&kept.0));
        if let Some(grant) = grant.as_ref().filter(|_| self.writes()) {
            self.user(grant.user)?;
        }
        Ok(grant)
    }

    pub(crate) fn consent(&self, user: UserId, client: &ClientId) -> Looked<Option<Consent>> {
        Ok(self.consents.get(&(user, client.clone()))?.map(|kept| kept.0.clone()))
    }

    pub(crate) fn subscriber(&self, id: &SubscriberId) -> Looked<Option<Subscriber>> {
        Ok(self.subscribers.get(id)?.map(|kept| kept.0.clone()))
    }

    /// The subscribers of a realm, by name.
    pub(crate) fn subscribers_of(&self, realm: RealmId) -> Looked<Vec<Subscriber>> {
        let stored = self.asked.subscribers_of.get(&SubscribersOf(realm))?;
        let mut all: BTreeMap<SubscriberId, Subscriber> =
            stored.iter().map(|one| (one.id.clone(), one.clone())).collect();
        for (id, row) in self.subscribers.all_changed() {
            match row {
                Some(row) if row.0.realm == realm => drop(all.insert(id.clone(), row.0.clone())),
                Some(_) => {}
                None => drop(all.remove(id)),
            }
        }
        Ok(all.into_values().collect())
    }

    /// Endings in a realm stand in lines of this tick or later ones from now on.
    pub(crate) fn raise_floor(&mut self, realm: RealmId, floor: u64) -> Looked<()> {
        self.hint(LockHint::Realm(realm, Lock::Exclusive));
        if let Some(kept) = self.realms.get_to_change(&realm)?.cloned() {
            self.realms.put(KeptRealm { line_floor: kept.line_floor.max(floor), ..kept });
        }
        Ok(())
    }
}
