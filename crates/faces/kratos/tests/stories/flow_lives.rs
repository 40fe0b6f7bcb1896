//! How long flows live: a settings flow ends like a login flow, and whoever comes too late is told how to go on.
//!
//! The clock stands still but where a story moves it.

use adieu_testkit::World;
use adieu_testkit::world::{Reply, profile_config};
use serde_json::json;

const ALICE: (&str, &str) = ("alice", "Rabbit-hole-11");

async fn world() -> World {
    let mut config = profile_config("main");
    config.kratos.settings_flow_lifetime_s = 600;
    World::with_config(config).await
}

fn is_expired(reply: &Reply) {
    assert_eq!(reply.status, 410, "{}", reply.text);
    assert_eq!(reply.json()["error"]["code"], 410);
}

/// Goal: F-36: a native settings flow is 410 from the second on that its lifetime names, fetched and submitted, and the submission
/// names the flow to go on with.
#[tokio::test]
async fn a_native_settings_flow_ends() {
    let world = world().await;
    let token = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    let begun = world.get("/self-service/settings/api").header("x-session-token", &token).send().await.json();
    let id = begun["id"].as_str().expect("a flow").to_owned();
    let fetch =
        || world.get(&format!("/self-service/settings/flows?id={id}")).header("x-session-token", &token);
    let submit = |id: &str| {
        let ask = world.post(&format!("/self-service/settings?flow={id}")).header("x-session-token", &token);
        ask.json(&json!({"method": "lookup_secret", "lookup_secret_regenerate": true}))
    };
    world.wait_s(599);
    assert_eq!(fetch().send().await.status, 200);
    world.wait_s(1);
    is_expired(&fetch().send().await);
    let late = submit(&id).send().await;
    is_expired(&late);
    let next = late.json()["use_flow_id"].as_str().expect("the next flow").to_owned();
    assert_ne!(next, id);
    assert_eq!(submit(&next).send().await.status, 200);
}

/// Goal: F-36: a browser's settings flow ends likewise; its form leads to a new one.
#[tokio::test]
async fn a_browsers_settings_flow_ends() {
    let world = world().await;
    let token = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    let begin = world.get("/self-service/settings/browser").header("accept", "application/json");
    let begun = begin.cookie("ory_kratos_session", &token).send().await;
    let csrf =
        begun.headers["set-cookie"].to_str().expect("ASCII").split(';').next().expect("a pair").to_owned();
    let cookies = format!("{csrf}; ory_kratos_session={token}");
    let flow = begun.json();
    let id = flow["id"].as_str().expect("a flow");
    let field = flow["ui"]["nodes"][0]["attributes"]["value"].as_str().expect("a token").to_owned();
    world.wait_s(600);
    let fetch = world.get(&format!("/self-service/settings/flows?id={id}")).header("cookie", &cookies);
    is_expired(&fetch.send().await);
    let path = format!("/self-service/settings?flow={id}");
    let ask = || world.post(&path).header("cookie", &cookies);
    let body = json!({"lookup_secret_regenerate": true, "csrf_token": field});
    is_expired(&ask().header("accept", "application/json").json(&body).send().await);
    let form = [("csrf_token", field.as_str()), ("lookup_secret_regenerate", "true")];
    let led = ask().header("accept", "text/html").form(&form).send().await;
    assert_eq!(led.status, 303);
    let page = format!("{}?flow=", world.config().kratos.settings_ui_url);
    assert!(led.location().starts_with(&page) && !led.location().ends_with(id), "{}", led.location());
}
