//! How a receiver of notices does, and how many notices it is given at a time because of that.
//!
//! A receiver that has failed for long is ailing: one notice at a time asks whether it is back, until the first success.
//! Nothing here counts for a receipt: each is judged by its own answers.

use crate::receipt::{AnswerMeaning, NoticeAnswer, Receipt, Settlement};
use crate::time::{Span, Timestamp};

/// For how long a receiver has to have failed, without one success, to be ailing.
pub const AILING_AFTER: Span = Span::from_s(15 * 60);
/// How long an ailing receiver is left alone between two notices.
pub const AILING_PAUSE: Span = Span::from_s(5 * 60);

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
    /// When it was last given a notice while it was ailing.
    pub asked_at: Option<Timestamp>,
}

impl ReceiverHealth {
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

    /// Its health once an administrator wants an answer now: it is asked at once, also if it is ailing. None if it would be anyway.
    pub fn wanted_now(self) -> Option<Self> {
        self.asked_at.map(|_| Self { asked_at: None, ..self })
    }

    /// Its health once it is given notices.
    #[must_use]
    pub fn asked(self, now: Timestamp) -> Self {
        if self.is_ailing(now) { Self { asked_at: Some(now), ..self } } else { self }
    }
}

/// What a try says of the receiver; none if it says nothing.
pub fn decide_health(
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
    // Who refuses one message is there and works.
    Some(if meaning != AnswerMeaning::Failed {
        let confirmed = meaning == AnswerMeaning::Taken;
        ReceiverHealth {
            failing_since: None,
            failures: 0,
            asked_at: None,
            last_success_at: if confirmed { Some(now) } else { health.last_success_at },
            last_latency: if confirmed { Some(now.since(settlement.began_at)) } else { health.last_latency },
            last_failure: if confirmed { health.last_failure } else { Some((now, answer)) },
        }
    } else {
        ReceiverHealth {
            failing_since: Some(health.failing_since.unwrap_or(now)),
            failures: health.failures.saturating_add(1),
            last_failure: Some((now, answer)),
            ..*health
        }
    })
}

/// Whether what waits for a receiver is due at once with this change of its health: it was failing and is back.
pub fn is_back(before: &ReceiverHealth, after: &ReceiverHealth) -> bool {
    before.failing_since.is_some() && after.failing_since.is_none()
}

/// This receipt due at once, because its receiver is back; none if it is not waiting.
pub fn due_at_once(receipt: &Receipt, now: Timestamp) -> Option<Receipt> {
    use crate::receipt::ReceiptState::Pending;
    match receipt.state {
        Pending { due_at, leased: false } if due_at > now => {
            Some(Receipt { state: Pending { due_at: now, leased: false }, ..receipt.clone() })
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
        let notice =
            OwedNotice { receiver: Receiver::Client("shop".parse().expect("a client")), message: None };
        let realm = RealmId::from_uuid(uuid::Uuid::nil());
        let receipt = Receipt::owed(EndingPlace::of(1, 0).expect("a place"), realm, notice, at(0), at(0));
        let key = receipt.key();
        let answer = NoticeAnswer::Status { code, retry_after: None };
        let settlement = Settlement { key, lease: at(0), began_at: at(s - 1), answer, said: None, chance: 0 };
        decide_health(&health, &receipt, &settlement, at(s)).expect("it says something")
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
        assert!(is_back(&health, &back) && !is_back(&back, &back));
        assert_eq!((back.allowance(0, 8, at(1300)), back.last_latency), (8, Some(Span::from_s(1))));
        assert_eq!(back.asked(at(1301)), back);
        assert!(is_back(&health, &after(health, 400, 1300)), "who refuses is there");
    }
}
