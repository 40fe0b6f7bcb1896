//! Users: made and read, and how far somebody's standing reaches.
//!
//! What a user may do to others is read at the time of the call.

use std::fmt;
use std::sync::Arc;

use adieu_core::names::matched;
use adieu_core::{
    AccountLock, DirectoryError, NewUser, Outage, Population, RealmId, Rights, RoleAssignment, Standing,
    User, UserId, UserKey, Version, WeakPassword, username_is_sound,
};
use adieu_workers::WorkSource;

use crate::Authority;
use crate::hashing::HashError;
use crate::user_traits;

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
    /// Made with a locked account.
    pub locked: bool,
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
            .field("locked", &self.locked)
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
    /// The rules of the realm do not allow the password.
    #[error("the password can't be set: {0}")]
    Weak(#[from] WeakPassword),
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
        self.create_user_in_line(WorkSource::SERVER, id, population, new).await
    }

    /// The same, where a password waits in this line to be hashed.
    pub(crate) async fn create_user_in_line(
        &self,
        line: WorkSource,
        id: UserId,
        population: &Population,
        new: NewPerson,
    ) -> Result<User, PersonError> {
        // Before the password is hashed, which takes long.
        username_is_sound(None, &new.username).map_err(DirectoryError::from)?;
        let password = match &new.password {
            Some(password) => {
                let names: Vec<_> = std::iter::once(new.username.clone()).chain(new.email.clone()).collect();
                Some(self.hash_in_line(line, population.realm, &names, password).await?)
            }
            None => new.password_hash,
        };
        let traits = new.traits.unwrap_or_else(|| {
            user_traits::of_new(serde_json::Map::new(), &new.username, new.email.as_deref())
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
            lock: new.locked.then_some(AccountLock { at: now, until: None }),
            unlocked_at: None,
            generation: 0,
            forgotten: 0,
            grants_from: 0,
            signed_on_since: false,
            removed: false,
            password,
            recovery_codes: None,
            traits,
            metadata_public: new.metadata_public,
            metadata_admin: new.metadata_admin,
            roles: new.roles,
            version: Version::FIRST,
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

    /// The user whose address this is, in any spelling. A name may look like an address, and is none.
    pub async fn user_with_email(&self, realm: RealmId, email: &str) -> Result<Option<Arc<User>>, Outage> {
        let is_theirs = |user: &Arc<User>| user.email.as_deref().map(matched) == Some(matched(email));
        Ok(self.user_named(realm, email).await?.filter(is_theirs))
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

    /// Those of these ids that belong to users who were removed: nobody gets them again.
    pub async fn removed_users(&self, ids: Vec<UserId>) -> Result<Vec<UserId>, Outage> {
        self.store().removed_users(ids).await
    }

    /// The hash of the password that a user has, made anew, in the user's own line.
    pub(crate) async fn hash_own_password(&self, user: UserId, password: &str) -> Result<String, HashError> {
        self.inner.hashing.hash(WorkSource::of(user.uuid().as_u128()), password, self.draw()).await
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
