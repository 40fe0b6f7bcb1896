//! Realms and populations as they will be, by the names that a document uses.
//!
//! A population's name means one in its realm; where it does not, the id must be given.

use std::collections::BTreeMap;

use adieu_authority::{PopulationId, RealmId, RoleAssignment, RoleScope};

use crate::document::RoleDoc;
use crate::error::DocumentFault;
use crate::facts::Facts;
use crate::words::{ROLES, role_word};

pub(super) struct Places {
    realms: BTreeMap<String, RealmId>,
    /// In the order in which they were made.
    populations: Vec<Place>,
}

struct Place {
    id: PopulationId,
    realm: RealmId,
    name: String,
}

impl Places {
    pub(super) fn of(facts: &Facts) -> Self {
        let realms = facts.realms.iter().map(|of| (of.realm.path.clone(), of.realm.id)).collect();
        let populations = facts.realms.iter().flat_map(|of| &of.populations);
        let place =
            |p: &adieu_authority::Population| Place { id: p.id, realm: p.realm, name: p.name.clone() };
        Self { realms, populations: populations.map(place).collect() }
    }

    pub(super) fn has_realm(&self, id: RealmId) -> bool {
        self.realms.values().any(|known| *known == id)
    }

    pub(super) fn add_realm(&mut self, id: RealmId, path: &str) {
        self.realms.insert(path.to_owned(), id);
    }

    pub(super) fn add_population(&mut self, id: PopulationId, realm: RealmId, name: &str) {
        self.populations.push(Place { id, realm, name: name.to_owned() });
    }

    pub(super) fn rename_population(&mut self, id: PopulationId, name: &str) {
        for place in self.populations.iter_mut().filter(|place| place.id == id) {
            name.clone_into(&mut place.name);
        }
    }

    pub(super) fn remove_population(&mut self, id: PopulationId) {
        self.populations.retain(|place| place.id != id);
    }

    pub(super) fn realm_of(&self, id: PopulationId) -> Option<RealmId> {
        self.populations.iter().find(|place| place.id == id).map(|place| place.realm)
    }

    /// What a population is called, or its id where it is gone.
    pub(super) fn name_of(&self, id: PopulationId) -> String {
        let found = self.populations.iter().find(|place| place.id == id);
        found.map_or_else(|| id.to_string(), |place| place.name.clone())
    }

    /// Where users go of whom nothing else is said.
    pub(super) fn default_of(&self, realm: RealmId) -> Result<PopulationId, DocumentFault> {
        let first = self.populations.iter().find(|place| place.realm == realm);
        first.map(|place| place.id).ok_or(DocumentFault::NoPopulation)
    }

    /// The population of a realm that a name or an id means.
    pub(super) fn population(&self, realm: RealmId, text: &str) -> Result<PopulationId, DocumentFault> {
        let here = || self.populations.iter().filter(|place| place.realm == realm);
        let by_id = text.parse::<PopulationId>().ok().filter(|id| here().any(|place| place.id == *id));
        let by_name: Vec<_> = here().filter(|place| place.name == text).collect();
        match (by_id, by_name.as_slice()) {
            (Some(id), _) => Ok(id),
            (None, [one]) => Ok(one.id),
            (None, []) => Err(DocumentFault::UnknownPopulation(text.to_owned())),
            (None, _) => Err(DocumentFault::AmbiguousPopulation(text.to_owned())),
        }
    }

    /// What roles mean that are given in a realm. What reaches nothing any more is taken from whoever `held` it already.
    pub(super) fn roles(
        &self,
        realm: RealmId,
        docs: &[RoleDoc],
        held: &[RoleAssignment],
    ) -> Result<Vec<RoleAssignment>, DocumentFault> {
        docs.iter().map(|doc| self.role(realm, doc, held)).collect()
    }

    fn role(
        &self,
        own: RealmId,
        doc: &RoleDoc,
        held: &[RoleAssignment],
    ) -> Result<RoleAssignment, DocumentFault> {
        let Some(role) = ROLES.into_iter().find(|role| role_word(*role) == doc.role.replace('_', "-")) else {
            let known = ROLES.map(role_word).join(", ");
            return Err(DocumentFault::UnknownRole { role: doc.role.clone(), known });
        };
        let holds = |scope| {
            let assignment = RoleAssignment { role, scope };
            held.contains(&assignment).then_some(assignment)
        };
        let realm = match &doc.realm {
            None => own,
            Some(text) => match self.realms.get(text) {
                Some(id) => *id,
                None => {
                    let held = text.parse().ok().and_then(|id| holds(RoleScope::Realm(id)));
                    return held.ok_or_else(|| DocumentFault::UnknownRealm(text.clone()));
                }
            },
        };
        let Some(text) = &doc.population else {
            return Ok(RoleAssignment { role, scope: RoleScope::Realm(realm) });
        };
        match self.population(realm, text) {
            Ok(id) => Ok(RoleAssignment { role, scope: RoleScope::Population(id) }),
            Err(error) => text.parse().ok().and_then(|id| holds(RoleScope::Population(id))).ok_or(error),
        }
    }
}
