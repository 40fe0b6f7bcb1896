//! Documents that a dialect keeps.
//!
//! Nothing here reads their text.

use adieu_core::{Outage, RealmId, Unwritten};
use adieu_store::{Document, Documents, Pending};

use crate::{SqliteStore, rows};

impl Documents for SqliteStore {
    fn put_document(&self, document: Document) -> Pending<Result<(), Unwritten>> {
        self.writer.write(move |batch| rows::write_document(batch.db, &document).map(Ok))
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
    ) -> Pending<Result<bool, Unwritten>> {
        let id = id.to_owned();
        self.writer.write(move |batch| rows::drop_document(batch.db, realm, kind, &id).map(Ok))
    }
}
