//! Lists of lines: whoever is gone leaves its own to others, and whoever lives keeps it.
//!
//! How long ago a node has shown that it lives is written by the test: nobody waits for that.

use std::sync::Arc;

use adieu_core::{EndTarget, Ended, User};
use adieu_store::Store;
use adieu_store::suite::{Engine, Fixture, at};
use adieu_testkit_postgres::Server;

use crate::support::Postgres;

/// Lists that there are, and nodes that were never missed nor said goodbye.
async fn counted(database: &str) -> (i64, i64) {
    let client = Server::shared().on(database).await;
    let counted = "SELECT (SELECT count(*) FROM lane), (SELECT count(*) FROM node WHERE seen_at > 0)";
    let row = client.query_one(counted, &[]).await.expect("counts");
    (row.get(0), row.get(1))
}

/// Ends a session at a store of its own, so that this store takes a list of lines.
async fn end_one(fixture: &Fixture<Postgres>, ada: &User, store: &Arc<dyn Store>) {
    let held = fixture.sign_on(ada, at(0)).await;
    let ended = store.end(fixture.ending(EndTarget::One(held.session.id)), at(1)).await;
    assert!(matches!(ended, Ok(Ended::Now(_))), "{ended:?}");
}

/// Goal: HOME-LIMITS: there are 1,024 lists of lines, and a store that was closed leaves its own to the next one: a thousand commands in an
/// hour leave some.
#[tokio::test]
async fn a_store_that_was_closed_leaves_its_lists_to_the_next_one() {
    let fixture = Fixture::<Postgres>::new().await;
    let ada = fixture.user("ada").await;
    let database = fixture.engine.database.clone();
    let (before, nodes) = counted(&database).await;
    for _ in 0..10 {
        let place = Postgres::of(database.clone());
        let store: Arc<dyn Store> = Arc::new(place.open_one().await);
        end_one(&fixture, &ada, &store).await;
        drop((store, place));
        while counted(&database).await.1 > nodes {
            tokio::task::yield_now().await;
        }
    }
    let (after, _) = counted(&database).await;
    assert!(after <= before + 2, "{after} lists, and {before} before");
}

/// Goal: the lists of a node that died come free once it has not shown for some seconds that it lives, and those of one that lives do not;
/// a node that was taken for dead and is not goes on.
#[tokio::test]
async fn lists_of_the_dead_are_taken_over_and_those_of_the_living_are_not() {
    let fixture = Fixture::<Postgres>::new().await;
    let ada = fixture.user("ada").await;
    let database = fixture.engine.database.clone();
    let client = Server::shared().on(&database).await;
    let open = async || fixture.engine.open_beside().await.expect("one more node");
    let (dead, living) = (open().await, open().await);
    end_one(&fixture, &ada, &dead).await;
    end_one(&fixture, &ada, &living).await;
    let (lists, _) = counted(&database).await;
    let other = open().await;
    end_one(&fixture, &ada, &other).await;
    assert!(counted(&database).await.0 > lists, "whoever lives keeps its list");

    // Beats come meanwhile: it is dead for all who look before the next one.
    let is_dead = "UPDATE lane SET node = 1";
    client.execute(is_dead, &[]).await.expect("written");
    let (lists, _) = counted(&database).await;
    let last = open().await;
    end_one(&fixture, &ada, &last).await;
    assert_eq!(counted(&database).await.0, lists, "a list of the dead is taken over");
    // Each of them finds out that its list is another one's, and takes another.
    for store in [&dead, &living, &other, &last] {
        end_one(&fixture, &ada, store).await;
    }
    let endings = fixture.endings(Default::default(), 100).await;
    assert_eq!(endings.len(), 8, "each ending stands in the index once");
}
