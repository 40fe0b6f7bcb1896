//! Telling of endings: receipts beside the lines of endings.
//!
//! Who is told, and what becomes of a notice, is decided by core. A step is bounded here, too: whoever calls it learns that
//! there is more.

use std::ops::Bound;

use adieu_core::{
    ClientId, EndingEntry, EndingId, EndingPlace, Lane, Locator, NoticeReach, NoticeWish, Outage,
    Participant, RealmId, Receipt, ReceiptKey, ReceiptState, Settlement, SubjectKey, Timestamp, ToldUpTo,
    Unwritten, decide_health, decide_lease, decide_notices, decide_settlement, due_at_once, is_back,
    told_with_others,
};
use adieu_store::{
    LeaseOrder, LeasedNotice, LeasedNotices, Notices, Pending, ReceiptCounts, ReceiptPage, ReceiptQuery,
    Receiver, Retold, Taken,
};

use crate::MemoryStore;
use crate::tables::{KeptRow, Tables};

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
        after: Option<(ClientId, SubjectKey)>,
        now: Timestamp,
    ) -> Pending<Result<Retold, Unwritten>> {
        self.act(|tables| Ok(tables.retell(ending, after, |receipt| receipt.retried(now))))
    }

    fn give_up_notices(
        &self,
        ending: EndingId,
        after: Option<(ClientId, SubjectKey)>,
        now: Timestamp,
    ) -> Pending<Result<Retold, Unwritten>> {
        self.act(|tables| Ok(tables.retell(ending, after, |receipt| receipt.given_up(now))))
    }

    fn receivers(&self, after: Option<ClientId>, most: u32) -> Pending<Result<Vec<Receiver>, Outage>> {
        self.act(|tables| {
            let from = after.map_or(Bound::Unbounded, Bound::Excluded);
            let all = tables.receivers.range((from, Bound::Unbounded)).take(most as usize);
            let shown = all.map(|(client, health)| {
                let waits = |receipt: &&Receipt| receipt.client == *client && !receipt.state.is_settled();
                let pending = tables.receipts.values().filter(waits).count() as u64;
                Receiver { client: client.clone(), health: *health, pending }
            });
            Ok(shown.collect())
        })
    }
}

impl Tables {
    fn take_endings(&mut self, now: Timestamp) -> Taken {
        let (mut taken, mut left) = (Taken::default(), STEP_MAX);
        loop {
            let line = self.ending_lines.iter().find(|line| line.place().line() >= self.told_up_to.line);
            let Some(line) = line.cloned() else { return taken };
            let place = line.place();
            if place.line() > self.told_up_to.line {
                self.told_up_to = ToldUpTo::line(place.line());
            }
            if left == 0 {
                return Taken { more: true, ..taken };
            }
            left -= 1;
            match self.take_entry(place, line.entry(), &mut left, &mut taken, now) {
                Some(next) => self.told_up_to.walk_from = next,
                None => self.told_up_to = ToldUpTo::line(place.line() + 1),
            }
        }
    }

    /// Makes receipts of an entry; says where its walk goes on, if it is not done.
    fn take_entry(
        &mut self,
        place: EndingPlace,
        entry: &EndingEntry,
        left: &mut u32,
        taken: &mut Taken,
        now: Timestamp,
    ) -> Option<u64> {
        match entry {
            entry if !entry.may_be_told() => None,
            EndingEntry::One { locator, incarnation, epoch, .. } => {
                let row = self.rows.get(locator).filter(|row| row.session().incarnation == *incarnation)?;
                let (session, ended_at) = (row.session(), self.ended_at(row, *epoch, now));
                let realm = session.realm;
                let all = self.participants_of(session);
                let own: Vec<_> = all.iter().filter(|one| one.epoch == *epoch).cloned().collect();
                self.owe((place, realm), (NoticeReach::Session, ended_at), &own, &[], taken, now);
                None
            }
            EndingEntry::Many { scope, generation } => {
                let of = |one: &&adieu_core::MassEnding| one.scope == *scope && one.generation == *generation;
                let mass = self.mass_endings.iter().find(of).cloned().filter(|mass| mass.is_told())?;
                let spared = mass.spared.and_then(|id| self.row(id)).map(|row| {
                    let session = row.session();
                    let all = self.participants_of(session);
                    all.iter().filter(|one| one.epoch == session.epoch).cloned().collect::<Vec<_>>()
                });
                let spared = spared.unwrap_or_default();
                let from = self.told_up_to.walk_from;
                let behind = self.participants.keys().filter(|at| at.number() >= from);
                let places: Vec<Locator> = behind.copied().collect();
                for at in places {
                    if *left == 0 {
                        return Some(at.number());
                    }
                    *left -= 1;
                    let Some(row) = self.rows.get(&at) else { continue };
                    let realm = row.session().realm;
                    let all = self.participants_of(row.session()).to_vec();
                    let Some(kept) = self.kept(row) else { continue };
                    let told = told_with_others(&kept, all, &mass, now);
                    let reach = (mass.scope.notice_reach(), mass.record.at);
                    self.owe((place, realm), reach, &told, &spared, taken, now);
                }
                None
            }
        }
    }

    /// When an epoch of a session was over.
    fn ended_at(&self, row: &KeptRow, epoch: u32, now: Timestamp) -> Timestamp {
        let ended_at = match row {
            KeptRow::Ended(tombstone) => tombstone.epoch_ended_at(epoch),
            KeptRow::Stored(session) => session.reset_at(),
        };
        ended_at.unwrap_or(now)
    }

    fn owe(
        &mut self,
        (place, realm): (EndingPlace, RealmId),
        (reach, ended_at): (NoticeReach, Timestamp),
        participants: &[Participant],
        spared: &[Participant],
        taken: &mut Taken,
        now: Timestamp,
    ) {
        let wish = |client: &ClientId| {
            self.clients.get(client).map_or(NoticeWish::NotAtAll, |stored| stored.client.notice_wish())
        };
        for notice in decide_notices(reach, participants, spared, wish) {
            let receipt = Receipt::owed(place, realm, notice, ended_at, now);
            let key = receipt.key();
            if !self.receipts.contains_key(&key) {
                taken.receipts += 1;
                if receipt.has_receiver() {
                    self.receivers.entry(receipt.client.clone()).or_default();
                }
                self.receipts.insert(key, receipt);
            }
        }
    }

    fn lease(&mut self, order: &LeaseOrder, now: Timestamp) -> LeasedNotices {
        let mut leased = LeasedNotices::default();
        let clients: Vec<ClientId> = self.receivers.keys().cloned().collect();
        for client in clients {
            let health = self.receivers[&client];
            let mut waiting: Vec<(Timestamp, ReceiptKey)> = self
                .receipts
                .iter()
                .filter(|(key, _)| key.client == client)
                .filter_map(|(key, receipt)| match receipt.state {
                    ReceiptState::Pending { due_at, .. } => Some((due_at, key.clone())),
                    _ => None,
                })
                .collect();
            waiting.sort();
            let room = order.most - leased.notices.len() as u32;
            let busy = order.busy.get(&client).copied().unwrap_or(0);
            let lane = Lane { health, busy, most_each: order.most_each, room };
            let (due, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(due_at, _)| *due_at <= now);
            let due = due.into_iter().filter_map(|(_, key)| self.receipts.get(&key).cloned()).collect();
            let leasing =
                decide_lease(&lane, due, later.first().map(|(due_at, _)| *due_at), order.until, now);
            self.receivers.extend(leasing.health.map(|health| (client.clone(), health)));
            for receipt in leasing.leased {
                let stored = self.clients.get(&client);
                let address = stored.and_then(|stored| stored.client.backchannel_logout_uri.clone());
                self.receipts.insert(receipt.key(), receipt.clone());
                leased.notices.push(LeasedNotice { receipt, address });
            }
            leased.next_due = leased.next_due.into_iter().chain(leasing.next_due).min();
        }
        leased
    }

    fn settle(&mut self, settlement: &Settlement, now: Timestamp) -> Option<Receipt> {
        let receipt = self.receipts.get(&settlement.key)?;
        let client = receipt.client.clone();
        let settled = decide_settlement(receipt, settlement, now);
        if let Some(settled) = &settled {
            self.receipts.insert(settlement.key.clone(), settled.clone());
        }
        let before = self.receivers.get(&client).copied().unwrap_or_default();
        if let Some(after) = decide_health(&before, settlement, now) {
            self.receivers.insert(client.clone(), after);
            if is_back(&before, &after) {
                self.bring_forward(&client, now);
            }
        }
        settled
    }

    fn bring_forward(&mut self, client: &ClientId, now: Timestamp) {
        let of_client = self.receipts.values_mut().filter(|receipt| receipt.client == *client);
        for receipt in of_client {
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
        page.counts.capped = all.len() > ReceiptCounts::MOST as usize;
        for receipt in all.iter().take(ReceiptCounts::MOST as usize) {
            page.counts.by_state[usize::from(receipt.state.number())] += 1;
        }
        let name = |receipt: &Receipt| {
            let key = receipt.key();
            (key.client, key.subject)
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
        after: Option<(ClientId, SubjectKey)>,
        change: impl Fn(&Receipt) -> Option<Receipt>,
    ) -> Retold {
        let mut retold = Retold::default();
        let Some(place) = self.ending_cipher.decipher(ending) else { return retold };
        let behind = |key: &ReceiptKey| {
            after.as_ref().is_none_or(|after| (&key.client, key.subject) > (&after.0, after.1))
        };
        let keys = self.receipts.keys().filter(|key| key.place == place && behind(key)).cloned();
        let keys: Vec<ReceiptKey> = keys.take(STEP_MAX as usize).collect();
        if keys.len() == STEP_MAX as usize {
            retold.next = keys.last().map(|key| (key.client.clone(), key.subject));
        }
        for key in keys {
            let Some(changed) = self.receipts.get(&key).and_then(&change) else { continue };
            let client = changed.client.clone();
            self.receipts.insert(key, changed);
            retold.notices += 1;
            if let Some(health) = self.receivers.get_mut(&client) {
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
