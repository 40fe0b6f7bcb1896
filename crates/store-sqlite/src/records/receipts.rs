//! Receipts of notices, and how receivers do.
//!
//! What is asked for in a search stands in columns; the rest is here.

use adieu_core::{
    ClientId, EndingPlace, NoticeAnswer, NoticeSubject, RealmId, Receipt, ReceiptState, ReceiverHealth, Span,
    Timestamp, Tried,
};
use serde::{Deserialize, Serialize};

use crate::error::Damaged;

/// The algorithm that is not written down.
const ALGORITHM: &str = "RS256";

/// A receipt, but for its key, its realm, its state and when it is due.
#[derive(Serialize, Deserialize)]
pub(crate) struct ReceiptDetail {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<SubjectDetail>,
    o: i64,
    t: i64,
    #[serde(default)]
    n: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<TriedDetail>,
    /// When it was settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct SubjectDetail {
    iss: String,
    sub: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alg: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct TriedDetail {
    t: i64,
    #[serde(flatten)]
    answer: AnswerDetail,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    said: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct AnswerDetail {
    /// The status, or a word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wait: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// The answers that are one word.
const WORDS: [NoticeAnswer; 5] = [
    NoticeAnswer::TimedOut,
    NoticeAnswer::Unreachable,
    NoticeAnswer::AddressRefused,
    NoticeAnswer::NoAddress,
    NoticeAnswer::NotComposed,
];

impl AnswerDetail {
    fn of(answer: NoticeAnswer) -> Self {
        match answer {
            NoticeAnswer::Status { code, retry_after } => {
                Self { code: Some(code), wait: retry_after.map(Span::ms), why: None }
            }
            word => Self { code: None, wait: None, why: Some(word.word().into()) },
        }
    }

    fn complete(&self) -> rusqlite::Result<NoticeAnswer> {
        if let Some(code) = self.code {
            return Ok(NoticeAnswer::Status { code, retry_after: self.wait.map(Span::from_ms) });
        }
        let known = WORDS.into_iter().find(|answer| Some(answer.word()) == self.why.as_deref());
        known.ok_or_else(|| Damaged::row("answer of a receiver"))
    }
}

/// What of a receipt stands in columns.
pub(crate) struct ReceiptColumns {
    pub(crate) place: EndingPlace,
    pub(crate) client: ClientId,
    pub(crate) realm: RealmId,
    pub(crate) state: u8,
    pub(crate) due_at: Option<i64>,
    pub(crate) leased: bool,
}

impl ReceiptDetail {
    pub(crate) fn of(receipt: &Receipt) -> Self {
        let to = receipt.subject.as_ref().map(|subject| SubjectDetail {
            iss: subject.issuer.clone(),
            sub: subject.sub.clone(),
            sid: subject.sid.clone(),
            alg: Some(&subject.algorithm).filter(|alg| *alg != ALGORITHM).cloned(),
        });
        let last = receipt.last.as_ref().map(|tried| TriedDetail {
            t: tried.at.ms(),
            answer: AnswerDetail::of(tried.answer),
            said: tried.said.clone(),
        });
        let at = match receipt.state {
            ReceiptState::Confirmed { at } | ReceiptState::Refused { at } | ReceiptState::GivenUp { at } => {
                Some(at.ms())
            }
            ReceiptState::Pending { .. } | ReceiptState::CannotBeTold => None,
        };
        Self { to, o: receipt.ended_at.ms(), t: receipt.tried_from.ms(), n: receipt.tries, last, at }
    }

    pub(crate) fn complete(self, columns: ReceiptColumns) -> rusqlite::Result<Receipt> {
        let damaged = || Damaged::row("receipt");
        let at = || self.at.map(Timestamp::from_ms).ok_or_else(damaged);
        let state = match columns.state {
            0 => {
                let due_at = columns.due_at.map(Timestamp::from_ms).ok_or_else(damaged)?;
                ReceiptState::Pending { due_at, leased: columns.leased }
            }
            1 => ReceiptState::Confirmed { at: at()? },
            2 => ReceiptState::Refused { at: at()? },
            3 => ReceiptState::GivenUp { at: at()? },
            4 => ReceiptState::CannotBeTold,
            _ => return Err(damaged()),
        };
        let subject = self.to.map(|to| NoticeSubject {
            issuer: to.iss,
            sub: to.sub,
            sid: to.sid,
            algorithm: to.alg.unwrap_or_else(|| ALGORITHM.into()),
        });
        let last = self.last.map(|tried| {
            tried.answer.complete().map(|answer| Tried {
                at: Timestamp::from_ms(tried.t),
                answer,
                said: tried.said,
            })
        });
        Ok(Receipt {
            place: columns.place,
            client: columns.client,
            realm: columns.realm,
            subject,
            ended_at: Timestamp::from_ms(self.o),
            tried_from: Timestamp::from_ms(self.t),
            tries: self.n,
            last: last.transpose()?,
            state,
        })
    }
}

/// How a receiver does.
#[derive(Serialize, Deserialize)]
pub(crate) struct HealthDetail {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<i64>,
    #[serde(default)]
    n: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ok: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    took: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<AnswerDetail>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked: Option<i64>,
}

impl HealthDetail {
    pub(crate) fn of(health: &ReceiverHealth) -> Self {
        let ms = |at: Option<Timestamp>| at.map(Timestamp::ms);
        Self {
            since: ms(health.failing_since),
            n: health.failures,
            ok: ms(health.last_success_at),
            took: health.last_latency.map(Span::ms),
            failed: ms(health.last_failure.map(|(at, _)| at)),
            by: health.last_failure.map(|(_, answer)| AnswerDetail::of(answer)),
            asked: ms(health.asked_at),
        }
    }

    pub(crate) fn complete(self) -> rusqlite::Result<ReceiverHealth> {
        let at = |ms: Option<i64>| ms.map(Timestamp::from_ms);
        let answer = self.by.map(|answer| answer.complete()).transpose()?;
        Ok(ReceiverHealth {
            failing_since: at(self.since),
            failures: self.n,
            last_success_at: at(self.ok),
            last_latency: self.took.map(Span::from_ms),
            last_failure: at(self.failed).zip(answer),
            asked_at: at(self.asked),
        })
    }
}
