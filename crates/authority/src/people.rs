//! Users, populations, and how far somebody's standing reaches.
//!
//! What a user may do to others is read at the time of the call.

use std::fmt;
use std::sync::Arc;

use adieu_core::{
    Ended, NewUser, Origin, Outage, Population, PopulationId, Realm, RealmId, Rights, RoleAssignment,
    Standing, Unwritten, User, UserEdit, UserId, UserKey,
};
use adieu_store::{DirectoryError, Edited};

use crate::Authority;
use crate::end::EndingReach;
use crate::hashing::HashError;

/// Name of the population that every realm begins with.
pub const DEFAULT_POPULATION: &str = "Default";

/// A user to be made. Its `Debug` text shows neither the password nor its hash (EMPTY-HANDS).
#[derive(Clone, Default)]
pub struct NewPerson {
    /// The name, matched in any letter case.
    pub username: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// What another system calls the user.
    pub external_id: Option<String>,
    /// Made, but may not sign on.
    pub disabled: bool,
    /// The password; without one nobody can sign on.
    pub password: Option<String>,
    /// The hash of a password that was chosen elsewhere; it counts where no password is given.
    pub password_hash: Option<String>,
    /// A JSON object of traits; made of name and address if there are none.
    pub traits: Option<String>,
    /// JSON that everybody may see.
    pub metadata_public: Option<String>,
    /// JSON that administrators may see.
    pub metadata_admin: Option<String>,
    /// What the user may do to others.
    pub roles: Vec<RoleAssignment>,
}

impl fmt::Debug for NewPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stars = |secret: &Option<String>| secret.as_ref().map(|_| "***");
        f.debug_struct("NewPerson")
            .field("username", &self.username)
            .field("email", &self.email)
            .field("external_id", &self.external_id)
            .field("disabled", &self.disabled)
            .field("password", &stars(&self.password))
            .field("password_hash", &stars(&self.password_hash))
            .field("traits", &self.traits)
            .field("metadata_public", &self.metadata_public)
            .field("metadata_admin", &self.metadata_admin)
            .field("roles", &self.roles)
            .finish()
    }
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
        self.create_user_as(UserId::from_uuid(self.draw_uuid()), population, new).await
    }

    /// The same with an id that is given: the user has it in another place already.
    pub async fn create_user_as(
        &self,
        id: UserId,
        population: &Population,
        new: NewPerson,
    ) -> Result<User, PersonError> {
        let length = new.username.trim().chars().count();
        if !(1..=255).contains(&length) {
            return Err(PersonError::Name);
        }
        let password = match &new.password {
            Some(password) => Some(self.hash_password(password).await?),
            None => new.password_hash,
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
            id,
            realm: population.realm,
            population: population.id,
            username: new.username.trim().to_owned(),
            email: new.email,
            external_id: new.external_id,
            enabled: !new.disabled,
            enabled_at: now,
            generation: 0,
            forgotten: 0,
            removed: false,
            password,
            recovery_codes: None,
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

    /// The user of a realm with this external id.
    pub async fn user_external(
        &self,
        realm: RealmId,
        external_id: &str,
    ) -> Result<Option<Arc<User>>, Outage> {
        self.store().user_external(realm, external_id).await
    }

    /// The users of a realm in the order of their ids, behind `after`, at most `most`.
    pub async fn users(&self, realm: RealmId, after: Option<UserId>, most: u32) -> Result<Vec<User>, Outage> {
        self.store().users(realm, after, most).await
    }

    /// The hash of a password, at the cost of this installation.
    pub async fn hash_password(&self, password: &str) -> Result<String, HashError> {
        self.inner.hashing.hash(password, self.draw()).await
    }

    /// Changes a user. Disabling ends all the user's sessions for good: a user who is enabled again signs on anew
    /// (ENDED-STAYS-ENDED).
    pub async fn edit_user(
        &self,
        id: UserId,
        edit: UserEdit,
        origin: Origin,
    ) -> Result<Edited, DirectoryError> {
        let channel = origin.channel.clone();
        let edited = self.store().edit_user(id, edit, origin, self.now()).await?;
        if let Some(ended) = &edited.ended {
            EndingReach::USER.log(&channel, ended);
        }
        Ok(edited)
    }

    /// Enables or disables a user; see [`Authority::edit_user`].
    pub async fn set_enabled(
        &self,
        id: UserId,
        enabled: bool,
        origin: Origin,
    ) -> Result<Edited, DirectoryError> {
        self.edit_user(id, UserEdit { enabled: Some(enabled), ..UserEdit::default() }, origin).await
    }

    /// Deletes a user and ends all the user's sessions.
    pub async fn remove_user(&self, id: UserId, origin: Origin) -> Result<Ended, DirectoryError> {
        let channel = origin.channel.clone();
        let ended = self.store().remove_user(id, origin, self.now()).await?;
        EndingReach::USER.log(&channel, &ended);
        Ok(ended)
    }

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
        let (created_at, updated_at) = (self.now(), self.now());
        let name = name.to_owned();
        let population = Population { id, realm, name, description, created_at, updated_at };
        self.store().create_population(population.clone()).await?;
        Ok(population)
    }

    /// The population of that id.
    pub async fn population(&self, id: PopulationId) -> Result<Option<Population>, Outage> {
        self.store().population(id).await
    }

    /// Changes name and description of a population.
    pub async fn edit_population(&self, population: Population) -> Result<Population, DirectoryError> {
        let population = Population { updated_at: self.now(), ..population };
        self.store().edit_population(population.clone()).await?;
        Ok(population)
    }

    /// Removes a population that holds nobody.
    pub async fn remove_population(&self, id: PopulationId) -> Result<(), DirectoryError> {
        self.store().remove_population(id).await
    }

    /// How many users a population holds.
    pub async fn count_users(&self, population: PopulationId) -> Result<u64, Outage> {
        self.store().count_users(population).await
    }

    /// The populations of a realm, oldest first; the first is the default.
    pub async fn populations(&self, realm: RealmId) -> Result<Vec<Population>, Outage> {
        self.store().populations(realm).await
    }

    /// Changes the roles of a user; one change at a time, so that none undoes another.
    pub async fn edit_roles(
        &self,
        id: UserId,
        origin: Origin,
        change: impl FnOnce(&mut Vec<RoleAssignment>) + Send,
    ) -> Result<User, DirectoryError> {
        let _one_at_a_time = self.inner.changes.lock().await;
        let user = self.user(id).await.map_err(Unwritten::NotTaken)?.ok_or(DirectoryError::Unknown)?;
        let mut roles = user.roles.clone();
        change(&mut roles);
        let edit = UserEdit { roles: Some(roles), ..UserEdit::default() };
        Ok(self.edit_user(id, edit, origin).await?.user)
    }

    /// What these roles allow in a realm.
    pub async fn rights(&self, roles: &[RoleAssignment], realm: RealmId) -> Result<Rights, Outage> {
        let root = self.root_realm().await?.map_or(realm, |root| root.id);
        Ok(Rights::of(roles, realm, root))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: EMPTY-HANDS: whoever prints a user that is to be made prints no password.
    #[test]
    fn a_new_person_shows_no_password() {
        let person = NewPerson {
            username: "ada".into(),
            password: Some("Rabbit-hole-11".into()),
            password_hash: Some("$argon2id$x".into()),
            ..NewPerson::default()
        };
        let shown = format!("{person:?}");
        assert!(!shown.contains("Rabbit") && !shown.contains("argon2id"), "{shown}");
        assert!(shown.contains("ada") && shown.contains("password: Some(\"***\")"), "{shown}");
    }
}
