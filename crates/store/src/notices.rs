//! The acts of telling: who is owed a notice because of an ending, who is told now, and what became of it.
//!
//! The entries of the index of endings are the orders to tell. Receipts are made from them behind the ending's own commit, each
//! ending once, and whatever happens in between loses none. Nothing here sends anything. Decisions 0013 and 0027.

use std::collections::HashMap;

use adieu_core::{
    EndingId, NoticeWait, Outage, Receipt, ReceiptKey, Receiver, ReceiverHealth, Settlement, SubjectKey,
    Subscriber, Timestamp, ToldSoFar, Unwritten,
};

pub use adieu_core::ReceiptCounts;

use crate::acts::Pending;

/// What one step has made of endings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Receipts.
    pub receipts: u32,
    /// Whether there is more to do now.
    pub more: bool,
}

/// Somebody wants notices to send.
#[derive(Clone, Debug)]
pub struct LeaseOrder {
    /// When whoever has not settled them is taken for dead.
    pub until: Timestamp,
    /// At most so many.
    pub most: u32,
    /// How many of these are for receivers that are not slow and of whose notices none is at work, one for each.
    pub reserved: u32,
    /// At most so many for one receiver, with those at work.
    pub most_each: u32,
    /// How many are at work for each receiver, at the node that asks.
    pub busy: HashMap<Receiver, u32>,
}

/// A notice to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeasedNotice {
    /// Its receipt.
    pub receipt: Receipt,
    /// Where to send it: as its receiver is registered now.
    pub to: NoticeAddress,
}

/// Where a notice is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeAddress {
    /// To a client's address.
    Client(String),
    /// To a subscriber, with what proves to it that the notice is ours.
    Subscriber(Box<Subscriber>),
}

/// Notices to send.
#[derive(Clone, Debug, Default)]
pub struct LeasedNotices {
    /// The notices.
    pub notices: Vec<LeasedNotice>,
    /// Receipts that were settled instead, because their receiver has no address any more: see [`Receipt::without_address`]. Some
    /// hundreds of them at most.
    pub untold: Vec<Receipt>,
    /// When there may be more to give out, or to settle; none if nothing waits for a moment: what is due waits for those at work.
    pub next_due: Option<Timestamp>,
}

/// Which receipts of an ending are asked for.
#[derive(Clone, Debug)]
pub struct ReceiptQuery {
    /// The ending.
    pub ending: EndingId,
    /// Only those behind this one.
    pub after: Option<(Receiver, SubjectKey)>,
    /// At most so many.
    pub most: u32,
}

/// Some receipts of an ending, by receiver.
#[derive(Clone, Debug, Default)]
pub struct ReceiptPage {
    /// The receipts.
    pub receipts: Vec<Receipt>,
    /// Where to go on; none at the end.
    pub next: Option<(Receiver, SubjectKey)>,
    /// How many there are in each state.
    pub counts: ReceiptCounts,
    /// Whether all who are owed a notice have their receipts; else there will be more.
    pub complete: bool,
    /// How each receiver does that one of these receipts waits for.
    pub health: HashMap<Receiver, ReceiverHealth>,
}

impl ReceiptPage {
    /// What became of all notices of the ending so far.
    pub const fn told(&self) -> ToldSoFar {
        ToldSoFar { counts: self.counts, complete: self.complete }
    }

    /// Whether nothing more comes of any of the notices.
    pub const fn is_settled(&self) -> bool {
        self.told().is_settled()
    }

    /// What one of these receipts waits for; none if it is settled.
    pub fn waiting(&self, receipt: &Receipt, now: Timestamp) -> Option<NoticeWait> {
        receipt.waiting(&self.health.get(&receipt.receiver).copied().unwrap_or_default(), now)
    }
}

/// How many notices were changed by a word of somebody's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retold {
    /// So many.
    pub notices: u32,
    /// Where to go on, if there is more.
    pub next: Option<(Receiver, SubjectKey)>,
}

/// A receiver and how it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverStanding {
    /// The receiver.
    pub receiver: Receiver,
    /// The kind of subscriber it is, if it is one that is there.
    pub kind: Option<&'static str>,
    /// Where it is told now; none if it is not there any more, or has no address.
    pub address: Option<String>,
    /// How it does.
    pub health: ReceiverHealth,
    /// How many notices wait for it, at most [`ReceiverStanding::PENDING_MAX`].
    pub pending: u64,
}

impl ReceiverStanding {
    /// Notices of a receiver that are counted (HOME-LIMITS): some milliseconds of a reader's time.
    pub const PENDING_MAX: u32 = 10_000;
}

/// Telling of endings.
pub trait Notices: Send + Sync {
    /// Makes receipts of the endings that have none yet: a bounded step of them, in the order of their commits, resumed where
    /// the last one stopped, also in the middle of an ending of many. Whoever repeats it makes nothing twice.
    fn take_endings(&self, now: Timestamp) -> Pending<Result<Taken, Unwritten>>;

    /// Leases notices that are due: until the lease runs out or they are settled, nobody else gets them. Receivers take turns: who has
    /// waited longest is first ([`ReceiverHealth::waits_from`]); those that are slow take nothing of what is reserved,
    /// and an ailing one gets one at a time ([`Lane::allowance`](adieu_core::Lane::allowance)).
    fn lease_notices(&self, order: LeaseOrder, now: Timestamp) -> Pending<Result<LeasedNotices, Unwritten>>;

    /// Writes down what a try came to; gives the receipt as it is then, or none if it changed nothing.
    fn settle_notice(
        &self,
        settlement: Settlement,
        now: Timestamp,
    ) -> Pending<Result<Option<Receipt>, Unwritten>>;

    /// The receipts of an ending, a page at a time; none if there is no such ending (any more).
    fn receipts(&self, query: ReceiptQuery) -> Pending<Result<Option<ReceiptPage>, Outage>>;

    /// The receipt of one notice.
    fn receipt(&self, key: ReceiptKey) -> Pending<Result<Option<Receipt>, Outage>>;

    /// Lets the notices of an ending that are not confirmed be tried at once, and for another day: a bounded step behind
    /// `after`.
    fn retry_notices(
        &self,
        ending: EndingId,
        after: Option<(Receiver, SubjectKey)>,
        now: Timestamp,
    ) -> Pending<Result<Retold, Unwritten>>;

    /// Gives up the notices of an ending that are pending: a bounded step behind `after`.
    fn give_up_notices(
        &self,
        ending: EndingId,
        after: Option<(Receiver, SubjectKey)>,
        now: Timestamp,
    ) -> Pending<Result<Retold, Unwritten>>;

    /// Those who are told of endings, from when they have an address, and those who were, behind `after`, at most `most`: subscribers by
    /// name, then clients by id. No more are read than are shown.
    fn receivers(&self, after: Option<Receiver>, most: u32)
    -> Pending<Result<Vec<ReceiverStanding>, Outage>>;
}
