//! Subscribers of realms.
//!
//! Each change gathers facts, lets core decide, and writes what was decided.

use adieu_core::{
    DirectoryError, EndingPlace, Outage, RealmId, Receiver, Subscriber, SubscriberChanges, SubscriberFacts,
    SubscriberId, Version, decide_create_subscriber, decide_edit_subscriber, decide_remove_subscriber,
};
use adieu_store::{Pending, Subscribers};

use crate::MemoryStore;
use crate::tables::Tables;

impl Subscribers for MemoryStore {
    fn subscriber(&self, id: &SubscriberId) -> Pending<Result<Option<Subscriber>, Outage>> {
        self.act(|tables| Ok(tables.subscribers.get(id).cloned()))
    }

    fn subscribers(&self, realm: RealmId) -> Pending<Result<Vec<Subscriber>, Outage>> {
        self.act(|tables| Ok(tables.subscribers_of(realm)))
    }

    fn create_subscriber(&self, new: Subscriber) -> Pending<Result<Subscriber, DirectoryError>> {
        self.act(|tables| {
            let facts = tables.subscriber_facts(&new.id, Some(new.realm));
            Ok(tables.write_subscriber(decide_create_subscriber(&facts, &new)?))
        })
    }

    fn edit_subscriber(
        &self,
        from: Version,
        next: Subscriber,
    ) -> Pending<Result<Subscriber, DirectoryError>> {
        self.act(|tables| {
            let facts = tables.subscriber_facts(&next.id, None);
            Ok(tables.write_subscriber(decide_edit_subscriber(&facts, from, &next)?))
        })
    }

    fn remove_subscriber(
        &self,
        id: &SubscriberId,
        from: Option<Version>,
    ) -> Pending<Result<(), DirectoryError>> {
        self.act(|tables| {
            let removal = decide_remove_subscriber(&tables.subscriber_facts(id, None), from)?;
            tables.removed_versions = removal.removed;
            tables.subscribers.remove(id);
            tables.tell_elsewhere(&Receiver::Subscriber(id.clone()));
            tables.realms.extend(removal.realm.map(|realm| (realm.id, realm)));
            Ok(())
        })
    }
}

impl Tables {
    /// The subscribers of a realm, by name.
    pub(crate) fn subscribers_of(&self, realm: RealmId) -> Vec<Subscriber> {
        self.subscribers.values().filter(|one| one.realm == realm).cloned().collect()
    }

    /// Forgets what is known of a receiver, because it is told elsewhere from now on.
    pub(crate) fn tell_elsewhere(&mut self, receiver: &Receiver) {
        if let Some(health) = self.receivers.get_mut(receiver) {
            *health = health.told_elsewhere();
        }
    }

    /// What is stored around a subscriber: in the realm that it is to be made in, or that it is in.
    fn subscriber_facts(&self, id: &SubscriberId, realm: Option<RealmId>) -> SubscriberFacts {
        let stored = self.subscribers.get(id).cloned();
        let realm = realm.or(stored.as_ref().map(|stored| stored.realm));
        SubscriberFacts {
            realm: realm.and_then(|realm| self.realms.get(&realm)).cloned(),
            of_realm: realm.map_or_else(Vec::new, |realm| self.subscribers_of(realm)),
            removed: self.removed_versions,
            next_place: EndingPlace::of(self.lines_written + 1, 0).expect("lines are counted from one"),
            stored,
        }
    }

    fn write_subscriber(&mut self, changes: SubscriberChanges) -> Subscriber {
        let SubscriberChanges { subscriber, realm, told_elsewhere } = changes;
        if told_elsewhere {
            self.tell_elsewhere(&Receiver::Subscriber(subscriber.id.clone()));
        }
        self.subscribers.insert(subscriber.id.clone(), subscriber.clone());
        self.realms.extend(realm.map(|realm| (realm.id, realm)));
        subscriber
    }
}
