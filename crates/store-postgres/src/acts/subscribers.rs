//! Subscribers of realms.
//!
//! Each change gathers facts, lets core decide, and writes what was decided. Whoever subscribes holds the realm, so that each ending in
//! it stands before that moment or behind it.

use adieu_core::{
    DirectoryError, EndingPlace, Outage, RealmId, Receiver, Subscriber, SubscriberChanges, SubscriberFacts,
    SubscriberId, Version, decide_create_subscriber, decide_edit_subscriber, decide_remove_subscriber,
};
use adieu_store::{Pending, Subscribers};
use adieu_store_records::Damaged;

use crate::PostgresStore;
use crate::batch::Batch;
use crate::rows::{HighestTick, KeptSubscriber, SubscribersOf, line_number};
use crate::working::Looked;

impl Subscribers for PostgresStore {
    fn subscriber(&self, id: &SubscriberId) -> Pending<Result<Option<Subscriber>, Outage>> {
        let id = id.clone();
        self.reader.read(move |batch| batch.subscriber(&id))
    }

    fn subscribers(&self, realm: RealmId) -> Pending<Result<Vec<Subscriber>, Outage>> {
        self.reader.read(move |batch| batch.asked.subscribers_of.get(&SubscribersOf(realm)).cloned())
    }

    fn create_subscriber(&self, new: Subscriber) -> Pending<Result<Subscriber, DirectoryError>> {
        self.writer.write(move |batch| {
            let (facts, floor) = facts(batch, &new.id, Some(new.realm))?;
            written(batch, decide_create_subscriber(&facts, &new), floor)
        })
    }

    fn edit_subscriber(
        &self,
        from: Version,
        next: Subscriber,
    ) -> Pending<Result<Subscriber, DirectoryError>> {
        self.writer.write(move |batch| {
            let (facts, floor) = facts(batch, &next.id, None)?;
            written(batch, decide_edit_subscriber(&facts, from, &next), floor)
        })
    }

    fn remove_subscriber(
        &self,
        id: &SubscriberId,
        from: Option<Version>,
    ) -> Pending<Result<(), DirectoryError>> {
        let id = id.clone();
        self.writer.write(move |batch| {
            let removal = match decide_remove_subscriber(&facts(batch, &id, None)?.0, from) {
                Ok(removal) => removal,
                Err(refusal) => return Ok(Err(refusal)),
            };
            batch.tell_elsewhere(&Receiver::Subscriber(id.clone()))?;
            batch.write_removed_versions(removal.removed)?;
            batch.subscribers.remove(id.clone());
            removal.realm.map_or(Ok(()), |realm| batch.write_realm(realm)).map(Ok)
        })
    }
}

/// What is stored around a subscriber: in the realm that it is to be made in, or that it is in; and the tick behind which all endings of
/// the realm stand that come from now on.
fn facts(batch: &Batch, id: &SubscriberId, realm: Option<RealmId>) -> Looked<(SubscriberFacts, u64)> {
    let (stored, removed) = (batch.subscriber(id), batch.removed_versions());
    let held = realm.map(|realm| batch.realm_to_change(realm)).transpose();
    let stored = stored?;
    held?;
    let (realm, of_realm) = match realm.or(stored.as_ref().map(|stored| stored.realm)) {
        Some(realm) => (batch.realm_to_change(realm)?, batch.subscribers_of(realm)?),
        None => (None, Vec::new()),
    };
    // No ending of the realm is on its way while it is held.
    let of_others = *batch.asked.highest_tick.get(&HighestTick)?;
    let own = batch.lines.last().map_or(0, |line| crate::rows::tick_of(line.number));
    let floor = of_others.max(own).max(batch.lane.1);
    let next_place = EndingPlace::of(line_number(floor + 1, 0), 0).ok_or(Damaged("line of endings"))?;
    let realm = realm.map(|realm| adieu_core::Realm::clone(&realm));
    Ok((SubscriberFacts { stored, realm, of_realm, removed: removed?, next_place }, floor + 1))
}

fn written(
    batch: &mut Batch,
    decided: Result<SubscriberChanges, DirectoryError>,
    floor: u64,
) -> Looked<Result<Subscriber, DirectoryError>> {
    let SubscriberChanges { subscriber, realm, told_elsewhere } = match decided {
        Ok(changes) => changes,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if told_elsewhere {
        batch.tell_elsewhere(&Receiver::Subscriber(subscriber.id.clone()))?;
    }
    let of = subscriber.realm;
    batch.subscribers.put(KeptSubscriber(subscriber.clone()));
    if let Some(realm) = realm {
        batch.write_realm(realm)?;
    }
    batch.raise_floor(of, floor)?;
    Ok(Ok(subscriber))
}
