//! Telling of endings: receipts beside the lines of endings.
//!
//! Who is told, and what becomes of a notice, is decided by core. A step is bounded here, too: whoever calls it learns that
//! there is more.

use std::ops::Bound;

use adieu_core::{
    EndingId, EndingPlace, Lane, Outage, Receipt, ReceiptKey, ReceiptState, Receiver, Settlement, SubjectKey,
    Timestamp, Unwritten, decide_health, decide_lease, decide_settlement, due_at_once, is_back,
};
use adieu_store::{
    LeaseOrder, LeasedNotice, LeasedNotices, NoticeAddress, Notices, Pending, ReceiptPage, ReceiptQuery,
    ReceiverStanding, Retold, Taken,
};

use crate::MemoryStore;
use crate::tables::Tables;

/// Entries and sessions that one step looks at.
const STEP_MAX: u32 = 500;

impl Notices for MemoryStore {
    fn take_endings(&self, now: Timestamp) -> Pending<Result<Taken, Unwritten>> {
        self.act(|tables| Ok(tables.take_endings(now)))
    }

    fn lease_notices(&self, order: LeaseOrder, now: Timestamp) -> Pending<Result<LeasedNotices, Unwritten>> {
        self.act(|tables| Ok(tables.lease(&order, now)))
    }

    fn settle_notice(
        &self,
        settlement: Settlement,
        now: Timestamp,
    ) -> Pending<Result<Option<Receipt>, Unwritten>> {
        self.act(|tables| Ok(tables.settle(&settlement, now)))
    }

    fn receipts(&self, query: ReceiptQuery) -> Pending<Result<Option<ReceiptPage>, Outage>> {
        self.act(|tables| Ok(tables.receipt_page(&query)))
    }

    fn receipt(&self, key: ReceiptKey) -> Pending<Result<Option<Receipt>, Outage>> {
        self.act(|tables| Ok(tables.receipts.get(&key).cloned()))
    }

    fn retry_notices(
        &self,
        ending: EndingId,
        after: Option<(Receiver, SubjectKey)>,
        now: Timestamp,
    ) -> Pending<Result<Retold, Unwritten>> {
        self.act(|tables| Ok(tables.retell(ending, after, |receipt| receipt.retried(now))))
    }

    fn give_up_notices(
        &self,
        ending: EndingId,
        after: Option<(Receiver, SubjectKey)>,
        now: Timestamp,
    ) -> Pending<Result<Retold, Unwritten>> {
        self.act(|tables| Ok(tables.retell(ending, after, |receipt| receipt.given_up(now))))
    }

    fn receivers(
        &self,
        after: Option<Receiver>,
        most: u32,
    ) -> Pending<Result<Vec<ReceiverStanding>, Outage>> {
        self.act(|tables| {
            let from = after.map_or(Bound::Unbounded, Bound::Excluded);
            let all = tables.receivers.range((from, Bound::Unbounded)).take(most as usize);
            let shown = all.map(|(receiver, health)| {
                let waits = |receipt: &&Receipt| receipt.receiver == *receiver && !receipt.state.is_settled();
                let pending = tables.receipts.values().filter(waits).count() as u64;
                let subscriber = receiver.subscriber().and_then(|id| tables.subscribers.get(id));
                let kind = subscriber.map(|subscriber| subscriber.kind.word());
                ReceiverStanding { receiver: receiver.clone(), kind, health: *health, pending }
            });
            Ok(shown.collect())
        })
    }
}

impl Tables {
    fn lease(&mut self, order: &LeaseOrder, now: Timestamp) -> LeasedNotices {
        let mut leased = LeasedNotices::default();
        let receivers: Vec<Receiver> = self.receivers.keys().cloned().collect();
        for receiver in receivers {
            let health = self.receivers[&receiver];
            let mut waiting: Vec<(Timestamp, ReceiptKey)> = self
                .receipts
                .iter()
                .filter(|(key, _)| key.receiver == receiver)
                .filter_map(|(key, receipt)| match receipt.state {
                    ReceiptState::Pending { due_at, .. } => Some((due_at, key.clone())),
                    _ => None,
                })
                .collect();
            waiting.sort();
            let room = order.most - leased.notices.len() as u32;
            let busy = order.busy.get(&receiver).copied().unwrap_or(0);
            let lane = Lane { health, busy, most_each: order.most_each, room, reserved: order.reserved };
            let (due, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(due_at, _)| *due_at <= now);
            let due = due.into_iter().filter_map(|(_, key)| self.receipts.get(&key).cloned()).collect();
            let leasing =
                decide_lease(&lane, due, later.first().map(|(due_at, _)| *due_at), order.until, now);
            self.receivers.extend(leasing.health.map(|health| (receiver.clone(), health)));
            for receipt in leasing.leased {
                let to = self.address_of(&receiver, receipt.place);
                self.receipts.insert(receipt.key(), receipt.clone());
                leased.notices.push(LeasedNotice { receipt, to });
            }
            leased.next_due = leased.next_due.into_iter().chain(leasing.next_due).min();
        }
        leased
    }

    /// Where a receiver is told now of the ending at a place.
    fn address_of(&self, receiver: &Receiver, place: EndingPlace) -> Option<NoticeAddress> {
        match receiver {
            Receiver::Client(client) => {
                let stored = self.clients.get(client);
                let address = stored.and_then(|stored| stored.client.backchannel_logout_uri.clone());
                address.map(NoticeAddress::Client)
            }
            Receiver::Subscriber(id) => {
                let stored = self.subscribers.get(id).filter(|stored| stored.is_told_of(place));
                stored.map(|stored| NoticeAddress::Subscriber(Box::new(stored.clone())))
            }
        }
    }

    fn settle(&mut self, settlement: &Settlement, now: Timestamp) -> Option<Receipt> {
        let receipt = self.receipts.get(&settlement.key)?;
        let (receipt, receiver) = (receipt.clone(), receipt.receiver.clone());
        let settled = decide_settlement(&receipt, settlement, now);
        if let Some(settled) = &settled {
            self.receipts.insert(settlement.key.clone(), settled.clone());
        }
        let before = self.receivers.get(&receiver).copied().unwrap_or_default();
        if let Some(after) = decide_health(&before, &receipt, settlement, now) {
            self.receivers.insert(receiver.clone(), after);
            if is_back(&before, &after) {
                self.bring_forward(&receiver, now);
            }
        }
        settled
    }

    fn bring_forward(&mut self, receiver: &Receiver, now: Timestamp) {
        let of_receiver = self.receipts.values_mut().filter(|receipt| receipt.receiver == *receiver);
        for receipt in of_receiver {
            if let Some(due) = due_at_once(receipt, now) {
                *receipt = due;
            }
        }
    }

    fn receipt_page(&self, query: &ReceiptQuery) -> Option<ReceiptPage> {
        let place = self.ending_cipher.decipher(query.ending)?;
        self.ending_lines.iter().find(|line| line.place() == place)?;
        let mut page = ReceiptPage { complete: self.told_up_to.is_past(place), ..ReceiptPage::default() };
        let all: Vec<&Receipt> =
            self.receipts.iter().filter(|(key, _)| key.place == place).map(|(_, receipt)| receipt).collect();
        for receipt in &all {
            page.counts.by_state[usize::from(receipt.state.number())] += 1;
        }
        let name = |receipt: &Receipt| {
            let key = receipt.key();
            (key.receiver, key.subject)
        };
        let behind =
            all.into_iter().filter(|one| query.after.as_ref().is_none_or(|after| name(one) > *after));
        for receipt in behind {
            if page.receipts.len() as u32 == query.most {
                page.next = page.receipts.last().map(name);
                break;
            }
            page.receipts.push(receipt.clone());
        }
        Some(page)
    }

    fn retell(
        &mut self,
        ending: EndingId,
        after: Option<(Receiver, SubjectKey)>,
        change: impl Fn(&Receipt) -> Option<Receipt>,
    ) -> Retold {
        let mut retold = Retold::default();
        let Some(place) = self.ending_cipher.decipher(ending) else { return retold };
        let behind = |key: &ReceiptKey| {
            after.as_ref().is_none_or(|after| (&key.receiver, key.subject) > (&after.0, after.1))
        };
        let keys = self.receipts.keys().filter(|key| key.place == place && behind(key)).cloned();
        let keys: Vec<ReceiptKey> = keys.take(STEP_MAX as usize).collect();
        if keys.len() == STEP_MAX as usize {
            retold.next = keys.last().map(|key| (key.receiver.clone(), key.subject));
        }
        for key in keys {
            let Some(changed) = self.receipts.get(&key).and_then(&change) else { continue };
            let receiver = changed.receiver.clone();
            self.receipts.insert(key, changed);
            retold.notices += 1;
            if let Some(health) = self.receivers.get_mut(&receiver) {
                *health = health.wanted_now().unwrap_or(*health);
            }
        }
        retold
    }

    /// Drops receipts of endings that were dropped, but for those that are still to be sent.
    pub(crate) fn drop_receipts(&mut self) {
        let oldest = self.ending_lines.first().map_or(self.lines_written + 1, |line| line.place().line());
        self.receipts.retain(|key, receipt| key.place.line() >= oldest || !receipt.state.is_settled());
    }

    /// When the first ending was written down whose receipts are not made yet.
    pub(crate) fn first_untold(&self) -> Option<Timestamp> {
        let line = self.ending_lines.iter().find(|line| line.place().line() >= self.told_up_to.line);
        line.map(|line| line.at)
    }
}
