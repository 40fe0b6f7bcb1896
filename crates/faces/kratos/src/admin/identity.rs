//! An identity as an administrator writes it, and its credentials as one reads them. Contract kratos.md 2.7; K-53.
//!
//! Unknown members are refused. Passwords come clear or as hashes made elsewhere.

use adieu_authority::{User, is_known_hash};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::error::KratosError;
use crate::face::Face;
use crate::flow::known_traits;
use crate::members::fold_at;
use crate::wire::time;

/// The longest external id that is taken.
const EXTERNAL_ID_MAX: usize = 255;

/// The names of members by where they stand: `traits` and metadata are free.
const MEMBERS: [(&[&str], &[&str]); 4] = [
    (
        &[],
        &[
            "schema_id",
            "traits",
            "credentials",
            "metadata_public",
            "metadata_admin",
            "state",
            "external_id",
            "verifiable_addresses",
            "recovery_addresses",
            "organization_id",
        ],
    ),
    (&["credentials"], &["password", "oidc", "saml"]),
    (&["credentials", "password"], &["config"]),
    (&["credentials", "password", "config"], &["password", "hashed_password", "use_password_migration_hook"]),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IdentityBody {
    pub(super) schema_id: String,
    /// None are looked at like empty ones: the schema says what is missing.
    #[serde(default = "nothing")]
    pub(super) traits: Value,
    pub(super) credentials: Option<CredentialsBody>,
    pub(super) metadata_public: Option<Value>,
    pub(super) metadata_admin: Option<Value>,
    pub(super) state: Option<String>,
    pub(super) external_id: Option<String>,
    /// Addresses follow from the traits; these are read and not kept.
    #[serde(rename = "verifiable_addresses")]
    _verifiable_addresses: Option<Vec<Value>>,
    #[serde(rename = "recovery_addresses")]
    _recovery_addresses: Option<Vec<Value>>,
    #[serde(rename = "organization_id")]
    organization_id: Option<Value>,
}

fn nothing() -> Value {
    json!({})
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CredentialsBody {
    password: Option<PasswordBody>,
    /// Social and SAML links, which name accounts elsewhere, are refused where they are not empty.
    oidc: Option<Value>,
    saml: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PasswordBody {
    config: Option<PasswordConfig>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PasswordConfig {
    password: Option<String>,
    hashed_password: Option<String>,
    #[serde(default)]
    use_password_migration_hook: bool,
}

/// What an identity is to be.
pub(super) struct IdentityInput {
    pub(super) username: String,
    pub(super) email: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) traits: String,
    pub(super) metadata_public: Option<String>,
    pub(super) metadata_admin: Option<String>,
    pub(super) enabled: bool,
    /// A new password, if the body brings one.
    pub(super) password: Option<PasswordInput>,
}

/// A password on its way in. No `Debug`: one of them is clear.
pub(super) enum PasswordInput {
    Clear(String),
    Hashed(String),
}

impl IdentityBody {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, KratosError> {
        Self::read(
            serde_json::from_slice(bytes).map_err(|error| KratosError::unparseable(error.to_string()))?,
        )
    }

    /// The same of JSON that was read already.
    pub(super) fn read(mut body: Value) -> Result<Self, KratosError> {
        for (path, names) in MEMBERS {
            fold_at(&mut body, path, names);
        }
        serde_json::from_value(body).map_err(|error| KratosError::unparseable(error.to_string()))
    }

    /// Whether a password has to be hashed for it.
    pub(super) fn has_clear_password(&self) -> bool {
        let config = self.credentials.as_ref().and_then(|all| all.password.as_ref()?.config.as_ref());
        config.is_some_and(|config| config.password.is_some())
    }

    /// Checks everything that needs no store, of a new identity or of one that is there. Of that only what changes is held against
    /// the schema, and its names change with its traits.
    pub(super) fn wanted(self, face: &Face, now: Option<&User>) -> Result<IdentityInput, KratosError> {
        if self.schema_id != face.schema.id {
            return Err(KratosError::malformed("There is no identity schema of that name."));
        }
        if self.organization_id.is_some_and(|id| !id.is_null()) {
            return Err(KratosError::malformed("Organizations are not supported."));
        }
        let known = now.map(known_traits);
        if let Some(fault) = face.schema.fault(known.as_ref(), &self.traits) {
            return Err(KratosError::malformed(fault));
        }
        let external_id = self.external_id.filter(|id| !id.is_empty());
        if external_id.as_ref().is_some_and(|id| id.len() > EXTERNAL_ID_MAX) {
            return Err(KratosError::malformed("The external id is too long."));
        }
        let names = face.schema.names(&self.traits);
        let (username, email) = match now {
            None => {
                let named = names.username.clone().or_else(|| names.email.clone());
                (named.unwrap_or_else(|| face.drawn_name()), names.email)
            }
            Some(user) => {
                let before = face.schema.names(known.as_ref().unwrap_or(&Value::Null));
                let username = before.username_after(&names, &user.username);
                let email = before.email_after(&names);
                (
                    username.unwrap_or_else(|| user.username.clone()),
                    email.unwrap_or_else(|| user.email.clone()),
                )
            }
        };
        Ok(IdentityInput {
            username,
            email,
            external_id,
            traits: self.traits.to_string(),
            metadata_public: kept(self.metadata_public),
            metadata_admin: kept(self.metadata_admin),
            enabled: is_active(self.state.as_deref())?,
            password: self.credentials.map(CredentialsBody::secret).transpose()?.flatten(),
        })
    }
}

impl CredentialsBody {
    fn secret(self) -> Result<Option<PasswordInput>, KratosError> {
        let empty =
            |links: &Option<Value>| links.as_ref().is_none_or(|links| *links == json!({}) || links.is_null());
        if !empty(&self.oidc) || !empty(&self.saml) {
            return Err(KratosError::malformed("Credentials of other providers are not supported."));
        }
        let Some(config) = self.password.and_then(|password| password.config) else { return Ok(None) };
        if config.use_password_migration_hook {
            return Err(KratosError::malformed("There is no hook to ask for a password elsewhere."));
        }
        match (config.password, config.hashed_password) {
            (Some(_), Some(_)) => Err(KratosError::malformed("Give a password or its hash, not both.")),
            (Some(clear), None) if clear.is_empty() => Err(KratosError::malformed("The password is empty.")),
            (Some(clear), None) => Ok(Some(PasswordInput::Clear(clear))),
            (None, Some(hash)) if is_known_hash(&hash) => Ok(Some(PasswordInput::Hashed(hash))),
            (None, Some(_)) => {
                Err(KratosError::malformed("The hash is of no known kind, or costs too much."))
            }
            (None, None) => Ok(None),
        }
    }
}

/// JSON that is kept; null is nothing.
pub(super) fn kept(value: Option<Value>) -> Option<String> {
    value.filter(|value| !value.is_null()).map(|value| value.to_string())
}

pub(super) fn is_active(state: Option<&str>) -> Result<bool, KratosError> {
    match state.unwrap_or_default() {
        "" | "active" => Ok(true),
        "inactive" => Ok(false),
        other => Err(KratosError::refused(
            "identity state is not valid",
            format!("The state {other:?} is none of `active` and `inactive`."),
        )),
    }
}

/// What an administrator sees of a user's credentials; the hash only where it is asked for by name.
pub(super) fn credentials(user: &User, with_config: bool) -> Value {
    let mut all = Map::new();
    if let Some(hash) = &user.password {
        let mut password = json!({"type": "password", "identifiers": user.names()});
        if with_config {
            password["config"] = json!({"hashed_password": hash});
        }
        password["version"] = 0.into();
        password["created_at"] = time(user.created_at);
        password["updated_at"] = time(user.updated_at);
        all.insert("password".into(), password);
    }
    if user.recovery_codes.is_some() {
        // Their codes are shown to their user and to nobody else.
        let codes = json!({"type": "lookup_secret", "identifiers": [user.id.to_string()], "version": 0,
            "created_at": time(user.created_at), "updated_at": time(user.updated_at)});
        all.insert("lookup_secret".into(), codes);
    }
    Value::Object(all)
}
