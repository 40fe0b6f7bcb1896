//! Subscribers of realms.
//!
//! Each change gathers facts, lets core decide, and writes what was decided.

use adieu_core::{
    DirectoryError, Outage, RealmId, Receiver, Subscriber, SubscriberChanges, SubscriberFacts, SubscriberId,
    Version, decide_create_subscriber, decide_edit_subscriber, decide_remove_subscriber,
};
use adieu_store::{Pending, Subscribers};

use crate::batch::Batch;
use crate::{SqliteStore, rows};

impl Subscribers for SqliteStore {
    fn subscriber(&self, id: &SubscriberId) -> Pending<Result<Option<Subscriber>, Outage>> {
        let id = id.clone();
        self.readers.read(move |db, _, _| rows::subscriber(db, &id))
    }

    fn subscribers(&self, realm: RealmId) -> Pending<Result<Vec<Subscriber>, Outage>> {
        self.readers.read(move |db, _, _| rows::subscribers(db, realm))
    }

    fn create_subscriber(&self, new: Subscriber) -> Pending<Result<Subscriber, DirectoryError>> {
        self.writer.write(move |batch| {
            let facts = facts(batch, &new.id, Some(new.realm))?;
            written(batch, decide_create_subscriber(&facts, &new))
        })
    }

    fn edit_subscriber(
        &self,
        from: Version,
        next: Subscriber,
    ) -> Pending<Result<Subscriber, DirectoryError>> {
        self.writer.write(move |batch| {
            let facts = facts(batch, &next.id, None)?;
            written(batch, decide_edit_subscriber(&facts, from, &next))
        })
    }

    fn remove_subscriber(
        &self,
        id: &SubscriberId,
        from: Option<Version>,
    ) -> Pending<Result<(), DirectoryError>> {
        let id = id.clone();
        self.writer.write(move |batch| {
            let removal = match decide_remove_subscriber(&facts(batch, &id, None)?, from) {
                Ok(removal) => removal,
                Err(refusal) => return Ok(Err(refusal)),
            };
            rows::write_removed_versions(batch.db, removal.removed)?;
            rows::drop_subscriber(batch.db, &id)?;
            tell_elsewhere(batch, &Receiver::Subscriber(id.clone()))?;
            removal.realm.map_or(Ok(()), |realm| batch.write_realm(realm)).map(Ok)
        })
    }
}

/// Forgets what is known of a receiver, because it is told elsewhere from now on; what waits for it is looked at at once.
pub(super) fn tell_elsewhere(batch: &Batch<'_>, receiver: &Receiver) -> rusqlite::Result<()> {
    match rows::known_receiver(batch.db, receiver)? {
        Some(health) => rows::write_receiver(batch.db, receiver, &health.told_elsewhere()),
        None => Ok(()),
    }
}

/// What is stored around a subscriber: in the realm that it is to be made in, or that it is in.
fn facts(batch: &Batch<'_>, id: &SubscriberId, realm: Option<RealmId>) -> rusqlite::Result<SubscriberFacts> {
    let stored = rows::subscriber(batch.db, id)?;
    let (realm, of_realm) = match realm.or(stored.as_ref().map(|stored| stored.realm)) {
        Some(realm) => (rows::realm(batch.db, realm)?, rows::subscribers(batch.db, realm)?),
        None => (None, Vec::new()),
    };
    let (removed, next_place) = (rows::removed_versions(batch.db)?, batch.next_place());
    Ok(SubscriberFacts { stored, realm, of_realm, removed, next_place })
}

fn written(
    batch: &mut Batch<'_>,
    decided: Result<SubscriberChanges, DirectoryError>,
) -> rusqlite::Result<Result<Subscriber, DirectoryError>> {
    let SubscriberChanges { subscriber, realm, told_elsewhere } = match decided {
        Ok(changes) => changes,
        Err(refusal) => return Ok(Err(refusal)),
    };
    rows::write_subscriber(batch.db, &subscriber)?;
    if told_elsewhere {
        tell_elsewhere(batch, &Receiver::Subscriber(subscriber.id.clone()))?;
    }
    if let Some(realm) = realm {
        batch.write_realm(realm)?;
    }
    Ok(Ok(subscriber))
}
