//! Receivers: how each does, and from when on it waits to be given something.
//!
//! Who waits is found by whether they have a part in what is reserved and since when, so that a round looks at no more of them than it
//! serves. The column `failing` says that they have none, because they are slow: it is older than that rule.

use adieu_core::{ClientId, Receiver, ReceiverHealth, SubscriberId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::{Damaged, InRow as _};
use crate::rows::receipts::receiver_column;
use adieu_store_records::{HealthDetail, from_json, to_json};

const NEXT_WAITING: &str = "SELECT client, waits_from, detail FROM receiver
    WHERE failing = ?1 AND waits_from <= ?2 AND (waits_from, client) > (?3, ?4) ORDER BY waits_from, client LIMIT 1";

const NEXT_LOOK: &str =
    "SELECT waits_from FROM receiver WHERE failing = ?1 AND waits_from > ?2 ORDER BY waits_from LIMIT 1";

/// Steps over those whose receipts are all settled, however many they are.
const NEXT_AWAITED: &str =
    "SELECT client FROM receipt WHERE client > ?1 AND due_at IS NOT NULL ORDER BY client LIMIT 1";

/// Those that wait longest come first: whoever waits on comes to be among them.
const SLOW_WAITING: &str = "SELECT client, waits_from, detail FROM receiver
    WHERE failing = 1 AND waits_from IS NOT NULL ORDER BY waits_from LIMIT ?1";
/// The first client behind one that has an address. The condition is that of the index.
const NEXT_TOLD_CLIENT: &str = "SELECT id FROM client
    WHERE removed = 0 AND detail ->> 'backchannel_logout_uri' IS NOT NULL AND id > ?1 ORDER BY id LIMIT 1";

const NEXT_SUBSCRIBER: &str = "SELECT id FROM subscriber WHERE id > ?1 ORDER BY id LIMIT 1";

/// The first receiver behind one: whoever has an address, or was owed something.
pub(crate) fn next_listed(db: &Connection, after: Option<&Receiver>) -> rusqlite::Result<Option<Receiver>> {
    let id_of = |row: &Row<'_>| row.get::<_, String>(0);
    let told = next_receiver(db, after)?.map(|(receiver, _)| receiver);
    let subscriber = match after.map_or(Some(""), |after| after.subscriber().map(SubscriberId::as_str)) {
        Some(after) => db.prepare_cached(NEXT_SUBSCRIBER)?.query_row([after], id_of).optional()?,
        None => None, // All clients are behind all subscribers.
    };
    let after = after.and_then(Receiver::client).map_or("", ClientId::as_str);
    let client = db.prepare_cached(NEXT_TOLD_CLIENT)?.query_row([after], id_of).optional()?;
    let subscriber = subscriber.map(|id| id.parse().map(Receiver::Subscriber).map_err(|_| damaged()));
    let client = client.map(|id| id.parse().map(Receiver::Client).map_err(|_| damaged()));
    let all = [told, subscriber.transpose()?, client.transpose()?];
    Ok(all.into_iter().flatten().min())
}

fn damaged() -> rusqlite::Error {
    Damaged::row("name of a receiver")
}

fn health_row(row: &Row<'_>) -> rusqlite::Result<ReceiverHealth> {
    let detail: HealthDetail = from_json(row.get_ref("detail")?.as_str()?, "receiver").in_row()?;
    detail.complete(row.get::<_, Option<i64>>("waits_from")?.map(Timestamp::from_ms)).in_row()
}

fn receiver_row(row: &Row<'_>) -> rusqlite::Result<(Receiver, ReceiverHealth)> {
    Ok((receiver_column(row)?, health_row(row)?))
}

/// The first receiver behind one for whom there are receipts that are pending or were.
pub(crate) fn next_receiver(
    db: &Connection,
    after: Option<&Receiver>,
) -> rusqlite::Result<Option<(Receiver, ReceiverHealth)>> {
    let sql = "SELECT client, waits_from, detail FROM receiver WHERE client > ?1 ORDER BY client LIMIT 1";
    db.prepare_cached(sql)?
        .query_row([after.map_or_else(String::new, Receiver::key)], receiver_row)
        .optional()
}

/// The first receiver behind one for whom a receipt is pending.
pub(crate) fn next_awaited(db: &Connection, after: Option<&Receiver>) -> rusqlite::Result<Option<Receiver>> {
    db.prepare_cached(NEXT_AWAITED)?
        .query_row([after.map_or_else(String::new, Receiver::key)], receiver_column)
        .optional()
}

/// The receiver that waits longest of those that are slow or of the others, behind a place in their order.
pub(crate) fn next_waiting(
    db: &Connection,
    slow: bool,
    now: Timestamp,
    after: Option<&(Timestamp, Receiver)>,
) -> rusqlite::Result<Option<(Receiver, ReceiverHealth)>> {
    let (from, key) = match after {
        Some((from, receiver)) => (from.ms(), receiver.key()),
        None => (i64::MIN, String::new()),
    };
    db.prepare_cached(NEXT_WAITING)?.query_row(params![slow, now.ms(), from, key], receiver_row).optional()
}

/// Receivers that are slow and for which something waits.
pub(crate) fn slow_waiting(db: &Connection, most: u32) -> rusqlite::Result<Vec<(Receiver, ReceiverHealth)>> {
    db.prepare_cached(SLOW_WAITING)?.query_map([most], receiver_row)?.collect()
}

/// When a receiver is to be looked at again, behind a moment.
pub(crate) fn next_look(db: &Connection, now: Timestamp) -> rusqlite::Result<Option<Timestamp>> {
    let mut first: Option<i64> = None;
    for slow in [false, true] {
        let mut statement = db.prepare_cached(NEXT_LOOK)?;
        let found: Option<i64> = statement.query_row(params![slow, now.ms()], |row| row.get(0)).optional()?;
        first = first.into_iter().chain(found).min();
    }
    Ok(first.map(Timestamp::from_ms))
}

/// How a receiver does; none if nothing was ever owed to it.
pub(crate) fn known_receiver(db: &Connection, of: &Receiver) -> rusqlite::Result<Option<ReceiverHealth>> {
    let sql = "SELECT waits_from, detail FROM receiver WHERE client = ?1";
    db.prepare_cached(sql)?.query_row([of.key()], health_row).optional()
}

pub(crate) fn receiver(db: &Connection, of: &Receiver) -> rusqlite::Result<ReceiverHealth> {
    Ok(known_receiver(db, of)?.unwrap_or_default())
}

/// Keeps a receiver that is not there yet, for which something waits from a moment on.
pub(crate) fn add_waiting(db: &Connection, of: &Receiver, from: Timestamp) -> rusqlite::Result<()> {
    let sql = "INSERT INTO receiver(client, failing, waits_from, detail) VALUES (?1, 0, ?2, ?3)
        ON CONFLICT DO UPDATE SET waits_from = ?2 WHERE waits_from IS NULL OR waits_from > ?2";
    let detail = to_json(&HealthDetail::of(&ReceiverHealth::default()));
    db.prepare_cached(sql)?.execute(params![of.key(), from.ms(), detail])?;
    Ok(())
}

pub(crate) fn write_receiver(
    db: &Connection,
    of: &Receiver,
    health: &ReceiverHealth,
) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO receiver(client, failing, waits_from, detail) VALUES (?1, ?2, ?3, ?4)";
    let waits_from = health.waits_from.map(Timestamp::ms);
    let (slow, detail) = (!health.has_reserve(), to_json(&HealthDetail::of(health)));
    db.prepare_cached(sql)?.execute(params![of.key(), slow, waits_from, detail])?;
    Ok(())
}

/// Whether a receipt of a receiver is pending.
pub(crate) fn is_awaited(db: &Connection, of: &Receiver) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT EXISTS(SELECT 1 FROM receipt WHERE client = ?1 AND due_at IS NOT NULL)")?
        .query_row([of.key()], |row| row.get(0))
}

pub(crate) fn drop_receiver(db: &Connection, of: &Receiver) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM receiver WHERE client = ?1")?.execute([of.key()])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::plan_of;

    /// Goal: who is to be given something is found by an index, however many receivers there are and whatever waits for them.
    #[test]
    fn receivers_are_found_by_what_they_wait_for() {
        for (sql, plan) in [
            (
                NEXT_WAITING,
                "SEARCH receiver USING INDEX receiver_waits (failing=? AND (waits_from,client)>(?,?) AND waits_from<?)",
            ),
            (NEXT_LOOK, "SEARCH receiver USING COVERING INDEX receiver_waits (failing=? AND waits_from>?)"),
            (SLOW_WAITING, "SEARCH receiver USING INDEX receiver_waits (failing=? AND waits_from>?)"),
            (NEXT_AWAITED, "SEARCH receipt USING COVERING INDEX receipt_due (client>?)"),
            (NEXT_TOLD_CLIENT, "SEARCH client USING INDEX client_told (id>?)"),
            (NEXT_SUBSCRIBER, "SEARCH subscriber USING PRIMARY KEY (id>?)"),
        ] {
            assert_eq!(plan_of(sql), [plan]);
        }
    }
}
