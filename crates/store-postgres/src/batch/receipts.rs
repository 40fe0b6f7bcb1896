//! Receipts and receivers in a batch. The row of its receiver guards a receipt.
//!
//! No rule is here.

use std::collections::BTreeMap;

use adieu_core::{
    EndingPlace, Receipt, ReceiptCounts, ReceiptKey, ReceiptState, Receiver, ReceiverHealth, SubjectKey,
    Timestamp,
};

use crate::batch::Batch;
use crate::rows::{
    DueOf, KeptCounts, KeptReceipt, KeptReceiver, LatestOf, ReceiptRowKey, ReceiptsOf, due_at,
};
use crate::working::Looked;

impl Batch {
    pub(crate) fn receipt(&self, key: &ReceiptKey) -> Looked<Option<Receipt>> {
        Ok(self.receipts.get(&ReceiptRowKey::of(key))?.map(|kept| kept.receipt.clone()))
    }

    /// Keeps a receipt that is not there yet; says whether it was not.
    pub(crate) fn add_receipt(&mut self, receipt: Receipt) -> Looked<bool> {
        let key = ReceiptRowKey::of(&receipt.key());
        let (known, counts) =
            (self.receipts.get(&key).map(|kept| kept.is_some()), self.counts(receipt.place));
        let health = self.receiver(&receipt.receiver);
        let (known, mut counts, health) = (known?, counts?, health?);
        if known {
            return Ok(false);
        }
        if let Some(from) = receipt.next_try_at() {
            let health = health.unwrap_or_default().waiting_from(from);
            self.write_receiver(&receipt.receiver, health);
        }
        counts.by_state[usize::from(receipt.state.number())] += 1;
        self.write_counts(receipt.place, counts);
        self.put_receipt(receipt);
        Ok(true)
    }

    /// Asks for all that is needed to settle receipts, without waiting for it.
    pub(crate) fn want_counts<'a>(&self, receipts: impl IntoIterator<Item = &'a Receipt>) {
        for receipt in receipts {
            let _ = self.counts(receipt.place);
        }
    }

    /// Writes what has become of a receipt that was in a state.
    pub(crate) fn write_receipt(&mut self, receipt: &Receipt, before: ReceiptState) -> Looked<()> {
        let (less, more) = (usize::from(before.number()), usize::from(receipt.state.number()));
        if less != more {
            let mut counts = self.counts(receipt.place)?;
            counts.by_state[less] = counts.by_state[less].saturating_sub(1);
            counts.by_state[more] += 1;
            self.write_counts(receipt.place, counts);
        }
        self.put_receipt(receipt.clone());
        Ok(())
    }

    /// Writes a receipt whose state is of the same kind as before. What is leased in it is leased to this node.
    pub(crate) fn put_receipt(&mut self, receipt: Receipt) {
        let node = self.shared.vitals.node;
        self.receipts.put(KeptReceipt::of(receipt, node));
    }

    fn write_counts(&mut self, place: EndingPlace, counts: ReceiptCounts) {
        self.receipt_counts.put(KeptCounts { place, counts });
    }

    pub(crate) fn write_receiver(&mut self, receiver: &Receiver, health: ReceiverHealth) {
        self.receivers.put(KeptReceiver { receiver: receiver.clone(), health });
    }

    /// The receipts of an ending behind one, by receiver.
    pub(crate) fn receipts_of_ending(
        &self,
        place: EndingPlace,
        after: Option<&(Receiver, SubjectKey)>,
        most: u32,
    ) -> Looked<Vec<Receipt>> {
        let stored = self.asked.receipts_of.get(&ReceiptsOf::ending(place, after, most))?;
        let mut all = keyed(stored);
        let (first, last) = ReceiptRowKey::bounds(place);
        for (key, row) in self.receipts.changed_between(&first, &last) {
            // What is not among the stored ones stands behind them, and is read then.
            if all.contains_key(key) {
                match row {
                    Some(row) => all.insert(key.clone(), row.receipt.clone()),
                    None => all.remove(key),
                };
            }
        }
        Ok(all.into_values().collect())
    }

    /// The receipts of a receiver that are due behind a moment and up to another, the longest due first.
    pub(crate) fn due_receipts(
        &self,
        receiver: &Receiver,
        (behind, until): (i64, Timestamp),
        most: u32,
    ) -> Looked<Vec<Receipt>> {
        let key = receiver.key();
        let changed = self.changed_receipts(&key);
        // As many more as this batch may have taken away of them.
        let due = DueOf { receiver: key, behind, until: until.ms(), most: in_steps(most as usize + changed) };
        let mut all = self.with_changed(self.asked.due_of.get(&due)?, &due);
        all.sort_by_key(|one| (due_at(one.state).0, one.place));
        all.truncate(most as usize);
        Ok(all)
    }

    /// Receipts of a receiver that are due behind a moment and not behind another, the latest first.
    pub(crate) fn latest_receipts(
        &self,
        receiver: &Receiver,
        (behind, until): (Timestamp, Timestamp),
        most: u32,
    ) -> Looked<Vec<Receipt>> {
        let key = receiver.key();
        let changed = self.changed_receipts(&key);
        let most_asked = in_steps(most as usize + changed);
        let due = DueOf { receiver: key, behind: behind.ms(), until: until.ms(), most: most_asked };
        let mut all = self.with_changed(self.asked.latest_of.get(&LatestOf(due.clone()))?, &due);
        all.sort_by_key(|one| std::cmp::Reverse((due_at(one.state).0, one.place)));
        all.truncate(most as usize);
        Ok(all)
    }

    /// When the next receipt of a receiver is due, behind a moment.
    pub(crate) fn next_due(&self, receiver: &Receiver, now: Timestamp) -> Looked<Option<Timestamp>> {
        let until = Timestamp::from_ms(i64::MAX);
        let next = self.due_receipts(receiver, (now.ms(), until), 1)?;
        Ok(next.first().and_then(|one| due_at(one.state).0))
    }

    /// How many receipts of a receiver this batch has changed.
    fn changed_receipts(&self, receiver: &str) -> usize {
        self.receipts.all_changed().filter(|(key, _)| key.receiver == receiver).count()
    }

    /// Stored receipts of a receiver with what this batch has made of them, as far as they are due so.
    fn with_changed(&self, stored: &[Receipt], due: &DueOf) -> Vec<Receipt> {
        let mut all = keyed(stored);
        for (key, row) in self.receipts.all_changed().filter(|(key, _)| key.receiver == due.receiver) {
            let at = row.and_then(|row| due_at(row.receipt.state).0).map(Timestamp::ms);
            match row.filter(|_| at.is_some_and(|at| at > due.behind && at <= due.until)) {
                Some(row) => all.insert(key.clone(), row.receipt.clone()),
                None => all.remove(key),
            };
        }
        all.into_values().collect()
    }
}

/// How many are asked for where so many are needed: a few steps, so that one more or less is no other question.
pub(crate) fn in_steps(needed: usize) -> u32 {
    let steps = [16, 600, 10_000];
    let step = steps.into_iter().find(|step| needed <= *step as usize);
    step.unwrap_or_else(|| u32::try_from(needed).unwrap_or(u32::MAX))
}

fn keyed(stored: &[Receipt]) -> BTreeMap<ReceiptRowKey, Receipt> {
    stored.iter().map(|one| (ReceiptRowKey::of(&one.key()), one.clone())).collect()
}
