//! The modules of the certification plan *RP-Initiated OP*.
//!
//! Each signs on, asks to sign off, and looks whether anybody is signed on afterwards. The rest of the rules is in `logout`.
//! standards.md 1.1 and 6.1.

use adieu_testkit::World;
use adieu_testkit::world::Reply;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::fixture::{ALICE, ALPHA, BYE, Browser, LOGOUT, RelyingParty, form, signed_on, state};

/// Somebody who is signed on at the shop, and the answer to a logout request of theirs.
async fn asked<'w>(shop: &RelyingParty<'w>, query: impl Fn(&str) -> String) -> (Browser<'w>, Reply) {
    let (mut browser, hint) = signed_on(shop, ALICE).await;
    let answer = browser.get(&format!("{LOGOUT}{}", query(&hint))).await;
    (browser, answer)
}

/// The user says yes where they are asked; then there is a page, no redirect, and nobody is signed on.
async fn ends_on_a_page(query: impl Fn(&str) -> String) {
    let world = World::start().await;
    let shop = RelyingParty::shop(&world);
    let (mut browser, answer) = asked(&shop, query).await;
    let page = match answer.text.contains("Sign off?") {
        true => browser.submit_and_follow(&answer, &[]).await,
        false => answer,
    };
    assert_eq!((page.status.as_u16(), page.location(), page.header("refresh")), (200, "", ""));
    assert!(page.text.contains("You are signed off"), "{}", page.text);
    assert_eq!(shop.silently(&mut browser).await.as_deref(), Some("login_required"));
}

/// It goes nowhere, says what is wrong, and the session lives.
async fn stays(query: impl Fn(&str) -> String) {
    let world = World::start().await;
    let shop = RelyingParty::shop(&world);
    let (mut browser, refused) = asked(&shop, query).await;
    assert_eq!((refused.status.as_u16(), refused.location(), refused.header("refresh")), (400, "", ""));
    assert!(form(&refused).0.ends_with("/o/alpha/sign-off"), "{}", refused.text);
    assert_eq!(shop.silently(&mut browser).await, None);
}

/// S-RPI-1
#[tokio::test]
async fn oidcc_rp_initiated_logout_discovery_endpoint_verification() {
    let world = World::start().await;
    let document = world.get(&format!("{ALPHA}/.well-known/openid-configuration")).send().await.json();
    let public = &world.config().public.url;
    assert_eq!(document["end_session_endpoint"], format!("{public}{LOGOUT}"));
}

/// S-RPI-9, S-RPI-14
#[tokio::test]
async fn oidcc_rp_initiated_logout() {
    let world = World::start().await;
    let shop = RelyingParty::shop(&world);
    let with = |hint: &str| format!("?id_token_hint={hint}&post_logout_redirect_uri={BYE}&state={}", state());
    let (mut browser, answer) = asked(&shop, with).await;
    let there = format!("{BYE}?state={}", state().replace('~', "%7E"));
    assert_eq!((answer.status.as_u16(), answer.location()), (303, there.as_str()));
    assert_eq!(shop.silently(&mut browser).await.as_deref(), Some("login_required"));
}

/// S-RPI-14
#[tokio::test]
async fn oidcc_rp_initiated_logout_no_state() {
    let world = World::start().await;
    let shop = RelyingParty::shop(&world);
    let with = |hint: &str| format!("?id_token_hint={hint}&post_logout_redirect_uri={BYE}");
    let (mut browser, answer) = asked(&shop, with).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, BYE));
    assert_eq!(shop.silently(&mut browser).await.as_deref(), Some("login_required"));
}

/// S-RPI-12, S-RPI-15
#[tokio::test]
async fn oidcc_rp_initiated_logout_bad_post_logout_redirect_uri() {
    stays(|hint| {
        format!("?id_token_hint={hint}&post_logout_redirect_uri=https://elsewhere.example.test/&state=x")
    })
    .await;
}

/// S-RPI-12
#[tokio::test]
async fn oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri() {
    stays(|hint| format!("?id_token_hint={hint}&post_logout_redirect_uri={BYE}%3Ffoo%3Dbar&state=x")).await;
}

/// S-RPI-3
#[tokio::test]
async fn oidcc_rp_initiated_logout_modified_id_token_hint() {
    stays(|hint| {
        let claims = hint.split('.').nth(1).expect("claims");
        let unsigned = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        format!("?id_token_hint={unsigned}.{claims}.&post_logout_redirect_uri={BYE}&state=x")
    })
    .await;
}

/// S-RPI-3
#[tokio::test]
async fn oidcc_rp_initiated_logout_bad_id_token_hint() {
    stays(|hint| {
        let (signed, signature) = hint.rsplit_once('.').expect("a signature");
        let other = URL_SAFE_NO_PAD.encode(vec![7; URL_SAFE_NO_PAD.decode(signature).expect("base64").len()]);
        format!("?id_token_hint={signed}.{other}&post_logout_redirect_uri={BYE}&state=x")
    })
    .await;
}

/// S-RPI-8, S-RPI-13
#[tokio::test]
async fn oidcc_rp_initiated_logout_no_id_token_hint() {
    ends_on_a_page(|_| format!("?post_logout_redirect_uri={BYE}&state=x")).await;
}

/// S-RPI-21
#[tokio::test]
async fn oidcc_rp_initiated_logout_no_params() {
    ends_on_a_page(|_| String::new()).await;
}

/// S-RPI-21
#[tokio::test]
async fn oidcc_rp_initiated_logout_only_state() {
    ends_on_a_page(|_| format!("?state={}", state())).await;
}

/// S-RPI-21
#[tokio::test]
async fn oidcc_rp_initiated_logout_no_post_logout_redirect_uri() {
    ends_on_a_page(|hint| format!("?id_token_hint={hint}&state=x")).await;
}
