//! Receipts of notices, and how receivers do.
//!
//! What is asked for in a search stands in columns; the rest is here.

use std::sync::Arc;

use adieu_core::{
    ComingBack, EndingPlace, HookEvent, HookReach, NoticeAnswer, NoticeMessage, NoticeSubject, RealmId,
    Receipt, ReceiptState, Receiver, ReceiverHealth, RevokedSubject, SessionId, Span, Timestamp, Tried,
    UserId,
};
use serde::{Deserialize, Serialize};

use uuid::Uuid;

use crate::Damaged;
use crate::endings::{ALONE, ResetDetail};

/// The algorithm that is not written down.
const ALGORITHM: &str = "RS256";

/// A receipt, but for its key, its realm, its state and when it is due.
#[derive(Serialize, Deserialize)]
pub struct ReceiptDetail<'a> {
    /// What a client is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<SubjectDetail>,
    /// What a web hook is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hook: Option<HookDetail<'a>>,
    /// Whom another system is told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gone: Option<RevokedDetail>,
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

/// What ended is told by what is there: a session and its user, a user, a client, or the realm.
#[derive(Serialize, Deserialize)]
struct HookDetail<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    but: Option<Uuid>,
    /// Whether all that clients held in the user's name was revoked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    grants: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    how: Option<ResetDetail<'a>>,
}

impl<'a> HookDetail<'a> {
    fn of(event: &'a HookEvent) -> Self {
        let uuid = |id: SessionId| Uuid::from_bytes(id.to_bytes());
        let (session, user, but, client) = match &event.reach {
            HookReach::Session { session, user } => (Some(uuid(*session)), Some(user.uuid()), None, None),
            HookReach::User { user, spared, .. } => (None, Some(user.uuid()), spared.map(uuid), None),
            HookReach::Realm => (None, None, None, None),
            HookReach::Client(client) => (None, None, None, Some(client.to_string())),
        };
        let how = event.record.as_ref().map(|record| ResetDetail::of(record, ALONE));
        let grants = matches!(&event.reach, HookReach::User { with_grants: true, .. });
        Self { session, user, but, grants, client, how }
    }

    fn complete(self) -> Result<HookEvent, Damaged> {
        let damaged = || Damaged("receipt");
        let session = |id: Uuid| SessionId::from_bytes(id.into_bytes());
        let reach = match (self.session, self.user.map(UserId::from_uuid), self.client) {
            (Some(id), Some(user), None) => HookReach::Session { session: session(id), user },
            (None, Some(user), None) => {
                HookReach::User { user, spared: self.but.map(session), with_grants: self.grants }
            }
            (None, None, Some(client)) => HookReach::Client(client.parse().map_err(|_| damaged())?),
            (None, None, None) => HookReach::Realm,
            (Some(_), None, _) | (_, Some(_), Some(_)) => return Err(damaged()),
        };
        Ok(HookEvent { reach, record: self.how.map(|how| how.complete(ALONE)).transpose()? })
    }
}

/// A subject identifier by its format and what it says, in the order of the RFC.
#[derive(Serialize, Deserialize)]
struct RevokedDetail(String, String, String);

impl RevokedDetail {
    fn of(subject: &RevokedSubject) -> Self {
        let (format, first, second) = match subject {
            RevokedSubject::IssSub { iss, sub } => ("iss_sub", iss.as_str(), sub.as_str()),
            RevokedSubject::Email(email) => ("email", email.as_str(), ""),
            RevokedSubject::Opaque(id) => ("opaque", id.as_str(), ""),
        };
        Self(format.into(), first.into(), second.into())
    }

    fn complete(self) -> Result<RevokedSubject, Damaged> {
        match self.0.as_str() {
            "iss_sub" => Ok(RevokedSubject::IssSub { iss: self.1, sub: self.2 }),
            "email" => Ok(RevokedSubject::Email(self.1)),
            "opaque" => Ok(RevokedSubject::Opaque(self.1)),
            _ => Err(Damaged("receipt")),
        }
    }
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
const WORDS: [NoticeAnswer; 6] = [
    NoticeAnswer::TimedOut,
    NoticeAnswer::Unreachable,
    NoticeAnswer::CertificateRefused,
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

    fn complete(&self) -> Result<NoticeAnswer, Damaged> {
        if let Some(code) = self.code {
            return Ok(NoticeAnswer::Status { code, retry_after: self.wait.map(Span::from_ms) });
        }
        let known = WORDS.into_iter().find(|answer| Some(answer.word()) == self.why.as_deref());
        known.ok_or(Damaged("answer of a receiver"))
    }
}

/// What of a receipt stands in columns.
pub struct ReceiptColumns {
    /// The place of its ending.
    pub place: EndingPlace,
    /// Who is told.
    pub receiver: Receiver,
    /// Its realm.
    pub realm: RealmId,
    /// The number of its state.
    pub state: u8,
    /// When it is due, in milliseconds.
    pub due_at: Option<i64>,
    /// Whether somebody tries it.
    pub leased: bool,
}

impl SubjectDetail {
    fn of(subject: &NoticeSubject) -> Self {
        Self {
            iss: subject.issuer.clone(),
            sub: subject.sub.clone(),
            sid: subject.sid.clone(),
            alg: Some(&subject.algorithm).filter(|alg| *alg != ALGORITHM).cloned(),
        }
    }

    fn complete(self) -> NoticeSubject {
        NoticeSubject {
            issuer: self.iss,
            sub: self.sub,
            sid: self.sid,
            algorithm: self.alg.unwrap_or_else(|| ALGORITHM.into()),
        }
    }
}

impl<'a> ReceiptDetail<'a> {
    /// As it is written.
    pub fn of(receipt: &'a Receipt) -> Self {
        let (to, hook, gone) = match &receipt.message {
            Some(NoticeMessage::Logout(subject)) => (Some(SubjectDetail::of(subject)), None, None),
            Some(NoticeMessage::Hook(event)) => (None, Some(HookDetail::of(event)), None),
            Some(NoticeMessage::Revocation(subject)) => (None, None, Some(RevokedDetail::of(subject))),
            None => (None, None, None),
        };
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
        Self {
            to,
            hook,
            gone,
            o: receipt.ended_at.ms(),
            t: receipt.tried_from.ms(),
            n: receipt.tries,
            last,
            at,
        }
    }

    /// As core has it, with what stands in columns.
    pub fn complete(self, columns: ReceiptColumns) -> Result<Receipt, Damaged> {
        let damaged = || Damaged("receipt");
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
        let message = match (self.to, self.hook, self.gone) {
            (Some(to), None, None) => Some(NoticeMessage::Logout(to.complete())),
            (None, Some(hook), None) => Some(NoticeMessage::Hook(Arc::new(hook.complete()?))),
            (None, None, Some(gone)) => Some(NoticeMessage::Revocation(gone.complete()?)),
            (None, None, None) => None,
            _ => return Err(damaged()),
        };
        let last = self.last.map(|tried| {
            tried.answer.complete().map(|answer| Tried {
                at: Timestamp::from_ms(tried.t),
                answer,
                said: tried.said,
            })
        });
        Ok(Receipt {
            place: columns.place,
            receiver: columns.receiver,
            realm: columns.realm,
            message,
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
pub struct HealthDetail {
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
    slow: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked: Option<i64>,
    /// Since when it is back, and behind what all was brought forward.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    back: Option<(i64, i64)>,
}

impl HealthDetail {
    /// As it is written.
    pub fn of(health: &ReceiverHealth) -> Self {
        let ms = |at: Option<Timestamp>| at.map(Timestamp::ms);
        Self {
            since: ms(health.failing_since),
            n: health.failures,
            ok: ms(health.last_success_at),
            took: health.last_latency.map(Span::ms),
            failed: ms(health.last_failure.map(|(at, _)| at)),
            by: health.last_failure.map(|(_, answer)| AnswerDetail::of(answer)),
            slow: ms(health.slow_at),
            asked: ms(health.asked_at),
            back: health.coming_back.map(|back| (back.since.ms(), back.before.ms())),
        }
    }

    /// As core has it, with what stands in columns.
    pub fn complete(self, waits_from: Option<Timestamp>) -> Result<ReceiverHealth, Damaged> {
        let at = |ms: Option<i64>| ms.map(Timestamp::from_ms);
        let answer = self.by.map(|answer| answer.complete()).transpose()?;
        Ok(ReceiverHealth {
            failing_since: at(self.since),
            failures: self.n,
            last_success_at: at(self.ok),
            last_latency: self.took.map(Span::from_ms),
            last_failure: at(self.failed).zip(answer),
            slow_at: at(self.slow),
            asked_at: at(self.asked),
            coming_back: self.back.map(|(since, before)| ComingBack {
                since: Timestamp::from_ms(since),
                before: Timestamp::from_ms(before),
            }),
            waits_from,
        })
    }
}
