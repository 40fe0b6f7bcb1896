//! Realms, populations, clients, signing keys.
//!
//! Who only reads a realm, a population or a client for a decision shares its row with others who do.

use std::sync::Arc;

use adieu_core::{
    Client, ClientId, Population, PopulationId, Realm, RealmId, SecondFactorRule, StoredClient, Timestamp,
    Version,
};
use adieu_store::StoredKey;
use adieu_store_records::{ClientColumns, ClientDetail, Damaged, PopulationDetail, from_json, hash, to_json};

use crate::rows::realm_value;
use crate::shared::Ciphers;
use crate::working::{ColumnKind, Columns, Kept, Lock, StoreQuestion, Value};

/// A realm's row.
#[derive(Clone, Debug)]
pub(crate) struct KeptRealm {
    pub(crate) realm: Arc<Realm>,
    /// Endings in this realm stand in lines behind this tick from now on.
    pub(crate) line_floor: u64,
}

impl Kept for KeptRealm {
    type Key = RealmId;
    const TABLE: &'static str = "realm";
    const KEY: &'static [(&'static str, ColumnKind)] = &[("id", ColumnKind::Bytes)];
    const REST: &'static [(&'static str, ColumnKind)] = &[
        ("path", ColumnKind::Text),
        ("generation", ColumnKind::Int),
        ("second_factor", ColumnKind::Text),
        ("subscribers", ColumnKind::Int),
        ("created_at", ColumnKind::Int),
        ("line_floor", ColumnKind::Int),
    ];
    const LOCK: Option<Lock> = Some(Lock::Shared);

    fn key(&self) -> RealmId {
        self.realm.id
    }

    fn key_values(key: &RealmId) -> Vec<Value> {
        vec![realm_value(*key)]
    }

    fn read_key(columns: &mut Columns<'_>) -> Result<RealmId, Damaged> {
        columns.realm()
    }

    fn read(id: RealmId, columns: &mut Columns<'_>, _: &Ciphers) -> Result<Self, Damaged> {
        let realm = Realm {
            id,
            path: columns.text("path")?.to_owned(),
            generation: columns.number("generation")?,
            second_factor: SecondFactorRule::read(columns.text("rule of a realm")?)
                .ok_or(Damaged("rule of a realm"))?,
            subscribers: columns.small("number of subscribers")?,
            created_at: columns.time("realm")?,
        };
        Ok(Self { realm: Arc::new(realm), line_floor: columns.number("line")? })
    }

    fn values(&self) -> Vec<Value> {
        let realm = &self.realm;
        vec![
            Value::text(&realm.path),
            Value::number(realm.generation),
            Value::text(realm.second_factor.word()),
            Value::Int(realm.subscribers.into()),
            Value::time(realm.created_at),
            Value::number(self.line_floor),
        ]
    }
}

/// The ids of all realms, by path.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AllRealms;

impl StoreQuestion for AllRealms {
    type Answer = Vec<RealmId>;
    const SQL: &'static str =
        "SELECT q.n, realm.id FROM unnest($1::bigint[]) AS q(n), realm ORDER BY q.n, realm.path";
    const KINDS: &'static [ColumnKind] = &[];

    fn values(&self) -> Vec<Value> {
        vec![]
    }

    fn read(&self, answer: &mut Vec<RealmId>, columns: &mut Columns<'_>, _: &Ciphers) -> Result<(), Damaged> {
        answer.push(columns.realm()?);
        Ok(())
    }
}

/// A population's row.
#[derive(Clone, Debug)]
pub(crate) struct KeptPopulation {
    pub(crate) population: Population,
    /// Its place in the list of its realm: the oldest first.
    pub(crate) place: u64,
}

impl Kept for KeptPopulation {
    type Key = PopulationId;
    const TABLE: &'static str = "population";
    const KEY: &'static [(&'static str, ColumnKind)] = &[("id", ColumnKind::Bytes)];
    const REST: &'static [(&'static str, ColumnKind)] = &[
        ("realm", ColumnKind::Bytes),
        ("place", ColumnKind::Int),
        ("name", ColumnKind::Text),
        ("version", ColumnKind::Int),
        ("detail", ColumnKind::Text),
    ];
    const LOCK: Option<Lock> = Some(Lock::Shared);

    fn key(&self) -> PopulationId {
        self.population.id
    }

    fn key_values(key: &PopulationId) -> Vec<Value> {
        vec![Value::uuid(key.uuid())]
    }

    fn read_key(columns: &mut Columns<'_>) -> Result<PopulationId, Damaged> {
        columns.uuid("population id").map(PopulationId::from_uuid)
    }

    fn read(id: PopulationId, columns: &mut Columns<'_>, _: &Ciphers) -> Result<Self, Damaged> {
        let realm = columns.realm()?;
        let place = columns.number("population")?;
        let name = columns.text("population")?.to_owned();
        let version = Version::from_stored(columns.number("version")?);
        let detail: PopulationDetail = from_json(columns.text("population")?, "population")?;
        let zero = Timestamp::default();
        let of_columns =
            Population { id, realm, name, description: None, version, created_at: zero, updated_at: zero };
        Ok(Self { population: detail.complete(of_columns), place })
    }

    fn values(&self) -> Vec<Value> {
        let Self { population, place } = self;
        vec![
            realm_value(population.realm),
            Value::number(*place),
            Value::text(&population.name),
            Value::number(population.version.number()),
            Value::Text(to_json(&PopulationDetail::of(population))),
        ]
    }
}

/// The populations of a realm with their places, oldest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PopulationsOf(pub(crate) RealmId);

impl StoreQuestion for PopulationsOf {
    type Answer = Vec<(PopulationId, u64)>;
    const SQL: &'static str =
        "SELECT q.n, p.id, p.place FROM unnest($1::bigint[], $2::bytea[]) AS q(n, realm)
        JOIN population p ON p.realm = q.realm ORDER BY q.n, p.place, p.id";
    const KINDS: &'static [ColumnKind] = &[ColumnKind::Bytes];

    fn values(&self) -> Vec<Value> {
        vec![realm_value(self.0)]
    }

    fn read(&self, answer: &mut Self::Answer, columns: &mut Columns<'_>, _: &Ciphers) -> Result<(), Damaged> {
        let id = columns.uuid("population id").map(PopulationId::from_uuid)?;
        answer.push((id, columns.number("population")?));
        Ok(())
    }
}

/// How many users a population holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UsersIn(pub(crate) PopulationId);

impl StoreQuestion for UsersIn {
    type Answer = u64;
    const SQL: &'static str = "SELECT q.n, count(*) FROM unnest($1::bigint[], $2::bytea[]) AS q(n, id)
        JOIN person u ON u.population = q.id AND u.removed = 0 GROUP BY q.n";
    const KINDS: &'static [ColumnKind] = &[ColumnKind::Bytes];

    fn values(&self) -> Vec<Value> {
        vec![Value::uuid(self.0.uuid())]
    }

    fn read(&self, answer: &mut u64, columns: &mut Columns<'_>, _: &Ciphers) -> Result<(), Damaged> {
        *answer = columns.number("count")?;
        Ok(())
    }
}

/// A client's row, removed or not.
#[derive(Clone, Debug)]
pub(crate) struct KeptClient(pub(crate) StoredClient);

impl Kept for KeptClient {
    type Key = ClientId;
    const TABLE: &'static str = "client";
    const KEY: &'static [(&'static str, ColumnKind)] = &[("id", ColumnKind::Text)];
    const REST: &'static [(&'static str, ColumnKind)] = &[
        ("realm", ColumnKind::Bytes),
        ("generation", ColumnKind::Int),
        ("removed", ColumnKind::Int),
        ("secret", ColumnKind::Bytes),
        ("version", ColumnKind::Int),
        ("told", ColumnKind::Int),
        ("detail", ColumnKind::Text),
    ];
    const LOCK: Option<Lock> = Some(Lock::Shared);

    fn key(&self) -> ClientId {
        self.0.client.id.clone()
    }

    fn key_values(key: &ClientId) -> Vec<Value> {
        vec![Value::text(key.as_str())]
    }

    fn read_key(columns: &mut Columns<'_>) -> Result<ClientId, Damaged> {
        columns.text("client id")?.parse().map_err(|_| Damaged("client id"))
    }

    fn read(id: ClientId, columns: &mut Columns<'_>, _: &Ciphers) -> Result<Self, Damaged> {
        let (realm, generation) = (columns.realm()?, columns.number("generation")?);
        let removed = columns.flag("client")?;
        let secret = columns.bytes_or_none("client secret")?.map(hash).transpose()?;
        let version = Version::from_stored(columns.number("version")?);
        let _told = columns.int("client")?;
        let detail: ClientDetail = from_json(columns.text("client")?, "client")?;
        let client = detail.complete(ClientColumns { id, realm, generation, secret, version })?;
        Ok(Self(StoredClient { client, removed }))
    }

    fn values(&self) -> Vec<Value> {
        let StoredClient { client, removed } = &self.0;
        vec![
            realm_value(client.realm),
            Value::number(client.generation),
            Value::flag(*removed),
            Value::or_null(client.secret.map(|hash| Value::Bytes(hash.to_bytes().to_vec()))),
            Value::number(client.version.number()),
            // Who has an address is told of endings.
            Value::flag(!removed && client.backchannel_logout_uri.is_some()),
            Value::Text(to_json(&ClientDetail::of(client))),
        ]
    }
}

/// The clients of a realm that were not removed, by id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ClientsOf(pub(crate) RealmId);

impl StoreQuestion for ClientsOf {
    type Answer = Vec<Client>;
    const SQL: &'static str =
        "SELECT q.n, c.id, c.realm, c.generation, c.removed, c.secret, c.version, c.told, c.detail
        FROM unnest($1::bigint[], $2::bytea[]) AS q(n, realm)
        JOIN client c ON c.realm = q.realm AND c.removed = 0 ORDER BY q.n, c.id";
    const KINDS: &'static [ColumnKind] = &[ColumnKind::Bytes];

    fn values(&self) -> Vec<Value> {
        vec![realm_value(self.0)]
    }

    fn read(
        &self,
        answer: &mut Vec<Client>,
        columns: &mut Columns<'_>,
        ciphers: &Ciphers,
    ) -> Result<(), Damaged> {
        let id = KeptClient::read_key(columns)?;
        answer.push(KeptClient::read(id, columns, ciphers)?.0.client);
        Ok(())
    }
}

/// A signing key's row.
#[derive(Clone)]
pub(crate) struct KeptKey(pub(crate) StoredKey);

impl Kept for KeptKey {
    type Key = (RealmId, String);
    const TABLE: &'static str = "signing_key";
    const KEY: &'static [(&'static str, ColumnKind)] =
        &[("realm", ColumnKind::Bytes), ("kid", ColumnKind::Text)];
    const REST: &'static [(&'static str, ColumnKind)] = &[
        ("algorithm", ColumnKind::Text),
        ("sealed", ColumnKind::Bytes),
        ("created_at", ColumnKind::Int),
        ("signs_from", ColumnKind::Int),
    ];
    const LOOSE: bool = true;

    fn key(&self) -> Self::Key {
        (self.0.realm, self.0.kid.clone())
    }

    fn key_values((realm, kid): &Self::Key) -> Vec<Value> {
        vec![realm_value(*realm), Value::text(kid)]
    }

    fn read_key(columns: &mut Columns<'_>) -> Result<Self::Key, Damaged> {
        Ok((columns.realm()?, columns.text("signing key")?.to_owned()))
    }

    fn read((realm, kid): Self::Key, columns: &mut Columns<'_>, _: &Ciphers) -> Result<Self, Damaged> {
        Ok(Self(StoredKey {
            realm,
            kid,
            algorithm: columns.text("signing key")?.to_owned(),
            sealed: columns.bytes("signing key")?.to_vec(),
            created_at: columns.time("signing key")?,
            signs_from: columns.time("signing key")?,
        }))
    }

    fn values(&self) -> Vec<Value> {
        vec![
            Value::text(&self.0.algorithm),
            Value::Bytes(self.0.sealed.clone()),
            Value::time(self.0.created_at),
            Value::time(self.0.signs_from),
        ]
    }
}

/// The signing keys of a realm, oldest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeysOf(pub(crate) RealmId);

impl StoreQuestion for KeysOf {
    type Answer = Vec<StoredKey>;
    const SQL: &'static str = "SELECT q.n, k.realm, k.kid, k.algorithm, k.sealed, k.created_at, k.signs_from
        FROM unnest($1::bigint[], $2::bytea[]) AS q(n, realm)
        JOIN signing_key k ON k.realm = q.realm ORDER BY q.n, k.created_at, k.kid";
    const KINDS: &'static [ColumnKind] = &[ColumnKind::Bytes];

    fn values(&self) -> Vec<Value> {
        vec![realm_value(self.0)]
    }

    fn read(
        &self,
        answer: &mut Vec<StoredKey>,
        columns: &mut Columns<'_>,
        ciphers: &Ciphers,
    ) -> Result<(), Damaged> {
        let key = KeptKey::read_key(columns)?;
        answer.push(KeptKey::read(key, columns, ciphers)?.0);
        Ok(())
    }
}
