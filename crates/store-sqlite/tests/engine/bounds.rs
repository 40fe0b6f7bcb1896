//! What stays bounded: the map, and the sweep in a crowded store; and the causes that the sweep writes down.
//!
//! A small map is slower, never wrong.

use adieu_core::Check;
use adieu_core::{EndTarget, GrantId, SessionToken};
use adieu_store::suite::{Fixture, IDLE, at};
use adieu_store::{Sessions, Upkeep};
use adieu_store_sqlite::Options;
use rusqlite::Connection;

use crate::fixture_with;
use crate::support::Sqlite;

/// Goal: HOME-LIMITS, the map keeps its bound whatever comes by, and no answer depends on what is in it.
#[tokio::test]
async fn a_small_map_stays_small_and_right() {
    let (fixture, store) = fixture_with(Options { sessions_cached_max: 64, ..Options::default() }).await;
    let mut users = Vec::new();
    for n in 0..10 {
        users.push(fixture.user(&format!("user-{n}")).await);
    }
    let orders: Vec<_> = (0..3000).map(|n| fixture.order(&users[n % 10])).collect();
    let secrets: Vec<_> = orders.iter().map(|order| order.secret.clone()).collect();
    let waiting: Vec<_> = orders.into_iter().map(|order| store.open_session(order, at(0))).collect();
    let mut tokens = Vec::new();
    for (done, secret) in waiting.into_iter().zip(secrets) {
        tokens.push(SessionToken { id: done.await.expect("a sign-on").session.id, secret });
        assert!(store.figures().sessions_cached <= 65, "{:?}", store.figures());
    }
    for n in (0..3000).step_by(3) {
        fixture.end(EndTarget::One(tokens[n].id), at(1)).await.expect("an ending");
    }
    for _ in 0..2 {
        for (n, token) in tokens.iter().enumerate() {
            let live = matches!(fixture.check(token, at(2)).await, Check::Live(_));
            assert_eq!(live, n % 3 != 0, "session {n}");
            assert!(store.figures().sessions_cached <= 65, "{:?}", store.figures());
        }
    }
}

/// Goal: ONE-ROAD for expiry: a sweep's endings have the cause that a check would have named.
#[tokio::test]
async fn a_sweep_writes_down_why_each_session_was_over() {
    let (fixture, _) = fixture_with(Options::default()).await;
    let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
    let idle = fixture.sign_on(&ada, at(0)).await;
    let expired = fixture.sign_on(&ada, at(0)).await;
    let superseded = fixture.sign_on(&bob, at(0)).await;
    for s in (0..10_000).step_by(500) {
        fixture.store.check(&expired.token, true, at(s)).get().await.expect("an answer");
    }
    fixture.end(EndTarget::User(bob.id), at(1)).await.expect("an ending");
    let now = at(10_000 + 7200);
    while fixture.store.sweep(now, adieu_core::Span::from_ms(i64::MAX)).await.expect("a sweep").more {}
    for (held, why) in [(&idle, "idle"), (&expired, "expired"), (&superseded, "administrator")] {
        assert_eq!(cause(&fixture, held.session.locator.number()), why);
    }
}

fn cause(fixture: &Fixture<Sqlite>, locator: u64) -> String {
    let database = Connection::open(fixture.engine.path().join("adieu.db")).expect("a database");
    let sql = "SELECT detail ->> 'why' FROM session WHERE locator = ?1 AND state = 2";
    let locator = i64::try_from(locator).expect("63 bits");
    database.query_row(sql, [locator], |row| row.get(0)).expect("a tombstone")
}

/// Goal: HOME-LIMITS, ONE-SLOW-HURTS-NONE: however much is over, a sweep's commit stays short, and others come between.
#[tokio::test]
async fn a_sweep_of_a_crowd_lets_others_come_between() {
    let (fixture, _) = fixture_with(Options::default()).await;
    let ada = fixture.user("ada").await;
    let waiting: Vec<_> = (0..4000).map(|_| fixture.store.open_session(fixture.order(&ada), at(0))).collect();
    for done in waiting {
        done.await.expect("a sign-on");
    }
    let now = IDLE.s() + 7200;
    let mut held = fixture.sign_on(&ada, at(now)).await;
    let mut rounds = 0;
    loop {
        let sweep = fixture.store.sweep(at(now), adieu_core::Span::from_ms(i64::MAX));
        let ending = fixture.end_later(held.presented(), at(now));
        ending.await.expect("an ending");
        fixture.expect_dead(&held, at(now)).await;
        let swept = sweep.await.expect("a sweep");
        assert!(swept.sessions <= 500, "{swept:?}");
        held = fixture.sign_on(&ada, at(now)).await;
        rounds += 1;
        if !swept.more {
            break;
        }
    }
    assert!(rounds >= 8, "{rounds}");
    assert!(fixture.store.grant(GrantId::from_number(1)).get().await.expect("an answer").is_none());
}

/// Goal: ONE-SLOW-HURTS-NONE: what a user has ended costs nobody's sign-on: the list that is counted holds what is live and
/// little else, whether sessions end one by one, with a sign-on between them, or together.
#[tokio::test]
async fn the_list_of_live_sessions_keeps_little_that_has_ended() {
    let (fixture, _) = fixture_with(Options::default()).await;
    let ada = fixture.user("ada").await;
    let stays = fixture.sign_on(&ada, at(0)).await;
    // The first sign-on of each time takes off what the time before has left; one that left very many has cleared them itself.
    for (times, most) in [(90, 91), (90, 91), (1_100, 1_024)] {
        let mut held = Vec::new();
        for _ in 0..times {
            held.push(fixture.sign_on(&ada, at(1)).await);
        }
        for one in &held {
            fixture.end(one.presented(), at(2)).await.expect("an ending");
        }
        assert!(listed(&fixture) <= most, "{} entries", listed(&fixture));
    }
    fixture.sign_on(&ada, at(3)).await;
    assert_eq!(listed(&fixture), 2, "a sign-on takes the rest off");
    fixture.expect_live(&stays, at(4)).await;
}

/// Entries of the list of sessions that may be live.
fn listed(fixture: &Fixture<Sqlite>) -> i64 {
    let db = Connection::open(fixture.engine.path().join("adieu.db")).expect("the database");
    db.query_row("SELECT count(*) FROM user_live", [], |row| row.get(0)).expect("a count")
}

/// Goal: HOME-LIMITS: records of endings of many go when no session needs them any more and history is over.
#[tokio::test]
async fn records_of_endings_of_many_go_with_history() {
    let (fixture, _) = fixture_with(Options::default()).await;
    let (ada, shop) = (fixture.user("ada").await, fixture.client("shop").await);
    let held = fixture.sign_on(&ada, at(0)).await;
    for target in [EndTarget::User(ada.id), EndTarget::Realm(fixture.realm)] {
        fixture.end(target, at(1)).await.expect("an ending");
    }
    fixture.remove_client(&shop.id, None).await.expect("removed"); // What it held ends with it.
    let records = || {
        let database = Connection::open(fixture.engine.path().join("adieu.db")).expect("a database");
        let sql = "SELECT count(*), sum(done) FROM mass_ending";
        let count = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?));
        database.query_row(sql, [], count).expect("a count")
    };
    assert_eq!(records(), (3, Some(1)), "a client's holds no session to look for");
    let kept = adieu_core::Span::from_s(100);
    while fixture.store.sweep(at(2), kept).await.expect("a sweep").more {}
    assert_eq!(records(), (3, Some(3)));
    assert_eq!(cause(&fixture, held.session.locator.number()), "administrator");
    fixture.store.take_endings(at(2)).await.expect("a step");
    while fixture.store.sweep(at(101), kept).await.expect("a sweep").more {}
    assert_eq!(records(), (0, None));
}
