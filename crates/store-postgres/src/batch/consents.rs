//! Consents in a batch. The row of their user guards them.
//!
//! No rule is here.

use std::collections::BTreeMap;

use adieu_core::{ClientId, Consent, UserId};

use crate::batch::Batch;
use crate::rows::ConsentsOf;
use crate::working::Looked;

impl Batch {
    /// All consents of a user, by client.
    pub(crate) fn consents_of(&self, user: UserId) -> Looked<Vec<Consent>> {
        let stored = self.asked.consents_of.get(&ConsentsOf(user))?;
        let mut all: BTreeMap<ClientId, Consent> =
            stored.iter().map(|one| (one.client.clone(), one.clone())).collect();
        for ((whose, client), row) in self.consents.all_changed() {
            if *whose == user {
                match row {
                    Some(row) => all.insert(client.clone(), row.0.clone()),
                    None => all.remove(client),
                };
            }
        }
        Ok(all.into_values().collect())
    }

    pub(crate) fn drop_consent(&mut self, user: UserId, client: ClientId) {
        self.consents.remove((user, client));
    }
}
