//! One realm, several issuers: what one of them gave counts there, and nowhere else.
//!
//! Sessions are the same everywhere; codes and refresh tokens are a matter between a client and its issuer.

use adieu_testkit::World;
use adieu_testkit::world::Reply;
use serde_json::json;

use crate::one_session::Programs;

const AM: &str = "/am/oauth2/realms/root/realms/alpha";

/// Goal: S-18: a code or refresh token of one dialect's issuer buys nothing at another one's, and is not spent there.
/// Method: one session, one client, both issuers; each token is shown at the other issuer first and at its own afterwards.
#[tokio::test]
async fn what_one_issuer_gave_counts_there_alone() {
    let world = World::start().await;
    let programs = Programs::of(&world);
    let (environment, redirect) = (programs.pingone("env_id"), programs.pingone("app_redirect_uri"));
    let session = world.sign_on_kratos("alice", "Rabbit-hole-11").await;
    let endpoints = [format!("/{environment}/as/token"), format!("{AM}/access_token")];
    let authorize = [format!("/{environment}/as/authorize"), format!("{AM}/authorize")];
    let ask = async |at: usize, pairs: &[(&str, &str)]| -> Reply {
        let ask = world.post(&endpoints[at]).header("authorization", &programs.basic("app"));
        ask.form(pairs).send().await
    };
    let refused = |reply: Reply, what: &str| {
        assert_eq!((reply.status.as_u16(), &reply.json()["error"]), (400, &json!("invalid_grant")), "{what}");
    };
    let below = [format!("/{environment}/as"), AM.to_owned()];
    let introspect = async |at: usize, token: &str| {
        let ask =
            world.post(&format!("{}/introspect", below[at])).header("authorization", &programs.basic("app"));
        ask.form(&[("token", token)]).send().await.json()
    };
    let userinfo = async |at: usize, token: &str| {
        world.get(&format!("{}/userinfo", below[at])).bearer(token).send().await.status.as_u16()
    };
    let mut issuers = Vec::new();
    for below in &below {
        let path = format!("{below}/.well-known/openid-configuration");
        issuers.push(world.get(&path).send().await.json()["issuer"].clone());
    }
    for (own, other) in [(0, 1), (1, 0)] {
        let client = programs.pingone("app_client_id");
        let query = format!("response_type=code&client_id={client}&redirect_uri={redirect}&scope=openid");
        let answer = world.get(&format!("{}?{query}", authorize[own]));
        let answer = answer.cookie("ST", &session).cookie("iPlanetDirectoryPro", &session).send().await;
        let code = answer.location().split(['=', '&']).nth(1).expect("a code").to_owned();
        let code = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", redirect)];
        refused(ask(other, &code).await, "a code elsewhere");
        let tokens = ask(own, &code).await;
        assert_eq!(tokens.status, 200, "it was not spent: {}", tokens.text);
        let access = tokens.json()["access_token"].as_str().expect("one").to_owned();
        let refresh = tokens.json()["refresh_token"].as_str().expect("one").to_owned();
        for token in [&access, &refresh] {
            assert_eq!(introspect(other, token).await, json!({"active": false}), "a token elsewhere");
            let told = introspect(own, token).await;
            assert_eq!((&told["active"], &told["iss"]), (&json!(true), &json!(issuers[own])), "{told}");
        }
        assert_eq!([userinfo(other, &access).await, userinfo(own, &access).await], [401, 200]);
        let refresh = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
        refused(ask(other, &refresh).await, "a refresh token elsewhere");
        assert_eq!(ask(own, &refresh).await.status, 200, "it was not spent");
    }
}
