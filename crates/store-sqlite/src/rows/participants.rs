//! Participants of sessions, by the place of the session, its incarnation and its epoch.
//!
//! They go with the row of their session, whatever became of it.

use std::collections::BTreeSet;

use adieu_core::{ClientId, Locator, Participant, ParticipantFacts, Session, participants_of_epoch};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::{Damaged, InRow as _};
use crate::rows::{signed, unsigned};
use adieu_store_records::{ParticipantDetail, from_json, to_json};

fn participant_row(row: &Row<'_>, session: &Session) -> rusqlite::Result<Participant> {
    let client: String = row.get("client")?;
    let client = client.parse().map_err(|_| Damaged::row("client id"))?;
    let detail: ParticipantDetail = from_json(row.get_ref("detail")?.as_str()?, "participant").in_row()?;
    Ok(detail.complete(session, client, row.get("epoch")?))
}

/// All participants of a session, in the order in which they joined.
pub(crate) fn participants(db: &Connection, session: &Session) -> rusqlite::Result<Vec<Participant>> {
    let sql = "SELECT epoch, client, detail FROM participant WHERE locator = ?1 AND incarnation = ?2";
    let place = [signed(session.locator.number()), signed(session.incarnation.number())];
    let found = db.prepare_cached(sql)?.query_map(place, |row| participant_row(row, session))?.collect();
    let mut found: Vec<Participant> = <rusqlite::Result<_>>::from(found)?;
    found.sort_by_key(|one| (one.epoch, one.joined_at));
    Ok(found)
}

/// The clients that took part in the last epoch of a session.
pub(crate) fn clients_of(db: &Connection, session: &Session) -> rusqlite::Result<Vec<ClientId>> {
    if session.participants == 0 {
        return Ok(Vec::new());
    }
    let all = participants(db, session)?;
    Ok(participants_of_epoch(&all, session.epoch).map(|one| one.client.clone()).collect())
}

/// What is stored of the participants of a session, for one more grant of a client.
pub(crate) fn participant_facts(
    db: &Connection,
    session: &Session,
    client: &ClientId,
) -> rusqlite::Result<ParticipantFacts> {
    let place = [signed(session.locator.number()), signed(session.incarnation.number())];
    let own = "SELECT epoch, client, detail FROM participant
        WHERE locator = ?1 AND incarnation = ?2 AND epoch = ?3 AND client = ?4";
    let own = db
        .prepare_cached(own)?
        .query_row(params![place[0], place[1], session.epoch, client.as_str()], |row| {
            participant_row(row, session)
        })
        .optional()?;
    let of_all_epochs = db
        .prepare_cached("SELECT count(*) FROM participant WHERE locator = ?1 AND incarnation = ?2")?
        .query_row(place, |row| row.get(0))?;
    Ok(ParticipantFacts { own, of_all_epochs })
}

pub(crate) fn write_participant(
    db: &Connection,
    session: &Session,
    participant: &Participant,
) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO participant(locator, incarnation, epoch, client, detail)
        VALUES (?1, ?2, ?3, ?4, ?5)";
    db.prepare_cached(sql)?.execute(params![
        signed(session.locator.number()),
        signed(session.incarnation.number()),
        participant.epoch,
        participant.client.as_str(),
        to_json(&ParticipantDetail::of(participant, session)),
    ])?;
    Ok(())
}

/// The places of a user at which clients took part in what lies there.
pub(crate) fn shared_places(db: &Connection, (low, high): (i64, i64)) -> rusqlite::Result<BTreeSet<Locator>> {
    db.prepare_cached("SELECT DISTINCT locator FROM participant WHERE locator BETWEEN ?1 AND ?2")?
        .query_map([low, high], |row| {
            Locator::from_number(unsigned(row, 0)?).ok_or_else(|| Damaged::row("locator"))
        })?
        .collect()
}

/// Whether clients took part in what lies at a place.
pub(crate) fn is_shared(db: &Connection, locator: i64) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT EXISTS(SELECT 1 FROM participant WHERE locator = ?1)")?
        .query_row([locator], |row| row.get(0))
}

/// Drops the participants of whatever lay at a place.
pub(crate) fn drop_participants(db: &Connection, locator: i64) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM participant WHERE locator = ?1")?.execute([locator])?;
    Ok(())
}
