//! Promises about many orders at once: no error, no loss, one first.
//!
//! Orders are all given before the first is waited for, so that they meet inside the engine.

use std::collections::BTreeSet;

use adieu_core::{EndError, Ended, SessionToken, SignOnError, Unwritten};
use futures_util::future::join_all;

use crate::suite::fixture::at;
use crate::suite::{Engine, Fixture, OpenedSession};

/// Signs on `count` times at once, user by user in turn.
async fn storm<E: Engine>(
    fixture: &Fixture<E>,
    users: &[adieu_core::User],
    count: usize,
) -> Vec<OpenedSession> {
    let orders: Vec<_> = (0..count).map(|n| fixture.order(&users[n % users.len()])).collect();
    let secrets: Vec<_> = orders.iter().map(|order| order.secret.clone()).collect();
    let done = join_all(orders.into_iter().map(|order| fixture.store.open_session(order, at(0)))).await;
    let held = done.into_iter().zip(secrets).map(|(done, secret)| {
        let session = done.expect("a sign-on").session;
        OpenedSession { token: SessionToken { id: session.id, secret }, session }
    });
    held.collect()
}

/// Goal: 64 sign-ons of one user at once, as a test runner's machines do them: none fails, none gets another's.
pub async fn sign_ons_of_one_user_at_once_all_go_through<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let held = storm(&fixture, &[ada], 64).await;
    let ids: BTreeSet<_> = held.iter().map(|h| h.session.id).collect();
    assert_eq!(ids.len(), 64);
    for held in &held {
        fixture.expect_live(held, at(1)).await;
    }
}

/// Goal: the same of many users, and after a crash all of them are there.
pub async fn sign_ons_of_many_users_at_once_all_go_through<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let mut users = Vec::new();
    for n in 0..16 {
        users.push(fixture.user(&format!("user-{n}")).await);
    }
    let held = storm(&fixture, &users, 1024).await;
    let fixture = fixture.after_crash().await;
    let ids: BTreeSet<_> = held.iter().map(|h| h.session.id).collect();
    assert_eq!(ids.len(), 1024);
    for held in &held {
        assert!(matches!(fixture.check(&held.token, at(1)).await, adieu_core::Check::Live(_)));
    }
}

/// Goal: of many who end the same session at once, one did it; the others hear that it was over.
pub async fn of_many_endings_at_once_one_is_the_first<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    for _ in 0..10 {
        let held = fixture.sign_on(&ada, at(0)).await;
        let answers = join_all((0..16).map(|_| fixture.end(held.presented(), at(1)))).await;
        let first = answers.iter().filter(|answer| matches!(answer, Ok(Ended::Now(_)))).count();
        let before = answers.iter().filter(|answer| matches!(answer, Ok(Ended::Before))).count();
        assert_eq!((first, before), (1, 15));
        fixture.expect_dead(&held, at(1)).await;
    }
}

/// Goal: HOME-LIMITS: more orders at once than fit are taken or refused as "not taken", never half; what was
/// acknowledged is there, and afterwards everything goes on.
pub async fn a_flood_is_refused_clearly_and_loses_nothing<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let orders: Vec<_> = (0..40_000).map(|_| fixture.order(&ada)).collect();
    let flood: Vec<_> = orders.into_iter().map(|order| fixture.store.open_session(order, at(0))).collect();
    let (mut taken, mut refused) = (0, 0);
    for answer in join_all(flood).await {
        match answer {
            Ok(_) => taken += 1,
            Err(SignOnError::Unwritten(Unwritten::NotTaken(_))) => refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(taken + refused, 40_000);
    let fixture = fixture.after_crash().await;
    let listed = fixture.store.count_live_sessions(ada.id, at(1)).await.expect("a count");
    assert_eq!(listed, taken, "what was acknowledged is there, what was refused is not");
    let held = fixture.sign_on(&ada, at(2)).await;
    fixture.expect_live(&held, at(2)).await;
    let nothing =
        fixture.end(adieu_core::EndTarget::One(adieu_core::SessionId::from_bytes([1; 16])), at(2)).await;
    assert!(matches!(nothing, Err(EndError::UnknownSession)), "{nothing:?}");
}
