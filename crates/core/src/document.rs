//! A record that one dialect keeps for its clients, and that no rule of the house reads.
//!
//! Whoever wrote it is the only one who understands it.

use crate::directory::DirectoryError;
use crate::ids::RealmId;
use crate::version::Version;

/// A document of a realm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The realm.
    pub realm: RealmId,
    /// Its kind, in its owner's words.
    pub kind: String,
    /// Its name among those of its kind.
    pub id: String,
    /// Its text.
    pub body: String,
    /// Rises with every change.
    pub version: Version,
}

/// Decides the making of a document, where this one is stored under its name.
pub fn decide_create_document(before: Option<&Document>, new: &Document) -> Result<Document, DirectoryError> {
    match before {
        None => Ok(Document { version: Version::FIRST, ..new.clone() }),
        Some(_) => Err(DirectoryError::NameTaken),
    }
}

/// Decides a change of a document.
pub fn decide_edit_document(
    before: Option<&Document>,
    from: Version,
    next: &Document,
) -> Result<Document, DirectoryError> {
    let before = before.ok_or(DirectoryError::Unknown)?;
    Ok(Document { version: before.version.after_change_from(from)?, ..next.clone() })
}

/// Decides the removal of a document: whether there is one to remove.
pub fn decide_remove_document(
    before: Option<&Document>,
    from: Option<Version>,
) -> Result<bool, DirectoryError> {
    if let (Some(before), Some(from)) = (before, from) {
        before.version.is_still(from)?;
    }
    Ok(before.is_some())
}
