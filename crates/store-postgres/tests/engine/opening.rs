//! Opening a store: by many nodes at once, and with the wrong key.
//!
//! What is refused is left as it was.

use std::sync::Arc;

use adieu_core::InstallationKey;
use adieu_store_postgres::{OpenError, Options, PostgresStore};
use adieu_testkit_postgres::Server;
use futures_util::future::join_all;

use crate::support::{Postgres, seeded};

/// Goal: nodes that start at the same moment on an empty database bring its schema up once, and all of them serve.
#[tokio::test]
async fn nodes_that_start_together_make_one_schema() {
    let place = Postgres::of(Server::shared().fresh_database().await);
    join_all((0..5).map(|_| place.open_one())).await;
}

/// Goal: a node with the key of another installation is refused before it writes anything.
#[tokio::test]
async fn a_node_with_another_key_is_refused() {
    let database = Server::shared().fresh_database().await;
    let place = Postgres::of(database.clone());
    place.open_one().await;
    let options = Options::of(Server::shared().url(&database));
    let other = InstallationKey::from_bytes([8; 32]);
    let refused = PostgresStore::open(options, &other, Arc::new(seeded())).await;
    assert!(matches!(refused, Err(OpenError::KeyOfAnother)));
}

/// Goal: a schema of a later version is left alone.
#[tokio::test]
async fn a_later_schema_is_refused() {
    let database = Server::shared().fresh_database().await;
    let place = Postgres::of(database.clone());
    place.open_one().await;
    let client = Server::shared().on(&database).await;
    client.batch_execute("UPDATE adieu_schema SET number = 1000").await.expect("written");
    let options = Options::of(Server::shared().url(&database));
    let key = InstallationKey::from_bytes([7; 32]);
    let refused = PostgresStore::open(options, &key, Arc::new(seeded())).await;
    assert!(matches!(refused, Err(OpenError::TooNew { found: 1000, .. })));
}

/// Goal: decision 0081: a database user who may not make tables, as PostgreSQL 15 has it in the schema of everybody, is told so at once.
#[tokio::test]
async fn a_user_who_may_make_no_tables_is_told_so() {
    let database = Server::shared().fresh_database().await;
    let client = Server::shared().on(&database).await;
    let name = format!("stranger_{database}");
    client
        .batch_execute(&format!("REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE ROLE {name} LOGIN"))
        .await
        .expect("made");
    let url = Server::shared().url(&database).replace("user=adieu", &format!("user={name}"));
    let options = Options::of(url);
    let key = InstallationKey::from_bytes([7; 32]);
    let opened = PostgresStore::open(options, &key, Arc::new(seeded()));
    let refused = tokio::time::timeout(std::time::Duration::from_secs(20), opened).await.expect("at once");
    let Err(refused) = refused else { panic!("it makes tables") };
    assert!(matches!(refused, OpenError::MayNotMake(_)), "{refused}");
    assert!(refused.to_string().contains("GRANT CREATE"), "{refused}");
}
