//! A client that asks for less than it did: what that does to what it was granted before, at every issuer.
//!
//! Decision 0080; RFC 6749 §6; standards.md 2.2.

use adieu_core::ClientId;
use adieu_testkit::World;
use adieu_testkit::world::Reply;
use serde_json::{Value, json};

use crate::one_session::Programs;
use crate::response_modes::{ISSUERS, Issuer};
use crate::two_factors::claims;

const CALLBACK: &str = "https://shop.example.test/callback";

async fn code(world: &World, issuer: Issuer, session: &str) -> String {
    let client = Programs::of(world).pingone("app_client_id").to_owned();
    let claims = "%7B%22userinfo%22:%7B%22email%22:null%7D,%22id_token%22:%7B%22email%22:null%7D%7D";
    let query = format!(
        "response_type=code&client_id={client}&redirect_uri={CALLBACK}&scope=openid%20email&claims={claims}"
    );
    let ask = world.get(&format!("{}/authorize?{query}", issuer.base(world)));
    let answer = issuer.signed_on(ask, session).send().await;
    answer.location().split(['=', '&']).nth(1).expect("a code").to_owned()
}

async fn refreshed(world: &World, issuer: Issuer, token: &str, scope: Option<&str>) -> Reply {
    let ask = world.post(&format!("{}/{}", issuer.base(world), issuer.token()));
    let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
    form.extend(scope.map(|scope| ("scope", scope)));
    ask.header("authorization", &Programs::of(world).basic("app")).form(&form).send().await
}

async fn userinfo(world: &World, issuer: Issuer, tokens: &Value) -> Value {
    let token = tokens["access_token"].as_str().expect("a token");
    let ask = world.get(&format!("{}/userinfo", issuer.base(world)));
    let reply = ask.header("authorization", &format!("Bearer {token}")).send().await;
    assert_eq!(reply.status, 200, "{issuer:?}: {}", reply.text);
    reply.json()
}

async fn asks_for(world: &World, scopes: Option<&[&str]>) {
    let id: ClientId = Programs::of(world).pingone("app_client_id").parse().expect("a client");
    let scopes = scopes.map(|all| all.iter().map(|&scope| scope.to_owned()).collect::<Vec<_>>());
    world.edit_client(&id, |client| client.user_scopes = scopes.clone()).await;
}

/// Goal: F-9, S-REG-1: a client that says it asks for less hears no more than that of its users from then on, by scope and by name, with what it
/// was granted before; and what it cannot use then is not spent: with its scopes it is good again.
#[tokio::test]
async fn a_client_that_asks_for_less_is_told_less_and_loses_nothing() {
    let world = World::start().await;
    for issuer in ISSUERS {
        let session = world.sign_on_kratos("alice", "Rabbit-hole-11").await;
        let bought = issuer.redeem(&world, &code(&world, issuer, &session).await).await.json();
        assert!(claims_of(&bought)["email"].is_string(), "{issuer:?}: {bought}");
        assert!(userinfo(&world, issuer, &bought).await["email"].is_string(), "{issuer:?}");
        let text = |tokens: &Value| tokens["refresh_token"].as_str().expect("a token").to_owned();

        asks_for(&world, Some(&["openid"])).await;
        let next = refreshed(&world, issuer, &text(&bought), None).await.json();
        assert_eq!(next["scope"], "openid", "{issuer:?}");
        assert_eq!(claims_of(&next)["email"], Value::Null, "{issuer:?}");
        for tokens in [&bought, &next] {
            assert_eq!(userinfo(&world, issuer, tokens).await["email"], Value::Null, "{issuer:?}");
        }

        asks_for(&world, None).await;
        let unused = code(&world, issuer, &session).await;
        asks_for(&world, Some(&["phone"])).await;
        let none = [
            issuer.redeem(&world, &unused).await,
            refreshed(&world, issuer, &text(&next), None).await,
            refreshed(&world, issuer, &text(&next), Some("openid")).await,
        ];
        for refused in none {
            let told = (refused.status.as_u16(), refused.json()["error"].clone());
            assert_eq!(told, (400, json!("invalid_scope")), "{issuer:?}: {}", refused.text);
        }
        asks_for(&world, None).await;
        world.wait_s(12);
        assert_eq!(issuer.redeem(&world, &unused).await.status, 200, "{issuer:?}: the code is not spent");
        let again = refreshed(&world, issuer, &text(&next), None).await;
        assert_eq!(again.status, 200, "{issuer:?}: {}", again.text);
        assert!(claims_of(&again.json())["email"].is_string(), "{issuer:?}");
    }
}

/// What the ID token among tokens says.
fn claims_of(tokens: &Value) -> Value {
    claims(tokens["id_token"].as_str().expect("an ID token"))
}
