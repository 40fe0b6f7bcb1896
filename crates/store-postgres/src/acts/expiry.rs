//! What time ends and somebody is told of: found at its moment (decisions 0032 and 0064). One node looks at a time.
//!
//! A session has its moment on the list from the commit on that makes somebody hear of its end. What began in a realm before anybody
//! subscribed to it has none: such sessions are looked for in the list of the sweep, some minutes before their hour.

use adieu_core::{Span, Timestamp};
use adieu_store::Swept;

use crate::acts::spent::{Pass, SWEEP_MAX, bury_if_over, facts_at};
use crate::batch::Batch;
use crate::cursors::MomentsCursor;
use crate::rows::{
    DueBetween, Guarded, PlacedSession, SessionRow, SharedDue, SharedDueBy, SubscribedRealms, Work, hour,
};
use crate::working::Looked;

/// How long before its hour a part of the sweep's list is looked through: time enough for some hundred thousand sessions.
const LOOK_AHEAD: Span = Span::from_s(600);

/// Ends sessions of whose end somebody is told at their moment; those that were used since the moment was noted are looked at again later.
/// Gives how far it has looked, too.
pub(super) fn expire_shared(
    batch: &mut Batch,
    from: &MomentsCursor,
    now: Timestamp,
) -> Looked<(Swept, MomentsCursor)> {
    batch.guard(Guarded::Work(Work::Expiry))?;
    let due = batch.asked.shared_due_by.get(&SharedDueBy { now, most: SWEEP_MAX }).cloned();
    let noted = note_moments(batch, from, now);
    let (due, (cursor, more)) = (due?, noted?);
    let mut swept = Swept { more: more || due.len() as u32 == SWEEP_MAX, ..Swept::default() };
    let mut pass = Pass::default();
    for due in due {
        let done = expire_one(batch, due, now);
        swept.sessions += u32::from(pass.over(done, due.locator).unwrap_or(false));
    }
    swept.more |= pass.done()?.is_some();
    Ok((swept, cursor))
}

/// Ends a session if it is over; says whether it was.
fn expire_one(batch: &mut Batch, due: SharedDue, now: Timestamp) -> Looked<bool> {
    let found = facts_at(batch, due.locator)?;
    batch.shared_dues.remove(due);
    let Some((kept, facts)) = found else { return Ok(false) };
    if kept.shared_due != Some(due.at) {
        return Ok(false); // Its session is over or shared no more, or has another moment.
    }
    if bury_if_over(batch, &facts, now)? {
        return Ok(true);
    }
    let session = facts.as_seen();
    let at = session.ends_at(session.seen_at);
    if at > now {
        batch.shared_dues.put(SharedDue { at, locator: due.locator });
        let row = SessionRow::Stored(session.into());
        batch.sessions.put(PlacedSession { row, shared_due: Some(at), ..kept });
    }
    Ok(false)
}

/// Notes the moments of sessions that have none and may be over soon, in realms with subscribers; says how far it has looked, and whether
/// there is more. Where nobody subscribes, nothing is looked at.
fn note_moments(batch: &mut Batch, from: &MomentsCursor, now: Timestamp) -> Looked<(MomentsCursor, bool)> {
    let realms = batch.asked.subscribed_realms.get(&SubscribedRealms)?.clone();
    if realms.is_empty() {
        return Ok((MomentsCursor::default(), false));
    }
    let after = from.after.filter(|_| from.realms == realms);
    let before_hour = hour(now.plus(LOOK_AHEAD)) + 1;
    let listed = DueBetween { after, before_hour, most: SWEEP_MAX };
    let listed = batch.asked.due_between.get(&listed)?.clone();
    let mut pass = Pass::default();
    for due in &listed {
        let row = batch.row_at(due.locator);
        let Some(Some(kept)) = pass.over(row, due.locator) else { continue };
        let SessionRow::Stored(session) = &kept.row else { continue };
        let is_current = kept.due_hour == due.hour && kept.shared_due.is_none();
        if is_current && realms.iter().any(|realm| realm.id == session.realm) {
            // By the activity that is written: what is in memory only is lost in a crash, and the moment would come too late.
            let at = session.ends_at(session.seen_at);
            batch.shared_dues.put(SharedDue { at, locator: due.locator });
            batch.sessions.put(PlacedSession { shared_due: Some(at), ..kept });
        }
    }
    // Whoever was left for another time is looked at from there on.
    let left = pass.done()?.and_then(|place| listed.iter().position(|due| due.locator == place));
    let looked_at = &listed[..left.unwrap_or(listed.len())];
    let more = left.is_some() || listed.len() as u32 == SWEEP_MAX;
    Ok((MomentsCursor { realms, after: looked_at.last().copied().or(after) }, more))
}
