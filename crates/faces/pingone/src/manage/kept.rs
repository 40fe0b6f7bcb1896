//! What this dialect keeps for its clients and no rule reads: documents of a realm, by kind.
//!
//! Their number is bounded by kind and realm (HOME-LIMITS), their size by that of the body that brought them.

use std::future::{Future, ready};

use adieu_authority::{Document, DocumentChange, Outage, RealmId, Version};
use serde_json::Value;

use crate::face::Face;
use crate::problem::Problem;

/// Documents of one kind in one realm.
pub(crate) const MOST: u32 = 1000;

/// One kind of them.
#[derive(Clone, Copy)]
pub(crate) struct DocumentKind(pub(crate) &'static str);

impl DocumentKind {
    pub(crate) async fn read(self, face: &Face, realm: RealmId, id: &str) -> Result<Option<Value>, Problem> {
        let document = face.authority().document(realm, self.0, id).await?;
        document.map(|document| value(&document)).transpose()
    }

    /// One as it lies in the store, with what it says; what is not there is not found.
    pub(crate) async fn stored(
        self,
        face: &Face,
        (realm, id): (RealmId, &str),
    ) -> Result<(Document, Value), Problem> {
        let document = face.authority().document(realm, self.0, id).await?.ok_or(Problem::NotFound)?;
        let kept = value(&document)?;
        Ok((document, kept))
    }

    /// All of them by their ids.
    pub(crate) async fn all(self, face: &Face, realm: RealmId) -> Result<Vec<(String, Value)>, Problem> {
        let documents = face.authority().documents(realm, self.0, MOST).await?;
        documents.into_iter().map(|one| value(&one).map(|value| (one.id, value))).collect()
    }

    /// Those whose ids are this and a UUID, by the UUID.
    pub(crate) async fn under(
        self,
        face: &Face,
        realm: RealmId,
        prefix: &str,
    ) -> Result<Vec<(String, Value)>, Problem> {
        let all = self.all(face, realm).await?.into_iter();
        let rest = |id: &str| {
            let rest = id.strip_prefix(prefix)?;
            adieu_core::ids::parse_uuid(rest).is_ok().then(|| rest.to_owned())
        };
        Ok(all.filter_map(|(id, value)| Some((rest(&id)?, value))).collect())
    }

    /// Keeps one more, if there is room.
    pub(crate) async fn add(
        self,
        face: &Face,
        realm: RealmId,
        id: &str,
        body: &Value,
    ) -> Result<(), Problem> {
        self.has_room(face, realm).await?;
        face.authority().create_document(self.document(realm, id, body)).await?;
        Ok(())
    }

    /// Whether one more may be kept.
    pub(crate) async fn has_room(self, face: &Face, realm: RealmId) -> Result<(), Problem> {
        if self.all(face, realm).await?.len() >= MOST as usize {
            return Err(Problem::Constraint { target: "id", message: "There are as many as there may be." });
        }
        Ok(())
    }

    /// One as it is to be kept; its version is the store's to say.
    pub(crate) fn document(self, realm: RealmId, id: &str, body: &Value) -> Document {
        let (kind, id, body, version) = (self.0.to_owned(), id.to_owned(), body.to_string(), Version::FIRST);
        Document { realm, kind, id, body, version }
    }

    /// Keeps one, in place of any other.
    pub(crate) async fn put(
        self,
        face: &Face,
        realm: RealmId,
        id: &str,
        body: &Value,
    ) -> Result<(), Problem> {
        self.change(face, (realm, id), |_| ready(Ok(body.clone()))).await?;
        Ok(())
    }

    /// Keeps what `change` makes of what is there. It is asked again where somebody else came before.
    pub(crate) async fn change<F>(
        self,
        face: &Face,
        (realm, id): (RealmId, &str),
        mut change: impl FnMut(Option<Value>) -> F + Send,
    ) -> Result<Value, Problem>
    where
        F: Future<Output = Result<Value, Problem>> + Send,
    {
        let next = |before: Option<Document>| {
            let before = before.as_ref().map(value).transpose().map(&mut change);
            async move { Ok::<_, Problem>(before?.await?.to_string()) }
        };
        value(&face.authority().change_document((realm, self.0, id), next).await?)
    }

    /// Takes one away; what is not there is not found.
    pub(crate) async fn remove(self, face: &Face, realm: RealmId, id: &str) -> Result<(), Problem> {
        let removed = face.authority().remove_document(realm, self.0, id).await?;
        if removed { Ok(()) } else { Err(Problem::NotFound) }
    }
}

/// A document with another text, in place of the version that was read.
pub(crate) fn edited(document: Document, body: &Value) -> DocumentChange {
    DocumentChange::Edit(Document { body: body.to_string(), ..document })
}

fn value(document: &Document) -> Result<Value, Problem> {
    serde_json::from_str(&document.body).map_err(|error| Problem::Unavailable(Outage::new(error)))
}
