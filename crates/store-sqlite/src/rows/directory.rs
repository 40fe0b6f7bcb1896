//! Users with their names, realms, populations, clients.
//!
//! A deleted user is read by id only: the verdict on what is left of their sessions needs the generations.

use adieu_core::{
    Client, ClientId, NameChanges, Population, PopulationId, Realm, RealmId, SecondFactorRule, StoredClient,
    Timestamp, User, UserId, UserKey, Version,
};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::{Damaged, InRow as _};
use crate::rows::{key_in_use, signed, unsigned, uuid_column, version_column};
use adieu_store_records::{
    ClientColumns, ClientDetail, PopulationDetail, UserColumns, UserDetail, from_json, hash, to_json,
};

const USER: &str = "key, id, realm, enabled, generation, removed, password, version, detail";

/// The columns stand where [`USER`] has them.
fn user_row(row: &Row<'_>) -> rusqlite::Result<User> {
    let detail: UserDetail = from_json(row.get_ref(8)?.as_str()?, "user").in_row()?;
    let user = detail.complete(UserColumns {
        key: user_key(row)?,
        id: UserId::from_uuid(uuid_column(row, 1)?),
        realm: RealmId::from_uuid(uuid_column(row, 2)?),
        enabled: row.get(3)?,
        generation: unsigned(row, 4)?,
        removed: row.get(5)?,
        password: row.get(6)?,
        version: Version::from_stored(unsigned(row, 7)?),
    });
    user.in_row()
}

/// The key of a user, which is the first column wherever it is read.
fn user_key(row: &Row<'_>) -> rusqlite::Result<UserKey> {
    UserKey::from_stored(unsigned(row, 0)?).ok_or_else(|| Damaged::row("user key"))
}

/// The first key behind this one that is nobody's: neither a user's nor a session's nor a tombstone's.
pub(crate) fn free_key(db: &Connection, from: UserKey) -> rusqlite::Result<UserKey> {
    let mut key = from;
    while key_in_use(db, key)? {
        key = UserKey::from_random(key.number() + 1);
    }
    Ok(key)
}

/// The user of an id, deleted or not.
pub(crate) fn user(db: &Connection, id: UserId) -> rusqlite::Result<Option<User>> {
    db.prepare_cached(&format!("SELECT {USER} FROM user WHERE id = ?1"))?
        .query_row([id.uuid().as_bytes()], user_row)
        .optional()
}

pub(crate) fn user_by_key(db: &Connection, key: UserKey) -> rusqlite::Result<Option<User>> {
    db.prepare_cached(&format!("SELECT {USER} FROM user WHERE key = ?1"))?
        .query_row([signed(key.number())], user_row)
        .optional()
}

/// The user who is listed under the first of these names under which anybody is.
pub(crate) fn user_listed(
    db: &Connection,
    realm: RealmId,
    names: &[String],
) -> rusqlite::Result<Option<User>> {
    let sql =
        format!("SELECT {USER} FROM user WHERE key = (SELECT key FROM name WHERE realm = ?1 AND name = ?2)");
    for name in names {
        let row = db.prepare_cached(&sql)?.query_row(params![realm.uuid().as_bytes(), name], user_row);
        if let Some(user) = row.optional()? {
            return Ok(Some(user));
        }
    }
    Ok(None)
}

/// Who is listed under which of these names.
pub(crate) fn name_holders(
    db: &Connection,
    realm: RealmId,
    names: Vec<String>,
) -> rusqlite::Result<Vec<(String, UserKey)>> {
    let mut holders = Vec::new();
    for name in names {
        let holder = db
            .prepare_cached("SELECT key FROM name WHERE realm = ?1 AND name = ?2")?
            .query_row(params![realm.uuid().as_bytes(), name], user_key)
            .optional()?;
        holders.extend(holder.map(|key| (name, key)));
    }
    Ok(holders)
}

/// Who has this external id.
pub(crate) fn external_holder(
    db: &Connection,
    realm: RealmId,
    id: &str,
) -> rusqlite::Result<Option<UserKey>> {
    db.prepare_cached("SELECT key FROM external WHERE realm = ?1 AND id = ?2")?
        .query_row(params![realm.uuid().as_bytes(), id], user_key)
        .optional()
}

/// Gives a user names and takes others away.
pub(crate) fn write_names(db: &Connection, user: &User, changes: &NameChanges) -> rusqlite::Result<()> {
    let (realm, key) = (user.realm.uuid(), signed(user.key.number()));
    let drop = [
        ("DELETE FROM name WHERE realm = ?1 AND name = ?2 AND key = ?3", &changes.drop[..]),
        ("DELETE FROM external WHERE realm = ?1 AND id = ?2 AND key = ?3", changes.drop_external.as_slice()),
    ];
    let add = [
        ("INSERT INTO name(realm, name, key) VALUES (?1, ?2, ?3)", &changes.add[..]),
        ("INSERT INTO external(realm, id, key) VALUES (?1, ?2, ?3)", changes.add_external.as_slice()),
    ];
    for (sql, names) in drop.into_iter().chain(add) {
        for name in names {
            db.prepare_cached(sql)?.execute(params![realm.as_bytes(), name, key])?;
        }
    }
    Ok(())
}

/// The user of an external id.
pub(crate) fn user_external(db: &Connection, realm: RealmId, id: &str) -> rusqlite::Result<Option<User>> {
    let sql = format!(
        "SELECT {USER} FROM user WHERE key = (SELECT key FROM external WHERE realm = ?1 AND id = ?2)"
    );
    db.prepare_cached(&sql)?.query_row(params![realm.uuid().as_bytes(), id], user_row).optional()
}

/// The users of a realm that are there, in the order of their ids.
pub(crate) fn users(
    db: &Connection,
    realm: RealmId,
    after: Option<UserId>,
    most: u32,
) -> rusqlite::Result<Vec<User>> {
    let sql =
        format!("SELECT {USER} FROM user WHERE realm = ?1 AND id > ?2 AND removed = 0 ORDER BY id LIMIT ?3");
    let after = after.map(|id| id.uuid().as_bytes().to_vec()).unwrap_or_default();
    db.prepare_cached(&sql)?.query_map(params![realm.uuid().as_bytes(), after, most], user_row)?.collect()
}

/// How many users a population holds.
pub(crate) fn count_users(db: &Connection, population: PopulationId) -> rusqlite::Result<u64> {
    let count: i64 = db
        .prepare_cached("SELECT count(*) FROM user WHERE population = ?1 AND removed = 0")?
        .query_row([population.uuid().as_bytes()], |row| row.get(0))?;
    u64::try_from(count).map_err(|_| Damaged::row("count"))
}

pub(crate) fn write_user(db: &Connection, user: &User) -> rusqlite::Result<()> {
    let sql = format!(
        "INSERT OR REPLACE INTO user({USER}, population) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
    );
    db.prepare_cached(&sql)?.execute(params![
        signed(user.key.number()),
        user.id.uuid().as_bytes(),
        user.realm.uuid().as_bytes(),
        user.enabled,
        signed(user.generation),
        user.removed,
        user.password,
        signed(user.version.number()),
        to_json(&UserDetail::of(user)),
        user.population.uuid().as_bytes(),
    ])?;
    Ok(())
}

const REALM: &str = "id, path, generation, second_factor, created_at, subscribers";

/// The columns stand where [`REALM`] has them.
fn realm_row(row: &Row<'_>) -> rusqlite::Result<Realm> {
    Ok(Realm {
        id: RealmId::from_uuid(uuid_column(row, 0)?),
        path: row.get(1)?,
        generation: unsigned(row, 2)?,
        second_factor: SecondFactorRule::read(row.get_ref(3)?.as_str()?)
            .ok_or_else(|| Damaged::row("rule of a realm"))?,
        created_at: Timestamp::from_ms(row.get(4)?),
        subscribers: row.get(5)?,
    })
}

pub(crate) fn realm(db: &Connection, id: RealmId) -> rusqlite::Result<Option<Realm>> {
    db.prepare_cached(&format!("SELECT {REALM} FROM realm WHERE id = ?1"))?
        .query_row([id.uuid().as_bytes()], realm_row)
        .optional()
}

pub(crate) fn realms(db: &Connection) -> rusqlite::Result<Vec<Realm>> {
    db.prepare_cached(&format!("SELECT {REALM} FROM realm ORDER BY path"))?
        .query_map([], realm_row)?
        .collect()
}

pub(crate) fn write_realm(db: &Connection, realm: &Realm) -> rusqlite::Result<()> {
    db.prepare_cached(&format!("INSERT OR REPLACE INTO realm({REALM}) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"))?
        .execute(params![
            realm.id.uuid().as_bytes(),
            realm.path,
            signed(realm.generation),
            realm.second_factor.word(),
            realm.created_at.ms(),
            realm.subscribers,
        ])?;
    Ok(())
}

/// What is stored under a client's id.
pub(crate) fn client(db: &Connection, id: &ClientId) -> rusqlite::Result<Option<StoredClient>> {
    db.prepare_cached("SELECT * FROM client WHERE id = ?1")?.query_row([id.as_str()], client_row).optional()
}

fn client_row(row: &Row<'_>) -> rusqlite::Result<StoredClient> {
    let id: String = row.get("id")?;
    let detail: ClientDetail = from_json(row.get_ref("detail")?.as_str()?, "client").in_row()?;
    let client = detail.complete(ClientColumns {
        id: id.parse().map_err(|_| Damaged::row("client id"))?,
        realm: RealmId::from_uuid(uuid_column(row, "realm")?),
        generation: unsigned(row, "generation")?,
        secret: row.get::<_, Option<Vec<u8>>>("secret")?.map(hash).transpose().in_row()?,
        version: version_column(row)?,
    });
    let client = client.in_row()?;
    Ok(StoredClient { client, removed: row.get("removed")? })
}

pub(crate) fn clients(db: &Connection, realm: RealmId) -> rusqlite::Result<Vec<Client>> {
    db.prepare_cached("SELECT * FROM client WHERE realm = ?1 AND removed = 0 ORDER BY id")?
        .query_map([realm.uuid().as_bytes()], |row| client_row(row).map(|stored| stored.client))?
        .collect()
}

const WITH_POST_LOGOUT_URI: &str =
    "SELECT client.* FROM post_logout_uri listed JOIN client ON client.id = listed.client
        WHERE listed.realm = ?1 AND listed.uri = ?2 AND client.removed = 0 ORDER BY listed.client";

/// The clients of a realm to which a browser may be sent at this address after a sign-off, by id.
pub(crate) fn clients_with_post_logout_uri(
    db: &Connection,
    realm: RealmId,
    uri: &str,
) -> rusqlite::Result<Vec<Client>> {
    db.prepare_cached(WITH_POST_LOGOUT_URI)?
        .query_map(params![realm.uuid().as_bytes(), uri], |row| client_row(row).map(|stored| stored.client))?
        .collect()
}

/// Lists a client under its addresses after a sign-off, and under no others any more; to be called before it is written.
pub(crate) fn list_post_logout_uris(db: &Connection, stored: &StoredClient) -> rusqlite::Result<()> {
    let client = &stored.client;
    let before = self::client(db, &client.id)?.map(|before| before.client.post_logout_redirect_uris);
    let before = before.unwrap_or_default();
    let now = if stored.removed { &[][..] } else { &client.post_logout_redirect_uris };
    let realm = client.realm.uuid();
    for uri in before.iter().filter(|uri| !now.contains(uri)) {
        db.prepare_cached("DELETE FROM post_logout_uri WHERE realm = ?1 AND uri = ?2 AND client = ?3")?
            .execute(params![realm.as_bytes(), uri, client.id.as_str()])?;
    }
    for uri in now {
        db.prepare_cached("INSERT OR IGNORE INTO post_logout_uri(realm, uri, client) VALUES (?1, ?2, ?3)")?
            .execute(params![realm.as_bytes(), uri, client.id.as_str()])?;
    }
    Ok(())
}

pub(crate) fn write_client(db: &Connection, stored: &StoredClient) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO client(id, realm, generation, removed, secret, version, detail)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let client = &stored.client;
    db.prepare_cached(sql)?.execute(params![
        client.id.as_str(),
        client.realm.uuid().as_bytes(),
        signed(client.generation),
        stored.removed,
        client.secret.map(|hash| hash.to_bytes()),
        signed(client.version.number()),
        to_json(&ClientDetail::of(client)),
    ])?;
    Ok(())
}

fn population_row(row: &Row<'_>) -> rusqlite::Result<Population> {
    let detail: PopulationDetail = from_json(row.get_ref("detail")?.as_str()?, "population").in_row()?;
    Ok(detail.complete(Population {
        id: PopulationId::from_uuid(uuid_column(row, "id")?),
        realm: RealmId::from_uuid(uuid_column(row, "realm")?),
        name: row.get("name")?,
        description: None,
        version: version_column(row)?,
        created_at: Timestamp::default(),
        updated_at: Timestamp::default(),
    }))
}

pub(crate) fn population(db: &Connection, id: PopulationId) -> rusqlite::Result<Option<Population>> {
    db.prepare_cached("SELECT * FROM population WHERE id = ?1")?
        .query_row([id.uuid().as_bytes()], population_row)
        .optional()
}

/// The populations of a realm, oldest first.
pub(crate) fn populations(db: &Connection, realm: RealmId) -> rusqlite::Result<Vec<Population>> {
    db.prepare_cached("SELECT * FROM population WHERE realm = ?1 ORDER BY seq")?
        .query_map([realm.uuid().as_bytes()], population_row)?
        .collect()
}

/// Makes a population, or writes it where it is.
pub(crate) fn write_population(db: &Connection, population: &Population) -> rusqlite::Result<()> {
    let sql = "INSERT INTO population(id, realm, name, version, detail) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT(id) DO UPDATE SET name = excluded.name, version = excluded.version, detail = excluded.detail";
    db.prepare_cached(sql)?.execute(params![
        population.id.uuid().as_bytes(),
        population.realm.uuid().as_bytes(),
        population.name,
        signed(population.version.number()),
        to_json(&PopulationDetail::of(population)),
    ])?;
    Ok(())
}

pub(crate) fn drop_population(db: &Connection, id: PopulationId) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM population WHERE id = ?1")?.execute([id.uuid().as_bytes()])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::plan_of;

    /// Goal: ONE-SLOW-HURTS-NONE: a sign-off with an address to return to, which anybody may ask for, reads the clients that
    /// name the address and no others.
    #[test]
    fn clients_are_found_by_the_index_of_their_addresses() {
        let plan = plan_of(WITH_POST_LOGOUT_URI);
        assert_eq!(plan.len(), 2, "{plan:?}");
        assert!(plan[0].starts_with("SEARCH listed USING PRIMARY KEY (realm=? AND uri=?)"), "{plan:?}");
        assert!(plan[1].starts_with("SEARCH client USING "), "{plan:?}");
    }
}
