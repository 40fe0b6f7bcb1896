//! Populations in a batch.
//!
//! No rule is here.

use adieu_core::{Population, PopulationId};

use crate::batch::Batch;
use crate::rows::{KeptPopulation, PopulationsOf};
use crate::working::Looked;

impl Batch {
    /// The population of an id.
    pub(crate) fn population(&self, id: PopulationId) -> Looked<Option<Population>> {
        self.hint(super::LockHint::Population(id, crate::working::Lock::Shared));
        Ok(self.populations.get(&id)?.map(|kept| kept.population.clone()))
    }

    /// The same, for an order that may change it.
    pub(crate) fn population_to_change(&self, id: PopulationId) -> Looked<Option<Population>> {
        self.hint(super::LockHint::Population(id, crate::working::Lock::Exclusive));
        Ok(self.populations.get_to_change(&id)?.map(|kept| kept.population.clone()))
    }

    /// Makes a population, or writes it where it is.
    pub(crate) fn write_population(&mut self, population: Population) -> Looked<()> {
        let place = match self.populations.get_to_change(&population.id)? {
            Some(kept) => kept.place,
            None => {
                let stored = self.asked.populations_of.get(&PopulationsOf(population.realm))?;
                let made = self.populations.all_changed().filter_map(|(_, kept)| kept);
                let made = made.filter(|kept| kept.population.realm == population.realm);
                let places = stored.iter().map(|(_, place)| *place).chain(made.map(|kept| kept.place));
                places.max().unwrap_or(0) + 1
            }
        };
        self.populations.put(KeptPopulation { population, place });
        Ok(())
    }
}
