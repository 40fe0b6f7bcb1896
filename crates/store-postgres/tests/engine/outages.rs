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

        // Whoever asks next is answered, at the latest when the last connection has been given up.
        let mut check = fixture.store.check(&held.token, false, at(3)).get().await;
        for _ in 0..100 {
            if check.is_ok() {
                break;
            }
            check = fixture.store.check(&held.token, false, at(3)).get().await;
        }
        assert!(check.is_ok(), "{back:?}: {check:?}");
        assert!(matches!(fixture.check(&other.token, at(3)).await, Check::Not(_)), "{back:?}");
        // The order that was not confirmed may have been carried out, or not; given again it is.
        let ended = fixture.end(EndTarget::One(held.session.id), at(3)).await;
        assert!(ended.is_ok(), "{back:?}: {ended:?}");
        fixture.expect_dead(&held, at(4)).await;
    }
}
