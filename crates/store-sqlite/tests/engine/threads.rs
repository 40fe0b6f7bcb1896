//! Orders of reader and writer that chance rarely brings, forced by holding one of them.
//!
//! The order to fear: a reader has read "live", the ending commits and answers, and then the reader goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use adieu_core::{
    Check, EditUserOrder, EndError, EndTarget, GrantId, NotLive, SessionId, SignOnError, Unwritten, UserEdit,
    Version,
};
use adieu_store::suite::{Fixture, OpenedSession, at};
use adieu_store::{Flow, Lookup};
use adieu_store_sqlite::{HookPoint, Options, SqliteStore};

use crate::support::{self, Sqlite};
use crate::{Barrier, fixture_with};

/// A store that has just been opened, so that its map is empty, with a session on it.
async fn reopened() -> (Fixture<Sqlite>, SqliteStore, OpenedSession) {
    let (fixture, store) = fixture_with(Options::default()).await;
    let ada = fixture.user("ada").await;
    let held = fixture.sign_on(&ada, at(0)).await;
    let path = fixture.engine.path();
    let (engine, realm, population, chance) =
        (fixture.engine, fixture.realm, fixture.population, fixture.chance);
    drop((fixture.store, store));
    let store = support::open(&path, Options::default()).expect("the store opens");
    let fixture = Fixture { engine, store: std::sync::Arc::new(store.clone()), realm, population, chance };
    (fixture, store, held)
}

/// Starts a check that has to read, and waits until it has read.
fn slow_check(
    fixture: &Fixture<Sqlite>,
    barrier: &Barrier,
    held: &OpenedSession,
) -> tokio::task::JoinHandle<Check> {
    barrier.shut(HookPoint::RowsRead);
    let Lookup::Later(check) = fixture.store.check(&held.token, false, at(1)) else {
        panic!("the map was empty")
    };
    tokio::spawn(async move { check.await.expect("an answer") })
}

/// Goal: ENDED-STAYS-ENDED and NO-STALE-YES against the slow reader, for every kind of ending.
/// Method: the reader has read and waits; the ending commits and answers; the reader goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_puts_no_ended_session_back() {
    for n in 0..6 {
        let (fixture, store, held) = reopened().await;
        let barrier = Barrier::of(&store);
        let check = slow_check(&fixture, &barrier, &held);
        tokio::task::block_in_place(|| barrier.somebody_waits());
        let user = held.session.user;
        match n {
            0 => drop(fixture.end(held.presented(), at(1)).await.expect("an ending")),
            1 => drop(fixture.reset(&held, at(1)).await.expect("a reset")),
            2 => drop(fixture.end(EndTarget::User(user), at(1)).await.expect("an ending")),
            3 => drop(fixture.end(EndTarget::Realm(fixture.realm), at(1)).await.expect("an ending")),
            4 => {
                let keep = SessionId::from_bytes([1; 16]);
                fixture.end(EndTarget::UserBut { user, keep }, at(1)).await.expect("an ending");
            }
            _ => {
                // Nothing is read for it: whoever reads waits at the barrier.
                for (from, enabled) in [(Version::FIRST, false), (Version::FIRST.next(), true)] {
                    let edit = UserEdit { enabled: Some(enabled), ..UserEdit::default() };
                    let origin = fixture.origin();
                    let order = EditUserOrder {
                        user,
                        from,
                        edit,
                        by_session: None,
                        password_ends_sessions: false,
                        origin,
                    };
                    fixture.store.edit_user(order, at(1)).await.expect("a change");
                }
            }
        }
        barrier.open();
        assert!(matches!(check.await.expect("no panic"), Check::Not(_)), "{n}: it was read anew");
        for _ in 0..3 {
            assert_ne!(fixture.expect_dead(&held, at(1)).await, NotLive::Idle, "{n}");
        }
    }
}

/// Goal: the same when the reader fills between the commit and the map: what the commit publishes wins.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_between_commit_and_map_puts_no_ended_session_back() {
    for mass in [false, true] {
        let (fixture, store, held) = reopened().await;
        let barrier = Barrier::of(&store);
        let check = slow_check(&fixture, &barrier, &held);
        tokio::task::block_in_place(|| barrier.somebody_waits());
        barrier.shut(HookPoint::Committed); // This lets the reader go on; the writer will wait.
        let target = if mass { EndTarget::User(held.session.user) } else { held.presented() };
        let ending = tokio::spawn(fixture.end_later(target, at(1)));
        tokio::task::block_in_place(|| barrier.somebody_waits());
        // Nobody has been answered yet, so that this check may say either; it fills what it has read.
        check.await.expect("no panic");
        barrier.open();
        ending.await.expect("no panic").expect("an ending");
        fixture.expect_dead(&held, at(1)).await;
    }
}

/// Goal: users, realms, clients and grants in memory are as exact as sessions.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_puts_no_old_record_back() {
    let (fixture, store, held) = reopened().await;
    let barrier = Barrier::of(&store);
    barrier.shut(HookPoint::RowsRead);
    let Lookup::Later(user) = fixture.store.user(held.session.user) else { panic!("the map was empty") };
    let user = tokio::spawn(user);
    tokio::task::block_in_place(|| barrier.somebody_waits());
    fixture.end(EndTarget::User(held.session.user), at(1)).await.expect("an ending");
    barrier.open();
    user.await.expect("no panic").expect("an answer");
    let now = fixture.store.user(held.session.user).get().await.expect("an answer").expect("there");
    assert_eq!(now.generation, 1);

    let client = fixture.client("shop").await;
    let (fixture, store) = {
        let path = fixture.engine.path();
        let Fixture { engine, realm, population, chance, store: old } = fixture;
        drop((old, store));
        let store = support::open(&path, Options::default()).expect("the store opens");
        (Fixture { engine, store: std::sync::Arc::new(store.clone()), realm, population, chance }, store)
    };
    let barrier = Barrier::of(&store);
    barrier.shut(HookPoint::RowsRead);
    let Lookup::Later(slow) = fixture.store.client(&client.id) else { panic!("the map was empty") };
    let slow = tokio::spawn(slow);
    tokio::task::block_in_place(|| barrier.somebody_waits());
    fixture.remove_client(&client.id, None).await.expect("removed");
    barrier.open();
    slow.await.expect("no panic").expect("an answer");
    assert!(fixture.store.client(&client.id).get().await.expect("an answer").is_none());
    let nothing = fixture.store.grant(GrantId::from_number(1)).get().await.expect("an answer");
    assert!(nothing.is_none());
}

/// Goal: ONE-SLOW-HURTS-NONE: while a commit hangs, checks of sessions in memory answer at once, and reads go on.
/// ENDED-IS-DURABLE: nobody hears "ended" before it.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_hangs_delays_no_check_and_answers_nobody() {
    let (fixture, store) = fixture_with(Options::default()).await;
    let ada = fixture.user("ada").await;
    let (one, two) = (fixture.sign_on(&ada, at(0)).await, fixture.sign_on(&ada, at(0)).await);
    let barrier = Barrier::of(&store);
    barrier.shut(HookPoint::BatchRun);
    let mut ending = tokio::spawn(fixture.end_later(one.presented(), at(1)));
    tokio::task::block_in_place(|| barrier.somebody_waits());
    let Lookup::Now(Ok(Check::Live(_))) = fixture.store.check(&two.token, true, at(1)) else {
        panic!("not at once")
    };
    assert_eq!(fixture.live_sessions(&ada, at(1)).await.len(), 2);
    assert!(futures_ready(&mut ending).await.is_none(), "answered before the commit");
    barrier.open();
    ending.await.expect("no panic").expect("an ending");
    fixture.expect_dead(&one, at(1)).await;
    fixture.expect_live(&two, at(1)).await;
}

/// The task's result, if it is there now.
async fn futures_ready<T>(task: &mut tokio::task::JoinHandle<T>) -> Option<T> {
    let now = tokio::time::timeout(std::time::Duration::ZERO, task).await;
    now.ok().map(|joined| joined.expect("no panic"))
}

/// Goal: HOME-LIMITS: a full queue says "not taken" at once; what waited in it is done.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_takes_nothing_and_loses_nothing() {
    let (fixture, store) = fixture_with(Options::default()).await;
    let ada = fixture.user("ada").await;
    let barrier = Barrier::of(&store);
    barrier.shut(HookPoint::BatchRun);
    let first = tokio::spawn(fixture.store.open_session(fixture.order(&ada), at(0)));
    tokio::task::block_in_place(|| barrier.somebody_waits());
    let waiting: Vec<_> =
        (0..16_384).map(|_| fixture.store.open_session(fixture.order(&ada), at(0))).collect();
    assert_eq!(fixture.store.figures().writes_waiting, 16_384);
    let refused = fixture.store.open_session(fixture.order(&ada), at(0)).await;
    assert!(matches!(refused, Err(SignOnError::Unwritten(Unwritten::NotTaken(_)))), "{refused:?}");
    let refused = fixture.store.put_flow(flow(&fixture)).await;
    assert!(matches!(refused, Err(Unwritten::NotTaken(_))), "{refused:?}");
    barrier.open();
    first.await.expect("no panic").expect("a sign-on");
    for order in waiting {
        order.await.expect("a sign-on");
    }
    assert_eq!(fixture.live_sessions(&ada, at(0)).await.len(), 16_385);
    fixture.store.put_flow(flow(&fixture)).await.expect("room again");
}

fn flow(fixture: &Fixture<Sqlite>) -> Flow {
    Flow { id: [1; 16], realm: fixture.realm, kind: "test".into(), expires_at: at(9999), body: vec![] }
}

/// How often the writer of a test's store was lost.
static LOST: AtomicUsize = AtomicUsize::new(0);

/// Goal: a fault that no order is to blame for never leaves anybody waiting: what waits is in doubt, what comes is not taken,
/// checks go on from memory, and whoever opened the store is told, so that the process can end.
#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_dies_leaves_nobody_waiting_and_says_so() {
    let when_writer_lost = || {
        LOST.fetch_add(1, Ordering::SeqCst);
    };
    let (fixture, store) = fixture_with(Options { when_writer_lost, ..Options::default() }).await;
    let ada = fixture.user("ada").await;
    let held = fixture.sign_on(&ada, at(0)).await;
    store.hold_with(|place| assert_ne!(place, HookPoint::BatchRun, "a fault made by the test"));
    let both = [fixture.end_later(held.presented(), at(1)), fixture.end_later(held.presented(), at(1))];
    for ending in both {
        let answer = tokio::time::timeout(crate::PATIENCE, ending).await.expect("nobody waits for ever");
        assert!(matches!(answer, Err(EndError::Unwritten(_))), "{answer:?}");
    }
    // Somebody has to be told.
    let told = async {
        while fixture.store.ready(at(0)).await.is_ok() || LOST.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await; // Else patience never ends.
        }
    };
    tokio::time::timeout(crate::PATIENCE, told).await.expect("it calls itself ready");
    let later = tokio::time::timeout(crate::PATIENCE, fixture.end(held.presented(), at(2))).await;
    let later = later.expect("nobody waits for ever");
    assert!(matches!(later, Err(EndError::Unwritten(Unwritten::NotTaken(_)))), "{later:?}");
    fixture.expect_live(&held, at(2)).await;
    drop((fixture, store));
    assert_eq!(LOST.load(Ordering::SeqCst), 1, "a store that is closed is not lost");
}

/// Goal: an order that meets a fault of the program costs itself only: those that share its batch are done, those that come
/// are taken, and it is in doubt, so that nobody sends it again at once. Nothing of it is written.
/// Method: the writer is held while three orders come together; the second one panics in the batch and, in the first case,
/// again when it is tried alone.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_panics_costs_itself_only() {
    for again in [true, false] {
        let (fixture, store) = fixture_with(Options::default()).await;
        let ada = fixture.user("ada").await;
        let (one, two) = (fixture.sign_on(&ada, at(0)).await, fixture.sign_on(&ada, at(0)).await);
        let (barrier, runs) = (Barrier::default(), Arc::new(AtomicUsize::new(0)));
        let (held, counted) = (barrier.clone(), Arc::clone(&runs));
        store.hold_with(move |place| match place {
            // Run 0 is the flow's; the batch breaks off with run 2; alone the orders are runs 3, 4 and 5.
            HookPoint::OrderRun => {
                let run = counted.fetch_add(1, Ordering::SeqCst);
                assert!(run != 2 && !(again && run == 4), "a fault made by the test");
            }
            _ => held.come_by(place),
        });
        barrier.shut(HookPoint::BatchRun);
        let first = tokio::spawn(fixture.store.put_flow(flow(&fixture)));
        tokio::task::block_in_place(|| barrier.somebody_waits());
        let before = fixture.end_later(one.presented(), at(1));
        let panics = fixture.store.open_session(fixture.order(&ada), at(1));
        let behind = fixture.end_later(two.presented(), at(1));
        barrier.open();
        first.await.expect("no panic").expect("written");
        before.await.expect("an ending");
        behind.await.expect("an ending");
        let panicked = panics.await;
        if again {
            assert!(matches!(panicked, Err(SignOnError::Unwritten(Unwritten::InDoubt(_)))), "{panicked:?}");
        } else {
            panicked.expect("a sign-on, the second time");
        }
        fixture.expect_dead(&one, at(1)).await;
        fixture.expect_dead(&two, at(1)).await;
        assert_eq!(fixture.live_sessions(&ada, at(1)).await.len(), usize::from(!again));
        fixture.sign_on(&ada, at(2)).await;
        fixture.store.ready(at(0)).await.expect("it goes on");
    }
}

/// Goal: a reader that meets a fault answers "cannot tell", and the next question is answered.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_meets_a_fault_goes_on() {
    let (fixture, store, held) = reopened().await;
    for _ in 0..5 {
        store.hold_with(|place| assert_ne!(place, HookPoint::RowsRead, "a fault made by the test"));
        let check = fixture.store.check(&held.token, false, at(1)).get();
        let check = tokio::time::timeout(crate::PATIENCE, check).await.expect("nobody waits for ever");
        assert!(check.is_err(), "{check:?}");
    }
    store.hold_with(|_| {});
    fixture.expect_live(&held, at(1)).await;
}

/// Goal: what a request waits for is not kept waiting by a long order in the background, which gives way after some rows and goes on later.
/// Method: the writer is held at the long order until a request is queued behind it.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_order_in_the_background_gives_way_to_a_request() {
    let (fixture, store) = fixture_with(Options::default()).await;
    let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
    for _ in 0..100 {
        fixture.sign_on(&ada, at(0)).await;
    }
    fixture.end(EndTarget::User(ada.id), at(1)).await.expect("an ending");
    for _ in 0..60 {
        let held = fixture.sign_on(&bob, at(1)).await;
        fixture.end(held.presented(), at(1)).await.expect("an ending");
    }
    let barrier = Barrier::of(&store);
    let kept = adieu_core::Span::from_s(100);

    let sweep = beside_a_request(&fixture, &barrier, &bob, || fixture.store.sweep(at(2), kept)).await;
    let swept = sweep.await.expect("a sweep");
    assert!((1..100).contains(&swept.sessions) && swept.more, "{swept:?}");
    let rest = fixture.store.sweep(at(2), kept).await.expect("a sweep");
    assert_eq!(swept.sessions + rest.sessions, 100, "nobody waits, so all the rest is one order");

    let taking = beside_a_request(&fixture, &barrier, &bob, || fixture.store.take_endings(at(2))).await;
    assert!(taking.await.expect("a step").more);
    assert!(!fixture.store.take_endings(at(2)).await.expect("a step").more);
}

/// Queues an order while the writer is held, and a sign-on behind it; both are under way then.
async fn beside_a_request<T: Send + 'static>(
    fixture: &Fixture<Sqlite>,
    barrier: &Barrier,
    user: &adieu_core::User,
    order: impl FnOnce() -> adieu_store::Pending<T>,
) -> adieu_store::Pending<T> {
    let sign_on = fixture.order(user);
    barrier.shut(HookPoint::OrderRun);
    let long = order();
    tokio::task::block_in_place(|| barrier.somebody_waits());
    let request = fixture.store.open_session(sign_on, at(2));
    barrier.open();
    request.await.expect("a sign-on");
    long
}
