//! Notices: what became of each, and how the clients and subscribers that are told do.
//!
//! What is shown of an ending's receipts is a page of them and how many there are; who is told, and when again, is decided in
//! core.

mod events;

use adieu_authority::{
    Authority, EndingId, NoticeAnswer, NoticeMessage, NoticeWait, Receipt, ReceiptPage, ReceiptQuery,
    ReceiptState, Receiver, ReceiverStanding, Retold, RevokedSubject, Span, SubjectKey, SubscriberKind,
    Timestamp, ToldSoFar,
};
use serde_json::{Value, json};

use crate::answer::Done;
use crate::face::{Call, Face};
use crate::input;
use crate::page::{self, ListPage};
use crate::problem::Problem;
use crate::wire::at;

/// Receipts that one answer shows.
pub(crate) const RECEIPTS_MAX: u32 = page::LIMIT_MAX;
/// How long an order to end may wait, in seconds (HOME-LIMITS).
pub(crate) const WAIT_S_MAX: i64 = 60;

pub(crate) use events::{FOLLOWED_S, FOLLOWED_S_MAX, WAIT_S, follow};

/// The notices of an ending as a request asks for them.
pub(crate) async fn of_ending(api: &Face, call: &Call, ending: EndingId) -> Result<Value, Problem> {
    let page = ListPage::of(&call.query)?;
    let query = ReceiptQuery { ending, after: page.place(read_place)?, most: page.limit };
    let found = api.authority.receipts(query).await?;
    Ok(shown(&found.unwrap_or_default(), &api.authority))
}

/// The notices of an ending once all are settled, or as they are after so long.
pub(crate) async fn waited_for(api: &Face, ending: EndingId, wait: Span) -> Result<Value, Problem> {
    let query = ReceiptQuery { ending, after: None, most: RECEIPTS_MAX };
    let found = api.authority.settled_receipts(query, wait).await?;
    Ok(shown(&found.unwrap_or_default(), &api.authority))
}

/// A receipt's place in the order of an ending's: the receiver, and what it is told.
fn place(after: &(Receiver, SubjectKey)) -> String {
    format!("{:032x}/{}", u128::from_be_bytes(after.1.to_bytes()), after.0.key())
}

fn read_place(text: &str) -> Option<(Receiver, SubjectKey)> {
    let (subject, receiver) = text.split_once('/')?;
    let subject = u128::from_str_radix(subject, 16).ok()?.to_be_bytes();
    Some((Receiver::of_key(receiver).ok()?, SubjectKey::from_bytes(subject)))
}

fn shown(found: &ReceiptPage, authority: &Authority) -> Value {
    let mut shown = counted(&found.told());
    shown["receipts"] = found.receipts.iter().map(|one| receipt(found, one, authority)).collect();
    shown["next"] = found.next.as_ref().map(|next| page::cursor(&place(next))).into();
    shown
}

/// How many receipts there are in each state.
pub(crate) fn counted(told: &ToldSoFar) -> Value {
    let counts = ReceiptState::WORDS.iter().zip(told.counts.by_state);
    let counts: serde_json::Map<String, Value> =
        counts.map(|(word, count)| ((*word).to_owned(), count.into())).collect();
    json!({
        "complete": told.complete, "settled": told.is_settled(), "counts": counts,
    })
}

fn receipt(page: &ReceiptPage, one: &Receipt, authority: &Authority) -> Value {
    let waits = page.waiting(one, authority.now());
    let waits = if authority.notices_are_held() { waits.map(|_| NoticeWait::Held) } else { waits };
    let (issuer, sub, sid) = subject(one);
    let (settled_at, confirmed_at) = match one.state {
        ReceiptState::Confirmed { at } => (Some(at), Some(at)),
        ReceiptState::Refused { at } | ReceiptState::GivenUp { at } => (Some(at), None),
        ReceiptState::Pending { .. } | ReceiptState::CannotBeTold => (None, None),
    };
    let last = one.last.as_ref().map(|tried| {
        let status = match tried.answer {
            NoticeAnswer::Status { code, .. } => Some(code),
            NoticeAnswer::TimedOut
            | NoticeAnswer::Unreachable
            | NoticeAnswer::CertificateRefused
            | NoticeAnswer::AddressRefused
            | NoticeAnswer::NoAddress
            | NoticeAnswer::NotComposed => None,
        };
        json!({"at": at(tried.at), "outcome": tried.answer.word(), "status": status, "said": tried.said})
    });
    json!({
        "client": one.receiver.client().map(ToString::to_string),
        "subscriber": one.receiver.subscriber().map(ToString::to_string), "kind": kind(one),
        "state": one.state.word(), "issuer": issuer, "sub": sub, "sid": sid, "tries": one.tries,
        "waits": waits.map(NoticeWait::word), "next_try_at": waits.and_then(NoticeWait::next_try_at).map(at),
        "ailing_since": waits.and_then(NoticeWait::ailing_since).map(at), "settled_at": settled_at.map(at),
        "after_ms": confirmed_at.map(|at| at.since(one.ended_at).ms()), "last_answer": last,
    })
}

/// What kind of receiver a notice goes to: a client is none of the kinds of subscribers.
pub(crate) const CLIENT: &str = "client";

fn kind(one: &Receipt) -> &'static str {
    let [hook, revocation] = SubscriberKind::WORDS;
    match (&one.receiver, &one.message) {
        (Receiver::Client(_), _) => CLIENT,
        (Receiver::Subscriber(_), Some(NoticeMessage::Hook(_))) => hook,
        // Only another system can be one that cannot be told of a user.
        (Receiver::Subscriber(_), _) => revocation,
    }
}

/// Of whom a receiver is told, in the words in which it knows them: issuer, user, session. A web hook is told of the ending itself.
fn subject(one: &Receipt) -> (Option<&str>, Option<&str>, Option<&str>) {
    match &one.message {
        Some(NoticeMessage::Logout(subject)) => {
            (Some(&subject.issuer), Some(&subject.sub), subject.sid.as_deref())
        }
        Some(NoticeMessage::Revocation(RevokedSubject::IssSub { iss, sub })) => (Some(iss), Some(sub), None),
        Some(NoticeMessage::Revocation(RevokedSubject::Email(name) | RevokedSubject::Opaque(name))) => {
            (None, Some(name), None)
        }
        Some(NoticeMessage::Hook(_)) | None => (None, None, None),
    }
}

pub(crate) async fn retry(api: &Face, call: &Call) -> Result<Done, Problem> {
    let ending = known(api, call).await?;
    Ok(retold(ending, &api.authority.retry_notices(ending).await?))
}

pub(crate) async fn give_up(api: &Face, call: &Call) -> Result<Done, Problem> {
    let ending = known(api, call).await?;
    Ok(retold(ending, &api.authority.give_up_notices(ending).await?))
}

async fn known(api: &Face, call: &Call) -> Result<EndingId, Problem> {
    let ending: EndingId = input::named(call, "ending")?;
    let query = ReceiptQuery { ending, after: None, most: 1 };
    let found = api.authority.receipts(query).await?;
    found.map(|_| ending).ok_or_else(|| Problem::unknown("ending"))
}

fn retold(ending: EndingId, retold: &Retold) -> Done {
    Done::Shown(json!({"ending": ending.to_string(), "notices": retold.notices}))
}

pub(crate) async fn receivers(api: &Face, call: &Call) -> Result<Done, Problem> {
    let page = ListPage::of(&call.query)?;
    let after = page.place(|text| Receiver::of_key(text).ok())?;
    let mut found = api.authority.receivers(after, page.limit + 1).await?;
    let more = found.len() > page.limit as usize;
    found.truncate(page.limit as usize);
    let next = found.last().filter(|_| more).map(|last| last.receiver.key());
    let now = api.authority.now();
    Ok(page::shown(found.iter().map(|one| receiver(one, now)).collect(), next))
}

fn receiver(one: &ReceiverStanding, now: Timestamp) -> Value {
    let health = &one.health;
    let failure = health.last_failure.map(|(_, answer)| match answer {
        NoticeAnswer::Status { code, .. } => code.to_string(),
        NoticeAnswer::TimedOut
        | NoticeAnswer::Unreachable
        | NoticeAnswer::CertificateRefused
        | NoticeAnswer::AddressRefused
        | NoticeAnswer::NoAddress
        | NoticeAnswer::NotComposed => answer.word().to_owned(),
    });
    let asked_again_at = health.left_alone_until(0, now).filter(|at| *at > now);
    json!({
        "client": one.receiver.client().map(ToString::to_string),
        "subscriber": one.receiver.subscriber().map(ToString::to_string),
        "kind": one.receiver.client().map_or(one.kind, |_| Some(CLIENT)), "address": one.address,
        "ailing": health.is_ailing(now), "asked_again_at": asked_again_at.map(at), "pending": one.pending,
        "failing_since": health.failing_since.map(at), "failures": health.failures,
        "last_success_at": health.last_success_at.map(at), "last_latency_ms": health.last_latency.map(Span::ms),
        "last_failure_at": health.last_failure.map(|(failed, _)| at(failed)), "last_failure": failure,
    })
}
