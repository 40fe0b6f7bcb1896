//! What becomes of tokens when something happens to the account.
//!
//! standards.md 2.2 and 2.6.

use adieu_testkit::World;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use serde_json::{Value, json};

use crate::fixture::{ALICE, Browser, CALLBACK, RelyingParty, claims, issuer, param};

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

/// S-TOK-13: an access token says what it is, of whom, for whom and how long, how its user signed on, and in which session, by the name that
/// logout tokens have for it. RFC 9068 §2
#[tokio::test]
async fn an_access_token_has_its_type_and_claims() {
    let world = World::start().await;
    let shop = RelyingParty::shop(&world);
    let mut browser = Browser::of(&world);
    let page = browser.get(&shop.authorize("&scope=openid%20email")).await;
    let tokens = shop.tokens(&browser.sign_on(&page, ALICE).await).await;
    let access = tokens["access_token"].as_str().expect("a token");
    let header = URL_SAFE_NO_PAD.decode(access.split('.').next().expect("a header")).expect("base64url");
    let header: Value = serde_json::from_slice(&header).expect("a header");
    assert_eq!((&header["typ"], &header["alg"]), (&json!("at+jwt"), &json!("RS256")));
    let (said, id) = (claims(&tokens["access_token"]), claims(&tokens["id_token"]));
    for name in ["iss", "sub", "auth_time", "acr", "amr", "sid"] {
        assert_eq!((said[name].is_null(), &said[name]), (false, &id[name]), "{name}");
    }
    assert_eq!((&said["client_id"], &said["aud"]), (&json!(shop.id), &json!([issuer(&world)])));
    assert_eq!((&said["scope"], said["jti"].is_string()), (&json!("openid email"), true));
    let (iat, exp) = (said["iat"].as_i64().expect("seconds"), said["exp"].as_i64().expect("seconds"));
    assert_eq!(
        (iat, exp - iat),
        (world.authority().now().s(), tokens["expires_in"].as_i64().expect("seconds"))
    );
}

/// S-TOK-12: tokens are narrowed to the issuer when that is named, which they are anyway; another resource is no target here, at either end
/// of the flow. RFC 8707 §2
#[tokio::test]
async fn tokens_are_for_no_other_resource() {
    let world = World::start().await;
    let shop = RelyingParty::shop(&world);
    let mut browser = Browser::of(&world);
    let own = issuer(&world);
    let page = browser.get(&shop.authorize(&format!("&scope=openid&resource={own}&resource={own}"))).await;
    let code = shop.code(&browser.sign_on(&page, ALICE).await);
    let ask = |code: &str, resource: &str| {
        let fields = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)];
        let fields = [fields.as_slice(), &[("resource", resource)]].concat();
        let fields: Vec<_> = fields.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        let shop = &shop;
        async move {
            let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            shop.post("token", &fields).await
        }
    };
    for other in ["https://api.example.test", "api", &format!("{own}#x")] {
        let refused = ask(&code, other).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (400, &json!("invalid_target")));
        let told = browser
            .get(&shop.authorize(&format!("&scope=openid&resource={}", other.replace('#', "%23"))))
            .await;
        assert_eq!(param(told.location(), "error").as_deref(), Some("invalid_target"), "{}", told.text);
    }
    let tokens = ask(&code, &own).await;
    assert_eq!(tokens.status, 200, "the code is still good: {}", tokens.text);
    assert_eq!(claims(&tokens.json()["access_token"])["aud"], json!([own]));
}
