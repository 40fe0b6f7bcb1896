//! Registration: strangers make themselves users, where the rule of the realm allows it.
//!
//! Every try counts against its address like a sign-on, and waits in its address' line to be hashed
//! (ONE-SLOW-HURTS-NONE). Nobody is signed on here.

use adieu_core::{Device, DirectoryError, Outage, OwnName, Realm, User, UserId, own_username_is_sound};

use crate::Authority;
use crate::people::{NewPerson, PersonError};
use crate::sign_on::SignOnFailure;
use crate::throttle::Account;
use crate::verified::own_traits_are_sound;

/// Why nobody was registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The realm takes no strangers.
    #[error("nobody registers in this realm")]
    Off,
    /// What keeps from signing on keeps from this, too: it was tried too often, or too much waits.
    #[error(transparent)]
    SignOn(#[from] SignOnFailure),
    /// The user can't be as they are said to be.
    #[error(transparent)]
    Person(#[from] PersonError),
}

impl From<Outage> for RegisterError {
    fn from(outage: Outage) -> Self {
        Self::Person(crate::hashing::HashError::Outage(outage).into())
    }
}

impl Authority {
    /// Whether strangers make themselves users of a realm.
    pub fn registers(&self, realm: &Realm) -> bool {
        self.policy().registration_in(&realm.path)
    }

    /// Makes a stranger a user of the realm's first population. A name that is taken counts as a failure: whoever looks for
    /// names finds few.
    pub async fn register(
        &self,
        realm: &Realm,
        device: &Device,
        new: NewPerson,
    ) -> Result<User, RegisterError> {
        if !self.registers(realm) {
            return Err(RegisterError::Off);
        }
        own_username_is_sound(None, OwnName { username: &new.username, email: new.email.as_deref() })
            .map_err(|fault| PersonError::Directory(fault.into()))?;
        if let Some(traits) = &new.traits {
            own_traits_are_sound(None, traits).map_err(PersonError::Directory)?;
        }
        let tried = self.inner.throttle.take_registration(device.address.as_deref(), self.now());
        let tried = tried.map_err(SignOnFailure::from)?;
        let account = Account::registration(realm.id, &new.username, tried.network());
        let tried = tried.at(account, || self.now()).await.map_err(SignOnFailure::from)?;
        let home = self.populations(realm.id).await?.into_iter().next();
        let home = home.ok_or(PersonError::Directory(DirectoryError::Unknown))?;
        let id = UserId::from_uuid(self.draw_uuid());
        match self.create_user_in_line(tried.source(), id, &home, new).await {
            Ok(user) => {
                tried.succeeded(self.now());
                tracing::info!(user = %user.id, realm = realm.path, "registered");
                Ok(user)
            }
            Err(error @ PersonError::Directory(DirectoryError::Taken(_))) => {
                tried.failed(self.now());
                Err(error.into())
            }
            Err(error) => Err(error.into()),
        }
    }
}
