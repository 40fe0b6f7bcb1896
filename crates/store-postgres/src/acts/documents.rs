//! Documents that a dialect keeps.
//!
//! Nothing here reads their text.

use adieu_core::{
    DirectoryError, Document, DocumentChange, DocumentChanges, DocumentFacts, Outage, RealmId, Version,
    decide_create_document, decide_edit_document, decide_remove_document,
};
use adieu_store::{Documents, Pending};

use crate::PostgresStore;
use crate::batch::Batch;
use crate::rows::{DocumentKey, DocumentsFrom, document_key};
use crate::working::Looked;

impl Documents for PostgresStore {
    fn create_document(&self, new: Document) -> Pending<Result<Document, DirectoryError>> {
        self.writer.write(move |batch| {
            let facts = document_facts(batch, &document_key(&new))?;
            Ok(written(batch, decide_create_document(&facts, &new)))
        })
    }

    fn edit_document(&self, from: Version, next: Document) -> Pending<Result<Document, DirectoryError>> {
        self.writer.write(move |batch| {
            let before = batch.document(&document_key(&next))?;
            Ok(written(batch, decide_edit_document(before.as_ref(), from, &next)))
        })
    }

    fn document(
        &self,
        realm: RealmId,
        kind: &'static str,
        id: &str,
    ) -> Pending<Result<Option<Document>, Outage>> {
        let key = (realm, kind.to_owned(), id.to_owned());
        self.reader.read(move |batch| batch.document(&key))
    }

    fn documents(
        &self,
        realm: RealmId,
        kind: &'static str,
        most: u32,
    ) -> Pending<Result<Vec<Document>, Outage>> {
        let all = DocumentsFrom { realm, kind: kind.to_owned(), from: String::new(), before: None, most };
        self.reader.read(move |batch| {
            let found = batch.asked.documents_from.get(&all)?;
            Ok(found.iter().map(|kept| kept.0.clone()).collect())
        })
    }

    fn remove_document(
        &self,
        realm: RealmId,
        kind: &'static str,
        id: &str,
        from: Option<Version>,
    ) -> Pending<Result<bool, DirectoryError>> {
        let key = (realm, kind.to_owned(), id.to_owned());
        self.writer.write(move |batch| remove(batch, &key, from))
    }
}

/// Removes a document; says whether it was there.
fn remove(
    batch: &mut Batch,
    key: &DocumentKey,
    from: Option<Version>,
) -> Looked<Result<bool, DirectoryError>> {
    let removed = match decide_remove_document(&document_facts(batch, key)?, from) {
        Ok(Some(removed)) => removed,
        Ok(None) => return Ok(Ok(false)),
        Err(refusal) => return Ok(Err(refusal)),
    };
    batch.write_removed_versions(removed)?;
    batch.drop_document(key.clone());
    Ok(Ok(true))
}

/// The facts about a document that is to be made, kept or removed.
fn document_facts(batch: &Batch, key: &DocumentKey) -> Looked<DocumentFacts> {
    let (stored, removed) = (batch.document(key), batch.removed_versions());
    Ok(DocumentFacts { stored: stored?, removed: removed? })
}

/// The facts about each document that is to change with something else.
pub(super) fn facts_of_changes(batch: &Batch, changes: &[DocumentChange]) -> Looked<Vec<DocumentFacts>> {
    let each = changes.iter().map(|change| document_facts(batch, &document_key(change.document())));
    // All of them are asked for before one is waited for.
    let all: Vec<_> = each.collect();
    all.into_iter().collect()
}

/// Writes what was decided of documents.
pub(super) fn change_documents(batch: &mut Batch, changes: DocumentChanges) -> Looked<()> {
    let DocumentChanges { written, removed, versions } = changes;
    if let Some(versions) = versions {
        batch.write_removed_versions(versions)?;
    }
    removed.iter().for_each(|document| batch.drop_document(document_key(document)));
    written.into_iter().for_each(|document| batch.write_document(document));
    Ok(())
}

fn written(batch: &mut Batch, decided: Result<Document, DirectoryError>) -> Result<Document, DirectoryError> {
    let document = decided?;
    batch.write_document(document.clone());
    Ok(document)
}
