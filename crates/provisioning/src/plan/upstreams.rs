//! Upstream providers: found by name. Their links to users are no part of a document.
//!
//! A secret is looked up when a provider is made, or has none yet; another one is set by a command.

use std::collections::BTreeSet;

use adieu_authority::{NewUpstream, UpstreamEdit, UpstreamFault, UpstreamProvider, UpstreamSecret};

use super::{Change, Notes, Planned, Planner, Planning, none_if_empty};
use crate::document::{RealmDoc, UpstreamDoc};
use crate::error::{DocumentFault, Within, ensure};
use crate::secrets::Source;

/// What a realm may have.
const UPSTREAMS_MAX: usize = adieu_core::UPSTREAMS_MAX;

impl<'a> Planner<'a> {
    pub(super) fn upstreams(&mut self, doc: &RealmDoc, realm: &Planning<'a>) {
        let now = realm.now.map_or(&[][..], |now| &now.upstreams);
        let mut named = BTreeSet::new();
        for upstream in doc.upstreams.iter().flatten() {
            let about = || format!("upstream {}", upstream.name);
            let found = now.iter().find(|known| known.name == upstream.name);
            let read = match named.insert(upstream.name.as_str()) {
                true => self.upstream(upstream, found, realm).within(about),
                false => Err(DocumentFault::Twice(about()).into()),
            };
            self.note(realm, read);
        }
        let stay = now.iter().filter(|known| !named.contains(known.name.as_str()));
        let gone = self.prune && doc.upstreams.is_some();
        let count = named.len() + if gone { 0 } else { stay.clone().count() };
        self.note(realm, ensure(count <= UPSTREAMS_MAX, || DocumentFault::ManyUpstreams(UPSTREAMS_MAX)));
        for known in stay.filter(|_| gone) {
            let line = format!("- upstream {} in {}", known.name, realm.path);
            let change = Change::RemoveUpstream(realm.id, known.name.clone(), known.version);
            self.removals.push(Planned { line, change });
        }
    }

    fn upstream(
        &mut self,
        doc: &UpstreamDoc,
        now: Option<&UpstreamProvider>,
        realm: &Planning<'a>,
    ) -> Result<(), DocumentFault> {
        let secret = doc.secret_source()?;
        match now {
            Some(now) => self.upstream_edit(doc, now, secret, realm),
            None => {
                let new = NewUpstream {
                    name: doc.name.clone(),
                    title: doc.title.clone().unwrap_or_else(|| doc.name.clone()),
                    issuer: doc.issuer.clone().ok_or(UpstreamFault::Issuer)?,
                    client_id: doc.client_id.clone().ok_or(UpstreamFault::ClientId)?,
                    edit: UpstreamEdit { title: None, client_id: None, ..doc.edit() },
                };
                let line = format!("+ upstream {} in {}", doc.name, realm.path);
                self.plan(line, Change::MakeUpstream(realm.id, Box::new(new), secret));
                Ok(())
            }
        }
    }

    fn upstream_edit(
        &mut self,
        doc: &UpstreamDoc,
        now: &UpstreamProvider,
        secret: Option<Source>,
        realm: &Planning<'a>,
    ) -> Result<(), DocumentFault> {
        let same = doc.issuer.as_ref().is_none_or(|issuer| *issuer == now.issuer);
        ensure(same, || DocumentFault::OtherIssuer(now.issuer.clone()))?;
        let (mut notes, doc) = (Notes::default(), doc.edit());
        let secret = secret.filter(|_| now.sealed_secret.is_none());
        notes.changed_unseen("client_secret", &false, secret.as_ref().map(|_| true));
        let edit = UpstreamEdit {
            title: notes.changed("title", &now.title, doc.title),
            client_id: notes.changed("client_id", &now.client_id, doc.client_id),
            secret: None,
            scopes: notes.changed("scopes", &now.scopes, doc.scopes),
            creates_users: notes.changed("creates_users", &now.creates_users, doc.creates_users),
            username_claim: notes.changed("username_claim", &now.username_claim, doc.username_claim),
            email_claim: notes.changed("email_claim", &now.email_claim, doc.email_claim),
            enabled: notes.changed("enabled", &now.enabled, doc.enabled),
        };
        if let Some(line) = notes.line("upstream", &now.name, realm) {
            let change =
                Change::EditUpstream((realm.id, now.name.clone()), now.version, Box::new(edit), secret);
            self.plan(line, change);
        }
        Ok(())
    }
}

impl UpstreamDoc {
    /// Where its secret lies.
    fn secret_source(&self) -> Result<Option<Source>, DocumentFault> {
        match (&self.client_secret_env, &self.client_secret_file) {
            (Some(_), Some(_)) => Err(DocumentFault::ManyClientSecrets),
            (Some(name), None) => Ok(Some(Source::Env(name.clone()))),
            (None, Some(path)) => Ok(Some(Source::File(path.into()))),
            (None, None) => Ok(None),
        }
    }

    /// All that the document says and that may change.
    fn edit(&self) -> UpstreamEdit {
        UpstreamEdit {
            title: self.title.clone(),
            client_id: self.client_id.clone(),
            secret: None,
            scopes: self.scopes.clone(),
            creates_users: self.creates_users,
            username_claim: self.username_claim.clone(),
            email_claim: none_if_empty(&self.email_claim),
            enabled: self.enabled,
        }
    }
}

/// The edit with a secret that was looked up.
pub(crate) fn with_secret(edit: UpstreamEdit, secret: Option<String>) -> UpstreamEdit {
    UpstreamEdit { secret: secret.map(|secret| Some(UpstreamSecret(secret))), ..edit }
}
