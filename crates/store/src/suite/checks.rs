//! Promises about checks, looks, activity and amendments.
//!
//! Nothing in them ever makes a session live again.

use std::collections::BTreeMap;

use adieu_core::{AmendError, AmendOrder, Amendment, NotLive, SessionId, SessionToken, Span};

use crate::suite::fixture::{ABSOLUTE, IDLE, at};
use crate::suite::{Engine, Fixture};
use adieu_core::Check;

/// Goal: exactly the right secret for exactly the right name; everything else is unknown, and unknown is an answer.
pub async fn a_check_knows_one_token_and_no_other<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let (one, two) = (fixture.sign_on(&ada, at(0)).await, fixture.sign_on(&ada, at(0)).await);
    let crossed = SessionToken { id: one.session.id, secret: two.token.secret.clone() };
    let mut beside = one.session.id.to_bytes();
    beside[15] ^= 1;
    let beside = SessionToken { id: SessionId::from_bytes(beside), secret: one.token.secret.clone() };
    let nothing = SessionToken { id: SessionId::from_bytes([0; 16]), secret: one.token.secret.clone() };
    for wrong in [crossed, beside, nothing] {
        assert!(matches!(fixture.check(&wrong, at(1)).await, Check::Not(NotLive::Unknown)));
    }
    assert!(fixture.session_by_id(SessionId::from_bytes(fixture.chance.bytes()), at(1)).await.is_none());
    fixture.expect_live(&one, at(1)).await;
    fixture.expect_live(&two, at(1)).await;
}

/// Goal: NO-STALE-YES by time alone: no sweep has to come by.
pub async fn limits_end_a_session_at_the_moment_they_name<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let idle = fixture.sign_on(&ada, at(0)).await;
    fixture.expect_live(&idle, at(IDLE.s() - 1)).await;
    assert_eq!(fixture.expect_dead(&idle, at(IDLE.s())).await, NotLive::Idle);

    let busy = fixture.sign_on(&ada, at(0)).await;
    for s in (0..ABSOLUTE.s()).step_by(500) {
        let check = fixture.store.check(&busy.token, true, at(s)).get().await.expect("an answer");
        assert!(matches!(check, Check::Live(_)), "at {s} s");
    }
    fixture.expect_live(&busy, at(ABSOLUTE.s() - 1)).await;
    assert_eq!(fixture.expect_dead(&busy, at(ABSOLUTE.s())).await, NotLive::Expired);
}

/// Goal: an administrator who looks does not keep a session alive; a user at work does.
pub async fn only_touching_counts_as_activity<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let held = fixture.sign_on(&ada, at(0)).await;
    let id = held.session.id;
    for s in [300, 600, 900] {
        fixture.expect_live(&held, at(s)).await;
    }
    assert_eq!(fixture.session_by_id(id, at(900)).await.expect("there").seen_at, at(0));
    fixture.store.check(&held.token, true, at(900)).get().await.expect("an answer");
    assert_eq!(fixture.session_by_id(id, at(901)).await.expect("there").seen_at, at(900));
    fixture.expect_live(&held, at(1899)).await;
    fixture.store.session_by_id(id, true, at(1800)).get().await.expect("an answer");
    fixture.expect_live(&held, at(2799)).await;
    assert_eq!(fixture.expect_dead(&held, at(2800)).await, NotLive::Idle);
    // Touching a session that is over, or with another secret, revives nothing.
    fixture.store.check(&held.token, true, at(2800)).get().await.expect("an answer");
    fixture.store.session_by_id(id, true, at(2800)).get().await.expect("an answer");
    assert_eq!(fixture.expect_dead(&held, at(2801)).await, NotLive::Idle);
    let other = fixture.sign_on(&ada, at(0)).await;
    let forged = SessionToken { id: other.session.id, secret: held.token.secret.clone() };
    fixture.store.check(&forged, true, at(900)).get().await.expect("an answer");
    assert_eq!(fixture.expect_dead(&other, at(1000)).await, NotLive::Idle);
}

/// Goal: activity is not durable at every check, but a crash forgets at most a tenth of the idle time of it.
pub async fn a_crash_forgets_no_more_activity_than_the_grain<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let held = fixture.sign_on(&ada, at(0)).await;
    let grain = held.session.seen_grain();
    for s in 0..=500 {
        fixture.store.check(&held.token, true, at(s)).get().await.expect("an answer");
    }
    fixture.engine.activity_is_written(&fixture.store).await;
    let fixture = fixture.after_crash().await;
    let known = fixture.session_by_id(held.session.id, at(500)).await.expect("there").seen_at;
    assert!(known <= at(500) && at(500).since(known) <= grain, "{known:?}");
    fixture.expect_live(&held, at(500 + IDLE.s() - grain.s() - 1)).await;
}

/// Goal: ENDED-STAYS-ENDED against writes to a session that come late.
pub async fn a_session_is_amended_while_it_is_live_and_never_after<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let held = fixture.sign_on(&ada, at(0)).await;
    let set = |name: &str, value: &str| {
        let values = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        AmendOrder { session: held.session.id, amendment: Amendment::Properties(values) }
    };
    let later = AmendOrder { session: held.session.id, amendment: Amendment::ExpiresAt(at(20_000)) };
    fixture.store.amend(set("colour", "blue"), at(1)).await.expect("amended");
    fixture.store.amend(set("size", "large"), at(2)).await.expect("amended");
    fixture.store.amend(set("colour", "red"), at(3)).await.expect("amended");
    fixture.store.amend(later.clone(), at(4)).await.expect("amended");
    let session = fixture.session_by_id(held.session.id, at(5)).await.expect("there").session;
    let expect = BTreeMap::from([("colour".into(), "red".into()), ("size".into(), "large".into())]);
    assert_eq!((&session.properties, session.expires_at), (&expect, at(20_000)));
    fixture.expect_live(&held, at(5)).await;

    fixture.reset(&held, at(6)).await.expect("a reset");
    for order in [set("colour", "green"), later.clone()] {
        assert!(matches!(fixture.store.amend(order, at(7)).await, Err(AmendError::NotLive)));
    }
    fixture.end(adieu_core::EndTarget::One(held.session.id), at(8)).await.expect("an ending");
    for order in [set("colour", "green"), later] {
        assert!(matches!(fixture.store.amend(order, at(9)).await, Err(AmendError::NotLive)));
    }
    fixture.expect_dead(&held, at(9)).await;
    let expired = fixture.sign_on(&ada, at(10)).await;
    let order = AmendOrder { session: expired.session.id, amendment: Amendment::ExpiresAt(at(99_999)) };
    let late = at(10).plus(IDLE).plus(Span::from_s(1));
    assert!(matches!(fixture.store.amend(order, late).await, Err(AmendError::NotLive)));
    assert_eq!(fixture.expect_dead(&expired, late).await, NotLive::Idle);
}
