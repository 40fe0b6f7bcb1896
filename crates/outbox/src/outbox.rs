//! The rounds of the outbox: take, lease, send, settle.
//!
//! Every receiver has a lane of its own, so one that hangs keeps none but its own notices waiting (ONE-SLOW-HURTS-NONE). A
//! process that dies leaves leases behind that run out.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use adieu_core::entropy::draw;
use adieu_core::{
    Clock, Entropy, NoticeAnswer, Receipt, ReceiptState, Receiver, Settlement, Span, Timestamp, Unwritten,
};
use adieu_keyring::Keyring;
use adieu_store::{LeaseOrder, LeasedNotice, LeasedNotices, NoticeAddress, Store, Taken};
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};

use crate::bell::Bell;
use crate::compose::compose;
use crate::send::{NoticeOutcome, NoticeSender};

/// Notices that are tried at once, in all and for one receiver (HOME-LIMITS).
const TRYING_MAX: u32 = 256;
const TRYING_EACH_MAX: u32 = 8;
/// How many of them are for receivers that are not slow and of whose notices none is tried: however many hang, an honest one has its place.
const TRYING_RESERVED: u32 = 128;
/// How long a notice is left to whoever tries it: three times as long as a try takes at most.
const LEASE: Span = Span::from_s(30);
/// How long the outbox waits if nobody rings: the sweep rings no bell, and another node's neither.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long it waits after the store has failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// The pause between two steps over many sessions, which leaves the store to others.
const BETWEEN_STEPS: Duration = Duration::from_millis(2);
/// With more tries than these under way, those that are over within a moment are followed by one round.
const CROWD: usize = 32;
const GATHERED: Duration = Duration::from_millis(1);
/// How long tries that are under way may take when the process stops.
const LAST_TRIES: Duration = Duration::from_secs(2);

/// What an outbox is made of.
pub struct OutboxParts {
    /// Where receipts are kept.
    pub store: Arc<dyn Store>,
    /// What signs.
    pub keyring: Keyring,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// What sends.
    pub sender: Arc<dyn NoticeSender>,
    /// What wakes it.
    pub bell: Bell,
}

/// Carries notices. Clones are handles of the same outbox.
#[derive(Clone)]
pub struct Outbox {
    parts: Arc<OutboxParts>,
}

/// What is under way.
#[derive(Default)]
struct Lanes {
    busy: HashMap<Receiver, u32>,
    trying: JoinSet<()>,
    /// In whose lane each try is.
    lanes: HashMap<Id, Receiver>,
}

impl Lanes {
    fn is_free(&mut self, receiver: Receiver) {
        if let Some(busy) = self.busy.get_mut(&receiver) {
            *busy -= 1;
            if *busy == 0 {
                self.busy.remove(&receiver);
            }
        }
    }

    /// Waits until a try is over; forgets all that are.
    async fn one_is_over(&mut self) {
        match self.trying.join_next_with_id().await {
            Some(over) => self.is_over(over),
            None => std::future::pending().await,
        }
        self.forget_over();
    }

    /// Forgets all tries that are over.
    fn forget_over(&mut self) {
        while let Some(over) = self.trying.try_join_next_with_id() {
            self.is_over(over);
        }
    }

    fn try_it(&mut self, receiver: Receiver, trying: impl Future<Output = ()> + Send + 'static) {
        *self.busy.entry(receiver.clone()).or_default() += 1;
        self.lanes.insert(self.trying.spawn(trying).id(), receiver);
    }

    fn is_over(&mut self, over: Result<(Id, ()), JoinError>) {
        let id = match over {
            Ok((id, ())) => id,
            Err(error) => {
                tracing::error!(%error, "a try to tell a receiver has failed: its notice is sent again");
                error.id()
            }
        };
        if let Some(receiver) = self.lanes.remove(&id) {
            self.is_free(receiver);
        }
    }
}

impl Outbox {
    /// An outbox that does nothing yet.
    pub fn new(parts: OutboxParts) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// Tells whoever is to be told until `stop` becomes true. A try that is under way then is waited for a little; what it can
    /// not settle any more is tried again.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut lanes = Lanes::default();
        loop {
            let wait = match self.round(&mut lanes).await {
                Ok((taken, _)) if taken.more => BETWEEN_STEPS,
                Ok((_, next_due)) => self.until(next_due),
                Err(error) => {
                    tracing::error!(%error, "notices wait: the store gives none out");
                    AFTER_FAILURE
                }
            };
            let stopped = async {
                let _ = stop.wait_for(|stop| *stop).await;
            };
            tokio::select! {
                biased; // One order of things leads to one run.
                () = stopped => break,
                () = self.parts.bell.rung() => {}
                () = lanes.one_is_over() => {}
                () = tokio::time::sleep(wait) => {}
            }
            if lanes.trying.len() > CROWD {
                tokio::time::sleep(GATHERED).await;
            }
        }
        let rest = async { while lanes.trying.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(LAST_TRIES, rest).await; // The rest is tried again when its lease has run out.
    }

    /// Tries everything that is due at this moment once, and waits for the answers; says how many were tried.
    pub async fn tell_due(&self) -> Result<u32, Unwritten> {
        let (mut lanes, mut tried) = (Lanes::default(), 0);
        loop {
            let (taken, next_due) = self.round(&mut lanes).await?;
            let trying = lanes.trying.len();
            tried += trying as u32;
            while !lanes.trying.is_empty() {
                lanes.one_is_over().await;
            }
            let more = taken.more || next_due.is_some_and(|due_at| due_at <= self.parts.clock.now());
            // A store with several connections may lease before it takes.
            if trying == 0 && !more && taken.receipts == 0 {
                return Ok(tried);
            }
        }
    }

    /// Takes what has ended, and begins to try what is due.
    async fn round(&self, lanes: &mut Lanes) -> Result<(Taken, Option<Timestamp>), Unwritten> {
        let parts = &self.parts;
        let now = parts.clock.now();
        lanes.forget_over();
        let most = TRYING_MAX.saturating_sub(lanes.trying.len() as u32);
        let order = LeaseOrder {
            until: now.plus(LEASE),
            most,
            reserved: TRYING_RESERVED,
            most_each: TRYING_EACH_MAX,
            busy: lanes.busy.clone(),
        };
        // Both in one commit: what is taken is leased at once.
        let (taken, leased) = (parts.store.take_endings(now), parts.store.lease_notices(order, now));
        let (taken, leased) = (taken.await, leased.await);
        // What was given out is sent, whatever became of the taking: else it would wait until its lease runs out.
        let LeasedNotices { notices, untold, next_due } = leased?;
        untold.iter().for_each(|receipt| self.say(receipt));
        for notice in notices {
            lanes.try_it(notice.receipt.receiver.clone(), self.clone().try_one(notice));
        }
        Ok((taken?, next_due))
    }

    fn until(&self, next_due: Option<Timestamp>) -> Duration {
        let Some(due_at) = next_due else { return PATIENCE };
        let ms = due_at.since(self.parts.clock.now()).ms();
        Duration::from_millis(u64::try_from(ms).unwrap_or(0).max(1)).min(PATIENCE)
    }

    /// Tries a notice and writes down what came of it.
    async fn try_one(self, notice: LeasedNotice) {
        let parts = &self.parts;
        let LeasedNotice { receipt, to } = notice;
        let receiver = receipt.receiver.clone();
        let ReceiptState::Pending { due_at: lease, .. } = receipt.state else { return };
        let (began_at, sent) = self.sent(&receipt, &to).await;
        let now = parts.clock.now();
        let settlement = Settlement {
            key: receipt.key(),
            lease,
            began_at,
            answer: sent.answer,
            said: sent.said,
            chance: u16::from_le_bytes(draw(parts.entropy.as_ref())),
        };
        match parts.store.settle_notice(settlement, now).await {
            Ok(Some(settled)) => self.say(&settled),
            Ok(None) => {}
            Err(error) => {
                tracing::error!(%error, %receiver, "what came of a notice could not be written down: it is sent again");
            }
        }
    }

    /// Sends a notice: since when it was on its way, which its receiver answers for, and what came of it.
    async fn sent(&self, receipt: &Receipt, to: &NoticeAddress) -> (Timestamp, NoticeOutcome) {
        let parts = &self.parts;
        match compose(parts, receipt, to, parts.clock.now()).await {
            Ok(call) => {
                let now = parts.clock.now();
                (now, parts.sender.post(call, now).await)
            }
            Err(error) => {
                tracing::error!(%error, receiver = %receipt.receiver, "a notice could not be composed");
                (parts.clock.now(), NoticeOutcome::failed(NoticeAnswer::NotComposed))
            }
        }
    }

    /// Says in the log what came of a notice, and counts it. What it said and what was answered is for administrators to read.
    fn say(&self, receipt: &Receipt) {
        let ending = self.parts.store.ending_id(receipt.place);
        let (receiver, tries) = (&receipt.receiver, receipt.tries);
        let answer = receipt.last.as_ref().map(|tried| tried.answer);
        let answered = match answer {
            Some(NoticeAnswer::Status { code, .. }) => code.to_string(),
            Some(answer) => answer.word().into(),
            None => String::new(),
        };
        match receipt.state {
            ReceiptState::Confirmed { at } => {
                let ms = at.since(receipt.ended_at).ms();
                metrics::histogram!("adieu_notice_seconds").record(ms as f64 / 1000.0);
                tracing::info!(%ending, %receiver, tries, ms, "told of an ending");
            }
            ReceiptState::Pending { .. } => {
                tracing::debug!(%ending, %receiver, tries, answered, "not told yet: it is tried again");
            }
            ReceiptState::Refused { .. } => {
                tracing::warn!(%ending, %receiver, tries, answered, "a notice of an ending was refused");
            }
            ReceiptState::GivenUp { .. } => {
                tracing::warn!(%ending, %receiver, tries, answered, "a notice of an ending was given up");
            }
            ReceiptState::CannotBeTold => {
                tracing::warn!(%ending, %receiver, tries, answered, "a receiver can be told no more: it has no address");
            }
        }
        metrics::counter!("adieu_notices_total", "state" => receipt.state.word()).increment(1);
    }
}
