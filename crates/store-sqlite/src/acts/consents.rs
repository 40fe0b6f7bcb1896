//! Consents: gather, let core decide, write.
//!
//! They go with their user; whether one counts for its client is core's to say.

use std::sync::Arc;

use adieu_core::{
    ClientId, Consent, ConsentChanges, ConsentError, ConsentFacts, ConsentOrder, Outage, Timestamp,
    Unwritten, UserId, decide_consent, decide_withdraw, present_client,
};
use adieu_store::{Consents, Lookup, Pending};

use crate::batch::Batch;
use crate::hooks::HookPoint;
use crate::{SqliteStore, rows};

fn facts(batch: &Batch<'_>, order: &ConsentOrder) -> rusqlite::Result<ConsentFacts> {
    let present = |id: &ClientId| Ok::<_, rusqlite::Error>(present_client(rows::client(batch.db, id)?));
    let mut others = Vec::new();
    for one in rows::consents(batch.db, order.user)? {
        if one.client != order.client {
            let client = present(&one.client)?;
            others.push((one, client));
        }
    }
    Ok(ConsentFacts {
        user: batch.user(order.user)?,
        client: present(&order.client)?,
        stored: rows::consent(batch.db, order.user, &order.client)?,
        others,
        removed: rows::removed_versions(batch.db)?,
    })
}

fn give(
    batch: &mut Batch<'_>,
    order: &ConsentOrder,
    now: Timestamp,
) -> rusqlite::Result<Result<Consent, ConsentError>> {
    let ConsentChanges { consent, dropped } = match decide_consent(&facts(batch, order)?, order, now) {
        Ok(changes) => changes,
        Err(refusal) => return Ok(Err(refusal)),
    };
    for client in dropped {
        batch.drop_consent(order.user, client)?;
    }
    batch.write_consent(consent.clone())?;
    Ok(Ok(consent))
}

impl Consents for SqliteStore {
    fn give_consent(&self, order: ConsentOrder, now: Timestamp) -> Pending<Result<Consent, ConsentError>> {
        self.writer.write(move |batch| give(batch, &order, now))
    }

    fn withdraw_consent(&self, user: UserId, client: ClientId) -> Pending<Result<bool, Unwritten>> {
        self.writer.write(move |batch| {
            let stored = rows::consent(batch.db, user, &client)?;
            match decide_withdraw(stored.as_ref(), rows::removed_versions(batch.db)?) {
                None => Ok(Ok(false)),
                Some(removed) => {
                    rows::write_removed_versions(batch.db, removed)?;
                    batch.drop_consent(user, client.clone()).map(|()| Ok(true))
                }
            }
        })
    }

    fn consent(&self, user: UserId, client: &ClientId) -> Lookup<Result<Option<Arc<Consent>>, Outage>> {
        let key = (user, client.clone());
        if let Some(consent) = self.shared.caches.consents.find(&key) {
            return Lookup::Now(Ok(Some(consent)));
        }
        Lookup::Later(self.readers.read(move |db, shared, read_at| {
            let consent = rows::consent(db, key.0, &key.1)?.map(Arc::new);
            shared.pass(HookPoint::RowsRead);
            if let Some(consent) = &consent {
                shared.caches.consents.fill(key.clone(), || Arc::clone(consent), read_at);
            }
            Ok(consent)
        }))
    }

    fn consents(&self, user: UserId) -> Pending<Result<Vec<Consent>, Outage>> {
        self.readers.read(move |db, _, _| rows::consents(db, user))
    }
}
