//! Telling of endings: receipts beside the lines of endings.
//!
//! Who is told, and what becomes of a notice, is decided by core. A step is bounded here, too: whoever calls it learns that
//! there is more.

use std::collections::BTreeSet;
use std::ops::Bound;

use adieu_core::{
    DueNotices, EndingId, EndingPlace, Lane, Outage, Receipt, ReceiptKey, ReceiptState, Receiver,
    ReceiverHealth, Settlement, SubjectKey, Timestamp, ToldSoFar, Unwritten, decide_health, decide_lease,
    decide_return, decide_settlement,
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
            let all = tables.all_receivers();
            let all = all.range((from, Bound::Unbounded)).take(most as usize);
            Ok(all.map(|receiver| tables.standing(receiver)).collect())
        })
    }
}

impl Tables {
    /// Whoever has an address, or was owed something.
    fn all_receivers(&self) -> BTreeSet<Receiver> {
        let subscribers = self.subscribers.keys().cloned().map(Receiver::Subscriber);
        let clients = self.clients.values().filter(|stored| !stored.removed).map(|stored| &stored.client);
        let told = clients.filter(|client| client.backchannel_logout_uri.is_some());
        let told = told.map(|client| Receiver::Client(client.id.clone()));
        self.receivers.keys().cloned().chain(subscribers).chain(told).collect()
    }

    fn standing(&self, receiver: &Receiver) -> ReceiverStanding {
        let waits = |receipt: &&Receipt| receipt.receiver == *receiver && !receipt.state.is_settled();
        let subscriber = receiver.subscriber().and_then(|id| self.subscribers.get(id));
        let client = receiver.client().and_then(|id| self.client(id));
        let of_client = client.and_then(|client| client.backchannel_logout_uri.clone());
        ReceiverStanding {
            receiver: receiver.clone(),
            kind: subscriber.map(|subscriber| subscriber.kind.word()),
            address: subscriber.map(|subscriber| subscriber.address.clone()).or(of_client),
            health: self.receivers.get(receiver).copied().unwrap_or_default(),
            pending: self.receipts.values().filter(waits).count() as u64,
        }
    }

    fn lease(&mut self, order: &LeaseOrder, now: Timestamp) -> LeasedNotices {
        let mut leased = LeasedNotices::default();
        let telling_since = *self.telling_since.get_or_insert(now);
        let waiting = self.receivers.iter().filter_map(|(receiver, health)| {
            let from = health.waits_from.filter(|from| *from <= now)?;
            Some((from, receiver.clone()))
        });
        let mut waiting: Vec<_> = waiting.collect();
        waiting.sort();
        for (_, receiver) in waiting {
            let room = order.most - leased.notices.len() as u32;
            let busy = order.busy.get(&receiver).copied().unwrap_or(0);
            let health = self.receivers[&receiver];
            let lane = Lane { health, busy, most_each: order.most_each, room, reserved: order.reserved };
            let most = lane.allowance(now) as usize;
            if most == 0 {
                self.receivers.extend(lane.put_off(now).map(|health| (receiver, health)));
                continue;
            }
            let (due, health) = self.due(&receiver, health, most, now, &mut leased.untold);
            let leasing = decide_lease(&Lane { health, ..lane }, due, (order.until, telling_since), now);
            self.receivers.insert(receiver.clone(), leasing.health);
            for receipt in leasing.leased {
                let to = self.address_of(&receiver, receipt.place).expect("what is given out has an address");
                self.receipts.insert(receipt.key(), receipt.clone());
                leased.notices.push(LeasedNotice { receipt, to });
            }
        }
        let looks = self.receivers.values().filter_map(|health| health.waits_from);
        leased.next_due = looks.filter(|from| *from > now).min();
        leased
    }

    /// What of a receiver's notices is due and can be told. What can't is settled, and what is due because the receiver is back is brought
    /// forward.
    fn due(
        &mut self,
        receiver: &Receiver,
        health: ReceiverHealth,
        most: usize,
        now: Timestamp,
        untold: &mut Vec<Receipt>,
    ) -> (DueNotices, ReceiverHealth) {
        if let Some(back) = health.coming_back {
            let stretch: Vec<Receipt> = self.receipts_of(receiver).into_iter().map(|(_, one)| one).collect();
            for due in decide_return(back, &stretch, u32::MAX, now).due {
                self.receipts.insert(due.key(), due);
            }
        }
        let (mut due, mut later) = (Vec::new(), None);
        for (due_at, receipt) in self.receipts_of(receiver) {
            if due_at > now {
                later = Some(due_at);
                break;
            }
            match self.address_of(receiver, receipt.place) {
                Some(_) => due.push(receipt),
                None => untold.extend(receipt.without_address(now)),
            }
        }
        self.receipts.extend(untold.iter().map(|one| (one.key(), one.clone())));
        let more = due.len() > most;
        due.truncate(most);
        (DueNotices { given: due, more, later }, ReceiverHealth { coming_back: None, ..health })
    }

    /// The receipts of a receiver that are pending, by when they are due.
    fn receipts_of(&self, receiver: &Receiver) -> Vec<(Timestamp, Receipt)> {
        let of_receiver = self.receipts.values().filter(|receipt| receipt.receiver == *receiver);
        let pending = of_receiver.filter_map(|receipt| match receipt.state {
            ReceiptState::Pending { due_at, .. } => Some((due_at, receipt.clone())),
            _ => None,
        });
        let mut pending: Vec<_> = pending.collect();
        pending.sort_by_key(|(due_at, receipt)| (*due_at, receipt.key()));
        pending
    }

    /// Gives up what is past its day, settles what can be told no more, and forgets receivers that are gone; says how many were given up,
    /// and how many forgotten.
    pub(crate) fn sweep_receivers(&mut self, now: Timestamp) -> (u32, u32) {
        for health in self.receivers.values_mut() {
            *health = health.rested(now).unwrap_or(*health);
        }
        let over: Vec<Receipt> = self
            .receipts
            .values()
            .filter_map(|receipt| match self.address_of(&receipt.receiver, receipt.place) {
                Some(_) => receipt.overdue(self.telling_since?, now),
                None => receipt.without_address(now),
            })
            .collect();
        let given_up = over.iter().filter(|one| one.state == ReceiptState::GivenUp { at: now }).count();
        self.receipts.extend(over.into_iter().map(|one| (one.key(), one)));
        let before = self.receivers.len();
        let awaited = |receiver: &Receiver| {
            self.receipts.values().any(|one| one.receiver == *receiver && !one.state.is_settled())
        };
        let is_there = |receiver: &Receiver| match receiver {
            Receiver::Client(client) => self.client(client).is_some(),
            Receiver::Subscriber(id) => self.subscribers.contains_key(id),
        };
        let gone: Vec<Receiver> =
            self.receivers.keys().filter(|one| !is_there(one) && !awaited(one)).cloned().collect();
        for one in gone {
            self.receivers.remove(&one);
        }
        (given_up as u32, (before - self.receivers.len()) as u32)
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
        if let Some(after) = decide_health(&before, &receipt, settlement, settled.as_ref(), now) {
            self.receivers.insert(receiver, after);
        }
        settled
    }

    fn receipt_page(&self, query: &ReceiptQuery) -> Option<ReceiptPage> {
        let place = self.ending_cipher.decipher(query.ending)?;
        self.ending_lines.iter().find(|line| line.place() == place)?;
        let ToldSoFar { counts, complete } = self.told(place);
        let mut page = ReceiptPage { counts, complete, ..ReceiptPage::default() };
        let all: Vec<&Receipt> =
            self.receipts.iter().filter(|(key, _)| key.place == place).map(|(_, receipt)| receipt).collect();
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
        let pending = page.receipts.iter().filter(|receipt| !receipt.state.is_settled());
        let health = pending.map(|receipt| {
            let receiver = receipt.receiver.clone();
            let health = self.receivers.get(&receiver).copied().unwrap_or_default();
            (receiver, health)
        });
        page.health = health.collect();
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
            if let Some(health) = self.receivers.get_mut(&changed.receiver) {
                *health = health.with_changed(&changed);
            }
            self.receipts.insert(key, changed);
            retold.notices += 1;
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
