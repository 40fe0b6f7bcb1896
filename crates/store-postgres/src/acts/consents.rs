//! Consents: gather, let core decide, write.
//!
//! They go with their user; whether one counts for its client is core's to say.

use std::sync::Arc;

use adieu_core::{
    ClientId, Consent, ConsentChanges, ConsentError, ConsentFacts, ConsentOrder, Outage, Timestamp,
    Unwritten, UserId, decide_consent, decide_withdraw,
};
use adieu_store::{Consents, Lookup, Pending};

use crate::PostgresStore;
use crate::batch::Batch;
use crate::rows::{ConsentsOf, KeptConsent};
use crate::working::Looked;

fn facts(batch: &Batch, order: &ConsentOrder) -> Looked<ConsentFacts> {
    let (user, client) = (batch.user(order.user), batch.client(&order.client));
    let removed = batch.removed_versions();
    let mut all = batch.consents_of(order.user)?;
    let stored = all.iter().position(|one| one.client == order.client).map(|at| all.remove(at));
    let others = all.into_iter().map(|one| {
        let client = batch.client(&one.client)?;
        Ok((one, client))
    });
    // All of them are asked for before one is waited for.
    let others: Vec<Looked<_>> = others.collect();
    Ok(ConsentFacts {
        user: user?,
        client: client?,
        stored,
        others: others.into_iter().collect::<Looked<_>>()?,
        removed: removed?,
    })
}

fn give(batch: &mut Batch, order: &ConsentOrder, now: Timestamp) -> Looked<Result<Consent, ConsentError>> {
    let ConsentChanges { consent, dropped } = match decide_consent(&facts(batch, order)?, order, now) {
        Ok(changes) => changes,
        Err(refusal) => return Ok(Err(refusal)),
    };
    dropped.into_iter().for_each(|client| batch.drop_consent(order.user, client));
    batch.consents.put(KeptConsent(consent.clone()));
    Ok(Ok(consent))
}

impl Consents for PostgresStore {
    fn give_consent(&self, order: ConsentOrder, now: Timestamp) -> Pending<Result<Consent, ConsentError>> {
        self.writer.write(move |batch| give(batch, &order, now))
    }

    fn withdraw_consent(&self, user: UserId, client: ClientId) -> Pending<Result<bool, Unwritten>> {
        self.writer.write(move |batch| {
            // The user is held, whether or not there is one.
            let (held, stored) = (batch.user(user), batch.consent(user, &client));
            held?;
            let (stored, removed) = (stored?, batch.removed_versions()?);
            match decide_withdraw(stored.as_ref(), removed) {
                None => Ok(Ok(false)),
                Some(removed) => {
                    batch.write_removed_versions(removed)?;
                    batch.drop_consent(user, client.clone());
                    Ok(Ok(true))
                }
            }
        })
    }

    fn consent(&self, user: UserId, client: &ClientId) -> Lookup<Result<Option<Arc<Consent>>, Outage>> {
        let client = client.clone();
        Lookup::Later(self.reader.read(move |batch| Ok(batch.consent(user, &client)?.map(Arc::new))))
    }

    fn consents(&self, user: UserId) -> Pending<Result<Vec<Consent>, Outage>> {
        self.reader.read(move |batch| batch.asked.consents_of.get(&ConsentsOf(user)).cloned())
    }
}
