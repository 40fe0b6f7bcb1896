//! Users with their roles, and populations.
//!
//! A password is a hash before it comes here (EMPTY-HANDS).

use adieu_core::{
    AccountLock, CodeSet, Population, PopulationId, RealmId, RecoveryCodes, Role, RoleAssignment, RoleScope,
    Timestamp, User, UserId, Version,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Damaged;

/// A role with its scope.
#[derive(Serialize, Deserialize)]
pub(super) struct RoleDetail {
    role: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    realm: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    population: Option<Uuid>,
}

impl RoleDetail {
    pub(super) fn of(assignment: &RoleAssignment) -> Self {
        let (realm, population) = match &assignment.scope {
            RoleScope::Realm(id) => (Some(id.uuid()), None),
            RoleScope::Population(id) => (None, Some(id.uuid())),
        };
        let role = match assignment.role {
            Role::IdentityDataAdmin => "identity_data_admin",
            Role::IdentityDataReader => "identity_data_reader",
            Role::RealmAdmin => "realm_admin",
            Role::ClientAdmin => "client_admin",
        };
        Self { role: role.into(), realm, population }
    }

    fn complete(self) -> Result<RoleAssignment, Damaged> {
        let scope = match (self.realm, self.population) {
            (Some(id), None) => RoleScope::Realm(RealmId::from_uuid(id)),
            (None, Some(id)) => RoleScope::Population(PopulationId::from_uuid(id)),
            _ => return Err(Damaged("role scope")),
        };
        let role = match self.role.as_str() {
            "identity_data_admin" => Role::IdentityDataAdmin,
            "identity_data_reader" => Role::IdentityDataReader,
            "realm_admin" => Role::RealmAdmin,
            "client_admin" => Role::ClientAdmin,
            _ => return Err(Damaged("role")),
        };
        Ok(RoleAssignment { role, scope })
    }
}

pub(super) fn roles(details: Vec<RoleDetail>) -> Result<Vec<RoleAssignment>, Damaged> {
    details.into_iter().map(RoleDetail::complete).collect()
}

/// A user's recovery codes: the number of the set, and which of it were used when. No code (EMPTY-HANDS).
#[derive(Serialize, Deserialize)]
struct CodesDetail {
    set: Uuid,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    used: Vec<(u8, i64)>,
}

impl CodesDetail {
    fn of(codes: &RecoveryCodes) -> Self {
        Self {
            set: Uuid::from_bytes(codes.set.to_bytes()),
            used: codes.used.iter().map(|(place, at)| (*place, at.ms())).collect(),
        }
    }

    fn complete(self) -> RecoveryCodes {
        RecoveryCodes {
            set: CodeSet::from_bytes(self.set.into_bytes()),
            used: self.used.into_iter().map(|(place, ms)| (place, Timestamp::from_ms(ms))).collect(),
        }
    }
}

/// What of a user is not in columns.
#[derive(Serialize, Deserialize)]
pub struct UserDetail {
    population: Uuid,
    username: String,
    email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    #[serde(default)]
    enabled_at: Option<i64>,
    /// Since when the account is locked, and until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lock: Option<(i64, Option<i64>)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unlocked_at: Option<i64>,
    #[serde(default)]
    forgotten: u64,
    #[serde(default)]
    grants_from: u64,
    /// Whether no session began since all ended together. Of a record from before this was kept it is not known, and one may have.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    nobody_since: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    codes: Option<CodesDetail>,
    traits: String,
    metadata_public: Option<String>,
    metadata_admin: Option<String>,
    roles: Vec<RoleDetail>,
    created_at: i64,
    updated_at: i64,
}

impl UserDetail {
    /// As it is written.
    pub fn of(user: &User) -> Self {
        Self {
            population: user.population.uuid(),
            username: user.username.clone(),
            email: user.email.clone(),
            external_id: user.external_id.clone(),
            enabled_at: Some(user.enabled_at.ms()),
            lock: user.lock.map(|lock| (lock.at.ms(), lock.until.map(Timestamp::ms))),
            unlocked_at: user.unlocked_at.map(Timestamp::ms),
            forgotten: user.forgotten,
            grants_from: user.grants_from,
            nobody_since: !user.signed_on_since,
            codes: user.recovery_codes.as_ref().map(CodesDetail::of),
            traits: user.traits.clone(),
            metadata_public: user.metadata_public.clone(),
            metadata_admin: user.metadata_admin.clone(),
            roles: user.roles.iter().map(RoleDetail::of).collect(),
            created_at: user.created_at.ms(),
            updated_at: user.updated_at.ms(),
        }
    }

    /// As core has it, with what stands in columns.
    pub fn complete(self, user: UserColumns) -> Result<User, Damaged> {
        Ok(User {
            key: user.key,
            id: user.id,
            realm: user.realm,
            population: PopulationId::from_uuid(self.population),
            username: self.username,
            email: self.email,
            external_id: self.external_id,
            enabled: user.enabled,
            enabled_at: Timestamp::from_ms(self.enabled_at.unwrap_or(self.created_at)),
            lock: self.lock.map(lock),
            unlocked_at: self.unlocked_at.map(Timestamp::from_ms),
            generation: user.generation,
            forgotten: self.forgotten,
            grants_from: self.grants_from,
            signed_on_since: !self.nobody_since,
            removed: user.removed,
            password: user.password,
            recovery_codes: self.codes.map(CodesDetail::complete),
            traits: self.traits,
            metadata_public: self.metadata_public,
            metadata_admin: self.metadata_admin,
            roles: roles(self.roles)?,
            version: user.version,
            created_at: Timestamp::from_ms(self.created_at),
            updated_at: Timestamp::from_ms(self.updated_at),
        })
    }
}

fn lock((at, until): (i64, Option<i64>)) -> AccountLock {
    AccountLock { at: Timestamp::from_ms(at), until: until.map(Timestamp::from_ms) }
}

/// What of a user is in columns.
pub struct UserColumns {
    /// Its key.
    pub key: adieu_core::UserKey,
    /// Its id.
    pub id: UserId,
    /// Its realm.
    pub realm: RealmId,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Its generation.
    pub generation: u64,
    /// Whether it was removed.
    pub removed: bool,
    /// The hash of its password.
    pub password: Option<String>,
    /// Its version.
    pub version: Version,
}

/// What of a population is not in columns.
#[derive(Serialize, Deserialize)]
pub struct PopulationDetail {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default)]
    created_at: i64,
    #[serde(default)]
    updated_at: i64,
}

impl PopulationDetail {
    /// As it is written.
    pub fn of(population: &Population) -> Self {
        Self {
            description: population.description.clone(),
            created_at: population.created_at.ms(),
            updated_at: population.updated_at.ms(),
        }
    }

    /// As core has it, with what stands in columns.
    pub fn complete(self, population: Population) -> Population {
        Population {
            description: self.description,
            created_at: Timestamp::from_ms(self.created_at),
            updated_at: Timestamp::from_ms(self.updated_at),
            ..population
        }
    }
}
