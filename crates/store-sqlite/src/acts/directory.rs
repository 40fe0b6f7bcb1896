//! Realms, populations, users, clients, keys.
//!
//! Names are matched in small letters; a removed client stays behind as the generation of its grants.

use std::sync::Arc;

use adieu_core::directory::matched;
use adieu_core::{
    Act as EndAct, Cause, Client, ClientId, EndOrder, Ended, NewUser, Origin, Outage, Population,
    PopulationId, Realm, RealmId, Target, Timestamp, User, UserId, UserKey,
};
use adieu_store::{Act, Answer, Directory, DirectoryError, StoredKey};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::acts::sessions::end;
use crate::hooks::Place;
use crate::rows::uuid_column;
use crate::writer::Batch;
use crate::{SqliteStore, rows};

fn population_row(row: &Row<'_>) -> rusqlite::Result<Population> {
    Ok(Population {
        id: PopulationId::from_uuid(uuid_column(row, "id")?),
        realm: RealmId::from_uuid(uuid_column(row, "realm")?),
        name: row.get("name")?,
    })
}

fn population(db: &Connection, id: PopulationId) -> rusqlite::Result<Option<Population>> {
    db.prepare_cached("SELECT * FROM population WHERE id = ?1")?
        .query_row([id.uuid().as_bytes()], population_row)
        .optional()
}

fn key_row(row: &Row<'_>) -> rusqlite::Result<StoredKey> {
    Ok(StoredKey {
        realm: RealmId::from_uuid(uuid_column(row, "realm")?),
        kid: row.get("kid")?,
        algorithm: row.get("algorithm")?,
        sealed: row.get("sealed")?,
        created_at: Timestamp::from_ms(row.get("created_at")?),
    })
}

type Written<T> = rusqlite::Result<Result<T, DirectoryError>>;

impl Directory for SqliteStore {
    fn realm(&self, id: RealmId) -> Answer<Result<Option<Arc<Realm>>, Outage>> {
        let key = id.uuid().as_u128();
        if let Some(realm) = self.shared.caches.realms.find(&key) {
            return Answer::Now(Ok(Some(realm)));
        }
        Answer::Later(self.readers.read(move |db, shared, read_at| {
            let realm = rows::realm(db, id)?.map(Arc::new);
            shared.pass(Place::RowsRead);
            if let Some(realm) = &realm {
                shared.caches.realms.fill(key, || Arc::clone(realm), read_at);
            }
            Ok(realm)
        }))
    }

    fn realms(&self) -> Act<Result<Vec<Realm>, Outage>> {
        self.readers.read(|db, _, _| rows::realms(db))
    }

    fn create_realm(&self, realm: Realm) -> Act<Result<(), DirectoryError>> {
        self.writer.write(move |batch| {
            let taken = rows::realms(batch.db)?.iter().any(|r| r.id == realm.id || r.path == realm.path);
            if taken {
                return Ok(Err(DirectoryError::NameTaken));
            }
            batch.write_realm(realm.clone()).map(Ok)
        })
    }

    fn population(&self, id: PopulationId) -> Act<Result<Option<Population>, Outage>> {
        self.readers.read(move |db, _, _| population(db, id))
    }

    fn populations(&self, realm: RealmId) -> Act<Result<Vec<Population>, Outage>> {
        self.readers.read(move |db, _, _| {
            db.prepare_cached("SELECT * FROM population WHERE realm = ?1 ORDER BY seq")?
                .query_map([realm.uuid().as_bytes()], population_row)?
                .collect()
        })
    }

    fn create_population(&self, new: Population) -> Act<Result<(), DirectoryError>> {
        self.writer.write(move |batch| {
            if rows::realm(batch.db, new.realm)?.is_none() {
                return Ok(Err(DirectoryError::Unknown));
            }
            if population(batch.db, new.id)?.is_some() {
                return Ok(Err(DirectoryError::NameTaken));
            }
            batch.db.execute(
                "INSERT INTO population(id, realm, name) VALUES (?1, ?2, ?3)",
                params![new.id.uuid().as_bytes(), new.realm.uuid().as_bytes(), new.name],
            )?;
            Ok(Ok(()))
        })
    }

    fn user(&self, id: UserId) -> Answer<Result<Option<Arc<User>>, Outage>> {
        let key = id.uuid().as_u128();
        if let Some(user) = self.shared.caches.users.find(&key) {
            return Answer::Now(Ok(Some(user)));
        }
        Answer::Later(self.readers.read(move |db, shared, read_at| {
            let user = rows::user(db, id)?.map(Arc::new);
            shared.pass(Place::RowsRead);
            if let Some(user) = &user {
                shared.caches.users.fill(key, || Arc::clone(user), read_at);
            }
            Ok(user)
        }))
    }

    fn user_named(&self, realm: RealmId, name: &str) -> Act<Result<Option<Arc<User>>, Outage>> {
        let name = matched(name);
        self.readers.read(move |db, _, _| Ok(rows::user_named(db, realm, &name)?.map(Arc::new)))
    }

    fn create_user(&self, new: NewUser) -> Act<Result<User, DirectoryError>> {
        self.writer.write(move |batch| create_user(batch, &new))
    }

    fn set_enabled(
        &self,
        id: UserId,
        enabled: bool,
        origin: Origin,
        now: Timestamp,
    ) -> Act<Result<Option<Ended>, DirectoryError>> {
        self.writer.write(move |batch| set_enabled(batch, id, enabled, &origin, now))
    }

    fn set_password(&self, id: UserId, hash: String, now: Timestamp) -> Act<Result<(), DirectoryError>> {
        self.writer.write(move |batch| {
            let Some(user) = rows::user(batch.db, id)? else { return Ok(Err(DirectoryError::Unknown)) };
            batch.write_user(User { password: Some(hash.clone()), updated_at: now, ..user }).map(Ok)
        })
    }

    fn client(&self, id: &ClientId) -> Answer<Result<Option<Arc<Client>>, Outage>> {
        if let Some(client) = self.shared.caches.clients.find(id) {
            return Answer::Now(Ok(Some(client)));
        }
        let id = id.clone();
        Answer::Later(self.readers.read(move |db, shared, read_at| {
            let found = rows::client(db, &id)?.filter(|(_, removed)| !removed);
            let client = found.map(|(client, _)| Arc::new(client));
            shared.pass(Place::RowsRead);
            if let Some(client) = &client {
                shared.caches.clients.fill(id.clone(), || Arc::clone(client), read_at);
            }
            Ok(client)
        }))
    }

    fn clients(&self, realm: RealmId) -> Act<Result<Vec<Client>, Outage>> {
        self.readers.read(move |db, _, _| rows::clients(db, realm))
    }

    fn put_client(&self, client: Client) -> Act<Result<(), DirectoryError>> {
        self.writer.write(move |batch| {
            let generation = match rows::client(batch.db, &client.id)? {
                Some((other, _)) if other.realm != client.realm => return Ok(Err(DirectoryError::NameTaken)),
                // A client that comes back starts above every grant of its first life.
                Some((before, removed)) => before.generation + u64::from(removed),
                None => client.generation,
            };
            batch.write_client(Client { generation, ..client.clone() }, false).map(Ok)
        })
    }

    fn remove_client(&self, id: &ClientId) -> Act<Result<(), DirectoryError>> {
        let id = id.clone();
        self.writer.write(move |batch| match rows::client(batch.db, &id)? {
            Some((client, false)) => batch.write_client(client, true).map(Ok),
            Some((_, true)) | None => Ok(Err(DirectoryError::Unknown)),
        })
    }

    fn keys(&self, realm: RealmId) -> Act<Result<Vec<StoredKey>, Outage>> {
        self.readers.read(move |db, _, _| {
            db.prepare_cached("SELECT * FROM signing_key WHERE realm = ?1 ORDER BY created_at, kid")?
                .query_map([realm.uuid().as_bytes()], key_row)?
                .collect()
        })
    }

    fn add_key(&self, key: StoredKey) -> Act<Result<(), DirectoryError>> {
        self.writer.write(move |batch| {
            batch.db.execute(
                "INSERT OR REPLACE INTO signing_key(realm, kid, algorithm, sealed, created_at)
                    VALUES (?1, ?2, ?3, ?4, ?5)",
                params![key.realm.uuid().as_bytes(), key.kid, key.algorithm, key.sealed, key.created_at.ms()],
            )?;
            Ok(Ok(()))
        })
    }
}

fn create_user(batch: &mut Batch<'_>, new: &NewUser) -> Written<User> {
    let db = batch.db;
    let wanted = &new.user;
    if population(db, wanted.population)?.is_none_or(|p| p.realm != wanted.realm) {
        return Ok(Err(DirectoryError::Unknown));
    }
    let names = wanted.names();
    for name in &names {
        if rows::name_taken(db, wanted.realm, name)? {
            return Ok(Err(DirectoryError::NameTaken));
        }
    }
    if rows::user(db, wanted.id)?.is_some() {
        return Ok(Err(DirectoryError::NameTaken));
    }
    // The key must be nobody's, neither a user's nor a session's nor a tombstone's.
    let mut key = wanted.key;
    while rows::key_in_use(db, key)? {
        key = UserKey::from_random(key.number() + 1);
    }
    let user = User { key, ..wanted.clone() };
    for name in &names {
        rows::write_name(db, &user, name)?;
    }
    batch.write_user(user.clone())?;
    Ok(Ok(user))
}

/// Disabling ends all the user's sessions in the same transaction, on the same road (ONE-ROAD).
fn set_enabled(
    batch: &mut Batch<'_>,
    id: UserId,
    enabled: bool,
    origin: &Origin,
    now: Timestamp,
) -> Written<Option<Ended>> {
    let Some(user) = rows::user(batch.db, id)? else { return Ok(Err(DirectoryError::Unknown)) };
    batch.write_user(User { enabled, updated_at: now, ..user })?;
    if enabled {
        return Ok(Ok(None));
    }
    let order = EndOrder {
        realm: None,
        target: Target::User(id),
        act: EndAct::End,
        cause: Cause::UserDisabled,
        spare: None,
        origin: origin.clone(),
    };
    Ok(end(batch, &order, now)?.map(Some).map_err(|_| DirectoryError::Unknown))
}
