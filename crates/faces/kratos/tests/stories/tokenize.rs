//! A session told as a JWT: what it says, for how long, and that no dialect takes it for a credential. K-29
//!
//! The signature itself is the token crate's affair.

use adieu_testkit::World;
use adieu_testkit::world::profile_config;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

async fn world() -> World {
    let mut config = profile_config("main");
    config.kratos.tokenizers[0].claims =
        vec!["email=/identity/traits/email".into(), "missing=/identity/nothing".into()];
    config.kratos.tokenizers[0].lifetime_s = 600;
    World::with_config(config).await
}

fn part(token: &str, n: usize) -> Value {
    let text = token.split('.').nth(n).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).expect("base64url")).expect("JSON")
}

async fn told(world: &World, token: &str) -> (Value, String) {
    let reply = world.get("/sessions/whoami?tokenize_as=plain").header("x-session-token", token).send().await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let session = reply.json();
    let jwt = session["tokenized"].as_str().expect("a token").to_owned();
    (session, jwt)
}

/// Goal: K-29, the token says whose session it is, is signed with a published key of the realm and ends with its session.
#[tokio::test]
async fn a_session_is_told_as_a_signed_token() {
    let world = world().await;
    let token = world.sign_on_kratos("alice", "Rabbit-hole-11").await;
    let (session, jwt) = told(&world, &token).await;
    let claims = part(&jwt, 1);
    assert_eq!(claims["sub"], session["identity"]["id"]);
    assert_eq!(claims["sid"], session["id"]);
    assert_eq!(claims["iss"], json!(world.config().public.url));
    assert_eq!(claims["email"], "alice@example.test");
    assert_eq!(claims.get("missing"), None);
    let life = claims["exp"].as_i64().expect("a time") - claims["iat"].as_i64().expect("a time");
    assert_eq!((life, &claims["nbf"]), (600, &claims["iat"]));
    let environment = world.variables()["pingone"]["env_id"].as_str().expect("an id").to_owned();
    let keys = world.get(&format!("/{environment}/as/jwks")).send().await.json();
    let kids = keys["keys"].as_array().expect("keys").iter().map(|key| key["kid"].clone());
    assert!(kids.collect::<Vec<_>>().contains(&part(&jwt, 0)["kid"]), "{keys}");

    world.clock().advance(adieu_authority::Span::from_s(24 * 3600 - 60));
    let claims = part(&told(&world, &token).await.1, 1);
    let life = claims["exp"].as_i64().expect("a time") - claims["iat"].as_i64().expect("a time");
    assert_eq!(life, 60, "no longer than the session");
    let (_, again) = told(&world, &token).await;
    assert_ne!(claims["jti"], part(&again, 1)["jti"]);
}

/// Goal: whoever holds such a token can be told who it is of, and nothing more.
#[tokio::test]
async fn no_channel_takes_such_a_token_for_a_credential() {
    let world = world().await;
    let token = world.sign_on_kratos("alice", "Rabbit-hole-11").await;
    let (_, jwt) = told(&world, &token).await;
    let environment = world.variables()["pingone"]["env_id"].as_str().expect("an id").to_owned();
    assert_eq!(world.get("/sessions/whoami").bearer(&jwt).send().await.status, 401);
    assert_eq!(world.get(&format!("/{environment}/as/userinfo")).bearer(&jwt).send().await.status, 401);
    assert_eq!(world.get("/ui/check").bearer(&jwt).send().await.status, 401);
    let sign_off = format!("/{environment}/as/signoff?id_token_hint={jwt}");
    world.get(&sign_off).send().await;
    let idp = format!("/{environment}/as/idpSignoff?id_token_hint={jwt}");
    world.get(&idp).send().await;
    let whoami = world.get("/sessions/whoami").header("x-session-token", &token).send().await;
    assert_eq!(whoami.status, 200, "nobody was signed off by it");
}
