//! One browser in every dialect: a sign-on through one dialect is one in all, and so is a sign-off.
//!
//! The browser here keeps cookies by name and path and sends them where they belong.

use adieu::config::Config;
use adieu_testkit::World;
use adieu_testkit::world::{Reply, WorldRequest, profile_config};
use serde_json::json;

use crate::one_session::{DIALECTS, Dialect, Programs};

const AM: &str = "/am/json/realms/root/realms/alpha";
pub(crate) const ALICE: (&str, &str) = ("alice", "Rabbit-hole-11");

/// A browser: its cookies by name and path, in the order in which they came.
#[derive(Default)]
pub(crate) struct Jar(pub(crate) Vec<(String, String, String)>);

impl Jar {
    fn take(&mut self, reply: &Reply) {
        for line in reply.headers.get_all("set-cookie") {
            let line = line.to_str().expect("ASCII");
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').expect("a pair");
            let path = attributes.split(';').find_map(|attribute| attribute.trim().strip_prefix("Path="));
            let path = path.unwrap_or("/").to_owned();
            self.0.retain(|(known, there, _)| (known.as_str(), there) != (name, &path));
            if !attributes.contains("Max-Age=0") && !attributes.contains("1970") {
                self.0.push((name.to_owned(), path, value.to_owned()));
            }
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, ..)| known == name)
    }

    /// A request of this browser.
    pub(crate) async fn send(&mut self, path: &str, ask: WorldRequest) -> Reply {
        let cookies = self.0.iter().filter(|(_, place, _)| path.starts_with(place.as_str()));
        let cookies: Vec<_> = cookies.map(|(name, _, value)| format!("{name}={value}")).collect();
        let ask = if cookies.is_empty() { ask } else { ask.header("cookie", &cookies.join("; ")) };
        let reply = ask.send().await;
        self.take(&reply);
        reply
    }

    pub(crate) async fn get(&mut self, world: &World, path: &str) -> Reply {
        self.send(path, world.get(path).header("accept", "application/json")).await
    }
}

/// The address of an authorize request; `more` begins with an ampersand.
fn authorize(world: &World, issuer: Dialect, more: &str) -> String {
    let programs = Programs::of(world);
    let (client, to) = (programs.pingone("app_client_id"), programs.pingone("app_redirect_uri"));
    let query = format!("response_type=code&client_id={client}&redirect_uri={to}&scope=openid{more}");
    match issuer {
        Dialect::Am => format!("/am/oauth2/realms/root/realms/alpha/authorize?{query}"),
        _ => format!("/{}/as/authorize?{query}", programs.pingone("env_id")),
    }
}

async fn sign_on(world: &World, jar: &mut Jar, dialect: Dialect) {
    sign_on_as(world, jar, dialect, ALICE).await;
}

/// Somebody signs on, whoever is signed on in this browser.
pub(crate) async fn sign_on_as(world: &World, jar: &mut Jar, dialect: Dialect, who: (&str, &str)) {
    let reply = match dialect {
        Dialect::Kratos => {
            let flow = jar.get(world, "/self-service/login/browser?refresh=true").await.json();
            let token = flow["ui"]["nodes"][0]["attributes"]["value"].as_str().expect("a token").to_owned();
            let path = format!("/self-service/login?flow={}", flow["id"].as_str().expect("a flow"));
            let body =
                json!({"method": "password", "identifier": who.0, "password": who.1, "csrf_token": token});
            jar.send(&path, world.post(&path).header("accept", "application/json").json(&body)).await
        }
        Dialect::PingOne => {
            let begin = authorize(world, dialect, "&response_mode=pi.flow&prompt=login");
            let flow = jar.get(world, &begin).await.json();
            let environment = Programs::of(world).pingone("env_id").to_owned();
            let path = format!("/{environment}/flows/{}", flow["id"].as_str().expect("a flow"));
            let check = "application/vnd.pingidentity.usernamePassword.check+json";
            let body = json!({"username": who.0, "password": who.1}).to_string();
            jar.send(&path, world.post(&path).header("content-type", check).body(body)).await
        }
        Dialect::Am => {
            let path = format!("{AM}/authenticate");
            let ask = world.post(&path).header("x-openam-username", who.0).header("x-openam-password", who.1);
            jar.send(&path, ask.header("accept-api-version", "resource=2.0").json(&json!({}))).await
        }
    };
    assert_eq!(reply.status, 200, "{dialect:?}: {}", reply.text);
}

pub(crate) async fn sign_off(world: &World, jar: &mut Jar, dialect: Dialect) {
    let reply = match dialect {
        Dialect::Kratos => {
            let made = jar.get(world, "/self-service/logout/browser").await.json();
            let path =
                format!("/self-service/logout?token={}", made["logout_token"].as_str().expect("a token"));
            jar.get(world, &path).await
        }
        Dialect::PingOne => {
            let path = format!("/{}/as/signoff", Programs::of(world).pingone("env_id"));
            jar.get(world, &path).await
        }
        Dialect::Am => {
            let path = format!("{AM}/sessions?_action=logout");
            let ask = world.post(&path).header("accept-api-version", "resource=3.1");
            jar.send(&path, ask.json(&json!({}))).await
        }
    };
    assert!(reply.status.is_success() || reply.status.is_redirection(), "{dialect:?}: {}", reply.text);
}

/// The dialects that let this browser in without asking.
pub(crate) async fn open_dialects(world: &World, jar: &mut Jar) -> Vec<&'static str> {
    let mut open = Vec::new();
    if jar.get(world, "/sessions/whoami").await.status == 200 {
        open.push("Kratos");
    }
    for (dialect, issuer) in [("PingOne", Dialect::PingOne), ("AM", Dialect::Am)] {
        let path = authorize(world, issuer, "&prompt=none");
        if jar.get(world, &path).await.location().contains("code=") {
            open.push(dialect);
        }
    }
    open
}

/// A configuration in which every sign-on is one in every dialect.
pub(crate) fn with_all_cookies() -> Config {
    let mut config = profile_config("main");
    for key in [
        &mut config.kratos.set_all_cookies,
        &mut config.am.set_all_cookies,
        &mut config.pingone.set_all_cookies,
    ] {
        *key = true;
    }
    config
}

/// Goal: F-2: whoever signs on in a browser is signed on in every dialect of the realm, and signed off in every one by any of them.
#[tokio::test]
async fn one_sign_on_is_one_in_every_dialect_and_so_is_a_sign_off() {
    let world = World::with_config(with_all_cookies()).await;
    for on in DIALECTS {
        for off in DIALECTS {
            let mut jar = Jar::default();
            sign_on(&world, &mut jar, on).await;
            assert_eq!(open_dialects(&world, &mut jar).await, ["Kratos", "PingOne", "AM"], "after {on:?}");
            sign_off(&world, &mut jar, off).await;
            assert!(open_dialects(&world, &mut jar).await.is_empty(), "{on:?}, then {off:?}");
            for name in ["ory_kratos_session", "iPlanetDirectoryPro", "ST", "ST-NO-SS"] {
                assert!(!jar.has(name), "{on:?}, then {off:?}: {name} stays");
            }
        }
    }
    let native = world.get("/self-service/login/api").send().await.json();
    let path = format!("/self-service/login?flow={}", native["id"].as_str().expect("a flow"));
    let body = json!({"method": "password", "identifier": ALICE.0, "password": ALICE.1});
    let native = world.post(&path).json(&body).send().await;
    assert_eq!(
        (native.status.as_u16(), native.headers.get("set-cookie")),
        (200, None),
        "a program has no browser"
    );
}

/// Goal: F-2: whoever is half signed on through one dialect is let in by no dialect, and finishes in any of them.
#[tokio::test]
async fn a_sign_on_begun_in_one_dialect_is_finished_in_another() {
    let mut config = profile_config("main");
    (config.kratos.set_all_cookies, config.pingone.set_all_cookies) = (true, true);
    let world = World::with_config(config).await;
    let authority = world.authority();
    let set = authority.draw_code_set();
    let first = world.sign_on_kratos(ALICE.0, ALICE.1).await;
    let first = adieu_authority::SessionToken::parse(&first).expect("a token");
    authority.confirm_recovery_codes(first.id, set, false).await.expect("codes");
    let code = authority.recovery_codes(world.data.alice.id, set)[0].clone();

    let mut jar = Jar::default();
    let flow = jar.get(&world, "/self-service/login/browser").await.json();
    let token = flow["ui"]["nodes"][0]["attributes"]["value"].as_str().expect("a token").to_owned();
    let path = format!("/self-service/login?flow={}", flow["id"].as_str().expect("a flow"));
    let body = json!({"method": "password", "identifier": ALICE.0, "password": ALICE.1, "csrf_token": token});
    jar.send(&path, world.post(&path).header("accept", "application/json").json(&body)).await;
    assert!(jar.has("ST"), "the half session's cookie is there");
    assert!(open_dialects(&world, &mut jar).await.is_empty());

    let begin = authorize(&world, Dialect::PingOne, "&response_mode=pi.flow");
    let flow = jar.get(&world, &begin).await.json();
    let environment = Programs::of(&world).pingone("env_id").to_owned();
    let path = format!("/{environment}/flows/{}", flow["id"].as_str().expect("a flow"));
    for (action, body) in [
        ("usernamePassword", json!({"username": ALICE.0, "password": ALICE.1})),
        ("otp", json!({"otp": code})),
    ] {
        let kind = format!("application/vnd.pingidentity.{action}.check+json");
        let ask = world.post(&path).header("content-type", &kind).body(body.to_string());
        let reply = jar.send(&path, ask).await;
        assert_eq!(reply.status, 200, "{action}: {}", reply.text);
    }
    assert_eq!(open_dialects(&world, &mut jar).await, ["Kratos", "PingOne", "AM"]);
}

/// Goal: F-2: it is so by default, and a key of the dialect that people sign on by switches it off.
#[tokio::test]
async fn a_key_keeps_a_sign_on_to_its_own_dialect() {
    let default = adieu::config::Config::default();
    assert!(default.kratos.set_all_cookies && default.am.set_all_cookies && default.pingone.set_all_cookies);
    let world = World::start().await;
    for (on, name) in [(Dialect::Kratos, "Kratos"), (Dialect::PingOne, "PingOne"), (Dialect::Am, "AM")] {
        let mut jar = Jar::default();
        sign_on(&world, &mut jar, on).await;
        assert_eq!(open_dialects(&world, &mut jar).await, [name]);
    }
}
