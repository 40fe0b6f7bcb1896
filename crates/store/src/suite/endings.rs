//! Promises about endings of one session.
//!
//! Success is an answer here, and from that answer on no check says live (NO-STALE-YES).

use adieu_core::{
    Actor, EndError, EndKind, EndOrder, EndTarget, Ended, NotLive, PresentedToken, RealmId, SessionId,
    SessionToken, State, UserId,
};

use crate::suite::fixture::{ABSOLUTE, IDLE, at};
use crate::suite::{Engine, Fixture};

/// Goal: ENDED-IS-DURABLE and NO-STALE-YES for each way to name one session; a second order ends nothing twice.
pub async fn an_ending_ends_for_good_and_the_second_one_says_before<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    for n in 0..3 {
        let held = fixture.sign_on(&ada, at(0)).await;
        let id = held.session.id;
        let target = match n {
            0 => held.presented(),
            1 => EndTarget::One(id),
            _ => EndTarget::OneOf { user: ada.id, session: id },
        };
        let Ok(Ended::Now(closed)) = fixture.end(target.clone(), at(1)).await else { panic!("not ended") };
        assert_eq!((closed.realm, closed.user, closed.session), (fixture.realm, Some(ada.id), Some(id)));
        assert_eq!(fixture.expect_dead(&held, at(1)).await, NotLive::Unknown);
        assert!(fixture.session_by_id(id, at(1)).await.is_none());
        for target in [held.presented(), EndTarget::One(id), EndTarget::OneOf { user: ada.id, session: id }] {
            assert!(matches!(fixture.end(target, at(2)).await, Ok(Ended::Before)));
        }
        fixture.expect_dead(&held, at(2)).await;
    }
}

/// Goal: another secret, another user or another realm ends nothing, and all of them hear the same.
pub async fn an_order_ends_nothing_that_it_does_not_mean<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
    let held = fixture.sign_on(&ada, at(0)).await;
    let id = held.session.id;
    let forged = SessionToken { id, secret: fixture.order(&ada).secret };
    let elsewhere = Some(RealmId::from_uuid(fixture.chance.uuid()));
    let nobody = UserId::from_uuid(fixture.chance.uuid());
    let strange = SessionId::from_bytes(fixture.chance.bytes());
    let orders = [
        fixture.ending(EndTarget::Token(PresentedToken::from(&forged))),
        fixture.ending(EndTarget::OneOf { user: bob.id, session: id }),
        fixture.ending(EndTarget::OneOf { user: nobody, session: id }),
        fixture.ending(EndTarget::One(strange)),
        fixture.ending(EndTarget::User(nobody)),
        fixture.ending(EndTarget::UserBut { user: nobody, keep: id }),
        fixture.ending(EndTarget::Realm(RealmId::from_uuid(fixture.chance.uuid()))),
        fixture.ending(EndTarget::Grants("nobodys".parse().expect("a client id"))),
        EndOrder { realm: elsewhere, ..fixture.ending(held.presented()) },
        EndOrder { realm: elsewhere, ..fixture.ending(EndTarget::One(id)) },
        EndOrder { realm: elsewhere, ..fixture.ending(EndTarget::User(ada.id)) },
        EndOrder { realm: elsewhere, ..fixture.ending(EndTarget::UserBut { user: ada.id, keep: id }) },
        EndOrder { realm: elsewhere, ..fixture.ending(EndTarget::Realm(fixture.realm)) },
    ];
    for order in orders {
        let answer = fixture.store.end(order.clone(), at(1)).await;
        assert!(matches!(answer, Err(EndError::UnknownSession)), "{order:?}: {answer:?}");
        fixture.expect_live(&held, at(1)).await;
    }
}

/// Goal: an administrator does not saw off their own branch.
pub async fn the_callers_own_session_is_spared<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let (own, other) = (fixture.sign_on(&ada, at(0)).await, fixture.sign_on(&ada, at(0)).await);
    let order = |session| EndOrder {
        spare: Some(own.session.id),
        within: None,
        ..fixture.ending(EndTarget::OneOf { user: ada.id, session })
    };
    let refused = fixture.store.end(order(own.session.id), at(1)).await;
    assert!(matches!(refused, Err(EndError::CallersOwn)), "{refused:?}");
    fixture.expect_live(&own, at(1)).await;
    fixture.store.end(order(other.session.id), at(1)).await.expect("an ending");
    fixture.expect_dead(&other, at(1)).await;
}

/// Goal: a reset ends the sign-on for good and keeps the id; to everybody it is nobody's session.
pub async fn a_reset_keeps_the_name_and_nothing_else<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let held = fixture.sign_on(&ada, at(0)).await;
    let id = held.session.id;
    assert!(matches!(fixture.reset(&held, at(1)).await, Ok(Ended::Now(_))));
    assert_eq!(fixture.expect_dead(&held, at(1)).await, NotLive::Reset);
    let found = fixture.session_by_id(id, at(1)).await.expect("the id is kept");
    assert_eq!((found.session.state, found.session.epoch), (State::Reset, 1));
    assert!(found.session.methods.is_empty() && found.session.properties.is_empty());
    let reset_by = found.session.reset_by.as_deref().expect("how its sign-on ended");
    assert_eq!((reset_by.at, &reset_by.actor), (at(1), &Actor::Operator));
    assert!(matches!(fixture.reset(&held, at(2)).await, Ok(Ended::Before)));
    // Nobody's: its user does not have it, and its dead token ends nothing.
    let of_user = fixture.end(EndTarget::OneOf { user: ada.id, session: id }, at(2)).await;
    assert!(matches!(of_user, Err(EndError::UnknownSession)), "{of_user:?}");
    assert!(matches!(fixture.end(held.presented(), at(2)).await, Ok(Ended::Before)));
    assert!(fixture.session_by_id(id, at(2)).await.is_some());
    // By its id it can be taken away, and then there is nothing left to reset.
    assert!(matches!(fixture.end(EndTarget::One(id), at(3)).await, Ok(Ended::Before)));
    assert!(fixture.session_by_id(id, at(3)).await.is_none());
    assert!(matches!(fixture.reset(&held, at(4)).await, Err(EndError::UnknownSession)));
    fixture.expect_dead(&held, at(4)).await;
}

/// Goal: an ending never claims work that time has done; what has expired can not be reset.
pub async fn what_time_has_ended_was_over_before<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    for (late, why) in [(at(IDLE.s()), NotLive::Idle), (at(ABSOLUTE.s()), NotLive::Expired)] {
        let held = fixture.sign_on(&ada, at(0)).await;
        if why == NotLive::Expired {
            for s in (0..ABSOLUTE.s()).step_by(500) {
                fixture.store.check(&held.token, true, at(s)).get().await.expect("an answer");
            }
        }
        assert_eq!(fixture.expect_dead(&held, late).await, why);
        assert!(matches!(fixture.reset(&held, late).await, Err(EndError::UnknownSession)));
        assert!(matches!(fixture.end(held.presented(), late).await, Ok(Ended::Before)));
        assert!(
            fixture.session_by_id(held.session.id, late).await.is_none(),
            "what is over and ended is gone"
        );
        assert_eq!(fixture.expect_dead(&held, at(1)).await, NotLive::Unknown, "even if the clock goes back");
    }
}

/// Goal: a second native logout hears "it was over", a forged token "never heard of it" (the tombstones' purpose).
pub async fn ended_and_never_heard_of_are_two_answers<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let ended = fixture.sign_on(&ada, at(0)).await;
    let ended_with_others = fixture.sign_on(&ada, at(0)).await;
    fixture.end(ended.presented(), at(1)).await.expect("an ending");
    fixture.end(EndTarget::User(ada.id), at(2)).await.expect("an ending");
    let fixture = fixture.after_crash().await;
    for held in [&ended, &ended_with_others] {
        assert!(matches!(fixture.end(held.presented(), at(3)).await, Ok(Ended::Before)));
        let forged = SessionToken { id: held.session.id, secret: fixture.order(&ada).secret };
        let forged = fixture.end(EndTarget::Token(PresentedToken::from(&forged)), at(3)).await;
        assert!(matches!(forged, Err(EndError::UnknownSession)), "{forged:?}");
    }
    let order = EndOrder { kind: EndKind::Reset, ..fixture.ending(EndTarget::One(ended.session.id)) };
    assert!(matches!(fixture.store.end(order, at(4)).await, Err(EndError::UnknownSession)));
}
