//! Who may ask: roles, their scopes, and how far a caller's standing reaches in a realm.
//!
//! A role on a population reaches the users that are in it at the time of the call. A role on the root realm
//! reaches every realm (`ARCHITECTURE.md`, realms).

use crate::ids::{PopulationId, RealmId, UserId};

/// What somebody may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// May read and change the users in scope, and read and end their sessions.
    IdentityDataAdmin,
    /// May read the users in scope and their sessions.
    IdentityDataReader,
    /// May change what a realm is made of: populations, clients, policies, roles. Not the users in it.
    RealmAdmin,
    /// May change the clients of a realm.
    ClientAdmin,
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
    /// The standing over users that `roles` give in `realm`; `root` is the realm of the installation's administrators.
    pub fn of(roles: &[RoleAssignment], realm: RealmId, root: RealmId) -> Self {
        Self::by(&[Role::IdentityDataAdmin], roles, realm, root)
    }

    /// The same for other roles.
    fn by(which: &[Role], roles: &[RoleAssignment], realm: RealmId, root: RealmId) -> Self {
        let mut populations = Vec::new();
        for assignment in roles.iter().filter(|assignment| which.contains(&assignment.role)) {
            match assignment.scope {
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

/// Whose sessions an order may end: those of the users whom a role reaches when it is carried out, and one user's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserReach {
    /// How far the caller's roles reach.
    pub standing: Standing,
    /// The user who may do it to themselves.
    pub own: Option<UserId>,
}

impl UserReach {
    /// Whether it reaches a user who is in that population; of whom nothing is left is in none.
    pub fn reaches(&self, user: UserId, population: Option<PopulationId>) -> bool {
        let by_role = match population {
            Some(population) => self.standing.reaches(population),
            None => self.is_whole(),
        };
        by_role || self.own == Some(user)
    }

    /// Whether it reaches everybody of the realm.
    pub fn is_whole(&self) -> bool {
        self.standing == Standing::OfRealm
    }
}

/// Everything that a caller may do in one realm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Whose data and sessions may be changed.
    pub data: Standing,
    /// Whose data and sessions may be read.
    pub reading: Standing,
    /// Whether what the realm is made of may be changed, its clients included.
    pub realm: bool,
    /// Whether its clients may be changed.
    pub clients: bool,
}

impl Rights {
    /// What `roles` give in `realm`. Only a whole realm can be administered, never a population of it.
    pub fn of(roles: &[RoleAssignment], realm: RealmId, root: RealmId) -> Self {
        let all = |which: &[Role]| Standing::by(which, roles, realm, root) == Standing::OfRealm;
        Self {
            data: Standing::of(roles, realm, root),
            reading: Standing::by(&[Role::IdentityDataAdmin, Role::IdentityDataReader], roles, realm, root),
            realm: all(&[Role::RealmAdmin]),
            clients: all(&[Role::RealmAdmin, Role::ClientAdmin]),
        }
    }

    /// Whether there are none.
    pub fn are_none(&self) -> bool {
        self.reading == Standing::Nobody && !self.realm && !self.clients
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

    /// Goal: no role gives what another one is for.
    #[test]
    fn each_role_gives_its_own_rights() {
        let (root, here) = (realm(1), realm(2));
        let of = |role, scope| Rights::of(&[RoleAssignment { role, scope }], here, root);
        let admin = of(Role::RealmAdmin, RoleScope::Realm(root));
        assert!(admin.realm && admin.clients && admin.reading == Standing::Nobody);
        let clients = of(Role::ClientAdmin, RoleScope::Realm(here));
        assert!(!clients.realm && clients.clients && clients.reading == Standing::Nobody);
        let reader = of(Role::IdentityDataReader, RoleScope::Realm(here));
        assert_eq!((&reader.data, &reader.reading), (&Standing::Nobody, &Standing::OfRealm));
        let data = of(Role::IdentityDataAdmin, RoleScope::Realm(here));
        assert!(data.data == Standing::OfRealm && data.reading == Standing::OfRealm && !data.realm);
        assert!(of(Role::RealmAdmin, RoleScope::Realm(realm(3))).are_none());
        assert!(of(Role::RealmAdmin, RoleScope::Population(population(7))).are_none());
        assert!(Rights::of(&[], here, root).are_none());
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
