//! Promises about the sweep: it frees space, and no check can tell that it was there.
//!
//! Its hours and batches are the engine's choice; the tests wait long enough for any.

use adieu_core::{EndError, EndTarget, Ended, NotLive, Span};

use crate::suite::fixture::{ABSOLUTE, IDLE, at};
use crate::suite::{Engine, Fixture, notices};
use crate::{Flow, Swept};

/// Tombstones are kept so long in these tests.
const KEPT: Span = Span::from_s(1_000_000);
/// The sweep works by hours: two of them after the last moment everything is due.
const TWO_HOURS: i64 = 7200;

/// Sweeps until there is nothing more to do.
async fn sweep<E: Engine>(fixture: &Fixture<E>, s: i64, keep: Span) -> Swept {
    let mut all = Swept::default();
    loop {
        let swept = fixture.store.sweep(at(s), keep).await.expect("a sweep");
        all.sessions += swept.sessions;
        all.remains += swept.remains;
        if !swept.more {
            return all;
        }
    }
}

/// Goal: what is over goes, what is live or waits for its user stays, and what was touched is not taken for idle.
pub async fn a_sweep_takes_what_is_over_and_nothing_live<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
    let idle = fixture.sign_on(&ada, at(0)).await;
    let touched = fixture.sign_on(&ada, at(0)).await;
    let reset = fixture.sign_on(&ada, at(0)).await;
    let superseded = fixture.sign_on(&bob, at(0)).await;
    fixture.reset(&reset, at(1)).await.expect("a reset");
    fixture.end(EndTarget::User(bob.id), at(1)).await.expect("an ending");
    let now = IDLE.s() + TWO_HOURS;
    for s in (0..now).step_by(500) {
        fixture.store.check(&touched.token, true, at(s)).get().await.expect("an answer");
    }
    fixture.expect_live(&touched, at(now)).await;
    assert_eq!(sweep(&fixture, now, KEPT).await.sessions, 2);
    assert_eq!(sweep(&fixture, now, KEPT).await, Swept::default(), "what is left is left alone");
    fixture.expect_live(&touched, at(now)).await;
    for gone in [&idle, &superseded] {
        assert_eq!(fixture.expect_dead(gone, at(now)).await, NotLive::Unknown);
        assert!(fixture.session_by_id(gone.session.id, at(now)).await.is_none());
        assert!(
            matches!(fixture.end(gone.presented(), at(now)).await, Ok(Ended::Before)),
            "it is remembered"
        );
    }
    assert_eq!(fixture.expect_dead(&reset, at(now)).await, NotLive::Reset, "it still waits for its user");
    let end = ABSOLUTE.s() + TWO_HOURS;
    assert_eq!(sweep(&fixture, end, KEPT).await.sessions, 2);
    for gone in [&touched, &reset] {
        assert!(fixture.session_by_id(gone.session.id, at(end)).await.is_none());
        fixture.expect_dead(gone, at(end)).await;
    }
}

/// Goal: NOTICE-WITH-ENDING: a sweep that finds a session over after longer than tombstones are kept, as after a long stop of the
/// server, leaves what its applications are told from.
pub async fn what_a_sweep_ends_is_told_before_it_goes<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let held = notices::shared(&fixture, &ada, &["shop"]).await;
    let late = ABSOLUTE.s() + TWO_HOURS;
    assert_eq!(sweep(&fixture, late, Span::from_s(0)).await.sessions, 1);
    assert_eq!(notices::take(&fixture, at(late)).await, 1);
    assert!(sweep(&fixture, late + 1, Span::from_s(0)).await.remains > 0);
    let gone = fixture.store.session_record(held.session.id, at(late + 1)).await.expect("an answer");
    assert!(gone.is_none(), "{gone:?}");
}

/// Goal: tombstones, flows and grants go when nobody needs them any more, and not before.
pub async fn a_sweep_takes_remains_and_then_they_are_unknown<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let held = fixture.sign_on(&ada, at(0)).await;
    fixture.end(held.presented(), at(100)).await.expect("an ending");
    notices::take(&fixture, at(100)).await;
    let flow = |n: u8, s| Flow {
        id: [n; 16],
        realm: fixture.realm,
        kind: "login".into(),
        expires_at: at(s),
        body: vec![],
    };
    fixture.store.put_flow(flow(1, 150)).await.expect("written");
    fixture.store.put_flow(flow(2, 9999)).await.expect("written");
    let keep = Span::from_s(50);
    assert_eq!(sweep(&fixture, 149, keep).await, Swept::default());
    assert!(matches!(fixture.end(held.presented(), at(149)).await, Ok(Ended::Before)));
    assert_eq!(sweep(&fixture, 151, keep).await.remains, 2);
    let forgotten = fixture.end(held.presented(), at(151)).await;
    assert!(matches!(forgotten, Err(EndError::UnknownSession)), "{forgotten:?}");
    fixture.expect_dead(&held, at(151)).await;
    assert!(fixture.store.flow([1; 16], "login").await.expect("an answer").is_none());
    assert!(fixture.store.flow([2; 16], "login").await.expect("an answer").is_some());
}

/// Goal: HOME-LIMITS: a sweep takes a batch at a time and says that there is more, so that others get their turn.
pub async fn a_sweep_is_bounded_and_says_when_there_is_more<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let orders = (0..2500).map(|_| fixture.store.open_session(fixture.order(&ada), at(0)));
    for opened in futures_util::future::join_all(orders).await {
        opened.expect("a sign-on");
    }
    let fresh = fixture.sign_on(&ada, at(IDLE.s() + TWO_HOURS)).await;
    let mut rounds = 0;
    let mut gone = 0;
    loop {
        let swept = fixture.store.sweep(at(IDLE.s() + TWO_HOURS), KEPT).await.expect("a sweep");
        assert!(swept.sessions <= 1000, "a batch of {}", swept.sessions);
        gone += swept.sessions;
        rounds += 1;
        fixture.expect_live(&fresh, at(IDLE.s() + TWO_HOURS)).await;
        if !swept.more {
            break;
        }
    }
    assert_eq!(gone, 2500);
    assert!(rounds > 2, "{rounds} rounds");
    assert_eq!(fixture.live_sessions(&ada, at(9000)).await.len(), 1);
}

/// Goal: the count of live sessions takes every one of them once, none that is over, reset or ended, in stretches that are bounded.
pub async fn live_sessions_are_counted_stretch_by_stretch<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    assert_eq!(count(&fixture, 0).await, (0, 1));
    let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
    let [ended, reset] = [fixture.sign_on(&ada, at(0)).await, fixture.sign_on(&ada, at(0)).await];
    fixture.end(ended.presented(), at(1)).await.expect("an ending");
    fixture.reset(&reset, at(1)).await.expect("a reset");
    for n in 0..2_100 {
        fixture.sign_on(if n % 2 == 0 { &ada } else { &bob }, at(1)).await;
    }
    let (live, stretches) = count(&fixture, 2).await;
    assert!(live == 2_100 && stretches > 1, "{live} in {stretches}");
    assert_eq!(count(&fixture, 1 + IDLE.s()).await.0, 0, "idle ones are over");
    fixture.end(EndTarget::User(bob.id), at(2)).await.expect("an ending");
    sweep(&fixture, 2, KEPT).await;
    assert_eq!(count(&fixture, 2).await.0, 1_050, "once the sweep has walked over what ended together");
}

/// How many are live, and in how many stretches they were counted.
async fn count<E: Engine>(fixture: &Fixture<E>, s: i64) -> (u64, u32) {
    let (mut live, mut stretches, mut from) = (0, 0, None);
    loop {
        let count = fixture.store.count_live(from, at(s)).await.expect("a count");
        (live, stretches) = (live + count.live, stretches + 1);
        match count.next {
            Some(next) => from = Some(next),
            None => return (live, stretches),
        }
    }
}
