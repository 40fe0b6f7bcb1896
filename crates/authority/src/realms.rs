//! Realms by id and by path.
//!
//! A realm is never renamed and never removed here.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use adieu_core::{
    DirectoryError, Document, DocumentChange, Outage, PopulationId, Realm, RealmDraft, RealmId,
};

use crate::Authority;
use crate::attempts::unread;
use crate::populations::{DEFAULT_POPULATION, FirstPopulation};

/// Which realm a path means. A realm is never renamed, so the binding, once seen, holds; everything else about a realm
/// is asked of the store every time.
#[derive(Default)]
pub(crate) struct Realms {
    by_path: RwLock<BTreeMap<String, RealmId>>,
}

impl Realms {
    fn find(&self, path: &str) -> Option<RealmId> {
        self.by_path.read().unwrap_or_else(PoisonError::into_inner).get(path).copied()
    }

    fn remember(&self, realms: &[Realm]) {
        let mut by_path = self.by_path.write().unwrap_or_else(PoisonError::into_inner);
        for realm in realms {
            by_path.insert(realm.path.clone(), realm.id);
        }
    }
}

/// The path of the realm that holds the administrators of the installation.
pub const ROOT: &str = "/";

impl Authority {
    /// The realm of that id.
    pub async fn realm(&self, id: RealmId) -> Result<Option<Arc<Realm>>, Outage> {
        self.inner.store.realm(id).get().await
    }

    /// The realm at that path, in small letters and with a leading slash.
    pub async fn realm_at(&self, path: &str) -> Result<Option<Arc<Realm>>, Outage> {
        let id = match self.inner.realms.find(path) {
            Some(id) => id,
            None => {
                let realms = self.store().realms().await?;
                self.inner.realms.remember(&realms);
                match self.inner.realms.find(path) {
                    Some(id) => id,
                    None => return Ok(None),
                }
            }
        };
        self.realm(id).await
    }

    /// The id of the realm at that path, if it was asked for before in this process.
    pub fn realm_id_seen(&self, path: &str) -> Option<RealmId> {
        self.inner.realms.find(path)
    }

    /// The realm of the installation's administrators.
    pub async fn root_realm(&self) -> Result<Option<Arc<Realm>>, Outage> {
        self.realm_at(ROOT).await
    }

    /// Makes a realm with the population that every realm begins with.
    pub async fn create_realm(&self, id: RealmId, path: &str) -> Result<Realm, DirectoryError> {
        self.create_realm_with(id, path, self.everybody()).await
    }

    /// Makes a realm with its first population and what a dialect keeps of it: all are there, or none.
    pub async fn create_realm_keeping(
        &self,
        id: RealmId,
        path: &str,
        document: Document,
    ) -> Result<Realm, DirectoryError> {
        self.keep_new_realm((id, path), self.everybody(), vec![DocumentChange::Put(document)]).await
    }

    /// The population that every realm begins with.
    fn everybody(&self) -> FirstPopulation {
        FirstPopulation {
            id: PopulationId::from_uuid(self.draw_uuid()),
            name: DEFAULT_POPULATION.to_owned(),
            description: None,
        }
    }

    /// Makes a realm with its first population: both are there, or neither.
    pub async fn create_realm_with(
        &self,
        id: RealmId,
        path: &str,
        first: FirstPopulation,
    ) -> Result<Realm, DirectoryError> {
        self.keep_new_realm((id, path), first, Vec::new()).await
    }

    async fn keep_new_realm(
        &self,
        (id, path): (RealmId, &str),
        first: FirstPopulation,
        documents: Vec<DocumentChange>,
    ) -> Result<Realm, DirectoryError> {
        let second_factor = self.policy().second_factor_in(path);
        let created_at = self.now();
        let (path, generation, subscribers) = (path.to_owned(), 0, 0);
        let realm = Realm { id, path, generation, second_factor, subscribers, created_at };
        let first = self.draft_population(id, first);
        self.store().create_realm(RealmDraft { realm: realm.clone(), first, documents }).await?;
        Ok(realm)
    }

    /// Brings what is stored of every realm in line with the policy: when its users are asked for a second factor.
    pub async fn follow_policy(&self) -> Result<(), DirectoryError> {
        for realm in self.realms().await.map_err(unread)? {
            let rule = self.policy().second_factor_in(&realm.path);
            if realm.second_factor != rule {
                self.store().set_second_factor_rule(realm.id, rule).await?;
                tracing::info!(realm = realm.path, rule = rule.word(), "another rule for the second factor");
            }
        }
        Ok(())
    }

    /// All realms, by path.
    pub async fn realms(&self) -> Result<Vec<Realm>, Outage> {
        self.store().realms().await
    }
}
