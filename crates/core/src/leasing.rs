//! What of a receiver's notices is given out to be tried, and when the receiver is looked at again.
//!
//! An engine brings what waits for the receiver, and writes down what is decided. Decision 0027.

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
    /// How much of that room is kept for receivers of whose notices none is tried: each of them gets one of it.
    pub reserved: u32,
}

/// What is given out of a lane.
#[derive(Clone, Debug)]
pub struct Leasing {
    /// The notices, as they are while they are tried.
    pub leased: Vec<Receipt>,
    /// How the receiver does then, if that has changed.
    pub health: Option<ReceiverHealth>,
    /// When there may be more to give out; none if nothing waits for a moment.
    pub next_due: Option<Timestamp>,
}

impl Lane {
    /// How many notices it may be given now. Receivers that hang fill the room up to what is reserved and no further, so one that answers
    /// gets its next notice as soon as the one before is settled (ONE-SLOW-HURTS-NONE).
    pub fn allowance(&self, now: Timestamp) -> u32 {
        let own = u32::from(self.busy == 0).min(self.room);
        let room = self.room.saturating_sub(self.reserved).max(own);
        self.health.allowance(self.busy, self.most_each, now).min(room)
    }
}

/// Decides what is given out until a moment. `due` are the receipts that are due, the longest due first: one more than the allowance, if there
/// are so many, says that the receiver is held back. `later` is when the next one is due that is not due yet.
pub fn decide_lease(
    lane: &Lane,
    due: Vec<Receipt>,
    later: Option<Timestamp>,
    until: Timestamp,
    now: Timestamp,
) -> Leasing {
    let most = lane.allowance(now) as usize;
    let is_held = due.len() > most;
    let leased: Vec<Receipt> = due.into_iter().take(most).map(|receipt| receipt.leased(until)).collect();
    let health = if leased.is_empty() { lane.health } else { lane.health.asked(now) };
    let held = if is_held { health.left_alone_until(lane.busy, now) } else { None };
    let later = later.map(|due_at| health.may_be_asked_at(due_at, now));
    let next_due = held.into_iter().chain(later).min();
    Leasing { leased, health: (health != lane.health).then_some(health), next_due }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ending_id::EndingPlace;
    use crate::ids::RealmId;
    use crate::notice::{NoticeMessage, NoticeSubject, OwedNotice};
    use crate::receipt::ReceiptState;

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

    fn lane(health: ReceiverHealth, busy: u32, room: u32) -> Lane {
        Lane { health, busy, most_each: 8, room, reserved: 0 }
    }

    /// Goal: ONE-SLOW-HURTS-NONE: whatever others have taken, a receiver of whose notices none is tried gets one.
    #[test]
    fn room_is_kept_for_whom_nobody_tries_to_tell() {
        for (busy, room, given) in
            [(0, 256, 8), (0, 130, 2), (0, 128, 1), (0, 1, 1), (0, 0, 0), (1, 128, 0), (3, 130, 2)]
        {
            let lane = Lane { reserved: 128, ..lane(ReceiverHealth::default(), busy, room) };
            assert_eq!(lane.allowance(at(1)), given, "{busy} {room}");
        }
    }

    /// Goal: a healthy receiver gets as many as its lane and the rest of them have room for; when more waits for those at work, no
    /// moment is waited for.
    #[test]
    fn a_lane_is_filled_and_no_further() {
        for (busy, room, waits, given) in
            [(0, 100, 9, 8), (5, 100, 9, 3), (8, 100, 1, 0), (0, 2, 9, 2), (0, 100, 3, 3)]
        {
            let lane = lane(ReceiverHealth::default(), busy, room);
            let leasing = decide_lease(&lane, (0..waits).map(due).collect(), Some(at(9)), at(30), at(1));
            assert_eq!(leasing.leased.len(), given, "{busy} {room} {waits}");
            let state = ReceiptState::Pending { due_at: at(30), leased: true };
            assert!(leasing.leased.iter().all(|one| one.state == state));
            assert_eq!((leasing.health, leasing.next_due), (None, Some(at(9))));
        }
    }

    /// Goal: an ailing receiver gets one notice, is noted as asked, and is looked at when its pause is over.
    #[test]
    fn an_ailing_receiver_is_asked_by_one_notice() {
        let ailing = ReceiverHealth { failing_since: Some(at(0)), failures: 9, ..ReceiverHealth::default() };
        let first = decide_lease(&lane(ailing, 0, 100), vec![due(0), due(1)], None, at(1030), at(1000));
        assert_eq!((first.leased.len(), first.next_due), (1, Some(at(1300))));
        let asked = first.health.expect("it was asked");
        assert_eq!(asked.asked_at, Some(at(1000)));
        let again = decide_lease(&lane(asked, 0, 100), vec![due(1)], Some(at(1100)), at(1130), at(1100));
        assert!(again.leased.is_empty() && again.health.is_none());
        assert_eq!(again.next_due, Some(at(1300)), "what is due earlier waits for the same moment");
    }
}
