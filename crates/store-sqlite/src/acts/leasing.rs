//! Gives out notices to be tried, and ends those of which nothing can come any more.
//!
//! Who is looked at is found by an index, longest waiting first, and no further than there is room. What has no address is settled here
//! and takes no place. What is given out, brought forward and given up is decided by core. Decisions 0027 and 0066.

use std::collections::HashSet;

use adieu_core::{
    DueNotices, EndingPlace, Lane, Receipt, ReceiptState, Receiver, ReceiverHealth, Subscriber, Timestamp,
    decide_lease, decide_return,
};
use adieu_store::{LeaseOrder, LeasedNotice, LeasedNotices, NoticeAddress, Swept};
use rusqlite::Connection;

use crate::batch::Batch;
use crate::rows;

/// Receipts that one order settles or brings forward besides what it gives out: some milliseconds of the writer.
const STEP_MAX: u32 = 500;
/// Receivers that one sweep looks at, and receipts of one of them that it reads.
const SWEPT_RECEIVERS_MAX: u32 = 100;
const SWEPT_EACH_MAX: u32 = 250;
/// Receivers that are slow, for which something waits, and that one sweep looks at.
const SWEPT_SLOW_MAX: u32 = 500;

/// Since when this process gives notices out. At first it frees what the process that had the folder before had leased: that one is gone,
/// and nobody else has the folder.
pub(super) fn telling_since(batch: &Batch<'_>, now: Timestamp) -> rusqlite::Result<Timestamp> {
    if let Some(since) = batch.shared.telling_since.get() {
        return Ok(*since);
    }
    let mut last = None;
    while let Some(receiver) = rows::next_awaited(batch.db, last.as_ref())? {
        for receipt in rows::later_receipts(batch.db, &receiver, now, STEP_MAX)? {
            if let Some(free) = receipt.freed(now) {
                rows::write_due(batch.db, &free)?;
                rows::add_waiting(batch.db, &receiver, now)?;
            }
        }
        last = Some(receiver);
    }
    // If this batch is rolled back they run out by themselves.
    Ok(*batch.shared.telling_since.get_or_init(|| now))
}

pub(super) fn lease(
    db: &Connection,
    order: &LeaseOrder,
    telling_since: Timestamp,
    now: Timestamp,
) -> rusqlite::Result<LeasedNotices> {
    let leased = LeasedNotices::default();
    let mut round = Round { db, order, telling_since, now, left: STEP_MAX, leased };
    let mut heads = [Head::first(db, false, now)?, Head::first(db, true, now)?];
    let mut seen = HashSet::new();
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
        let Some((receiver, health)) = head.take(db, now)? else { break };
        // Whoever was given something waits again from now on.
        if seen.insert(receiver.clone()) {
            round.lease_to(&receiver, health)?;
        }
    }
    let again = (round.left == 0).then_some(now);
    round.leased.next_due = again.into_iter().chain(rows::next_look(db, now)?).min();
    Ok(round.leased)
}

/// The first of the receivers that are slow, or of the others, that was not looked at.
struct Head {
    slow: bool,
    next: Option<(Receiver, ReceiverHealth)>,
}

impl Head {
    fn first(db: &Connection, slow: bool, now: Timestamp) -> rusqlite::Result<Self> {
        Ok(Self { slow, next: rows::next_waiting(db, slow, now, None)? })
    }

    fn since(&self) -> Option<Timestamp> {
        self.next.as_ref().and_then(|(_, health)| health.waits_from)
    }

    fn take(
        &mut self,
        db: &Connection,
        now: Timestamp,
    ) -> rusqlite::Result<Option<(Receiver, ReceiverHealth)>> {
        let taken = self.next.take();
        if let Some((receiver, ReceiverHealth { waits_from: Some(from), .. })) = &taken {
            self.next = rows::next_waiting(db, self.slow, now, Some(&(*from, receiver.clone())))?;
        }
        Ok(taken)
    }
}

/// What one order gives out.
struct Round<'a> {
    db: &'a Connection,
    order: &'a LeaseOrder,
    telling_since: Timestamp,
    now: Timestamp,
    /// How many receipts it may settle or bring forward still.
    left: u32,
    leased: LeasedNotices,
}

impl Round<'_> {
    fn room(&self) -> u32 {
        self.order.most.saturating_sub(self.leased.notices.len() as u32)
    }

    fn lease_to(&mut self, receiver: &Receiver, mut health: ReceiverHealth) -> rusqlite::Result<()> {
        let order = self.order;
        let busy = order.busy.get(receiver).copied().unwrap_or(0);
        let room = self.room();
        let lane = |health| Lane { health, busy, most_each: order.most_each, room, reserved: order.reserved };
        let before = lane(health);
        let most = before.allowance(self.now);
        if most == 0 {
            let put_off = before.put_off(self.now);
            return put_off.map_or(Ok(()), |health| rows::write_receiver(self.db, receiver, &health));
        }
        let registered = RegisteredReceiver::of(self.db, receiver)?;
        let (due, addresses) = self.due(receiver, &mut health, &registered, most)?;
        let days: Vec<Timestamp> = due.given.iter().map(|receipt| receipt.tried_from).collect();
        let leasing = decide_lease(&lane(health), due, (order.until, self.telling_since), self.now);
        if leasing.health != before.health {
            rows::write_receiver(self.db, receiver, &leasing.health)?;
        }
        for ((receipt, to), day) in leasing.leased.into_iter().zip(addresses).zip(days) {
            match receipt.tried_from == day {
                true => rows::write_due(self.db, &receipt)?,
                false => rows::write_receipt(self.db, &receipt, receipt.state)?,
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
    ) -> rusqlite::Result<(DueNotices, Vec<NoticeAddress>)> {
        let (db, now) = (self.db, self.now);
        let mut asked = most + 1;
        loop {
            let all = rows::due_receipts(db, receiver, now, asked)?;
            let is_all = (all.len() as u32) < asked;
            let (mut given, mut addresses, mut is_stale) = (Vec::new(), Vec::new(), false);
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
            let later = rows::next_due(db, receiver, now)?;
            return Ok((DueNotices { given, more, later }, addresses));
        }
    }

    /// Settles a receipt that has no address any more, if this order may; says whether it did.
    fn settle_untold(&mut self, receipt: &Receipt) -> rusqlite::Result<bool> {
        let Some(settled) = receipt.without_address(self.now).filter(|_| self.left > 0) else {
            return Ok(false);
        };
        self.left -= 1;
        rows::write_receipt(self.db, &settled, receipt.state)?;
        self.leased.untold.push(settled);
        Ok(true)
    }

    fn bring_forward(&mut self, receiver: &Receiver, health: &mut ReceiverHealth) -> rusqlite::Result<()> {
        let Some(back) = health.coming_back else { return Ok(()) };
        let most = self.left;
        let stretch = rows::latest_receipts(self.db, receiver, (self.now, back.before), most)?;
        self.left -= stretch.len() as u32;
        let brought = decide_return(back, &stretch, most, self.now);
        for due in &brought.due {
            rows::write_due(self.db, due)?;
        }
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
    fn of(db: &Connection, receiver: &Receiver) -> rusqlite::Result<Self> {
        Ok(match receiver {
            Receiver::Client(client) => {
                let stored = rows::client(db, client)?;
                let is_there = stored.as_ref().is_some_and(|stored| !stored.removed);
                let address = stored.and_then(|stored| stored.client.backchannel_logout_uri);
                Self::Client { address, is_there }
            }
            Receiver::Subscriber(id) => Self::Subscriber(rows::subscriber(db, id)?.map(Box::new)),
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

/// Writes down that a receiver is slow no more, if it is not.
fn rest_receiver(
    db: &Connection,
    receiver: &Receiver,
    health: ReceiverHealth,
    now: Timestamp,
) -> rusqlite::Result<()> {
    health.rested(now).map_or(Ok(()), |rested| rows::write_receiver(db, receiver, &rested))
}

/// Walks over the receivers in rounds, a stretch at a time: what is past its day is given up, what can be told no more is settled, and a
/// receiver that is gone and for which nothing waits is forgotten. Who was slow is not any more after its time. Says behind which receiver the next sweep goes on.
pub(super) fn sweep_receivers(
    db: &Connection,
    after: Option<Receiver>,
    (telling_since, now): (Option<Timestamp>, Timestamp),
    swept: &mut Swept,
) -> rusqlite::Result<Option<Receiver>> {
    for (receiver, health) in rows::slow_waiting(db, SWEPT_SLOW_MAX)? {
        rest_receiver(db, &receiver, health, now)?;
    }
    let (mut left, mut last) = (STEP_MAX, after);
    for _ in 0..SWEPT_RECEIVERS_MAX {
        let Some((receiver, health)) = rows::next_receiver(db, last.as_ref())? else { return Ok(None) };
        rest_receiver(db, &receiver, health, now)?;
        let registered = RegisteredReceiver::of(db, &receiver)?;
        let all_due = Timestamp::from_ms(i64::MAX);
        let due_by = if registered.is_mute() { all_due } else { Receipt::overdue_if_due_by(now) };
        let most = SWEPT_EACH_MAX.min(left);
        let all = rows::due_receipts(db, &receiver, due_by, most)?;
        let mut settled = 0;
        for receipt in &all {
            let over = match registered.address_for(receipt.place) {
                Some(_) => telling_since.and_then(|since| receipt.overdue(since, now)),
                None => receipt.without_address(now),
            };
            if let Some(over) = over {
                rows::write_receipt(db, &over, receipt.state)?;
                swept.given_up += u32::from(over.state == ReceiptState::GivenUp { at: now });
                settled += 1;
            }
        }
        if !registered.is_there() && !rows::is_awaited(db, &receiver)? {
            rows::drop_receiver(db, &receiver)?;
            swept.remains += 1;
        }
        left -= settled;
        // Where all of a stretch was settled there may be more of it.
        if settled == most {
            swept.more = true;
            return Ok(last);
        }
        last = Some(receiver);
    }
    Ok(last)
}
