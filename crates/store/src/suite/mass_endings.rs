//! Promises about endings of many sessions at once: one write, whatever the count.
//!
//! Generations carry them, so that no order of arrival and no clock can bring a session back.

use adieu_core::{EndTarget, Ended, NotLive, PopulationId, RealmId, SignOnError};

use crate::suite::town::at;
use crate::suite::{Engine, OpenedSession, Town};

/// Goal: NO-STALE-YES for all sessions of a user, and nobody else's; signing on again works at once.
pub async fn all_sessions_of_a_user_end_together<E: Engine>() {
    let town = Town::<E>::new().await;
    let (ada, bob) = (town.user("ada").await, town.user("bob").await);
    let mut hers = Vec::new();
    for _ in 0..5 {
        hers.push(town.sign_on(&ada, at(0)).await);
    }
    let his = town.sign_on(&bob, at(0)).await;
    let Ok(Ended::Now(closed)) = town.end(EndTarget::User(ada.id), at(1)).await else { panic!("not ended") };
    assert_eq!((closed.realm, closed.user, closed.session), (town.realm, Some(ada.id), None));
    for held in &hers {
        assert_eq!(town.expect_dead(held, at(1)).await, NotLive::Generation);
        assert!(matches!(town.end(held.presented(), at(2)).await, Ok(Ended::Before)));
        town.expect_dead(held, at(2)).await;
    }
    town.expect_live(&his, at(2)).await;
    let again = town.sign_on(&ada, at(3)).await;
    town.expect_live(&again, at(3)).await;
    for held in &hers {
        town.expect_dead(held, at(3)).await;
    }
}

/// Goal: a realm's sessions end together, and no other realm's.
pub async fn all_sessions_of_a_realm_end_together<E: Engine>() {
    let town = Town::<E>::new().await;
    let (realm, population) =
        (RealmId::from_uuid(town.chance.uuid()), PopulationId::from_uuid(town.chance.uuid()));
    town.found("/village", realm, population).await;
    let (ada, bob) = (town.user("ada").await, town.user("bob").await);
    let villager = adieu_core::User { realm, population, ..town.nobody_yet("carol") };
    let carol = town.store.create_user(adieu_core::NewUser { user: villager }).await.expect("a user");
    let (hers, his) = (town.sign_on(&ada, at(0)).await, town.sign_on(&bob, at(0)).await);
    let apart = town.sign_on(&carol, at(0)).await;
    assert!(matches!(town.end(EndTarget::Realm(town.realm), at(1)).await, Ok(Ended::Now(_))));
    for held in [&hers, &his] {
        assert_eq!(town.expect_dead(held, at(1)).await, NotLive::Generation);
    }
    town.expect_live(&apart, at(1)).await;
    let again = town.sign_on(&bob, at(2)).await;
    town.expect_live(&again, at(2)).await;
    assert!(matches!(town.end(EndTarget::User(bob.id), at(3)).await, Ok(Ended::Now(_))));
    for held in [&hers, &his, &again] {
        town.expect_dead(held, at(4)).await;
    }
}

/// Goal: "all but mine" never makes mine look ended, and ends all the others.
pub async fn all_but_one_spares_that_one<E: Engine>() {
    let town = Town::<E>::new().await;
    let ada = town.user("ada").await;
    let mine = town.sign_on(&ada, at(0)).await;
    let mut others: Vec<OpenedSession> = Vec::new();
    for n in 1..6 {
        others.push(town.sign_on(&ada, at(n)).await);
        let order = EndTarget::UserBut { user: ada.id, keep: mine.session.id };
        assert!(matches!(town.end(order, at(n)).await, Ok(Ended::Now(_))));
        town.expect_live(&mine, at(n)).await;
        for other in &others {
            town.expect_dead(other, at(n)).await;
        }
    }
    let town = town.after_crash().await;
    town.expect_live(&mine, at(6)).await;
    for other in &others {
        town.expect_dead(other, at(6)).await;
    }
    town.end(EndTarget::User(ada.id), at(7)).await.expect("an ending");
    town.expect_dead(&mine, at(7)).await;
}

/// Goal: ENDED-STAYS-ENDED, sparing revives nothing: not what is over, and not somebody else's.
pub async fn all_but_one_spares_nothing_that_is_not_live_or_not_theirs<E: Engine>() {
    let town = Town::<E>::new().await;
    let (ada, bob) = (town.user("ada").await, town.user("bob").await);
    let his = town.sign_on(&bob, at(0)).await;
    let ended = town.sign_on(&ada, at(0)).await;
    let reset = town.sign_on(&ada, at(0)).await;
    let superseded = town.sign_on(&ada, at(0)).await;
    let idle = town.sign_on(&ada, at(0)).await;
    town.end(ended.presented(), at(1)).await.expect("an ending");
    town.reset(&reset, at(1)).await.expect("a reset");
    town.end(EndTarget::User(ada.id), at(2)).await.expect("an ending");
    for (keep, now) in [(&his, 3), (&ended, 3), (&reset, 3), (&superseded, 3), (&idle, 1000)] {
        let other = town.sign_on(&ada, at(now)).await;
        let order = EndTarget::UserBut { user: ada.id, keep: keep.session.id };
        assert!(matches!(town.end(order, at(now)).await, Ok(Ended::Now(_))));
        for held in [&ended, &reset, &superseded, &idle, &other] {
            town.expect_dead(held, at(now)).await;
        }
    }
    town.expect_live(&his, at(4)).await;
    town.end(EndTarget::User(bob.id), at(5)).await.expect("an ending");
    town.expect_dead(&his, at(5)).await;
}

/// Goal: ENDED-STAYS-ENDED: a password that was proven before the mass ending opens nothing after it.
pub async fn a_sign_on_that_races_a_mass_ending_is_refused<E: Engine>() {
    let town = Town::<E>::new().await;
    let ada = town.user("ada").await;
    let held = town.sign_on(&ada, at(0)).await;
    let order = |target| (town.order(&ada), town.order(&ada), target);
    let (proven, renewing, target) = order(EndTarget::User(ada.id));
    let renewing = adieu_core::SignOnOrder { previous: Some(held.token.clone()), ..renewing };
    town.end(target, at(1)).await.expect("an ending");
    for late in [proven, renewing] {
        let refused = town.store.open_session(late, at(2)).await;
        assert!(matches!(refused, Err(SignOnError::Superseded)), "{refused:?}");
    }
    town.expect_dead(&held, at(2)).await;
}
