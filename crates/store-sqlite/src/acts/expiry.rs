//! What time ends and somebody is told of: found at its moment (decisions 0032 and 0064).
//!
//! A session has its moment on the list from the commit on that makes somebody hear of its end. What began in a realm before anybody
//! subscribed to it has none: such sessions are looked for in the list of the sweep, some minutes before their hour.

use adieu_core::{Locator, Session, Span, Timestamp};
use adieu_store::Swept;

use crate::acts::sessions::write_activity;
use crate::acts::spent::{SWEEP_MAX, bury_if_over, past_damage, readable_facts_at};
use crate::batch::Batch;
use crate::moments_cursor::MomentsCursor;
use crate::rows;

/// How long before its hour a part of the sweep's list is looked through: time enough for some hundred thousand sessions.
const LOOK_AHEAD: Span = Span::from_s(600);

/// Ends sessions of whose end somebody is told at their moment; those that were used since the moment was noted are looked at again later.
/// Gives how far it has looked, too.
pub(super) fn expire_shared(
    batch: &mut Batch<'_>,
    from: &MomentsCursor,
    now: Timestamp,
) -> rusqlite::Result<(Swept, MomentsCursor)> {
    let (cursor, more) = note_moments(batch, from, now)?;
    let due = rows::shared_due(batch.db, now, SWEEP_MAX)?;
    let mut swept = Swept { more: more || due.len() as u32 == SWEEP_MAX, ..Swept::default() };
    for (looked_at, due) in (0..).zip(due) {
        if batch.gives_way_after(looked_at) {
            swept.more = true;
            break;
        }
        rows::drop_shared_due(batch.db, due)?;
        if rows::shared_due_of(batch.db, due.locator)? != Some(due.at) {
            continue; // Its session is over or shared no more, or has another moment.
        }
        let Some(facts) = readable_facts_at(batch, due.locator)? else { continue };
        if bury_if_over(batch, &facts, now)? {
            swept.sessions += 1;
            continue;
        }
        let session = facts.as_seen();
        if session.ends_at(session.seen_at) > now {
            write_activity(batch.db, (session.locator, session.incarnation), session.seen_at)?;
            rows::postpone_shared(batch.db, &session)?;
        }
    }
    Ok((swept, cursor))
}

/// Notes the moments of sessions that have none and may be over soon, in realms with subscribers; says how far it has looked, and whether
/// there is more. Where nobody subscribes, nothing is looked at.
fn note_moments(
    batch: &Batch<'_>,
    from: &MomentsCursor,
    now: Timestamp,
) -> rusqlite::Result<(MomentsCursor, bool)> {
    let realms = rows::subscribed_realms(batch.db)?;
    if realms.is_empty() {
        return Ok((MomentsCursor::default(), false));
    }
    let after = from.after.filter(|_| from.realms == realms);
    let listed = rows::due_after(batch.db, after, now.plus(LOOK_AHEAD), SWEEP_MAX)?;
    for due in &listed {
        let is_current = rows::due_hour(batch.db, due.locator)? == Some(due.hour());
        if !is_current || rows::shared_due_of(batch.db, due.locator)?.is_some() {
            continue;
        }
        let session = past_damage(session_at(batch, due.locator), due.locator)?.flatten();
        if let Some(session) = session
            && realms.iter().any(|realm| realm.id == session.realm)
        {
            // By the activity that is written: what is in memory only is lost in a crash, and the moment would come too late.
            rows::postpone_shared(batch.db, &session)?;
        }
    }
    let more = listed.len() as u32 == SWEEP_MAX;
    Ok((MomentsCursor { realms, after: listed.last().map(|due| due.key()).or(after) }, more))
}

fn session_at(batch: &Batch<'_>, place: i64) -> rusqlite::Result<Option<Session>> {
    match u64::try_from(place).ok().and_then(Locator::from_number) {
        Some(locator) => rows::session_at(batch.db, batch.cipher(), locator),
        None => Ok(None),
    }
}
