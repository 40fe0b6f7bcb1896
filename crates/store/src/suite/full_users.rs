//! Promises about users whose places are used up: what gives way to a new session, and what does not.
//!
//! Nobody signs on so often in a test: the engine puts copies of a session where the places are to be full.

use adieu_core::{Check, EndTarget, Locator, SignOnError, User};

use crate::suite::fixture::at;
use crate::suite::{Engine, Fixture, OpenedSession, notices};

const LAST: u32 = Locator::SLOTS - 1;

/// The slot of a session of this user.
fn slot(user: &User, held: &OpenedSession) -> u64 {
    held.session.locator.number() - user.key.slot(0).expect("a slot").number()
}

/// Goal: NOTICE-WITH-ENDING: behind the last place a new session takes one where nothing lies, and no tombstone.
pub async fn a_new_session_lies_in_a_gap_first<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let shared = notices::shared(&fixture, &ada, &["shop"]).await;
    let other = fixture.sign_on(&ada, at(0)).await;
    fixture.end(shared.presented(), at(2)).await.expect("an ending");
    fixture.engine.fill_slots(&fixture.store, &other.session, LAST..=LAST).await;
    let next = fixture.sign_on(&ada, at(3)).await;
    assert_eq!(slot(&ada, &next), 2, "0 is a tombstone, 1 a session");
    fixture.expect_live(&next, at(3)).await;
    assert_eq!(notices::take(&fixture, at(4)).await, 1, "the application is told of the first one");
}

/// Goal: NOTICE-WITH-ENDING, HOME-LIMITS: where no place is empty, a tombstone gives way once its ending was told; until then a
/// sign-on is refused, and writes nothing.
pub async fn a_tombstone_gives_way_only_when_it_was_told<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let shared = notices::shared(&fixture, &ada, &["shop"]).await;
    let (old, new) = (fixture.sign_on(&ada, at(0)).await, fixture.sign_on(&ada, at(0)).await);
    fixture.engine.fill_slots(&fixture.store, &new.session, 3..=LAST).await;
    let refused = fixture.store.open_session(fixture.order_now(&ada).await, at(1)).await;
    assert!(matches!(refused, Err(SignOnError::TooMany)), "all are live: {refused:?}");
    fixture.end(shared.presented(), at(2)).await.expect("an ending");
    let refused = fixture.store.open_session(fixture.order_now(&ada).await, at(3)).await;
    assert!(matches!(refused, Err(SignOnError::TooMany)), "the application is to be told: {refused:?}");
    assert_eq!(notices::take(&fixture, at(4)).await, 1);
    fixture.end(new.presented(), at(4)).await.expect("an ending");
    fixture.end(old.presented(), at(5)).await.expect("an ending");
    for expect in [0, 2, 1] {
        let next = fixture.sign_on(&ada, at(6)).await;
        assert_eq!(slot(&ada, &next), expect, "the oldest one gives way");
        assert!(matches!(fixture.check(&next.token, at(6)).await, Check::Live(_)));
    }
    for over in [&shared, &old, &new] {
        fixture.expect_dead(over, at(7)).await;
    }
    let nobody = fixture.end(EndTarget::One(shared.session.id), at(7)).await;
    assert!(nobody.is_err(), "nothing is left of it: {nobody:?}");
}
