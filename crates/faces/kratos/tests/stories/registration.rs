//! Strangers make themselves users, where the realm allows it. K-51, S-16
//!
//! On the built-in pages and by JSON. Nobody registers where nothing is said.

use adieu_http_kit::client::Peer;
use adieu_testkit::World;
use adieu_testkit::world::Reply;
use serde_json::{Value, json};

use crate::browser::{Browser, pages_config, slow_hashes, world_with_pages};

const NEW: &str = "quite-unusual-words-4";

async fn register(world: &World, body: &Value) -> Reply {
    let flow = world.get("/self-service/registration/api").send().await.json();
    let path = format!("/self-service/registration?flow={}", flow["id"].as_str().expect("a flow"));
    world.post(&path).json(body).send().await
}

/// Goal: nobody registers where nothing is said, and in a realm that says no.
#[tokio::test]
async fn nobody_registers_by_default() {
    for here in [None, Some(false)] {
        let mut config = pages_config();
        config.sign_on.registration = here.is_some();
        config.realms[0].registration = here;
        let world = World::with_config(config).await;
        for path in ["api", "browser"] {
            let ask =
                world.get(&format!("/self-service/registration/{path}")).header("accept", "application/json");
            let refused = ask.send().await;
            let said = (refused.status.as_u16(), refused.header("ory-error-id"));
            assert_eq!(said, (400, "self_service_flow_disabled"), "{here:?}");
        }
    }
}

/// Goal: K-51, S-16, a stranger registers with nothing but the built-in pages: who it is, then a password, with a way back.
#[tokio::test]
async fn a_stranger_registers_on_the_pages() {
    let world = world_with_pages().await;
    let mut browser = Browser::of(&world);
    // F-63: the way there is on the page where one signs on.
    let (_, sign_on) = browser.open("/self-service/login/browser").await;
    assert!(sign_on.text.contains("/self-service/registration/browser\">Sign up</a>"), "{}", sign_on.text);
    let (place, page) = browser.open("/self-service/registration/browser").await;
    assert!(
        place.starts_with("/self-service/ui/registration?flow=") && !page.text.contains("<script"),
        "{place}"
    );
    let who = [("method", "profile"), ("traits.email", "bob@example.test"), ("traits.name", "Dora <D>")];
    let (_, page) = browser.submit(&page, &who).await;
    assert!(page.text.contains("Choose a password") && !page.text.contains("<D>"), "{}", page.text);
    let (_, page) = browser.submit(&page, &[("method", "password"), ("password", NEW)]).await;
    assert!(page.text.contains("an account with this name or e-mail address already"), "{}", page.text);
    let who = [("method", "profile"), ("traits.email", "dora@example.test"), ("traits.username", "dora")];
    let (_, page) = browser.submit(&page, &who).await;
    for (weak, said) in
        [("short", "at least 8"), ("iloveyou", "Many people"), ("dora@example.test", "Your name")]
    {
        let (_, page) = browser.submit(&page, &[("method", "password"), ("password", weak)]).await;
        assert!(
            page.text.contains("id=\"password-said\"") && page.text.contains(said),
            "{weak}: {}",
            page.text
        );
    }
    let (_, back) = browser.submit(&page, &[("screen", "previous")]).await;
    assert!(back.text.contains("value=\"dora@example.test\""), "{}", back.text);
    let (_, page) =
        browser.submit(&back, &[("method", "profile"), ("traits.email", "dora@example.test")]).await;
    let (place, page) = browser.submit(&page, &[("method", "password"), ("password", NEW)]).await;
    assert_eq!(place, "/self-service/ui/status");
    assert!(page.text.contains("signed on as"), "{}", page.text);
    world.sign_on_kratos("dora@example.test", NEW).await;
}

/// Goal: HOME-LIMITS, what can not be is refused before it is kept, and makes nobody.
#[tokio::test]
async fn what_can_not_be_makes_nobody() {
    let world = world_with_pages().await;
    let named = |traits: Value| json!({"method": "password", "password": NEW, "traits": traits});
    for body in [
        named(json!({})),
        named(json!({"email": "no-address"})),
        named(json!({"email": "eve@example.test", "odd": 1})),
        named(json!("eve@example.test")),
        named(json!({"email": "eve@example.test", "name": "x".repeat(20_000)})),
        json!({"method": "password", "traits": {"email": "eve@example.test"}}),
        json!({"method": "oidc", "traits": {"email": "eve@example.test"}}),
        json!({}),
    ] {
        let refused = register(&world, &body).await;
        assert_eq!(refused.status, 400, "{}", refused.text);
        assert!(refused.json()["ui"]["nodes"].is_array(), "{}", refused.text);
    }
    let found = world.authority().user_named(world.data.realm.id, "eve@example.test").await;
    assert!(found.expect("read").is_none());
}

/// Goal: whoever looks for names that are taken, or makes users without end, is stopped like one who tries passwords.
#[tokio::test]
async fn an_address_registers_no_faster_than_it_signs_on() {
    let mut config = pages_config();
    config.passwords.failures_by_address_max = 3;
    config.passwords.sign_ons_by_address_max = 2;
    let mut world = World::with_config(config).await;
    world.requests_come_from(Peer(([192, 0, 2, 1], 1).into()));
    let named = |name: &str| json!({"method": "password", "password": NEW, "traits": {"email": format!("{name}@example.test")}});
    for name in ["alice", "bob", "carol"] {
        assert_eq!(register(&world, &named(name)).await.status, 400);
    }
    let often = register(&world, &named("eve")).await;
    assert_eq!(
        (often.status.as_u16(), often.header("retry-after").is_empty()),
        (429, false),
        "{}",
        often.text
    );
    world.requests_come_from(Peer(([192, 0, 2, 2], 1).into()));
    for name in ["eve", "ivy"] {
        assert_eq!(register(&world, &named(name)).await.status, 200);
    }
    assert_eq!(register(&world, &named("oscar")).await.status, 429);
}

/// Goal: nobody keeps a person from registering: neither by passwords for a name that nobody has, nor by registrations that fail.
#[tokio::test]
async fn nobody_is_kept_from_registering_by_what_others_try() {
    let mut world = World::with_config(pages_config()).await;
    let often = world.config().passwords.failures_by_name_max + 2;
    let named = |username: &str, email: &str| {
        let traits = json!({"email": email, "username": username});
        json!({"method": "password", "password": NEW, "traits": traits})
    };
    world.requests_come_from(Peer(([192, 0, 2, 1], 1).into()));
    for _ in 0..often {
        let flow = world.get("/self-service/login/api").send().await.json();
        let path = format!("/self-service/login?flow={}", flow["id"].as_str().expect("a flow"));
        let body = json!({"method": "password", "identifier": "dora@example.test", "password": "x"});
        assert!(world.post(&path).json(&body).send().await.status != 200);
        let taken = register(&world, &named("dora", "alice@example.test")).await;
        assert!([400, 429].contains(&taken.status.as_u16()), "{}", taken.text);
    }
    world.requests_come_from(Peer(([192, 0, 2, 2], 1).into()));
    let made = register(&world, &named("dora", "dora@example.test")).await;
    assert_eq!(made.status, 200, "{}", made.text);
}

/// Goal: nobody goes by somebody else's address: a username in the form of one is the own one, at the registration and in the settings.
#[tokio::test]
async fn a_username_in_the_form_of_an_address_is_the_own_address() {
    let world = world_with_pages().await;
    let said = |username: &str, email: &str| {
        let traits = json!({"email": email, "username": username});
        json!({"method": "password", "password": NEW, "traits": traits})
    };
    let refused = register(&world, &said("ceo@corp.test", "eve@evil.test")).await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    assert!(refused.text.contains("a username with an @"), "{}", refused.text);
    let made = register(&world, &said("Eve@evil.test", "eve@evil.test")).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let token = made.json()["session_token"].as_str().expect("signed on").to_owned();
    let flow = world.get("/self-service/settings/api").header("x-session-token", &token).send().await.json();
    let path = format!("/self-service/settings?flow={}", flow["id"].as_str().expect("a flow"));
    let traits = json!({"email": "eve@evil.test", "username": "ceo@corp.test"});
    let body = json!({"method": "profile", "traits": traits});
    let refused = world.post(&path).header("x-session-token", &token).json(&body).send().await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    let found = world.authority().user_named(world.data.realm.id, "ceo@corp.test").await;
    assert!(found.expect("read").is_none());
}

/// Goal: K-51, F-55, a double click on "Sign up" makes one user, who is signed on with one session by either answer.
#[tokio::test]
async fn a_double_click_signs_up_once() {
    let world = world_with_pages().await;
    let mut browser = Browser::of(&world);
    let (_, page) = browser.open("/self-service/registration/browser").await;
    let who = [("method", "profile"), ("traits.email", "dora@example.test")];
    let (_, page) = browser.submit(&page, &who).await;
    let fields = [("method", "password"), ("password", NEW)];
    let (one, other) = tokio::join!(browser.post(&page, &fields), browser.post(&page, &fields));
    assert_eq!((one.status.as_u16(), other.status.as_u16()), (303, 303), "{}", other.text);
    assert_eq!(one.location(), other.location());
    let token = |reply: &Reply| reply.cookie("ory_kratos_session").expect("a cookie").to_owned();
    assert_eq!(token(&one), token(&other));
    let user = world.authority().user_named(world.data.realm.id, "dora@example.test").await;
    let user = user.expect("read").expect("a user").id;
    assert_eq!(world.authority().count_live_sessions(user).await.expect("read"), 1);
    let mut strange = Browser::of(&world);
    strange.open("/self-service/registration/browser").await;
    let refused = strange.post(&page, &fields).await;
    assert!(refused.cookie("ory_kratos_session").is_none() && refused.location() != one.location());
}

/// Goal: ONE-SLOW-HURTS-NONE: whoever signs up while the server is busy keeps the form and what was typed, but for the password, and
/// the same form goes through a moment later. Programs are told by the error that they know.
#[tokio::test]
async fn a_busy_server_keeps_the_form_of_a_sign_up() {
    let world = World::with_config(slow_hashes(pages_config())).await;
    let mut browser = Browser::of(&world);
    let (_, page) = browser.open("/self-service/registration/browser").await;
    let who = [("method", "profile"), ("traits.email", "dora@example.test")];
    let (place, page) = browser.submit(&page, &who).await;
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
    assert!(page.text.contains("Choose a password") && page.text.contains("value=\"dora@example.test\""));
    assert!(!page.text.contains(NEW), "{}", page.text);
    let (place, page) = browser.submit(&page, &fields).await;
    assert!(
        place == "/self-service/ui/status" && page.text.contains("signed on as"),
        "{place} {}",
        page.text
    );

    tokio::time::pause();
    let body = json!({"method": "password", "password": NEW, "traits": {"email": "eve@example.test"}});
    let refused = register(&world, &body).await;
    tokio::time::resume();
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "5"), "{}", refused.text);
    assert_eq!(refused.json()["error"]["message"], "Too many requests of this kind at once");
}
