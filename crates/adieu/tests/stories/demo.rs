//! `adieu demo --exit`, as README's first command runs it.
//!
//! The server that it shows is a child of its own, which it kills after every exit.

use adieu::config::Config;
use adieu_testkit::engines::OwnDatabase;
use tokio::process::Command;

use crate::shipped::binary;

/// Goal: the five exits hold over a kill -9 each, and both applications of the sixth scene confirm, one of them after another one.
#[tokio::test(flavor = "multi_thread")]
async fn the_demo_shows_five_exits_and_who_is_told() {
    let told = shown(&[]).await;
    assert_eq!(told.matches("the desk: confirmed").count(), 1, "not before the kill: {told}");
}

/// Goal: the same with two nodes on one database, where every request goes to the other node than the one before.
#[tokio::test(flavor = "multi_thread")]
async fn the_demo_shows_the_same_with_two_nodes() {
    let mut config = Config::default();
    let _database = OwnDatabase::made_for(&mut config).await;
    let told = shown(&["--nodes", "2", "--store", config.store.url.reveal()]).await;
    for node in ["(node 1)", "(node 2)"] {
        assert!(told.contains(node), "{told}");
    }
}

/// What the demo says when all of it has held.
async fn shown(more: &[&str]) -> String {
    // A port of 0 is one that the system chooses.
    let mut demo = Command::new(binary());
    let demo = demo.args(["demo", "--exit", "--port", "0"]).args(more).kill_on_drop(true).output();
    let demo = demo.await.expect("adieu demo");
    let told = String::from_utf8_lossy(&demo.stdout).into_owned();
    assert!(demo.status.success(), "{told}{}", String::from_utf8_lossy(&demo.stderr));
    assert!(told.ends_with("\n5 of 5 exits held.\n"), "{told}");
    assert_eq!(told.matches("✔ ended in all three dialects").count(), 5, "{told}");
    assert!(told.contains("✔ both have confirmed"), "{told}");
    told
}
