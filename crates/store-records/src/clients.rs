//! Clients.
//!
//! Their secrets lie in a column, as hashes; so does the one before beside the rest (EMPTY-HANDS).

use adieu_core::{
    Client, ClientAuth, ClientId, ClientJwks, ClientSigning, JoseAlgorithm, PreviousSecret, RealmId, Span,
    Timestamp, TokenHash, Version,
};
use serde::{Deserialize, Serialize};

use crate::Damaged;
use crate::grants::RevokedTokenDetail;
use crate::people::{RoleDetail, roles};

/// What of a client is not in columns.
#[derive(Serialize, Deserialize)]
pub struct ClientDetail {
    name: String,
    enabled: bool,
    auth: String,
    code: bool,
    refresh: bool,
    client_credentials: bool,
    pkce_required: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    api_scopes: Vec<String>,
    redirect_uris: Vec<String>,
    post_logout_redirect_uris: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origins: Option<Vec<String>>,
    #[serde(default)]
    outlives_session: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    require_consent: bool,
    #[serde(default, skip_serializing_if = "is_zero")]
    identity_generation: u64,
    #[serde(default)]
    offline_generation: u64,
    #[serde(default)]
    ends_by_id_token: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    backchannel_logout_uri: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    backchannel_logout_session_required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    frontchannel_logout_uri: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    frontchannel_logout_session_required: bool,
    access_life: i64,
    refresh_life: i64,
    roles: Vec<RoleDetail>,
    created_at: i64,
    #[serde(default)]
    updated_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_scopes: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    acr: Option<String>,
    /// A JWK Set, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    jwks: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    jwks_uri: Option<String>,
    /// How its ID tokens are signed, if otherwise than usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id_token_alg: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    userinfo_alg: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request_object_alg: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    assertion_alg: Option<String>,
    #[serde(default)]
    secret_version: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous_secret: Option<PreviousSecretDetail>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    revoked: Vec<RevokedTokenDetail>,
}

/// A secret before the present one: its hash, and the milliseconds at which it counts no more.
#[derive(Serialize, Deserialize)]
struct PreviousSecretDetail([u8; 32], i64);

impl PreviousSecretDetail {
    fn of(previous: PreviousSecret) -> Self {
        Self(previous.secret.to_bytes(), previous.until.ms())
    }

    fn complete(self) -> PreviousSecret {
        PreviousSecret { secret: TokenHash::from_bytes(self.0), until: Timestamp::from_ms(self.1) }
    }
}

impl ClientDetail {
    /// As it is written.
    pub fn of(client: &Client) -> Self {
        let auth = match client.auth {
            ClientAuth::None => "none",
            ClientAuth::Basic => "client_secret_basic",
            ClientAuth::Post => "client_secret_post",
            ClientAuth::PrivateKey => "private_key_jwt",
        };
        Self {
            name: client.name.clone(),
            enabled: client.enabled,
            auth: auth.into(),
            code: client.code,
            refresh: client.refresh,
            client_credentials: client.client_credentials,
            pkce_required: client.pkce_required,
            api_scopes: client.api_scopes.clone(),
            redirect_uris: client.redirect_uris.clone(),
            post_logout_redirect_uris: client.post_logout_redirect_uris.clone(),
            origins: client.origins.clone(),
            outlives_session: client.outlives_session,
            identity_generation: client.identity_generation,
            offline_generation: client.offline_generation,
            require_consent: client.require_consent,
            ends_by_id_token: client.ends_by_id_token,
            backchannel_logout_uri: client.backchannel_logout_uri.clone(),
            backchannel_logout_session_required: client.backchannel_logout_session_required,
            frontchannel_logout_uri: client.frontchannel_logout_uri.clone(),
            frontchannel_logout_session_required: client.frontchannel_logout_session_required,
            access_life: client.access_life.ms(),
            refresh_life: client.refresh_life.ms(),
            roles: client.roles.iter().map(RoleDetail::of).collect(),
            created_at: client.created_at.ms(),
            updated_at: Some(client.updated_at.ms()),
            user_scopes: client.user_scopes.clone(),
            acr: client.acr.clone(),
            jwks: client.signing.jwks.as_ref().map(|jwks| jwks.as_str().to_owned()),
            jwks_uri: client.signing.jwks_uri.clone(),
            id_token_alg: Some(client.signing.id_token)
                .filter(|alg| *alg != JoseAlgorithm::default())
                .map(|alg| alg.name().to_owned()),
            userinfo_alg: client.signing.userinfo.map(|alg| alg.name().to_owned()),
            request_object_alg: client.signing.request_object.map(|alg| alg.name().to_owned()),
            assertion_alg: client.signing.assertion.map(|alg| alg.name().to_owned()),
            secret_version: client.secret_version,
            previous_secret: client.previous_secret.map(PreviousSecretDetail::of),
            revoked: client.revoked_tokens.iter().map(RevokedTokenDetail::of).collect(),
        }
    }

    /// As core has it, with what stands in columns.
    pub fn complete(self, client: ClientColumns) -> Result<Client, Damaged> {
        let auth = match self.auth.as_str() {
            "none" => ClientAuth::None,
            "client_secret_basic" => ClientAuth::Basic,
            "client_secret_post" => ClientAuth::Post,
            "private_key_jwt" => ClientAuth::PrivateKey,
            _ => return Err(Damaged("client authentication")),
        };
        Ok(Client {
            id: client.id,
            realm: client.realm,
            name: self.name,
            enabled: self.enabled,
            auth,
            secret: client.secret,
            code: self.code,
            refresh: self.refresh,
            client_credentials: self.client_credentials,
            pkce_required: self.pkce_required,
            api_scopes: self.api_scopes,
            redirect_uris: self.redirect_uris,
            post_logout_redirect_uris: self.post_logout_redirect_uris,
            origins: self.origins,
            outlives_session: self.outlives_session,
            identity_generation: self.identity_generation,
            offline_generation: self.offline_generation,
            require_consent: self.require_consent,
            ends_by_id_token: self.ends_by_id_token,
            backchannel_logout_uri: self.backchannel_logout_uri,
            backchannel_logout_session_required: self.backchannel_logout_session_required,
            frontchannel_logout_uri: self.frontchannel_logout_uri,
            frontchannel_logout_session_required: self.frontchannel_logout_session_required,
            access_life: Span::from_ms(self.access_life),
            refresh_life: Span::from_ms(self.refresh_life),
            roles: roles(self.roles)?,
            signing: ClientSigning {
                jwks: self.jwks.map(ClientJwks::from_checked),
                jwks_uri: self.jwks_uri,
                id_token: algorithm(self.id_token_alg)?.unwrap_or_default(),
                userinfo: algorithm(self.userinfo_alg)?,
                request_object: algorithm(self.request_object_alg)?,
                assertion: algorithm(self.assertion_alg)?,
            },
            user_scopes: self.user_scopes,
            acr: self.acr,
            secret_version: self.secret_version,
            previous_secret: self.previous_secret.map(PreviousSecretDetail::complete),
            generation: client.generation,
            revoked_tokens: self.revoked.into_iter().map(RevokedTokenDetail::complete).collect(),
            version: client.version,
            created_at: Timestamp::from_ms(self.created_at),
            updated_at: Timestamp::from_ms(self.updated_at.unwrap_or(self.created_at)),
        })
    }
}

fn is_zero(generation: &u64) -> bool {
    *generation == 0
}

fn algorithm(name: Option<String>) -> Result<Option<JoseAlgorithm>, Damaged> {
    let read = |name: String| JoseAlgorithm::named(&name).ok_or(Damaged("client algorithm"));
    name.map(read).transpose()
}

/// What of a client is in columns.
pub struct ClientColumns {
    /// Its id.
    pub id: ClientId,
    /// Its realm.
    pub realm: RealmId,
    /// Its generation.
    pub generation: u64,
    /// The hash of its secret.
    pub secret: Option<TokenHash>,
    /// Its version.
    pub version: Version,
}
