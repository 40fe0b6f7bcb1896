//! The line of endings: one a commit, appended by the batch; what a full disk and a restore leave of it.
//!
//! What the index of endings promises is in the contract suite.

use std::collections::BTreeSet;
use std::sync::Arc;

use adieu_core::{Cause, EndTarget, EndedReach, EndingFilter, SessionToken};
use adieu_store::suite::{Chance, Engine, Fixture, OpenedSession, at};
use adieu_store_sqlite::backup::{Existing, back_up, restore};
use adieu_store_sqlite::{HookPoint, Options};
use rusqlite::Connection;

use crate::support::{self, Sqlite};
use crate::{Barrier, fixture_with};

/// The lines of a folder: their numbers and the lengths of their bodies.
fn lines(fixture: &Fixture<Sqlite>) -> Vec<(i64, i64)> {
    let db = Connection::open(fixture.engine.path().join("adieu.db")).expect("the database");
    let mut statement =
        db.prepare("SELECT seq, length(body) FROM ending_line ORDER BY seq").expect("a statement");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
    rows.collect::<rusqlite::Result<_>>().expect("numbers")
}

/// Goal: endings of many people at once cost one row more and nothing else: those that wait for a commit share its line, of 20
/// bytes each, and a commit that ends nothing has none.
/// Method: the writer is held at an order while the others come.
#[tokio::test(flavor = "multi_thread")]
async fn the_endings_of_a_commit_share_a_line() {
    let (fixture, store) = fixture_with(Options::default()).await;
    let ada = fixture.user("ada").await;
    let mut held = Vec::new();
    for _ in 0..20 {
        held.push(fixture.sign_on(&ada, at(0)).await);
    }
    assert_eq!(lines(&fixture), [], "nobody has ended anything");
    let barrier = Barrier::of(&store);
    barrier.shut(HookPoint::OrderRun);
    let first = fixture.end_later(held[0].presented(), at(1));
    tokio::task::block_in_place(|| barrier.somebody_waits());
    let others: Vec<_> = held[1..].iter().map(|held| fixture.end_later(held.presented(), at(2))).collect();
    barrier.open();
    let mut ids =
        BTreeSet::from([fixture.id_of(&first.await.expect("an ending")).expect("an id").to_string()]);
    for other in others {
        ids.insert(fixture.id_of(&other.await.expect("an ending")).expect("an id").to_string());
    }
    fixture.end(held[0].presented(), at(3)).await.expect("it was over");
    assert_eq!((lines(&fixture), ids.len()), (vec![(1, 20), (2, 19 * 20)], 20));
}

/// Goal: HOME-LIMITS: on a disk without room an ending counts more than its line: it is taken without an id; what has an id is
/// found by it, over a crash; and when there is room again endings have ids again.
#[tokio::test]
async fn an_ending_in_a_full_database_stands_without_its_line() {
    let (fixture, _) = fixture_with(Options { pages_max: Some(120), ..Options::default() }).await;
    let ada = fixture.user("ada").await;
    let mut held = Vec::new();
    loop {
        let order = fixture.order(&ada);
        let secret = order.secret.clone();
        let Ok(done) = fixture.store.open_session(order, at(0)).await else { break };
        let token = SessionToken { id: done.session.id, secret };
        held.push(OpenedSession { session: done.session, token });
    }
    let mut ids = Vec::new();
    let mut without = 0;
    for held in &held {
        let Ok(ended) = fixture.end(held.presented(), at(1)).await else { continue };
        match fixture.id_of(&ended) {
            Some(id) => ids.push((id, held.session.id)),
            None => without += 1,
        }
        fixture.expect_dead(held, at(2)).await;
    }
    assert!(without > 0, "{} of {} had room", ids.len(), held.len());
    let fixture = fixture.after_crash().await;
    for (id, session) in ids {
        let found = fixture.store.ending(id).await.expect("an answer").expect("it is found");
        assert!(matches!(found.reach, EndedReach::Session { id, .. } if id == session), "{found:?}");
    }
    let fresh = fixture.sign_on(&ada, at(3)).await; // The new store has no such limit.
    assert!(fixture.id_of(&fixture.end(fresh.presented(), at(4)).await.expect("an ending")).is_some());
}

/// Goal: a restore is an ending of all that the backup knew, and an id that the original gave since the backup names nothing of
/// the restored installation, however much ends there.
#[tokio::test]
async fn a_restore_stands_in_the_index_and_gives_no_id_again() {
    let fixture = Fixture::<Sqlite>::new().await;
    let ada = fixture.user("ada").await;
    let shop = fixture.client("shop").await;
    let known = fixture.sign_on(&ada, at(0)).await;
    let before =
        fixture.id_of(&fixture.end(known.presented(), at(1)).await.expect("an ending")).expect("an id");
    let backup = fixture.engine.path().with_file_name("backup");
    back_up(&fixture.engine.path(), &backup, at(2)).expect("a backup");
    let mut later = Vec::new();
    for _ in 0..5 {
        let held = fixture.sign_on(&ada, at(3)).await;
        later.push(
            fixture.id_of(&fixture.end(held.presented(), at(3)).await.expect("an ending")).expect("an id"),
        );
    }
    let place = Sqlite::fresh().await;
    restore(&backup, &place.path(), Existing::Keep, at(4)).expect("a restore");
    let store = support::open(&place.path(), Options::default()).expect("it opens");
    let chance = Chance::of(fixture.chance.number());
    let (realm, population) = (fixture.realm, fixture.population);
    let restored = Fixture { engine: place, store: Arc::new(store), realm, population, chance };
    for s in 5..15 {
        let held = restored.sign_on(&ada, at(s)).await;
        let id =
            fixture.id_of(&restored.end(EndTarget::One(held.session.id), at(s)).await.expect("an ending"));
        assert!(!later.contains(&id.expect("an id")));
    }
    for id in later {
        assert!(restored.store.ending(id).await.expect("an answer").is_none());
    }
    assert!(restored.store.ending(before).await.expect("an answer").is_some(), "the backup knew it");
    let by = EndingFilter { cause: Some(Cause::Restored), ..EndingFilter::default() };
    let reached: Vec<_> = restored.endings(by, 10).await.into_iter().map(|one| one.reach).collect();
    assert_eq!(reached, [EndedReach::Realm, EndedReach::Client(shop.id)]);
}
