//! Telling of endings: leases, answers, receipts.
//!
//! What becomes of a notice is decided by core. Nothing here sends anything.

use std::collections::HashMap;

use adieu_core::{
    EndingId, Outage, Receipt, ReceiptKey, Receiver, Settlement, SubjectKey, Timestamp, Unwritten,
    decide_health, decide_settlement,
};
use adieu_store::{
    LeaseOrder, LeasedNotices, Notices, Pending, ReceiptPage, ReceiptQuery, ReceiverStanding, Retold, Taken,
};
use rusqlite::Connection;

use crate::acts::{leasing, taking};
use crate::batch::Batch;
use crate::shared::Shared;
use crate::{SqliteStore, rows};

/// Receipts that one order changes: some milliseconds of the writer.
const STEP_MAX: u32 = 500;

impl Notices for SqliteStore {
    fn take_endings(&self, now: Timestamp) -> Pending<Result<Taken, Unwritten>> {
        self.writer.write_in_background(move |batch| taking::take_endings(batch, now).map(Ok))
    }

    fn lease_notices(&self, order: LeaseOrder, now: Timestamp) -> Pending<Result<LeasedNotices, Unwritten>> {
        self.writer.write_in_background(move |batch| {
            let telling_since = leasing::telling_since(batch, now)?;
            leasing::lease(batch.db, &order, telling_since, now).map(Ok)
        })
    }

    fn settle_notice(
        &self,
        settlement: Settlement,
        now: Timestamp,
    ) -> Pending<Result<Option<Receipt>, Unwritten>> {
        self.writer.write_in_background(move |batch| settle(batch.db, &settlement, now).map(Ok))
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

fn settle(db: &Connection, settlement: &Settlement, now: Timestamp) -> rusqlite::Result<Option<Receipt>> {
    let Some(receipt) = rows::receipt(db, &settlement.key)? else { return Ok(None) };
    let settled = decide_settlement(&receipt, settlement, now);
    if let Some(settled) = &settled {
        rows::write_receipt(db, settled, receipt.state)?;
    }
    let before = rows::receiver(db, &receipt.receiver)?;
    if let Some(after) = decide_health(&before, &receipt, settlement, settled.as_ref(), now) {
        rows::write_receiver(db, &receipt.receiver, &after)?;
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
    let mut health = HashMap::new();
    for receipt in receipts.iter().filter(|receipt| !receipt.state.is_settled()) {
        if !health.contains_key(&receipt.receiver) {
            health.insert(receipt.receiver.clone(), rows::receiver(db, &receipt.receiver)?);
        }
    }
    Ok(Some(ReceiptPage { receipts, next, counts: rows::count_receipts(db, place)?, complete, health }))
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
        let before = rows::receiver(batch.db, &changed.receiver)?;
        let after = before.with_changed(&changed);
        if after != before {
            rows::write_receiver(batch.db, &changed.receiver, &after)?;
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
        let Some(receiver) = rows::next_listed(db, last.as_ref())? else { break };
        let (kind, address) = match &receiver {
            Receiver::Subscriber(id) => {
                let stored = rows::subscriber(db, id)?;
                (stored.as_ref().map(|stored| stored.kind.word()), stored.map(|stored| stored.address))
            }
            Receiver::Client(id) => {
                let stored = rows::client(db, id)?.filter(|stored| !stored.removed);
                (None, stored.and_then(|stored| stored.client.backchannel_logout_uri))
            }
        };
        let (health, pending) = (rows::receiver(db, &receiver)?, rows::count_pending(db, &receiver)?);
        last = Some(receiver.clone());
        all.push(ReceiverStanding { receiver, kind, address, health, pending });
    }
    Ok(all)
}
