//! Realms, populations, users, clients, keys.
//!
//! Names are matched in small letters; a removed client stays behind as the generation of its grants.

use std::sync::Arc;

use adieu_core::directory::matched;
use adieu_core::{
    Cause, Client, ClientId, EndKind, EndOrder, EndTarget, Ended, NewUser, Origin, Outage, PasswordRenewal,
    Population, PopulationId, Realm, RealmId, Timestamp, Unwritten, User, UserEdit, UserId, UserKey,
    decide_renew_password,
};
use adieu_store::{Directory, DirectoryError, Edited, Lookup, Pending, StoredKey};
use rusqlite::{Connection, Row, params};

use crate::acts::sessions::end;
use crate::error::Damaged;
use crate::hooks::Place;
use crate::rows::uuid_column;
use crate::writer::Batch;
use crate::{SqliteStore, rows};

fn key_row(row: &Row<'_>) -> rusqlite::Result<StoredKey> {
    Ok(StoredKey {
        realm: RealmId::from_uuid(uuid_column(row, "realm")?),
        kid: row.get("kid")?,
        algorithm: row.get("algorithm")?,
        sealed: row.get("sealed")?,
        created_at: Timestamp::from_ms(row.get("created_at")?),
        signs_from: Timestamp::from_ms(row.get("signs_from")?),
    })
}

type Written<T> = rusqlite::Result<Result<T, DirectoryError>>;

impl Directory for SqliteStore {
    fn realm(&self, id: RealmId) -> Lookup<Result<Option<Arc<Realm>>, Outage>> {
        let key = id.uuid().as_u128();
        if let Some(realm) = self.shared.caches.realms.find(&key) {
            return Lookup::Now(Ok(Some(realm)));
        }
        Lookup::Later(self.readers.read(move |db, shared, read_at| {
            let realm = rows::realm(db, id)?.map(Arc::new);
            shared.pass(Place::RowsRead);
            if let Some(realm) = &realm {
                shared.caches.realms.fill(key, || Arc::clone(realm), read_at);
            }
            Ok(realm)
        }))
    }

    fn realms(&self) -> Pending<Result<Vec<Realm>, Outage>> {
        self.readers.read(|db, _, _| rows::realms(db))
    }

    fn create_realm(&self, realm: Realm) -> Pending<Result<(), DirectoryError>> {
        self.writer.write(move |batch| {
            let taken = rows::realms(batch.db)?.iter().any(|r| r.id == realm.id || r.path == realm.path);
            if taken {
                return Ok(Err(DirectoryError::NameTaken));
            }
            batch.write_realm(realm.clone()).map(Ok)
        })
    }

    fn population(&self, id: PopulationId) -> Pending<Result<Option<Population>, Outage>> {
        self.readers.read(move |db, _, _| rows::population(db, id))
    }

    fn populations(&self, realm: RealmId) -> Pending<Result<Vec<Population>, Outage>> {
        self.readers.read(move |db, _, _| rows::populations(db, realm))
    }

    fn create_population(&self, new: Population) -> Pending<Result<(), DirectoryError>> {
        self.writer.write(move |batch| {
            if rows::realm(batch.db, new.realm)?.is_none() {
                return Ok(Err(DirectoryError::Unknown));
            }
            if rows::population(batch.db, new.id)?.is_some() {
                return Ok(Err(DirectoryError::NameTaken));
            }
            rows::write_population(batch.db, &new).map(Ok)
        })
    }

    fn edit_population(&self, population: Population) -> Pending<Result<(), DirectoryError>> {
        self.writer.write(move |batch| match rows::population(batch.db, population.id)? {
            Some(before) if before.realm == population.realm => {
                let next = Population { created_at: before.created_at, ..population.clone() };
                rows::write_population(batch.db, &next).map(Ok)
            }
            Some(_) | None => Ok(Err(DirectoryError::Unknown)),
        })
    }

    fn remove_population(&self, id: PopulationId) -> Pending<Result<(), DirectoryError>> {
        self.writer.write(move |batch| {
            if rows::population(batch.db, id)?.is_none() {
                return Ok(Err(DirectoryError::Unknown));
            }
            if rows::count_users(batch.db, id)? > 0 {
                return Ok(Err(DirectoryError::NotEmpty));
            }
            rows::drop_population(batch.db, id).map(Ok)
        })
    }

    fn count_users(&self, population: PopulationId) -> Pending<Result<u64, Outage>> {
        self.readers.read(move |db, _, _| rows::count_users(db, population))
    }

    fn user(&self, id: UserId) -> Lookup<Result<Option<Arc<User>>, Outage>> {
        let key = id.uuid().as_u128();
        if let Some(user) = self.shared.caches.users.find(&key) {
            return Lookup::Now(Ok(Some(user).filter(|user| !user.removed)));
        }
        Lookup::Later(self.readers.read(move |db, shared, read_at| {
            let user = rows::user(db, id)?.map(Arc::new);
            shared.pass(Place::RowsRead);
            if let Some(user) = &user {
                shared.caches.users.fill(key, || Arc::clone(user), read_at);
            }
            Ok(user.filter(|user| !user.removed))
        }))
    }

    fn user_named(&self, realm: RealmId, name: &str) -> Pending<Result<Option<Arc<User>>, Outage>> {
        let name = matched(name);
        self.readers.read(move |db, _, _| Ok(rows::user_named(db, realm, &name)?.map(Arc::new)))
    }

    fn create_user(&self, new: NewUser) -> Pending<Result<User, DirectoryError>> {
        self.writer.write(move |batch| create_user(batch, &new))
    }

    fn user_external(&self, realm: RealmId, external_id: &str) -> Pending<Result<Option<Arc<User>>, Outage>> {
        let external_id = external_id.to_owned();
        self.readers.read(move |db, _, _| Ok(rows::user_external(db, realm, &external_id)?.map(Arc::new)))
    }

    fn users(&self, realm: RealmId, after: Option<UserId>, most: u32) -> Pending<Result<Vec<User>, Outage>> {
        self.readers.read(move |db, _, _| rows::users(db, realm, after, most))
    }

    fn edit_user(
        &self,
        id: UserId,
        edit: UserEdit,
        origin: Origin,
        now: Timestamp,
    ) -> Pending<Result<Edited, DirectoryError>> {
        self.writer.write(move |batch| edit_user(batch, id, &edit, &origin, now))
    }

    fn renew_password(
        &self,
        id: UserId,
        renewal: PasswordRenewal,
        now: Timestamp,
    ) -> Pending<Result<bool, Unwritten>> {
        self.writer.write(move |batch| {
            let user = rows::user(batch.db, id)?;
            let Some(next) = user.and_then(|user| decide_renew_password(&user, &renewal, now)) else {
                return Ok(Ok(false));
            };
            batch.write_user(next).map(|()| Ok(true))
        })
    }

    fn remove_user(
        &self,
        id: UserId,
        origin: Origin,
        now: Timestamp,
    ) -> Pending<Result<Ended, DirectoryError>> {
        self.writer.write(move |batch| remove_user(batch, id, &origin, now))
    }

    fn client(&self, id: &ClientId) -> Lookup<Result<Option<Arc<Client>>, Outage>> {
        if let Some(client) = self.shared.caches.clients.find(id) {
            return Lookup::Now(Ok(Some(client)));
        }
        let id = id.clone();
        Lookup::Later(self.readers.read(move |db, shared, read_at| {
            let found = rows::client(db, &id)?.filter(|(_, removed)| !removed);
            let client = found.map(|(client, _)| Arc::new(client));
            shared.pass(Place::RowsRead);
            if let Some(client) = &client {
                shared.caches.clients.fill(id.clone(), || Arc::clone(client), read_at);
            }
            Ok(client)
        }))
    }

    fn clients_with_post_logout_uri(
        &self,
        realm: RealmId,
        uri: &str,
    ) -> Pending<Result<Vec<Client>, Outage>> {
        let uri = uri.to_owned();
        self.readers.read(move |db, _, _| rows::clients_with_post_logout_uri(db, realm, &uri))
    }

    fn clients(&self, realm: RealmId) -> Pending<Result<Vec<Client>, Outage>> {
        self.readers.read(move |db, _, _| rows::clients(db, realm))
    }

    fn put_client(&self, client: Client) -> Pending<Result<(), DirectoryError>> {
        self.writer.write(move |batch| {
            let (generation, revoked_tokens) = match rows::client(batch.db, &client.id)? {
                Some((other, _)) if other.realm != client.realm => return Ok(Err(DirectoryError::NameTaken)),
                // A client that comes back starts above every grant of its first life.
                Some((before, removed)) => (before.generation + u64::from(removed), before.revoked_tokens),
                None => (client.generation, client.revoked_tokens.clone()),
            };
            batch.write_client(Client { generation, revoked_tokens, ..client.clone() }, false).map(Ok)
        })
    }

    fn remove_client(&self, id: &ClientId) -> Pending<Result<(), DirectoryError>> {
        let id = id.clone();
        self.writer.write(move |batch| match rows::client(batch.db, &id)? {
            Some((client, false)) => batch.write_client(client, true).map(Ok),
            Some((_, true)) | None => Ok(Err(DirectoryError::Unknown)),
        })
    }

    fn keys(&self, realm: RealmId) -> Pending<Result<Vec<StoredKey>, Outage>> {
        self.readers.read(move |db, _, _| {
            db.prepare_cached("SELECT * FROM signing_key WHERE realm = ?1 ORDER BY created_at, kid")?
                .query_map([realm.uuid().as_bytes()], key_row)?
                .collect()
        })
    }

    fn add_key(&self, key: StoredKey) -> Pending<Result<(), DirectoryError>> {
        self.writer.write(move |batch| {
            batch.db.execute(
                "INSERT OR REPLACE INTO signing_key(realm, kid, algorithm, sealed, created_at, signs_from)
                    VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    key.realm.uuid().as_bytes(),
                    key.kid,
                    key.algorithm,
                    key.sealed,
                    key.created_at.ms(),
                    key.signs_from.ms()
                ],
            )?;
            Ok(Ok(()))
        })
    }
}

fn create_user(batch: &mut Batch<'_>, new: &NewUser) -> Written<User> {
    let db = batch.db;
    let wanted = &new.user;
    if rows::population(db, wanted.population)?.is_none_or(|p| p.realm != wanted.realm) {
        return Ok(Err(DirectoryError::Unknown));
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
    if !named(db, None, &user)? {
        return Ok(Err(DirectoryError::NameTaken));
    }
    batch.write_user(user.clone())?;
    Ok(Ok(user))
}

/// Gives a user its names and takes away those it had `before`. Says whether they were free; if not, nothing is written.
fn named(db: &Connection, before: Option<&User>, user: &User) -> rusqlite::Result<bool> {
    let old = before.map(User::names).unwrap_or_default();
    let new = user.names();
    let added = |name: &&String| !old.contains(name);
    for name in new.iter().filter(added) {
        if rows::name_taken(db, user.realm, name)? {
            return Ok(false);
        }
    }
    let external_before = before.and_then(|before| before.external_id.as_deref());
    let external = user.external_id.as_deref();
    if external != external_before {
        if let Some(id) = external
            && rows::user_external(db, user.realm, id)?.is_some()
        {
            return Ok(false);
        }
        if let Some(id) = external_before {
            rows::drop_external(db, user, id)?;
        }
        if let Some(id) = external {
            rows::write_external(db, user, id)?;
        }
    }
    for name in old.iter().filter(|name| !new.contains(name)) {
        rows::drop_name(db, user, name)?;
    }
    for name in new.iter().filter(added) {
        rows::write_name(db, user, name)?;
    }
    Ok(true)
}

/// A user who is there.
fn present(db: &Connection, id: UserId) -> rusqlite::Result<Option<User>> {
    Ok(rows::user(db, id)?.filter(|user| !user.removed))
}

/// Disabling ends all the user's sessions in the same transaction, on the same road (ONE-ROAD).
fn edit_user(
    batch: &mut Batch<'_>,
    id: UserId,
    edit: &UserEdit,
    origin: &Origin,
    now: Timestamp,
) -> Written<Edited> {
    let Some(before) = present(batch.db, id)? else { return Ok(Err(DirectoryError::Unknown)) };
    let next = edit.applied_to(&before, now);
    if next.population != before.population
        && rows::population(batch.db, next.population)?.is_none_or(|p| p.realm != next.realm)
    {
        return Ok(Err(DirectoryError::Unknown));
    }
    if !named(batch.db, Some(&before), &next)? {
        return Ok(Err(DirectoryError::NameTaken));
    }
    batch.write_user(next.clone())?;
    if edit.enabled != Some(false) {
        return Ok(Ok(Edited { user: next, ended: None }));
    }
    let ended = end_all(batch, id, EndKind::End, Cause::UserDisabled, origin, now)?;
    let user = rows::user(batch.db, id)?.unwrap_or(next);
    Ok(Ok(Edited { user, ended: Some(ended) }))
}

/// Nothing of the user stays but what keeps the sessions dead.
fn remove_user(batch: &mut Batch<'_>, id: UserId, origin: &Origin, now: Timestamp) -> Written<Ended> {
    if present(batch.db, id)?.is_none() {
        return Ok(Err(DirectoryError::Unknown));
    }
    let ended = end_all(batch, id, EndKind::Forget, Cause::UserRemoved, origin, now)?;
    if let Some(user) = rows::user(batch.db, id)? {
        let bare = user.without_trace(now);
        named(batch.db, Some(&user), &bare)?;
        batch.write_user(bare)?;
    }
    Ok(Ok(ended))
}

fn end_all(
    batch: &mut Batch<'_>,
    user: UserId,
    kind: EndKind,
    cause: Cause,
    origin: &Origin,
    now: Timestamp,
) -> rusqlite::Result<Ended> {
    let origin = origin.clone();
    let order = EndOrder { realm: None, target: EndTarget::User(user), kind, cause, spare: None, origin };
    end(batch, &order, now)?.map_err(|_| Damaged::row("user"))
}
