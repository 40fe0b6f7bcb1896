//! Promises about the end of sessions in which clients take part: found at their moment, so that the clients are told of it.
//!
//! Nothing here waits for a sweep. A session that nobody shares is left to that.

use adieu_core::{Cause, EndTarget, EndingFilter, NotLive, Span, Timestamp};

use crate::suite::fixture::{ABSOLUTE, IDLE, at};
use crate::suite::{Engine, Fixture, notices};

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
