//! Flows and documents: kept, read, taken.
//!
//! Nothing here reads what they say.

use adieu_core::{
    DirectoryError, DocumentChange, DocumentChanges, DocumentFacts, Outage, RealmId, Timestamp, Unwritten,
    Version, decide_create_document, decide_create_flow, decide_edit_document, decide_remove_document,
};
use adieu_store::{Document, Documents, Flow, FlowId, Flows, Pending};

use crate::MemoryStore;
use crate::tables::Tables;

impl Flows for MemoryStore {
    fn put_flow(&self, flow: Flow) -> Pending<Result<(), Unwritten>> {
        self.act(|tables| {
            tables.flows.insert(flow.id, flow);
            Ok(())
        })
    }

    fn create_flow(&self, flow: Flow, now: Timestamp) -> Pending<Result<bool, Unwritten>> {
        self.act(|tables| {
            let kept = decide_create_flow(tables.flows.get(&flow.id), now);
            if kept {
                tables.flows.insert(flow.id, flow);
            }
            Ok(kept)
        })
    }

    fn flow(&self, id: FlowId, kind: &'static str) -> Pending<Result<Option<Flow>, Outage>> {
        self.act(|tables| Ok(tables.flows.get(&id).filter(|flow| flow.kind == kind).cloned()))
    }

    fn take_flow(&self, id: FlowId, kind: &'static str) -> Pending<Result<Option<Flow>, Unwritten>> {
        self.act(|tables| {
            let known = tables.flows.get(&id).is_some_and(|flow| flow.kind == kind);
            Ok(if known { tables.flows.remove(&id) } else { None })
        })
    }
}

impl Documents for MemoryStore {
    fn create_document(&self, new: Document) -> Pending<Result<Document, DirectoryError>> {
        self.act(|tables| {
            let made = decide_create_document(&tables.document_facts(&name_of(&new)), &new)?;
            tables.write_document(made.clone());
            Ok(made)
        })
    }

    fn edit_document(&self, from: Version, next: Document) -> Pending<Result<Document, DirectoryError>> {
        self.act(|tables| {
            let next = decide_edit_document(tables.documents.get(&name_of(&next)), from, &next)?;
            tables.write_document(next.clone());
            Ok(next)
        })
    }

    fn document(
        &self,
        realm: RealmId,
        kind: &'static str,
        id: &str,
    ) -> Pending<Result<Option<Document>, Outage>> {
        let name = (realm, kind.to_owned(), id.to_owned());
        self.act(|tables| Ok(tables.documents.get(&name).cloned()))
    }

    fn documents(
        &self,
        realm: RealmId,
        kind: &'static str,
        most: u32,
    ) -> Pending<Result<Vec<Document>, Outage>> {
        self.act(|tables| {
            let of_kind = tables.documents.values().filter(|one| one.realm == realm && one.kind == kind);
            Ok(of_kind.take(most as usize).cloned().collect())
        })
    }

    fn remove_document(
        &self,
        realm: RealmId,
        kind: &'static str,
        id: &str,
        from: Option<Version>,
    ) -> Pending<Result<bool, DirectoryError>> {
        let name = (realm, kind.to_owned(), id.to_owned());
        self.act(|tables| tables.remove_document(&name, from))
    }
}

impl Tables {
    /// The facts about a document that is to be made, kept or removed.
    pub(crate) fn document_facts(&self, name: &(RealmId, String, String)) -> DocumentFacts {
        DocumentFacts { stored: self.documents.get(name).cloned(), removed: self.removed_versions }
    }

    /// The facts about each document that is to change with something else.
    pub(crate) fn facts_of_changes(&self, changes: &[DocumentChange]) -> Vec<DocumentFacts> {
        changes.iter().map(|change| self.document_facts(&name_of(change.document()))).collect()
    }

    /// Writes what was decided of documents.
    pub(crate) fn change_documents(&mut self, changes: DocumentChanges) {
        self.removed_versions = changes.versions.unwrap_or(self.removed_versions);
        for gone in &changes.removed {
            self.documents.remove(&name_of(gone));
        }
        changes.written.into_iter().for_each(|document| self.write_document(document));
    }

    pub(crate) fn remove_document(
        &mut self,
        name: &(RealmId, String, String),
        from: Option<Version>,
    ) -> Result<bool, DirectoryError> {
        let Some(removed) = decide_remove_document(&self.document_facts(name), from)? else {
            return Ok(false);
        };
        self.removed_versions = removed;
        Ok(self.documents.remove(name).is_some())
    }

    pub(crate) fn write_document(&mut self, document: Document) {
        self.documents.insert(name_of(&document), document);
    }
}

pub(crate) fn name_of(document: &Document) -> (RealmId, String, String) {
    (document.realm, document.kind.clone(), document.id.clone())
}
