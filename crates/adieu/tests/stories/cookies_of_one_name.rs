//! Several cookies of one name, as a browser has them after a change of domain or path: the first live one counts in every dialect.
//!
//! The order of carriers is the contracts' affair and not touched: a dead header still hides a cookie.

use adieu_testkit::World;
use adieu_testkit::world::{Reply, profile_config};
use serde_json::json;

use crate::one_session::Programs;

const AM: &str = "/am/json/realms/root/realms/alpha";
const ALICE: (&str, &str) = ("alice", "Rabbit-hole-11");

/// A header with one cookie for each token.
fn cookies(name: &str, tokens: &[&str]) -> String {
    tokens.iter().map(|token| format!("{name}={token}")).collect::<Vec<_>>().join("; ")
}

async fn am(world: &World, action: &str, cookies: &str) -> Reply {
    let ask = world.post(&format!("{AM}/sessions?_action={action}")).header("cookie", cookies);
    ask.header("accept-api-version", "resource=3.1").json(&json!({})).send().await
}

async fn silent(world: &World, cookies: &str) -> Reply {
    let programs = Programs::of(world);
    let (environment, client) = (programs.pingone("env_id"), programs.pingone("app_client_id"));
    let to = programs.pingone("app_redirect_uri");
    let query = format!("response_type=code&client_id={client}&redirect_uri={to}&scope=openid&prompt=none");
    world.get(&format!("/{environment}/as/authorize?{query}")).header("cookie", cookies).send().await
}

/// Who lets the bearer of these cookies in.
async fn verdicts(world: &World, tokens: &[&str]) -> Vec<(&'static str, bool)> {
    let (kratos, pingone) = (cookies("ory_kratos_session", tokens), cookies("ST", tokens));
    let of_am = cookies("iPlanetDirectoryPro", tokens);
    let whoami = world.get("/sessions/whoami").header("cookie", &kratos).send().await;
    let mut open = vec![
        ("Kratos", whoami.status == 200),
        ("PingOne", silent(world, &pingone).await.location().contains("code=")),
        ("AM's info", am(world, "getSessionInfo", &of_am).await.status == 200),
        ("AM's validate", am(world, "validate", &of_am).await.json()["valid"] == true),
    ];
    for (name, cookies) in
        [("the check, Kratos' cookie", kratos), ("the check, ST", pingone), ("the check, AM's cookie", of_am)]
    {
        open.push((name, world.get("/ui/check").header("cookie", &cookies).send().await.status == 200));
    }
    open
}

async fn end(world: &World, token: &str) {
    let body = json!({"session_token": token});
    assert_eq!(world.delete("/self-service/logout/api").json(&body).send().await.status, 204);
}

/// Goal: F-4: a dead cookie hides no live one of its name, in no dialect and in no order.
#[tokio::test]
async fn the_first_live_one_counts() {
    let world = World::start().await;
    let dead = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    let live = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    end(&world, &dead).await;
    for tokens in [[dead.as_str(), &live], [&live, &dead], ["nonsense", &live], ["", &live]] {
        for (dialect, open) in verdicts(&world, &tokens).await {
            assert!(open, "{dialect}: {tokens:?}");
        }
    }
    for (dialect, open) in verdicts(&world, &[&dead, "nonsense"]).await {
        assert!(!open, "{dialect}");
    }
    let both =
        world.get("/sessions/whoami").header("x-session-token", &dead).cookie("ory_kratos_session", &live);
    assert_eq!(both.send().await.status, 401, "K-24");
    let both = world.get("/sessions/whoami").bearer(&live).cookie("ory_kratos_session", &dead);
    assert_eq!(both.send().await.status, 401, "K-24");
}

/// A sign-off by cookies through one dialect; gives the answer.
async fn signed_off(world: &World, dialect: &str, tokens: &[&str]) -> Reply {
    match dialect {
        "Kratos" => {
            let cookies = cookies("ory_kratos_session", tokens);
            let made =
                world.get("/self-service/logout/browser").header("cookie", &cookies).send().await.json();
            let token = made["logout_token"].as_str().expect("a logout token");
            let path = format!("/self-service/logout?token={token}");
            world.get(&path).header("cookie", &cookies).send().await
        }
        "PingOne" => {
            let environment = Programs::of(world).pingone("env_id").to_owned();
            let ask = world.get(&format!("/{environment}/as/signoff"));
            ask.header("cookie", &cookies("ST", tokens)).send().await
        }
        _ => am(world, "logout", &cookies("iPlanetDirectoryPro", tokens)).await,
    }
}

/// Goal: F-4: whoever signs off by cookie is signed off: no session that a cookie of that name carries lives on.
#[tokio::test]
async fn a_sign_off_by_cookie_ends_all_that_they_carry() {
    let world = World::start().await;
    for dialect in ["Kratos", "PingOne", "AM"] {
        let dead = world.sign_on_kratos(ALICE.0, ALICE.1).await;
        end(&world, &dead).await;
        let one = world.sign_on_kratos(ALICE.0, ALICE.1).await;
        let other = world.sign_on_kratos("bob", "Builder-tools-22").await;
        let elsewhere = world.sign_on_kratos(ALICE.0, ALICE.1).await;
        let reply = signed_off(&world, dialect, &[&dead, &one, &other]).await;
        assert!(reply.status.is_success() || reply.status.is_redirection(), "{dialect}: {}", reply.text);
        for (token, lives) in [(&one, false), (&other, false), (&elsewhere, true)] {
            let whoami = world.get("/sessions/whoami").bearer(token).send().await;
            assert_eq!(whoami.status == 200, lives, "{dialect}");
        }
    }
}

/// Goal: F-4, HOME-LIMITS: no crowd of dead cookies hides a live one, and a sign-off goes through all of them; the size of a
/// request's head is their bound.
#[tokio::test]
async fn a_crowd_of_dead_cookies_hides_nothing() {
    let world = World::start().await;
    let dead = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    end(&world, &dead).await;
    for dialect in ["Kratos", "PingOne", "AM"] {
        let mut tokens = vec![dead.clone(); 20];
        let lives =
            [world.sign_on_kratos(ALICE.0, ALICE.1).await, world.sign_on_kratos(ALICE.0, ALICE.1).await];
        tokens.extend(lives.clone());
        let all: Vec<&str> = tokens.iter().map(String::as_str).collect();
        let open = verdicts(&world, &all).await;
        assert!(open.iter().all(|(_, open)| *open), "{open:?}");
        signed_off(&world, dialect, &all).await;
        for live in &lives {
            assert_eq!(world.get("/sessions/whoami").bearer(live).send().await.status, 401, "{dialect}");
        }
    }
}

/// Goal: F-4: AM's cookie has one name for all realms: of several the first live one of the addressed realm counts, in any order.
#[tokio::test]
async fn am_counts_the_first_live_one_of_the_addressed_realm() {
    let world = World::start().await;
    let ask = world.post("/am/json/realms/root/authenticate").header("accept-api-version", "resource=2.0");
    let ask = ask.header("x-openam-username", ALICE.0).header("x-openam-password", ALICE.1);
    let at_root = ask.json(&json!({})).send().await.json();
    let at_root = at_root["tokenId"].as_str().expect("a token").to_owned();
    let live = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    for tokens in [[at_root.as_str(), &live], [&live, &at_root]] {
        let cookies = cookies("iPlanetDirectoryPro", &tokens);
        for action in ["getSessionInfo", "validate"] {
            let said = am(&world, action, &cookies).await.json();
            assert_eq!(said["realm"], "/alpha", "{action}: {said}");
        }
        let programs = Programs::of(&world);
        let (client, to) = (programs.pingone("app_client_id"), programs.pingone("app_redirect_uri"));
        let query =
            format!("response_type=code&client_id={client}&redirect_uri={to}&scope=openid&prompt=none");
        let path = format!("/am/oauth2/realms/root/realms/alpha/authorize?{query}");
        let reply = world.get(&path).header("cookie", &cookies).send().await;
        assert!(reply.location().contains("code="), "{}", reply.location());
    }
    let alone = am(&world, "validate", &cookies("iPlanetDirectoryPro", &[&at_root])).await.json();
    assert_eq!(alone["realm"], "/", "alone it speaks for its user anywhere: {alone}");
}

/// Goal: F-4: a cookie that was set before the cookies were given a domain is deleted at the next sign-on and sign-off.
#[tokio::test]
async fn the_cookie_of_before_the_domain_goes() {
    let mut config = profile_config("main");
    config.kratos.cookie_domain = "example.test".into();
    config.am.cookie_domains = vec!["example.test".into()];
    let world = World::with_config(config).await;
    let lines = |reply: &Reply, name: &str| -> Vec<String> {
        let all =
            reply.headers.get_all("set-cookie").iter().map(|line| line.to_str().expect("ASCII").to_owned());
        all.filter(|line| line.starts_with(&format!("{name}="))).collect()
    };
    let goes = |lines: Vec<String>, what: &str| {
        let gone = lines.iter().any(|line| line.contains("1970") && !line.contains("Domain"));
        assert!(gone && lines.iter().any(|line| line.contains("Domain=example.test")), "{what}: {lines:?}");
    };
    let authenticate = world.post(&format!("{AM}/authenticate")).header("accept-api-version", "resource=2.0");
    let authenticate = authenticate.header("x-openam-username", ALICE.0).header("x-openam-password", ALICE.1);
    let signed_on = authenticate.json(&json!({})).send().await;
    goes(lines(&signed_on, "iPlanetDirectoryPro"), "AM's sign-on");
    let token = signed_on.json()["tokenId"].as_str().expect("a token").to_owned();
    let off = am(&world, "logout", &format!("iPlanetDirectoryPro={token}")).await;
    goes(lines(&off, "iPlanetDirectoryPro"), "AM's sign-off");

    let begun = world.get("/self-service/login/browser").header("accept", "application/json").send().await;
    let csrf =
        begun.headers["set-cookie"].to_str().expect("ASCII").split(';').next().expect("a pair").to_owned();
    let flow = begun.json();
    let field = flow["ui"]["nodes"][0]["attributes"]["value"].as_str().expect("a token");
    let path = format!("/self-service/login?flow={}", flow["id"].as_str().expect("a flow"));
    let body = json!({"method": "password", "identifier": ALICE.0, "password": ALICE.1, "csrf_token": field});
    let ask = world.post(&path).header("accept", "application/json").header("cookie", &csrf);
    let signed_on = ask.json(&body).send().await;
    goes(lines(&signed_on, "ory_kratos_session"), "Kratos' sign-on");
    let session = signed_on.headers.get_all("set-cookie").iter().map(|line| line.to_str().expect("ASCII"));
    let session = session.rev().find(|line| line.starts_with("ory_kratos_session=")).expect("a cookie");
    let value = session["ory_kratos_session=".len()..].split(';').next().expect("a value").to_owned();
    let off = signed_off(&world, "Kratos", &[&value]).await;
    goes(lines(&off, "ory_kratos_session"), "Kratos' sign-off");
}
