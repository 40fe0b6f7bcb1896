//! Documents: what a dialect keeps for its clients and no rule reads.
//!
//! Their owner bounds their size and number.

use adieu_core::{Outage, RealmId, Unwritten};
use adieu_store::Document;

use crate::Authority;

impl Authority {
    /// Keeps a document, or replaces it.
    pub async fn put_document(&self, document: Document) -> Result<(), Unwritten> {
        self.store().put_document(document).await
    }

    /// Reads one.
    pub async fn document(
        &self,
        realm: RealmId,
        kind: &'static str,
        id: &str,
    ) -> Result<Option<Document>, Outage> {
        self.store().document(realm, kind, id).await
    }

    /// All of a kind in a realm, by id, at most `most`.
    pub async fn documents(
        &self,
        realm: RealmId,
        kind: &'static str,
        most: u32,
    ) -> Result<Vec<Document>, Outage> {
        self.store().documents(realm, kind, most).await
    }

    /// Removes one; says whether it was there.
    pub async fn remove_document(
        &self,
        realm: RealmId,
        kind: &'static str,
        id: &str,
    ) -> Result<bool, Unwritten> {
        self.store().remove_document(realm, kind, id).await
    }
}
