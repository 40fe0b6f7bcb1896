//! How long flows live: each ends by its own key like a login flow, and whoever comes too late is told how to go on.
//!
//! The clock stands still but where a story moves it.

use adieu_testkit::World;
use adieu_testkit::world::{Reply, profile_config};
use axum::http::Method;
use serde_json::{Value, json};

const ALICE: (&str, &str) = ("alice", "Rabbit-hole-11");

async fn world() -> World {
    let mut config = profile_config("main");
    config.kratos.settings_flow_lifetime_s = 600;
    config.kratos.registration_flow_lifetime_s = 700;
    config.kratos.login_flow_lifetime_s = 800;
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

/// What strangers submit: a registration and a login.
fn of_strangers() -> [(&'static str, i64, Value); 2] {
    let traits = json!({"email": "dora@example.test"});
    [
        (
            "registration",
            700,
            json!({"method": "password", "password": "quite-unusual-words-4", "traits": traits}),
        ),
        ("login", 800, json!({"method": "password", "identifier": ALICE.0, "password": ALICE.1})),
    ]
}

/// Goal: F-36: registration and login by JSON end at the second that their keys name, and nobody is made or signed on after it but
/// by the flow that the answer names.
#[tokio::test]
async fn native_flows_of_strangers_end() {
    for (name, life_s, body) in of_strangers() {
        let world = world().await;
        let id = text(&world.get(&format!("/self-service/{name}/api")).send().await.json()["id"]);
        let fetch = || world.get(&format!("/self-service/{name}/flows?id={id}"));
        let submit = |id: &str| world.post(&format!("/self-service/{name}?flow={id}")).json(&body);
        world.wait_s(life_s - 1);
        assert_eq!(fetch().send().await.status, 200, "{name}");
        world.wait_s(1);
        is_expired(&fetch().send().await);
        let late = submit(&id).send().await;
        is_expired(&late);
        let next = text(&late.json()["use_flow_id"]);
        assert_ne!(next, id);
        let again = submit(&next).send().await;
        assert_eq!(again.status, 200, "{name}: {}", again.text);
    }
}

/// Goal: F-36: the same in a browser: fetched and submitted by a script 410, its form leads to a new flow.
#[tokio::test]
async fn browser_flows_of_strangers_end() {
    for (name, life_s, body) in of_strangers() {
        let world = world().await;
        let begin = world.get(&format!("/self-service/{name}/browser")).header("accept", "application/json");
        let begun = begin.send().await;
        let csrf = begun.headers["set-cookie"].to_str().expect("ASCII").split(';').next().expect("a pair");
        let id = text(&begun.json()["id"]);
        let ask = || world.post(&format!("/self-service/{name}?flow={id}")).header("cookie", csrf);
        world.wait_s(life_s);
        let fetch = world.get(&format!("/self-service/{name}/flows?id={id}")).header("cookie", csrf);
        is_expired(&fetch.send().await);
        is_expired(&ask().header("accept", "application/json").json(&body).send().await);
        let led = ask().header("accept", "text/html").form(&[("method", "password")]).send().await;
        assert_eq!(led.status, 303, "{name}: {}", led.text);
        assert!(led.location().contains("?flow=") && !led.location().ends_with(&id), "{}", led.location());
    }
}

/// Goal: F-36: an administrator's recovery ends at the time that its order names, fetched, submitted and followed; there is no next
/// one, because nobody begins it alone.
#[tokio::test]
async fn a_recovery_ends() {
    let world = world().await;
    for (what, kept_s) in [("code", 3600), ("code", 90), ("link", 90)] {
        let mut order = json!({"identity_id": world.data.alice.id.to_string()});
        if kept_s != 3600 {
            order["expires_in"] = json!("1m30s");
        }
        let told =
            world.admin(Method::POST, &format!("/admin/recovery/{what}")).json(&order).send().await.json();
        let link = text(&told["recovery_link"]);
        let id =
            link.split("flow=").nth(1).and_then(|rest| rest.split('&').next()).expect("a flow").to_owned();
        let fetch = || world.get(&format!("/self-service/recovery/flows?id={id}"));
        world.wait_s(kept_s - 1);
        assert_eq!(fetch().send().await.status, 200, "{what}");
        world.wait_s(1);
        is_expired(&fetch().send().await);
        let late = match what {
            "link" => {
                let path = link.strip_prefix(&world.config().public.url).expect("ours");
                world.get(path).header("accept", "application/json").send().await
            }
            _ => {
                let ask = world.post(&format!("/self-service/recovery?flow={id}"));
                let body = json!({"method": "code", "code": told["recovery_code"]});
                ask.header("accept", "application/json").json(&body).send().await
            }
        };
        is_expired(&late);
        assert!(late.cookie("ory_kratos_session").is_none());
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
