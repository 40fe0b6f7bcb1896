//! What becomes of tokens when something happens to the account.
//!
//! standards.md 2.2 and 2.6.

use adieu_testkit::World;
use http::Method;
use serde_json::json;

use crate::fixture::{ALICE, Browser, RelyingParty};

/// S-TOK-10, S-TOK-14: with the sessions that a new password ends goes all that clients hold because of them, at once.
#[tokio::test]
async fn a_new_password_takes_tokens_away() {
    let world = World::start().await;
    let shop = RelyingParty::shop(&world);
    let mut browser = Browser::of(&world);
    let page = browser.get(&shop.authorize("&scope=openid")).await;
    let tokens = shop.tokens(&browser.sign_on(&page, ALICE).await).await;
    let path = format!("/v1/users/{}/password", world.data.alice.id);
    let body = json!({"password": "Looking-glass-12", "end_sessions": true});
    let changed = world.admin(Method::PUT, &path).json(&body).send().await;
    assert!(changed.status.is_success(), "{}", changed.text);
    assert_eq!(shop.userinfo(&tokens).await.status, 401);
    let access = [("token", tokens["access_token"].as_str().expect("a token"))];
    assert_eq!(shop.post("introspect", &access).await.text, r#"{"active":false}"#);
    let refresh = tokens["refresh_token"].as_str().expect("a token");
    let again = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    assert_eq!(shop.post("token", &again).await.json()["error"], "invalid_grant");
}
