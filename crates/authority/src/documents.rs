//! Documents: what a dialect keeps for its clients and no rule reads.
//!
//! Their owner bounds their size and number.

use std::future::Future;

use adieu_core::{DirectoryError, Outage, RealmId, Version};
use adieu_store::Document;

use crate::Authority;
use crate::attempts::{Attempts, unread};

impl Authority {
    /// Keeps a new document; there must be none of that name.
    pub async fn create_document(&self, document: Document) -> Result<Document, DirectoryError> {
        self.store().create_document(document).await
    }

    /// Changes the text of a document as `change` says of what is there, if anything is; then it is made. It is asked again
    /// where somebody else came before.
    pub async fn change_document<E, F>(
        &self,
        (realm, kind, id): (RealmId, &'static str, &str),
        mut change: impl FnMut(Option<Document>) -> F + Send,
    ) -> Result<Document, E>
    where
        E: From<DirectoryError>,
        F: Future<Output = Result<String, E>> + Send,
    {
        let mut attempts = Attempts::begin();
        loop {
            let before = self.document(realm, kind, id).await.map_err(unread)?;
            let from = before.as_ref().map(|before| before.version);
            let body = change(before).await?;
            let (kind, id, version) = (kind.to_owned(), id.to_owned(), from.unwrap_or(Version::FIRST));
            match self.keep_document_from(from, Document { realm, kind, id, body, version }).await {
                Err(DirectoryError::Stale) => attempts.again()?,
                done => return Ok(done?),
            }
        }
    }

    /// Keeps a document in place of the version that the caller has read, or as a new one where there was none, or not at
    /// all.
    pub async fn keep_document_from(
        &self,
        from: Option<Version>,
        next: Document,
    ) -> Result<Document, DirectoryError> {
        let kept = match from {
            Some(from) => self.store().edit_document(from, next).await,
            None => self.store().create_document(next).await,
        };
        match kept {
            // It came or went after it was read.
            Err(DirectoryError::Taken(_) | DirectoryError::Unknown) => Err(DirectoryError::Stale),
            kept => kept,
        }
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
    ) -> Result<bool, DirectoryError> {
        self.store().remove_document(realm, kind, id, None).await
    }

    /// The same, if it is still in the version that the caller has read.
    pub async fn remove_document_from(
        &self,
        (realm, kind, id): (RealmId, &'static str, &str),
        from: Version,
    ) -> Result<bool, DirectoryError> {
        self.store().remove_document(realm, kind, id, Some(from)).await
    }
}
