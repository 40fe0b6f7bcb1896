//! The built-in pages, for installations without pages of their own: sign-on, status, error.
//!
//! What a browser does with them is told by their forms and policies; how they look is for people to say.

use adieu_authority::{Actor, Channel, Origin};
use adieu_testkit::World;
use adieu_testkit::world::profile_config;

use crate::browser::{Browser, world_with_pages};

const HTML: &str = "text/html,application/xhtml+xml";

async fn world() -> World {
    let mut config = profile_config("main");
    config.kratos.login_ui_url = String::new();
    config.kratos.error_ui_url = String::new();
    config.kratos.default_return_url = String::new();
    World::with_config(config).await
}

/// The value of a hidden field.
fn field<'a>(page: &'a str, name: &str) -> &'a str {
    let start = page.find(&format!("name=\"{name}\"")).unwrap_or_else(|| panic!("no field {name}"));
    let value = page[start..].split("value=\"").nth(1).expect("a value");
    value.split('"').next().expect("an end")
}

fn below(base: &str, address: &str) -> String {
    address.strip_prefix(base).unwrap_or_else(|| panic!("{address} is not ours")).to_owned()
}

/// Goal: a person signs on with nothing but the built-in pages, and a wrong password is said on the page. K-45, K-46, K-52.
#[tokio::test]
async fn a_person_signs_on_with_the_built_in_page() {
    let world = world().await;
    let base = world.config().public.url.clone();
    let start = world.get("/self-service/login/browser").header("accept", HTML).send().await;
    assert_eq!(start.status, 303);
    let csrf =
        start.headers["set-cookie"].to_str().expect("text").split(';').next().expect("a pair").to_owned();
    let address = below(&base, start.location());
    let page = world.get(&address).header("cookie", &csrf).send().await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-security-policy").contains("default-src 'none'"), "{:?}", page.headers);
    assert!(!page.text.contains("<script"), "no script");
    let flow = address.split("flow=").nth(1).expect("a flow");
    let token =
        field(&page.text, "csrf_token").replace("&#43;", "+").replace("&#x2B;", "+").replace("&#61;", "=");

    let submit = |password: &'static str| {
        let ask = world.post(&format!("/self-service/login?flow={flow}"));
        let fields =
            [("method", "password"), ("csrf_token", &token), ("identifier", "alice"), ("password", password)];
        ask.header("accept", HTML).header("cookie", &csrf).form(&fields)
    };
    let wrong = submit("not-her-password").send().await;
    assert_eq!((wrong.status.as_u16(), below(&base, wrong.location())), (303, address.clone()));
    let page = world.get(&address).header("cookie", &csrf).send().await;
    assert!(page.text.contains("role=\"alert\""), "{}", page.text);

    let right = submit("Rabbit-hole-11").send().await;
    assert_eq!(
        (right.status.as_u16(), below(&base, right.location())),
        (303, "/self-service/ui/status".to_owned())
    );
    let cookie = right.cookie("ory_kratos_session").expect("a cookie");
    let status = world.get("/self-service/ui/status").cookie("ory_kratos_session", cookie).send().await;
    assert!(status.text.contains("signed on as alice"), "{}", status.text);
    // The page offers the way off, and that way leads to a page from which one may sign on again.
    let logout = field(&status.text, "token").to_owned();
    let off = world.get(&format!("/self-service/logout?token={logout}"));
    let off = off.header("accept", HTML).cookie("ory_kratos_session", cookie).send().await;
    assert_eq!(
        (off.status.as_u16(), below(&base, off.location()).as_str()),
        (303, "/self-service/ui/status")
    );
    let nobody = world.get("/self-service/ui/status").cookie("ory_kratos_session", cookie).send().await;
    assert!(nobody.text.contains("Sign on again"), "{}", nobody.text);
    let nobody = world.get("/self-service/ui/status").send().await;
    assert!(nobody.text.contains("Nobody is signed on"), "{}", nobody.text);
}

/// Goal: F-32: who tries too often keeps the form, and reads when to try again; it is said to programs in a header, too.
#[tokio::test]
async fn who_tries_too_often_keeps_the_form() {
    let world = world().await;
    let base = world.config().public.url.clone();
    let start = world.get("/self-service/login/browser").header("accept", HTML).send().await;
    let csrf =
        start.headers["set-cookie"].to_str().expect("text").split(';').next().expect("a pair").to_owned();
    let address = below(&base, start.location());
    let flow = address.split("flow=").nth(1).expect("a flow");
    let page = world.get(&address).header("cookie", &csrf).send().await;
    let token =
        field(&page.text, "csrf_token").replace("&#43;", "+").replace("&#x2B;", "+").replace("&#61;", "=");
    let submit = |accept: &str| {
        let ask = world.post(&format!("/self-service/login?flow={flow}"));
        let fields =
            [("method", "password"), ("csrf_token", &token), ("identifier", "alice"), ("password", "wrong")];
        ask.header("accept", accept).header("cookie", &csrf).form(&fields)
    };
    for _ in 0..10 {
        assert_eq!(submit(HTML).send().await.status, 303);
    }
    let often = submit(HTML).send().await;
    assert_eq!((often.status.as_u16(), below(&base, often.location())), (303, address.clone()));
    assert_eq!(often.header("retry-after"), "", "the page says when");
    let page = world.get(&address).header("cookie", &csrf).send().await;
    assert_eq!(
        (field(&page.text, "identifier"), field(&page.text, "csrf_token").is_empty()),
        ("alice", false)
    );
    assert!(page.text.contains("Please try again in 31 seconds."), "{}", page.text);
    let program = submit("application/json").send().await;
    assert_eq!((program.status.as_u16(), program.header("retry-after")), (429, "31"), "{}", program.text);
}

/// Goal: a page of another browser's flow is not shown, and an unknown error says so.
#[tokio::test]
async fn another_browsers_flow_begins_anew_and_an_unknown_error_is_told() {
    let world = world().await;
    let start = world.get("/self-service/login/browser").header("accept", HTML).send().await;
    let address = below(&world.config().public.url, start.location());
    let stranger = world.get(&address).send().await;
    assert_eq!(stranger.status, 303);
    assert!(stranger.location().ends_with("/self-service/login/browser"), "{}", stranger.location());
    let unknown = world.get("/self-service/ui/error?id=nothing").send().await;
    assert_eq!(unknown.status, 404);

    let refused = world.get("/self-service/logout?token=x").header("accept", HTML).send().await;
    assert_eq!(refused.status, 303);
    let page = world.get(&below(&world.config().public.url, refused.location())).send().await;
    assert_eq!(page.status, 200);
    // People read their own words first and find a way back; what the interface says stands in small print.
    assert!(page.text.contains("<h1>You are not signed on</h1>"), "{}", page.text);
    assert!(page.text.contains("/self-service/login/browser\">Sign on</a>"), "{}", page.text);
    assert!(page.text.contains("valid authentication session"), "{}", page.text);
}

/// Goal: K-47: whose browser keeps no cookies reads so on a page, at every form; a program is told in JSON.
#[tokio::test]
async fn a_browser_without_cookies_is_told_so() {
    let world = world_with_pages().await;
    for door in ["login", "registration"] {
        let mut browser = Browser::of(&world);
        let (_, page) = browser.open(&format!("/self-service/{door}/browser")).await;
        browser.cookies.clear();
        let sent = [("method", "password"), ("identifier", "alice"), ("password", "Rabbit-hole-11")];
        let (place, told) = browser.submit(&page, &sent).await;
        assert!(place.starts_with("/self-service/ui/error?id="), "{door}: {place}");
        assert!(told.text.contains("allow this site to keep cookies"), "{door}: {}", told.text);
    }
}

/// Goal: contract kratos.md 0.5: who may not sign on reads that, and not that nobody is signed on.
#[tokio::test]
async fn a_closed_account_is_named_on_the_page() {
    let world = world_with_pages().await;
    let origin = Origin::of(Actor::Operator, Channel::named("test"), None);
    world.authority().set_enabled(world.data.alice.id, false, origin).await.expect("a change");
    let (place, told) = Browser::of(&world).sign_on().await;
    assert!(place.starts_with("/self-service/ui/error?id="), "{place}");
    assert!(told.text.contains("This account cannot be used at present"), "{}", told.text);
    assert!(!told.text.contains("You are not signed on"), "{}", told.text);
}
