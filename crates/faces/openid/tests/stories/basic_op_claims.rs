//! The modules of the certification plan *Basic OP* about scopes, claims and userinfo, under their own names, as in `basic_op`.
//!
//! The person of whom everything is known signs on. standards.md 6.1.

use adieu_testkit::World;
use serde_json::{Value, json};

use crate::fixture::{ALPHA, RelyingParty, claims, flow, has, with_dora};

/// What userinfo tells about the person with all traits, for these scopes.
async fn told(world: &World, scope: &str) -> Value {
    let tokens = flow(world, &format!("&nonce=n1&scope={scope}")).await;
    let told = RelyingParty::shop(world).userinfo(&tokens).await;
    assert_eq!(told.status, 200, "{}", told.text);
    let told = told.json();
    assert_eq!(told["sub"], claims(&tokens["id_token"])["sub"]);
    told
}

const OF_PROFILE: [&str; 14] = [
    "name",
    "family_name",
    "given_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "updated_at",
];

/// S-OP-24
#[tokio::test]
async fn oidcc_userinfo_get() {
    let world = with_dora().await;
    told(&world, "openid").await;
}

/// S-OP-24
#[tokio::test]
async fn oidcc_userinfo_post_header() {
    let world = with_dora().await;
    let tokens = flow(&world, "&scope=openid").await;
    let token = tokens["access_token"].as_str().expect("a token");
    let told = world.post(&format!("{ALPHA}/userinfo")).bearer(token).send().await;
    assert_eq!(told.json()["sub"], claims(&tokens["id_token"])["sub"]);
}

/// S-OP-24
#[tokio::test]
async fn oidcc_userinfo_post_body() {
    let world = with_dora().await;
    let tokens = flow(&world, "&scope=openid").await;
    let token = tokens["access_token"].as_str().expect("a token");
    let post = || world.post(&format!("{ALPHA}/userinfo"));
    let told = post().form(&[("access_token", token)]).send().await;
    assert_eq!(told.json()["sub"], claims(&tokens["id_token"])["sub"]);
    let twice = post().bearer(token).form(&[("access_token", token)]).send().await;
    assert_eq!((twice.status.as_u16(), &twice.json()["error"]), (400, &json!("invalid_request")));
    let wrong = post().form(&[("access_token", "x")]).send().await;
    assert_eq!((wrong.status.as_u16(), &wrong.json()["error"]), (401, &json!("invalid_token")));
}

/// S-OP-25
#[tokio::test]
async fn oidcc_scope_profile() {
    let world = with_dora().await;
    let told = told(&world, "openid%20profile").await;
    has(&told, &OF_PROFILE);
    assert!(told.get("email").is_none() && told.get("address").is_none(), "{told}");
}

/// S-OP-25
#[tokio::test]
async fn oidcc_scope_email() {
    let world = with_dora().await;
    let told = told(&world, "openid%20email").await;
    assert_eq!((&told["email"], &told["email_verified"]), (&json!("dora@example.test"), &json!(true)));
    assert!(told.get("name").is_none(), "{told}");
}

/// S-OP-25
#[tokio::test]
async fn oidcc_scope_address() {
    let world = with_dora().await;
    let told = told(&world, "openid%20address").await;
    assert_eq!(told["address"]["street_address"], "1 Long Lane");
    assert_eq!(told["address"]["country"], "NL");
}

/// S-OP-25
#[tokio::test]
async fn oidcc_scope_phone() {
    let world = with_dora().await;
    let told = told(&world, "openid%20phone").await;
    let expected = (&json!("+31 20 555 0100"), &json!(false));
    assert_eq!((&told["phone_number"], &told["phone_number_verified"]), expected);
}

/// S-OP-25
#[tokio::test]
async fn oidcc_scope_all() {
    let world = with_dora().await;
    let told = told(&world, "openid%20profile%20email%20address%20phone").await;
    has(&told, &OF_PROFILE);
    has(&told, &["email", "email_verified", "address", "phone_number", "phone_number_verified"]);
}

/// S-OP-25
#[tokio::test]
async fn oidcc_ensure_other_scope_order_succeeds() {
    let world = with_dora().await;
    has(&told(&world, "email%20openid").await, &["email"]);
}

/// S-OP-25
#[tokio::test]
async fn oidcc_claims_essential() {
    let world = with_dora().await;
    let asked = "%7B%22userinfo%22%3A%7B%22name%22%3A%7B%22essential%22%3Atrue%7D%7D%2C%22id_token%22%3A%7B%22email%22%3Anull%7D%7D";
    let tokens = flow(&world, &format!("&scope=openid&claims={asked}")).await;
    let told = RelyingParty::shop(&world).userinfo(&tokens).await.json();
    assert_eq!((&told["name"], told.get("email")), (&json!("Dora Maria Doe"), None));
    let id = claims(&tokens["id_token"]);
    assert_eq!((&id["email"], id.get("name")), (&json!("dora@example.test"), None));
}
