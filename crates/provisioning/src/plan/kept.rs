//! Documents that dialects keep: put and removed as they are, because only their dialect understands them.
//!
//! They are compared as JSON. Kinds that no dialect keeps are refused.

use std::collections::BTreeSet;

use adieu_authority::{Document, Version};
use serde_json::Value;

use super::{Change, Planned, Planner, Planning, read_json};
use crate::document::{KeptDoc, RealmDoc};
use crate::error::{DocumentError, DocumentFault, Within, ensure};

/// More than any request brings to a dialect.
const BODY_BYTES_MAX: usize = 1024 * 1024;

impl<'a> Planner<'a> {
    pub(super) fn documents(&mut self, doc: &RealmDoc, realm: &Planning<'a>) {
        let now = realm.now.map_or(&[][..], |now| &now.documents);
        let mut named = BTreeSet::new();
        for kept in doc.documents.iter().flatten() {
            let read = self.named_document(kept, now, realm, &mut named);
            self.note(realm, read);
        }
        if self.prune && doc.documents.is_some() {
            for gone in now.iter().filter(|known| !named.contains(&(known.kind.as_str(), known.id.as_str())))
            {
                match self.kind(&gone.kind) {
                    Ok(kind) => {
                        let line = format!("- document {} {} in {}", gone.kind, gone.id, realm.path);
                        let change = Change::RemoveDocument(realm.id, kind, gone.id.clone(), gone.version);
                        self.removals.push(Planned { line, change });
                    }
                    unknown => self.note(realm, unknown),
                }
            }
        }
    }

    /// A document of the document, of which nothing else is said in it.
    fn named_document<'d>(
        &mut self,
        kept: &'d KeptDoc,
        now: &[Document],
        realm: &Planning<'a>,
        named: &mut BTreeSet<(&'static str, &'d str)>,
    ) -> Result<(), DocumentError> {
        let about = || format!("document {} {}", kept.kind, kept.id);
        let kind = self.kind(&kept.kind).within(about)?;
        ensure(named.insert((kind, kept.id.as_str())), || DocumentFault::Twice(about()))?;
        let found = now.iter().find(|known| known.kind == kind && known.id == kept.id);
        self.document(kept, found, realm).within(about)
    }

    fn document(
        &mut self,
        doc: &KeptDoc,
        now: Option<&Document>,
        realm: &Planning<'a>,
    ) -> Result<(), DocumentFault> {
        ensure((1..=255).contains(&doc.id.len()), || DocumentFault::IdLength)?;
        ensure(doc.body.len() <= BODY_BYTES_MAX, || DocumentFault::BodyTooLarge(BODY_BYTES_MAX))?;
        let wanted = read_json("body", &doc.body)?;
        let same = |now: &Document| serde_json::from_str::<Value>(&now.body).is_ok_and(|now| now == wanted);
        if now.is_some_and(same) {
            return Ok(());
        }
        let sign = if now.is_some() { '~' } else { '+' };
        let KeptDoc { kind, id, body } = doc.clone();
        let line = format!("{sign} document {kind} {id} in {}", realm.path);
        let from = now.map(|now| now.version);
        let version = from.unwrap_or(Version::FIRST);
        let next = Document { realm: realm.id, kind, id, body, version };
        self.plan(line, Change::PutDocument(from, next));
        Ok(())
    }

    fn kind(&self, text: &str) -> Result<&'static str, DocumentFault> {
        let known = self.facts.kinds.iter().copied().find(|kind| *kind == text);
        known.ok_or_else(|| DocumentFault::UnknownKind(self.facts.kinds.join(", ")))
    }
}
