//! Promises about telling: whoever took part in what ended is owed a notice, and every notice has a receipt.
//!
//! Nobody is told here; answers are made up. What an answer comes to is core's to say.

use std::collections::HashMap;

use adieu_core::{
    Client, EndKind, EndOrder, EndTarget, Ended, EndingFilter, EndingId, NoticeAnswer, NoticeMessage,
    NoticeSubject, Receipt, ReceiptState, Receiver, Settlement, Span, SubjectForm, Timestamp, User,
};

use crate::suite::fixture::{IDLE, at};
use crate::suite::grants::{code, issue};
use crate::suite::{Engine, Fixture, OpenedSession, subscribers};
use crate::{LeaseOrder, LeasedNotice, LeasedNotices, NoticeAddress, ReceiptPage, ReceiptQuery};

/// An application that is told, or not; the one that is there, if it is.
pub(super) async fn application<E: Engine>(fixture: &Fixture<E>, id: &str) -> Client {
    let new = fixture.no_client_yet(id);
    if fixture.store.client(&new.id).get().await.expect("an answer").is_none() {
        fixture.client(id).await;
        fixture
            .change_client(&new.id, |client| {
                let address = format!("https://{id}.example.test/out");
                client.backchannel_logout_uri = (id != "mute").then_some(address);
                client.backchannel_logout_session_required = id == "strict";
            })
            .await;
    }
    fixture.stored_client(&new.id).await
}

/// Somebody's new session in which these applications take part.
pub(super) async fn shared<E: Engine>(fixture: &Fixture<E>, user: &User, clients: &[&str]) -> OpenedSession {
    let held = fixture.sign_on(user, at(0)).await;
    for id in clients {
        let client = application(fixture, id).await;
        fixture.store.issue(issue(code(fixture, &held, &client)), at(1)).await.expect("a code");
    }
    held
}

/// Makes all receipts that are to be made; says how many those are.
pub(super) async fn take<E: Engine>(fixture: &Fixture<E>, now: Timestamp) -> u32 {
    let mut made = 0;
    loop {
        let taken = fixture.store.take_endings(now).await.expect("a step");
        made += taken.receipts;
        if !taken.more {
            return made;
        }
    }
}

async fn page<E: Engine>(fixture: &Fixture<E>, ending: EndingId) -> ReceiptPage {
    let query = ReceiptQuery { ending, after: None, most: 1000 };
    fixture.store.receipts(query).await.expect("an answer").expect("the ending is known")
}

/// The receipts of an ending as `client sid state`, with `*` for all sessions and `-` for who cannot be told.
async fn shown<E: Engine>(fixture: &Fixture<E>, ending: EndingId) -> Vec<String> {
    let page = page(fixture, ending).await;
    assert!(page.complete && page.next.is_none());
    let mut all: Vec<String> = page.receipts.iter().map(one).collect();
    all.sort();
    all
}

fn one(receipt: &Receipt) -> String {
    let named = |sid: &Option<String>| if sid.is_some() { "sid" } else { "*" };
    let sid = subject(receipt).map_or("-", |subject| named(&subject.sid));
    format!("{} {sid} {}", receipt.receiver, receipt.state.word())
}

/// What a client is told.
fn subject(receipt: &Receipt) -> Option<&NoticeSubject> {
    receipt.message.as_ref().and_then(NoticeMessage::logout)
}

fn client(id: &str) -> Receiver {
    Receiver::Client(id.parse().expect("an id"))
}

pub(super) fn lease_order(until: Timestamp) -> LeaseOrder {
    LeaseOrder { until, most: 100, reserved: 0, most_each: 100, busy: HashMap::new() }
}

async fn lease<E: Engine>(fixture: &Fixture<E>, until: Timestamp, now: Timestamp) -> Vec<LeasedNotice> {
    leased(fixture, lease_order(until), now).await.notices
}

pub(super) async fn leased<E: Engine>(
    fixture: &Fixture<E>,
    order: LeaseOrder,
    now: Timestamp,
) -> LeasedNotices {
    fixture.store.lease_notices(order, now).await.expect("leased")
}

pub(super) const fn status(code: u16) -> NoticeAnswer {
    NoticeAnswer::Status { code, retry_after: None }
}

pub(super) fn settlement(leased: &LeasedNotice, answer: NoticeAnswer, now: Timestamp) -> Settlement {
    let ReceiptState::Pending { due_at: lease, leased: true } = leased.receipt.state else {
        panic!("not leased: {leased:?}")
    };
    let said = Some("what it said".to_owned());
    Settlement { key: leased.receipt.key(), lease, began_at: now, answer, said, chance: 0 }
}

pub(super) async fn settle<E: Engine>(
    fixture: &Fixture<E>,
    leased: &LeasedNotice,
    answer: NoticeAnswer,
    now: Timestamp,
) -> Option<Receipt> {
    fixture.store.settle_notice(settlement(leased, answer, now), now).await.expect("an answer")
}

pub(super) fn id<E: Engine>(fixture: &Fixture<E>, ended: &Ended) -> EndingId {
    fixture.id_of(ended).expect("it has an id")
}

/// Goal: who took part in a session that ends is owed one notice with its name, made once; who has no address is named.
pub async fn an_ending_owes_a_notice_to_each_who_took_part<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let held = shared(&fixture, &ada, &["shop", "wiki", "mute"]).await;
    let other = shared(&fixture, &ada, &["shop"]).await;
    let ended = fixture.end(held.presented(), at(5)).await.expect("an ending");
    let ending = id(&fixture, &ended);
    let before = page(&fixture, ending).await;
    assert!(before.receipts.is_empty() && !before.complete && !before.is_settled());
    assert_eq!(take(&fixture, at(6)).await, 3);
    assert_eq!(take(&fixture, at(7)).await, 0, "once");
    let expect = ["mute - cannot_be_told", "shop sid pending", "wiki sid pending"];
    assert_eq!(shown(&fixture, ending).await, expect);
    let all = page(&fixture, ending).await;
    assert_eq!(all.counts.by_state, [2, 0, 0, 0, 1]);
    let shop = all.receipts.iter().find(|one| one.receiver == client("shop")).expect("it is owed one");
    let subject = subject(shop).expect("it can be told");
    assert_eq!((shop.ended_at, shop.realm, shop.tries), (at(5), fixture.realm, 0));
    assert_eq!(subject.sid.as_deref(), Some(held.session.id.to_string().as_str()));
    assert_eq!((&subject.sub, subject.algorithm.as_str()), (&ada.id.to_string(), "RS256"));
    assert_eq!(fixture.store.receipt(shop.key()).await.expect("an answer").as_ref(), Some(shop));
    let again = fixture.end(EndTarget::One(held.session.id), at(8)).await.expect("an answer");
    assert!(fixture.id_of(&again).is_none());
    assert_eq!(take(&fixture, at(9)).await, 0, "what is over is told once");
    fixture.expect_live(&other, at(9)).await;
    let query = ReceiptQuery { ending: EndingId::from_bytes([7; 16]), after: None, most: 1 };
    assert!(fixture.store.receipts(query).await.expect("an answer").is_none());
}

/// Goal: one notice for one fact (S-BCL-5, S-BCL-11; matrix 2.6): all sessions of a user are one, unless the application needs
/// the names; of those who take part in the session that was spared none hears that all are over.
pub async fn all_sessions_of_a_user_owe_one_notice_to_each<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
    let (cyd, dan) = (fixture.user("cyd").await, fixture.user("dan").await);
    for user in [&ada, &bob, &cyd, &dan] {
        shared(&fixture, user, &["shop", "strict", "mute"]).await;
        shared(&fixture, user, &["shop", "strict", "wiki", "mute"]).await;
    }
    let kept = shared(&fixture, &bob, &["shop"]).await;
    let each = |shop: &[&'static str], strict: usize| {
        let mut all = vec!["mute - cannot_be_told", "wiki * pending"];
        all.extend(shop);
        all.extend(std::iter::repeat_n("strict sid pending", strict));
        all.sort_unstable();
        all
    };
    let ended = fixture.end(EndTarget::User(ada.id), at(5)).await.expect("an ending");
    take(&fixture, at(6)).await;
    assert_eq!(shown(&fixture, id(&fixture, &ended)).await, each(&["shop * pending"], 2));
    let but = EndTarget::UserBut { user: bob.id, keep: kept.session.id };
    let ended = fixture.end(but, at(7)).await.expect("an ending");
    take(&fixture, at(8)).await;
    assert_eq!(
        shown(&fixture, id(&fixture, &ended)).await,
        each(&["shop sid pending", "shop sid pending"], 2)
    );
    // All of a realm are the users, each told of once; who is over already is not told of again.
    let ended = fixture.end(EndTarget::Realm(fixture.realm), at(9)).await.expect("an ending");
    take(&fixture, at(10)).await;
    let of_realm = shown(&fixture, id(&fixture, &ended)).await;
    let count = |what: &str| of_realm.iter().filter(|one| one.starts_with(what)).count();
    // Ada's and Bob's but one are over: Cyd's, Dan's and the one of Bob's that was spared are told.
    assert_eq!((count("shop *"), count("wiki *"), count("strict sid"), count("mute -")), (3, 2, 4, 1));
    fixture.expect_dead(&kept, at(11)).await;
}

/// Goal: whatever ends a session, who took part is told: of what ended with another act, by time, by a client's end, of a user
/// who is gone.
pub async fn whatever_ends_a_session_is_told<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let late = IDLE.s() + 7200;
    for name in ["by-name", "reset", "forgotten", "disabled", "removed", "client", "idle"] {
        let user = fixture.user(name).await;
        let app = format!("app-{name}");
        let held = shared(&fixture, &user, &[&app]).await;
        let one = EndTarget::One(held.session.id);
        match name {
            "by-name" => drop(fixture.end(one, at(2)).await.expect("an ending")),
            "reset" => drop(fixture.reset(&held, at(2)).await.expect("a reset")),
            "forgotten" => {
                let order = EndOrder { kind: EndKind::Forget, ..fixture.ending(one) };
                drop(fixture.store.end(order, at(2)).await.expect("an ending"));
            }
            "disabled" => drop(fixture.enable(user.id, false, at(2)).await),
            "removed" => drop(fixture.remove(user.id, at(2)).await.expect("removed")),
            "client" => {
                drop(fixture.remove_client(&app.parse().expect("an id"), None).await.expect("removed"))
            }
            _ => while fixture.store.sweep(at(late), Span::from_s(1_000_000)).await.expect("a sweep").more {},
        }
        assert_eq!(take(&fixture, at(late + 1)).await, 1, "{name}");
        let newest = fixture.endings(EndingFilter::default(), 1).await.swap_remove(0);
        let page = page(&fixture, newest.id).await;
        assert_eq!(page.receipts[0].receiver, client(&app), "{name}");
        assert_eq!(page.receipts[0].state.word(), "pending", "{name}");
        if name == "client" {
            // Its session goes on, and ends like any other.
            fixture.expect_live(&held, at(3)).await;
            fixture.end(held.presented(), at(3)).await.expect("an ending");
            assert_eq!(take(&fixture, at(late + 1)).await, 1, "{name}");
        }
    }
    assert_eq!(lease(&fixture, at(late + 30), at(late + 2)).await.len(), 8);
}

/// Goal: an ending of many is walked over in bounded steps; a crash between any two loses nothing and repeats nothing.
pub async fn a_walk_over_many_is_resumed_where_it_stopped<E: Engine>() {
    let mut fixture = Fixture::<E>::new().await;
    let shop = application(&fixture, "shop").await;
    let mut users = Vec::new();
    for n in 0..8 {
        users.push(fixture.user(&format!("user-{n}")).await);
    }
    let orders = (0..1300).map(|n| fixture.store.open_session(fixture.order(&users[n % 8]), at(0)));
    let opened = futures_util::future::join_all(orders).await;
    let grants = opened.into_iter().map(|opened| {
        let session = opened.expect("a sign-on").session;
        let token = adieu_core::SessionToken {
            id: session.id,
            secret: adieu_core::SessionSecret::from_bytes([0; adieu_core::SessionSecret::LENGTH]),
        };
        let held = OpenedSession { session, token };
        fixture.store.issue(issue(code(&fixture, &held, &shop)), at(1))
    });
    for issued in futures_util::future::join_all(grants).await {
        issued.expect("a code");
    }
    let ended = fixture.end(EndTarget::Realm(fixture.realm), at(2)).await.expect("an ending");
    let ending = id(&fixture, &ended);
    let (mut steps, mut made) = (0, 0);
    loop {
        let taken = fixture.store.take_endings(at(3)).await.expect("a step");
        (steps, made) = (steps + 1, made + taken.receipts);
        assert_eq!(page(&fixture, ending).await.complete, !taken.more);
        if !taken.more {
            break;
        }
        fixture = fixture.after_crash().await;
    }
    assert!(steps >= 3, "{steps} steps");
    assert_eq!(made, 8, "one for each user");
    let all = page(&fixture, ending).await;
    let subs: std::collections::BTreeSet<_> =
        all.receipts.iter().filter_map(subject).map(|subject| &subject.sub).collect();
    assert_eq!((all.receipts.len(), subs.len()), (8, 8));
    let half = ReceiptQuery { ending, after: None, most: 5 };
    let first = fixture.store.receipts(half.clone()).await.expect("an answer").expect("known");
    let rest = ReceiptQuery { after: first.next.clone(), ..half };
    let rest = fixture.store.receipts(rest).await.expect("an answer").expect("known");
    assert_eq!((first.receipts.len(), rest.receipts.len(), rest.next), (5, 3, None));
}

/// Goal: a notice is with one sender at a time; one that died with it leaves it to the next, and what it says late counts if it
/// got through.
pub async fn a_lease_keeps_others_away_until_it_runs_out<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let held = shared(&fixture, &ada, &["shop"]).await;
    fixture.end(held.presented(), at(5)).await.expect("an ending");
    take(&fixture, at(6)).await;
    let first = lease(&fixture, at(30), at(6)).await;
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].to, NoticeAddress::Client("https://shop.example.test/out".into()));
    let again = leased(&fixture, lease_order(at(50)), at(29)).await;
    assert!(again.notices.is_empty());
    assert_eq!(again.next_due, Some(at(30)));
    let fixture = fixture.after_crash().await;
    let second = lease(&fixture, at(60), at(30)).await;
    assert_eq!(second.len(), 1, "the first sender is taken for dead");
    assert!(settle(&fixture, &first[0], status(500), at(31)).await.is_none(), "it has nothing to say");
    let late = settle(&fixture, &first[0], status(200), at(32)).await.expect("it got through");
    assert_eq!(late.state, ReceiptState::Confirmed { at: at(32) });
    assert!(settle(&fixture, &second[0], status(500), at(33)).await.is_none());
    assert!(lease(&fixture, at(90), at(61)).await.is_empty());
}

/// Goal: an answer is written down with what it comes to, over a crash; and the receiver's health with it.
pub async fn an_answer_settles_its_notice_or_names_the_next_try<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let held = shared(&fixture, &ada, &["shop", "wiki"]).await;
    let ended = fixture.end(held.presented(), at(5)).await.expect("an ending");
    let ending = id(&fixture, &ended);
    take(&fixture, at(6)).await;
    let mut both = lease(&fixture, at(30), at(6)).await;
    both.sort_by_key(|one| one.receipt.receiver.clone());
    let failed = settle(&fixture, &both[0], status(503), at(7)).await.expect("settled");
    let ReceiptState::Pending { due_at, leased: false } = failed.state else { panic!("{failed:?}") };
    settle(&fixture, &both[1], status(400), at(8)).await.expect("settled");
    let fixture = fixture.after_crash().await;
    assert_eq!(shown(&fixture, ending).await, ["shop sid pending", "wiki sid refused"]);
    let all = page(&fixture, ending).await;
    let tried = all.receipts[0].last.as_ref().expect("it was tried");
    assert_eq!((tried.at, tried.answer, tried.said.as_deref()), (at(7), status(503), Some("what it said")));
    assert!(!all.is_settled());
    let waits = leased(&fixture, lease_order(at(60)), Timestamp::from_ms(due_at.ms() - 1)).await;
    assert!(waits.notices.is_empty());
    assert_eq!(waits.next_due, Some(due_at));
    let receivers = fixture.store.receivers(None, 10).await.expect("an answer");
    let of = |n: usize| (receivers[n].receiver.clone(), receivers[n].pending, receivers[n].health.failures);
    assert_eq!((of(0), of(1)), ((client("shop"), 1, 1), (client("wiki"), 0, 0)));
    assert_eq!(receivers[0].health.failing_since, Some(at(7)));
    let again = lease(&fixture, at(60), due_at).await;
    let done = settle(&fixture, &again[0], status(204), at(9)).await.expect("settled");
    assert_eq!((done.tries, done.state), (2, ReceiptState::Confirmed { at: at(9) }));
    assert!(page(&fixture, ending).await.is_settled());
    let receivers = fixture.store.receivers(None, 10).await.expect("an answer");
    assert_eq!((receivers[0].health.failing_since, receivers[0].health.last_success_at), (None, Some(at(9))));
    let behind = fixture.store.receivers(Some(receivers[0].receiver.clone()), 10).await.expect("an answer");
    assert_eq!(behind.len(), 1);
}

/// Goal: no receiver takes the places of others; one that has failed for long is asked sparingly, and all that waits for it
/// comes when it is back.
pub async fn receivers_take_turns_and_an_ailing_one_is_asked_sparingly<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    for n in 0..6 {
        let user = fixture.user(&format!("user-{n}")).await;
        let held = shared(&fixture, &user, if n == 0 { &["busy", "calm"] } else { &["busy"] }).await;
        fixture.end(held.presented(), at(5)).await.expect("an ending");
    }
    take(&fixture, at(6)).await;
    let order = |now: i64, busy: &[(&str, u32)]| LeaseOrder {
        most_each: 2,
        busy: busy.iter().map(|(id, n)| (client(id), *n)).collect(),
        ..lease_order(at(now + 20))
    };
    let first = leased(&fixture, order(6, &[]), at(6)).await.notices;
    let clients: Vec<_> = first.iter().map(|one| one.receipt.receiver.to_string()).collect();
    assert_eq!(clients, ["busy", "busy", "calm"]);
    assert!(leased(&fixture, order(6, &[("busy", 2)]), at(6)).await.notices.is_empty());
    for one in &first {
        settle(&fixture, one, status(500), at(7)).await.expect("settled");
    }
    // A quarter of an hour later it has failed for long.
    let ailing = leased(&fixture, order(1000, &[("calm", 2)]), at(1000)).await;
    assert_eq!(ailing.notices.len(), 1);
    assert!(leased(&fixture, order(1001, &[("calm", 2)]), at(1001)).await.notices.is_empty());
    let left_alone = leased(&fixture, order(1050, &[("calm", 2)]), at(1050)).await;
    assert!(left_alone.notices.is_empty());
    assert_eq!(left_alone.next_due, Some(at(1300)));
    settle(&fixture, &ailing.notices[0], status(200), at(1051)).await.expect("settled");
    let back = LeaseOrder { most_each: 10, ..order(1051, &[("calm", 10)]) };
    assert_eq!(leased(&fixture, back, at(1051)).await.notices.len(), 5, "it is back");
}

/// Goal: an administrator's word: what was refused or given up is tried again, what is pending is given up; nothing that was
/// confirmed is touched.
pub async fn notices_are_retried_and_given_up_by_order<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let held = shared(&fixture, &ada, &["done", "mute", "shop", "wiki"]).await;
    let ended = fixture.end(held.presented(), at(5)).await.expect("an ending");
    let ending = id(&fixture, &ended);
    take(&fixture, at(6)).await;
    let mut all = lease(&fixture, at(30), at(6)).await;
    all.sort_by_key(|one| one.receipt.receiver.clone());
    for (one, code) in all.iter().zip([200, 400, 500]) {
        settle(&fixture, one, status(code), at(7)).await.expect("settled");
    }
    let given_up = fixture.store.give_up_notices(ending, None, at(8)).await.expect("an answer");
    assert_eq!((given_up.notices, given_up.next), (1, None));
    let states = ["done sid confirmed", "mute - cannot_be_told", "shop sid refused", "wiki sid given_up"];
    assert_eq!(shown(&fixture, ending).await, states);
    assert!(lease(&fixture, at(100_000), at(90_000)).await.is_empty());
    let retried = fixture.store.retry_notices(ending, None, at(90_001)).await.expect("an answer");
    assert_eq!(retried.notices, 2);
    assert_eq!(lease(&fixture, at(100_000), at(90_001)).await.len(), 2);
    let strange = EndingId::from_bytes([7; 16]);
    assert_eq!(fixture.store.retry_notices(strange, None, at(90_002)).await.expect("an answer").notices, 0);
}

/// Goal: nothing of which somebody is still to be told is taken away by the sweep; what is settled goes with its ending.
pub async fn what_is_still_to_be_told_outlives_the_sweep<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let held = shared(&fixture, &ada, &["shop", "wiki"]).await;
    fixture.end(held.presented(), at(5)).await.expect("an ending");
    let sweep = async |s| while fixture.store.sweep(at(s), Span::from_s(10)).await.expect("a sweep").more {};
    sweep(100).await;
    assert_eq!(take(&fixture, at(101)).await, 2, "it was not told yet");
    let bob = fixture.user("bob").await;
    let other = fixture.sign_on(&bob, at(101)).await;
    fixture.end(other.presented(), at(102)).await.expect("the newest line");
    take(&fixture, at(102)).await;
    let both = lease(&fixture, at(130), at(102)).await;
    settle(&fixture, &both[0], status(200), at(103)).await.expect("settled");
    sweep(110).await;
    sweep(110).await;
    let key = |n: usize| both[n].receipt.key();
    assert!(fixture.store.receipt(key(0)).await.expect("an answer").is_none(), "history has an end");
    assert!(fixture.store.receipt(key(1)).await.expect("an answer").is_some(), "it is being told");
    settle(&fixture, &both[1], status(200), at(111)).await.expect("settled");
}

/// Goal: however many are told of an ending, it says exactly how far they are, and is settled only when the last of them is.
pub async fn however_many_are_told_all_are_counted<E: Engine>() {
    const SYSTEMS: u64 = 32;
    const USERS: u64 = 320;
    let fixture = Fixture::<E>::new().await;
    for n in 0..SYSTEMS {
        let system = subscribers::system(&format!("system-{n}"), fixture.realm, SubjectForm::Opaque);
        fixture.store.create_subscriber(system).await.expect("made");
    }
    for n in 0..USERS {
        let user = fixture.user(&format!("user-{n}")).await;
        fixture.sign_on(&user, at(0)).await;
    }
    let ended = fixture.end(EndTarget::Realm(fixture.realm), at(5)).await.expect("an ending");
    let ending = id(&fixture, &ended);
    let all = SYSTEMS * USERS;
    assert_eq!(u64::from(take(&fixture, at(6)).await), all);
    let most = u32::try_from(all).expect("a number");
    let order = LeaseOrder { most, most_each: most, ..lease_order(at(600)) };
    let mut notices = leased(&fixture, order, at(7)).await.notices;
    notices.sort_by_key(|one| one.receipt.key());
    let last = notices.pop().expect("one of them");
    for some in notices.chunks(500) {
        let settling: Vec<_> = some
            .iter()
            .map(|one| fixture.store.settle_notice(settlement(one, status(200), at(8)), at(8)))
            .collect();
        for settled in settling {
            settled.await.expect("an answer").expect("it is settled");
        }
    }
    let before = page(&fixture, ending).await;
    assert_eq!(before.counts.by_state, [1, all - 1, 0, 0, 0]);
    assert!(before.complete && !before.is_settled());
    settle(&fixture, &last, status(404), at(8)).await.expect("it is settled");
    let after = page(&fixture, ending).await;
    assert_eq!(after.counts.by_state, [0, all - 1, 1, 0, 0]);
    assert!(after.is_settled());
}
