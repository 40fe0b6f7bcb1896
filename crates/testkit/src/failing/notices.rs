//! What a failing store answers about notices.
//!
//! How it fails is in `failing`.

use adieu_core::{
    EndingId, Outage, Receipt, ReceiptKey, Receiver, Settlement, SubjectKey, Timestamp, Unwritten,
};
use adieu_store::{
    LeaseOrder, LeasedNotices, Notices, Pending, ReceiptPage, ReceiptQuery, ReceiverStanding, Retold, Taken,
};

use super::FailingStore;

impl Notices for FailingStore {
    fn take_endings(&self, now: Timestamp) -> Pending<Result<Taken, Unwritten>> {
        self.write(|store| store.take_endings(now))
    }

    fn lease_notices(&self, order: LeaseOrder, now: Timestamp) -> Pending<Result<LeasedNotices, Unwritten>> {
        self.write(|store| store.lease_notices(order, now))
    }

    fn settle_notice(
        &self,
        settlement: Settlement,
        now: Timestamp,
    ) -> Pending<Result<Option<Receipt>, Unwritten>> {
        self.write(|store| store.settle_notice(settlement, now))
    }

    fn receipts(&self, query: ReceiptQuery) -> Pending<Result<Option<ReceiptPage>, Outage>> {
        self.read(|store| store.receipts(query))
    }

    fn receipt(&self, key: ReceiptKey) -> Pending<Result<Option<Receipt>, Outage>> {
        self.read(|store| store.receipt(key))
    }

    fn retry_notices(
        &self,
        ending: EndingId,
        after: Option<(Receiver, SubjectKey)>,
        now: Timestamp,
    ) -> Pending<Result<Retold, Unwritten>> {
        self.write(|store| store.retry_notices(ending, after, now))
    }

    fn give_up_notices(
        &self,
        ending: EndingId,
        after: Option<(Receiver, SubjectKey)>,
        now: Timestamp,
    ) -> Pending<Result<Retold, Unwritten>> {
        self.write(|store| store.give_up_notices(ending, after, now))
    }

    fn receivers(
        &self,
        after: Option<Receiver>,
        most: u32,
    ) -> Pending<Result<Vec<ReceiverStanding>, Outage>> {
        self.read(|store| store.receivers(after, most))
    }
}
