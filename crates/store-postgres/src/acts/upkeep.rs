//! The sweep, readiness, figures.
//!
//! A sweep is bounded, and one node sweeps at a time.

use std::sync::Arc;

use adieu_core::{
    EndScope, Locator, NIL, Outage, RealmId, Receiver, Span, SweepBounds, Timestamp, Unwritten,
};
use adieu_store::{Figures, Flow, LiveCount, Pending, StoreBytes, Swept, Upkeep};
use adieu_store_records::{Damaged, scope_of};

use crate::PostgresStore;
use crate::acts::expiry;
use crate::acts::leasing::sweep_receivers;
use crate::acts::spent::{Pass, SWEEP_MAX, bury_if_over, facts_at, postpone};
use crate::batch::Batch;
use crate::cursors::{MomentsCursor, held};
use crate::error::Closed;
use crate::rows::{
    AllRealms, DoneMass, Due, DueBetween, ExpiredFlows, ExpiredGrants, Guarded, KeptFlow, KeptMass,
    LiveStretch, OldBatches, OldCounts, OldLines, OldReceipts, RowsBehind, SessionRow, UntoldLines, Walks,
    Work, bounds, hour,
};
use crate::working::{Halt, Looked};

/// How long activity is remembered that is written down: longer than any read takes.
const ACTIVITY_KEPT: Span = Span::from_s(600);

impl Upkeep for PostgresStore {
    fn sweep(&self, now: Timestamp, tombstones_kept: Span) -> Pending<Result<Swept, Unwritten>> {
        self.shared.activity.forget_before(Timestamp::from_ms(now.ms() - ACTIVITY_KEPT.ms()));
        let cursors = Arc::clone(&self.cursors);
        let from = (*held(&cursors.tombstones), held(&cursors.receivers).clone());
        let telling_since = self.shared.telling_since.get().copied();
        let swept = self.background.write(move |batch| {
            sweep(batch, SweepBounds::at(now, tombstones_kept), &from, (telling_since, now)).map(Ok)
        });
        Box::pin(async move {
            let (swept, (tombstones, receivers)): (Swept, _) = swept.await?;
            // Only what is committed is looked at no more.
            *held(&cursors.tombstones) = tombstones;
            *held(&cursors.receivers) = receivers;
            Ok(swept)
        })
    }

    fn expire_shared(&self, now: Timestamp) -> Pending<Result<Swept, Unwritten>> {
        let cursors = Arc::clone(&self.cursors);
        let from = held(&cursors.moments).clone();
        let looked = self.background.write(move |batch| expiry::expire_shared(batch, &from, now).map(Ok));
        Box::pin(async move {
            let (swept, cursor): (Swept, MomentsCursor) = looked.await?;
            *held(&cursors.moments) = cursor;
            Ok(swept)
        })
    }

    fn ready(&self, now: Timestamp) -> Pending<Result<(), Outage>> {
        if !self.writer.is_open() {
            return Box::pin(async { Err(Closed.into()) });
        }
        let reading = self.reader.read(|batch| batch.asked.all_realms.get(&AllRealms).map(drop));
        if self.shared.health.is_to_be_tried(now) {
            let (writing, shared) = (self.try_writing(), Arc::clone(&self.shared));
            return Box::pin(async move {
                writing.await.map_err(Unwritten::into_outage)?;
                shared.health.recover();
                reading.await
            });
        }
        match self.shared.health.hindrance() {
            Some(hindrance) => {
                Box::pin(async move { Err(Outage::new("the last write failed").because(hindrance)) })
            }
            None => reading,
        }
    }

    fn count_live(&self, from: Option<Locator>, now: Timestamp) -> Pending<Result<LiveCount, Outage>> {
        self.reader.read(move |batch| {
            let found = batch.asked.live_stretch.get(&LiveStretch { from, most: COUNTED_MAX, now })?;
            let behind = found.last.and_then(|last| Locator::from_number(last.number() + 1));
            Ok(LiveCount { live: found.live, next: behind.filter(|_| found.read == COUNTED_MAX) })
        })
    }

    fn close(&self) -> Pending<()> {
        let pulse = Arc::clone(&self.pulse);
        Box::pin(async move { pulse.end().await })
    }

    fn figures(&self) -> Figures {
        let waiting = [&self.writer, &self.background, &self.teller].map(|writer| writer.waiting() as u64);
        Figures {
            writes_waiting: waiting.iter().sum(),
            reads_waiting: self.reader.waiting() as u64,
            sessions_cached: self.shared.activity.len() as u64,
            bytes: StoreBytes { database: self.shared.vitals.bytes(), log: 0 },
            hindrance: self.shared.health.hindrance(),
        }
    }
}

/// Sessions that one count reads.
const COUNTED_MAX: u32 = 2_000;

impl PostgresStore {
    /// Writes something that the next sweep takes away.
    fn try_writing(&self) -> Pending<Result<(), Unwritten>> {
        let realm: RealmId = NIL.parse().expect("an id");
        let expires_at = Timestamp::from_ms(0);
        let tried = Flow { id: [0; 16], realm, kind: "try".into(), expires_at, body: Vec::new() };
        self.writer.write(move |batch| {
            batch.flows.put(KeptFlow(tried.clone()));
            Ok(Ok(()))
        })
    }
}

type Walked = (u64, Option<Receiver>);

fn sweep(
    batch: &mut Batch,
    bounds: SweepBounds,
    from: &Walked,
    (telling_since, now): (Option<Timestamp>, Timestamp),
) -> Looked<(Swept, Walked)> {
    batch.guard(Guarded::Work(Work::Sweep))?;
    let untold = batch.asked.untold_lines.get(&UntoldLines(SWEEP_MAX))?;
    let bounds = bounds.before(untold.iter().map(|line| line.at).min());
    let mut swept = Swept::default();
    // What one part misses does not keep the others from asking.
    let sessions = sweep_sessions(batch, now, &mut swept);
    let walks = walk_mass_endings(batch, now, &mut swept);
    let remains = sweep_remains(batch, bounds, &mut swept);
    let receivers = sweep_receivers(batch, from.1.clone(), (telling_since, now), &mut swept);
    let tombstones = sweep_tombstones(batch, from.0, bounds.tombstones, &mut swept);
    sessions?;
    walks?;
    remains?;
    Ok((swept, (tombstones?, receivers?)))
}

fn sweep_sessions(batch: &mut Batch, now: Timestamp, swept: &mut Swept) -> Looked<()> {
    let due = DueBetween { after: None, before_hour: hour(now), most: SWEEP_MAX };
    let due = batch.asked.due_between.get(&due)?.clone();
    swept.more |= due.len() as u32 == SWEEP_MAX;
    let mut pass = Pass::default();
    for due in due {
        let done = sweep_one(batch, due, now);
        swept.sessions += u32::from(pass.over(done, due.locator).unwrap_or(false));
    }
    swept.more |= pass.done()?.is_some();
    Ok(())
}

fn sweep_one(batch: &mut Batch, due: Due, now: Timestamp) -> Looked<bool> {
    let found = facts_at(batch, due.locator)?;
    batch.dues.remove(due);
    let Some((kept, facts)) = found else { return Ok(false) };
    if kept.due_hour != due.hour {
        return Ok(false); // Its session is gone, or due at another hour.
    }
    if bury_if_over(batch, &facts, now)? {
        return Ok(true);
    }
    postpone(batch, kept, &facts).map(|()| false)
}

/// Endings of many whose sessions are walked over side by side, so that a large one keeps no small one waiting.
const WALKS_MAX: u32 = 4;

/// Buries the sessions that an ending of many has ended, a stretch at a time, so that they are found soon and not when
/// their own time has passed. Where the walk stands is committed with what it has done.
fn walk_mass_endings(batch: &mut Batch, now: Timestamp, swept: &mut Swept) -> Looked<()> {
    let walks = batch.asked.walks.get(&Walks { most: WALKS_MAX })?.clone();
    let mut missing = Ok(());
    for key in walks {
        match batch.mass_endings.get(&key).map(|kept| kept.cloned()) {
            Ok(Some(kept)) if !kept.done => {
                if let Err(halt) = walk(batch, kept, now, swept) {
                    missing = Err(halt);
                }
            }
            Ok(_) => {}
            Err(halt) => missing = Err(halt),
        }
    }
    missing
}

fn walk(batch: &mut Batch, kept: KeptMass, now: Timestamp, swept: &mut Swept) -> Looked<()> {
    let most = SWEEP_MAX / WALKS_MAX;
    let (first, last) = match scope_of(&adieu_store_records::scope_key(&kept.mass.scope)) {
        Some(EndScope::User(key)) => {
            let (first, last) = bounds(key);
            (first.number(), last.number())
        }
        Some(EndScope::Realm(_)) => (1, i64::MAX as u64),
        Some(EndScope::Client(_)) | None => return Err(Halt::Damaged(Damaged("scope"))),
    };
    let after = kept.walked_to.max(first - 1);
    let stretch = batch.asked.rows_behind.get(&RowsBehind { after, last, most })?.clone();
    let mut pass = Pass::default();
    for &(place, _) in stretch.iter().filter(|(_, ended_at)| ended_at.is_none()) {
        let facts = facts_at(batch, place);
        if let Some(Some((_, facts))) = pass.over(facts, place) {
            let buried = bury_if_over(batch, &facts, now);
            swept.sessions += u32::from(pass.over(buried, place).unwrap_or(false));
        }
    }
    // Whoever was left for another time is come to again.
    let left = pass.done()?;
    let whole = left.is_none() && (stretch.len() as u32) < most;
    let walked_to = match (left, stretch.last()) {
        (Some(left), _) => left.number() - 1,
        (None, Some((place, _))) if !whole => place.number(),
        (None, _) => last,
    };
    batch.mass_endings.put(KeptMass { done: whole, walked_to, ..kept });
    swept.more |= !whole;
    Ok(())
}

/// Flows and grants that have expired by then, and what is old enough to go.
fn sweep_remains(batch: &mut Batch, bounds: SweepBounds, swept: &mut Swept) -> Looked<()> {
    let (expired, until, most) = (bounds.expired, bounds.tombstones, SWEEP_MAX);
    let flows = batch.asked.expired_flows.get(&ExpiredFlows { by: expired, most }).cloned();
    let grants = batch.asked.expired_grants.get(&ExpiredGrants { by: expired, most }).cloned();
    let masses = batch.asked.done_mass.get(&DoneMass { until, most }).cloned();
    let lines = batch.asked.old_lines.get(&OldLines { until, most }).cloned();
    let receipts = batch.asked.old_receipts.get(&OldReceipts { most }).cloned();
    let counts = batch.asked.old_counts.get(&OldCounts { most }).cloned();
    let batches = batch.asked.old_batches.get(&OldBatches { most }).cloned();
    let (flows, grants, masses, lines) = (flows?, grants?, masses?, lines?);
    let (receipts, counts, batches) = (receipts?, counts?, batches?);
    let held: Vec<_> = flows.iter().map(|id| batch.flow(*id)).collect();
    for flow in held {
        // Another flow may have taken the name meanwhile.
        if let Some(flow) = flow?.filter(|flow| flow.expires_at <= expired) {
            batch.flows.remove(flow.id);
        }
    }
    let gone = [flows.len(), grants.len(), masses.len(), receipts.len()];
    swept.remains += gone.iter().map(|count| *count as u32).sum::<u32>();
    swept.more |= gone.iter().chain([&lines.len()]).any(|count| *count as u32 == SWEEP_MAX);
    grants.into_iter().for_each(|id| batch.grants.remove(id));
    masses.into_iter().for_each(|key| batch.mass_endings.remove(key));
    lines.into_iter().for_each(|line| batch.lines_gone.remove(line));
    receipts.into_iter().for_each(|key| batch.receipts.remove(key));
    counts.into_iter().for_each(|key| batch.receipt_counts.remove(key));
    batches.into_iter().for_each(|id| batch.batches_gone.remove(id));
    Ok(())
}

/// Walks over the rows in rounds, a stretch at a time, for tombstones that are old enough; there is no index to pay for at
/// every ending. Says behind which place the next sweep goes on.
fn sweep_tombstones(batch: &mut Batch, after: u64, ended_by: Timestamp, swept: &mut Swept) -> Looked<u64> {
    let behind = RowsBehind { after, last: i64::MAX as u64, most: SWEEP_MAX };
    let (stretch, untold) = (batch.asked.rows_behind.get(&behind).cloned(), batch.untold_endings());
    let (stretch, untold) = (stretch?, untold?);
    let mut pass = Pass::default();
    for &(place, ended_at) in &stretch {
        if ended_at.is_none_or(|ended_at| ended_at > ended_by) {
            continue;
        }
        let dropped = drop_tombstone(batch, place, ended_by, &untold);
        swept.remains += u32::from(pass.over(dropped, place).unwrap_or(false));
    }
    pass.done()?;
    Ok(match stretch.last() {
        Some((place, _)) if stretch.len() as u32 == SWEEP_MAX => place.number(),
        _ => 0,
    })
}

/// Drops what lies at a place if it is a tombstone that is old enough and of which nobody is still to be told; says whether it was.
fn drop_tombstone(
    batch: &mut Batch,
    place: Locator,
    ended_by: Timestamp,
    untold: &adieu_core::UntoldEndings,
) -> Looked<bool> {
    let Some(kept) = batch.row_at(place)? else { return Ok(false) };
    let SessionRow::Ended(tombstone) = &kept.row else { return Ok(false) };
    if tombstone.ending.at > ended_by {
        return Ok(false);
    }
    if untold.may_need(place, true) && untold.may_need(place, batch.is_shared(place)?) {
        return Ok(false);
    }
    batch.drop_beside(place)?;
    batch.sessions.remove(place);
    Ok(true)
}
