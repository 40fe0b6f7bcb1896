//! Subscribers of realms. There are few of them, and they are found by their realm.
//!
//! Nothing here opens a credential.

use adieu_core::{RealmId, Subscriber, SubscriberId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::{Damaged, InRow as _};
use crate::rows::{signed, unsigned, uuid_column, version_column};
use adieu_store_records::{SubscriberColumns, SubscriberDetail, from_json, to_json};

fn subscriber_row(row: &Row<'_>) -> rusqlite::Result<Subscriber> {
    let columns = SubscriberColumns {
        id: row.get::<_, String>("id")?.parse().map_err(|_| Damaged::row("name of a subscriber"))?,
        realm: RealmId::from_uuid(uuid_column(row, "realm")?),
        version: version_column(row)?,
        sealed: row.get("sealed")?,
        sealed_before: row.get("sealed_before")?,
    };
    from_json::<SubscriberDetail>(row.get_ref("detail")?.as_str()?, "subscriber")
        .in_row()?
        .complete(columns)
        .in_row()
}

pub(crate) fn subscriber(db: &Connection, id: &SubscriberId) -> rusqlite::Result<Option<Subscriber>> {
    db.prepare_cached("SELECT * FROM subscriber WHERE id = ?1")?
        .query_row([id.as_str()], subscriber_row)
        .optional()
}

/// The subscribers of a realm, by name.
pub(crate) fn subscribers(db: &Connection, realm: RealmId) -> rusqlite::Result<Vec<Subscriber>> {
    db.prepare_cached("SELECT * FROM subscriber WHERE realm = ?1 ORDER BY id")?
        .query_map([realm.uuid().as_bytes()], subscriber_row)?
        .collect()
}

/// Whether any realm has one.
pub(crate) fn has_subscribers(db: &Connection) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT EXISTS(SELECT 1 FROM subscriber)")?.query_row([], |row| row.get(0))
}

/// A realm with subscribers that are switched on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SubscribedRealm {
    pub(crate) id: RealmId,
    /// The highest version of its subscribers: another one after each change of them.
    version: u64,
}

/// All realms with subscribers that are switched on.
pub(crate) fn subscribed_realms(db: &Connection) -> rusqlite::Result<Vec<SubscribedRealm>> {
    let sql = "SELECT subscriber.realm, max(subscriber.version) AS version FROM subscriber
        JOIN realm ON realm.id = subscriber.realm AND realm.subscribers > 0 GROUP BY subscriber.realm";
    db.prepare_cached(sql)?
        .query_map([], |row| {
            let id = RealmId::from_uuid(uuid_column(row, 0)?);
            Ok(SubscribedRealm { id, version: unsigned(row, 1)? })
        })?
        .collect()
}

pub(crate) fn write_subscriber(db: &Connection, one: &Subscriber) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO subscriber(id, realm, version, sealed, sealed_before, detail)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    db.prepare_cached(sql)?.execute(params![
        one.id.as_str(),
        one.realm.uuid().as_bytes(),
        signed(one.version.number()),
        one.credential.as_bytes(),
        one.previous.as_ref().map(|previous| previous.credential.as_bytes()),
        to_json(&SubscriberDetail::of(one)),
    ])?;
    Ok(())
}

pub(crate) fn drop_subscriber(db: &Connection, id: &SubscriberId) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM subscriber WHERE id = ?1")?.execute([id.as_str()])?;
    Ok(())
}
