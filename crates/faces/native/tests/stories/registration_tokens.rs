//! Tokens with which clients register themselves: made, listed, taken back by an administrator.
//!
//! What a client does with one is told in the stories of the OpenID issuers.

use adieu_testkit::World;
use http::Method;
use serde_json::json;

use super::{ask, get, problem};

/// Goal: S-REG-3: a token is shown once, says for how many and how long it is, and can be taken back.
#[tokio::test]
async fn a_token_is_made_listed_and_taken_back() {
    let world = World::start().await;
    let list = format!("/v1/realms/{}/registration-tokens", world.data.realm.id);
    let made = ask(&world, Method::POST, &list, Some(json!({"life_s": 60, "clients": 3}))).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let shown = made.json();
    let token = shown["token"].as_str().expect("a token");
    assert_eq!(shown["clients_left"], 3);
    let listed = get(&world, &list).await;
    assert!(listed["items"][0]["id"] == shown["id"] && !listed.to_string().contains(token), "{listed}");
    for bad in [
        json!({"clients": 0}),
        json!({"clients": 10_001}),
        json!({"life_s": 0}),
        json!({"life_s": 31_622_401}),
        json!({"uses": 1}),
    ] {
        assert_eq!(
            problem(&ask(&world, Method::POST, &list, Some(bad.clone())).await),
            (422, "invalid".into()),
            "{bad}"
        );
    }
    let path = made.header("location").to_owned();
    assert_eq!(ask(&world, Method::DELETE, &path, None).await.status, 204);
    assert_eq!(ask(&world, Method::DELETE, &path, None).await.status, 404);
    assert_eq!(get(&world, &list).await["items"], json!([]));
    for _ in 0..100 {
        assert_eq!(ask(&world, Method::POST, &list, Some(json!({}))).await.status, 201);
    }
    assert_eq!(
        problem(&ask(&world, Method::POST, &list, Some(json!({}))).await),
        (422, "invalid".into()),
        "too many"
    );
    world.wait_s(24 * 3600);
    assert_eq!(ask(&world, Method::POST, &list, Some(json!({}))).await.status, 201, "old ones make room");
}
