//! An administrator lets somebody in who can't sign on. K-50
//!
//! By a code that is typed, by a link that is opened; each once. Nobody begins it alone.

use adieu_authority::Span;
use adieu_http_kit::client::Peer;
use adieu_testkit::World;
use adieu_testkit::world::Reply;
use axum::http::Method;
use serde_json::{Value, json};

use crate::browser::{Browser, pages_config, world_with_pages};
use crate::second_factor::PASSWORD;

const NEW: &str = "another-horse-battery-77";

async fn given_out(world: &World, what: &str) -> Value {
    let body = json!({"identity_id": world.data.alice.id.to_string()});
    let reply = world.admin(Method::POST, &format!("/admin/recovery/{what}")).json(&body).send().await;
    assert!(reply.status.is_success(), "{}", reply.text);
    reply.json()
}

fn text<'v>(told: &'v Value, member: &str) -> &'v str {
    told[member].as_str().unwrap_or_else(|| panic!("{member}: {told}"))
}

async fn try_code(world: &World, told: &Value, code: &str) -> Reply {
    let flow = text(told, "recovery_link").split("flow=").nth(1).expect("a flow");
    let ask = world.post(&format!("/self-service/recovery?flow={flow}")).header("accept", "application/json");
    ask.json(&json!({"method": "code", "code": code})).send().await
}

fn wrong(code: &str) -> &'static str {
    if code == "000000" { "111111" } else { "000000" }
}

/// Whether a try signed nobody on.
fn is_refused(reply: &Reply) -> bool {
    reply.cookie("ory_kratos_session").is_none() && reply.status != 422
}

/// Goal: K-50, whoever has an administrator's code gets in on the built-in pages, chooses a password, and is signed on nowhere else.
#[tokio::test]
async fn a_person_gets_in_again_by_a_code() {
    let world = world_with_pages().await;
    let old = world.sign_on_kratos("alice", PASSWORD).await;
    let told = given_out(&world, "code").await;
    let mut browser = Browser::of(&world);
    let link = text(&told, "recovery_link").to_owned();
    let link = link.strip_prefix(&world.config().public.url).expect("our own page").to_owned();
    let (_, page) = browser.open(&link).await;
    assert!(
        page.text.contains("Code from your administrator") && !page.text.contains("<script"),
        "{}",
        page.text
    );
    let code = text(&told, "recovery_code");
    let (_, again) = browser.submit(&page, &[("method", "code"), ("code", wrong(code))]).await;
    assert!(again.text.contains("role=\"alert\""), "{}", again.text);
    let (place, settings) = browser.submit(&again, &[("method", "code"), ("code", code)]).await;
    // F-62: it is said what comes next, and that stands first.
    let place_of =
        |text: &str| settings.text.find(text).unwrap_or_else(|| panic!("{text}: {}", settings.text));
    assert!(settings.text.contains("Please choose a new password"), "{}", settings.text);
    assert!(place_of(">Password<") < place_of(">Recovery codes<"), "{}", settings.text);
    assert!(place.starts_with("/self-service/ui/settings?flow="), "{place}");
    let (_, saved) = browser.submit(&settings, &[("method", "password"), ("password", NEW)]).await;
    assert!(saved.text.contains("Your changes are saved."), "{}", saved.text);
    world.sign_on_kratos("alice", NEW).await;
    let whoami = world.get("/sessions/whoami").header("x-session-token", &old).send().await;
    assert_eq!(whoami.status, 401, "who was signed on before is not any more");
    assert!(is_refused(&try_code(&world, &told, code).await), "it serves once");
}

/// Goal: decision 0050: a code that is sent twice by one form, as a double click sends it, lets its user in both times, into one session; another
/// browser that has seen the code gets nothing by it.
#[tokio::test]
async fn a_double_click_on_a_code_lets_in() {
    let world = world_with_pages().await;
    let told = given_out(&world, "code").await;
    let mut browser = Browser::of(&world);
    let link =
        text(&told, "recovery_link").strip_prefix(&world.config().public.url).expect("ours").to_owned();
    let (_, page) = browser.open(&link).await;
    let action = page.text.split("action=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a form");
    let action = action.replace("&#38;", "&").replace(&world.config().public.url, "");
    let code = [("method", "code"), ("code", text(&told, "recovery_code"))];
    let post = |browser: &Browser<'_>| {
        let jar: Vec<_> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let ask = world.post(&action).form(&code).header("accept", "text/html");
        ask.header("cookie", &jar.join("; ")).send()
    };
    let (one, twin) = tokio::join!(post(&browser), post(&browser));
    for reply in [&one, &twin] {
        assert!(reply.location().contains("/ui/settings?flow="), "{} {}", reply.location(), reply.text);
    }
    assert_eq!(one.cookie("ory_kratos_session"), twin.cookie("ory_kratos_session"));
    let mut other = Browser::of(&world);
    let (_, shown) = other.open(&link).await;
    assert!(!shown.text.contains("name=\"code\""), "it was used: {}", shown.text);
    assert!(post(&other).await.cookie("ory_kratos_session").is_none());
}

/// Goal: a page of another site or origin signs nobody on as its owner, who asked an administrator for a code: its visitor is shown the form. The
/// page of the installation, one that may call, and programs go on as ever.
#[tokio::test]
async fn a_code_that_another_site_sends_signs_nobody_on() {
    let mut config = pages_config();
    config.kratos.cors_origins = vec!["https://app.example.test".into()];
    let world = World::with_config(config).await;
    let own = world.config().public.url.clone();
    for (site, origin, is_taken) in [
        (Some("cross-site"), "https://evil.test", false),
        (Some("cross-site"), "null", false),
        (Some("cross-site"), "https://app.example.test", true),
        (Some("same-origin"), own.as_str(), true),
        (Some("same-origin"), "null", true),
        (Some("same-site"), "https://evil.test", false),
        (None, "https://evil.test", false),
        (None, "null", false),
        (None, own.as_str(), true),
    ] {
        let told = given_out(&world, "code").await;
        let link = text(&told, "recovery_link");
        let flow = link.split("flow=").nth(1).expect("a flow");
        let body = [("method", "code"), ("code", text(&told, "recovery_code"))];
        let ask = world.post(&format!("/self-service/recovery?flow={flow}"));
        let ask = site.into_iter().fold(ask, |ask, site| ask.header("sec-fetch-site", site));
        let sent = ask.header("origin", origin).form(&body).send().await;
        let place = if is_taken { "/ui/settings" } else { "/ui/recovery" };
        assert!(sent.location().contains(place), "{origin}: {} {}", sent.location(), sent.text);
        assert_eq!(is_refused(&sent), !is_taken, "{origin}");
        let again = try_code(&world, &told, text(&told, "recovery_code")).await;
        assert_eq!(is_refused(&again), is_taken, "{origin}: the code is not used up where it was not taken");
    }
}

/// Goal: K-50, a link does the same once; looking at its head uses nothing up.
#[tokio::test]
async fn a_link_serves_once() {
    let world = world_with_pages().await;
    let told = given_out(&world, "link").await;
    let link = text(&told, "recovery_link").to_owned();
    let link = link.strip_prefix(&world.config().public.url).expect("ours").to_owned();
    let head = world.ask(Method::HEAD, &link).send().await;
    assert_eq!(head.status, 405);
    let forged = format!("{}x", link.split_at(link.len() - 1).0);
    assert!(is_refused(&world.get(&forged).send().await));
    let mut browser = Browser::of(&world);
    let (place, page) = browser.open(&link).await;
    assert!(place.starts_with("/self-service/ui/settings?flow="), "{place}: {}", page.text);
    assert!(is_refused(&world.get(&link).send().await), "it serves once");
}

/// Goal: HOME-LIMITS, five wrong codes end it; ENDED-STAYS-ENDED, so does an ending of all the user's sessions, and so does time.
#[tokio::test]
async fn a_code_ends_by_tries_by_endings_and_by_time() {
    let world = world_with_pages().await;
    let tried = given_out(&world, "code").await;
    let code = text(&tried, "recovery_code");
    for _ in 0..5 {
        let reply = try_code(&world, &tried, wrong(code)).await;
        assert_eq!(
            (reply.status.as_u16(), &reply.json()["ui"]["messages"][0]["id"]),
            (200, &json!(4_060_006))
        );
    }
    assert!(is_refused(&try_code(&world, &tried, code).await), "it was tried too often");

    let ended = given_out(&world, "code").await;
    world.sign_on_kratos("alice", PASSWORD).await;
    let all = format!("/admin/identities/{}/sessions", world.data.alice.id);
    assert_eq!(world.admin(Method::DELETE, &all).send().await.status, 204);
    assert!(is_refused(&try_code(&world, &ended, text(&ended, "recovery_code")).await), "all sessions ended");

    let late = given_out(&world, "code").await;
    world.clock().advance(Span::from_s(3600));
    let reply = try_code(&world, &late, text(&late, "recovery_code")).await;
    assert_eq!((reply.status.as_u16(), reply.header("ory-error-id")), (410, "self_service_flow_expired"));
}

/// Goal: of several codes and links for one user the newest counts, whichever of the two it is, and once.
#[tokio::test]
async fn a_newer_code_or_link_takes_the_place_of_the_older() {
    let world = world_with_pages().await;
    for (older, newer) in [("code", "code"), ("code", "link"), ("link", "code"), ("link", "link")] {
        let older = given_out(&world, older).await;
        let newer = given_out(&world, newer).await;
        for (told, serves) in [(&older, false), (&newer, true), (&newer, false)] {
            let reply = match told["recovery_code"].as_str() {
                Some(code) => try_code(&world, told, code).await,
                None => {
                    let link = text(told, "recovery_link").strip_prefix(&world.config().public.url);
                    world.get(link.expect("ours")).send().await
                }
            };
            assert_eq!(!is_refused(&reply), serves, "{told}: {}", reply.text);
        }
    }
}

/// Goal: F-1, a code is one factor: whoever has a second one is asked for it before anything is shown or changed, and chooses a password
/// after it.
#[tokio::test]
async fn a_code_is_one_factor() {
    let world = world_with_pages().await;
    let token = world.sign_on_kratos("alice", PASSWORD).await;
    let set = world.authority().draw_code_set();
    let codes = world.authority().recovery_codes(world.data.alice.id, set);
    let bare = adieu_authority::SessionToken::parse(token.trim_start_matches("ory_st_")).expect("a token");
    world.authority().confirm_recovery_codes(bare.id, set, true).await.expect("codes");
    let told = given_out(&world, "code").await;
    let mut browser = Browser::of(&world);
    let (_, page) = browser
        .open(text(&told, "recovery_link").strip_prefix(&world.config().public.url).expect("ours"))
        .await;
    let code = text(&told, "recovery_code");
    let (place, second) = browser.submit(&page, &[("method", "code"), ("code", code)]).await;
    assert!(place.starts_with("/self-service/ui/login?flow="), "the second step comes first: {place}");
    let whoami = world.get("/sessions/whoami").header("x-session-token", &token).send().await;
    assert_eq!(whoami.status, 200, "who is half signed on ends nobody's session");
    let (place, settings) =
        browser.submit(&second, &[("method", "lookup_secret"), ("lookup_secret", &codes[0])]).await;
    assert!(place.starts_with("/self-service/ui/settings?flow="), "{place}");
    assert!(settings.text.contains("Please choose a new password"), "{}", settings.text);
}

/// Goal: what an administrator asks for is looked at.
#[tokio::test]
async fn odd_orders_are_refused() {
    let world = world_with_pages().await;
    let id = world.data.alice.id.to_string();
    for (body, status) in [
        (json!({"identity_id": id, "expires_in": "10m"}), 201),
        (json!({"Identity_ID": id, "expires_in": ""}), 201),
        (json!({"identity_id": id, "expires_in": "soon"}), 400),
        (json!({"identity_id": id, "expires_in": "9000h"}), 400),
        (json!({"identity_id": "x"}), 400),
        (json!({}), 400),
        (json!({"identity_id": uuid::Uuid::nil().to_string()}), 404),
    ] {
        let reply = world.admin(Method::POST, "/admin/recovery/code").json(&body).send().await;
        assert_eq!(reply.status, status, "{body}: {}", reply.text);
    }
}

/// Goal: whoever tries a code too soon after others were wrong reads so in the same form, and gets in by it when the time is over.
#[tokio::test]
async fn a_code_that_comes_too_soon_keeps_its_form() {
    let mut config = pages_config();
    config.passwords.failures_by_address_max = 2;
    let mut world = World::with_config(config).await;
    world.requests_come_from(Peer(([192, 0, 2, 1], 1).into()));
    let told = given_out(&world, "code").await;
    let mut browser = Browser::of(&world);
    let link = text(&told, "recovery_link").to_owned();
    let link = link.strip_prefix(&world.config().public.url).expect("our own page").to_owned();
    let (_, page) = browser.open(&link).await;
    let code = text(&told, "recovery_code");
    for _ in 0..2 {
        let (_, page) = browser.open("/self-service/login/browser").await;
        let fields = [("method", "password"), ("identifier", "bob"), ("password", wrong(code))];
        browser.submit(&page, &fields).await;
    }
    let (_, again) = browser.submit(&page, &[("method", "code"), ("code", code)]).await;
    assert!(again.text.contains("tried too often") && again.text.contains("Get in again"), "{}", again.text);
    world.wait_s(600);
    let (place, _) = browser.submit(&again, &[("method", "code"), ("code", code)]).await;
    assert!(place.starts_with("/self-service/ui/settings?flow="), "{place}");
}
