//! Failed sign-ons count at all channels together, and each dialect says so in its own words.
//!
//! The rule itself is tested where it stands, in the authority.

use adieu_testkit::World;
use adieu_testkit::world::{Reply, WorldRequest, profile_config};
use http::Method;
use serde_json::{Value, json};

use crate::both_win::AdminFixture;

const RIGHT: &str = "Rabbit-hole-11";
/// Where alice signs on, and where she never did.
const HOME: &str = "192.0.2.7";
const ELSEWHERE: &str = "198.51.100.1";

fn am_ask(world: &World, name: &str, password: &str) -> WorldRequest {
    let ask = world.post("/am/json/realms/root/realms/alpha/authenticate");
    let ask = ask.header("x-openam-username", name).header("x-openam-password", password);
    ask.header("accept-api-version", "resource=2.0, protocol=1.0")
}

async fn am(world: &World, name: &str, password: &str) -> Reply {
    am_ask(world, name, password).send().await
}

pub(crate) async fn am_from(world: &World, address: &str, name: &str, password: &str) -> u16 {
    am_ask(world, name, password).from_address(address).send().await.status.as_u16()
}

pub(crate) async fn kratos_ask(world: &World, name: &str, password: &str) -> WorldRequest {
    let flow = world.get("/self-service/login/api").send().await.json();
    let path = format!("/self-service/login?flow={}", flow["id"].as_str().expect("a flow"));
    let body = json!({"method": "password", "identifier": name, "password": password});
    world.post(&path).header("accept", "application/json").json(&body)
}

async fn kratos(world: &World, name: &str, password: &str) -> Reply {
    kratos_ask(world, name, password).await.send().await
}

/// A sign-on through PingOne's flow API.
pub(crate) async fn pingone_from(world: &World, address: &str, name: &str, password: &str) -> u16 {
    let (env, app) = (world.data.realm.id, &world.data.app);
    let query = format!(
        "response_type=code&client_id={}&redirect_uri={}&scope=openid&response_mode=pi.flow",
        app.id,
        world.variables()["pingone"]["app_redirect_uri"].as_str().expect("an address")
    );
    let flow = world.get(&format!("/{env}/as/authorize?{query}")).send().await.json();
    let path = format!("/{env}/flows/{}", flow["id"].as_str().expect("a flow"));
    let body = json!({"username": name, "password": password}).to_string();
    let ask = world.post(&path).from_address(address).body(body);
    let ask = ask.header("content-type", "application/vnd.pingidentity.usernamePassword.check+json");
    ask.send().await.status.as_u16()
}

/// Whatever alice may still try from elsewhere is used up.
async fn shut_out(world: &World, address: &str) {
    for _ in 0..10 {
        assert_eq!(am_from(world, address, "alice", "wrong").await, 401);
    }
    assert_eq!(am_from(world, address, "alice", RIGHT).await, 429);
}

/// Goal: no channel is a way around the other one's count, the right password does not help before it is time, and
/// nobody else is slowed down.
#[tokio::test]
async fn failures_at_one_channel_count_at_all() {
    let world = World::start().await;
    for _ in 0..10 {
        assert_eq!(am(&world, "alice", "wrong").await.status, 401);
    }
    for reply in
        [am(&world, "alice", "Rabbit-hole-11").await, kratos(&world, "Alice", "Rabbit-hole-11").await]
    {
        assert_eq!(reply.status, 429, "{}", reply.text);
        let seconds: u32 = reply.header("retry-after").parse().expect("a number of seconds");
        assert!((1..=31).contains(&seconds), "{seconds}");
    }
    assert_eq!(am(&world, "alice", "x").await.json()["code"], 429);
    assert_eq!(kratos(&world, "alice", "x").await.json()["error"]["code"], 429);
    assert_eq!(am(&world, "bob", "Builder-tools-22").await.status, 200);
    world.wait_s(30);
    assert_eq!(kratos(&world, "alice", "Rabbit-hole-11").await.status, 200);
    assert_eq!(am(&world, "alice", "wrong").await.status, 401, "the slate is clean");
    assert_eq!(am(&world, "alice", "Rabbit-hole-11").await.status, 200);
}

/// Goal: F-32: failures are counted by account, by whatever name it was tried.
#[tokio::test]
async fn all_names_of_an_account_share_one_count() {
    let world = World::start().await;
    for name in ["alice", "ALICE", "alice@example.test", " Alice@Example.TEST "].iter().cycle().take(10) {
        assert_eq!(am_from(&world, ELSEWHERE, name.trim(), "wrong").await, 401, "{name}");
    }
    for name in ["alice", "alice@example.test"] {
        assert_eq!(am_from(&world, ELSEWHERE, name, RIGHT).await, 429, "{name}");
        assert_eq!(pingone_from(&world, ELSEWHERE, name, RIGHT).await, 429, "{name}");
    }
    assert_eq!(
        am_from(&world, ELSEWHERE, "nobody", "wrong").await,
        401,
        "a name that nobody has counts by itself"
    );
}

/// Goal: S-12: a stranger who tries again and again keeps nobody out of where they signed on before, through any channel, not even
/// after a restart; and whoever tries from there has a count, too.
#[tokio::test]
async fn a_stranger_keeps_nobody_out_of_where_they_signed_on_before() {
    let mut world = World::start().await;
    assert_eq!(am_from(&world, HOME, "alice", RIGHT).await, 200);
    shut_out(&world, ELSEWHERE).await;
    for restarted in [false, true] {
        if restarted {
            world.crash_and_restart().await;
            shut_out(&world, ELSEWHERE).await;
        }
        assert_eq!(am_from(&world, HOME, "alice", RIGHT).await, 200, "AM, {restarted}");
        assert_eq!(pingone_from(&world, HOME, "alice", RIGHT).await, 200, "PingOne, {restarted}");
        let ask = kratos_ask(&world, "alice", RIGHT).await.from_address(HOME);
        assert_eq!(ask.send().await.status, 200, "Kratos, {restarted}");
        assert_eq!(
            am_from(&world, ELSEWHERE, "alice", RIGHT).await,
            429,
            "what is right at home forgives no stranger"
        );
    }
    for _ in 0..10 {
        assert_eq!(am_from(&world, HOME, "alice", "wrong").await, 401);
    }
    assert_eq!(am_from(&world, HOME, "alice", RIGHT).await, 429);
}

/// What an administrator does, through some channel, for somebody who is kept out; and the password that is right then.
struct Help {
    name: &'static str,
    requests: fn(&AdminFixture) -> Vec<WorldRequest>,
    password: &'static str,
}

const NEW: &str = "battery-staple-7";

const HELP: [Help; 9] = [
    Help {
        name: "native password",
        requests: |fixture| vec![native(fixture, Method::PUT, "/password", json!({"password": NEW}))],
        password: NEW,
    },
    Help {
        name: "native unlock",
        requests: |fixture| {
            vec![fixture.world.admin(Method::POST, &format!("/v1/users/{}/unlock", fixture.alice()))]
        },
        password: RIGHT,
    },
    Help {
        name: "native disable and enable",
        requests: |fixture| {
            [false, true]
                .map(|enabled| native(fixture, Method::PATCH, "", json!({"enabled": enabled})))
                .into()
        },
        password: RIGHT,
    },
    Help {
        name: "Kratos password",
        requests: |fixture| {
            let body = json!({
                "schema_id": "person", "state": "active", "traits": {"email": "alice@example.test", "username": "alice"},
                "credentials": {"password": {"config": {"password": NEW}}},
            });
            vec![fixture.admin(Method::PUT, &format!("/admin/identities/{}", fixture.alice()), &body)]
        },
        password: NEW,
    },
    Help {
        name: "Kratos state",
        requests: |fixture| {
            ["inactive", "active"]
                .map(|state| {
                    kratos_patch(fixture, json!([{"op": "replace", "path": "/state", "value": state}]))
                })
                .into()
        },
        password: RIGHT,
    },
    Help {
        name: "PingOne password",
        requests: |fixture| {
            vec![pingone_typed(fixture, Method::PUT, "/password", "password.set+json", json!({"value": NEW}))]
        },
        password: NEW,
    },
    Help {
        name: "PingOne password unlock",
        requests: |fixture| {
            vec![pingone_typed(fixture, Method::POST, "/password", "password.unlock+json", json!({}))]
        },
        password: RIGHT,
    },
    Help {
        name: "PingOne account unlock",
        requests: |fixture| vec![pingone_typed(fixture, Method::POST, "", "account.unlock+json", json!({}))],
        password: RIGHT,
    },
    Help {
        name: "apply, disable and enable",
        requests: |fixture| {
            [false, true]
                .map(|on| fixture.apply(&format!("users]]\nusername = 'alice'\nenabled = {on}")))
                .into()
        },
        password: RIGHT,
    },
];

pub(crate) fn native(fixture: &AdminFixture, method: Method, below: &str, body: Value) -> WorldRequest {
    fixture.admin(method, &format!("/v1/users/{}{below}", fixture.alice()), &body)
}

fn kratos_patch(fixture: &AdminFixture, patch: Value) -> WorldRequest {
    fixture.admin(Method::PATCH, &format!("/admin/identities/{}", fixture.alice()), &patch)
}

pub(crate) fn pingone_typed(
    fixture: &AdminFixture,
    method: Method,
    below: &str,
    kind: &str,
    body: Value,
) -> WorldRequest {
    let path = format!("/v1/environments/{}/users/{}{below}", fixture.world.data.realm.id, fixture.alice());
    let ask = fixture.world.ask(method, &path).bearer(&fixture.bearer).body(body.to_string());
    ask.header("content-type", &format!("application/vnd.pingidentity.{kind}"))
}

/// Goal: F-32: an administrator's new password, unlocking and enabling let somebody in at once, whichever channel they came
/// through; a stranger's tries from before count no more.
#[tokio::test]
async fn an_administrator_lets_in_through_every_channel() {
    for Help { name, requests, password } in HELP {
        let fixture = AdminFixture::open(World::start().await, 0).await;
        shut_out(&fixture.world, ELSEWHERE).await;
        fixture.world.wait_s(1); // Not at the moment at which the record was made.
        for request in requests(&fixture) {
            let reply = request.send().await;
            assert!(reply.status.is_success(), "{name}: {} {}", reply.status, reply.text);
        }
        assert_eq!(am_from(&fixture.world, ELSEWHERE, "alice", password).await, 200, "{name}");
    }
}

/// Goal: S-1: right passwords have a pace, by account and by address, and each dialect says when to try again; nobody else is
/// slowed down.
#[tokio::test]
async fn right_passwords_have_a_pace() {
    let mut config = profile_config("main");
    config.passwords.sign_ons_by_account_max = 5;
    config.passwords.sign_ons_by_address_max = 8;
    let world = World::with_config(config).await;
    for _ in 0..5 {
        assert_eq!(am_from(&world, HOME, "alice", RIGHT).await, 200);
    }
    let refused = am_ask(&world, "alice", RIGHT).from_address(ELSEWHERE).send().await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "13"), "{}", refused.text);
    let refused = kratos_ask(&world, "alice", RIGHT).await.from_address(ELSEWHERE).send().await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "13"), "{}", refused.text);
    assert_eq!(pingone_from(&world, ELSEWHERE, "alice", RIGHT).await, 429);
    for _ in 0..3 {
        assert_eq!(am_from(&world, HOME, "bob", "Builder-tools-22").await, 200);
    }
    assert_eq!(
        am_from(&world, HOME, "bob", "Builder-tools-22").await,
        429,
        "the address has used up its own"
    );
    assert_eq!(am_from(&world, ELSEWHERE, "bob", "Builder-tools-22").await, 200);
    world.wait_s(12);
    assert_eq!(am_from(&world, HOME, "alice", RIGHT).await, 200);
}

/// Goal: S-2: names without number from an address that is limited make nobody's count forgotten.
#[tokio::test]
async fn a_limited_address_flushes_no_count() {
    let mut config = profile_config("main");
    config.passwords.failures_by_address_max = 20;
    let world = World::with_config(config).await;
    shut_out(&world, ELSEWHERE).await;
    for n in 0..200 {
        let status = am_from(&world, "203.0.113.5", &format!("name-{n}"), "wrong").await;
        assert_eq!(status, if n < 20 { 401 } else { 429 });
    }
    assert_eq!(am_from(&world, ELSEWHERE, "alice", RIGHT).await, 429);
}
