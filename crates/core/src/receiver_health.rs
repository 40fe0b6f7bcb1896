//! How a receiver of notices does, and how many notices it is given at a time because of that.
//!
//! A receiver that has failed for long is ailing: one notice at a time asks whether it is back, until the first success.
//! Nothing here counts for a receipt: each is judged by its own answers.

use crate::receipt::{AnswerMeaning, NoticeAnswer, Receipt, ReceiptState, Settlement};
use crate::time::{Span, Timestamp};

/// For how long a receiver has to have failed, without one success, to be ailing.
pub const AILING_AFTER: Span = Span::from_s(15 * 60);
/// How long an ailing receiver is left alone between two notices.
pub const AILING_PAUSE: Span = Span::from_s(5 * 60);

/// A try that takes longer than that is slow, whatever comes of it.
pub const SLOW_TRY: Span = Span::from_s(2);
/// For how long a receiver is slow after such a try.
pub const SLOW_FOR: Span = Span::from_s(5 * 60);

/// How long a receiver has to have failed for its first success to mean that it is back. Who takes some notices and fails at others was
/// never away: each notice keeps its own pauses, which are no longer than that at first.
pub const AWAY_FOR: Span = Span::from_s(60);

/// What is known of a receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiverHealth {
    /// Since when it has failed without one success.
    pub failing_since: Option<Timestamp>,
    /// How often since then.
    pub failures: u32,
    /// When it last took a notice.
    pub last_success_at: Option<Timestamp>,
    /// How long its last success took.
    pub last_latency: Option<Span>,
    /// When it last failed, and how.
    pub last_failure: Option<(Timestamp, NoticeAnswer)>,
    /// When a try of its was last slow; none if that is long enough ago.
    pub slow_at: Option<Timestamp>,
    /// When it was last given a notice while it was ailing.
    pub asked_at: Option<Timestamp>,
    /// What was put off and is due since it came back; none if all of it is known to be due.
    pub coming_back: Option<ComingBack>,
    /// From when on it waits to be given something; none if nothing waits for it. It may be earlier than what waits is due, and never later.
    pub waits_from: Option<Timestamp>,
}

/// A receiver is back: what was put off before is due, and is brought forward step by step, the longest put off first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComingBack {
    /// Since when.
    pub since: Timestamp,
    /// What is due behind this moment has been brought forward.
    pub before: Timestamp,
}

impl ComingBack {
    /// Back at this moment: nothing is brought forward yet.
    pub const fn at(since: Timestamp) -> Self {
        Self { since, before: Timestamp::from_ms(i64::MAX) }
    }

    /// The same after a notice has failed: what fails from then on keeps its own pauses.
    fn failing(self, now: Timestamp) -> Self {
        Self { since: self.since.min(Timestamp::from_ms(now.ms() - 1)), ..self }
    }
}

/// What one step brings forward.
#[derive(Clone, Debug)]
pub struct BroughtForward {
    /// The receipts that are due now.
    pub due: Vec<Receipt>,
    /// What is left to do; none if that is all.
    pub rest: Option<ComingBack>,
}

/// Decides what of a stretch of receipts is due at once, because their receiver is back. The stretch is of those that are due later than
/// now and not behind [`ComingBack::before`], the latest first: as many as a step may have, if there are so many.
pub fn decide_return(back: ComingBack, stretch: &[Receipt], most: u32, now: Timestamp) -> BroughtForward {
    let due: Vec<Receipt> =
        stretch.iter().filter_map(|receipt| due_at_once(receipt, back.since, now)).collect();
    let last = stretch.last().filter(|_| stretch.len() as u64 >= u64::from(most));
    let last = last.and_then(|receipt| match receipt.state {
        ReceiptState::Pending { due_at, .. } => Some(due_at),
        _ => None,
    });
    let rest = last.map(|due_at| {
        // A stretch of one moment of which nothing comes is passed over: else the next step would find it again.
        let is_stuck = due.is_empty() && due_at == back.before;
        let before = if is_stuck { Timestamp::from_ms(due_at.ms() - 1) } else { due_at };
        ComingBack { before, ..back }
    });
    BroughtForward { due, rest }
}

impl ReceiverHealth {
    /// Whether room is kept for it: a try of its is over soon, whatever comes of it. Whoever took room for long, with an answer that counts
    /// or without one, waits among the others for [`SLOW_FOR`], also where other tries are over soon.
    pub const fn has_reserve(&self) -> bool {
        self.slow_at.is_none()
    }

    /// Its health where its last slow try is [`SLOW_FOR`] ago: room is kept for it again, also if it was asked for nothing since. None if that
    /// changes nothing.
    pub fn rested(self, now: Timestamp) -> Option<Self> {
        let is_over = self.slow_at.is_some() && self.slow_at_still(now).is_none();
        is_over.then_some(Self { slow_at: None, ..self })
    }

    /// When a try of its was last slow, if that counts still.
    fn slow_at_still(&self, now: Timestamp) -> Option<Timestamp> {
        self.slow_at.filter(|at| now < *at || now.since(*at) < SLOW_FOR)
    }

    /// Whether it has failed for long.
    pub fn is_ailing(&self, now: Timestamp) -> bool {
        self.failing_since.is_some_and(|since| now.since(since) >= AILING_AFTER)
    }

    /// How many more notices it may be given, where it has `busy` at work and a healthy one may have `most`.
    pub fn allowance(&self, busy: u32, most: u32, now: Timestamp) -> u32 {
        if !self.is_ailing(now) {
            return most.saturating_sub(busy);
        }
        let left_alone = self.asked_at.is_none_or(|at| now < at || now.since(at) >= AILING_PAUSE);
        u32::from(busy == 0 && left_alone)
    }

    /// When it may be given a notice again that is due then.
    pub fn may_be_asked_at(&self, due_at: Timestamp, now: Timestamp) -> Timestamp {
        match self.asked_at {
            Some(asked) if self.is_ailing(now) => due_at.max(asked.plus(AILING_PAUSE)),
            Some(_) | None => due_at,
        }
    }

    /// Until when it is left alone although something is due for it; none if it waits for those at work.
    pub fn left_alone_until(&self, busy: u32, now: Timestamp) -> Option<Timestamp> {
        let asked = self.asked_at.filter(|_| busy == 0 && self.is_ailing(now));
        asked.map(|asked| asked.plus(AILING_PAUSE))
    }

    /// The same where something waits for it from a moment on.
    #[must_use]
    pub fn waiting_from(self, from: Timestamp) -> Self {
        Self { waits_from: self.waits_from.into_iter().chain([from]).min(), ..self }
    }

    /// Its health with a receipt of its that was changed by order. Where an answer is wanted now it is asked at once, also if it is ailing.
    #[must_use]
    pub fn with_changed(self, receipt: &Receipt) -> Self {
        match receipt.state {
            ReceiptState::Pending { due_at, .. } => Self { asked_at: None, ..self.waiting_from(due_at) },
            _ => self,
        }
    }

    /// Its health once it is told elsewhere than before, or is not told any more: nothing that was known of it counts but that it is slow,
    /// which a client that gives itself another address does not end; and what waits for it is looked at at once.
    #[must_use]
    pub fn told_elsewhere(&self) -> Self {
        // Whatever was tried was tried elsewhere; the next failure ends that.
        let coming_back = Some(ComingBack::at(Timestamp::from_ms(i64::MAX)));
        let waits_from = Some(Timestamp::from_ms(0));
        Self { coming_back, waits_from, slow_at: self.slow_at, ..Self::default() }
    }

    /// Its health once it is given notices.
    #[must_use]
    pub fn asked(self, now: Timestamp) -> Self {
        if self.is_ailing(now) { Self { asked_at: Some(now), ..self } } else { self }
    }
}

/// How the receiver does once a try is settled, if that has changed: by what the try says of it, and by when the notice is due again.
pub fn decide_health(
    health: &ReceiverHealth,
    receipt: &Receipt,
    settlement: &Settlement,
    settled: Option<&Receipt>,
    now: Timestamp,
) -> Option<ReceiverHealth> {
    let mut after = said_of(health, receipt, settlement, now).unwrap_or(*health);
    if is_back(health, &after, now) {
        let coming_back = Some(ComingBack::at(now));
        after = ReceiverHealth { coming_back, ..after }.waiting_from(now);
    }
    if let Some(ReceiptState::Pending { due_at, .. }) = settled.map(|settled| settled.state) {
        after = after.waiting_from(due_at);
    }
    (after != *health).then_some(after)
}

/// What a try says of the receiver; none if it says nothing.
fn said_of(
    health: &ReceiverHealth,
    receipt: &Receipt,
    settlement: &Settlement,
    now: Timestamp,
) -> Option<ReceiverHealth> {
    let answer = settlement.answer;
    if !answer.is_the_receivers() {
        return None;
    }
    let meaning = receipt.meaning_of(answer);
    let took = now.since(settlement.began_at);
    let slow_at = if took > SLOW_TRY { Some(now) } else { health.slow_at_still(now) };
    // Who refuses one message is there and works.
    Some(if meaning != AnswerMeaning::Failed {
        let confirmed = meaning == AnswerMeaning::Taken;
        ReceiverHealth {
            failing_since: None,
            failures: 0,
            asked_at: None,
            last_success_at: if confirmed { Some(now) } else { health.last_success_at },
            last_latency: if confirmed { Some(took) } else { health.last_latency },
            last_failure: if confirmed { health.last_failure } else { Some((now, answer)) },
            slow_at,
            ..*health
        }
    } else {
        ReceiverHealth {
            failing_since: Some(health.failing_since.unwrap_or(now)),
            failures: health.failures.saturating_add(1),
            last_failure: Some((now, answer)),
            slow_at,
            coming_back: health.coming_back.map(|back| back.failing(now)),
            ..*health
        }
    })
}

/// Whether what waits for a receiver is due at once with this change of its health: it was away and is back.
fn is_back(before: &ReceiverHealth, after: &ReceiverHealth, now: Timestamp) -> bool {
    let was_away = before.failing_since.is_some_and(|since| now.since(since) >= AWAY_FOR);
    was_away && after.failing_since.is_none()
}

/// This receipt due at once, because it was put off before its receiver came back; none if it is not waiting, or was tried since.
fn due_at_once(receipt: &Receipt, back_since: Timestamp, now: Timestamp) -> Option<Receipt> {
    let put_off_before = receipt.last.as_ref().is_none_or(|tried| tried.at <= back_since);
    match receipt.state {
        ReceiptState::Pending { due_at, leased: false } if due_at > now && put_off_before => {
            Some(Receipt { state: ReceiptState::Pending { due_at: now, leased: false }, ..receipt.clone() })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ending_id::EndingPlace;
    use crate::ids::RealmId;
    use crate::notice::OwedNotice;
    use crate::receiver::Receiver;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_ms(s * 1000)
    }

    fn after(health: ReceiverHealth, code: u16, s: i64) -> ReceiverHealth {
        after_try(health, NoticeAnswer::Status { code, retry_after: None }, (s - 1, s))
    }

    fn after_try(health: ReceiverHealth, answer: NoticeAnswer, (began, s): (i64, i64)) -> ReceiverHealth {
        let notice =
            OwedNotice { receiver: Receiver::Client("shop".parse().expect("a client")), message: None };
        let realm = RealmId::from_uuid(uuid::Uuid::nil());
        let receipt = Receipt::owed(EndingPlace::of(1, 0).expect("a place"), realm, notice, at(0), at(0));
        let key = receipt.key();
        let settlement = Settlement { key, lease: at(0), began_at: at(began), answer, said: None, chance: 0 };
        decide_health(&health, &receipt, &settlement, None, at(s)).expect("it says something")
    }

    #[test]
    fn who_fails_for_long_is_asked_sparingly_until_the_first_success() {
        let mut health = after(ReceiverHealth::default(), 500, 10);
        assert_eq!((health.allowance(0, 8, at(11)), health.allowance(7, 8, at(11))), (8, 1));
        health = after(health, 502, 909);
        assert!(!health.is_ailing(at(909)));
        assert!(health.is_ailing(at(910)));
        assert_eq!((health.allowance(0, 8, at(910)), health.allowance(1, 8, at(910))), (1, 0));
        health = health.asked(at(910));
        assert_eq!(health.allowance(0, 8, at(1209)), 0);
        assert_eq!(health.left_alone_until(0, at(1209)), Some(at(1210)));
        assert_eq!(health.left_alone_until(1, at(1209)), None);
        assert_eq!(
            (health.may_be_asked_at(at(920), at(911)), health.allowance(0, 8, at(1210))),
            (at(1210), 1)
        );
        health = after(health, 500, 1211);
        assert_eq!((health.failures, health.failing_since), (3, Some(at(10))));
        let back = after(health, 204, 1300);
        assert!(is_back(&health, &back, at(1300)) && !is_back(&back, &back, at(1300)));
        assert_eq!((back.allowance(0, 8, at(1300)), back.last_latency), (8, Some(Span::from_s(1))));
        assert_eq!(back.asked(at(1301)), back);
        assert!(is_back(&health, &after(health, 400, 1300), at(1300)), "who refuses is there");
    }

    /// Goal: ONE-SLOW-HURTS-NONE: a try that takes long takes its receiver's part of what is kept for the quick ones, also where its answer
    /// counts; one quick answer in between does not give that back.
    #[test]
    fn who_takes_long_has_no_reserve_for_a_while() {
        let quick = after(ReceiverHealth::default(), 200, 10);
        assert!(quick.has_reserve() && ReceiverHealth::default().has_reserve());
        let ok = NoticeAnswer::Status { code: 200, retry_after: None };
        assert!(after_try(quick, ok, (10, 12)).has_reserve());
        let slow = after_try(quick, ok, (10, 13));
        assert!(!slow.has_reserve() && slow.failing_since.is_none() && slow.last_success_at == Some(at(13)));
        assert!(after(quick, 500, 11).has_reserve(), "it says so at once, and may be told the next at once");
        for answer in [NoticeAnswer::TimedOut, NoticeAnswer::Status { code: 400, retry_after: None }] {
            let slow = after_try(quick, answer, (10, 20));
            assert!(!after(slow, 200, 319).has_reserve(), "{answer:?}");
            assert!(after(slow, 200, 320).has_reserve(), "{answer:?}");
        }
        assert!(!after(slow, 200, 5).has_reserve(), "a clock that went back");
        // Whom nobody asks for anything is slow for no longer.
        assert_eq!((slow.rested(at(312)), slow.rested(at(5)), quick.rested(at(999))), (None, None, None));
        let rested = slow.rested(at(313)).expect("a change");
        assert!(rested.has_reserve());
        assert_eq!(rested, ReceiverHealth { slow_at: None, ..slow });
    }

    /// Goal: S-BCL-18: a receiver that takes most notices and fails at some is not back with each success: what it fails at keeps its pauses.
    #[test]
    fn who_was_not_away_is_not_back() {
        let mut health = ReceiverHealth::default();
        for s in (0..600).step_by(10) {
            health = after(health, 500, s);
            health = after(health, 200, s + 5);
            assert_eq!(health.coming_back, None, "{s}");
        }
        let away = after(after(health, 500, 700), 503, 759);
        assert_eq!(after(away, 200, 759).coming_back, None);
        assert_eq!(after(away, 200, 760).coming_back, Some(ComingBack::at(at(760))));
    }

    fn put_off(n: u32, due: i64, tried: Option<i64>) -> Receipt {
        let notice =
            OwedNotice { receiver: Receiver::Client("shop".parse().expect("a client")), message: None };
        let realm = RealmId::from_uuid(uuid::Uuid::nil());
        let receipt = Receipt::owed(EndingPlace::of(1, n).expect("a place"), realm, notice, at(0), at(0));
        let last =
            tried.map(|s| crate::receipt::Tried { at: at(s), answer: NoticeAnswer::TimedOut, said: None });
        let state = ReceiptState::Pending { due_at: at(due), leased: false };
        Receipt { state, last, ..receipt }
    }

    /// Goal: decision 0027: all that was put off before a receiver came back is due, and nothing that was put off since; whatever the size
    /// of a step, the next one goes on behind it.
    #[test]
    fn what_was_put_off_comes_step_by_step_when_a_receiver_is_back() {
        let failing =
            ReceiverHealth { failing_since: Some(at(5)), failures: 16, ..ReceiverHealth::default() };
        let back = after(failing, 204, 100);
        assert_eq!((back.coming_back, back.waits_from), (Some(ComingBack::at(at(100))), Some(at(100))));
        assert_eq!(after(back, 204, 101).coming_back, back.coming_back, "it goes on");
        assert_eq!(after(back, 500, 101).coming_back, back.coming_back, "also where a notice fails");
        let stretch = [put_off(0, 900, Some(99)), put_off(1, 800, Some(101)), put_off(2, 700, None)];
        let back = ComingBack::at(at(100));
        let step = |back, some: &[Receipt], most| decide_return(back, some, most, at(102));
        let places =
            |step: &BroughtForward| -> Vec<u32> { step.due.iter().map(|one| one.place.entry()).collect() };
        let first = step(back, &stretch, 3);
        assert_eq!((places(&first), first.rest), (vec![0, 2], Some(ComingBack { before: at(700), ..back })));
        assert!(
            first.due.iter().all(|one| one.state == ReceiptState::Pending { due_at: at(102), leased: false })
        );
        let last = step(back, &stretch, 4);
        assert_eq!((places(&last).len(), last.rest), (2, None), "there is no more");
        // Of one moment more was put off since than a step has: it is passed over.
        let stuck = ComingBack { before: at(800), ..back };
        let rest = step(stuck, &[put_off(1, 800, Some(101)), put_off(3, 800, Some(101))], 2).rest;
        assert_eq!(rest, Some(ComingBack { before: Timestamp::from_ms(at(800).ms() - 1), ..back }));
    }

    /// Goal: what is known of a receiver is of the address that it had.
    #[test]
    fn a_receiver_at_another_address_begins_anew() {
        let mut ailing = after(ReceiverHealth::default(), 500, 10);
        ailing = after(ailing, 500, 1000).asked(at(1000));
        let moved = ailing.told_elsewhere();
        let slow = ReceiverHealth { slow_at: Some(at(1)), ..ailing };
        assert!(!slow.told_elsewhere().has_reserve() && moved.has_reserve());
        assert!(!moved.is_ailing(at(1010)) && moved.allowance(0, 8, at(1010)) == 8);
        assert!(moved.coming_back.is_some() && moved.waits_from.is_some_and(|from| from < at(1)));
        let until = ComingBack::at(Timestamp::from_ms(at(1011).ms() - 1));
        assert_eq!(after(moved, 500, 1011).coming_back, Some(until), "what failed at the new address waits");
        // A word of an administrator's lets the ailing one be asked at once.
        let retried = put_off(0, 900, Some(99)).retried(at(1010)).expect("it waits");
        assert_eq!(retried.next_try_at(), Some(at(1010)));
        let asked = ailing.with_changed(&retried);
        assert_eq!((asked.allowance(0, 8, at(1010)), asked.failing_since), (1, ailing.failing_since));
        assert!(asked.waits_from.is_some_and(|from| from < at(1)));
        let given_up = retried.given_up(at(1011)).expect("it waits");
        assert_eq!(ailing.with_changed(&given_up), ailing);
    }
}
