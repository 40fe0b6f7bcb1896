//! The modules of the certification plan *Session OP*, and what the state of a browser says and does not say.
//!
//! The frame itself is asked by a published client in a real browser: `clients/session-monitoring.cjs`. standards.md 1.4.

use adieu_core::TokenHash;
use adieu_testkit::World;
use adieu_testkit::world::{Reply, profile_config};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::fixture::{
    ALICE, ALPHA, BOB, BYE, Browser, CALLBACK, LOGOUT, RelyingParty, issuer, param, signed_on,
};

async fn watched() -> World {
    let mut config = profile_config("main");
    config.openid.session_management = true;
    World::with_config(config).await
}

/// What the frame of the issuer says to a page of the client that asks with this state: as its script does.
fn answered(world: &World, browser: &Browser<'_>, origin: &str, asked: &str) -> &'static str {
    let (client, state) = asked.rsplit_once(' ').expect("two words");
    let (given, salt) = state.rsplit_once('.').expect("a salt");
    let realm = world.authority().realm_id_seen(ALPHA.strip_prefix("/o").expect("a path")).expect("a realm");
    let Some(cookie) = browser.cookie(&format!("adieu_opbs-{realm}")) else { return "error" };
    let digest = TokenHash::of(format!("{client} {origin} {cookie} {salt}").as_bytes());
    if URL_SAFE_NO_PAD.encode(digest.to_bytes()) == given { "unchanged" } else { "changed" }
}

const ORIGIN: &str = "https://shop.example.test";

/// S-SES-1
#[tokio::test]
async fn oidcc_session_management_discovery_endpoint_verification() {
    let world = watched().await;
    let frame = format!("{}/check-session", issuer(&world));
    let document = world.get(&format!("{ALPHA}/.well-known/openid-configuration")).send().await.json();
    assert_eq!(document["check_session_iframe"], frame);
    assert_eq!(document["end_session_endpoint"], format!("{}{LOGOUT}", world.config().public.url));
    let page = world.get(&format!("{ALPHA}/check-session")).send().await;
    assert_eq!((page.status.as_u16(), page.header("x-frame-options")), (200, ""));
    assert!(!page.header("content-security-policy").contains("frame-ancestors"), "pages of clients frame it");
    let off = World::start().await;
    let document = off.get(&format!("{ALPHA}/.well-known/openid-configuration")).send().await.json();
    assert!(document.get("check_session_iframe").is_none());
    assert_eq!(off.get(&format!("{ALPHA}/check-session")).send().await.status, 404);
}

/// S-SES-2, S-SES-3, S-SES-4, S-SES-6
#[tokio::test]
async fn oidcc_session_management_rp_initiated_logout() {
    let world = watched().await;
    let shop = RelyingParty::shop(&world);
    let mut browser = Browser::of(&world);
    let page = browser.get(&shop.authorize("&scope=openid&state=s")).await;
    let answer = browser.sign_on(&page, ALICE).await;
    let state = param(answer.location(), "session_state").expect("a state");
    let tokens = shop.tokens(&answer).await;
    let asked = format!("{} {state}", shop.id);
    assert_eq!(answered(&world, &browser, ORIGIN, &asked), "unchanged");
    assert_eq!(answered(&world, &browser, "https://evil.example.test", &asked), "changed", "S-SES-5");
    let hint = tokens["id_token"].as_str().expect("a token");
    let done =
        browser.get(&format!("{LOGOUT}?id_token_hint={hint}&post_logout_redirect_uri={BYE}&state=x")).await;
    assert_eq!((done.status.as_u16(), done.location()), (303, &*format!("{BYE}?state=x")));
    assert_eq!(answered(&world, &browser, ORIGIN, &asked), "changed");
    assert_eq!(shop.silently(&mut browser).await.as_deref(), Some("login_required"));
}

/// Goal: S-SES-6, S-SES-7: the state stays while the session does, is another one after another sign-on, and each answer has a salt of its
/// own, errors too.
#[tokio::test]
async fn the_state_changes_with_the_session_and_with_nothing_else() {
    let world = watched().await;
    let shop = RelyingParty::shop(&world);
    let (mut browser, _) = signed_on(&shop, ALICE).await;
    let mut states = Vec::new();
    for _ in 0..2 {
        let answer = browser.get(&shop.authorize("&scope=openid&prompt=none")).await;
        assert!(answer.headers.get("set-cookie").is_none(), "the browser has the state");
        states.push(format!("{} {}", shop.id, param(answer.location(), "session_state").expect("a state")));
    }
    assert_ne!(states[0], states[1]);
    for state in &states {
        assert_eq!(answered(&world, &browser, ORIGIN, state), "unchanged");
    }
    let page = browser.get(&shop.authorize("&scope=openid&prompt=login")).await;
    browser.sign_on(&page, BOB).await;
    assert_eq!(answered(&world, &browser, ORIGIN, &states[0]), "changed");

    let mut stranger = Browser::of(&world);
    let refused = stranger.get(&shop.authorize("&scope=openid&prompt=none")).await;
    let state = format!("{} {}", shop.id, param(refused.location(), "session_state").expect("a state"));
    assert_eq!(param(refused.location(), "error").as_deref(), Some("login_required"));
    assert_eq!(answered(&world, &stranger, ORIGIN, &state), "unchanged", "nobody, as before");
}

/// Goal: S-SES-8: the cookie is no session's: it opens nothing and contains nothing that stands in the session's cookie or tokens.
#[tokio::test]
async fn the_cookie_that_scripts_read_says_nothing() {
    let world = watched().await;
    let shop = RelyingParty::shop(&world);
    let (browser, hint) = signed_on(&shop, ALICE).await;
    let realm = world.authority().realm_id_seen("/alpha").expect("a realm");
    let state = browser.cookie(&format!("adieu_opbs-{realm}")).expect("a cookie").to_owned();
    let token = browser.cookie("adieu_session").expect("a cookie");
    assert!(!token.contains(&state) && !state.contains(token) && !hint.contains(&state));
    let with = world.get(&shop.authorize("&scope=openid&prompt=none")).cookie("adieu_session", &state);
    assert_eq!(param(with.send().await.location(), "error").as_deref(), Some("login_required"));
}

/// Goal: a sign-on and a sign-off of another dialect change the state as well, and AM's issuer gives the same.
#[tokio::test]
async fn every_dialect_changes_the_state() {
    let world = watched().await;
    let shop = RelyingParty::shop(&world);
    let base = "/am/oauth2/realms/root/realms/alpha";
    let document = world.get(&format!("{base}/.well-known/openid-configuration")).send().await.json();
    let frame = format!("{}{base}/connect/checkSession", world.config().public.url);
    assert_eq!(document["check_session_iframe"], frame);
    let page = world.get(&format!("{base}/connect/checkSession")).send().await;
    let native = world.get(&format!("{ALPHA}/check-session")).send().await;
    assert_eq!((page.status.as_u16(), &page.text), (200, &native.text));

    let (mut browser, _) = signed_on(&shop, ALICE).await;
    let query = format!("response_type=code&scope=openid&client_id={}&redirect_uri={CALLBACK}", shop.id);
    let answer = browser.get(&format!("{base}/authorize?{query}")).await;
    let state = format!("{} {}", shop.id, param(answer.location(), "session_state").expect("a state"));
    assert_eq!(answered(&world, &browser, ORIGIN, &state), "unchanged");
    let ended = browser
        .get(&format!("{base}/connect/endSession?id_token_hint={}", am_token(&world, &answer).await))
        .await;
    assert_eq!(ended.status, 204, "{}", ended.text);
    assert_eq!(answered(&world, &browser, ORIGIN, &state), "changed");
}

/// The ID token that AM's issuer gives for the code of this answer.
pub(crate) async fn am_token(world: &World, answer: &Reply) -> String {
    let app = &world.data.app;
    let basic = STANDARD.encode(format!("{}:{}", app.id, world.data.secret(app)));
    let code = param(answer.location(), "code").expect("a code");
    let fields = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", CALLBACK)];
    let ask = world.post("/am/oauth2/realms/root/realms/alpha/access_token");
    let tokens = ask.header("authorization", &format!("Basic {basic}")).form(&fields).send().await.json();
    tokens["id_token"].as_str().unwrap_or_else(|| panic!("{tokens}")).to_owned()
}
