//! Receipts of notices, and how far receipts were made.
//!
//! A receipt that is pending is found by its receiver and by when it is due; one that is settled is due never.

use adieu_core::{
    EndingPlace, RealmId, Receipt, ReceiptCounts, ReceiptKey, ReceiptState, Receiver, SubjectKey, Timestamp,
    ToldUpTo,
};
use adieu_store::ReceiverStanding;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::{Damaged, InRow as _};
use crate::rows::{signed, unsigned, uuid_column};
use adieu_store_records::{ReceiptColumns, ReceiptDetail, from_json, to_json};

const RECEIPT: &str = "line, entry, client, state, due_at, leased, realm, detail";

const SHARED: &str = "SELECT DISTINCT locator, incarnation FROM participant WHERE locator BETWEEN ?1 AND ?2
    ORDER BY locator, incarnation LIMIT ?3";

const NEXT_DUE: &str = "SELECT due_at FROM receipt WHERE client = ?1 AND due_at > ?2 ORDER BY due_at LIMIT 1";

fn of_ending_sql() -> String {
    format!(
        "SELECT {RECEIPT} FROM receipt WHERE line = ?1 AND entry = ?2 AND (client, subject) > (?3, ?4)
            ORDER BY client, subject LIMIT ?5"
    )
}

fn due_sql() -> String {
    format!("SELECT {RECEIPT} FROM receipt WHERE client = ?1 AND due_at <= ?2 ORDER BY due_at LIMIT ?3")
}

fn later_sql() -> String {
    format!("SELECT {RECEIPT} FROM receipt WHERE client = ?1 AND due_at > ?2 ORDER BY due_at LIMIT ?3")
}

fn latest_sql() -> String {
    format!(
        "SELECT {RECEIPT} FROM receipt WHERE client = ?1 AND due_at > ?2 AND due_at <= ?3 ORDER BY due_at DESC LIMIT ?4"
    )
}

fn receipt_row(row: &Row<'_>) -> rusqlite::Result<Receipt> {
    let place = EndingPlace::of(unsigned(row, "line")?, row.get("entry")?);
    let columns = ReceiptColumns {
        place: place.ok_or_else(|| Damaged::row("place of an ending"))?,
        receiver: receiver_column(row)?,
        realm: RealmId::from_uuid(uuid_column(row, "realm")?),
        state: row.get("state")?,
        due_at: row.get("due_at")?,
        leased: row.get("leased")?,
    };
    let detail: ReceiptDetail = from_json(row.get_ref("detail")?.as_str()?, "receipt").in_row()?;
    detail.complete(columns).in_row()
}

/// The column `client` has the keys of all receivers.
pub(super) fn receiver_column(row: &Row<'_>) -> rusqlite::Result<Receiver> {
    Receiver::of_key(row.get_ref("client")?.as_str()?).map_err(|_| Damaged::row("receiver"))
}

/// How far receipts were made.
pub(crate) fn told_up_to(db: &Connection) -> rusqlite::Result<ToldUpTo> {
    db.prepare_cached("SELECT line, entry, walk_from FROM told_up_to WHERE id = 0")?.query_row([], |row| {
        let (line, walk_from) = (unsigned(row, "line")?, unsigned(row, "walk_from")?);
        Ok(ToldUpTo { line, entry: row.get("entry")?, walk_from })
    })
}

pub(crate) fn write_told_up_to(db: &Connection, to: ToldUpTo) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE told_up_to SET line = ?1, entry = ?2, walk_from = ?3 WHERE id = 0")?
        .execute(params![signed(to.line), to.entry, signed(to.walk_from)])?;
    Ok(())
}

/// The next stretch of sessions in which somebody took part, by their places.
pub(crate) fn shared_sessions(
    db: &Connection,
    (from, to): (i64, i64),
    most: u32,
) -> rusqlite::Result<Vec<(i64, i64)>> {
    let mut statement = db.prepare_cached(SHARED)?;
    statement.query_map(params![from, to, most], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// The next stretch of places that hold a session or what is left of one.
pub(crate) fn all_sessions(
    db: &Connection,
    (from, to): (i64, i64),
    most: u32,
) -> rusqlite::Result<Vec<(i64, i64)>> {
    let sql =
        "SELECT locator, incarnation FROM session WHERE locator BETWEEN ?1 AND ?2 ORDER BY locator LIMIT ?3";
    let mut statement = db.prepare_cached(sql)?;
    statement.query_map(params![from, to, most], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

fn due_at(state: ReceiptState) -> (Option<i64>, bool) {
    match state {
        ReceiptState::Pending { due_at, leased } => (Some(due_at.ms()), leased),
        ReceiptState::Confirmed { .. }
        | ReceiptState::Refused { .. }
        | ReceiptState::GivenUp { .. }
        | ReceiptState::CannotBeTold => (None, false),
    }
}

/// Keeps a receipt that is not there yet; says whether it was not.
pub(crate) fn add_receipt(db: &Connection, receipt: &Receipt) -> rusqlite::Result<bool> {
    let is_new = insert(db, receipt, "INSERT OR IGNORE INTO")? > 0;
    if is_new {
        let count = count_column(receipt.state);
        let sql = format!(
            "INSERT INTO receipt_count(line, entry, {count}) VALUES (?1, ?2, 1)
                ON CONFLICT DO UPDATE SET {count} = {count} + 1"
        );
        db.prepare_cached(&sql)?.execute(params![signed(receipt.place.line()), receipt.place.entry()])?;
    }
    Ok(is_new)
}

/// Writes what has become of a receipt that was in a state.
pub(crate) fn write_receipt(
    db: &Connection,
    receipt: &Receipt,
    before: ReceiptState,
) -> rusqlite::Result<()> {
    insert(db, receipt, "INSERT OR REPLACE INTO")?;
    let (less, more) = (count_column(before), count_column(receipt.state));
    if less != more {
        let sql = format!(
            "UPDATE receipt_count SET {less} = {less} - 1, {more} = {more} + 1 WHERE line = ?1 AND entry = ?2"
        );
        db.prepare_cached(&sql)?.execute(params![signed(receipt.place.line()), receipt.place.entry()])?;
    }
    Ok(())
}

/// Where the receipts of an ending in a state are counted.
const fn count_column(state: ReceiptState) -> &'static str {
    match state {
        ReceiptState::Pending { .. } => "pending",
        ReceiptState::Confirmed { .. } => "confirmed",
        ReceiptState::Refused { .. } => "refused",
        ReceiptState::GivenUp { .. } => "given_up",
        ReceiptState::CannotBeTold => "cannot_be_told",
    }
}

fn insert(db: &Connection, receipt: &Receipt, verb: &str) -> rusqlite::Result<usize> {
    let sql = format!(
        "{verb} receipt(line, entry, client, subject, state, due_at, leased, realm, detail)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
    );
    let (due_at, leased) = due_at(receipt.state);
    db.prepare_cached(&sql)?.execute(params![
        signed(receipt.place.line()),
        receipt.place.entry(),
        receipt.receiver.key(),
        receipt.key().subject.to_bytes(),
        receipt.state.number(),
        due_at,
        leased,
        receipt.realm.uuid().as_bytes(),
        to_json(&ReceiptDetail::of(receipt)),
    ])
}

/// Writes down only that a receipt is leased, or due at another moment.
pub(crate) fn write_due(db: &Connection, receipt: &Receipt) -> rusqlite::Result<()> {
    let (due_at, leased) = due_at(receipt.state);
    let sql = "UPDATE receipt SET due_at = ?5, leased = ?6
        WHERE line = ?1 AND entry = ?2 AND client = ?3 AND subject = ?4";
    db.prepare_cached(sql)?.execute(params![
        signed(receipt.place.line()),
        receipt.place.entry(),
        receipt.receiver.key(),
        receipt.key().subject.to_bytes(),
        due_at,
        leased,
    ])?;
    Ok(())
}

pub(crate) fn receipt(db: &Connection, key: &ReceiptKey) -> rusqlite::Result<Option<Receipt>> {
    let sql = format!(
        "SELECT {RECEIPT} FROM receipt WHERE line = ?1 AND entry = ?2 AND client = ?3 AND subject = ?4"
    );
    let (line, subject) = (signed(key.place.line()), key.subject.to_bytes());
    db.prepare_cached(&sql)?
        .query_row(params![line, key.place.entry(), key.receiver.key(), subject], receipt_row)
        .optional()
}

/// The receipts of an ending behind one, by receiver.
pub(crate) fn receipts_of(
    db: &Connection,
    place: EndingPlace,
    after: Option<&(Receiver, SubjectKey)>,
    most: u32,
) -> rusqlite::Result<Vec<Receipt>> {
    let (client, subject) = match after {
        Some((receiver, subject)) => (receiver.key(), &subject.to_bytes()[..]),
        None => (String::new(), &[][..]),
    };
    db.prepare_cached(&of_ending_sql())?
        .query_map(params![signed(place.line()), place.entry(), client, subject, most], receipt_row)?
        .collect()
}

pub(crate) fn count_receipts(db: &Connection, place: EndingPlace) -> rusqlite::Result<ReceiptCounts> {
    let sql = "SELECT pending, confirmed, refused, given_up, cannot_be_told FROM receipt_count
        WHERE line = ?1 AND entry = ?2";
    let mut statement = db.prepare_cached(sql)?;
    let counted = statement.query_row(params![signed(place.line()), place.entry()], |row| {
        let mut counts = ReceiptCounts::default();
        for (state, count) in counts.by_state.iter_mut().enumerate() {
            *count = unsigned(row, state)?;
        }
        Ok(counts)
    });
    Ok(counted.optional()?.unwrap_or_default())
}

/// The receipts of a receiver that are due by then, the longest due first.
pub(crate) fn due_receipts(
    db: &Connection,
    of: &Receiver,
    now: Timestamp,
    most: u32,
) -> rusqlite::Result<Vec<Receipt>> {
    db.prepare_cached(&due_sql())?.query_map(params![of.key(), now.ms(), most], receipt_row)?.collect()
}

/// Receipts of a receiver that are due behind a moment and not behind another, the latest first.
pub(crate) fn latest_receipts(
    db: &Connection,
    of: &Receiver,
    (now, before): (Timestamp, Timestamp),
    most: u32,
) -> rusqlite::Result<Vec<Receipt>> {
    db.prepare_cached(&latest_sql())?
        .query_map(params![of.key(), now.ms(), before.ms(), most], receipt_row)?
        .collect()
}

/// Receipts of a receiver that wait for a later moment.
pub(crate) fn later_receipts(
    db: &Connection,
    of: &Receiver,
    now: Timestamp,
    most: u32,
) -> rusqlite::Result<Vec<Receipt>> {
    db.prepare_cached(&later_sql())?.query_map(params![of.key(), now.ms(), most], receipt_row)?.collect()
}

/// When the next receipt of a receiver is due, behind a moment.
pub(crate) fn next_due(
    db: &Connection,
    of: &Receiver,
    now: Timestamp,
) -> rusqlite::Result<Option<Timestamp>> {
    let mut statement = db.prepare_cached(NEXT_DUE)?;
    statement.query_row(params![of.key(), now.ms()], |row| row.get(0).map(Timestamp::from_ms)).optional()
}

/// How many receipts of a receiver are pending, counted up to a bound.
pub(crate) fn count_pending(db: &Connection, of: &Receiver) -> rusqlite::Result<u64> {
    let sql = "SELECT count(*) FROM
        (SELECT 1 FROM receipt WHERE client = ?1 AND due_at > ?2 LIMIT ?3)";
    db.prepare_cached(sql)?
        .query_row(params![of.key(), i64::MIN, ReceiverStanding::PENDING_MAX], |row| unsigned(row, 0))
}

/// Drops settled receipts of endings that are in the index no more; says how many.
pub(crate) fn drop_receipts(db: &Connection, most: u32) -> rusqlite::Result<u32> {
    let sql = "DELETE FROM receipt WHERE (line, entry, client, subject) IN
        (SELECT line, entry, client, subject FROM receipt
            WHERE line < (SELECT coalesce(min(seq), 0) FROM ending_line) AND state != 0 LIMIT ?1)";
    let dropped = db.prepare_cached(sql)?.execute([most])? as u32;
    // Nobody asks for the counts of an ending that is in the index no more.
    let sql = "DELETE FROM receipt_count WHERE (line, entry) IN
        (SELECT line, entry FROM receipt_count WHERE line < (SELECT coalesce(min(seq), 0) FROM ending_line) LIMIT ?1)";
    db.prepare_cached(sql)?.execute([most])?;
    Ok(dropped)
}

/// When the first line was written whose receipts are not made yet.
pub(crate) fn first_untold(db: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    let sql = "SELECT at FROM ending_line WHERE seq >= (SELECT line FROM told_up_to) ORDER BY seq LIMIT 1";
    db.prepare_cached(sql)?.query_row([], |row| row.get(0).map(Timestamp::from_ms)).optional()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::plan_of;

    /// Goal: what is due is found by an index, however many receipts are kept.
    #[test]
    fn receipts_are_found_by_what_they_are_asked_for() {
        for (sql, plan) in [
            (due_sql().as_str(), "SEARCH receipt USING INDEX receipt_due (client=? AND due_at<?)"),
            (later_sql().as_str(), "SEARCH receipt USING INDEX receipt_due (client=? AND due_at>?)"),
            (
                latest_sql().as_str(),
                "SEARCH receipt USING INDEX receipt_due (client=? AND due_at>? AND due_at<?)",
            ),
            (NEXT_DUE, "SEARCH receipt USING COVERING INDEX receipt_due (client=? AND due_at>?)"),
            (
                of_ending_sql().as_str(),
                "SEARCH receipt USING PRIMARY KEY (line=? AND entry=? AND (client,subject)>(?,?))",
            ),
            (SHARED, "SEARCH participant USING PRIMARY KEY (locator>? AND locator<?)"),
        ] {
            assert_eq!(plan_of(sql), [plan]);
        }
    }
}
