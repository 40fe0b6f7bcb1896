//! The JSON of detail columns, translated by hand from and to core's facts.
//!
//! Domain types do not serialize: renaming a field of core never changes what lies on disk. Short names, because
//! every session carries them.

use std::collections::BTreeMap;

use adieu_core::{
    Actor, Cause, Client, ClientAuth, ClientId, Device, Door, Grant, GrantId, Method, PopulationId, RealmId,
    Refresh, Role, RoleAssignment, RoleScope, Session, SessionId, Span, Timestamp, TokenHash, Tombstone,
    User, UserId,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::Damaged;

pub(crate) fn to_json(record: &impl Serialize) -> String {
    serde_json::to_string(record).expect("records have text keys and finite numbers")
}

pub(crate) fn from_json<T: DeserializeOwned>(text: &str, what: &'static str) -> rusqlite::Result<T> {
    serde_json::from_str(text).map_err(|_| Damaged::row(what))
}

pub(crate) fn hash(bytes: Vec<u8>) -> rusqlite::Result<TokenHash> {
    bytes.try_into().map(TokenHash::from_bytes).map_err(|_| Damaged::row("token hash"))
}

fn hex(hash: TokenHash) -> String {
    hash.to_bytes().iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> rusqlite::Result<TokenHash> {
    let digit = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Option<Vec<u8>> = (0..32).map(|n| digit(n * 2)).collect();
    bytes.ok_or_else(|| Damaged::row("hash")).and_then(hash)
}

/// What of a session is not in columns.
#[derive(Serialize, Deserialize)]
pub(crate) struct SessionDetail {
    r: Uuid,
    u: Uuid,
    o: i64,
    a: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    i: Option<i64>,
    m: Vec<(String, i64)>,
    d: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ua: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    loc: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    p: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    c: Vec<String>,
}

impl SessionDetail {
    pub(crate) fn of(session: &Session) -> Self {
        Self {
            r: session.realm.uuid(),
            u: session.user.uuid(),
            o: session.opened_at.ms(),
            a: session.authenticated_at.ms(),
            i: session.idle.map(Span::ms),
            m: session.methods.iter().map(|m| (m.name.to_string(), m.at.ms())).collect(),
            d: session.door.0.to_string(),
            ip: session.device.address.clone(),
            ua: session.device.user_agent.clone(),
            loc: session.device.location.clone(),
            p: session.properties.clone(),
            c: session.participants.iter().map(ToString::to_string).collect(),
        }
    }

    pub(crate) fn realm(&self) -> RealmId {
        RealmId::from_uuid(self.r)
    }

    /// Fills in what `session` has beside its columns.
    pub(crate) fn complete(self, session: Session) -> rusqlite::Result<Session> {
        let at = Timestamp::from_ms;
        Ok(Session {
            realm: self.realm(),
            user: UserId::from_uuid(self.u),
            opened_at: at(self.o),
            authenticated_at: at(self.a),
            idle: self.i.map(Span::from_ms),
            methods: self.m.into_iter().map(|(name, ms)| Method { name: name.into(), at: at(ms) }).collect(),
            door: Door(self.d.into()),
            device: Device { address: self.ip, user_agent: self.ua, location: self.loc },
            properties: self.p,
            participants: clients(&self.c)?,
            ..session
        })
    }
}

fn clients(names: &[String]) -> rusqlite::Result<Vec<ClientId>> {
    names.iter().map(|name| name.parse().map_err(|_| Damaged::row("client id"))).collect()
}

/// What of a tombstone is not in columns.
#[derive(Serialize, Deserialize)]
pub(crate) struct TombstoneDetail {
    id: Uuid,
    r: Uuid,
    u: Uuid,
    o: i64,
    why: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    who: Option<String>,
    d: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    c: Vec<String>,
}

impl TombstoneDetail {
    pub(crate) fn of(tombstone: &Tombstone) -> Self {
        Self {
            id: Uuid::from_bytes(tombstone.id.to_bytes()),
            r: tombstone.realm.uuid(),
            u: tombstone.user.uuid(),
            o: tombstone.opened_at.ms(),
            why: tombstone.cause.word().into(),
            who: actor(&tombstone.cause),
            d: tombstone.door.0.to_string(),
            c: tombstone.participants.iter().map(ToString::to_string).collect(),
        }
    }

    pub(crate) fn complete(
        self,
        place: (adieu_core::Locator, adieu_core::Incarnation),
        token_hash: TokenHash,
        ended_at: Timestamp,
    ) -> rusqlite::Result<Tombstone> {
        Ok(Tombstone {
            id: SessionId::from_bytes(self.id.into_bytes()),
            locator: place.0,
            incarnation: place.1,
            realm: RealmId::from_uuid(self.r),
            user: UserId::from_uuid(self.u),
            token_hash,
            opened_at: Timestamp::from_ms(self.o),
            ended_at,
            cause: cause(&self.why, self.who.as_deref())?,
            door: Door(self.d.into()),
            participants: clients(&self.c)?,
        })
    }
}

fn actor(cause: &Cause) -> Option<String> {
    match cause {
        Cause::Administrator(Actor::Client(id)) => Some(format!("client {id}")),
        Cause::Administrator(Actor::User(id)) => Some(format!("user {id}")),
        Cause::Administrator(Actor::Operator) => Some("operator".into()),
        _ => None,
    }
}

fn cause(why: &str, who: Option<&str>) -> rusqlite::Result<Cause> {
    let bad = || Damaged::row("cause");
    Ok(match (why, who) {
        ("sign_off", _) => Cause::SignOff,
        ("user_disabled", _) => Cause::UserDisabled,
        ("password_changed", _) => Cause::PasswordChanged,
        ("idle", _) => Cause::Idle,
        ("expired", _) => Cause::Expired,
        ("ended_with_others", _) => Cause::EndedWithOthers,
        ("administrator", Some("operator")) => Cause::Administrator(Actor::Operator),
        ("administrator", Some(who)) => Cause::Administrator(match who.split_once(' ') {
            Some(("client", id)) => Actor::Client(id.parse().map_err(|_| bad())?),
            Some(("user", id)) => Actor::User(id.parse().map_err(|_| bad())?),
            _ => return Err(bad()),
        }),
        _ => return Err(bad()),
    })
}

/// A role with its scope.
#[derive(Serialize, Deserialize)]
struct RoleDetail {
    role: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    realm: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    population: Option<Uuid>,
}

impl RoleDetail {
    fn of(assignment: &RoleAssignment) -> Self {
        let RoleAssignment { role: Role::IdentityDataAdmin, scope } = assignment;
        let (realm, population) = match scope {
            RoleScope::Realm(id) => (Some(id.uuid()), None),
            RoleScope::Population(id) => (None, Some(id.uuid())),
        };
        Self { role: "identity_data_admin".into(), realm, population }
    }

    fn complete(self) -> rusqlite::Result<RoleAssignment> {
        let scope = match (self.realm, self.population) {
            (Some(id), None) => RoleScope::Realm(RealmId::from_uuid(id)),
            (None, Some(id)) => RoleScope::Population(PopulationId::from_uuid(id)),
            _ => return Err(Damaged::row("role scope")),
        };
        match self.role.as_str() {
            "identity_data_admin" => Ok(RoleAssignment { role: Role::IdentityDataAdmin, scope }),
            _ => Err(Damaged::row("role")),
        }
    }
}

fn roles(details: Vec<RoleDetail>) -> rusqlite::Result<Vec<RoleAssignment>> {
    details.into_iter().map(RoleDetail::complete).collect()
}

/// What of a user is not in columns.
#[derive(Serialize, Deserialize)]
pub(crate) struct UserDetail {
    population: Uuid,
    username: String,
    email: Option<String>,
    traits: String,
    metadata_public: Option<String>,
    metadata_admin: Option<String>,
    roles: Vec<RoleDetail>,
    created_at: i64,
    updated_at: i64,
}

impl UserDetail {
    pub(crate) fn of(user: &User) -> Self {
        Self {
            population: user.population.uuid(),
            username: user.username.clone(),
            email: user.email.clone(),
            traits: user.traits.clone(),
            metadata_public: user.metadata_public.clone(),
            metadata_admin: user.metadata_admin.clone(),
            roles: user.roles.iter().map(RoleDetail::of).collect(),
            created_at: user.created_at.ms(),
            updated_at: user.updated_at.ms(),
        }
    }

    pub(crate) fn complete(self, user: UserColumns) -> rusqlite::Result<User> {
        Ok(User {
            key: user.key,
            id: user.id,
            realm: user.realm,
            population: PopulationId::from_uuid(self.population),
            username: self.username,
            email: self.email,
            enabled: user.enabled,
            generation: user.generation,
            password: user.password,
            traits: self.traits,
            metadata_public: self.metadata_public,
            metadata_admin: self.metadata_admin,
            roles: roles(self.roles)?,
            created_at: Timestamp::from_ms(self.created_at),
            updated_at: Timestamp::from_ms(self.updated_at),
        })
    }
}

/// What of a user is in columns.
pub(crate) struct UserColumns {
    pub(crate) key: adieu_core::UserKey,
    pub(crate) id: UserId,
    pub(crate) realm: RealmId,
    pub(crate) enabled: bool,
    pub(crate) generation: u64,
    pub(crate) password: Option<String>,
}

/// What of a client is not in columns.
#[derive(Serialize, Deserialize)]
pub(crate) struct ClientDetail {
    name: String,
    enabled: bool,
    auth: String,
    code: bool,
    refresh: bool,
    client_credentials: bool,
    pkce_required: bool,
    redirect_uris: Vec<String>,
    post_logout_redirect_uris: Vec<String>,
    access_life: i64,
    refresh_life: i64,
    roles: Vec<RoleDetail>,
    created_at: i64,
}

impl ClientDetail {
    pub(crate) fn of(client: &Client) -> Self {
        let auth = match client.auth {
            ClientAuth::None => "none",
            ClientAuth::Basic => "client_secret_basic",
            ClientAuth::Post => "client_secret_post",
        };
        Self {
            name: client.name.clone(),
            enabled: client.enabled,
            auth: auth.into(),
            code: client.code,
            refresh: client.refresh,
            client_credentials: client.client_credentials,
            pkce_required: client.pkce_required,
            redirect_uris: client.redirect_uris.clone(),
            post_logout_redirect_uris: client.post_logout_redirect_uris.clone(),
            access_life: client.access_life.ms(),
            refresh_life: client.refresh_life.ms(),
            roles: client.roles.iter().map(RoleDetail::of).collect(),
            created_at: client.created_at.ms(),
        }
    }

    pub(crate) fn complete(
        self,
        id: ClientId,
        realm: RealmId,
        generation: u64,
        secret: Option<TokenHash>,
    ) -> rusqlite::Result<Client> {
        let auth = match self.auth.as_str() {
            "none" => ClientAuth::None,
            "client_secret_basic" => ClientAuth::Basic,
            "client_secret_post" => ClientAuth::Post,
            _ => return Err(Damaged::row("client authentication")),
        };
        Ok(Client {
            id,
            realm,
            name: self.name,
            enabled: self.enabled,
            auth,
            secret,
            code: self.code,
            refresh: self.refresh,
            client_credentials: self.client_credentials,
            pkce_required: self.pkce_required,
            redirect_uris: self.redirect_uris,
            post_logout_redirect_uris: self.post_logout_redirect_uris,
            access_life: Span::from_ms(self.access_life),
            refresh_life: Span::from_ms(self.refresh_life),
            roles: roles(self.roles)?,
            generation,
            created_at: Timestamp::from_ms(self.created_at),
        })
    }
}

/// A grant, but for its number.
#[derive(Serialize, Deserialize)]
pub(crate) struct GrantDetail {
    r: Uuid,
    c: String,
    g: u64,
    u: Uuid,
    s: Uuid,
    e: u32,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pkce: Option<String>,
    code: String,
    code_x: i64,
    used: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    rt: Option<(String, String, i64)>,
    dead: bool,
    x: i64,
}

impl GrantDetail {
    pub(crate) fn of(grant: &Grant) -> Self {
        Self {
            r: grant.realm.uuid(),
            c: grant.client.to_string(),
            g: grant.client_generation,
            u: grant.user.uuid(),
            s: Uuid::from_bytes(grant.session.to_bytes()),
            e: grant.epoch,
            scope: grant.scope.clone(),
            nonce: grant.nonce.clone(),
            at: grant.auth_time.ms(),
            uri: grant.redirect_uri.clone(),
            pkce: grant.challenge.clone(),
            code: hex(grant.code),
            code_x: grant.code_expires_at.ms(),
            used: grant.redeemed,
            rt: grant.refresh.map(|r| (hex(r.family), hex(r.current), r.expires_at.ms())),
            dead: grant.revoked,
            x: grant.expires_at.ms(),
        }
    }

    pub(crate) fn complete(self, id: GrantId) -> rusqlite::Result<Grant> {
        let at = Timestamp::from_ms;
        let refresh = match self.rt {
            None => None,
            Some((family, current, ms)) => {
                Some(Refresh { family: unhex(&family)?, current: unhex(&current)?, expires_at: at(ms) })
            }
        };
        Ok(Grant {
            id,
            realm: RealmId::from_uuid(self.r),
            client: self.c.parse().map_err(|_| Damaged::row("client id"))?,
            client_generation: self.g,
            user: UserId::from_uuid(self.u),
            session: SessionId::from_bytes(self.s.into_bytes()),
            epoch: self.e,
            scope: self.scope,
            nonce: self.nonce,
            auth_time: at(self.at),
            redirect_uri: self.uri,
            challenge: self.pkce,
            code: unhex(&self.code)?,
            code_expires_at: at(self.code_x),
            redeemed: self.used,
            refresh,
            revoked: self.dead,
            expires_at: at(self.x),
        })
    }
}
