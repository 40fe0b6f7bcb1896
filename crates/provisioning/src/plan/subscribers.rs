//! Subscribers: found by name, which is unique in the installation.
//!
//! A secret is no part of a document: a web hook's is drawn when it is made, or lies where the document says, as another system's token
//! does. What is there keeps its secret, but for a token whose address leads elsewhere now.

use adieu_authority::{Subscriber, SubscriberId, SubscriberKind, subscriber_is_sound, takes_credential_anew};

use super::planned_subscriber::{PlannedSubscriber, SubscriberEdit};
use super::{Change, Notes, Planned, Planner, Planning, taken};
use crate::document::{RealmDoc, SubscriberDoc};
use crate::error::{DocumentError, DocumentFault, Within, ensure};
use crate::secrets::Source;
use crate::subscriber_words::KindWords;

impl SubscriberDoc {
    /// Where its secret lies.
    pub(crate) fn source(&self) -> Option<Source> {
        let file = self.secret_file.as_ref().map(|path| Source::File(path.into()));
        self.secret_env.clone().map(Source::Env).or(file)
    }

    /// The words of its kind, over those of what is there.
    fn words(&self, now: Option<&Subscriber>) -> KindWords {
        let mut words = now.map(|now| KindWords::of(&now.kind)).unwrap_or_default();
        if words.kind != self.kind {
            words = KindWords { kind: self.kind.clone(), ..KindWords::default() };
        }
        if self.causes.is_some() {
            words.causes.clone_from(&self.causes);
        }
        if self.subject_format.is_some() {
            words.subject_format.clone_from(&self.subject_format);
        }
        if let Some(issuer) = &self.issuer {
            words.issuer = Some(issuer.clone()).filter(|issuer| !issuer.is_empty());
        }
        words
    }
}

impl<'a> Planner<'a> {
    pub(super) fn subscribers(&mut self, doc: &RealmDoc, realm: &Planning<'a>) {
        for subscriber in doc.subscribers.iter().flatten() {
            let read = self.named_subscriber(subscriber, realm);
            self.note(realm, read);
        }
        if self.prune && doc.subscribers.is_some() {
            let now = realm.now.map_or(&[][..], |now| &now.subscribers);
            for gone in now.iter().filter(|one| !self.subscribers.contains(&one.id)) {
                let line = format!("- subscriber {} in {}", gone.id, realm.path);
                let change = Change::RemoveSubscriber(gone.id.clone(), gone.version);
                self.removals.push(Planned { line, change });
            }
        }
    }

    /// A subscriber of the document, of which nothing else is said in it.
    fn named_subscriber(&mut self, doc: &SubscriberDoc, realm: &Planning<'a>) -> Result<(), DocumentError> {
        let about = || format!("subscriber {}", doc.id);
        let id: Result<SubscriberId, _> = doc.id.parse();
        let id = id.map_err(|_| DocumentFault::SubscriberId).within(about)?;
        ensure(self.subscribers.insert(id.clone()), || DocumentFault::Twice(about()))?;
        self.subscriber(doc, id, realm).within(about)
    }

    fn subscriber(
        &mut self,
        doc: &SubscriberDoc,
        id: SubscriberId,
        realm: &Planning<'a>,
    ) -> Result<(), DocumentFault> {
        let now = self.facts.realms.iter().flat_map(|of| &of.subscribers).find(|one| one.id == id);
        ensure(now.is_none_or(|now| now.realm == realm.id), || taken("a subscriber of another realm", &id))?;
        ensure(now.is_none_or(|now| now.kind.word() == doc.kind), || DocumentFault::KindStays)?;
        ensure(doc.secret_env.is_none() || doc.secret_file.is_none(), || DocumentFault::ManySecrets)?;
        let kind = doc.words(now).read()?;
        subscriber_is_sound(now, &kind, &doc.address)?;
        let Some(now) = now else {
            let revokes = matches!(kind, SubscriberKind::GlobalTokenRevocation { .. });
            ensure(!revokes || doc.source().is_some(), || DocumentFault::NoToken)?;
            let line = format!("+ subscriber {id} in {}", realm.path);
            let (address, enabled) = (doc.address.clone(), doc.enabled.unwrap_or(true));
            let new = PlannedSubscriber { id, kind, address, enabled, secret: doc.source() };
            self.plan(line, Change::MakeSubscriber(realm.id, Box::new(new)));
            return Ok(());
        };
        let is_anew = takes_credential_anew(now, &doc.address);
        ensure(!is_anew || doc.source().is_some(), || DocumentFault::TokenOfAnotherPlace)?;
        let mut notes = Notes::default();
        let edit = SubscriberEdit {
            secret: doc.source().filter(|_| is_anew),
            kind: notes.changed_unseen("what it is sent", &now.kind, Some(kind)),
            address: notes.changed("address", &now.address, Some(doc.address.clone())),
            enabled: notes.changed("enabled", &now.enabled, doc.enabled),
        };
        if let Some(line) = notes.line("subscriber", id.as_str(), realm) {
            self.plan(line, Change::EditSubscriber(id, now.version, Box::new(edit)));
        }
        Ok(())
    }
}
