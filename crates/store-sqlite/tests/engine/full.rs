//! A database that may not grow any more: clear answers, nothing acknowledged is lost, and it goes on when there is
//! room again. HOME-LIMITS.

use adieu_core::Check;
use adieu_core::{EndError, EndTarget, Hindrance, SignOnError, Unwritten, User};
use adieu_store::Flow;
use adieu_store::suite::{Engine, Fixture, OpenedSession, at};
use adieu_store_sqlite::Options;

use crate::fixture_with;
use crate::support::{self, Sqlite};

/// Pages that the schema and a few hundred sessions fit into.
const PAGES: u32 = 120;

async fn cramped() -> (Fixture<Sqlite>, User) {
    let (fixture, _) = fixture_with(Options { pages_max: Some(PAGES), ..Options::default() }).await;
    let ada = fixture.user("ada").await;
    (fixture, ada)
}

fn flow(fixture: &Fixture<Sqlite>, n: u16) -> Flow {
    let mut id = [0; 16];
    id[..2].copy_from_slice(&n.to_be_bytes());
    Flow { id, realm: fixture.realm, kind: "fill".into(), expires_at: at(60), body: vec![7; 2000] }
}

/// Signs on until there is no room; gives what was acknowledged.
async fn sign_on_until_full(fixture: &Fixture<Sqlite>, user: &User) -> Vec<OpenedSession> {
    let mut held = Vec::new();
    loop {
        let order = fixture.order(user);
        let secret = order.secret.clone();
        match fixture.store.open_session(order, at(0)).await {
            Ok(done) => {
                let token = adieu_core::SessionToken { id: done.session.id, secret };
                held.push(OpenedSession { session: done.session, token });
            }
            Err(SignOnError::Unwritten(_)) => return held,
            Err(other) => panic!("{other:?}"),
        }
        assert!(held.len() < 100_000, "there is no limit");
    }
}

/// Goal: when the database is full of sessions nothing acknowledged is lost, every session can still be checked, and
/// all sessions of a user can still be ended.
#[tokio::test]
async fn a_full_database_keeps_what_it_acknowledged() {
    let (fixture, ada) = cramped().await;
    let held = sign_on_until_full(&fixture, &ada).await;
    assert!(held.len() > 100, "{}", held.len());
    for _ in 0..10 {
        let refused = fixture.store.open_session(fixture.order(&ada), at(1)).await;
        assert!(matches!(refused, Err(SignOnError::Unwritten(Unwritten::NotTaken(_)))), "{refused:?}");
    }
    for held in &held {
        assert!(matches!(fixture.check(&held.token, at(1)).await, Check::Live(_)));
    }
    assert_eq!(fixture.live_sessions(&ada, at(1)).await.len(), held.len());
    let mut ended = Vec::new();
    let mut kept = Vec::new();
    for held in &held[..50] {
        match fixture.end(held.presented(), at(2)).await {
            Ok(_) => ended.push(held),
            Err(EndError::Unwritten(Unwritten::NotTaken(_))) => kept.push(held),
            Err(other) => panic!("{other:?}"),
        }
    }
    for held in &ended {
        fixture.expect_dead(held, at(3)).await;
    }
    for held in &kept {
        assert!(matches!(fixture.check(&held.token, at(3)).await, Check::Live(_)));
    }
    assert!(!ended.is_empty(), "an ending frees more than its tombstone takes");
    fixture.end(EndTarget::User(ada.id), at(4)).await.expect("a mass ending needs no room");
    let fixture = fixture.after_crash().await;
    for held in &held {
        fixture.expect_dead(held, at(5)).await;
    }
}

/// Goal: a user ends all sessions but the one in use when the database is full, too.
#[tokio::test]
async fn all_but_one_end_in_a_full_database() {
    let (fixture, ada) = cramped().await;
    let held = sign_on_until_full(&fixture, &ada).await;
    let (spared, others) = held.split_first().expect("sessions");
    let all_but = EndTarget::UserBut { user: ada.id, keep: spared.session.id };
    fixture.end(all_but, at(4)).await.expect("a mass ending needs no room");
    let fixture = fixture.after_crash().await;
    fixture.expect_live(spared, at(5)).await;
    for held in others {
        fixture.expect_dead(held, at(5)).await;
    }
}

/// Goal: space that was freed is used: the sweep takes old flows away, and sign-ons go on.
#[tokio::test]
async fn room_that_was_freed_is_used_again() {
    let (fixture, ada) = cramped().await;
    let early = fixture.sign_on(&ada, at(0)).await;
    let mut filled = 0;
    let refused = loop {
        match fixture.store.put_flow(flow(&fixture, filled)).await {
            Ok(()) => filled += 1,
            Err(refused) => break refused,
        }
    };
    assert!(matches!(refused, Unwritten::NotTaken(_)), "{refused:?}");
    let some = sign_on_until_full(&fixture, &ada).await;
    while fixture
        .store
        .sweep(at(61), adieu_core::Span::from_s(1000))
        .await
        .expect("a sweep needs no room")
        .more
    {}
    let more = sign_on_until_full(&fixture, &ada).await;
    assert!(more.len() > some.len() + 50, "{} and then {}", some.len(), more.len());
    for held in some.iter().chain(&more).chain([&early]) {
        assert!(matches!(fixture.check(&held.token, at(62)).await, Check::Live(_)));
    }
    // And a limit that was raised is a limit that was raised.
    let engine = fixture.engine.after_crash().await;
    let store = support::open(&engine.path(), Options::default()).expect("the store opens");
    let fixture = Fixture { engine, store: std::sync::Arc::new(store), ..fixture };
    let held = fixture.sign_on(&ada, at(63)).await;
    fixture.expect_live(&held, at(63)).await;
}

/// Goal: one order that does not fit spoils no other one of its batch.
#[tokio::test]
async fn one_order_that_does_not_fit_spoils_only_its_own_answer() {
    let (fixture, ada) = cramped().await;
    let held = fixture.sign_on(&ada, at(0)).await;
    let large = Flow { body: vec![7; PAGES as usize * 4096], ..flow(&fixture, 1) };
    let mut orders = Vec::new();
    for _ in 0..20 {
        let sign_on = fixture.store.open_session(fixture.order(&ada), at(1));
        orders.push((sign_on, fixture.store.put_flow(large.clone())));
    }
    let ending = fixture.end_later(held.presented(), at(1));
    for (sign_on, large) in orders {
        sign_on.await.expect("a sign-on");
        let refused = large.await;
        assert!(matches!(refused, Err(Unwritten::NotTaken(_))), "{refused:?}");
    }
    ending.await.expect("an ending");
    fixture.expect_dead(&held, at(2)).await;
    assert_eq!(fixture.live_sessions(&ada, at(2)).await.len(), 20);
}

/// Goal: F-38: a store that has no room says so to whoever asks how it is, and why, whatever small orders still fit; when there is
/// room again it says that, too.
#[tokio::test]
async fn a_full_store_says_why_it_is_not_ready() {
    let (fixture, ada) = cramped().await;
    let held = fixture.sign_on(&ada, at(0)).await;
    fixture.store.ready(at(0)).await.expect("ready");
    for n in 0.. {
        match fixture.store.put_flow(flow(&fixture, n)).await {
            Ok(()) => {}
            Err(refused) => {
                assert_eq!(refused.hindrance(), Some(Hindrance::DiskFull));
                break;
            }
        }
    }
    for s in [1, 5] {
        fixture.end(held.presented(), at(s)).await.expect("an ending needs no room");
        let outage = fixture.store.ready(at(s)).await.expect_err("not ready");
        assert_eq!(outage.hindrance(), Some(Hindrance::DiskFull), "after {s} s");
        assert_eq!(fixture.store.figures().hindrance, Some(Hindrance::DiskFull));
    }
    while fixture.store.sweep(at(61), adieu_core::Span::from_s(1000)).await.expect("a sweep").more {}
    assert!(fixture.store.ready(at(9)).await.is_err(), "it is not tried at every question");
    fixture.store.ready(at(61)).await.expect("ready again");
    assert_eq!(fixture.store.figures().hindrance, None);
    assert!(fixture.store.figures().bytes.database > 0);
}
