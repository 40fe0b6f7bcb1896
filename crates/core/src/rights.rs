//! Who may ask: roles, their scopes, and how far a caller's standing reaches in a realm.
//!
//! A role on a population reaches the users that are in it at the time of the call. A role on the root realm
//! reaches every realm (`ARCHITECTURE.md`, realms).

use crate::ids::{PopulationId, RealmId};

/// What somebody may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// May read and end the sessions of the users in scope.
    IdentityDataAdmin,
}

/// Over whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleScope {
    /// Every user of a realm.
    Realm(RealmId),
    /// The users of one population.
    Population(PopulationId),
}

/// A role with its scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleAssignment {
    /// The role.
    pub role: Role,
    /// Its reach.
    pub scope: RoleScope,
}

/// How far a caller's standing reaches in one realm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody there.
    Nobody,
    /// An administrator of these populations.
    OfPopulations(Vec<PopulationId>),
    /// An administrator of the whole realm.
    OfRealm,
}

impl Standing {
    /// The standing that `roles` give in `realm`; `root` is the realm of the installation's administrators.
    pub fn of(roles: &[RoleAssignment], realm: RealmId, root: RealmId) -> Self {
        let mut populations = Vec::new();
        for RoleAssignment { role: Role::IdentityDataAdmin, scope } in roles {
            match *scope {
                RoleScope::Realm(over) if over == realm || over == root => return Self::OfRealm,
                RoleScope::Realm(_) => {}
                RoleScope::Population(population) => populations.push(population),
            }
        }
        if populations.is_empty() { Self::Nobody } else { Self::OfPopulations(populations) }
    }

    /// Whether it reaches a user of that population.
    pub fn reaches(&self, population: PopulationId) -> bool {
        match self {
            Self::Nobody => false,
            Self::OfPopulations(own) => own.contains(&population),
            Self::OfRealm => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn realm(n: u128) -> RealmId {
        RealmId::from_uuid(Uuid::from_u128(n))
    }

    fn population(n: u128) -> PopulationId {
        PopulationId::from_uuid(Uuid::from_u128(n))
    }

    fn admin(scope: RoleScope) -> RoleAssignment {
        RoleAssignment { role: Role::IdentityDataAdmin, scope }
    }

    #[test]
    fn a_role_reaches_its_scope_and_no_further() {
        let root = realm(1);
        let here = realm(2);
        let of = |roles: &[RoleAssignment]| Standing::of(roles, here, root);
        assert_eq!(of(&[]), Standing::Nobody);
        assert_eq!(of(&[admin(RoleScope::Realm(realm(3)))]), Standing::Nobody, "another realm's");
        assert_eq!(of(&[admin(RoleScope::Realm(here))]), Standing::OfRealm);
        assert_eq!(of(&[admin(RoleScope::Realm(root))]), Standing::OfRealm, "the installation's");
        let some = of(&[admin(RoleScope::Population(population(7)))]);
        assert!(some.reaches(population(7)));
        assert!(!some.reaches(population(8)));
        assert!(!Standing::Nobody.reaches(population(7)));
    }
}
