//! Every rule of the checker is broken once, and is silent where nothing is broken or all is in doubt.
//!
//! Histories are told by hand, an event each millisecond.

use adieu_core::{
    EndingId, EndingPlace, NotLive, NoticeMessage, NoticeSubject, RealmId, Receipt, ReceiptState, Receiver,
    Timestamp,
};
use uuid::Uuid;

use super::violations;
use crate::facts::{FinalFacts, KnownReceipt};
use crate::history::{
    CallAnswer, Event, Happening, History, NoticeSeen, OpNumber, Order, ReceiverReply, SignOnRefusal,
};
use crate::network::VirtualTime;
use crate::rules::{ClientRule, RunRules};

const SID: &str = "sid-of-0";

struct Story {
    rules: RunRules,
    history: History,
    facts: FinalFacts,
    ops: OpNumber,
    at: i64,
}

impl Story {
    /// Two users, a client, a web hook; clocks are right, and nothing ends by itself within an hour.
    fn new() -> Self {
        let client = ClientRule { has_address: true, by_session: false, outlives_session: false };
        let rules = RunRules {
            nodes: 2,
            clock_error_ms: 0,
            idle_ms: None,
            absolute_ms: 3_600_000,
            quota: None,
            password_ends_sessions: true,
            code_life_ms: 60_000,
            refresh_life_ms: 3_600_000,
            grace_ms: 10_000,
            users: vec![0, 0],
            clients: vec![client],
            hook: true,
            revocation: false,
        };
        let facts = FinalFacts { subjects: vec!["ada".into(), "bob".into()], ..FinalFacts::default() };
        Self { rules, history: History::default(), facts, ops: 0, at: 0 }
    }

    fn happens(&mut self, what: Happening) {
        self.at += 1;
        self.history.0.push(Event { at: self.at, what });
    }

    fn ask(&mut self, order: Order) -> OpNumber {
        self.ops += 1;
        self.happens(Happening::Begun { op: self.ops, node: 0, order });
        self.ops
    }

    fn answer(&mut self, op: OpNumber, answer: CallAnswer) {
        self.happens(Happening::Answered { op, answer });
    }

    /// An order that is answered at once.
    fn done(&mut self, order: Order, answer: CallAnswer) {
        let op = self.ask(order);
        self.answer(op, answer);
    }

    fn signs_on(&mut self, user: usize, token: usize, session: usize) {
        self.done(sign_on(user, 0), CallAnswer::SignedOn { token, session });
    }

    fn checked(&mut self, token: usize, live: bool) {
        let answer = if live { CallAnswer::Live } else { CallAnswer::NotLive(NotLive::Unknown) };
        self.done(Order::Check { token, touch: true }, answer);
    }

    fn ended(&mut self, session: usize) {
        self.done(Order::EndSession { session }, CallAnswer::Ended(None));
    }

    /// The client takes part in the first session.
    fn joins(&mut self) {
        let answer = CallAnswer::Code { code: 0, sid: SID.into() };
        self.done(Order::Issue { token: 0, session: 0, client: 0 }, answer);
    }

    fn posted(&mut self, try_no: usize, receiver: usize, told: NoticeSeen) {
        self.happens(Happening::Posted { try_no, receiver, told });
    }

    fn receipt(
        &mut self,
        receiver: usize,
        ending: EndingId,
        told: Option<NoticeMessage>,
        state: ReceiptState,
    ) {
        let place = EndingPlace::of(self.facts.receipts.len() as u64 + 1, 0).expect("a place");
        let client = || "client0".parse().expect("an id");
        let hook = || "subscriber1".parse().expect("a name");
        let receipt = Receipt {
            place,
            receiver: if receiver == 0 { Receiver::Client(client()) } else { Receiver::Subscriber(hook()) },
            realm: RealmId::from_uuid(Uuid::nil()),
            message: told,
            ended_at: shown(self.at),
            tried_from: shown(self.at),
            tries: 1,
            last: None,
            state,
        };
        self.facts.endings.insert(ending.to_string());
        self.facts.receipts.push(KnownReceipt { receiver, ending: ending.to_string(), receipt });
    }

    fn found(&self) -> Vec<String> {
        violations(&self.rules, &self.history, &self.facts)
    }

    #[track_caller]
    fn is_honest(&self) {
        assert_eq!(self.found(), Vec::<String>::new());
    }

    #[track_caller]
    fn breaks(&self, promise: &str, what: &str) {
        let found = self.found();
        assert!(found.len() == 1 && found[0].starts_with(promise) && found[0].contains(what), "{found:#?}");
    }
}

fn shown(ms: i64) -> Timestamp {
    VirtualTime::shown(ms)
}

const fn sign_on(user: usize, password: u32) -> Order {
    Order::SignOn { user, password, previous: None, keep_token: false }
}

fn id(n: u8) -> EndingId {
    EndingId::from_bytes([n; 16])
}

fn logout(sid: Option<&str>) -> NoticeMessage {
    NoticeMessage::Logout(NoticeSubject {
        issuer: "https://id.example".into(),
        sub: "ada".into(),
        sid: sid.map(Into::into),
        algorithm: "EdDSA".into(),
    })
}

fn told(sid: Option<&str>) -> NoticeSeen {
    NoticeSeen::Logout { sub: "ada".into(), sid: sid.map(Into::into) }
}

fn confirmed() -> ReceiptState {
    ReceiptState::Confirmed { at: shown(0) }
}

#[test]
fn an_honest_history_breaks_nothing() {
    let mut story = Story::new();
    story.signs_on(0, 0, 0);
    story.signs_on(0, 1, 1);
    story.joins();
    story.checked(0, true);
    let ending = story.ask(Order::EndSession { session: 0 });
    let early = story.ask(Order::Check { token: 0, touch: false });
    story.answer(ending, CallAnswer::Ended(Some(id(1))));
    story.answer(early, CallAnswer::Live); // It began before the answer.
    story.checked(0, false);
    story.checked(1, true);
    story.done(Order::EndSession { session: 0 }, CallAnswer::Ended(None));
    story.posted(1, 0, told(Some(SID)));
    story.happens(Happening::Replied { try_no: 1, reply: ReceiverReply::Takes });
    story.receipt(0, id(1), Some(logout(Some(SID))), confirmed());
    story.receipt(1, id(1), None, ReceiptState::GivenUp { at: shown(86_400_100) });
    story.is_honest();
}

#[test]
fn what_is_in_doubt_is_demanded_neither_way() {
    for live in [true, false] {
        let mut story = Story::new();
        story.signs_on(0, 0, 0);
        let unsaid = story.ask(Order::EndUser { user: 0, grants: false });
        story.happens(Happening::Lost { op: unsaid });
        story.checked(0, live);
        story.signs_on(0, 1, 1); // It may land still.
        story.checked(1, live);
        story.is_honest();
    }
}

#[test]
fn what_was_lost_long_ago_ends_nothing_any_more() {
    let mut story = Story::new();
    let unsaid = story.ask(Order::EndUser { user: 0, grants: false });
    story.answer(unsaid, CallAnswer::CannotTell);
    story.at += 60_000;
    story.signs_on(0, 0, 0);
    story.checked(0, false);
    story.breaks("NO-FALSE-NO", "session 0");
}

#[test]
fn a_session_that_lives_on_is_found() {
    for order in [
        Order::EndSession { session: 0 },
        Order::EndToken { token: 0 },
        Order::EndOneOf { user: 0, session: 0 },
        Order::Reset { session: 0 },
        Order::EndUser { user: 0, grants: false },
        Order::EndUserBut { user: 0, keep: 7 },
        Order::EndRealm,
    ] {
        let mut story = Story::new();
        story.signs_on(0, 0, 0);
        story.done(order, CallAnswer::Ended(None));
        story.checked(0, true);
        story.breaks("NO-STALE-YES", "after its ending was acknowledged");
    }
    for order in [
        Order::SetEnabled { user: 0, enabled: false },
        Order::SetPassword { user: 0, password: 1 },
        Order::Remove { user: 0 },
    ] {
        let mut story = Story::new();
        story.signs_on(0, 0, 0);
        story.done(order, CallAnswer::Changed { ended: true, ending: None });
        story.checked(0, true);
        story.breaks("NO-STALE-YES", "after its ending was acknowledged");
    }
}

#[test]
fn a_session_that_comes_back_is_found() {
    let mut story = Story::new();
    story.signs_on(0, 0, 0);
    let unsaid = story.ask(Order::EndSession { session: 0 });
    story.happens(Happening::Lost { op: unsaid });
    story.checked(0, false);
    story.checked(0, true);
    story.breaks("NO-STALE-YES", "live again");
}

#[test]
fn a_session_that_outlives_its_limits_is_found() {
    let mut story = Story::new();
    story.rules.idle_ms = Some(30_000);
    story.signs_on(0, 0, 0);
    story.at += 29_000;
    story.checked(0, true);
    story.at += 29_000;
    story.checked(0, true);
    story.is_honest();
    story.at += 30_100;
    story.checked(0, true);
    story.breaks("NO-STALE-YES", "behind its limits");
}

#[test]
fn a_refresh_token_keeps_its_session_awake() {
    let mut story = with_a_grant();
    story.rules.idle_ms = Some(30_000);
    story.at += 29_000;
    story.done(Order::Refresh { refresh: 0 }, CallAnswer::Refresh { refresh: 1 });
    story.at += 29_000;
    story.checked(0, true);
    story.is_honest();
}

#[test]
fn a_session_that_is_lost_is_found() {
    let mut story = Story::new();
    story.signs_on(0, 0, 0);
    story.ended(5); // Of another session.
    story.done(Order::EndUserBut { user: 0, keep: 0 }, CallAnswer::Ended(None));
    story.done(Order::EndUser { user: 1, grants: true }, CallAnswer::Ended(None));
    story.checked(0, false);
    story.breaks("NO-FALSE-NO", "nobody has begun to end it");
}

#[test]
fn a_token_that_gave_way_is_worth_nothing() {
    let renewed = Order::SignOn { user: 0, password: 0, previous: Some((0, 0)), keep_token: false };
    let mut story = Story::new();
    story.signs_on(0, 0, 0);
    story.done(renewed, CallAnswer::SignedOn { token: 1, session: 0 });
    story.checked(0, false);
    story.checked(1, true);
    story.is_honest();
    story.checked(0, true);
    assert!(!story.found().is_empty());
}

#[test]
fn a_notice_before_its_ending_is_found() {
    let mut story = Story::new();
    story.signs_on(0, 0, 0);
    story.joins();
    story.posted(1, 0, told(Some(SID)));
    story.receipt(0, id(1), Some(logout(Some(SID))), ReceiptState::GivenUp { at: shown(90_000_000) });
    story.breaks("NOTICE-WITH-ENDING", "nobody has begun to end");

    let mut story = Story::new();
    story.posted(1, 1, NoticeSeen::Hook { ending: id(3).to_string() });
    story.breaks("NOTICE-WITH-ENDING", "which is no ending");

    let mut story = Story::new();
    story.signs_on(0, 0, 0);
    story.ended(0);
    story.posted(1, 0, told(None));
    story.breaks("NOTICE-WITH-ENDING", "told of all sessions of ada");
}

#[test]
fn a_session_that_lives_on_although_a_client_was_told_is_found() {
    let mut story = Story::new();
    story.signs_on(0, 0, 0);
    story.joins();
    let unsaid = story.ask(Order::EndSession { session: 0 });
    story.happens(Happening::Lost { op: unsaid });
    story.posted(1, 0, told(Some(SID)));
    story.checked(0, true);
    story.receipt(0, id(1), Some(logout(Some(SID))), ReceiptState::GivenUp { at: shown(90_000_000) });
    story.breaks("NO-STALE-YES", "after a client was told");
}

#[test]
fn a_notice_that_is_lost_is_found() {
    let mut story = Story::new();
    story.signs_on(0, 0, 0);
    story.joins();
    story.breaks("NOTICE-WITH-ENDING", "nobody was owed");

    // What all sessions of another user, or of a time before, owe is no excuse.
    story.receipt(0, id(1), Some(logout(Some("another"))), ReceiptState::GivenUp { at: shown(90_000_000) });
    story.breaks("NOTICE-WITH-ENDING", "nobody was owed");

    let mut story = Story::new();
    story.done(Order::EndUser { user: 0, grants: false }, CallAnswer::Ended(Some(id(1))));
    story.receipt(0, id(1), Some(logout(None)), ReceiptState::GivenUp { at: shown(90_000_000) });
    story.receipt(1, id(1), None, ReceiptState::GivenUp { at: shown(90_000_000) });
    story.is_honest();
    story.signs_on(0, 0, 0);
    story.joins();
    story.breaks("NOTICE-WITH-ENDING", "nobody was owed");
}

#[test]
fn an_ending_that_owes_nothing_to_who_took_part_is_found() {
    let mut story = Story::new();
    story.rules.hook = false;
    story.signs_on(0, 0, 0);
    story.joins();
    story.done(Order::Reset { session: 0 }, CallAnswer::Ended(Some(id(1))));
    // Its end was told, and not this one.
    story.receipt(0, id(2), Some(logout(Some(SID))), ReceiptState::GivenUp { at: shown(90_000_000) });
    story.breaks("NOTICE-WITH-ENDING", "receiver 0 is owed nothing");

    let mut story = Story::new();
    story.done(Order::EndUser { user: 1, grants: false }, CallAnswer::Ended(Some(id(1))));
    story.breaks("NOTICE-WITH-ENDING", "receiver 1 is owed nothing");
}

#[test]
fn a_receipt_that_says_what_was_not_is_found() {
    let pending = ReceiptState::Pending { due_at: shown(0), leased: false };
    let refused = ReceiptState::Refused { at: shown(0) };
    let given_up = ReceiptState::GivenUp { at: shown(1_000) };
    for (state, what) in [
        (pending, "pending still"),
        (confirmed(), "its receiver never took it"),
        (refused, "its receiver never did"),
        (given_up, "given up after"),
        (ReceiptState::CannotBeTold, "has an address"),
    ] {
        let mut story = Story::new();
        story.signs_on(0, 0, 0);
        story.ended(0);
        story.posted(1, 0, told(Some(SID)));
        story.happens(Happening::Replied { try_no: 1, reply: ReceiverReply::Fails });
        story.receipt(0, id(1), Some(logout(Some(SID))), state);
        story.breaks("NOTICE-WITH-ENDING", what);
    }
}

#[test]
fn two_who_try_one_notice_are_found() {
    let hook = || NoticeSeen::Hook { ending: id(1).to_string() };
    let mut story = Story::new();
    story.facts.endings.insert(id(1).to_string());
    story.posted(1, 1, hook());
    story.posted(1, 1, hook()); // On its way it was doubled.
    story.happens(Happening::Heard { try_no: 1 });
    story.posted(2, 1, hook());
    story.at += 40_000; // The lease has run out.
    story.posted(3, 1, hook());
    story.is_honest();
    story.at += 1_000;
    story.posted(4, 1, hook());
    story.breaks("LEASED-ONCE", "try 4");
}

#[test]
fn an_old_password_and_a_disabled_user_are_found() {
    let changed = CallAnswer::Changed { ended: true, ending: None };
    let mut story = Story::new();
    story.done(Order::SetPassword { user: 0, password: 1 }, changed.clone());
    story.done(sign_on(0, 0), CallAnswer::NotSignedOn(SignOnRefusal::Wrong));
    story.done(sign_on(0, 1), CallAnswer::SignedOn { token: 0, session: 0 });
    story.is_honest();
    story.done(sign_on(0, 0), CallAnswer::SignedOn { token: 1, session: 1 });
    story.breaks("ENDED-STAYS-ENDED", "a password that is the user's no more");

    let mut story = Story::new();
    story.done(Order::SetEnabled { user: 0, enabled: false }, changed);
    story.done(sign_on(0, 0), CallAnswer::NotSignedOn(SignOnRefusal::Disabled));
    story.is_honest();
    story.done(sign_on(0, 0), CallAnswer::SignedOn { token: 1, session: 1 });
    story.breaks("ENDED-STAYS-ENDED", "is disabled");
}

#[test]
fn a_right_password_that_is_refused_is_found() {
    for (refusal, what) in [
        (SignOnRefusal::Wrong, "with the right password"),
        (SignOnRefusal::Disabled, "called disabled"),
        (SignOnRefusal::Quota, "because of a quota"),
    ] {
        let mut story = Story::new();
        story.done(sign_on(0, 0), CallAnswer::NotSignedOn(refusal));
        story.breaks("NO-FALSE-NO", what);
    }
    // Another password may be on its way.
    let mut story = Story::new();
    story.ask(Order::SetPassword { user: 0, password: 1 });
    story.done(sign_on(0, 0), CallAnswer::NotSignedOn(SignOnRefusal::Wrong));
    story.is_honest();
}

#[test]
fn a_quota_that_is_exceeded_is_found() {
    let mut story = Story::new();
    story.rules.quota = Some(adieu_core::Quota { max: 1, beyond: adieu_core::Beyond::EndOldest });
    story.done(Order::Count { user: 0 }, CallAnswer::Counted(1));
    story.is_honest();
    story.done(Order::Count { user: 0 }, CallAnswer::Counted(2));
    story.breaks("HOME-LIMITS", "2 live sessions of 1");
}

/// The client has redeemed its code for the refresh token 0.
fn with_a_grant() -> Story {
    let mut story = Story::new();
    story.signs_on(0, 0, 0);
    story.joins();
    story.receipt(0, id(9), Some(logout(Some(SID))), ReceiptState::GivenUp { at: shown(90_000_000) });
    story.done(Order::Redeem { code: 0 }, CallAnswer::Refresh { refresh: 0 });
    story.is_honest();
    story
}

#[test]
fn a_code_that_is_used_twice_is_found() {
    let mut story = with_a_grant();
    story.done(Order::Redeem { code: 0 }, CallAnswer::Refresh { refresh: 5 });
    story.breaks("ONE-USE", "redeemed twice");
}

#[test]
fn a_refresh_token_that_is_used_twice_is_found() {
    let mut story = with_a_grant();
    let first = Order::Refresh { refresh: 0 };
    story.done(first, CallAnswer::Refresh { refresh: 1 });
    story.done(first, CallAnswer::Refresh { refresh: 1 }); // The answer was lost, perhaps.
    story.done(Order::Refresh { refresh: 1 }, CallAnswer::Refresh { refresh: 2 });
    story.is_honest();
    story.done(first, CallAnswer::Refresh { refresh: 1 });
    story.breaks("ONE-USE", "after its successor was used");

    let mut story = with_a_grant();
    story.done(first, CallAnswer::Refresh { refresh: 1 });
    story.done(first, CallAnswer::Refresh { refresh: 3 });
    story.breaks("ONE-USE", "two others");
}

#[test]
fn a_grant_that_is_refused_or_comes_back_is_found() {
    let mut story = with_a_grant();
    story.done(Order::Refresh { refresh: 0 }, CallAnswer::NoGrant);
    story.breaks("NO-FALSE-NO", "is refused");

    let mut story = with_a_grant();
    story.ask(Order::EndSession { session: 0 });
    story.done(Order::Refresh { refresh: 0 }, CallAnswer::NoGrant);
    story.is_honest();
    story.done(Order::Refresh { refresh: 0 }, CallAnswer::Refresh { refresh: 1 });
    story.breaks("ENDED-STAYS-ENDED", "good again");
}

#[test]
fn a_grant_that_outlives_its_session_is_found() {
    for order in [
        Order::EndSession { session: 0 },
        Order::EndUser { user: 0, grants: false },
        Order::Reset { session: 0 },
        Order::EndClient { client: 0 },
    ] {
        let mut story = with_a_grant();
        story.done(order, CallAnswer::Ended(None));
        story.done(Order::Refresh { refresh: 0 }, CallAnswer::Refresh { refresh: 1 });
        story.breaks("ENDED-STAYS-ENDED", "lives on after");
    }
    let mut story = with_a_grant();
    story.rules.clients[0].outlives_session = true;
    story.done(Order::EndSession { session: 0 }, CallAnswer::Ended(None));
    story.done(Order::Refresh { refresh: 0 }, CallAnswer::Refresh { refresh: 1 });
    story.is_honest();
    story.done(Order::Remove { user: 0 }, CallAnswer::Changed { ended: true, ending: None });
    story.done(Order::Refresh { refresh: 1 }, CallAnswer::Refresh { refresh: 2 });
    story.breaks("ENDED-STAYS-ENDED", "lives on after");
}
