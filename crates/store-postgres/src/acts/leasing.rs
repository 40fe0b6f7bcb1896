//! Gives out notices to be tried, and ends those of which nothing can come any more. One node does this at a time.
//!
//! Who is looked at is found by an index, longest waiting first, and no further than there is room. What has no address is settled here
//! and takes no place. What is given out, brought forward and given up is decided by core. Decisions 0027 and 0066. What another node
//! has leased runs out by itself, unless that one is dead: then it is free at once (decision 0058).

use std::collections::{BTreeMap, BTreeSet, HashSet};

use adieu_core::{
    DueNotices, EndingPlace, Lane, Receipt, ReceiptState, Receiver, ReceiverHealth, Subscriber, Timestamp,
    decide_lease, decide_return,
};
use adieu_store::{LeaseOrder, LeasedNotice, LeasedNotices, NoticeAddress, Swept};

use crate::batch::{Batch, in_steps};
use crate::rows::{Guarded, LeasedBy, ReceiversBehind, WaitingReceivers, Work};
use crate::working::{Halt, Looked};

/// Receipts that one order settles or brings forward besides what it gives out.
const STEP_MAX: u32 = 500;
/// Receivers that one sweep looks at, and receipts of one of them that it reads.
const SWEPT_RECEIVERS_MAX: u32 = 100;
const SWEPT_EACH_MAX: u32 = 250;
/// Receivers that are slow, for which something waits, and that one sweep looks at.
const SWEPT_SLOW_MAX: u32 = 500;
/// Receivers that are read at a time.
const HEADS_MAX: u32 = 100;

pub(super) fn lease(
    batch: &mut Batch,
    order: &LeaseOrder,
    telling_since: Timestamp,
    now: Timestamp,
) -> Looked<LeasedNotices> {
    batch.guard(Guarded::Work(Work::Leasing))?;
    for node in batch.shared.vitals.dead() {
        free_leases(batch, node, order.until, now)?;
    }
    let leased = LeasedNotices::default();
    let mut round = Round { batch, order, telling_since, now, left: STEP_MAX, leased, skipped: false };
    let (quick, slow) = (Head::first(round.batch, false, now), Head::first(round.batch, true, now));
    let mut heads = [quick?, slow?];
    // Those who come next are asked for together.
    for head in &heads {
        head.want_next(round.batch);
    }
    let (mut seen, mut missing) = (HashSet::new(), false);
    // Those that are slow are looked at as long as there is room that is not reserved.
    while round.room() > 0 {
        let [quick, slow] = &mut heads;
        let is_room = round.room() > order.reserved;
        let head = match (quick.since(), slow.since().filter(|_| is_room)) {
            (Some(one), Some(other)) if other < one => slow,
            (Some(_), _) => quick,
            (None, Some(_)) => slow,
            (None, None) => break,
        };
        let Some(receiver) = head.take(round.batch, now)? else { break };
        // Whoever was given something waits again from now on.
        if seen.insert(receiver.clone()) {
            match round.lease_to(&receiver) {
                // The next ones ask for what they need, too.
                Err(Halt::Missing) => missing = true,
                done => done?,
            }
        }
    }
    if missing {
        return Err(Halt::Missing);
    }
    let again = (round.left == 0 || round.skipped).then_some(now);
    let next = next_look(round.batch, now)?;
    round.leased.next_due = again.into_iter().chain(next).min();
    Ok(round.leased)
}

/// Frees what a dead node was telling: it is due at once, and not when its lease runs out. If the node lives after all, what it was telling
/// may be told once more, and what it is answered counts. Then the node is forgotten.
fn free_leases(batch: &mut Batch, node: u64, until: Timestamp, now: Timestamp) -> Looked<()> {
    let leased = LeasedBy { node, behind: now.ms(), until: until.ms(), most: STEP_MAX };
    let leased = batch.asked.leased_by.get(&leased)?.clone();
    // All of them are asked for before one is waited for.
    let held: Vec<_> = leased
        .iter()
        .map(|one| (batch.receiver(&one.receiver), batch.receipt(&one.key())))
        .map(|(health, receipt)| Ok::<_, Halt>((health?.unwrap_or_default(), receipt?)))
        .collect();
    for held in held {
        let (_, Some(receipt)) = held? else { continue };
        if let Some(free) = receipt.freed(now) {
            // Several may be one receiver's.
            let health = batch.receiver(&receipt.receiver)?.unwrap_or_default();
            batch.write_receiver(&receipt.receiver, health.waiting_from(now));
            batch.write_receipt(&free, receipt.state)?;
        }
    }
    if (leased.len() as u32) < STEP_MAX {
        batch.nodes_gone.remove(node);
    }
    Ok(())
}

/// When a receiver is to be looked at again, behind a moment.
fn next_look(batch: &Batch, now: Timestamp) -> Looked<Option<Timestamp>> {
    let changed: BTreeMap<_, _> = batch.receivers.all_changed().collect();
    let most = in_steps(changed.len() + 1);
    let after = (now.ms(), "\u{10ffff}".to_owned());
    let mut first = changed
        .values()
        .filter_map(|kept| kept.and_then(|kept| kept.health.waits_from))
        .filter(|from| *from > now)
        .min();
    let mut missing = Ok(());
    for slow in [false, true] {
        let waiting = WaitingReceivers { slow, after: after.clone(), until: i64::MAX, most };
        match batch.asked.waiting.get(&waiting) {
            Ok(waiting) => {
                let stored = waiting.iter().find(|(receiver, _)| !changed.contains_key(receiver));
                first = first.into_iter().chain(stored.map(|(_, from)| *from)).min();
            }
            Err(halt) => missing = Err(halt),
        }
    }
    missing.map(|()| first)
}

/// Those of the receivers that are slow, or of the others, that were not looked at.
struct Head {
    slow: bool,
    next: std::collections::VecDeque<(Receiver, Timestamp)>,
    /// Behind which one the next are read; none if there are no more.
    behind: Option<(i64, String)>,
}

impl Head {
    fn first(batch: &Batch, slow: bool, now: Timestamp) -> Looked<Self> {
        let mut head = Self { slow, next: Default::default(), behind: Some((i64::MIN, String::new())) };
        head.read(batch, now)?;
        Ok(head)
    }

    /// Reads the next ones, with what this batch has made of them.
    fn read(&mut self, batch: &Batch, now: Timestamp) -> Looked<()> {
        let Some(after) = self.behind.take() else { return Ok(()) };
        let waiting =
            WaitingReceivers { slow: self.slow, after: after.clone(), until: now.ms(), most: HEADS_MAX };
        let stored = batch.asked.waiting.get(&waiting)?;
        let is_all = (stored.len() as u32) < HEADS_MAX;
        let last = stored.last().map(|(receiver, from)| (from.ms(), receiver.key()));
        let mut all: BTreeSet<(i64, String)> =
            stored.iter().map(|(receiver, from)| (from.ms(), receiver.key())).collect();
        for (receiver, kept) in batch.receivers.all_changed() {
            let key = receiver.key();
            all.retain(|(_, other)| *other != key);
            let health = kept.map(|kept| kept.health).filter(|health| health.has_reserve() != self.slow);
            let from = health.and_then(|health| health.waits_from).filter(|from| *from <= now);
            let place = from.map(|from| (from.ms(), key));
            all.extend(place.filter(|place| {
                *place > after && (is_all || last.as_ref().is_none_or(|last| place <= last))
            }));
        }
        self.next.extend(all.into_iter().filter_map(|(from, key)| {
            Receiver::of_key(&key).ok().map(|receiver| (receiver, Timestamp::from_ms(from)))
        }));
        self.behind = last.filter(|_| !is_all);
        Ok(())
    }

    fn want_next(&self, batch: &Batch) {
        self.next.iter().for_each(|(receiver, _)| {
            let _ = batch.receiver(receiver);
        });
    }

    fn since(&self) -> Option<Timestamp> {
        self.next.front().map(|(_, from)| *from)
    }

    fn take(&mut self, batch: &Batch, now: Timestamp) -> Looked<Option<Receiver>> {
        let taken = self.next.pop_front();
        if self.next.is_empty() {
            self.read(batch, now)?;
        }
        Ok(taken.map(|(receiver, _)| receiver))
    }
}

/// What one order gives out.
struct Round<'a> {
    batch: &'a mut Batch,
    order: &'a LeaseOrder,
    telling_since: Timestamp,
    now: Timestamp,
    /// How many receipts it may settle or bring forward still.
    left: u32,
    leased: LeasedNotices,
    /// Whether a receiver was left out because somebody settles for it.
    skipped: bool,
}

impl Round<'_> {
    fn room(&self) -> u32 {
        self.order.most.saturating_sub(self.leased.notices.len() as u32)
    }

    fn lease_to(&mut self, receiver: &Receiver) -> Looked<()> {
        let order = self.order;
        let mut health = match self.batch.receiver(receiver) {
            Err(Halt::Deferred) => {
                self.skipped = true;
                return Ok(());
            }
            health => health?.unwrap_or_default(),
        };
        if health.waits_from.is_none_or(|from| from > self.now) {
            return Ok(()); // Somebody has given it something meanwhile.
        }
        let busy = order.busy.get(receiver).copied().unwrap_or(0);
        let room = self.room();
        let lane = |health| Lane { health, busy, most_each: order.most_each, room, reserved: order.reserved };
        let before = lane(health);
        let most = before.allowance(self.now);
        if most == 0 {
            if let Some(health) = before.put_off(self.now) {
                self.batch.write_receiver(receiver, health);
            }
            return Ok(());
        }
        let registered = RegisteredReceiver::of(self.batch, receiver)?;
        let (due, addresses) = self.due(receiver, &mut health, &registered, most)?;
        let days: Vec<Timestamp> = due.given.iter().map(|receipt| receipt.tried_from).collect();
        let leasing = decide_lease(&lane(health), due, (order.until, self.telling_since), self.now);
        if leasing.health != before.health {
            self.batch.write_receiver(receiver, leasing.health);
        }
        for ((receipt, to), day) in leasing.leased.into_iter().zip(addresses).zip(days) {
            match receipt.tried_from == day {
                true => self.batch.put_receipt(receipt.clone()),
                false => self.batch.write_receipt(&receipt, receipt.state)?,
            }
            self.leased.notices.push(LeasedNotice { receipt, to });
        }
        Ok(())
    }

    /// What of a receiver's notices is due and can be told, at most `most`, with where to. What can't is settled on the way, and what is
    /// due because the receiver is back is brought forward, as far as this order may.
    fn due(
        &mut self,
        receiver: &Receiver,
        health: &mut ReceiverHealth,
        registered: &RegisteredReceiver,
        most: u32,
    ) -> Looked<(DueNotices, Vec<NoticeAddress>)> {
        let now = self.now;
        let mut asked = most + 1;
        loop {
            let all = self.batch.due_receipts(receiver, (i64::MIN, now), asked)?;
            let is_all = (all.len() as u32) < asked;
            let (mut given, mut addresses, mut is_stale) = (Vec::new(), Vec::new(), false);
            self.batch.want_counts(all.iter().filter(|one| registered.address_for(one.place).is_none()));
            for receipt in all {
                match registered.address_for(receipt.place) {
                    Some(to) => {
                        given.push(receipt);
                        addresses.push(to);
                    }
                    None => is_stale |= self.settle_untold(&receipt)?,
                }
            }
            let is_enough = given.len() as u32 > most;
            if !is_enough && self.left > 0 {
                if is_stale && !is_all {
                    asked = self.left.max(most + 1);
                    continue;
                }
                if health.coming_back.is_some() {
                    self.bring_forward(receiver, health)?;
                    continue;
                }
            }
            given.truncate(most as usize);
            addresses.truncate(most as usize);
            let more = is_enough || self.left == 0;
            let later = self.batch.next_due(receiver, now)?;
            return Ok((DueNotices { given, more, later }, addresses));
        }
    }

    /// Settles a receipt that has no address any more, if this order may; says whether it did.
    fn settle_untold(&mut self, receipt: &Receipt) -> Looked<bool> {
        let Some(settled) = receipt.without_address(self.now).filter(|_| self.left > 0) else {
            return Ok(false);
        };
        self.left -= 1;
        self.batch.write_receipt(&settled, receipt.state)?;
        self.leased.untold.push(settled);
        Ok(true)
    }

    fn bring_forward(&mut self, receiver: &Receiver, health: &mut ReceiverHealth) -> Looked<()> {
        let Some(back) = health.coming_back else { return Ok(()) };
        let most = self.left;
        let stretch = self.batch.latest_receipts(receiver, (self.now, back.before), most)?;
        self.left -= stretch.len() as u32;
        let brought = decide_return(back, &stretch, most, self.now);
        brought.due.into_iter().for_each(|due| self.batch.put_receipt(due));
        health.coming_back = brought.rest;
        Ok(())
    }
}

/// A receiver as it is registered now.
enum RegisteredReceiver {
    Client { address: Option<String>, is_there: bool },
    Subscriber(Option<Box<Subscriber>>),
}

impl RegisteredReceiver {
    fn of(batch: &Batch, receiver: &Receiver) -> Looked<Self> {
        Ok(match receiver {
            Receiver::Client(client) => {
                let stored = batch.stored_client(client)?;
                let is_there = stored.as_ref().is_some_and(|stored| !stored.removed);
                let address = stored.and_then(|stored| stored.client.backchannel_logout_uri);
                Self::Client { address, is_there }
            }
            Receiver::Subscriber(id) => Self::Subscriber(batch.subscriber(id)?.map(Box::new)),
        })
    }

    /// Where it is told of the ending at a place.
    fn address_for(&self, place: EndingPlace) -> Option<NoticeAddress> {
        match self {
            Self::Client { address, .. } => address.clone().map(NoticeAddress::Client),
            Self::Subscriber(stored) => {
                let stored = stored.as_ref().filter(|stored| stored.is_told_of(place));
                stored.cloned().map(NoticeAddress::Subscriber)
            }
        }
    }

    /// Whether it is told of nothing.
    fn is_mute(&self) -> bool {
        match self {
            Self::Client { address, .. } => address.is_none(),
            Self::Subscriber(stored) => stored.as_ref().is_none_or(|stored| !stored.enabled),
        }
    }

    /// Whether there is such a client or subscriber.
    const fn is_there(&self) -> bool {
        match self {
            Self::Client { is_there, .. } => *is_there,
            Self::Subscriber(stored) => stored.is_some(),
        }
    }
}

/// Walks over the receivers in rounds, a stretch at a time: what is past its day is given up, what can be told no more is settled, and a
/// receiver that is gone and for which nothing waits is forgotten. Who was slow is not any more after its time. Says behind which receiver
/// the next sweep goes on.
pub(super) fn sweep_receivers(
    batch: &mut Batch,
    after: Option<Receiver>,
    (telling_since, now): (Option<Timestamp>, Timestamp),
    swept: &mut Swept,
) -> Looked<Option<Receiver>> {
    let slow = WaitingReceivers {
        slow: true,
        after: (i64::MIN, String::new()),
        until: i64::MAX,
        most: SWEPT_SLOW_MAX,
    };
    let behind = ReceiversBehind {
        after: after.as_ref().map_or_else(String::new, Receiver::key),
        most: SWEPT_RECEIVERS_MAX,
    };
    let (slow, stretch) =
        (batch.asked.waiting.get(&slow).cloned(), batch.asked.receivers_behind.get(&behind).cloned());
    let (slow, stretch) = (slow?, stretch?);
    let mut missing = Ok(());
    for receiver in slow.iter().map(|(receiver, _)| receiver).chain(&stretch) {
        match batch.receiver(receiver) {
            Ok(health) => {
                if let Some(rested) = health.and_then(|health| health.rested(now)) {
                    batch.write_receiver(receiver, rested);
                }
            }
            // Somebody settles for it now: another sweep comes by.
            Err(Halt::Deferred) => {}
            Err(halt) => missing = Err(halt),
        }
    }
    let (mut left, mut last) = (STEP_MAX, after);
    for receiver in &stretch {
        match sweep_receiver(batch, receiver, left, (telling_since, now), swept) {
            Ok((settled, most)) => {
                left -= settled;
                // Where all of a stretch was settled there may be more of it.
                if settled == most {
                    swept.more = true;
                    return missing.map(|()| last);
                }
            }
            Err(Halt::Deferred) => {}
            Err(halt) => missing = Err(halt),
        }
        last = Some(receiver.clone());
    }
    missing?;
    Ok(last.filter(|_| stretch.len() as u32 == SWEPT_RECEIVERS_MAX))
}

/// Sweeps one receiver; says how many receipts it settled of how many that it might.
fn sweep_receiver(
    batch: &mut Batch,
    receiver: &Receiver,
    left: u32,
    (telling_since, now): (Option<Timestamp>, Timestamp),
    swept: &mut Swept,
) -> Looked<(u32, u32)> {
    batch.receiver(receiver)?;
    let registered = RegisteredReceiver::of(batch, receiver)?;
    let all_due = Timestamp::from_ms(i64::MAX);
    let due_by = if registered.is_mute() { all_due } else { Receipt::overdue_if_due_by(now) };
    let most = SWEPT_EACH_MAX.min(left);
    let all = batch.due_receipts(receiver, (i64::MIN, due_by), most)?;
    let mut settled = 0;
    batch.want_counts(&all);
    for receipt in &all {
        let over = match registered.address_for(receipt.place) {
            Some(_) => telling_since.and_then(|since| receipt.overdue(since, now)),
            None => receipt.without_address(now),
        };
        if let Some(over) = over {
            batch.write_receipt(&over, receipt.state)?;
            swept.given_up += u32::from(over.state == ReceiptState::GivenUp { at: now });
            settled += 1;
        }
    }
    if !registered.is_there() && batch.due_receipts(receiver, (i64::MIN, all_due), 1)?.is_empty() {
        batch.receivers.remove(receiver.clone());
        swept.remains += 1;
    }
    Ok((settled, most))
}
