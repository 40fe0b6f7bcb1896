//! Receipts: each says what its receiver did, none is pending for ever, and nobody tries what another one tries.
//!
//! NOTICE-WITH-ENDING.

use std::collections::BTreeMap;

use adieu_core::{NoticeMessage, ReceiptState, RevokedSubject};

use super::violations::Violations;
use crate::facts::{FinalFacts, KnownReceipt};
use crate::history::{Happening, History, NoticeSeen, Order, ReceiverNumber, ReceiverReply, TryNumber};
use crate::rules::RunRules;

/// From the beginning of a try on nobody else may try the same notice for so long, however slow the store and wrong the
/// clocks are: a lease is longer by more than both.
const LEASED_MS: i64 = 12_000;
/// For how long a notice is tried at least: a day (docs/notices.md).
const TRIED_FOR_MS: i64 = 86_400_000;

/// What a receipt is about, as its receiver reads it.
pub(super) fn told_by(known: &KnownReceipt) -> Option<NoticeSeen> {
    Some(match known.receipt.message.as_ref()? {
        NoticeMessage::Logout(subject) => {
            NoticeSeen::Logout { sub: subject.sub.clone(), sid: subject.sid.clone() }
        }
        NoticeMessage::Hook(_) => NoticeSeen::Hook { ending: known.ending.clone() },
        NoticeMessage::Revocation(RevokedSubject::Opaque(subject)) => {
            NoticeSeen::Revoke { subject: subject.clone() }
        }
        NoticeMessage::Revocation(_) => return None,
    })
}

impl NoticeSeen {
    /// Whether it is of this user, as far as it says.
    pub(super) fn is_of(&self, user: &str) -> bool {
        match self {
            Self::Logout { sub, .. } | Self::Revoke { subject: sub } => sub == user,
            Self::Hook { .. } => true,
        }
    }
}

/// What a receiver has seen of one notice.
#[derive(Default)]
struct Seen {
    taken: u32,
    refused: u32,
}

/// Whether each receipt agrees with what its receiver did.
pub(super) fn receipts(rules: &RunRules, history: &History, facts: &FinalFacts, found: &mut Violations) {
    let mut seen: BTreeMap<(ReceiverNumber, NoticeSeen), Seen> = BTreeMap::new();
    let mut tries: BTreeMap<TryNumber, (ReceiverNumber, NoticeSeen)> = BTreeMap::new();
    let mut given_up = false;
    for event in &history.0 {
        match &event.what {
            Happening::Posted { try_no, receiver, told } => {
                tries.insert(*try_no, (*receiver, told.clone()));
                seen.entry((*receiver, told.clone())).or_default();
            }
            Happening::Replied { try_no, reply } => {
                let Some(one) = tries.get(try_no).and_then(|key| seen.get_mut(key)) else { continue };
                one.taken += u32::from(*reply == ReceiverReply::Takes);
                one.refused += u32::from(*reply == ReceiverReply::Refuses);
            }
            Happening::Begun { order: Order::GiveUp { .. }, .. } => given_up = true,
            _ => {}
        }
    }
    let mut confirmed: BTreeMap<(ReceiverNumber, NoticeSeen), u32> = BTreeMap::new();
    for known in &facts.receipts {
        let promise = "NOTICE-WITH-ENDING";
        let key = told_by(known).map(|told| (known.receiver, told));
        let of_key = key.as_ref().and_then(|key| seen.get(key));
        match known.receipt.state {
            ReceiptState::Pending { .. } => {
                found.found(promise, format!("a notice is pending still: {known:?}"));
            }
            ReceiptState::Confirmed { .. } => {
                let Some(key) = key else { continue };
                let many = confirmed.entry(key).or_default();
                *many += 1;
                // One post may have been answered for two endings of one subject only if there were two posts.
                if of_key.is_none_or(|seen| seen.taken < *many) {
                    found.found(promise, format!("confirmed, and its receiver never took it: {known:?}"));
                }
            }
            ReceiptState::Refused { .. } if of_key.is_none_or(|seen| seen.refused == 0) => {
                found.found(promise, format!("refused, and its receiver never did: {known:?}"));
            }
            ReceiptState::GivenUp { at } => {
                let tried_ms = at.since(known.receipt.tried_from).ms();
                if !given_up && tried_ms + rules.clocks_differ_ms() < TRIED_FOR_MS {
                    found.found(promise, format!("given up after {tried_ms} ms: {known:?}"));
                }
            }
            ReceiptState::CannotBeTold => {
                let has_address = rules.clients.get(known.receiver).is_none_or(|client| client.has_address);
                if has_address {
                    found.found(promise, format!("cannot be told, and has an address: {known:?}"));
                }
            }
            ReceiptState::Refused { .. } => {}
        }
    }
}

/// Whether nobody tried a notice while another one was at it. Only web hooks can be told apart for sure: by their endings.
pub(super) fn leases(history: &History, found: &mut Violations) {
    let mut under_way: BTreeMap<String, (TryNumber, i64)> = BTreeMap::new();
    let mut jumped_at = i64::MIN / 2;
    for (now, event) in history.0.iter().enumerate() {
        found.now = now;
        match &event.what {
            Happening::Posted { try_no, told: NoticeSeen::Hook { ending }, .. } => {
                if let Some((other, at)) = under_way.get(ending)
                    && other != try_no
                    && event.at - at < LEASED_MS
                    && event.at - jumped_at > LEASED_MS
                {
                    let what = format!("try {try_no} of {ending} begins while try {other} is under way");
                    found.found("LEASED-ONCE", what);
                }
                under_way.insert(ending.clone(), (*try_no, event.at));
            }
            // Leases run out while nobody comes to anything.
            Happening::Jumped { ms } => jumped_at = event.at + i64::try_from(*ms).unwrap_or(0),
            Happening::Heard { try_no } => under_way.retain(|_, (other, _)| other != try_no),
            _ => {}
        }
    }
}
