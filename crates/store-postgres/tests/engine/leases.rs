//! What a node was telling when it died: another one tells it, and waits for no lease to run out.
//!
//! The clock of the notices is the test's; nodes live by the database's.

use std::sync::Arc;
use std::time::Duration;

use adieu_core::{
    EndTarget, Ended, EndingPlace, NoticeAnswer, SealedCredential, Settlement, Subscriber, SubscriberKind,
    Version,
};
use adieu_store::suite::{Fixture, at};
use adieu_store::{LeaseOrder, LeasedNotice, Store};
use adieu_testkit_postgres::Server;

use crate::support::Postgres;

async fn leased(store: &Arc<dyn Store>) -> Vec<LeasedNotice> {
    let order = LeaseOrder { until: at(40), most: 100, reserved: 0, most_each: 7, busy: Default::default() };
    store.lease_notices(order, at(10)).await.expect("leased").notices
}

async fn beating(place: &Postgres) -> Arc<dyn Store> {
    let url = |database: &str| Server::shared().url(database);
    Arc::new(place.open_at(url, |options| options.beat = Duration::from_millis(250)).await)
}

/// Goal: NOTICE-WITH-ENDING: what a node has leased and not settled when it goes is given to another one at once, once; and what a node
/// that lives has leased is not.
/// Method: the clock of the notices stands still, so no lease runs out.
#[tokio::test]
async fn what_a_dead_node_was_telling_is_told_by_another_one() {
    let fixture = Fixture::<Postgres>::new().await;
    let ada = fixture.user("ada").await;
    let hook = Subscriber {
        id: "audit".parse().expect("a name"),
        realm: fixture.realm,
        kind: SubscriberKind::Webhook { causes: vec![] },
        address: "https://audit.example.test/hook".into(),
        enabled: true,
        credential: SealedCredential::from_bytes(vec![1, 2, 3]),
        previous: None,
        told_from: EndingPlace::of(0, 0).expect("a place"),
        version: Version::FIRST,
        created_at: at(0),
        updated_at: at(0),
    };
    fixture.store.create_subscriber(hook).await.expect("made");
    let held = fixture.sign_on(&ada, at(1)).await;
    let ended = fixture.end(EndTarget::One(held.session.id), at(2)).await;
    assert!(matches!(ended, Ok(Ended::Now(_))), "{ended:?}");

    // It beats without its test: a place that keeps no handle of it.
    let place = Postgres::of(fixture.engine.database.clone());
    let first = beating(&place).await;
    assert_eq!(first.take_endings(at(9)).await.expect("a step").receipts, 1);
    let given = leased(&first).await;
    assert_eq!(given.len(), 1);
    let second = beating(&Postgres::of(fixture.engine.database.clone())).await;
    assert!(leased(&second).await.is_empty(), "the first one lives and tries it");

    drop((first, place));
    let again = async {
        loop {
            let given = leased(&second).await;
            if !given.is_empty() {
                return given;
            }
            tokio::task::yield_now().await;
        }
    };
    // The lease of the first one runs out at a moment that this clock never comes to.
    let again = tokio::time::timeout(Duration::from_secs(10), again).await.expect("it is given out again");
    assert_eq!(again.iter().map(|one| one.receipt.key()).collect::<Vec<_>>(), [given[0].receipt.key()]);
    assert!(leased(&second).await.is_empty(), "once");
    let settlement = Settlement {
        key: again[0].receipt.key(),
        lease: at(40),
        began_at: at(10),
        answer: NoticeAnswer::Status { code: 200, retry_after: None },
        said: None,
        chance: 0,
    };
    let settled = second.settle_notice(settlement, at(11)).await.expect("settled");
    assert!(settled.is_some_and(|receipt| receipt.state.is_settled()));
    let client = Server::shared().on(&fixture.engine.database).await;
    let gone = client.query_one("SELECT count(*) FROM node WHERE seen_at = 0", &[]).await.expect("a count");
    assert_eq!(gone.get::<_, i64>(0), 0, "the dead node is forgotten");
}

/// Goal: how large the database is stands in the figures.
#[tokio::test]
async fn figures_say_how_large_the_database_is() {
    let fixture = Fixture::<Postgres>::new().await;
    assert!(fixture.store.figures().bytes.database > 100_000);
}
