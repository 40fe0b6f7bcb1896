//! A record that one dialect keeps for its clients, and that no rule of core reads.
//!
//! Whoever wrote it is the only one who understands it.

use std::collections::BTreeSet;

use crate::directory::{DirectoryError, TakenMember};
use crate::ids::{ClientId, RealmId, parse_uuid};
use crate::version::{RemovedVersions, Version};

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

/// Whether a document of a kind that is kept beside clients is this client's: its id is the client's, or that and a UUID after a dot.
pub fn is_beside(client: &ClientId, document: &str) -> bool {
    match document.strip_prefix(client.as_str()) {
        Some("") => true,
        Some(rest) => rest.strip_prefix('.').is_some_and(|own| parse_uuid(own).is_ok()),
        None => false,
    }
}

/// What is stored under the name of a document, and what was removed before.
#[derive(Clone, Debug, Default)]
pub struct DocumentFacts {
    /// The document.
    pub stored: Option<Document>,
    /// The versions of what was removed.
    pub removed: RemovedVersions,
}

/// What becomes of a document together with something else: of what changes with it, both are written or neither.
#[derive(Clone, Debug)]
pub enum DocumentChange {
    /// It is kept in place of any other of its name.
    Put(Document),
    /// It is kept in place of the version that it names, which was read; of another one the change is stale.
    Edit(Document),
    /// This one, which was read, is removed; if it has another version by then, the change is stale.
    Remove(Document),
}

impl DocumentChange {
    /// The document by its name.
    pub const fn document(&self) -> &Document {
        match self {
            Self::Put(document) | Self::Edit(document) | Self::Remove(document) => document,
        }
    }
}

/// The changes of documents that were decided together with something else.
#[derive(Clone, Debug, Default)]
pub struct DocumentChanges {
    /// To be written.
    pub written: Vec<Document>,
    /// To be taken away.
    pub removed: Vec<Document>,
    /// The versions of what was removed, where something is.
    pub versions: Option<RemovedVersions>,
}

/// Refuses changes as stale if one of them starts from what another one left.
pub(crate) fn each_of_another_one<'a>(
    changes: impl IntoIterator<Item = &'a DocumentChange>,
) -> Result<(), DirectoryError> {
    let mut names = BTreeSet::new();
    let mut others = changes.into_iter().map(DocumentChange::document);
    let apart = others.all(|one| names.insert((one.realm, &one.kind, &one.id)));
    if apart { Ok(()) } else { Err(DirectoryError::Stale) }
}

/// Decides changes of documents of a realm, each of another document and with the facts about it: all of them, or none.
///
/// # Panics
/// If the facts are not about each of the changes.
pub fn decide_document_changes(
    realm: RealmId,
    changes: &[DocumentChange],
    facts: &[DocumentFacts],
) -> Result<DocumentChanges, DirectoryError> {
    assert_eq!(changes.len(), facts.len(), "facts about each document");
    each_of_another_one(changes)?;
    let mut decided = DocumentChanges::default();
    for (change, facts) in changes.iter().zip(facts) {
        if change.document().realm != realm {
            return Err(DirectoryError::Unknown);
        }
        match change {
            DocumentChange::Put(next) => decided.written.push(decide_put_document(facts, next)),
            DocumentChange::Edit(next) => {
                let next = match decide_edit_document(facts.stored.as_ref(), next.version, next) {
                    // It went after it was read.
                    Err(DirectoryError::Unknown) => Err(DirectoryError::Stale),
                    next => next,
                };
                decided.written.push(next?);
            }
            DocumentChange::Remove(read) => {
                let removed =
                    decide_remove_document(facts, Some(read.version))?.ok_or(DirectoryError::Stale)?;
                decided.versions = decided.versions.max(Some(removed));
                decided.removed.push(read.clone());
            }
        }
    }
    Ok(decided)
}

/// Decides the making of a document.
pub fn decide_create_document(facts: &DocumentFacts, new: &Document) -> Result<Document, DirectoryError> {
    match facts.stored {
        None => Ok(decide_put_document(facts, new)),
        Some(_) => Err(DirectoryError::Taken(TakenMember::Id)),
    }
}

/// Decides a document that is to be kept whatever is stored under its name.
pub fn decide_put_document(facts: &DocumentFacts, next: &Document) -> Document {
    let version = facts.stored.as_ref().map(|stored| stored.version.next());
    Document { version: version.unwrap_or(facts.removed.first_above()), ..next.clone() }
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

/// Decides the removal of a document: what is to be remembered of its version, if there is one to remove.
pub fn decide_remove_document(
    facts: &DocumentFacts,
    from: Option<Version>,
) -> Result<Option<RemovedVersions>, DirectoryError> {
    let Some(stored) = &facts.stored else { return Ok(None) };
    if let Some(from) = from {
        stored.version.is_still(from)?;
    }
    Ok(Some(facts.removed.with(stored.version)))
}

/// Decides the removal of documents with what they are kept beside, in whatever versions they are: the versions of what was
/// removed after it. It is never refused, so that nothing is written and refused then.
pub fn decide_remove_documents(stored: &[Document], removed: RemovedVersions) -> RemovedVersions {
    stored.iter().fold(removed, |removed, document| removed.with(document.version))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(version: u64) -> Document {
        let (kind, id, body) = ("policy".to_owned(), "one".to_owned(), "{}".to_owned());
        let realm = RealmId::from_uuid(uuid::Uuid::from_u128(1));
        Document { realm, kind, id, body, version: Version::from_stored(version) }
    }

    #[test]
    fn a_document_that_comes_back_begins_above_its_first_life() {
        let facts = DocumentFacts { stored: Some(document(4)), removed: RemovedVersions::default() };
        assert_eq!(decide_put_document(&facts, &document(1)).version.number(), 5);
        assert!(matches!(decide_create_document(&facts, &document(1)), Err(DirectoryError::Taken(_))));
        let removed = decide_remove_document(&facts, None).expect("removed").expect("it was there");
        let facts = DocumentFacts { stored: None, removed };
        assert_eq!(decide_create_document(&facts, &document(1)).expect("made").version.number(), 5);
        assert_eq!(decide_put_document(&facts, &document(1)).version.number(), 5);
        assert!(decide_remove_document(&facts, None).expect("an answer").is_none());
    }

    /// Goal: what is removed together is remembered by its highest version, in whatever order.
    #[test]
    fn documents_that_go_together_leave_their_highest_version() {
        let left = |versions: &[u64]| {
            let all: Vec<_> = versions.iter().copied().map(document).collect();
            decide_remove_documents(&all, RemovedVersions::from_stored(3)).number()
        };
        assert_eq!((left(&[4, 9, 2]), left(&[9, 4]), left(&[2]), left(&[])), (9, 9, 3, 3));
    }

    /// Goal: of several changes together none is made if one is refused, and what is removed is remembered by the highest version.
    #[test]
    fn documents_that_change_together_all_change_or_none_does() {
        let realm = document(1).realm;
        let there = |version| DocumentFacts { stored: Some(document(version)), removed: Default::default() };
        let decide = |changes: &[DocumentChange], facts: &[DocumentFacts]| {
            decide_document_changes(realm, changes, facts)
        };
        let edit = DocumentChange::Edit(document(4));
        let named = |id: &str, version| Document { id: id.into(), ..document(version) };
        let remove = |id: &str, version| DocumentChange::Remove(named(id, version));
        let both = [edit.clone(), remove("two", 9), remove("three", 2)];
        let decided = decide(&both, &[there(4), there(9), there(2)]).expect("all of it");
        assert_eq!(decided.written.iter().map(|one| one.version.number()).collect::<Vec<_>>(), [5]);
        assert_eq!((decided.removed.len(), decided.versions.map(|all| all.number())), (2, Some(9)));
        for facts in [[there(5), there(9)], [there(4), there(8)], [there(4), DocumentFacts::default()]] {
            let refused = decide(&[edit.clone(), remove("two", 9)], &facts);
            assert!(matches!(refused, Err(DirectoryError::Stale)), "{refused:?}");
        }
        let twice = decide(&[edit.clone(), DocumentChange::Put(document(1))], &[there(4), there(4)]);
        assert!(matches!(twice, Err(DirectoryError::Stale)), "{twice:?}");
        let gone = decide(&[edit], &[DocumentFacts::default()]);
        assert!(matches!(gone, Err(DirectoryError::Stale)), "{gone:?}");
        let elsewhere = Document { realm: RealmId::from_uuid(uuid::Uuid::from_u128(2)), ..document(1) };
        let refused = decide(&[DocumentChange::Put(elsewhere)], &[DocumentFacts::default()]);
        assert!(matches!(refused, Err(DirectoryError::Unknown)), "{refused:?}");
    }

    #[test]
    #[should_panic(expected = "facts about each document")]
    fn a_change_without_facts_is_not_dropped() {
        let change = DocumentChange::Put(document(1));
        let _ = decide_document_changes(document(1).realm, &[change], &[]);
    }

    #[test]
    fn a_document_is_beside_the_client_whose_id_it_begins_with_and_no_other() {
        let client: ClientId = "shop".parse().expect("an id");
        let own = "a1fa0000-0000-4000-8000-0000000000aa";
        for (id, beside) in [
            ("shop".to_owned(), true),
            (format!("shop.{own}"), true),
            ("shop.".to_owned(), false),
            ("shop.one".to_owned(), false),
            (format!("shop.two.{own}"), false),
            ("shop2".to_owned(), false),
            ("Shop".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(is_beside(&client, &id), beside, "{id}");
        }
    }
}
