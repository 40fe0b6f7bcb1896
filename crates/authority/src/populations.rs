//! Populations: made, read, changed, removed.
//!
//! A realm begins with one of them; whoever reads and changes one does so by versions, like any other record.

use std::future::Future;

use adieu_core::{DirectoryError, Outage, Population, PopulationId, Realm, RealmId, Version};

use crate::Authority;
use crate::attempts::{Attempts, unread};

/// Name of the population that every realm begins with, where nothing else is said.
pub const DEFAULT_POPULATION: &str = "Default";

/// The population with which a realm is made.
#[derive(Clone, Debug)]
pub struct FirstPopulation {
    /// Its id.
    pub id: PopulationId,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
}

impl Authority {
    /// Makes a population.
    pub async fn create_population(&self, realm: &Realm, name: &str) -> Result<Population, DirectoryError> {
        self.create_population_as(PopulationId::from_uuid(self.draw_uuid()), realm.id, name, None).await
    }

    /// The same with an id that is given, and with what it is for.
    pub async fn create_population_as(
        &self,
        id: PopulationId,
        realm: RealmId,
        name: &str,
        description: Option<String>,
    ) -> Result<Population, DirectoryError> {
        let first = FirstPopulation { id, name: name.to_owned(), description };
        self.store().create_population(self.draft_population(realm, first)).await
    }

    pub(crate) fn draft_population(&self, realm: RealmId, new: FirstPopulation) -> Population {
        let FirstPopulation { id, name, description } = new;
        let (version, created_at, updated_at) = (Version::FIRST, self.now(), self.now());
        Population { id, realm, name, description, version, created_at, updated_at }
    }

    /// The population of that id.
    pub async fn population(&self, id: PopulationId) -> Result<Option<Population>, Outage> {
        self.store().population(id).await
    }

    /// Changes name and description of a population as `change` says of the record that is there. It is asked again where
    /// somebody else came before.
    pub async fn change_population<E, F>(
        &self,
        id: PopulationId,
        mut change: impl FnMut(Population) -> F + Send,
    ) -> Result<Population, E>
    where
        E: From<DirectoryError>,
        F: Future<Output = Result<Population, E>> + Send,
    {
        let mut attempts = Attempts::begin();
        loop {
            let population = self.population(id).await.map_err(unread)?.ok_or(DirectoryError::Unknown)?;
            let from = population.version;
            let next = change(population).await?;
            match self.edit_population_from(from, next).await {
                Err(DirectoryError::Stale) => attempts.again()?,
                done => return Ok(done?),
            }
        }
    }

    /// Changes name and description of a population from a version that the caller has read, or not at all.
    pub async fn edit_population_from(
        &self,
        from: Version,
        next: Population,
    ) -> Result<Population, DirectoryError> {
        let next = Population { updated_at: self.now(), ..next };
        self.store().edit_population(from, next).await
    }

    /// Removes a population that holds nobody.
    pub async fn remove_population(&self, id: PopulationId) -> Result<(), DirectoryError> {
        self.store().remove_population(id, None).await
    }

    /// The same, if the record is still in the version that the caller has read.
    pub async fn remove_population_from(
        &self,
        id: PopulationId,
        from: Version,
    ) -> Result<(), DirectoryError> {
        self.store().remove_population(id, Some(from)).await
    }

    /// How many users a population holds.
    pub async fn count_users(&self, population: PopulationId) -> Result<u64, Outage> {
        self.store().count_users(population).await
    }

    /// The populations of a realm, oldest first; the first is the default.
    pub async fn populations(&self, realm: RealmId) -> Result<Vec<Population>, Outage> {
        self.store().populations(realm).await
    }
}
