//! What passes of short-lived state, documents, consents, subscribers and upkeep.
//!
//! Each act becomes a step of the simulated network.

use std::sync::Arc;

use adieu_core::{
    ClientId, Consent, ConsentError, ConsentOrder, DirectoryError, Locator, Outage, RealmId, Span,
    Subscriber, SubscriberId, Timestamp, Unwritten, UserId, Version,
};
use adieu_store::{
    Consents, Document, Documents, Figures, Flow, FlowId, Flows, LiveCount, Lookup, Pending, Subscribers,
    Swept, Upkeep,
};

use super::SteppedStore;

impl Flows for SteppedStore {
    fn put_flow(&self, flow: Flow) -> Pending<Result<(), Unwritten>> {
        self.write("put_flow", move |store| store.put_flow(flow))
    }

    fn create_flow(&self, flow: Flow, now: Timestamp) -> Pending<Result<bool, Unwritten>> {
        self.write("create_flow", move |store| store.create_flow(flow, now))
    }

    fn flow(&self, id: FlowId, kind: &'static str) -> Pending<Result<Option<Flow>, Outage>> {
        self.read("flow", move |store| store.flow(id, kind))
    }

    fn take_flow(&self, id: FlowId, kind: &'static str) -> Pending<Result<Option<Flow>, Unwritten>> {
        self.write("take_flow", move |store| store.take_flow(id, kind))
    }
}

impl Documents for SteppedStore {
    fn create_document(&self, document: Document) -> Pending<Result<Document, DirectoryError>> {
        self.write("create_document", move |store| store.create_document(document))
    }

    fn edit_document(&self, from: Version, next: Document) -> Pending<Result<Document, DirectoryError>> {
        self.write("edit_document", move |store| store.edit_document(from, next))
    }

    fn document(
        &self,
        realm: RealmId,
        kind: &'static str,
        id: &str,
    ) -> Pending<Result<Option<Document>, Outage>> {
        let id = id.to_owned();
        self.read("document", move |store| store.document(realm, kind, &id))
    }

    fn documents(
        &self,
        realm: RealmId,
        kind: &'static str,
        most: u32,
    ) -> Pending<Result<Vec<Document>, Outage>> {
        self.read("documents", move |store| store.documents(realm, kind, most))
    }

    fn remove_document(
        &self,
        realm: RealmId,
        kind: &'static str,
        id: &str,
        from: Option<Version>,
    ) -> Pending<Result<bool, DirectoryError>> {
        let id = id.to_owned();
        self.write("remove_document", move |store| store.remove_document(realm, kind, &id, from))
    }
}

impl Consents for SteppedStore {
    fn give_consent(&self, order: ConsentOrder, now: Timestamp) -> Pending<Result<Consent, ConsentError>> {
        self.write("give_consent", move |store| store.give_consent(order, now))
    }

    fn withdraw_consent(&self, user: UserId, client: ClientId) -> Pending<Result<bool, Unwritten>> {
        self.write("withdraw_consent", move |store| store.withdraw_consent(user, client))
    }

    fn consent(&self, user: UserId, client: &ClientId) -> Lookup<Result<Option<Arc<Consent>>, Outage>> {
        let client = client.to_owned();
        self.look("consent", move |store| store.consent(user, &client))
    }

    fn consents(&self, user: UserId) -> Pending<Result<Vec<Consent>, Outage>> {
        self.read("consents", move |store| store.consents(user))
    }
}

impl Subscribers for SteppedStore {
    fn subscriber(&self, id: &SubscriberId) -> Pending<Result<Option<Subscriber>, Outage>> {
        let id = id.to_owned();
        self.read("subscriber", move |store| store.subscriber(&id))
    }

    fn subscribers(&self, realm: RealmId) -> Pending<Result<Vec<Subscriber>, Outage>> {
        self.read("subscribers", move |store| store.subscribers(realm))
    }

    fn create_subscriber(&self, new: Subscriber) -> Pending<Result<Subscriber, DirectoryError>> {
        self.write("create_subscriber", move |store| store.create_subscriber(new))
    }

    fn edit_subscriber(
        &self,
        from: Version,
        next: Subscriber,
    ) -> Pending<Result<Subscriber, DirectoryError>> {
        self.write("edit_subscriber", move |store| store.edit_subscriber(from, next))
    }

    fn remove_subscriber(
        &self,
        id: &SubscriberId,
        from: Option<Version>,
    ) -> Pending<Result<(), DirectoryError>> {
        let id = id.to_owned();
        self.write("remove_subscriber", move |store| store.remove_subscriber(&id, from))
    }
}

impl Upkeep for SteppedStore {
    fn sweep(&self, now: Timestamp, tombstones_kept: Span) -> Pending<Result<Swept, Unwritten>> {
        self.write("sweep", move |store| store.sweep(now, tombstones_kept))
    }

    fn expire_shared(&self, now: Timestamp) -> Pending<Result<Swept, Unwritten>> {
        self.write("expire_shared", move |store| store.expire_shared(now))
    }

    fn ready(&self, now: Timestamp) -> Pending<Result<(), Outage>> {
        self.read("ready", move |store| store.ready(now))
    }

    fn count_live(&self, from: Option<Locator>, now: Timestamp) -> Pending<Result<LiveCount, Outage>> {
        self.read("count_live", move |store| store.count_live(from, now))
    }

    fn figures(&self) -> Figures {
        self.behind.figures()
    }
}
