//! What of a receiver's notices is given out to be tried, and when the receiver is looked at again.
//!
//! An engine brings what waits for the receiver, and writes down what is decided. Receivers are looked at in the order of
//! [`ReceiverHealth::waits_from`]: whoever was given something goes behind the others. Decisions 0027 and 0066.

use crate::receipt::Receipt;
use crate::receiver_health::ReceiverHealth;
use crate::time::Timestamp;

/// A receiver, and how many notices it may be given.
#[derive(Clone, Copy, Debug)]
pub struct Lane {
    /// How the receiver does.
    pub health: ReceiverHealth,
    /// How many of its notices are tried now.
    pub busy: u32,
    /// How many of its notices may be tried at a time.
    pub most_each: u32,
    /// How many notices may be given out at all.
    pub room: u32,
    /// How much of that room is kept for receivers that have a part in it ([`ReceiverHealth::has_reserve`]) and of whose notices none is tried:
    /// each of them gets one of it.
    pub reserved: u32,
}

/// What of a receiver's notices is due.
#[derive(Clone, Debug, Default)]
pub struct DueNotices {
    /// Those that are given out now, the longest due first: no more than the allowance.
    pub given: Vec<Receipt>,
    /// Whether more is due, or may be.
    pub more: bool,
    /// When the next one is due that is not due yet.
    pub later: Option<Timestamp>,
}

/// What is given out of a lane.
#[derive(Clone, Debug)]
pub struct Leasing {
    /// The notices, as they are while they are tried.
    pub leased: Vec<Receipt>,
    /// How the receiver does then.
    pub health: ReceiverHealth,
}

impl Lane {
    /// How many notices it may be given now. Receivers that are slow fill the room up to what is reserved and no further, so one that
    /// answers soon gets its next notice as soon as the one before is settled (ONE-SLOW-HURTS-NONE).
    pub fn allowance(&self, now: Timestamp) -> u32 {
        let is_kept_for = self.busy == 0 && self.health.has_reserve();
        let own = u32::from(is_kept_for).min(self.room);
        let room = self.room.saturating_sub(self.reserved).max(own);
        self.health.allowance(self.busy, self.most_each, now).min(room)
    }

    /// How the receiver does where it may be given nothing until a later moment; none if it waits for room or for those at work.
    pub fn put_off(&self, now: Timestamp) -> Option<ReceiverHealth> {
        let until = self.health.left_alone_until(self.busy, now).filter(|until| *until > now)?;
        Some(ReceiverHealth { waits_from: Some(until), ..self.health })
    }
}

/// Decides what is given out until a moment; `telling_since` says since when notices are given out without a break.
pub fn decide_lease(
    lane: &Lane,
    due: DueNotices,
    (until, telling_since): (Timestamp, Timestamp),
    now: Timestamp,
) -> Leasing {
    let leased = |receipt: Receipt| receipt.leased(until, telling_since);
    let leased: Vec<Receipt> = due.given.into_iter().map(leased).collect();
    let health = if leased.is_empty() { lane.health } else { lane.health.asked(now) };
    // A lease may run out.
    let later = due.later.into_iter().chain((!leased.is_empty()).then_some(until)).min();
    let waits_from = if due.more || health.coming_back.is_some() { Some(now) } else { later };
    let waits_from = waits_from.map(|from| health.may_be_asked_at(from, now));
    Leasing { leased, health: ReceiverHealth { waits_from, ..health } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ending_id::EndingPlace;
    use crate::ids::RealmId;
    use crate::notice::{NoticeMessage, NoticeSubject, OwedNotice};
    use crate::receipt::ReceiptState;
    use crate::receiver_health::ComingBack;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_ms(s * 1000)
    }

    fn due(n: u32) -> Receipt {
        let subject =
            NoticeSubject { issuer: "i".into(), sub: "ada".into(), sid: None, algorithm: "RS256".into() };
        let receiver = crate::receiver::Receiver::Client("shop".parse().expect("a client"));
        let notice = OwedNotice { receiver, message: Some(NoticeMessage::Logout(subject)) };
        let realm = RealmId::from_uuid(uuid::Uuid::nil());
        Receipt::owed(EndingPlace::of(1, n).expect("a place"), realm, notice, at(0), at(0))
    }

    fn notices(given: u32, more: bool, later: Option<i64>) -> DueNotices {
        DueNotices { given: (0..given).map(due).collect(), more, later: later.map(at) }
    }

    fn lane(health: ReceiverHealth, busy: u32, room: u32) -> Lane {
        Lane { health, busy, most_each: 8, room, reserved: 0 }
    }

    fn failing(since: i64) -> ReceiverHealth {
        ReceiverHealth { failing_since: Some(at(since)), failures: 1, ..ReceiverHealth::default() }
    }

    /// Goal: ONE-SLOW-HURTS-NONE: whatever others have taken, a receiver of whose notices none is tried gets one; of those that are slow
    /// none takes what is kept.
    #[test]
    fn room_is_kept_for_whom_nobody_tries_to_tell() {
        for (busy, room, given, slow_given) in [
            (0, 256, 8, 8),
            (0, 130, 2, 2),
            (0, 129, 1, 1),
            (0, 128, 1, 0),
            (0, 1, 1, 0),
            (0, 0, 0, 0),
            (1, 128, 0, 0),
            (3, 130, 2, 2),
        ] {
            let allowance = |health| Lane { reserved: 128, ..lane(health, busy, room) }.allowance(at(1));
            assert_eq!(allowance(ReceiverHealth::default()), given, "{busy} {room}");
            assert_eq!(allowance(failing(0)), given, "{busy} {room}: who says quickly that it fails");
            let slow = ReceiverHealth { slow_at: Some(at(0)), ..failing(0) };
            assert_eq!(allowance(slow), slow_given, "{busy} {room}");
            assert_eq!(
                allowance(ReceiverHealth { failing_since: None, ..slow }),
                slow_given,
                "{busy} {room}"
            );
        }
    }

    /// Goal: a healthy receiver gets as many as its lane and the rest of them have room for.
    #[test]
    fn a_lane_is_filled_and_no_further() {
        for (busy, room, given) in [(0, 100, 8), (5, 100, 3), (8, 100, 0), (0, 2, 2), (9, 100, 0)] {
            assert_eq!(lane(ReceiverHealth::default(), busy, room).allowance(at(1)), given, "{busy} {room}");
        }
    }

    /// Goal: whoever was given something goes behind the others while more of it is due, and is looked at when the next is due or its
    /// lease has run out otherwise.
    #[test]
    fn a_receiver_waits_again_from_its_turn_on() {
        let lane = lane(ReceiverHealth::default(), 0, 100);
        for (due, from) in [
            (notices(2, true, Some(9)), Some(1)),
            (notices(2, false, Some(9)), Some(9)),
            (notices(2, false, Some(99)), Some(30)),
            (notices(2, false, None), Some(30)),
            (notices(0, false, Some(99)), Some(99)),
            (notices(0, false, None), None),
            (notices(0, true, None), Some(1)),
        ] {
            let leasing = decide_lease(&lane, due.clone(), (at(30), at(0)), at(1));
            let state = ReceiptState::Pending { due_at: at(30), leased: true };
            assert_eq!(leasing.leased.len(), due.given.len());
            assert!(leasing.leased.iter().all(|one| one.state == state));
            assert_eq!(leasing.health.waits_from, from.map(at), "{due:?}");
        }
        let back = Some(ComingBack::at(at(0)));
        let lane = Lane { health: ReceiverHealth { coming_back: back, ..lane.health }, ..lane };
        let leasing = decide_lease(&lane, notices(1, false, None), (at(30), at(0)), at(1));
        assert_eq!(leasing.health.waits_from, Some(at(1)), "there is more to bring");
    }

    /// Goal: an ailing receiver gets one notice, is noted as asked, and is looked at when its pause is over.
    #[test]
    fn an_ailing_receiver_is_asked_by_one_notice() {
        let ailing = failing(0);
        assert_eq!(lane(ailing, 0, 100).allowance(at(1000)), 1);
        let first = decide_lease(&lane(ailing, 0, 100), notices(1, true, None), (at(1030), at(0)), at(1000));
        assert_eq!((first.leased.len(), first.health.waits_from), (1, Some(at(1300))));
        let asked = first.health;
        assert_eq!(asked.asked_at, Some(at(1000)));
        let new = asked.waiting_from(at(1100));
        let again = lane(new, 0, 100);
        assert_eq!(again.allowance(at(1100)), 0);
        assert_eq!(again.put_off(at(1100)), Some(asked), "what is due earlier waits for the same moment");
        assert_eq!(lane(new, 1, 100).put_off(at(1100)), None, "it waits for the one at work");
        assert_eq!(lane(ReceiverHealth::default(), 8, 100).put_off(at(1100)), None);
    }
}
