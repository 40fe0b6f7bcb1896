//! Promises about the end of sessions of which somebody is told: found at their moment, so that they are told in time.
//!
//! Nothing here waits for a sweep. A session that nobody shares, in a realm without subscribers, is left to that.

use adieu_core::{Cause, EndTarget, EndingFilter, NotLive, Span, Subscriber, Timestamp};

use crate::suite::fixture::{ABSOLUTE, IDLE, at};
use crate::suite::{Engine, Fixture, notices, subscribers};

/// Ends what clients share and what is over; says how many sessions those were.
async fn expire<E: Engine>(fixture: &Fixture<E>, now: Timestamp) -> u32 {
    let mut ended = 0;
    loop {
        let swept = fixture.store.expire_shared(now).await.expect("a batch");
        ended += swept.sessions;
        if !swept.more {
            return ended;
        }
    }
}

/// Goal: idle or expired, a session that clients share is ended in the second in which it is over, told with its true moment and
/// cause, and once; also by whoever opens the data after a crash.
pub async fn what_clients_share_is_over_at_its_moment<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let idle = notices::shared(&fixture, &ada, &["shop", "mute"]).await;
    let alone = fixture.sign_on(&ada, at(0)).await;
    assert_eq!(expire(&fixture, Timestamp::from_ms(at(IDLE.s()).ms() - 1)).await, 0);
    fixture.expect_live(&idle, Timestamp::from_ms(at(IDLE.s()).ms() - 1)).await;
    let fixture = fixture.after_crash().await;
    let over = at(IDLE.s());
    assert_eq!(expire(&fixture, over).await, 1, "the one that is shared");
    assert_eq!(expire(&fixture, over).await, 0);
    assert_eq!(notices::take(&fixture, over).await, 2);
    let of_ada = fixture.endings(EndingFilter::default(), 10).await;
    assert_eq!(of_ada.len(), 1, "whoever is alone waits for the sweep");
    let record = of_ada[0].record.as_ref().expect("its record");
    assert_eq!((record.cause, record.at), (Cause::Idle, over));
    assert_eq!(fixture.expect_dead(&alone, over).await, NotLive::Idle);
    // One that is used all the time expires, and what was ended before is not ended twice.
    let (expired, ended) =
        (notices::shared(&fixture, &ada, &["shop"]).await, notices::shared(&fixture, &ada, &["shop"]).await);
    for s in (0..ABSOLUTE.s()).step_by(500) {
        for held in [&expired, &ended] {
            fixture.store.check(&held.token, true, at(s)).get().await.expect("an answer");
        }
    }
    fixture.end(ended.presented(), at(9_000)).await.expect("an ending");
    assert_eq!(expire(&fixture, Timestamp::from_ms(at(ABSOLUTE.s()).ms() - 1)).await, 0);
    assert_eq!(expire(&fixture, at(ABSOLUTE.s())).await, 1);
    let newest = fixture.endings(EndingFilter::default(), 1).await.swap_remove(0);
    let record = newest.record.expect("its record");
    assert_eq!((record.cause, record.at), (Cause::Expired, at(ABSOLUTE.s())));
    fixture.expect_dead(&expired, at(ABSOLUTE.s())).await;
}

/// Goal: NO-FALSE-NO: a session that was used again a moment before is not ended, and is found when it is over then; one whose sign-on
/// was reset tells nobody a second time.
pub async fn what_is_used_again_lives_on_and_is_over_later<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let (held, reset) =
        (notices::shared(&fixture, &ada, &["shop"]).await, notices::shared(&fixture, &ada, &["shop"]).await);
    fixture.reset(&reset, at(2)).await.expect("a reset");
    let last = Timestamp::from_ms(at(IDLE.s()).ms() - 1);
    fixture.store.check(&held.token, true, last).get().await.expect("an answer");
    for s in [0, 1, 500] {
        assert_eq!(expire(&fixture, at(IDLE.s() + s)).await, 0);
        fixture.expect_live(&held, at(IDLE.s() + s)).await;
    }
    let fixture = fixture.after_crash().await;
    let over = last.plus(IDLE);
    assert_eq!(expire(&fixture, Timestamp::from_ms(over.ms() - 1)).await, 0);
    fixture.expect_live(&held, Timestamp::from_ms(over.ms() - 1)).await;
    assert_eq!(expire(&fixture, over).await, 1);
    assert_eq!(notices::take(&fixture, over).await, 2, "the reset one was told of then");
    assert_eq!(fixture.expect_dead(&held, over).await, NotLive::Unknown);
    // A sweep that was first has told of it, and nobody is told twice.
    let swept = notices::shared(&fixture, &ada, &["shop"]).await;
    let late = at(IDLE.s() + 7_200);
    while fixture.store.sweep(late, Span::from_s(1_000_000)).await.expect("a sweep").more {}
    assert_eq!((expire(&fixture, late).await, notices::take(&fixture, late).await), (0, 1));
    fixture.expect_dead(&swept, late).await;
}

/// Goal: HOME-LIMITS: many that are over at one moment end in batches, between which others get their turn; those that ended
/// together before are told of by that ending alone.
pub async fn many_that_are_over_at_once_end_in_bounded_batches<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
    for n in 0..1_100 {
        notices::shared(&fixture, if n % 11 == 0 { &bob } else { &ada }, &["shop"]).await;
    }
    fixture.end(EndTarget::User(bob.id), at(2)).await.expect("an ending");
    let (mut rounds, mut ended) = (0, 0);
    loop {
        let swept = fixture.store.expire_shared(at(IDLE.s())).await.expect("a batch");
        assert!(swept.sessions <= 1000, "a batch of {}", swept.sessions);
        (rounds, ended) = (rounds + 1, ended + swept.sessions);
        if !swept.more {
            break;
        }
    }
    assert!(rounds > 1 && ended == 1_100, "{ended} in {rounds} rounds");
    // Bob's go with one notice, Ada's with one each.
    assert_eq!(notices::take(&fixture, at(IDLE.s())).await, 1_001);
}

/// Goal: a session that began before anybody subscribed to its realm is over at its moment like any other, told with its true moment
/// and cause; so is one that began while the only subscriber was switched off. Those of a realm without subscribers are left to the sweep.
pub async fn what_began_before_the_first_subscriber_is_over_at_its_moment<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let mut held = Vec::new();
    for _ in 0..1_100 {
        held.push(fixture.sign_on(&ada, at(0)).await);
    }
    assert_eq!(expire(&fixture, at(IDLE.s())).await, 0, "nobody is told of them");
    let audit = subscribers::hook("audit", fixture.realm);
    let audit = fixture.store.create_subscriber(audit).await.expect("made");
    assert_eq!(expire(&fixture, Timestamp::from_ms(at(IDLE.s()).ms() - 1)).await, 0);
    let fixture = fixture.after_crash().await;
    fixture.store.check(&held[7].token, true, at(900)).get().await.expect("an answer");
    assert_eq!(expire(&fixture, Timestamp::from_ms(at(IDLE.s()).ms() - 1)).await, 0);
    assert_eq!(expire(&fixture, at(IDLE.s())).await, 1_099);
    assert_eq!(notices::take(&fixture, at(IDLE.s())).await, 1_099);
    let newest = fixture.endings(EndingFilter::default(), 1).await.swap_remove(0);
    let record = newest.record.expect("its record");
    assert_eq!((record.cause, record.at), (Cause::Idle, at(IDLE.s())));
    fixture.expect_live(&held[7], at(1_899)).await;
    assert_eq!(expire(&fixture, at(1_900)).await, 1);

    // Between two looks the subscriber was switched off and on again, and somebody signed on meanwhile.
    expire(&fixture, at(2_000)).await;
    let off = Subscriber { enabled: false, ..audit.clone() };
    let off = fixture.store.edit_subscriber(audit.version, off).await.expect("switched off");
    fixture.sign_on(&ada, at(2_000)).await;
    let on = Subscriber { enabled: true, ..off.clone() };
    fixture.store.edit_subscriber(off.version, on).await.expect("switched on");
    // Others that end in the same hour come and go, and the hour passes.
    for s in [2_001, 2_400, 2_900] {
        fixture.sign_on(&ada, at(s)).await;
        expire(&fixture, at(s)).await;
    }
    assert_eq!(expire(&fixture, at(2_999)).await, 0);
    assert_eq!(expire(&fixture, at(3_000)).await, 1);
    assert_eq!(expire(&fixture, at(3_001)).await, 1);
}

/// Goal: what the sweep puts off is over at its moment, too, in a realm that nobody had subscribed to when it began.
pub async fn what_a_sweep_puts_off_is_over_at_its_moment<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let used = fixture.sign_on(&ada, at(0)).await;
    fixture.store.create_subscriber(subscribers::hook("audit", fixture.realm)).await.expect("made");
    for s in (0..=6_500).step_by(500) {
        fixture.store.check(&used.token, true, at(s)).get().await.expect("an answer");
        if s % 1_500 == 0 {
            while fixture.store.sweep(at(s), Span::from_s(1_000_000)).await.expect("a sweep").more {}
        }
        assert_eq!(expire(&fixture, at(s)).await, 0, "{s}");
    }
    assert_eq!(expire(&fixture, at(7_499)).await, 0);
    assert_eq!(expire(&fixture, at(7_500)).await, 1);
}

/// Goal: NOTICE-WITH-ENDING: an ending of many that comes when the session is over for one clock and not for another is told by
/// one of the two, whoever looks first: the clocks of nodes differ.
pub async fn clocks_that_differ_lose_no_notice<E: Engine>() {
    let (slow, right, fast) = (at(IDLE.s() - 1), at(IDLE.s() + 1), at(IDLE.s() + 3));
    for (ordered, taken, swept) in [
        (fast, fast, slow),
        (fast, right, slow),
        (right, fast, slow),
        (slow, fast, slow),
        (slow, slow, fast),
        (fast, slow, fast),
        (fast, slow, slow),
    ] {
        let fixture = Fixture::<E>::new().await;
        let ada = fixture.user("ada").await;
        notices::shared(&fixture, &ada, &["shop"]).await;
        fixture.end(EndTarget::User(ada.id), ordered).await.expect("an ending");
        let mut owed = notices::take(&fixture, taken).await;
        fixture.store.sweep(swept, Span::from_s(1_000_000)).await.expect("a batch");
        fixture.store.expire_shared(swept).await.expect("a batch");
        fixture.store.sweep(fast.plus(IDLE), Span::from_s(1_000_000)).await.expect("a batch");
        owed += notices::take(&fixture, fast.plus(IDLE)).await;
        assert!(owed >= 1, "ordered at {ordered:?}, taken at {taken:?}, swept at {swept:?}");
    }
}
