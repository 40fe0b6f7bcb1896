//! One realm, several issuers: what one of them gave counts there, and nowhere else.
//!
//! Sessions are the same everywhere; codes and refresh tokens are a matter between a client and its issuer.

use adieu_testkit::World;
use adieu_testkit::world::Reply;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::one_session::Programs;
use crate::response_modes::ISSUERS;

const AM: &str = "/am/oauth2/realms/root/realms/alpha";

/// Goal: S-18: a code or refresh token of one dialect's issuer buys nothing at another one's, and is not spent there.
/// Method: one session, one client, all issuers; each token is shown at the other issuer first and at its own afterwards.
#[tokio::test]
async fn what_one_issuer_gave_counts_there_alone() {
    let world = World::start().await;
    let programs = Programs::of(&world);
    let (environment, redirect) = (programs.pingone("env_id"), programs.pingone("app_redirect_uri"));
    let session = world.sign_on_kratos("alice", "Rabbit-hole-11").await;
    let endpoints =
        [format!("/{environment}/as/token"), format!("{AM}/access_token"), "/o/alpha/token".into()];
    let authorize =
        [format!("/{environment}/as/authorize"), format!("{AM}/authorize"), "/o/alpha/authorize".to_owned()];
    let ask = async |at: usize, pairs: &[(&str, &str)]| -> Reply {
        let ask = world.post(&endpoints[at]).header("authorization", &programs.basic("app"));
        ask.form(pairs).send().await
    };
    let refused = |reply: Reply, what: &str| {
        assert_eq!((reply.status.as_u16(), &reply.json()["error"]), (400, &json!("invalid_grant")), "{what}");
    };
    let below = [format!("/{environment}/as"), AM.to_owned(), "/o/alpha".to_owned()];
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
    for (own, other) in [(0, 1), (1, 2), (2, 0), (2, 1)] {
        let client = programs.pingone("app_client_id");
        let query = format!("response_type=code&client_id={client}&redirect_uri={redirect}&scope=openid");
        let answer = world.get(&format!("{}?{query}", authorize[own]));
        let answer = answer.cookie("ST", &session).cookie("iPlanetDirectoryPro", &session);
        let answer = answer.cookie("adieu_session", &session).send().await;
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

/// Goal: S-OP-24, S-OP-25: at every issuer userinfo takes the token in a header and in a form, by GET and by POST; a claim that the
/// request names is told although no scope gives it; `env` stands in PingOne's tokens only.
#[tokio::test]
async fn userinfo_takes_a_form_and_tells_what_was_asked_by_name() {
    let world = World::start().await;
    let session = world.sign_on_kratos("alice", "Rabbit-hole-11").await;
    for issuer in ISSUERS {
        let claims = "%7B%22userinfo%22:%7B%22email%22:null%7D,%22id_token%22:%7B%22name%22:null%7D%7D";
        let ask = issuer.authorize(&world, &format!("&claims={claims}"));
        let answer = issuer.signed_on(ask, &session).send().await;
        let code = answer.location().split(['=', '&']).nth(1).expect("a code").to_owned();
        let tokens = issuer.redeem(&world, &code).await.json();
        let access = tokens["access_token"].as_str().expect("a token");
        let address = format!("{}/userinfo", issuer.base(&world));
        for ask in [
            world.get(&address).bearer(access),
            world.post(&address).bearer(access),
            world.post(&address).form(&[("access_token", access)]),
        ] {
            let told = ask.send().await;
            assert_eq!(told.status, 200, "{issuer:?}: {}", told.text);
            assert_eq!(told.json()["email"], "alice@example.test", "{issuer:?}");
            assert!(told.json().get("name").is_none(), "{issuer:?}: {}", told.text);
        }
        let twice = world.post(&address).bearer(access).form(&[("access_token", access)]).send().await;
        assert_eq!(twice.status, 400, "{issuer:?}: {}", twice.text);
        let id = payload(tokens["id_token"].as_str().expect("a token"));
        assert_eq!((&id["name"], id.get("email")), (&json!("Alice"), None), "{issuer:?}");
        let has_env = |token: &str| payload(token).get("env").is_some();
        let of_pingone = issuer.base(&world).ends_with("/as");
        assert_eq!((has_env(access), id.get("env").is_some()), (of_pingone, of_pingone), "{issuer:?}");
    }
}

/// What a token says, unchecked.
fn payload(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64url")).expect("JSON")
}
