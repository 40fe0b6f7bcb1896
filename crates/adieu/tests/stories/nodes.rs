//! Two nodes on one PostgreSQL database: what one of them has answered holds at the other from then on.
//!
//! Each node has its own memory, and no word passes between them but by the database. Nobody sticks to a node.

use std::sync::Arc;

use adieu::assembled::AssembledServer;
use adieu_testkit::World;
use adieu_testkit::engines::OwnDatabase;
use adieu_testkit::time_and_entropy::{FrozenClock, SeededEntropy};
use adieu_testkit::world::{open_when_free, profile_config};
use http::Method;
use serde_json::json;

use crate::one_session::{DIALECTS, Dialect, EXITS, Exit, Programs};

/// Goal: NO-STALE-YES, ONE-SESSION: a session that began at one node is live at both; whichever node ends it, by whichever exit,
/// the other one has refused it since the answer, and its tokens.
#[tokio::test]
async fn an_ending_at_one_node_refuses_at_the_other() {
    let one = World::on_database().await;
    let other = one.another_node().await;
    for (ends, checks) in [(&one, &other), (&other, &one)] {
        let (ends, checks) = (Programs::of(ends), Programs::of(checks));
        for (n, exit) in EXITS.into_iter().enumerate() {
            let token = checks.sign_on(DIALECTS[n % DIALECTS.len()]).await;
            let tokens = checks.tokens(&token).await;
            // Both have seen it: whatever a node could have kept of it, it has.
            for programs in [&ends, &checks] {
                for (carrier, live) in programs.accepted(&token).await {
                    assert!(live, "{exit:?}: {carrier} refuses a live session");
                }
            }
            ends.end(exit, &token).await;
            for programs in [&checks, &ends] {
                for (carrier, live) in programs.accepted(&token).await {
                    assert!(!live, "{exit:?}: {carrier} takes an ended session");
                }
                programs.assert_tokens_are_dead(&tokens).await;
            }
        }
    }
}

/// Goal: ENDED-STAYS-ENDED: a node that is killed and comes back, and one that is new, refuse what ended meanwhile and take what lives.
#[tokio::test]
async fn a_node_that_comes_back_knows_what_ended_meanwhile() {
    let mut one = World::on_database().await;
    let other = one.another_node().await;
    let live = Programs::of(&one).sign_on(Dialect::Am).await;
    let ended = Programs::of(&one).sign_on(Dialect::Kratos).await;
    Programs::of(&other).end(Exit::KratosLogout, &ended).await;
    one.crash_and_restart().await;
    let third = one.another_node().await;
    for world in [&one, &other, &third] {
        let programs = Programs::of(world);
        assert!(programs.accepted(&live).await.iter().all(|(_, live)| *live));
        assert!(programs.accepted(&ended).await.iter().all(|(_, live)| !*live));
    }
}

/// Goal: a sign-on that is begun at one node is finished at another one, in each dialect, also where every step goes to another node.
#[tokio::test]
async fn a_sign_on_that_is_begun_at_one_node_is_finished_at_another() {
    let one = World::on_database().await;
    let other = one.another_node().await;
    let known = Programs::of(&one);
    let (name, password) = (known.pingone("user"), known.pingone("password"));

    let flow = one.get("/self-service/login/api").send().await.json();
    let path = format!("/self-service/login?flow={}", flow["id"].as_str().expect("a flow"));
    let body = json!({"method": "password", "identifier": name, "password": password});
    let reply = other.post(&path).header("accept", "application/json").json(&body).send().await;
    assert_eq!(reply.status, 200, "Kratos: {}", reply.text);

    let authenticate = "/am/json/realms/root/realms/alpha/authenticate";
    let ask = |world: &World| world.post(authenticate).header("accept-api-version", "resource=2.0");
    let mut journey = ask(&one).json(&json!({})).send().await.json();
    for (callback, value) in [("NameCallback", name), ("PasswordCallback", password)] {
        let callbacks = journey["callbacks"].as_array_mut().expect("callbacks");
        for asked in callbacks.iter_mut().filter(|asked| asked["type"] == callback) {
            asked["input"][0]["value"] = value.into();
        }
    }
    let reply = ask(&other).json(&journey).send().await;
    assert!(reply.json()["tokenId"].is_string(), "AM: {}", reply.text);

    let (environment, client) = (known.pingone("env_id"), known.pingone("app_client_id"));
    let to = known.pingone("app_redirect_uri");
    let authorize = format!(
        "/{environment}/as/authorize?response_type=code&client_id={client}&redirect_uri={to}&scope=openid&response_mode=pi.flow"
    );
    let flow = one.get(&authorize).send().await.json();
    let path = format!("/{environment}/flows/{}", flow["id"].as_str().expect("a flow"));
    let check = "application/vnd.pingidentity.usernamePassword.check+json";
    let body = json!({"username": name, "password": password}).to_string();
    let reply = other.post(&path).header("content-type", check).body(body).send().await;
    assert!(reply.cookie("ST").is_some(), "PingOne: {} {}", reply.status, reply.text);
}

/// Goal: what an administrator changes at one node counts at the other at once: a user that is switched off is signed off there.
#[tokio::test]
async fn a_user_who_is_switched_off_at_one_node_is_out_at_the_other() {
    let one = World::on_database().await;
    let other = one.another_node().await;
    let programs = Programs::of(&other);
    let token = programs.sign_on(Dialect::PingOne).await;
    let path = format!("/v1/users/{}", one.data.alice.id);
    let off = one.admin(Method::PATCH, &path).json(&json!({"enabled": false})).send().await;
    assert_eq!(off.status, 200, "{}", off.text);
    assert!(programs.accepted(&token).await.iter().all(|(_, live)| !*live));
}

/// Goal: a node with another installation key, or with none, is refused with a sentence and changes nothing.
#[tokio::test]
async fn a_node_without_the_key_of_all_nodes_is_refused() {
    let one = World::on_database().await;
    for (kept, says) in
        [(None, "this node has no key for it"), (Some([9; 32]), "is not the one of this database")]
    {
        let folder = tempfile::tempdir().expect("a folder");
        if let Some(key) = kept {
            std::fs::write(folder.path().join("installation.key"), key).expect("a file");
        }
        let (clock, entropy) = (one.shared_clock(), SeededEntropy::new(9));
        let opened = AssembledServer::open(one.config(), folder.path(), clock, Arc::new(entropy));
        let error = opened.await.err().map(|error| format!("{error:#}")).unwrap_or_default();
        assert!(error.starts_with("PostgreSQL database ") && error.contains(says), "{error}");
        assert_eq!(folder.path().join("installation.key").exists(), kept.is_some(), "none is made");
    }
}

/// Goal: two nodes that start at the same moment on an empty database with one key both serve, and have the same realms.
#[tokio::test]
async fn nodes_that_start_together_on_an_empty_database_agree() {
    let mut config = profile_config("main");
    let _database = OwnDatabase::made_for(&mut config).await;
    config.store.key = "5a".repeat(32).as_str().into();
    let start = |seed| {
        let (clock, entropy) = (Arc::new(FrozenClock::new()), Arc::new(SeededEntropy::new(seed)));
        let config = config.clone();
        async move {
            let folder = tempfile::tempdir().expect("a folder");
            let server =
                open_when_free(&config, &folder.path().join("none"), (clock, entropy), |store| store).await;
            assert!(!folder.path().join("none").exists(), "with a key of its own it needs no folder");
            server
        }
    };
    let (one, other) = tokio::join!(start(1), start(2));
    let realm = one.authority.realm_at("/alpha").await.expect("a store").expect("a realm");
    let there = other.authority.realm_at("/alpha").await.expect("a store").expect("a realm");
    assert_eq!(realm.id, there.id);
}
