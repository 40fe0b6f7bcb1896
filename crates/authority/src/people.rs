//! Users, populations, and how far somebody's standing reaches.
//!
//! What a user may do to others is read at the time of the call.

use std::sync::Arc;

use adieu_core::{
    Ended, NewUser, Origin, Outage, Population, PopulationId, Realm, RealmId, RoleAssignment, Standing, User,
    UserId, UserKey,
};
use adieu_store::DirectoryError;

use crate::Authority;
use crate::hashing::HashError;

/// A user to be made.
#[derive(Clone, Debug, Default)]
pub struct NewPerson {
    /// The name, matched in any letter case.
    pub username: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// The password; without one nobody can sign on.
    pub password: Option<String>,
    /// A JSON object of traits; made of name and address if there are none.
    pub traits: Option<String>,
    /// JSON that everybody may see.
    pub metadata_public: Option<String>,
    /// JSON that administrators may see.
    pub metadata_admin: Option<String>,
    /// What the user may do to others.
    pub roles: Vec<RoleAssignment>,
}

/// Why a user was not made.
#[derive(Debug, thiserror::Error)]
pub enum PersonError {
    /// The directory refused.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The password could not be hashed.
    #[error(transparent)]
    Password(#[from] HashError),
    /// The name is empty or too long.
    #[error("a name has 1 to 255 characters")]
    Name,
}

impl Authority {
    /// Makes a user in a population.
    pub async fn create_user(&self, population: &Population, new: NewPerson) -> Result<User, PersonError> {
        let length = new.username.trim().chars().count();
        if !(1..=255).contains(&length) {
            return Err(PersonError::Name);
        }
        let password = match &new.password {
            Some(password) => Some(self.inner.hashing.hash(password, self.draw()).await?),
            None => None,
        };
        let traits = new.traits.unwrap_or_else(|| {
            let mut traits = serde_json::Map::new();
            if let Some(email) = &new.email {
                traits.insert("email".into(), email.as_str().into());
            }
            traits.insert("username".into(), new.username.as_str().into());
            serde_json::Value::Object(traits).to_string()
        });
        let now = self.now();
        let user = User {
            key: UserKey::from_random(u64::from_be_bytes(self.draw())),
            id: UserId::from_uuid(self.draw_uuid()),
            realm: population.realm,
            population: population.id,
            username: new.username.trim().to_owned(),
            email: new.email,
            enabled: true,
            generation: 0,
            password,
            traits,
            metadata_public: new.metadata_public,
            metadata_admin: new.metadata_admin,
            roles: new.roles,
            created_at: now,
            updated_at: now,
        };
        Ok(self.store().create_user(NewUser { user }).await?)
    }

    /// The user of that id.
    pub async fn user(&self, id: UserId) -> Result<Option<Arc<User>>, Outage> {
        self.inner.store.user(id).get().await
    }

    /// The user whom a name means in a realm.
    pub async fn user_named(&self, realm: RealmId, name: &str) -> Result<Option<Arc<User>>, Outage> {
        self.store().user_named(realm, name).await
    }

    /// Enables or disables a user. Disabling ends all the user's sessions for good: a user who is enabled again signs
    /// on anew (ENDED-STAYS-ENDED).
    pub async fn set_enabled(
        &self,
        id: UserId,
        enabled: bool,
        origin: Origin,
    ) -> Result<Option<Ended>, DirectoryError> {
        self.store().set_enabled(id, enabled, origin, self.now()).await
    }

    /// Makes a population.
    pub async fn create_population(&self, realm: &Realm, name: &str) -> Result<Population, DirectoryError> {
        let id = PopulationId::from_uuid(self.draw_uuid());
        let population = Population { id, realm: realm.id, name: name.to_owned() };
        self.store().create_population(population.clone()).await?;
        Ok(population)
    }

    /// The populations of a realm, oldest first; the first is the default.
    pub async fn populations(&self, realm: RealmId) -> Result<Vec<Population>, Outage> {
        self.store().populations(realm).await
    }

    /// How far these roles reach in a realm.
    pub async fn standing(&self, roles: &[RoleAssignment], realm: RealmId) -> Result<Standing, Outage> {
        if roles.is_empty() {
            return Ok(Standing::Nobody);
        }
        let root = self.root_realm().await?.map_or(realm, |root| root.id);
        Ok(Standing::of(roles, realm, root))
    }
}
