//! Documents that a dialect keeps.
//!
//! Nothing here reads their text.

use adieu_core::{
    DirectoryError, DocumentChange, DocumentChanges, DocumentFacts, Outage, RealmId, Version,
    decide_create_document, decide_edit_document, decide_remove_document,
};
use adieu_store::{Document, Documents, Pending};

use crate::batch::Batch;
use crate::{SqliteStore, rows};

impl Documents for SqliteStore {
    fn create_document(&self, new: Document) -> Pending<Result<Document, DirectoryError>> {
        self.writer.write(move |batch| {
            let facts = document_facts(batch, new.realm, &new.kind, &new.id)?;
            written(batch, decide_create_document(&facts, &new))
        })
    }

    fn edit_document(&self, from: Version, next: Document) -> Pending<Result<Document, DirectoryError>> {
        self.writer.write(move |batch| {
            let before = rows::document(batch.db, next.realm, &next.kind, &next.id)?;
            written(batch, decide_edit_document(before.as_ref(), from, &next))
        })
    }

    fn document(
        &self,
        realm: RealmId,
        kind: &'static str,
        id: &str,
    ) -> Pending<Result<Option<Document>, Outage>> {
        let id = id.to_owned();
        self.readers.read(move |db, _, _| rows::document(db, realm, kind, &id))
    }

    fn documents(
        &self,
        realm: RealmId,
        kind: &'static str,
        most: u32,
    ) -> Pending<Result<Vec<Document>, Outage>> {
        self.readers.read(move |db, _, _| rows::documents(db, realm, kind, most))
    }

    fn remove_document(
        &self,
        realm: RealmId,
        kind: &'static str,
        id: &str,
        from: Option<Version>,
    ) -> Pending<Result<bool, DirectoryError>> {
        let id = id.to_owned();
        self.writer.write(move |batch| remove(batch, (realm, kind, &id), from))
    }
}

/// Removes a document; says whether it was there.
pub(super) fn remove(
    batch: &Batch<'_>,
    (realm, kind, id): (RealmId, &str, &str),
    from: Option<Version>,
) -> rusqlite::Result<Result<bool, DirectoryError>> {
    let removed = match decide_remove_document(&document_facts(batch, realm, kind, id)?, from) {
        Ok(Some(removed)) => removed,
        Ok(None) => return Ok(Ok(false)),
        Err(refusal) => return Ok(Err(refusal)),
    };
    rows::write_removed_versions(batch.db, removed)?;
    rows::drop_document(batch.db, realm, kind, id).map(Ok)
}

/// The facts about a document that is to be made, kept or removed.
pub(super) fn document_facts(
    batch: &Batch<'_>,
    realm: RealmId,
    kind: &str,
    id: &str,
) -> rusqlite::Result<DocumentFacts> {
    let stored = rows::document(batch.db, realm, kind, id)?;
    Ok(DocumentFacts { stored, removed: rows::removed_versions(batch.db)? })
}

/// The facts about each document that is to change with something else.
pub(super) fn facts_of_changes(
    batch: &Batch<'_>,
    changes: &[DocumentChange],
) -> rusqlite::Result<Vec<DocumentFacts>> {
    let facts = |change: &DocumentChange| {
        let document = change.document();
        document_facts(batch, document.realm, &document.kind, &document.id)
    };
    changes.iter().map(facts).collect()
}

/// Writes what was decided of documents.
pub(super) fn change_documents(batch: &Batch<'_>, changes: DocumentChanges) -> rusqlite::Result<()> {
    let DocumentChanges { written, removed, versions } = changes;
    if let Some(versions) = versions {
        rows::write_removed_versions(batch.db, versions)?;
    }
    for Document { realm, kind, id, .. } in &removed {
        rows::drop_document(batch.db, *realm, kind, id)?;
    }
    written.iter().try_for_each(|document| rows::write_document(batch.db, document))
}

fn written(
    batch: &Batch<'_>,
    decided: Result<Document, DirectoryError>,
) -> rusqlite::Result<Result<Document, DirectoryError>> {
    match decided {
        Ok(document) => rows::write_document(batch.db, &document).map(|()| Ok(document)),
        Err(refusal) => Ok(Err(refusal)),
    }
}
