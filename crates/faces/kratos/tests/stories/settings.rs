//! Users change their own password, names and sessions, on the built-in pages and by JSON. K-50, S-16, S-28
//!
//! What matters takes a fresh proof; what is wrong is said at its field.

use adieu_authority::Span;
use adieu_testkit::World;
use adieu_testkit::world::Reply;
use axum::http::Method;
use serde_json::{Value, json};

use crate::browser::{Browser, pages_config, slow_hashes, world_with_pages};
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

/// Makes a user over the native API, as other dialects keep one.
async fn made(world: &World, person: Value) -> String {
    let path = format!("/v1/realms/{}/users", world.data.realm.id);
    let reply = world.admin(Method::POST, &path).json(&person).send().await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.json()["id"].as_str().expect("an id").to_owned()
}

async fn traits_of(world: &World, id: &str) -> Value {
    world.admin(Method::GET, &format!("/admin/identities/{id}")).send().await.json()["traits"].clone()
}

/// Goal: K-50, F-51, "Save" keeps what the form does not show: the parts of a name, and members of other dialects.
#[tokio::test]
async fn saving_keeps_what_the_form_does_not_show() {
    let world = world_with_pages().await;
    let traits = json!({"username": "dora", "email": "dora@example.test",
        "name": {"given": "Dora", "family": "Explorer"}, "nickname": "D"});
    let person =
        json!({"username": "dora", "email": "dora@example.test", "password": PASSWORD, "traits": traits});
    let id = made(&world, person).await;
    let mut browser = Browser::of(&world);
    browser.sign_on_as("dora").await;
    let (_, page) = browser.open("/self-service/settings/browser").await;
    assert!(!page.text.contains("traits.name"), "{}", page.text);
    let (_, saved) =
        browser.submit(&page, &[("method", "profile"), ("traits.email", "dora@example.test")]).await;
    assert!(saved.text.contains("Your changes are saved."), "{}", saved.text);
    assert_eq!(traits_of(&world, &id).await, traits);
    let fields = [("method", "profile"), ("traits.email", "d@example.test"), ("traits.username", "dora")];
    let (_, saved) = browser.submit(&saved, &fields).await;
    assert!(saved.text.contains("Your changes are saved."), "{}", saved.text);
    let mut moved = traits.clone();
    moved["email"] = "d@example.test".into();
    assert_eq!(traits_of(&world, &id).await, moved);

    // A form that was open before the name had parts.
    let (_, refused) =
        browser.submit(&saved, &[("method", "profile"), ("traits.name", "{\"given\":\"Dora\"}")]).await;
    assert!(refused.text.contains("name has parts"), "{}", refused.text);
    assert_eq!(traits_of(&world, &id).await, moved);
}

/// Goal: K-50, F-51, who has no address saves the rest without one; one that was there is not taken away.
#[tokio::test]
async fn a_user_without_an_address_saves_the_rest() {
    let world = world_with_pages().await;
    let id = made(&world, json!({"username": "dora", "password": PASSWORD})).await;
    let mut browser = Browser::of(&world);
    browser.sign_on_as("dora").await;
    let (_, page) = browser.open("/self-service/settings/browser").await;
    let input = page.text.split("name=\"traits.email\"").nth(1).and_then(|rest| rest.split('>').next());
    assert!(!input.expect("a field").contains("required"), "{}", page.text);
    let fields =
        [("method", "profile"), ("traits.email", ""), ("traits.username", "dora"), ("traits.name", "D")];
    let (_, saved) = browser.submit(&page, &fields).await;
    assert!(saved.text.contains("Your changes are saved."), "{}", saved.text);
    assert_eq!(traits_of(&world, &id).await, json!({"username": "dora", "name": "D"}));
    let own = world.sign_on_kratos("alice", PASSWORD).await;
    let gone =
        settings(&world, &own, json!({"method": "profile", "traits.email": "", "traits.username": "alice"}))
            .await;
    assert_eq!(gone.status, 400, "{}", gone.text);
}

/// Goal: K-50, F-55, a double click on "Change password" changes it once, and says so both times.
#[tokio::test]
async fn a_double_click_changes_the_password_once() {
    let world = world_with_pages().await;
    let mut browser = Browser::of(&world);
    browser.sign_on().await;
    let (_, page) = browser.open("/self-service/settings/browser").await;
    let fields = [("method", "password"), ("password", NEW)];
    let (one, other) = tokio::join!(browser.post(&page, &fields), browser.post(&page, &fields));
    for reply in [one, other] {
        assert_eq!(reply.status, 303, "{}", reply.text);
        let place = reply.location().strip_prefix(&world.config().public.url).unwrap_or_default().to_owned();
        let (_, saved) = browser.open(&place).await;
        assert!(saved.text.contains("Your changes are saved."), "{}", saved.text);
    }
    world.sign_on_kratos("alice", NEW).await;
}

/// Goal: K-26, F-56, one form of a browser gives one session, sent twice at once or again when it was used.
#[tokio::test]
async fn one_form_gives_one_session() {
    let world = world_with_pages().await;
    let live = || async { world.authority().count_live_sessions(world.data.alice.id).await.expect("read") };
    let before = live().await;
    let mut browser = Browser::of(&world);
    let (_, page) = browser.open("/self-service/login/browser").await;
    let fields = [("method", "password"), ("identifier", "alice"), ("password", PASSWORD)];
    let (one, other) = tokio::join!(browser.post(&page, &fields), browser.post(&page, &fields));
    assert_eq!((one.status.as_u16(), one.location()), (other.status.as_u16(), other.location()));
    assert_eq!(one.cookie(COOKIE), other.cookie(COOKIE));
    assert!(is_live(&world, one.cookie(COOKIE).expect("a cookie")).await);
    assert_eq!(live().await, before + 1);
    let again = browser.post(&page, &fields).await;
    assert_eq!((again.cookie(COOKIE), live().await), (one.cookie(COOKIE), before + 1));
}

/// Goal: ONE-SLOW-HURTS-NONE: whoever changes the password while the server is busy reads so in the same form, and sends it again;
/// programs are told by the error that they know.
#[tokio::test]
async fn a_busy_server_keeps_the_form_of_the_settings() {
    let world = World::with_config(slow_hashes(pages_config())).await;
    let mut browser = Browser::of(&world);
    browser.sign_on().await;
    let (place, page) = browser.open("/self-service/settings/browser").await;
    let fields = [("method", "password"), ("password", NEW)];
    let busy = browser.post_too_busy(&page, &fields).await;
    assert_eq!(
        (busy.status.as_u16(), busy.header("retry-after")),
        (303, ""),
        "the page says when: {}",
        busy.text
    );
    let (same, page) = browser.open(&place).await;
    assert!(busy.location().ends_with(&same), "{} {same}", busy.location());
    assert!(page.text.contains("The server is busy. Try again in a moment."), "{}", page.text);
    assert!(!page.text.contains(NEW) && !page.text.contains("Your changes are saved."), "{}", page.text);
    let (_, saved) = browser.submit(&page, &fields).await;
    assert!(saved.text.contains("Your changes are saved."), "{}", saved.text);

    let token = world.sign_on_kratos("bob", "Builder-tools-22").await;
    let flow = world.get("/self-service/settings/api").header("x-session-token", &token).send().await.json();
    let path = format!("/self-service/settings?flow={}", flow["id"].as_str().expect("a flow"));
    let ask = world.post(&path).header("x-session-token", &token);
    let ask = ask.json(&json!({"method": "password", "password": NEW}));
    tokio::time::pause();
    let refused = ask.send().await;
    tokio::time::resume();
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "5"), "{}", refused.text);
}

/// Goal: issue 10, one field has one label on every page, and the settings lead to what else is the person's.
#[tokio::test]
async fn the_settings_call_things_as_other_pages_do_and_lead_on() {
    let mut config = pages_config();
    config.public.front_page = true;
    let world = World::with_config(config).await;
    let mut browser = Browser::of(&world);
    browser.sign_on().await;
    let (_, page) = browser.open("/self-service/settings/browser").await;
    for label in ["E-mail address", "Username (optional)", "Name (optional)", "New password"] {
        assert!(page.text.contains(&format!(">{label}</label>")), "{label}: {}", page.text);
    }
    let base = &world.config().public.url;
    for (words, address) in [
        ("Done", format!("{base}/self-service/ui/status")),
        ("Your applications", format!("{base}/o/alpha/applications")),
        ("Front page", format!("{base}/")),
    ] {
        assert!(page.text.contains(&format!("<a href=\"{address}\">{words}</a>")), "{words}: {}", page.text);
    }
    let (_, there) = browser.open("/o/alpha/applications").await;
    assert_eq!(there.status, 200, "{}", there.text);
    let flow = world.get("/self-service/registration/api").send().await.json();
    assert!(
        flow["ui"]["nodes"].to_string().contains("\"E-Mail\""),
        "what programs read is as recorded: {flow}"
    );
}
