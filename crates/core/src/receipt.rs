//! Receipts: what became of each notice, and what the answer to a try comes to.
//!
//! A receipt is pending until its receiver has confirmed it, has refused it for good, or was tried for a day. It says so
//! afterwards. Nothing here sends or waits. OpenID Connect Back-Channel Logout 1.0 sections 2.5 and 2.8, decision 0027.

use crate::ending_id::EndingPlace;
use crate::ids::RealmId;
use crate::notice::{NoticeMessage, OwedNotice, SubjectKey};
use crate::receiver::Receiver;
use crate::time::{Span, Timestamp};

/// For how long a notice is tried at least.
pub const TRIED_FOR: Span = Span::from_s(24 * 3600);
/// The pause behind the first try; each next one is twice as long.
pub const PAUSE_FIRST: Span = Span::from_ms(500);
/// The longest pause, also where a receiver asks for a longer one.
pub const PAUSE_MAX: Span = Span::from_s(6 * 3600);
/// When a notice is due that is tried before all others of its receiver.
const BEFORE_ALL_OTHERS: Timestamp = Timestamp::from_ms(0);
/// How much of an answer is kept, in bytes (HOME-LIMITS).
pub const ANSWER_KEPT_BYTES: usize = 2048;

/// What became of one notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The ending.
    pub place: EndingPlace,
    /// Who is told.
    pub receiver: Receiver,
    /// The realm of what ended: its keys sign the notice.
    pub realm: RealmId,
    /// What they are told; none if they cannot be told.
    pub message: Option<NoticeMessage>,
    /// When it was over.
    pub ended_at: Timestamp,
    /// From when it is tried; an order to retry begins anew.
    pub tried_from: Timestamp,
    /// How often it was tried.
    pub tries: u32,
    /// What the last try came to.
    pub last: Option<Tried>,
    /// Where it stands.
    pub state: ReceiptState,
}

/// Where a notice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptState {
    /// It is to be tried.
    Pending {
        /// When it is tried next. While it is being tried: when that try counts as lost.
        due_at: Timestamp,
        /// Whether somebody tries it.
        leased: bool,
    },
    /// The receiver has taken it.
    Confirmed {
        /// When.
        at: Timestamp,
    },
    /// The receiver has refused it for good.
    Refused {
        /// When.
        at: Timestamp,
    },
    /// It was tried for long enough, or somebody gave it up.
    GivenUp {
        /// When.
        at: Timestamp,
    },
    /// There is no way to tell the receiver.
    CannotBeTold,
}

/// Some of the states of receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptStates(u8);

impl ReceiptStates {
    /// Each by itself, in the order of [`ReceiptState::WORDS`].
    pub const EACH: [Self; 5] = [Self(1), Self(2), Self(4), Self(8), Self(16)];

    /// The states of these words, which commas stand between; none if one of them is no state's.
    pub fn read(text: &str) -> Option<Self> {
        text.split(',').try_fold(Self(0), |states, word| {
            let number = ReceiptState::WORDS.iter().position(|known| *known == word)?;
            Some(Self(states.0 | Self::EACH[number].0))
        })
    }

    /// Whether these are among them.
    pub const fn contains(self, states: Self) -> bool {
        self.0 & states.0 == states.0
    }
}

impl ReceiptState {
    /// Its words, in the order in which they are stored.
    pub const WORDS: [&'static str; 5] = ["pending", "confirmed", "refused", "given_up", "cannot_be_told"];

    /// The state as a number: which of the words it is.
    pub const fn number(self) -> u8 {
        match self {
            Self::Pending { .. } => 0,
            Self::Confirmed { .. } => 1,
            Self::Refused { .. } => 2,
            Self::GivenUp { .. } => 3,
            Self::CannotBeTold => 4,
        }
    }

    /// The state as one word.
    pub const fn word(self) -> &'static str {
        Self::WORDS[self.number() as usize]
    }

    /// Whether nothing more comes of it.
    pub const fn is_settled(self) -> bool {
        !matches!(self, Self::Pending { .. })
    }
}

/// A try and what it came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// When it was over.
    pub at: Timestamp,
    /// What it came to.
    pub answer: NoticeAnswer,
    /// The beginning of what the receiver said.
    pub said: Option<String>,
}

/// What a try came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeAnswer {
    /// The receiver answered with this status.
    Status {
        /// The HTTP status.
        code: u16,
        /// For how long it asks to be left alone.
        retry_after: Option<Span>,
    },
    /// It did not answer in time.
    TimedOut,
    /// It could not be reached.
    Unreachable,
    /// Its certificate is no proof of who it is: of no authority that is trusted, out of date or another host's. It was sent nothing.
    CertificateRefused,
    /// Its address leads into a network that no notice is sent to.
    AddressRefused,
    /// Its address was taken away since it was owed the notice.
    NoAddress,
    /// The message could not be made: a fault of this side.
    NotComposed,
}

impl NoticeAnswer {
    /// The answer as one word, but for a status.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::TimedOut => "timed_out",
            Self::Unreachable => "unreachable",
            Self::CertificateRefused => "certificate_refused",
            Self::AddressRefused => "address_refused",
            Self::NoAddress => "no_address",
            Self::NotComposed => "not_composed",
        }
    }

    /// Whether it says something of the receiver: whether that is there and works.
    pub const fn is_the_receivers(self) -> bool {
        !matches!(self, Self::NoAddress | Self::NotComposed)
    }
}

/// What an answer says of the notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerMeaning {
    /// The receiver has taken it.
    Taken,
    /// It is wrong for this receiver, and another one of its kind will be, too.
    Refused,
    /// Neither: it is tried again.
    Failed,
}

impl Receipt {
    /// What an answer says of this notice.
    pub(crate) const fn meaning_of(&self, answer: NoticeAnswer) -> AnswerMeaning {
        let NoticeAnswer::Status { code, .. } = answer else { return AnswerMeaning::Failed };
        match (&self.message, code) {
            // Standard Webhooks: every answer of 2xx is a success; 410 says that nothing is wanted there any more.
            (Some(NoticeMessage::Hook(_)), 200..=299) => AnswerMeaning::Taken,
            (Some(NoticeMessage::Hook(_)), 410) => AnswerMeaning::Refused,
            (Some(NoticeMessage::Hook(_)), _) => AnswerMeaning::Failed,
            // Back-Channel Logout §2.8; 204 is what several frameworks send for an empty answer. S-UL-5
            (Some(NoticeMessage::Logout(_) | NoticeMessage::Revocation(_)) | None, 200 | 204) => {
                AnswerMeaning::Taken
            }
            (Some(NoticeMessage::Logout(_) | NoticeMessage::Revocation(_)) | None, 400) => {
                AnswerMeaning::Refused
            }
            // Global Token Revocation §3.4: nobody of that name is known there, or nothing can be revoked.
            (Some(NoticeMessage::Revocation(_)), 404 | 422) => AnswerMeaning::Refused,
            (Some(NoticeMessage::Logout(_) | NoticeMessage::Revocation(_)) | None, _) => {
                AnswerMeaning::Failed
            }
        }
    }
}

/// What somebody who tried a notice brings back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// Which notice.
    pub key: ReceiptKey,
    /// When the lease runs out by which it was tried.
    pub lease: Timestamp,
    /// When the try began.
    pub began_at: Timestamp,
    /// What it came to.
    pub answer: NoticeAnswer,
    /// The beginning of what the receiver said.
    pub said: Option<String>,
    /// Chance, which parts those who were refused at one moment.
    pub chance: u16,
}

/// Which notice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReceiptKey {
    /// Of which ending.
    pub place: EndingPlace,
    /// To whom.
    pub receiver: Receiver,
    /// Of which subject.
    pub subject: SubjectKey,
}

impl Receipt {
    /// The receipt of a notice that is owed from now on. Where nobody knows when the session ended, it says now.
    pub fn owed(
        place: EndingPlace,
        realm: RealmId,
        notice: OwedNotice,
        ended_at: impl Into<Option<Timestamp>>,
        now: Timestamp,
    ) -> Self {
        let state = match notice.message {
            Some(_) => ReceiptState::Pending { due_at: now, leased: false },
            None => ReceiptState::CannotBeTold,
        };
        Self {
            place,
            receiver: notice.receiver,
            realm,
            message: notice.message,
            ended_at: ended_at.into().unwrap_or(now),
            tried_from: now,
            tries: 0,
            last: None,
            state,
        }
    }

    /// Which notice it is of.
    pub fn key(&self) -> ReceiptKey {
        let subject = self.message.as_ref().map_or(SubjectKey::NOBODY, SubjectKey::of);
        ReceiptKey { place: self.place, receiver: self.receiver.clone(), subject }
    }

    /// This receipt while somebody tries the notice, until then; `telling_since` says since when notices are told without a break. That it was
    /// due before, while nobody told any, is no part of its day.
    #[must_use]
    pub fn leased(self, until: Timestamp, telling_since: Timestamp) -> Self {
        let lost = match self.state {
            ReceiptState::Pending { due_at, .. } => telling_since.since(due_at.max(self.tried_from)),
            _ => Span::from_ms(0),
        };
        let tried_from = self.tried_from.plus(lost.max(Span::from_ms(0)));
        Self { state: ReceiptState::Pending { due_at: until, leased: true }, tried_from, ..self }
    }

    /// This receipt due at once, because the process that tried it is gone; none if it is not being tried.
    pub fn freed(&self, now: Timestamp) -> Option<Self> {
        let ReceiptState::Pending { due_at, leased } = self.state else { return None };
        let state = ReceiptState::Pending { due_at: due_at.min(now), leased: false };
        leased.then(|| Self { state, ..self.clone() })
    }

    /// This receipt for another day of tries that begins now, before all others of its receiver; none if the receiver has taken the notice or
    /// cannot be told.
    pub fn retried(&self, now: Timestamp) -> Option<Self> {
        let state = ReceiptState::Pending { due_at: BEFORE_ALL_OTHERS, leased: false };
        match self.state {
            ReceiptState::Pending { leased: true, .. }
            | ReceiptState::Confirmed { .. }
            | ReceiptState::CannotBeTold => None,
            ReceiptState::Pending { .. } | ReceiptState::Refused { .. } | ReceiptState::GivenUp { .. } => {
                Some(Self { state, tried_from: now, ..self.clone() })
            }
        }
    }

    /// When it is tried next, as far as that is its own matter; none if it is settled.
    pub fn next_try_at(&self) -> Option<Timestamp> {
        match self.state {
            ReceiptState::Pending { due_at, .. } => Some(due_at.max(self.tried_from)),
            _ => None,
        }
    }

    /// This receipt where there is no address any more to which it could be sent: nobody is asked. None if it is settled, or somebody
    /// tries it.
    pub fn without_address(&self, now: Timestamp) -> Option<Self> {
        let ReceiptState::Pending { due_at, leased } = self.state else { return None };
        let last = Some(Tried { at: now, answer: NoticeAnswer::NoAddress, said: None });
        let is_tried = leased && due_at > now;
        (!is_tried).then(|| Self { state: ReceiptState::CannotBeTold, last, ..self.clone() })
    }

    /// By when a receipt is due that may be [overdue](Self::overdue).
    pub const fn overdue_if_due_by(now: Timestamp) -> Timestamp {
        Timestamp::from_ms(now.ms().saturating_sub(PAUSE_MAX.ms()))
    }

    /// This receipt given up because its day is over and it has been due for as long as the longest pause, while notices were told; none if
    /// it is not so. Who tries it settles it otherwise, and a lease that is as old as that is lost.
    pub fn overdue(&self, telling_since: Timestamp, now: Timestamp) -> Option<Self> {
        let ReceiptState::Pending { due_at, .. } = self.state else { return None };
        let waits_from = due_at.max(telling_since);
        let is_overdue = now.since(self.tried_from) >= TRIED_FOR && now.since(waits_from) >= PAUSE_MAX;
        is_overdue.then(|| self.given_up(now)).flatten()
    }

    /// This receipt given up; none if nothing more comes of it anyway.
    pub fn given_up(&self, now: Timestamp) -> Option<Self> {
        let state = ReceiptState::GivenUp { at: now };
        (!self.state.is_settled()).then(|| Self { state, ..self.clone() })
    }
}

/// Decides what a try comes to. None if that changes nothing: the notice is settled, or another one tries it by now and
/// this one did not get through.
pub fn decide_settlement(receipt: &Receipt, settlement: &Settlement, now: Timestamp) -> Option<Receipt> {
    let answer = settlement.answer;
    let meaning = receipt.meaning_of(answer);
    let own = receipt.state == ReceiptState::Pending { due_at: settlement.lease, leased: true };
    // What the receiver has taken it has taken, however late that is known.
    let late = meaning == AnswerMeaning::Taken && !matches!(receipt.state, ReceiptState::Confirmed { .. });
    if !own && !late {
        return None;
    }
    let tries = receipt.tries.saturating_add(1);
    let state = match answer {
        _ if meaning == AnswerMeaning::Taken => ReceiptState::Confirmed { at: now },
        _ if meaning == AnswerMeaning::Refused => ReceiptState::Refused { at: now },
        NoticeAnswer::NoAddress => ReceiptState::CannotBeTold,
        _ if now.since(receipt.tried_from) >= TRIED_FOR => ReceiptState::GivenUp { at: now },
        NoticeAnswer::Status { code: 429 | 503, retry_after: Some(wished) } => {
            let pause = pause_after(tries, settlement.chance).max(wished.min(PAUSE_MAX));
            ReceiptState::Pending { due_at: now.plus(pause), leased: false }
        }
        NoticeAnswer::Status { .. }
        | NoticeAnswer::TimedOut
        | NoticeAnswer::Unreachable
        | NoticeAnswer::CertificateRefused
        | NoticeAnswer::AddressRefused
        | NoticeAnswer::NotComposed => {
            ReceiptState::Pending { due_at: now.plus(pause_after(tries, settlement.chance)), leased: false }
        }
    };
    let last = Some(Tried { at: now, answer, said: settlement.said.clone() });
    Some(Receipt { tries, last, state, ..receipt.clone() })
}

/// The pause behind so many tries: twice as long each time up to the longest, and by chance up to half of it shorter, so that
/// those who failed together do not come back together.
fn pause_after(tries: u32, chance: u16) -> Span {
    let doublings = tries.saturating_sub(1).min(20);
    let full = PAUSE_FIRST.ms().saturating_mul(1 << doublings).min(PAUSE_MAX.ms());
    let off = full / 2 * i64::from(chance) / i64::from(u16::MAX);
    Span::from_ms((full - off).max(1))
}

#[cfg(test)]
mod tests;
