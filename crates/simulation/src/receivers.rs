//! Receivers that follow a script: they take notices, refuse them, fail, are slow, hang, and lose answers.
//!
//! What reaches one, and what it makes of it, is written down before anybody else can know. No network is asked.

use std::sync::{Arc, Mutex, PoisonError};

use adieu_core::{NoticeAnswer, Span, Timestamp};
use adieu_outbox::{NoticeCall, NoticeOutcome, NoticeSender};
use adieu_store::Pending;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::dice::SeededDice;
use crate::history::{Happening, NoticeSeen, ReceiverNumber, ReceiverReply, TryNumber};
use crate::network::{SimulatedNetwork, pause};
use crate::notes::Notes;

/// How long whoever sends waits for an answer.
const TIMED_OUT_MS: u64 = 10_000;
/// How long a notice is on its way at most.
pub(crate) const POSTED_MAX_MS: u64 = 500;

/// How a receiver does at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Takes,
    TakesSlowly,
    Fails,
    AsksForPatience,
    Refuses,
    Hangs,
    IsGone,
    /// It takes the notice, and its answer is lost.
    TakesUnheard,
    /// It is sent the notice twice, and takes both.
    TakesTwice,
    /// One of the others, each time another one.
    Any,
}

impl Mood {
    const ALL: [Self; 10] = [
        Self::Takes,
        Self::TakesSlowly,
        Self::Fails,
        Self::AsksForPatience,
        Self::Refuses,
        Self::Hangs,
        Self::IsGone,
        Self::TakesUnheard,
        Self::TakesTwice,
        Self::Any,
    ];

    pub(crate) fn drawn(dice: &mut SeededDice) -> Self {
        if dice.chance(400) { Self::Takes } else { *dice.pick(&Self::ALL) }
    }

    /// How it is at the end of a run: most are well.
    pub(crate) fn last(dice: &mut SeededDice) -> Self {
        if dice.chance(930) { Self::Takes } else { *dice.pick(&[Self::Fails, Self::IsGone, Self::Hangs]) }
    }

    /// How it meets one notice.
    fn now(self, dice: &mut SeededDice) -> Self {
        if self == Self::Any { *dice.pick(&Self::ALL[..9]) } else { self }
    }
}

/// The receivers, and what sends to them.
pub(crate) struct ScriptedReceivers {
    network: Arc<SimulatedNetwork>,
    notes: Arc<Notes>,
    moods: Mutex<Vec<Mood>>,
}

impl ScriptedReceivers {
    pub(crate) fn new(network: Arc<SimulatedNetwork>, notes: Arc<Notes>, moods: Vec<Mood>) -> Self {
        Self { network, notes, moods: Mutex::new(moods) }
    }

    pub(crate) fn feels(&self, receiver: ReceiverNumber, mood: Mood) {
        self.moods.lock().unwrap_or_else(PoisonError::into_inner)[receiver] = mood;
    }

    /// The address of a receiver.
    pub(crate) fn address(receiver: ReceiverNumber) -> String {
        format!("https://receiver.example/{receiver}")
    }

    fn mood_of(&self, receiver: ReceiverNumber) -> Mood {
        let mood = self.moods.lock().unwrap_or_else(PoisonError::into_inner)[receiver];
        self.network.dice.roll(|dice| mood.now(dice))
    }

    async fn met(self: Arc<Self>, receiver: ReceiverNumber, told: NoticeSeen) -> NoticeOutcome {
        let (mood, on_way, back) = (
            self.mood_of(receiver),
            self.network.dice.roll(|dice| dice.below(POSTED_MAX_MS)),
            self.network.dice.roll(|dice| dice.below(20)),
        );
        let try_no = self.notes.next_try();
        pause(on_way).await;
        if mood == Mood::IsGone {
            return NoticeOutcome::failed(NoticeAnswer::Unreachable);
        }
        self.arrives(try_no, receiver, &told);
        if mood == Mood::TakesTwice {
            self.replies(try_no, ReceiverReply::Takes);
            self.arrives(try_no, receiver, &told);
        }
        let (reply, answer, takes_ms) = match mood {
            Mood::Takes | Mood::TakesTwice | Mood::Any | Mood::IsGone => {
                (ReceiverReply::Takes, status(if told.is_hook() { 202 } else { 204 }), back)
            }
            Mood::TakesSlowly => (ReceiverReply::Takes, status(200), 3_000 + back * 100),
            Mood::Fails => (ReceiverReply::Fails, status(500), back),
            Mood::AsksForPatience => {
                let wished = self.network.dice.roll(|dice| dice.below(600));
                let retry_after = Some(Span::from_s(i64::try_from(wished).unwrap_or(0)));
                (ReceiverReply::Fails, NoticeAnswer::Status { code: 429, retry_after }, back)
            }
            Mood::Refuses => (ReceiverReply::Refuses, status(if told.is_hook() { 410 } else { 400 }), back),
            Mood::Hangs => (ReceiverReply::Hangs, NoticeAnswer::TimedOut, TIMED_OUT_MS),
            Mood::TakesUnheard => (ReceiverReply::Takes, NoticeAnswer::TimedOut, TIMED_OUT_MS),
        };
        self.replies(try_no, reply);
        pause(takes_ms).await;
        self.notes.write(Happening::Heard { try_no });
        NoticeOutcome { answer, said: None }
    }

    fn arrives(&self, try_no: TryNumber, receiver: ReceiverNumber, told: &NoticeSeen) {
        self.notes.write(Happening::Posted { try_no, receiver, told: told.clone() });
    }

    fn replies(&self, try_no: TryNumber, reply: ReceiverReply) {
        self.notes.write(Happening::Replied { try_no, reply });
    }
}

const fn status(code: u16) -> NoticeAnswer {
    NoticeAnswer::Status { code, retry_after: None }
}

impl NoticeSeen {
    const fn is_hook(&self) -> bool {
        matches!(self, Self::Hook { .. })
    }
}

/// What one node sends with.
pub(crate) struct SimulatedSender(pub(crate) Arc<ScriptedReceivers>);

impl NoticeSender for SimulatedSender {
    fn post(&self, call: NoticeCall, _now: Timestamp) -> Pending<NoticeOutcome> {
        let receiver = call.address.rsplit('/').next().and_then(|no| no.parse().ok());
        let receiver = receiver.expect("notices go to addresses of receivers");
        let told = read(&call).expect("notices are of three kinds");
        Box::pin(Arc::clone(&self.0).met(receiver, told))
    }
}

/// What a call says, as its receiver reads it.
fn read(call: &NoticeCall) -> Option<NoticeSeen> {
    if let Some(id) = call.headers.get("webhook-id") {
        return Some(NoticeSeen::Hook { ending: id.to_str().ok()?.to_owned() });
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let Some((_, token)) =
        form_urlencoded::parse(call.body.as_bytes()).find(|(name, _)| name == "logout_token")
    {
        let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
        let claims: Value = serde_json::from_slice(&claims).ok()?;
        return Some(NoticeSeen::Logout { sub: text(&claims["sub"])?, sid: text(&claims["sid"]) });
    }
    let body: Value = serde_json::from_str(&call.body).ok()?;
    Some(NoticeSeen::Revoke { subject: text(&body["sub_id"]["id"])? })
}
