//! Recovery codes: made in the settings, asked for after the password, used once. K-28
//!
//! One factor keeps a session from being told to anybody; it never keeps it from ending.

use adieu_testkit::World;
use adieu_testkit::world::{Reply, profile_config};
use axum::http::Method;
use serde_json::{Value, json};

use crate::browser::{Browser, world_with_pages};

pub(crate) const PASSWORD: &str = "Rabbit-hole-11";
const COOKIE: &str = "ory_kratos_session";

async fn sign_on(world: &World) -> String {
    world.sign_on_kratos("alice", PASSWORD).await
}

async fn whoami(world: &World, token: &str) -> Reply {
    world.get("/sessions/whoami").header("x-session-token", token).send().await
}

async fn settings_flow(world: &World, token: &str) -> String {
    let reply = world.get("/self-service/settings/api").header("x-session-token", token).send().await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()["id"].as_str().expect("a flow").to_owned()
}

async fn press(world: &World, token: &str, flow: &str, button: &str) -> Reply {
    let body = json!({"method": "lookup_secret", button: true});
    let ask = world.post(&format!("/self-service/settings?flow={flow}")).header("x-session-token", token);
    ask.json(&body).send().await
}

fn node<'a>(flow: &'a Value, key: &str, name: &str) -> Option<&'a Value> {
    flow["ui"]["nodes"].as_array()?.iter().find(|node| node["attributes"][key] == name)
}

fn codes(flow: &Value) -> Vec<String> {
    let node = node(flow, "id", "lookup_secret_codes").expect("codes");
    let secrets = node["attributes"]["text"]["context"]["secrets"].as_array().expect("a list");
    secrets.iter().filter_map(|code| code["context"]["secret"].as_str()).map(str::to_owned).collect()
}

/// Makes recovery codes for alice through a session of hers.
async fn enrol(world: &World, token: &str) -> Vec<String> {
    let flow = settings_flow(world, token).await;
    let made = press(world, token, &flow, "lookup_secret_regenerate").await;
    assert_eq!(made.status, 200, "{}", made.text);
    let codes = codes(&made.json());
    let saved = press(world, token, &flow, "lookup_secret_confirm").await;
    assert_eq!((saved.status.as_u16(), &saved.json()["state"]), (200, &json!("success")));
    codes
}

/// Begins a second step; gives its flow.
async fn second_step(world: &World, token: &str) -> String {
    let ask = world.get("/self-service/login/api?aal=aal2").header("x-session-token", token);
    let flow = ask.send().await.json();
    assert!(node(&flow, "name", "lookup_secret").is_some(), "{flow}");
    flow["id"].as_str().expect("a flow").to_owned()
}

async fn give(world: &World, token: &str, flow: &str, code: &str) -> Reply {
    let body = json!({"method": "lookup_secret", "lookup_secret": code});
    let ask = world.post(&format!("/self-service/login?flow={flow}")).header("x-session-token", token);
    ask.header("accept", "application/json").json(&body).send().await
}

fn said(reply: &Reply) -> (u16, i64) {
    (reply.status.as_u16(), reply.json()["ui"]["messages"][0]["id"].as_i64().unwrap_or_default())
}

/// Goal: K-28, codes that were not confirmed count for nothing; confirmed ones are asked for from then on.
#[tokio::test]
async fn codes_count_once_they_are_confirmed() {
    let world = World::start().await;
    let token = sign_on(&world).await;
    let flow = settings_flow(&world, &token).await;
    let early = press(&world, &token, &flow, "lookup_secret_confirm").await;
    assert_eq!(said(&early), (400, 4_000_001));
    let nothing = press(&world, &token, &flow, "lookup_secret_reveal").await;
    assert_eq!(said(&nothing), (400, 4_000_001));
    let made = press(&world, &token, &flow, "lookup_secret_regenerate").await.json();
    assert_eq!(codes(&made).len(), 12);
    let other = sign_on(&world).await;
    assert_eq!(whoami(&world, &other).await.status, 200, "not confirmed yet");
    assert_eq!(press(&world, &token, &flow, "lookup_secret_confirm").await.status, 200);
    assert_eq!(whoami(&world, &other).await.status, 403, "of every session of hers");
    assert_eq!(whoami(&world, &token).await.json()["authenticator_assurance_level"], "aal2");
    let unknown = press(&world, &token, &flow, "nothing").await;
    assert_eq!(said(&unknown), (400, 4_010_002));
}

/// Goal: K-28, a session of one factor is told to nobody and can be ended; the second step makes it whole under its token.
#[tokio::test]
async fn the_second_step_makes_a_session_whole() {
    let world = World::start().await;
    let codes = enrol(&world, &sign_on(&world).await).await;
    let token = sign_on(&world).await;
    let refused = whoami(&world, &token).await;
    assert_eq!((refused.status.as_u16(), refused.header("ory-error-id")), (403, "session_aal2_required"));
    let to = refused.json()["redirect_browser_to"].clone();
    assert_eq!(refused.json()["error"]["details"]["redirect_browser_to"], to);
    assert!(to.as_str().is_some_and(|to| to.ends_with("/self-service/login/browser?aal=aal2")), "{to}");

    let flow = second_step(&world, &token).await;
    assert_eq!(said(&give(&world, &token, &flow, "aaaaaaaa").await), (400, 4_000_016));
    let empty = give(&world, &token, &flow, "").await.json();
    let field = node(&empty, "name", "lookup_secret").expect("the field");
    assert_eq!(field["messages"][0]["id"], 4_000_002);
    let whole = give(&world, &token, &flow, &codes[7]).await;
    assert_eq!(whole.status, 200, "{}", whole.text);
    assert_eq!(whole.json()["session_token"], json!(token));
    assert_eq!(whoami(&world, &token).await.status, 200);

    let another = sign_on(&world).await;
    let flow = second_step(&world, &another).await;
    assert_eq!(said(&give(&world, &another, &flow, &codes[7]).await), (400, 4_000_012), "used before");
    let body = json!({"session_token": another});
    let ended = world.ask(Method::DELETE, "/self-service/logout/api").json(&body).send().await;
    assert_eq!(ended.status, 204, "it may still log out");
    let late = give(&world, &another, &flow, &codes[8]).await;
    assert_eq!((late.status.as_u16(), late.header("ory-error-id")), (401, "session_aal1_required"));
}

/// Goal: of two sessions that give one code at once, one is made whole.
#[tokio::test]
async fn a_code_that_is_given_twice_at_once_serves_once() {
    let world = World::start().await;
    let codes = enrol(&world, &sign_on(&world).await).await;
    for code in &codes[..6] {
        let (one, two) = (sign_on(&world).await, sign_on(&world).await);
        let (f1, f2) = (second_step(&world, &one).await, second_step(&world, &two).await);
        let (a, b) = tokio::join!(give(&world, &one, &f1, code), give(&world, &two, &f2, code));
        let mut statuses = [a.status.as_u16(), b.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400]);
        let whole = [whoami(&world, &one).await.status, whoami(&world, &two).await.status];
        assert_eq!(whole.iter().filter(|status| **status == 200).count(), 1);
    }
}

/// Goal: codes can be tried as often as passwords, and a password that fits forgives no code.
#[tokio::test]
async fn who_tries_codes_waits() {
    let world = World::start().await;
    enrol(&world, &sign_on(&world).await).await;
    let mut last = 0;
    for _ in 0..11 {
        let token = sign_on(&world).await;
        let flow = second_step(&world, &token).await;
        let reply = give(&world, &token, &flow, "aaaaaaaa").await;
        last = reply.status.as_u16();
    }
    assert_eq!(last, 429);
}

/// Goal: whoever has lost the codes is helped by an administrator; own codes can be seen again, with those that are used up.
#[tokio::test]
async fn codes_are_shown_again_and_taken_away() {
    let world = World::start().await;
    let token = sign_on(&world).await;
    let codes_of_alice = enrol(&world, &token).await;
    let other = sign_on(&world).await;
    let flow = second_step(&world, &other).await;
    assert_eq!(give(&world, &other, &flow, &codes_of_alice[0]).await.status, 200);
    let flow = settings_flow(&world, &token).await;
    let shown = press(&world, &token, &flow, "lookup_secret_reveal").await.json();
    assert_eq!(codes(&shown), codes_of_alice[1..], "the first one is used up");
    let user = whoami(&world, &token).await.json()["identity"]["id"].as_str().expect("an id").to_owned();
    let record = world.admin(Method::GET, &format!("/admin/identities/{user}")).send().await;
    assert_eq!(record.json()["credentials"]["lookup_secret"]["type"], "lookup_secret");
    assert!(!record.text.contains(&codes_of_alice[1]), "administrators see no code");

    let credential = format!("/admin/identities/{user}/credentials/lookup_secret");
    assert_eq!(world.admin(Method::DELETE, &credential).send().await.status, 204);
    assert_eq!(world.admin(Method::DELETE, &credential).send().await.status, 404);
    let fresh = sign_on(&world).await;
    assert_eq!(whoami(&world, &fresh).await.status, 200, "one factor is all there is");
    let again = enrol(&world, &fresh).await;
    assert!(codes_of_alice.iter().all(|code| !again.contains(code)));
    let flow = settings_flow(&world, &fresh).await;
    assert_eq!(press(&world, &fresh, &flow, "lookup_secret_disable").await.status, 200);
    assert_eq!(whoami(&world, &sign_on(&world).await).await.status, 200);
}

/// Goal: a settings flow is its user's own, and wants a sign-on of a short while ago.
#[tokio::test]
async fn settings_belong_to_one_user_who_was_there_lately() {
    let world = World::start().await;
    let token = sign_on(&world).await;
    let flow = settings_flow(&world, &token).await;
    let bob = world.sign_on_kratos("bob", "Builder-tools-22").await;
    let strange = press(&world, &bob, &flow, "lookup_secret_regenerate").await;
    assert_eq!(
        (strange.status.as_u16(), strange.header("ory-error-id")),
        (403, "security_identity_mismatch")
    );
    let path = format!("/self-service/settings/flows?id={flow}");
    let fetched = world.get(&path).header("x-session-token", &bob).send().await;
    assert_eq!(fetched.status, 403);
    let fetched = world.get(&path).header("x-session-token", &token).send().await;
    assert_eq!((fetched.status.as_u16(), &fetched.json()["id"]), (200, &json!(flow)));

    world.clock().advance(adieu_authority::Span::from_s(3601));
    let gone = world.get(&path).header("x-session-token", &token).send().await;
    assert_eq!((gone.status.as_u16(), gone.header("ory-error-id")), (410, ""));
    let late = press(&world, &token, &flow, "lookup_secret_regenerate").await;
    assert_eq!((late.status.as_u16(), late.header("ory-error-id")), (410, "self_service_flow_expired"));
    let next = late.json()["use_flow_id"].as_str().expect("a flow").to_owned();
    let stale = press(&world, &token, &next, "lookup_secret_regenerate").await;
    assert_eq!((stale.status.as_u16(), stale.header("ory-error-id")), (403, "session_refresh_required"));
    let to = stale.json()["redirect_browser_to"].as_str().expect("an address").to_owned();
    assert!(to.contains("login/browser?refresh=true&return_to="), "{to}");
}

/// Goal: K-28, a person makes codes and gives one, with nothing but the built-in pages.
#[tokio::test]
async fn a_person_makes_codes_and_gives_one_on_the_pages() {
    let world = world_with_pages().await;
    let mut browser = Browser::of(&world);
    let (place, _) = browser.sign_on().await;
    assert_eq!(place, "/self-service/ui/status");
    let (_, page) = browser.open("/self-service/settings/browser").await;
    let (_, page) = browser.submit(&page, &[("lookup_secret_regenerate", "true")]).await;
    let codes = page.text.split_once("id=\"codes\">").and_then(|(_, rest)| rest.split("</ul>").next());
    let codes: Vec<_> =
        codes.expect("a list").split("<li>").skip(1).filter_map(|rest| rest.get(..8)).collect();
    assert_eq!(codes.len(), 12, "{}", page.text);
    let (_, saved) = browser.submit(&page, &[("lookup_secret_confirm", "true")]).await;
    assert!(saved.text.contains("Your changes are saved."), "{}", saved.text);
    assert!(saved.text.contains("Sign off everywhere else"), "S-28: {}", saved.text);

    let mut other = Browser::of(&world);
    let (_, page) = other.sign_on().await;
    assert!(page.text.contains("Second step"), "{}", page.text);
    let with = |code| [("method", "lookup_secret"), ("lookup_secret", code)];
    let (_, wrong) = other.submit(&page, &with("aaaaaaaa")).await;
    assert!(wrong.text.contains("role=\"alert\""), "{}", wrong.text);
    let (place, page) = other.submit(&wrong, &with(codes[3])).await;
    assert_eq!((place.as_str(), page.text.contains("signed on as alice")), ("/self-service/ui/status", true));
    // Who is half signed on is led to the second step before the settings, and back to them.
    let mut half = Browser::of(&world);
    half.sign_on().await;
    let (place, page) = half.open("/self-service/settings/browser").await;
    assert!(place.starts_with("/self-service/ui/login?flow="), "{place}");
    let (place, page) = half.submit(&page, &with(codes[4])).await;
    assert!(place.starts_with("/self-service/ui/settings?flow=") && page.text.contains("Recovery codes"));
}

/// Goal: K-28, a page's script is told where to send the browser for the second step, and gets the cookie.
#[tokio::test]
async fn a_script_is_told_where_the_second_step_is() {
    let world = World::start().await;
    enrol(&world, &sign_on(&world).await).await;
    let started = world.get("/self-service/login/browser").header("accept", "application/json").send().await;
    let csrf = started.headers["set-cookie"].to_str().expect("text").split(';').next().expect("a pair");
    let flow = started.json();
    let token = node(&flow, "name", "csrf_token").expect("a token")["attributes"]["value"].clone();
    let body =
        json!({"method": "password", "identifier": "alice", "password": PASSWORD, "csrf_token": token});
    let path = format!("/self-service/login?flow={}", flow["id"].as_str().expect("an id"));
    let ask = world.post(&path).header("accept", "application/json").header("cookie", csrf);
    let reply = ask.json(&body).send().await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("ory-error-id")),
        (422, "browser_location_change_required")
    );
    let to = reply.json()["redirect_browser_to"].as_str().expect("an address").to_owned();
    assert!(to.ends_with("/self-service/login/browser?aal=aal2"), "{to}");
    assert!(reply.cookie(COOKIE).is_some());
}

/// Goal: where one factor is enough, nobody is asked for the other.
#[tokio::test]
async fn the_second_factor_can_be_left_out_by_configuration() {
    let mut config = profile_config("main");
    config.sign_on.second_factor = "never".into();
    let world = World::with_config(config).await;
    enrol(&world, &sign_on(&world).await).await;
    assert_eq!(whoami(&world, &sign_on(&world).await).await.status, 200);
}

/// Goal: ENDED-STAYS-ENDED: a request of a session that an administrator ends meanwhile takes no second factor away.
/// Method: all sessions of hers end, and that is answered, after the request was let in and before the store takes it.
#[tokio::test]
async fn a_session_that_ends_meanwhile_takes_no_codes_away() {
    let mut world = World::start().await;
    let store = world.with_failing_store().await;
    let token = sign_on(&world).await;
    enrol(&world, &token).await;
    let flow = settings_flow(&world, &token).await;
    let alice = world.data.alice.id;
    let end = world.admin(Method::DELETE, &format!("/admin/identities/{alice}/sessions"));
    store.before_the_next_change(async move {
        let ended = end.send().await;
        assert_eq!(ended.status, 204, "{}", ended.text);
    });
    let late = press(&world, &token, &flow, "lookup_secret_disable").await;
    assert_eq!(late.status, 401, "{}", late.text);
    let stored = world.authority().user(alice).await.expect("read").expect("alice");
    assert!(stored.recovery_codes.is_some(), "whoever has lost the session has no say any more");
    let again = sign_on(&world).await;
    assert_eq!(whoami(&world, &again).await.status, 403, "the codes are still asked for");
}
