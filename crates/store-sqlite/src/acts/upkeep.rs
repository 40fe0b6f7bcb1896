//! The sweep, readiness, figures.
//!
//! A sweep is bounded: it takes no more of the writer than any other batch.

use adieu_core::{Locator, Outage, Span, SweepBounds, Timestamp, Unwritten};
use adieu_store::{Figures, LiveCount, Pending, StoreBytes, Swept, Upkeep};
use rusqlite::params;

use crate::acts::expiry;
use crate::acts::free_place::untold_endings;
use crate::acts::leasing::sweep_receivers;
use crate::acts::sessions::write_activity;
use crate::acts::spent::{SWEEP_MAX, bury_if_over, past_damage, readable_facts_at};
use crate::batch::Batch;
use crate::error::Closed;
use crate::moments_cursor::MomentsCursor;
use crate::{SqliteStore, rows};

impl Upkeep for SqliteStore {
    fn sweep(&self, now: Timestamp, tombstones_kept: Span) -> Pending<Result<Swept, Unwritten>> {
        let cursor = std::sync::Arc::clone(&self.sweep_cursor);
        let receivers = std::sync::Arc::clone(&self.swept_receiver);
        self.writer.write_in_background(move |batch| {
            let mut swept = Swept::default();
            sweep_sessions(batch, now, &mut swept)?;
            walk_mass_endings(batch, now, &mut swept)?;
            let bounds = SweepBounds::at(now, tombstones_kept).before(rows::first_untold(batch.db)?);
            sweep_remains(batch, bounds.expired, &mut swept)?;
            let records = rows::drop_mass_endings(batch.db, bounds.tombstones, SWEEP_MAX)?;
            let lines = rows::drop_lines(batch.db, bounds.tombstones, SWEEP_MAX)?;
            let receipts = rows::drop_receipts(batch.db, SWEEP_MAX)?;
            swept.remains += records + lines + receipts;
            swept.more |= [records, lines, receipts].contains(&SWEEP_MAX);
            let mut receivers = receivers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let telling_since = batch.shared.telling_since.get().copied();
            *receivers = sweep_receivers(batch.db, receivers.take(), (telling_since, now), &mut swept)?;
            let mut after = cursor.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *after = sweep_tombstones(batch, *after, bounds.tombstones, &mut swept)?;
            Ok(Ok(swept))
        })
    }

    fn expire_shared(&self, now: Timestamp) -> Pending<Result<Swept, Unwritten>> {
        let shared = std::sync::Arc::clone(&self.moments_cursor);
        let from = MomentsCursor::read(&shared);
        let looked =
            self.writer.write_in_background(move |batch| expiry::expire_shared(batch, &from, now).map(Ok));
        Box::pin(async move {
            let (swept, cursor): (Swept, MomentsCursor) = looked.await?;
            cursor.write(&shared); // Only what is committed is looked at no more.
            Ok(swept)
        })
    }

    fn ready(&self, now: Timestamp) -> Pending<Result<(), Outage>> {
        if !self.writer.is_open() {
            return Box::pin(async { Err(Closed.into()) });
        }
        let reading =
            self.readers.read(|db, _, _| db.query_row("SELECT count(*) FROM realm LIMIT 1", [], |_| Ok(())));
        if self.shared.health.is_to_be_tried(now) {
            let (writing, shared) = (self.try_writing(), std::sync::Arc::clone(&self.shared));
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
        self.readers.read(move |db, _, _| rows::count_live(db, from, COUNTED_MAX, now))
    }

    fn figures(&self) -> Figures {
        let database = self.folder.database();
        let log = database.with_extension("db-wal");
        Figures {
            writes_waiting: self.writer.waiting() as u64,
            reads_waiting: self.readers.waiting() as u64,
            sessions_cached: self.shared.caches.sessions.len() as u64,
            bytes: StoreBytes { database: bytes_of(&database), log: bytes_of(&log) },
            hindrance: self.shared.health.hindrance(),
        }
    }
}

/// Sessions that one count reads: about a millisecond of a reader's time.
const COUNTED_MAX: u32 = 2_000;
/// Bytes that a try writes: more than any order needs but the longest documents. Whoever fits in has room for a sign-on.
const TRIED_BYTES: u32 = 16 * 1024;

impl SqliteStore {
    /// Writes something, synced as every order is, and takes it away in the same transaction.
    fn try_writing(&self) -> Pending<Result<(), Unwritten>> {
        self.writer.write(|batch| {
            let written = "INSERT OR REPLACE INTO flow(id, realm, kind, expires_at, body)
                VALUES (zeroblob(16), zeroblob(16), 'try', 0, zeroblob(?1))";
            batch.db.prepare_cached(written)?.execute([TRIED_BYTES])?;
            batch.db.prepare_cached("DELETE FROM flow WHERE id = zeroblob(16)")?.execute([])?;
            Ok(Ok(()))
        })
    }
}

/// A file that is not there has none.
fn bytes_of(path: &std::path::Path) -> u64 {
    path.metadata().map_or(0, |file| file.len())
}

fn sweep_sessions(batch: &mut Batch<'_>, now: Timestamp, swept: &mut Swept) -> rusqlite::Result<()> {
    let due = rows::due(batch.db, now, SWEEP_MAX)?;
    swept.more |= due.len() as u32 == SWEEP_MAX;
    for (looked_at, due) in (0..).zip(due) {
        if batch.gives_way_after(looked_at) {
            swept.more = true;
            break;
        }
        rows::drop_due(batch.db, due)?;
        if rows::due_hour(batch.db, due.locator)? != Some(due.hour()) {
            continue; // Its session is gone, or due at another hour.
        }
        let Some(facts) = readable_facts_at(batch, due.locator)? else { continue };
        if bury_if_over(batch, &facts, now)? {
            swept.sessions += 1;
        } else {
            let session = facts.as_seen();
            write_activity(batch.db, (session.locator, session.incarnation), session.seen_at)?;
            rows::postpone(batch.db, &session)?;
        }
    }
    Ok(())
}

/// Endings of many whose sessions are walked over side by side, so that a large one keeps no small one waiting.
const WALKS_MAX: u32 = 4;

/// Buries the sessions that an ending of many has ended, a stretch at a time, so that they are found soon and not when
/// their own time has passed. Where the walk stands is committed with what it has done: a crash repeats nothing, and of two
/// that walk at once the second goes on where the first one stopped.
fn walk_mass_endings(batch: &mut Batch<'_>, now: Timestamp, swept: &mut Swept) -> rusqlite::Result<()> {
    let most = SWEEP_MAX / WALKS_MAX;
    for walk in rows::walks(batch.db, WALKS_MAX)? {
        let stretch = rows::stretch_of(batch.db, &walk, most)?;
        let (mut whole, mut last) = ((stretch.len() as u32) < most, None);
        for (walked, &(place, is_session)) in (0..).zip(&stretch) {
            if batch.gives_way_after(walked * WALKS_MAX) {
                whole = false;
                break;
            }
            last = Some(place);
            if is_session && let Some(facts) = readable_facts_at(batch, place)? {
                swept.sessions += u32::from(bury_if_over(batch, &facts, now)?);
            }
        }
        rows::write_walk(batch.db, &walk, last.filter(|_| !whole))?;
        swept.more |= !whole;
    }
    Ok(())
}

/// Flows and grants that have expired by then.
fn sweep_remains(batch: &mut Batch<'_>, expired: Timestamp, swept: &mut Swept) -> rusqlite::Result<()> {
    let statements = [
        "DELETE FROM flow WHERE id IN (SELECT id FROM flow WHERE expires_at <= ?1 LIMIT ?2)",
        "DELETE FROM held WHERE id IN (SELECT id FROM held WHERE expires_at <= ?1 LIMIT ?2)",
    ];
    for sql in statements {
        let gone = batch.db.prepare_cached(sql)?.execute(params![expired.ms(), SWEEP_MAX])? as u32;
        swept.remains += gone;
        swept.more |= gone == SWEEP_MAX;
    }
    Ok(())
}

/// Walks over the rows in rounds, a stretch at a time, for tombstones that are old enough; there is no index to pay for at
/// every ending.
fn sweep_tombstones(
    batch: &mut Batch<'_>,
    after: i64,
    ended_by: Timestamp,
    swept: &mut Swept,
) -> rusqlite::Result<i64> {
    let stretch = rows::stretch_after(batch.db, after, SWEEP_MAX)?;
    let untold = untold_endings(batch)?;
    let (mut is_all, mut last) = ((stretch.len() as u32) < SWEEP_MAX, None);
    let mut dropped_rows = 0;
    for &(locator, ended_at) in &stretch {
        if batch.gives_way_after(dropped_rows) {
            is_all = false;
            break;
        }
        last = Some(locator);
        if ended_at.is_none_or(|ended_at| ended_at > ended_by.ms()) {
            continue;
        }
        dropped_rows += 1;
        let place = locator.try_into().ok().and_then(Locator::from_number);
        let is_needed = match place.filter(|place| untold.may_need(*place, true)) {
            Some(place) => untold.may_need(place, rows::is_shared(batch.db, locator)?),
            None => false,
        };
        if !is_needed {
            let dropped = past_damage(rows::drop_tombstone(batch.db, locator), locator)?;
            swept.remains += u32::from(dropped.is_some());
        }
    }
    Ok(last.filter(|_| !is_all).unwrap_or(0))
}
