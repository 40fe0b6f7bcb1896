//! What was known of a browser before a sign-on buys nothing after it: neither its anti-forgery cookie nor the token of its form.
//!
//! The attacker has the victim's cookie of before, and no other: a host beside this one could have planted it. Decision 0112.

use adieu_testkit::World;
use adieu_testkit::world::Reply;

use crate::browser::{Browser, field, world_with_pages};
use crate::second_factor::PASSWORD;

const COOKIE: &str = "ory_kratos_session";
const NEW: &str = "Explores-all-88";

/// A browser that has another one's anti-forgery cookie, and nothing else.
fn knowing<'w>(world: &'w World, browser: &Browser<'w>) -> Browser<'w> {
    let cookies = browser.cookies.iter().filter(|(name, _)| name.starts_with("csrf_token_"));
    Browser { world, cookies: cookies.cloned().collect() }
}

fn csrf<'a>(browser: &'a Browser<'_>) -> &'a str {
    let found = browser.cookies.iter().find(|(name, _)| name.starts_with("csrf_token_"));
    &found.expect("a cookie").1
}

fn is_nobody(reply: &Reply) {
    assert!(reply.cookie(COOKIE).is_none(), "{} {}", reply.status, reply.text);
}

/// Goal: K-51: a registration that was sent is nobody's by the cookie of before: its token and its password are asked for again, and guessed
/// at once only; a double click goes on, and has another cookie afterwards.
#[tokio::test]
async fn a_registration_is_its_users_own() {
    let world = world_with_pages().await;
    for guesses in [true, false] {
        let mut browser = Browser::of(&world);
        let (_, page) = browser.open("/self-service/registration/browser").await;
        let email = format!("dora{guesses}@example.test");
        let who = [("method", "profile"), ("traits.email", email.as_str())];
        let (_, page) = browser.submit(&page, &who).await;
        let attacker = knowing(&world, &browser);
        let typed = [("method", "password"), ("password", NEW)];
        let (one, twin) = tokio::join!(browser.post(&page, &typed), browser.post(&page, &typed));
        assert!(one.cookie(COOKIE).is_some() && one.cookie(COOKIE) == twin.cookie(COOKIE), "{}", twin.text);
        for reply in [&one, &twin] {
            let lines = reply.headers.get_all("set-cookie").iter();
            let fresh = lines.filter(|line| line.to_str().is_ok_and(|line| line.starts_with("csrf_token_")));
            assert_eq!(fresh.count(), 1, "another cookie with the sign-on");
        }
        let action = page.text.split("action=\"").nth(1).and_then(|rest| rest.split('"').next());
        let action = action.expect("a form").replace(&world.config().public.url, "");
        let bare = |fields: &[(&str, &str)]| {
            let jar: Vec<_> =
                attacker.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let ask = world.post(&action).form(fields).header("accept", "text/html");
            ask.header("cookie", &jar.join("; ")).send()
        };
        is_nobody(&bare(&[]).await);
        is_nobody(&bare(&typed).await);
        if guesses {
            is_nobody(&attacker.post(&page, &[("method", "password"), ("password", "guessed-at")]).await);
            is_nobody(&attacker.post(&page, &typed).await);
        } else {
            let late = attacker.post(&page, &typed).await;
            assert_eq!(late.cookie(COOKIE), one.cookie(COOKIE), "the very same form");
        }
    }
}

/// Goal: a password that its user has changed since proves nothing, by the very same form either.
#[tokio::test]
async fn a_password_of_before_leads_nowhere() {
    let world = world_with_pages().await;
    let mut browser = Browser::of(&world);
    let (_, page) = browser.open("/self-service/registration/browser").await;
    let who = [("method", "profile"), ("traits.email", "dora@example.test")];
    let (_, page) = browser.submit(&page, &who).await;
    let attacker = knowing(&world, &browser);
    let typed = [("method", "password"), ("password", NEW)];
    browser.submit(&page, &typed).await;
    let (_, settings) = browser.open("/self-service/settings/browser").await;
    let other = [("method", "password"), ("password", "Hides-something-99")];
    let (_, saved) = browser.submit(&settings, &other).await;
    assert!(saved.text.contains("Your changes are saved"), "{}", saved.text);
    is_nobody(&attacker.post(&page, &typed).await);
}

/// Goal: decision 0050: a confirmation that is sent twice renews one session, and makes no other.
#[tokio::test]
async fn a_confirmation_that_is_sent_twice_is_one_session() {
    let world = world_with_pages().await;
    let mut browser = Browser::of(&world);
    browser.sign_on().await;
    let (_, page) = browser.open("/self-service/login/browser?refresh=true").await;
    let twin = Browser { world: &world, cookies: browser.cookies.clone() };
    let typed = [("method", "password"), ("identifier", "alice"), ("password", PASSWORD)];
    let (one, other) = (browser.post(&page, &typed).await, twin.post(&page, &typed).await);
    assert!(one.cookie(COOKIE).is_some(), "{} {}", one.status, one.text);
    assert_eq!(one.cookie(COOKIE), other.cookie(COOKIE), "{} {}", other.status, other.text);
}

/// Goal: K-28: the session of both factors is not given for the cookie of before, nor for the password: the code is proven again.
#[tokio::test]
async fn a_second_step_is_its_users_own() {
    let world = world_with_pages().await;
    let mut browser = Browser::of(&world);
    browser.sign_on().await;
    let (_, page) = browser.open("/self-service/settings/browser").await;
    let (_, page) = browser.submit(&page, &[("lookup_secret_regenerate", "true")]).await;
    let codes = page.text.split_once("id=\"codes\">").and_then(|(_, rest)| rest.split("</ul>").next());
    let codes: Vec<_> =
        codes.expect("a list").split("<li>").skip(1).filter_map(|rest| rest.get(..8)).collect();
    browser.submit(&page, &[("lookup_secret_confirm", "true")]).await;

    let mut other = Browser::of(&world);
    let (_, first) = other.open("/self-service/login/browser").await;
    let typed = [("method", "password"), ("identifier", "alice"), ("password", PASSWORD)];
    let early = knowing(&world, &other);
    let (_, page) = other.submit(&first, &typed).await;
    assert!(
        page.text.contains("Second step") && !field(&page.text, "csrf_token").is_empty(),
        "{}",
        page.text
    );
    let attacker = knowing(&world, &other);
    let with = |code| [("method", "lookup_secret"), ("lookup_secret", code)];
    let right = with(codes[0]);
    let (one, twin) = tokio::join!(other.post(&page, &right), other.post(&page, &right));
    assert!(one.cookie(COOKIE).is_some() && one.cookie(COOKIE) == twin.cookie(COOKIE), "{}", twin.text);
    for code in ["", codes[1]] {
        is_nobody(&attacker.post(&page, &with(code)).await);
    }
    is_nobody(&attacker.post(&page, &right).await);
    let half = early.post(&first, &typed).await;
    assert_ne!(half.cookie(COOKIE), one.cookie(COOKIE), "the password alone");
    assert_ne!(csrf(&early), csrf(&other), "it has changed with the first step");
}
