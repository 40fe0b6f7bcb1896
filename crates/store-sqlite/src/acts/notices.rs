//! Telling of endings: leases, answers, receipts.
//!
//! What becomes of a notice is decided by core. Nothing here sends anything.

use std::sync::atomic::Ordering;

use adieu_core::{
    EndingId, EndingPlace, Lane, Outage, Receipt, ReceiptKey, Receiver, Settlement, SubjectKey, Subscriber,
    Timestamp, Unwritten, decide_health, decide_lease, decide_settlement, due_at_once, is_back,
};
use adieu_store::{
    LeaseOrder, LeasedNotice, LeasedNotices, NoticeAddress, Notices, Pending, ReceiptPage, ReceiptQuery,
    ReceiverStanding, Retold, Taken,
};
use rusqlite::Connection;

use crate::acts::taking;
use crate::batch::Batch;
use crate::shared::Shared;
use crate::{SqliteStore, rows};

/// Receipts that one order changes: some milliseconds of the writer.
const STEP_MAX: u32 = 500;

impl Notices for SqliteStore {
    fn take_endings(&self, now: Timestamp) -> Pending<Result<Taken, Unwritten>> {
        self.writer.write(move |batch| taking::take_endings(batch, now).map(Ok))
    }

    fn lease_notices(&self, order: LeaseOrder, now: Timestamp) -> Pending<Result<LeasedNotices, Unwritten>> {
        self.writer.write(move |batch| {
            free_leases(batch, now)?;
            lease(batch.db, &order, now).map(Ok)
        })
    }

    fn settle_notice(
        &self,
        settlement: Settlement,
        now: Timestamp,
    ) -> Pending<Result<Option<Receipt>, Unwritten>> {
        self.writer.write(move |batch| settle(batch.db, &settlement, now).map(Ok))
    }

    fn receipts(&self, query: ReceiptQuery) -> Pending<Result<Option<ReceiptPage>, Outage>> {
        self.readers.read(move |db, shared, _| receipts(db, shared, &query))
    }

    fn receipt(&self, key: ReceiptKey) -> Pending<Result<Option<Receipt>, Outage>> {
        self.readers.read(move |db, _, _| rows::receipt(db, &key))
    }

    fn retry_notices(
        &self,
        ending: EndingId,
        after: Option<(Receiver, SubjectKey)>,
        now: Timestamp,
    ) -> Pending<Result<Retold, Unwritten>> {
        self.writer
            .write(move |batch| retell(batch, ending, after.as_ref(), |receipt| receipt.retried(now)).map(Ok))
    }

    fn give_up_notices(
        &self,
        ending: EndingId,
        after: Option<(Receiver, SubjectKey)>,
        now: Timestamp,
    ) -> Pending<Result<Retold, Unwritten>> {
        self.writer.write(move |batch| {
            retell(batch, ending, after.as_ref(), |receipt| receipt.given_up(now)).map(Ok)
        })
    }

    fn receivers(
        &self,
        after: Option<Receiver>,
        most: u32,
    ) -> Pending<Result<Vec<ReceiverStanding>, Outage>> {
        self.readers.read(move |db, _, _| receivers(db, after.as_ref(), most))
    }
}

/// Frees what the process that had the folder before this one had leased: it is gone, and nobody else has the folder.
fn free_leases(batch: &Batch<'_>, now: Timestamp) -> rusqlite::Result<()> {
    if batch.shared.leases_freed.load(Ordering::Acquire) {
        return Ok(());
    }
    let mut last = None;
    while let Some((receiver, _)) = rows::next_awaited(batch.db, last.as_ref())? {
        for receipt in rows::later_receipts(batch.db, &receiver, now, STEP_MAX)? {
            if let Some(free) = receipt.freed(now) {
                rows::write_due(batch.db, &free)?;
            }
        }
        last = Some(receiver);
    }
    // If this batch is rolled back they run out by themselves.
    batch.shared.leases_freed.store(true, Ordering::Release);
    Ok(())
}

fn lease(db: &Connection, order: &LeaseOrder, now: Timestamp) -> rusqlite::Result<LeasedNotices> {
    let mut leased = LeasedNotices::default();
    let mut last = None;
    while let Some((receiver, health)) = rows::next_awaited(db, last.as_ref())? {
        let room = order.most.saturating_sub(leased.notices.len() as u32);
        let busy = order.busy.get(&receiver).copied().unwrap_or(0);
        let lane = Lane { health, busy, most_each: order.most_each, room, reserved: order.reserved };
        let due = rows::due_receipts(db, &receiver, now, lane.allowance(now) + 1)?;
        let leasing = decide_lease(&lane, due, rows::next_due(db, &receiver, now)?, order.until, now);
        if let Some(health) = &leasing.health {
            rows::write_receiver(db, &receiver, health)?;
        }
        if !leasing.leased.is_empty() {
            let stored = RegisteredReceiver::of(db, &receiver)?;
            for receipt in leasing.leased {
                rows::write_due(db, &receipt)?;
                let to = stored.address_for(receipt.place);
                leased.notices.push(LeasedNotice { receipt, to });
            }
        }
        leased.next_due = leased.next_due.into_iter().chain(leasing.next_due).min();
        last = Some(receiver);
    }
    Ok(leased)
}

/// A receiver as it is registered now.
enum RegisteredReceiver {
    Client(Option<String>),
    Subscriber(Option<Box<Subscriber>>),
}

impl RegisteredReceiver {
    fn of(db: &Connection, receiver: &Receiver) -> rusqlite::Result<Self> {
        Ok(match receiver {
            Receiver::Client(client) => {
                let stored = rows::client(db, client)?;
                Self::Client(stored.and_then(|stored| stored.client.backchannel_logout_uri))
            }
            Receiver::Subscriber(id) => Self::Subscriber(rows::subscriber(db, id)?.map(Box::new)),
        })
    }

    /// Where it is told of the ending at a place.
    fn address_for(&self, place: EndingPlace) -> Option<NoticeAddress> {
        match self {
            Self::Client(address) => address.clone().map(NoticeAddress::Client),
            Self::Subscriber(stored) => {
                let stored = stored.as_ref().filter(|stored| stored.is_told_of(place));
                stored.cloned().map(NoticeAddress::Subscriber)
            }
        }
    }
}

fn settle(db: &Connection, settlement: &Settlement, now: Timestamp) -> rusqlite::Result<Option<Receipt>> {
    let Some(receipt) = rows::receipt(db, &settlement.key)? else { return Ok(None) };
    let settled = decide_settlement(&receipt, settlement, now);
    if let Some(settled) = &settled {
        rows::write_receipt(db, settled, receipt.state)?;
    }
    let before = rows::receiver(db, &receipt.receiver)?;
    if let Some(after) = decide_health(&before, &receipt, settlement, now) {
        rows::write_receiver(db, &receipt.receiver, &after)?;
        if is_back(&before, &after) {
            for waiting in rows::later_receipts(db, &receipt.receiver, now, STEP_MAX)? {
                if let Some(due) = due_at_once(&waiting, now) {
                    rows::write_due(db, &due)?;
                }
            }
        }
    }
    Ok(settled)
}

fn name(receipt: &Receipt) -> (Receiver, SubjectKey) {
    let key = receipt.key();
    (key.receiver, key.subject)
}

fn receipts(db: &Connection, shared: &Shared, query: &ReceiptQuery) -> rusqlite::Result<Option<ReceiptPage>> {
    let Some(place) = shared.ending_cipher.decipher(query.ending) else { return Ok(None) };
    if rows::line(db, place.line())?.is_none() {
        return Ok(None);
    }
    let complete = rows::told_up_to(db)?.is_past(place);
    let mut receipts = rows::receipts_of(db, place, query.after.as_ref(), query.most.saturating_add(1))?;
    let more = receipts.len() > query.most as usize;
    receipts.truncate(query.most as usize);
    let next = receipts.last().filter(|_| more).map(name);
    Ok(Some(ReceiptPage { receipts, next, counts: rows::count_receipts(db, place)?, complete }))
}

fn retell(
    batch: &Batch<'_>,
    ending: EndingId,
    after: Option<&(Receiver, SubjectKey)>,
    change: impl Fn(&Receipt) -> Option<Receipt>,
) -> rusqlite::Result<Retold> {
    let mut retold = Retold::default();
    let Some(place) = batch.shared.ending_cipher.decipher(ending) else { return Ok(retold) };
    let all = rows::receipts_of(batch.db, place, after, STEP_MAX)?;
    if all.len() as u32 == STEP_MAX {
        retold.next = all.last().map(name);
    }
    for (before, changed) in all.iter().filter_map(|one| Some((one.state, change(one)?))) {
        rows::write_receipt(batch.db, &changed, before)?;
        retold.notices += 1;
        if let Some(health) = rows::receiver(batch.db, &changed.receiver)?.wanted_now() {
            rows::write_receiver(batch.db, &changed.receiver, &health)?;
        }
    }
    Ok(retold)
}

fn receivers(
    db: &Connection,
    after: Option<&Receiver>,
    most: u32,
) -> rusqlite::Result<Vec<ReceiverStanding>> {
    let (mut all, mut last) = (Vec::new(), after.cloned());
    while (all.len() as u32) < most {
        let Some((receiver, health)) = rows::next_receiver(db, last.as_ref())? else { break };
        let kind = match &receiver {
            Receiver::Subscriber(id) => rows::subscriber(db, id)?.map(|stored| stored.kind.word()),
            Receiver::Client(_) => None,
        };
        last = Some(receiver.clone());
        all.push(ReceiverStanding { pending: rows::count_pending(db, &receiver)?, receiver, kind, health });
    }
    Ok(all)
}
