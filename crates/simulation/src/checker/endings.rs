//! Everybody who is owed a notice has a receipt, of whatever ended a session and whoever ordered it.
//!
//! NOTICE-WITH-ENDING: at the end of a run all sessions are over, so all who took part in one are owed something.

use std::collections::BTreeMap;

use adieu_core::{EndingId, NoticeMessage, NoticeSubject};

use super::ops::{Op, Ops};
use super::sessions::{Part, SessionBook};
use super::told::told_by;
use super::violations::Violations;
use crate::facts::{FinalFacts, KnownReceipt};
use crate::history::{CallAnswer, Order, ReceiverNumber};
use crate::rules::RunRules;

/// Whether all who are owed a notice have a receipt.
pub(super) fn everybody_is_told(
    rules: &RunRules,
    ops: &Ops,
    sessions: &SessionBook<'_>,
    facts: &FinalFacts,
    found: &mut Violations,
) {
    let answered: BTreeMap<String, i64> =
        ops.all().filter_map(|op| Some((op.answer.as_ref()?.ending()?.to_string(), op.over_at))).collect();
    for part in &sessions.parts {
        // An order takes effect by its answer; one without may have done so whenever.
        let written_by = |known: &KnownReceipt| answered.get(&known.ending).copied().unwrap_or(i64::MAX);
        let user = sessions.entries[&part.session].user;
        let of_user = |known: &KnownReceipt| {
            told_by(known).is_none_or(|told| told.is_of(&facts.subjects[user]))
                && known.receiver == part.client
        };
        let told = |known: &KnownReceipt| {
            of_user(known) && is_told_of(known, written_by(known), part, rules, sessions)
        };
        if !facts.receipts.iter().any(told) {
            found.found("NOTICE-WITH-ENDING", format!("nobody was owed the end of what is over: {part:?}"));
        }
    }
    let mut receivers: BTreeMap<&str, Vec<ReceiverNumber>> = BTreeMap::new();
    for known in &facts.receipts {
        receivers.entry(&known.ending).or_default().push(known.receiver);
    }
    for op in ops.all() {
        let Some(ending) = op.answer.as_ref().and_then(CallAnswer::ending) else { continue };
        let owed = owed(op, rules, sessions);
        let has = |receiver: &ReceiverNumber| {
            receivers.get(ending.to_string().as_str()).is_some_and(|all| all.contains(receiver))
        };
        for receiver in owed.into_iter().filter(|receiver| !has(receiver)) {
            found.found(
                "NOTICE-WITH-ENDING",
                format!("receiver {receiver} is owed nothing of {ending}: {op:?}"),
            );
        }
    }
}

/// Whether a receipt is of the end of a session, for one who took part in it.
fn is_told_of(
    known: &KnownReceipt,
    written_by: i64,
    part: &Part,
    rules: &RunRules,
    sessions: &SessionBook<'_>,
) -> bool {
    let Some(NoticeMessage::Logout(NoticeSubject { sid, .. })) = &known.receipt.message else {
        // Without an address, the receipt of whatever ended it says no more.
        return !rules.clients[part.client].has_address;
    };
    let entry = &sessions.entries[&part.session];
    match sid {
        Some(sid) => *sid == part.sid,
        // All sessions of the user, of those that were open then.
        None => written_by >= entry.opened_at,
    }
}

/// The receivers that are owed a notice of what an order ended, as far as that is certain.
fn owed(op: &Op, rules: &RunRules, sessions: &SessionBook<'_>) -> Vec<ReceiverNumber> {
    let mut owed = Vec::new();
    let alone = match op.order {
        Order::EndSession { session } | Order::EndOneOf { session, .. } | Order::Reset { session } => {
            Some(session)
        }
        _ => None,
    };
    let in_epoch = |part: &&Part| {
        let entry = &sessions.entries[&part.session];
        let before = entry.endings.iter().any(|no| *no != op.no);
        alone == Some(part.session) && part.known < op.begun && !before
    };
    owed.extend(sessions.parts.iter().filter(in_epoch).map(|part| part.client));
    let of_first_realm = match op.order {
        Order::EndRealm | Order::EndClient { .. } => true,
        Order::EndUser { user, .. }
        | Order::EndUserBut { user, .. }
        | Order::EndOneOf { user, .. }
        | Order::OwnPassword { user, .. }
        | Order::SetPassword { user, .. }
        | Order::SetEnabled { user, .. }
        | Order::Remove { user } => rules.users[user] == 0,
        Order::EndSession { session } | Order::Reset { session } => {
            sessions.entries.get(&session).is_some_and(|entry| rules.users[entry.user] == 0)
        }
        _ => false,
    };
    if rules.hook && of_first_realm {
        owed.push(rules.hook_no());
    }
    owed.sort_unstable();
    owed.dedup();
    owed
}

impl CallAnswer {
    /// The ending of which it gives the id.
    fn ending(&self) -> Option<EndingId> {
        match self {
            Self::Ended(ending) | Self::Changed { ending, .. } => *ending,
            _ => None,
        }
    }
}
