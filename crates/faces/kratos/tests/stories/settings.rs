//! Users change their own password, names and sessions, on the built-in pages and by JSON. K-50, S-16, S-28
//!
//! What matters takes a fresh proof; what is wrong is said at its field.

use adieu_authority::Span;
use adieu_testkit::World;
use adieu_testkit::world::Reply;
use serde_json::{Value, json};

use crate::browser::{Browser, pages_config, world_with_pages};
use crate::second_factor::PASSWORD;

const NEW: &str = "another-horse-battery-77";
const COOKIE: &str = "ory_kratos_session";

async fn is_live(world: &World, token: &str) -> bool {
    world.get("/sessions/whoami").header("x-session-token", token).send().await.status == 200
}

async fn settings(world: &World, token: &str, body: Value) -> Reply {
    let flow = world.get("/self-service/settings/api").header("x-session-token", token).send().await.json();
    let path = format!("/self-service/settings?flow={}", flow["id"].as_str().expect("a flow"));
    world.post(&path).header("x-session-token", token).json(&body).send().await
}

/// Goal: K-50, S-16, a person changes the own password with nothing but the built-in page; what is wrong with a new one is said at
/// its field, and the session in use lives on.
#[tokio::test]
async fn a_person_changes_the_own_password_on_the_page() {
    let world = world_with_pages().await;
    let elsewhere = world.sign_on_kratos("alice", PASSWORD).await;
    let mut browser = Browser::of(&world);
    browser.sign_on().await;
    let (_, page) = browser.open("/self-service/settings/browser").await;
    assert!(!page.text.contains("<script"), "no script");
    for (weak, said) in
        [("short", "at least 8"), ("password", "Many people"), ("Alice@example.test", "Your name")]
    {
        let (_, page) = browser.submit(&page, &[("method", "password"), ("password", weak)]).await;
        assert!(
            page.text.contains("id=\"password-said\"") && page.text.contains(said),
            "{weak}: {}",
            page.text
        );
        assert!(!page.text.contains("type=\"password\" value"), "{weak}");
    }
    let (_, page) = browser.submit(&page, &[("method", "password"), ("password", PASSWORD)]).await;
    assert!(page.text.contains("the password that you have"), "{}", page.text);
    world.sign_on_kratos("alice", PASSWORD).await;

    let (_, saved) = browser.submit(&page, &[("method", "password"), ("password", NEW)]).await;
    assert!(saved.text.contains("Your changes are saved."), "{}", saved.text);
    let own = browser.cookie(COOKIE).expect("a cookie").to_owned();
    world.sign_on_kratos("alice", NEW).await;
    assert!(is_live(&world, &elsewhere).await, "the policy of this realm keeps sessions");
    // S-28: the offer that comes with it.
    let (_, done) = browser.submit(&saved, &[("end_other_sessions", "true")]).await;
    assert!(done.text.contains("signed off everywhere else"), "{}", done.text);
    assert!(!is_live(&world, &elsewhere).await && is_live(&world, &own).await);
}

/// Goal: K-50, another password ends the other sessions where the rule of the realm says so; the one in use lives on.
#[tokio::test]
async fn another_password_ends_the_other_sessions_by_the_rule_of_the_realm() {
    let mut config = pages_config();
    config.passwords.change_ends_sessions = true;
    let world = World::with_config(config).await;
    let elsewhere = world.sign_on_kratos("alice", PASSWORD).await;
    let own = world.sign_on_kratos("alice", PASSWORD).await;
    let changed = settings(&world, &own, json!({"method": "password", "password": NEW})).await;
    assert_eq!((changed.status.as_u16(), &changed.json()["state"]), (200, &json!("success")));
    assert!(!is_live(&world, &elsewhere).await && is_live(&world, &own).await);
}

/// Goal: S-28, who signed on too long ago proves it again before the password, a name or other sessions; a trait that names nobody
/// needs no proof. The browser comes back to the form, and nothing that was typed was kept.
#[tokio::test]
async fn what_matters_takes_a_fresh_proof() {
    let world = world_with_pages().await;
    let own = world.sign_on_kratos("alice", PASSWORD).await;
    let mut browser = Browser::of(&world);
    browser.sign_on().await;
    world.clock().advance(Span::from_s(601));
    let traits = |name: &str, shown: &str| json!({"method": "profile", "traits": {"email": "alice@example.test", "username": name, "name": shown}});
    for body in [
        json!({"method": "password", "password": NEW}),
        traits("alicia", "Alice"),
        json!({"end_other_sessions": true}),
    ] {
        let stale = settings(&world, &own, body.clone()).await;
        assert_eq!(
            (stale.status.as_u16(), stale.header("ory-error-id")),
            (403, "session_refresh_required"),
            "{body}"
        );
    }
    let shown = settings(&world, &own, traits("alice", "Alice L.")).await;
    assert_eq!(
        (shown.status.as_u16(), &shown.json()["identity"]["traits"]["name"]),
        (200, &json!("Alice L."))
    );

    let (_, page) = browser.open("/self-service/settings/browser").await;
    let (place, login) = browser.submit(&page, &[("method", "password"), ("password", NEW)]).await;
    assert!(place.starts_with("/self-service/ui/login?flow="), "{place}");
    assert!(browser.cookie("ory_kratos_continuity").is_some());
    let fields = [("method", "password"), ("identifier", "alice"), ("password", PASSWORD)];
    let (place, page) = browser.submit(&login, &fields).await;
    assert!(place.starts_with("/self-service/ui/settings?flow="), "{place}: {}", page.text);
    assert!(page.text.contains("once more"), "{}", page.text);
    assert!(browser.cookie("ory_kratos_continuity").is_none());
    let (_, saved) = browser.submit(&page, &[("method", "password"), ("password", NEW)]).await;
    assert!(saved.text.contains("Your changes are saved."), "{}", saved.text);
}

/// Goal: K-50, users sign on by the name that they gave themselves, nobody by one that another has, and traits are looked at.
#[tokio::test]
async fn a_user_changes_the_own_names() {
    let world = world_with_pages().await;
    let own = world.sign_on_kratos("alice", PASSWORD).await;
    let with = |traits: Value| json!({"method": "profile", "traits": traits});
    let taken = settings(&world, &own, with(json!({"email": "bob@example.test", "username": "alice"}))).await;
    assert_eq!((taken.status.as_u16(), &taken.json()["ui"]["messages"][0]["id"]), (400, &json!(4_000_007)));
    let odd = settings(&world, &own, with(json!({"username": "alice", "odd": true}))).await;
    assert_eq!(odd.status, 400, "{}", odd.text);
    let nodes = odd.json()["ui"]["nodes"].clone();
    let email =
        nodes.as_array().expect("nodes").iter().find(|node| node["attributes"]["name"] == "traits.email");
    assert_eq!(email.expect("a field")["messages"][0]["id"], 4_000_002);
    let renamed =
        settings(&world, &own, with(json!({"email": "alice@example.test", "username": "countess"}))).await;
    assert_eq!(renamed.status, 200, "{}", renamed.text);
    world.sign_on_kratos("countess", PASSWORD).await;
    assert!(world.authority().user_named(world.data.realm.id, "alice").await.expect("read").is_none());
}
