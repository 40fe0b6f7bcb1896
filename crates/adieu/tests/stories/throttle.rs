//! Failed sign-ons count at all channels together, and each dialect says so in its own words.
//!
//! The rule itself is tested where it stands, in the authority.

use adieu_testkit::World;
use adieu_testkit::world::Reply;
use serde_json::json;

async fn am(world: &World, name: &str, password: &str) -> Reply {
    let ask = world.post("/am/json/realms/root/realms/alpha/authenticate");
    let ask = ask.header("x-openam-username", name).header("x-openam-password", password);
    ask.header("accept-api-version", "resource=2.0, protocol=1.0").send().await
}

async fn kratos(world: &World, name: &str, password: &str) -> Reply {
    let flow = world.get("/self-service/login/api").send().await.json();
    let path = format!("/self-service/login?flow={}", flow["id"].as_str().expect("a flow"));
    let body = json!({"method": "password", "identifier": name, "password": password});
    world.post(&path).header("accept", "application/json").json(&body).send().await
}

/// Goal: no channel is a way around the other one's count, the right password does not help before it is time, and
/// nobody else is slowed down.
#[tokio::test]
async fn failures_at_one_channel_count_at_all() {
    let world = World::start().await;
    for _ in 0..10 {
        assert_eq!(am(&world, "alice", "wrong").await.status, 401);
    }
    for reply in
        [am(&world, "alice", "Rabbit-hole-11").await, kratos(&world, "Alice", "Rabbit-hole-11").await]
    {
        assert_eq!(reply.status, 429, "{}", reply.text);
        let seconds: u32 = reply.header("retry-after").parse().expect("a number of seconds");
        assert!((1..=31).contains(&seconds), "{seconds}");
    }
    assert_eq!(am(&world, "alice", "x").await.json()["code"], 429);
    assert_eq!(kratos(&world, "alice", "x").await.json()["error"]["code"], 429);
    assert_eq!(am(&world, "bob", "Builder-tools-22").await.status, 200);
    world.wait_s(30);
    assert_eq!(kratos(&world, "alice", "Rabbit-hole-11").await.status, 200);
    assert_eq!(am(&world, "alice", "wrong").await.status, 401, "the slate is clean");
    assert_eq!(am(&world, "alice", "Rabbit-hole-11").await.status, 200);
}
