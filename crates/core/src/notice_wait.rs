//! What a notice that is pending waits for, as whoever looks is told.
//!
//! No moment that is past is ever named, and none of a try that is under way. Nothing here decides who is told when.

use crate::receipt::{Receipt, ReceiptState};
use crate::receiver_health::ReceiverHealth;
use crate::time::Timestamp;

/// What a notice that is pending waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeWait {
    /// For the answer: its receiver is being told.
    Answer,
    /// For its turn: it is due.
    Turn,
    /// For a later try.
    Until(Timestamp),
    /// For its receiver, which is ailing and is asked sparingly.
    Ailing {
        /// Since when that one has failed.
        since: Timestamp,
        /// When it is asked again; none if that is due.
        asked_again_at: Option<Timestamp>,
    },
    /// For the data folder, which was restored to be tried: nobody is told before it takes over.
    Held,
}

impl NoticeWait {
    /// Its words, in the order of the variants.
    pub const WORDS: [&'static str; 5] = ["being_told", "due", "later", "ailing", "held"];

    /// It as one word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Answer => Self::WORDS[0],
            Self::Turn => Self::WORDS[1],
            Self::Until(_) => Self::WORDS[2],
            Self::Ailing { .. } => Self::WORDS[3],
            Self::Held => Self::WORDS[4],
        }
    }

    /// When its receiver is asked next, if that is known.
    pub const fn next_try_at(self) -> Option<Timestamp> {
        match self {
            Self::Until(at) => Some(at),
            Self::Ailing { asked_again_at, .. } => asked_again_at,
            Self::Answer | Self::Turn | Self::Held => None,
        }
    }

    /// Since when its receiver has failed, where that is ailing.
    pub const fn ailing_since(self) -> Option<Timestamp> {
        if let Self::Ailing { since, .. } = self { Some(since) } else { None }
    }
}

impl Receipt {
    /// What it waits for, where its receiver does like this; none if it is settled.
    pub fn waiting(&self, health: &ReceiverHealth, now: Timestamp) -> Option<NoticeWait> {
        let due_at = self.next_try_at()?;
        if matches!(self.state, ReceiptState::Pending { leased: true, due_at } if due_at > now) {
            return Some(NoticeWait::Answer);
        }
        let later = |at: Timestamp| (at > now).then_some(at);
        Some(match health.failing_since.filter(|_| health.is_ailing(now)) {
            Some(since) => {
                let asked_again_at = later(health.may_be_asked_at(due_at, now));
                NoticeWait::Ailing { since, asked_again_at }
            }
            None => later(due_at).map_or(NoticeWait::Turn, NoticeWait::Until),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ending_id::EndingPlace;
    use crate::ids::RealmId;
    use crate::notice::{NoticeMessage, OwedNotice};
    use crate::receiver::Receiver;
    use crate::subscriber_notices::RevokedSubject;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_ms(s * 1000)
    }

    fn pending(due: i64, leased: bool) -> Receipt {
        let message = Some(NoticeMessage::Revocation(RevokedSubject::Opaque("ada".into())));
        let notice = OwedNotice { receiver: Receiver::Client("shop".parse().expect("a client")), message };
        let realm = RealmId::from_uuid(uuid::Uuid::nil());
        let receipt = Receipt::owed(EndingPlace::of(1, 0).expect("a place"), realm, notice, at(0), at(0));
        Receipt { state: ReceiptState::Pending { due_at: at(due), leased }, ..receipt }
    }

    /// Goal: nobody who looks is shown a next try that is past, nor the end of a lease for one.
    #[test]
    fn a_next_try_lies_ahead() {
        let well = ReceiverHealth::default();
        assert_eq!(pending(40, true).waiting(&well, at(10)), Some(NoticeWait::Answer));
        assert_eq!(pending(10, true).waiting(&well, at(10)), Some(NoticeWait::Turn), "its lease has run out");
        assert_eq!(pending(10, false).waiting(&well, at(10)), Some(NoticeWait::Turn));
        assert_eq!(pending(11, false).waiting(&well, at(10)), Some(NoticeWait::Until(at(11))));
        let settled = Receipt { state: ReceiptState::Confirmed { at: at(1) }, ..pending(0, false) };
        assert_eq!(settled.waiting(&well, at(10)), None);
    }

    /// Goal: a notice to a receiver that is ailing waits for that one, whenever it is due by itself.
    #[test]
    fn an_ailing_receiver_is_named_with_when_it_is_asked_again() {
        let failing = ReceiverHealth { failing_since: Some(at(100)), ..ReceiverHealth::default() };
        assert_eq!(pending(5, false).waiting(&failing, at(999)), Some(NoticeWait::Turn), "not for long yet");
        let ailing = |asked: Option<i64>, due: i64, now: i64| {
            let health = ReceiverHealth { asked_at: asked.map(at), ..failing };
            pending(due, false).waiting(&health, at(now)).and_then(NoticeWait::next_try_at)
        };
        assert_eq!(ailing(Some(1000), 5, 1100), Some(at(1300)));
        assert_eq!(ailing(Some(1000), 1400, 1100), Some(at(1400)));
        assert_eq!((ailing(Some(1000), 5, 1300), ailing(None, 5, 1300)), (None, None), "that is due");
        let told = pending(1330, true).waiting(&failing, at(1300));
        assert_eq!(told, Some(NoticeWait::Answer));
        let since = pending(5, false).waiting(&failing, at(1300)).and_then(NoticeWait::ailing_since);
        assert_eq!(since, Some(at(100)));
    }
}
