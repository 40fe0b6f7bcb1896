//! What a failing store answers about subscribers.
//!
//! How it fails is in `failing`.

use adieu_core::{DirectoryError, Outage, RealmId, Subscriber, SubscriberId, Version};
use adieu_store::{Pending, Subscribers};

use super::FailingStore;

impl Subscribers for FailingStore {
    fn subscriber(&self, id: &SubscriberId) -> Pending<Result<Option<Subscriber>, Outage>> {
        self.read(|store| store.subscriber(id))
    }

    fn subscribers(&self, realm: RealmId) -> Pending<Result<Vec<Subscriber>, Outage>> {
        self.read(|store| store.subscribers(realm))
    }

    fn create_subscriber(&self, new: Subscriber) -> Pending<Result<Subscriber, DirectoryError>> {
        self.change(|store| store.create_subscriber(new))
    }

    fn edit_subscriber(
        &self,
        from: Version,
        next: Subscriber,
    ) -> Pending<Result<Subscriber, DirectoryError>> {
        self.change(move |store| store.edit_subscriber(from, next))
    }

    fn remove_subscriber(
        &self,
        id: &SubscriberId,
        from: Option<Version>,
    ) -> Pending<Result<(), DirectoryError>> {
        let id = id.clone();
        self.change(move |store| store.remove_subscriber(&id, from))
    }
}
