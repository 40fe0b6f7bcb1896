//! Clients, documents and what is remembered of removed records, in a batch.
//!
//! No rule is here.

use adieu_core::{
    ClientId, Document, RealmId, Receiver, ReceiverHealth, RemovedVersions, StoredClient, is_beside,
};

use crate::batch::Batch;
use crate::rows::{
    DocumentKey, DocumentsFrom, Guarded, KeptClient, KeptDocument, KeptReceiver, KeptRemoved, ListedTrait,
    ListedUri, listed_traits, listed_uris,
};
use crate::working::Looked;

impl Batch {
    /// Writes a client, and lists it under its addresses and under what holds for it, and under nothing else any more.
    pub(crate) fn write_client(&mut self, stored: StoredClient) -> Looked<()> {
        let before = self.stored_client_to_change(&stored.client.id)?;
        let (uris, traits) = (listed_uris(&stored), listed_traits(&stored));
        let (uris_before, traits_before) =
            before.as_ref().map(|before| (listed_uris(before), listed_traits(before))).unwrap_or_default();
        uris_before.into_iter().filter(|one| !uris.contains(one)).for_each(|one| self.uris.remove(one));
        traits_before.into_iter().filter(|one| !traits.contains(one)).for_each(|one| self.traits.remove(one));
        uris.into_iter().for_each(|one| self.uris.put(ListedUri(one)));
        traits.into_iter().for_each(|one| self.traits.put(ListedTrait(one)));
        self.clients.put(KeptClient(stored));
        Ok(())
    }

    /// A document that may be made, changed or removed.
    pub(crate) fn document(&self, key: &DocumentKey) -> Looked<Option<Document>> {
        self.documents.want(key, None);
        self.guard(Guarded::Directory(key.0))?;
        Ok(self.documents.get(key)?.map(|kept| kept.0.clone()))
    }

    /// Those of a kind that are kept beside a client.
    pub(crate) fn documents_beside(
        &self,
        realm: RealmId,
        kind: &str,
        client: &ClientId,
    ) -> Looked<Vec<Document>> {
        let own = (realm, kind.to_owned(), client.to_string());
        let own = self.document(&own)?;
        let beside = self.asked.documents_from.get(&DocumentsFrom::beside(realm, kind, client))?;
        let first = (realm, kind.to_owned(), String::new());
        let last = (realm, kind.to_owned(), "\u{10ffff}".to_owned());
        let mut all: std::collections::BTreeMap<String, Document> =
            beside.iter().map(|kept| (kept.0.id.clone(), kept.0.clone())).collect();
        for (key, row) in self.documents.changed_between(&first, &last) {
            match row {
                Some(row) => all.insert(key.2.clone(), row.0.clone()),
                None => all.remove(&key.2),
            };
        }
        all.extend(own.map(|own| (own.id.clone(), own)));
        Ok(all.into_values().filter(|document| is_beside(client, &document.id)).collect())
    }

    pub(crate) fn write_document(&mut self, document: Document) {
        self.documents.put(KeptDocument(document));
    }

    pub(crate) fn drop_document(&mut self, key: DocumentKey) {
        self.documents.remove(key);
    }

    /// What is remembered of removed records.
    pub(crate) fn removed_versions(&self) -> Looked<RemovedVersions> {
        Ok(self.removed.get(&())?.map(|kept| kept.0).unwrap_or_default())
    }

    pub(crate) fn write_removed_versions(&mut self, removed: RemovedVersions) -> Looked<()> {
        let before = self.removed_versions()?;
        if removed.number() > before.number() {
            self.removed.put(KeptRemoved(removed));
        }
        Ok(())
    }

    /// How a receiver does; none if nothing was ever owed to it.
    pub(crate) fn receiver(&self, receiver: &Receiver) -> Looked<Option<ReceiverHealth>> {
        self.hint(super::LockHint::Receiver(receiver.clone()));
        Ok(self.receivers.get(receiver)?.map(|kept| kept.health))
    }

    /// Forgets what is known of a receiver, because it is told elsewhere from now on; what waits for it is looked at at once.
    pub(crate) fn tell_elsewhere(&mut self, receiver: &Receiver) -> Looked<()> {
        let known = self.receiver(receiver)?;
        if let Some(health) = known {
            let (receiver, health) = (receiver.clone(), health.told_elsewhere());
            self.receivers.put(KeptReceiver { receiver, health });
        }
        Ok(())
    }
}
