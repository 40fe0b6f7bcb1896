//! Flows and documents: kept, read, taken.
//!
//! Nothing here reads what they say.

use adieu_core::{
    DirectoryError, Outage, RealmId, Timestamp, Unwritten, Version, decide_create_document,
    decide_create_flow, decide_edit_document, decide_remove_document,
};
use adieu_store::{Document, Documents, Flow, FlowId, Flows, Pending};

use crate::MemoryStore;

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
            let made = decide_create_document(tables.documents.get(&name_of(&new)), &new)?;
            tables.documents.insert(name_of(&made), made.clone());
            Ok(made)
        })
    }

    fn edit_document(&self, from: Version, next: Document) -> Pending<Result<Document, DirectoryError>> {
        self.act(|tables| {
            let next = decide_edit_document(tables.documents.get(&name_of(&next)), from, &next)?;
            tables.documents.insert(name_of(&next), next.clone());
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
        self.act(|tables| {
            let there = decide_remove_document(tables.documents.get(&name), from)?;
            if there {
                tables.documents.remove(&name);
            }
            Ok(there)
        })
    }
}

fn name_of(document: &Document) -> (RealmId, String, String) {
    (document.realm, document.kind.clone(), document.id.clone())
}
