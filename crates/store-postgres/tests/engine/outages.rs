//! A database that is away, or stands still: nobody is told a "no" that is none, and all goes on by itself afterwards.
//!
//! The server is the test's own.

use std::sync::Arc;
use std::time::Duration;

use adieu_core::{Check, EndError, EndTarget, Ended};
use adieu_store::Store;
use adieu_store::suite::{Fixture, at};
use adieu_testkit_postgres::{Mishap, Server};

use crate::support::Postgres;

/// Goal: NO-FALSE-NO, NO-STALE-YES: with the database away or standing still a check is told neither yes nor no, an ending is not taken or
/// in doubt, and both go on by themselves when it is back; what was answered before is so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_database_nothing_is_said_and_nothing_is_lost() {
    for (away, back) in [(Mishap::Stop, Mishap::Start), (Mishap::Freeze, Mishap::Thaw)] {
        let server = Server::start();
        let place = Postgres::of(server.fresh_database().await);
        let store = place
            .open_at(
                |database| server.url(database),
                |options| {
                    options.statement_timeout = Duration::from_millis(500);
                    options.connect_timeout = Duration::from_millis(500);
                },
            )
            .await;
        let store: Arc<dyn Store> = Arc::new(store);
        let fixture = Fixture::found_on(place, store).await;
        let ada = fixture.user("ada").await;
        let (held, other) = (fixture.sign_on(&ada, at(0)).await, fixture.sign_on(&ada, at(0)).await);
        let ended = fixture.end(EndTarget::One(other.session.id), at(1)).await;
        assert!(matches!(ended, Ok(Ended::Now(_))), "{ended:?}");

        server.suffer(away);
        for token in [&held.token, &other.token] {
            let check = fixture.store.check(token, false, at(2)).get().await;
            assert!(check.is_err(), "{away:?}: {check:?}");
        }
        let ended = fixture.end(EndTarget::One(held.session.id), at(2)).await;
        assert!(matches!(ended, Err(EndError::Unwritten(_))), "{away:?}: {ended:?}");
        server.suffer(back);

        // Until a beat is answered, whoever asks is refused at once.
        let soon = async {
            while fixture.store.check(&held.token, false, at(3)).get().await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        let soon = tokio::time::timeout(Duration::from_secs(10), soon).await;
        assert!(soon.is_ok(), "{back:?}: nobody is answered");
        assert!(matches!(fixture.check(&other.token, at(3)).await, Check::Not(_)), "{back:?}");
        // The order that was not confirmed may have been carried out, or not; given again it is.
        let ended = fixture.end(EndTarget::One(held.session.id), at(3)).await;
        assert!(ended.is_ok(), "{back:?}: {ended:?}");
        fixture.expect_dead(&held, at(4)).await;
    }
}

/// Goal: with the database away or standing still an order is refused soon, whatever a statement may take, and the next ones at once; within
/// a second of its coming back they are taken again.
/// Method: nothing is known of when a statement would have ended by itself: it might take ten seconds, the test waits for fewer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_are_refused_soon_and_taken_soon() {
    for (away, back) in [(Mishap::Stop, Mishap::Start), (Mishap::Freeze, Mishap::Thaw)] {
        let server = Server::start();
        let place = Postgres::of(server.fresh_database().await);
        let beat = |options: &mut adieu_store_postgres::Options| options.beat = Duration::from_millis(250);
        let store: Arc<dyn Store> = Arc::new(place.open_at(|database| server.url(database), beat).await);
        let fixture = Fixture::found_on(place, store).await;
        let ada = fixture.user("ada").await;
        let held = fixture.sign_on(&ada, at(0)).await;
        let end = async |most: Duration| {
            let ended = fixture.end_later(EndTarget::One(held.session.id), at(2));
            tokio::time::timeout(most, ended)
                .await
                .unwrap_or_else(|_| panic!("{away:?}: no word in {most:?}"))
        };

        server.suffer(away);
        // The first one may have been on its way.
        let first = end(Duration::from_secs(5)).await;
        assert!(matches!(first, Err(EndError::Unwritten(_))), "{away:?}: {first:?}");
        let next = end(Duration::from_secs(1)).await;
        assert!(matches!(next, Err(EndError::Unwritten(_))), "{away:?}: {next:?}");
        let check = tokio::time::timeout(
            Duration::from_secs(1),
            fixture.store.check(&held.token, false, at(2)).get(),
        );
        assert!(check.await.expect("a word").is_err(), "{away:?}");
        server.suffer(back);

        let soon = async {
            while fixture.end(EndTarget::One(held.session.id), at(3)).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(2), soon).await.expect("orders are taken again");
        fixture.expect_dead(&held, at(4)).await;
    }
}
