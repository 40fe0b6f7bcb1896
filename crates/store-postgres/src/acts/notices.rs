//! Telling of endings: leases, answers, receipts.
//!
//! What becomes of a notice is decided by core. Nothing here sends anything.

use std::collections::{HashMap, VecDeque};

use adieu_core::{
    EndingId, Outage, Receipt, ReceiptKey, Receiver, Settlement, SubjectKey, Timestamp, Unwritten,
    decide_health, decide_settlement,
};
use adieu_store::{
    LeaseOrder, LeasedNotices, Notices, Pending, ReceiptPage, ReceiptQuery, ReceiverStanding, Retold, Taken,
};

use crate::PostgresStore;
use crate::acts::{leasing, taking};
use crate::batch::Batch;
use crate::rows::{PendingOf, ReceiversBehind, ToldBehind};
use crate::working::Looked;

/// Receipts that one order changes.
const STEP_MAX: u32 = 500;

impl Notices for PostgresStore {
    fn take_endings(&self, now: Timestamp) -> Pending<Result<Taken, Unwritten>> {
        self.teller.write(move |batch| taking::take_endings(batch, now).map(Ok))
    }

    fn lease_notices(&self, order: LeaseOrder, now: Timestamp) -> Pending<Result<LeasedNotices, Unwritten>> {
        let telling_since = *self.shared.telling_since.get_or_init(|| now);
        self.teller.write(move |batch| leasing::lease(batch, &order, telling_since, now).map(Ok))
    }

    fn settle_notice(
        &self,
        settlement: Settlement,
        now: Timestamp,
    ) -> Pending<Result<Option<Receipt>, Unwritten>> {
        self.teller.write(move |batch| settle(batch, &settlement, now).map(Ok))
    }

    fn receipts(&self, query: ReceiptQuery) -> Pending<Result<Option<ReceiptPage>, Outage>> {
        self.reader.read(move |batch| receipts(batch, &query))
    }

    fn receipt(&self, key: ReceiptKey) -> Pending<Result<Option<Receipt>, Outage>> {
        self.reader.read(move |batch| batch.receipt(&key))
    }

    fn retry_notices(
        &self,
        ending: EndingId,
        after: Option<(Receiver, SubjectKey)>,
        now: Timestamp,
    ) -> Pending<Result<Retold, Unwritten>> {
        self.teller
            .write(move |batch| retell(batch, ending, after.as_ref(), |receipt| receipt.retried(now)).map(Ok))
    }

    fn give_up_notices(
        &self,
        ending: EndingId,
        after: Option<(Receiver, SubjectKey)>,
        now: Timestamp,
    ) -> Pending<Result<Retold, Unwritten>> {
        self.teller.write(move |batch| {
            retell(batch, ending, after.as_ref(), |receipt| receipt.given_up(now)).map(Ok)
        })
    }

    fn receivers(
        &self,
        after: Option<Receiver>,
        most: u32,
    ) -> Pending<Result<Vec<ReceiverStanding>, Outage>> {
        self.reader.read(move |batch| receivers(batch, after.as_ref(), most))
    }
}

fn settle(batch: &mut Batch, settlement: &Settlement, now: Timestamp) -> Looked<Option<Receipt>> {
    let (held, receipt) = (batch.receiver(&settlement.key.receiver), batch.receipt(&settlement.key));
    let counts = batch.counts(settlement.key.place);
    let (before, receipt) = (held?.unwrap_or_default(), receipt?);
    counts?;
    let Some(receipt) = receipt else { return Ok(None) };
    let settled = decide_settlement(&receipt, settlement, now);
    if let Some(settled) = &settled {
        batch.write_receipt(settled, receipt.state)?;
    }
    if let Some(after) = decide_health(&before, &receipt, settlement, settled.as_ref(), now) {
        batch.write_receiver(&receipt.receiver, after);
    }
    Ok(settled)
}

fn name(receipt: &Receipt) -> (Receiver, SubjectKey) {
    let key = receipt.key();
    (key.receiver, key.subject)
}

fn receipts(batch: &Batch, query: &ReceiptQuery) -> Looked<Option<ReceiptPage>> {
    let Some(place) = batch.shared.ciphers.endings.decipher(query.ending) else { return Ok(None) };
    let (line, told) = (batch.line(place.line()), batch.told_so_far(place));
    let all = batch.receipts_of_ending(place, query.after.as_ref(), query.most.saturating_add(1));
    if line?.is_none() {
        return Ok(None);
    }
    let (told, mut receipts) = (told?, all?);
    let more = receipts.len() > query.most as usize;
    receipts.truncate(query.most as usize);
    let next = receipts.last().filter(|_| more).map(name);
    let mut health = HashMap::new();
    let waiting = receipts.iter().filter(|receipt| !receipt.state.is_settled());
    let known: Vec<_> = waiting.map(|one| (one.receiver.clone(), batch.receiver(&one.receiver))).collect();
    for (receiver, known) in known {
        health.insert(receiver, known?.unwrap_or_default());
    }
    Ok(Some(ReceiptPage { receipts, next, counts: told.counts, complete: told.complete, health }))
}

fn retell(
    batch: &mut Batch,
    ending: EndingId,
    after: Option<&(Receiver, SubjectKey)>,
    change: impl Fn(&Receipt) -> Option<Receipt>,
) -> Looked<Retold> {
    let mut retold = Retold::default();
    let Some(place) = batch.shared.ciphers.endings.decipher(ending) else { return Ok(retold) };
    let (all, counts) = (batch.receipts_of_ending(place, after, STEP_MAX), batch.counts(place));
    let all = all?;
    counts?;
    if all.len() as u32 == STEP_MAX {
        retold.next = all.last().map(name);
    }
    // Each is read again under the lock of its receiver.
    let held: Vec<_> = all
        .iter()
        .map(|one| {
            let health = batch.receiver(&one.receiver);
            let receipt = batch.receipt(&one.key());
            Ok::<_, crate::working::Halt>((health?, receipt?))
        })
        .collect();
    for held in held {
        let (_, Some(before)) = held? else { continue };
        let Some(changed) = change(&before) else { continue };
        batch.write_receipt(&changed, before.state)?;
        retold.notices += 1;
        let health = batch.receiver(&changed.receiver)?.unwrap_or_default();
        let after = health.with_changed(&changed);
        if after != health {
            batch.write_receiver(&changed.receiver, after);
        }
    }
    Ok(retold)
}

fn receivers(batch: &Batch, after: Option<&Receiver>, most: u32) -> Looked<Vec<ReceiverStanding>> {
    let behind = ReceiversBehind { after: after.map_or_else(String::new, Receiver::key), most };
    let told = ToldBehind {
        // All clients are behind all subscribers.
        subscriber: match after {
            None => Some(String::new()),
            Some(Receiver::Subscriber(id)) => Some(id.as_str().to_owned()),
            Some(Receiver::Client(_)) => None,
        },
        client: after.and_then(Receiver::client).map_or("", adieu_core::ClientId::as_str).to_owned(),
        most,
    };
    let (owed, told) = (batch.asked.receivers_behind.get(&behind), batch.asked.told_behind.get(&told));
    let mut all: Vec<Receiver> = owed?.iter().chain(told?).cloned().collect();
    all.sort();
    all.dedup();
    all.truncate(most as usize);
    let standing: VecDeque<_> = all.into_iter().map(|receiver| standing(batch, receiver)).collect();
    standing.into_iter().collect()
}

fn standing(batch: &Batch, receiver: Receiver) -> Looked<ReceiverStanding> {
    let health = batch.receiver(&receiver);
    let pending = batch.asked.pending_of.get(&PendingOf(receiver.clone())).copied();
    let (kind, address) = match &receiver {
        Receiver::Subscriber(id) => {
            let stored = batch.subscriber(id)?;
            (stored.as_ref().map(|stored| stored.kind.word()), stored.map(|stored| stored.address))
        }
        Receiver::Client(id) => {
            let stored = batch.stored_client(id)?.filter(|stored| !stored.removed);
            (None, stored.and_then(|stored| stored.client.backchannel_logout_uri))
        }
    };
    Ok(ReceiverStanding { receiver, kind, address, health: health?.unwrap_or_default(), pending: pending? })
}
