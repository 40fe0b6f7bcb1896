//! Orders that hold a whole realm, while others use it without a break.
//!
//! Both what a crowd does to it and what it does to a crowd.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use adieu_core::{EndTarget, Ended, NotLive};
use adieu_store::Store;
use adieu_store::suite::{Engine, Fixture, at};
use adieu_testkit_postgres::Server;

use crate::support::Postgres;

/// Goal: ONE-SLOW-HURTS-NONE the other way round: an order that ends all of a realm comes through although sign-ons of two nodes share the
/// realm without a break, and nobody who signed on before it is live behind it.
#[tokio::test]
async fn a_realm_ends_under_a_storm_of_sign_ons() {
    let fixture = Fixture::<Postgres>::new().await;
    let other = fixture.engine.open_beside().await.expect("a second node");
    let mut users = Vec::new();
    for n in 0..16 {
        users.push(fixture.user(&format!("user-{n}")).await);
    }
    let before = fixture.sign_on(&users[0], at(0)).await;
    let stop = Arc::new(AtomicBool::new(false));
    let storms: Vec<_> = users
        .iter()
        .enumerate()
        .map(|(n, user)| {
            let store: Arc<dyn Store> =
                if n % 2 == 0 { Arc::clone(&fixture.store) } else { Arc::clone(&other) };
            let orders: Vec<_> = (0..400).map(|_| fixture.order(user)).collect();
            let stop = Arc::clone(&stop);
            tokio::spawn(async move {
                for order in orders {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    // Refused once the realm has ended: what was proven before does not count.
                    let _ = store.open_session(order, at(1)).await;
                }
            })
        })
        .collect();
    for _ in 0..3 {
        let ended = fixture.end(EndTarget::Realm(fixture.realm), at(2)).await;
        assert!(matches!(ended, Ok(Ended::Now(_))), "{ended:?}");
        assert_ne!(fixture.expect_dead(&before, at(3)).await, NotLive::Idle);
    }
    stop.store(true, Ordering::Relaxed);
    for storm in storms {
        storm.await.expect("a storm");
    }
    for user in &users {
        assert!(fixture.live_sessions(user, at(3)).await.is_empty());
    }
}

/// Goal: the same with many nodes: whoever ends all of a realm has a turn within a second or two, however many share the realm.
/// Method: six nodes with four writing connections each sign on without a break, until the ending was answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ending_of_a_realm_has_its_turn_among_sign_ons_of_many_nodes() {
    let fixture = Fixture::<Postgres>::new().await;
    let mut nodes: Vec<Arc<dyn Store>> = Vec::new();
    for _ in 0..6 {
        let url = |database: &str| Server::shared().url(database);
        nodes.push(Arc::new(fixture.engine.open_at(url, |options| options.writers = 4).await));
    }
    let stop = Arc::new(AtomicBool::new(false));
    let mut storms = Vec::new();
    for n in 0..96 {
        let user = fixture.user(&format!("user-{n}")).await;
        let (store, stop, order) =
            (Arc::clone(&nodes[n % nodes.len()]), Arc::clone(&stop), fixture.order(&user));
        storms.push(tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                // Refused once the realm has ended: it is looked up all the same.
                let _ = store.open_session(order.clone(), at(1)).await;
            }
        }));
    }
    for n in 0..3 {
        let begun_at = tokio::time::Instant::now();
        let ended = fixture.end(EndTarget::Realm(fixture.realm), at(2)).await;
        assert!(matches!(ended, Ok(Ended::Now(_))), "{ended:?}");
        let took = begun_at.elapsed();
        assert!(took < Duration::from_secs(3), "ending {n} took {took:?}");
    }
    stop.store(true, Ordering::Relaxed);
    for storm in storms {
        storm.await.expect("a storm");
    }
}
