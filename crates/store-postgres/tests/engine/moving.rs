//! A database as the end and the beginning of a move: where its lines go on, and who may open it meanwhile.
//!
//! What a whole installation is afterwards is a story of the binary's.

use std::sync::Arc;
use std::time::Duration;

use adieu_core::{EndTarget, InstallationKey, ToldUpTo};
use adieu_store::Store;
use adieu_store::suite::{Fixture, at};
use adieu_store_postgres::moving::{DatabaseSource, DatabaseTarget};
use adieu_store_postgres::{OpenError, Options, PostgresStore};
use adieu_store_records::{MOVED_TABLES, MovedOrder, MovedRow, MovedTable, MovedValue};
use adieu_testkit_postgres::Server;

use crate::support::{Postgres, seeded};

const KEY: [u8; 32] = [7; 32];

fn table(name: &str) -> &'static MovedTable {
    MOVED_TABLES.iter().find(|table| table.name == name).expect("it goes over")
}

fn line(number: i64) -> MovedRow {
    vec![MovedValue::Int(number), MovedValue::Int(number), MovedValue::Bytes(vec![])]
}

fn realm() -> MovedRow {
    let text = |text: &str| MovedValue::Text(text.into());
    let zero = || MovedValue::Int(0);
    vec![MovedValue::Bytes(vec![1; 16]), text("/alpha"), zero(), text("when_enrolled"), zero(), zero()]
}

async fn target(database: &str) -> Result<DatabaseTarget, OpenError> {
    let options = Options::of(Server::shared().url(database));
    DatabaseTarget::begin(options, &InstallationKey::from_bytes(KEY), Arc::new(seeded())).await
}

async fn source(database: &str) -> DatabaseSource {
    let options = Options::of(Server::shared().url(database));
    let key = InstallationKey::from_bytes(KEY);
    DatabaseSource::open(options, &key, Arc::new(seeded())).await.expect("nobody serves it")
}

async fn opened(database: &str) -> Result<PostgresStore, OpenError> {
    let options = Options::of(Server::shared().url(database));
    PostgresStore::open(options, &InstallationKey::from_bytes(KEY), Arc::new(seeded())).await
}

/// A database into which these lines came, and how far they were told.
async fn with_lines(numbers: &[i64], told: ToldUpTo, next: u64) -> String {
    let database = Server::shared().fresh_database().await;
    let target = target(&database).await.expect("it is empty");
    target.write(table("realm"), &[realm()]).await.expect("a realm");
    let lines: Vec<MovedRow> = numbers.iter().map(|number| line(*number)).collect();
    target.write(table("ending_line"), &lines).await.expect("lines");
    target.complete(MovedOrder { told, next }).await.expect("whole");
    target.commit().await.expect("it lands");
    database
}

/// Goal: NOTICE-WITH-ENDING: what is told and what is not comes over the lists of lines, and back out of them, as it was; and numbers go on
/// above all that were given.
#[tokio::test]
async fn how_far_endings_were_told_comes_in_and_goes_out() {
    let within = ToldUpTo { line: 4, entry: 1, walk_from: 77 };
    let database = with_lines(&[3, 4, 5, 1027], within, 1028).await;
    let mut moved = source(&database).await;
    let order = moved.order().await.expect("read");
    assert_eq!(order.told, within);
    assert!(order.next >= 1028 && order.next % 1024 == 0, "{order:?}");
    moved.unmark().await.expect("written");

    // List 4 is told to its end, and list 5 is the furthest behind now: of its line nothing was told.
    let client = Server::shared().on(&database).await;
    client
        .execute("UPDATE told_up_to SET line = 1030, entry = 0, walk_from = 0 WHERE lane = 4", &[])
        .await
        .expect("told");
    assert_eq!(source(&database).await.order().await.expect("read").told, ToldUpTo::line(5));
    client.execute("UPDATE told_up_to SET line = 4000, entry = 0, walk_from = 0", &[]).await.expect("told");
    let order = source(&database).await.order().await.expect("read");
    assert_eq!(order.told, ToldUpTo::line(order.next), "nothing is left to be told");
}

/// Goal: ENDED-STAYS-ENDED: a database that is moved away, or was, opens for nobody; one that was not moved after all opens again.
#[tokio::test]
async fn a_database_that_is_moved_away_opens_for_nobody() {
    let database = with_lines(&[], ToldUpTo::line(1), 1).await;
    assert!(matches!(target(&database).await.err(), Some(OpenError::Taken)));
    let mut moved = source(&database).await;
    assert!(matches!(opened(&database).await.err(), Some(OpenError::Moved)));
    moved.unmark().await.expect("written");
    let store = opened(&database).await.expect("it serves on");
    let options = Options::of(Server::shared().url(&database));
    let key = InstallationKey::from_bytes(KEY);
    let served = DatabaseSource::open(options.clone(), &key, Arc::new(seeded())).await;
    assert!(matches!(served.err(), Some(OpenError::InUse(1))));
    let other = InstallationKey::from_bytes([8; 32]);
    let refused = DatabaseSource::open(options, &other, Arc::new(seeded())).await;
    assert!(matches!(refused.err(), Some(OpenError::KeyOfAnother)));
    drop(store);
    opened(&database).await.expect("no mark was left");
}

/// Goal: ENDED-STAYS-ENDED: of a node and a move that begin at the same moment one sees the other.
/// Method: the node has found no mark and waits for its first beat while the database is marked. It serves nothing and says goodbye.
#[tokio::test]
async fn a_node_that_begins_beside_a_move_sees_its_mark() {
    let database = with_lines(&[], ToldUpTo::line(1), 1).await;
    let client = Server::shared().on(&database).await;
    let held = Server::shared().hold_table(&database, "node").await;
    let marked = async {
        held.is_waited_for().await;
        let mark = "INSERT INTO installation(id, key_check) VALUES (1, ''::bytea)";
        client.execute(mark, &[]).await.expect("a mark");
        held.let_go().await;
    };
    let (opened, ()) = tokio::join!(opened(&database), marked);
    assert!(matches!(opened.err(), Some(OpenError::Moved)));
    let living = client.query_one("SELECT count(*) FROM node WHERE seen_at > 0", &[]).await;
    assert_eq!(living.expect("an answer").get::<_, i64>(0), 0);
}

/// Goal: ENDED-STAYS-ENDED, NO-FALSE-NO: a node that was cut off while its installation was moved away says neither yes nor no when it
/// comes back, and ends nothing; if the mark is taken away it goes on.
/// Method: the mark comes to a node that serves, as it does to one that is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_comes_back_after_a_move_answers_nobody() {
    let place = Postgres::of(Server::shared().fresh_database().await);
    let client = Server::shared().on(&place.database).await;
    let beat = |options: &mut Options| options.beat = Duration::from_millis(20);
    let store: Arc<dyn Store> =
        Arc::new(place.open_at(|database| Server::shared().url(database), beat).await);
    let fixture = Fixture::found_on(place, store).await;
    let ada = fixture.user("ada").await;
    let held = fixture.sign_on(&ada, at(0)).await;
    for (mark, answers) in [
        ("INSERT INTO installation(id, key_check) VALUES (1, ''::bytea)", false),
        ("DELETE FROM installation WHERE id = 1", true),
    ] {
        client.execute(mark, &[]).await.expect("a mark");
        let seen = async {
            while fixture.store.check(&held.token, false, at(1)).get().await.is_ok() != answers {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), seen).await.expect("a beat sees the mark");
        let ended = fixture.end(EndTarget::One(held.session.id), at(2)).await;
        assert_eq!(ended.is_ok(), answers, "{ended:?}");
    }
    fixture.expect_dead(&held, at(3)).await;
}

/// Goal: a move that is broken off leaves no installation, and may be given again.
#[tokio::test]
async fn a_move_that_is_broken_off_leaves_nothing() {
    let database = Server::shared().fresh_database().await;
    let begun = target(&database).await.expect("it is empty");
    begun.write(table("realm"), &[realm()]).await.expect("a realm");
    drop(begun);
    let again = target(&database).await.expect("nothing is there");
    again.write(table("realm"), &[realm()]).await.expect("a realm");
    again.complete(MovedOrder { told: ToldUpTo::line(1), next: 1 }).await.expect("whole");
    again.commit().await.expect("it lands");
    opened(&database).await.expect("it serves");
}
