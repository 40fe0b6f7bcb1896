//! A locked account signs on nowhere, whichever channel it was locked through; and what is taken of a user is named everywhere.
//!
//! The rules stand in core; here is that every channel asks them.

use adieu_testkit::World;
use adieu_testkit::world::WorldRequest;
use http::Method;
use serde_json::{Value, json};

use crate::both_win::AdminFixture;
use crate::throttle::{am_from, kratos_ask, native, pingone_from, pingone_typed};

const RIGHT: &str = "Rabbit-hole-11";
const HOME: &str = "192.0.2.7";

/// How an account is locked and unlocked through one channel.
struct Lock {
    name: &'static str,
    locks: fn(&AdminFixture) -> WorldRequest,
    unlocks: fn(&AdminFixture) -> WorldRequest,
}

const LOCKS: [Lock; 5] = [
    Lock {
        name: "PingOne PATCH",
        locks: |fixture| pingone(fixture, Method::PATCH, &json!({"account": {"status": "LOCKED"}})),
        unlocks: |fixture| pingone(fixture, Method::PATCH, &json!({"account": {"status": "OK"}})),
    },
    Lock {
        name: "PingOne PUT",
        locks: |fixture| pingone(fixture, Method::PUT, &described("LOCKED")),
        unlocks: |fixture| pingone(fixture, Method::PUT, &described("OK")),
    },
    Lock {
        name: "PingOne account.lock",
        locks: |fixture| pingone_typed(fixture, Method::POST, "", "account.lock+json", json!({})),
        unlocks: |fixture| pingone_typed(fixture, Method::POST, "", "account.unlock+json", json!({})),
    },
    Lock {
        name: "native",
        locks: |fixture| native(fixture, Method::PATCH, "", json!({"locked": true})),
        unlocks: |fixture| {
            fixture.world.admin(Method::POST, &format!("/v1/users/{}/unlock", fixture.alice()))
        },
    },
    Lock {
        name: "apply",
        locks: |fixture| fixture.apply("users]]\nusername = 'alice'\nlocked = true"),
        unlocks: |fixture| fixture.apply("users]]\nusername = 'alice'\nlocked = false"),
    },
];

fn described(status: &str) -> Value {
    json!({"username": "alice", "email": "alice@example.test", "account": {"status": status}})
}

fn pingone(fixture: &AdminFixture, method: Method, body: &Value) -> WorldRequest {
    let path = format!("/v1/environments/{}/users/{}", fixture.world.data.realm.id, fixture.alice());
    let ask = fixture.world.ask(method, &path).bearer(&fixture.bearer).body(body.to_string());
    ask.header("content-type", "application/json")
}

async fn done(name: &str, request: WorldRequest) {
    let reply = request.send().await;
    assert!(reply.status.is_success(), "{name}: {} {}", reply.status, reply.text);
}

/// Goal: F-8: whoever is locked signs on through no channel, not even after a restart, and whoever is unlocked does again; the
/// sessions that are open live on.
#[tokio::test]
async fn a_locked_account_signs_on_through_no_channel() {
    for Lock { name, locks, unlocks } in LOCKS {
        let mut fixture = AdminFixture::open(World::start().await, 0).await;
        let held = kratos_ask(&fixture.world, "alice", RIGHT).await.send().await.json();
        let token = held["session_token"].as_str().expect("a token").to_owned();
        done(name, locks(&fixture)).await;
        fixture.world.crash_and_restart().await;
        let world = &fixture.world;
        assert_eq!(am_from(world, HOME, "alice", RIGHT).await, 401, "{name}: AM");
        assert_eq!(pingone_from(world, HOME, "alice", RIGHT).await, 400, "{name}: PingOne");
        let refused = kratos_ask(world, "alice", RIGHT).await.send().await;
        assert!(refused.status.is_client_error(), "{name}: Kratos: {}", refused.text);
        let whoami = world.get("/sessions/whoami").header("x-session-token", &token).send().await;
        assert_eq!(whoami.status, 200, "{name}: a lock ends nothing");
        let shown = world.admin(Method::GET, &format!("/v1/users/{}", fixture.alice())).send().await.json();
        assert!(shown["locked_at"].is_string() && shown["enabled"] == true, "{name}: {shown}");
        done(name, unlocks(&fixture)).await;
        assert_eq!(am_from(world, HOME, "alice", RIGHT).await, 200, "{name}: AM again");
        assert_eq!(pingone_from(world, HOME, "alice", RIGHT).await, 200, "{name}: PingOne again");
    }
}

/// Goal: F-15: what another user has already is named, by every channel's name of the member; nothing is changed by it.
#[tokio::test]
async fn what_is_taken_is_named_at_every_channel() {
    let fixture = AdminFixture::open(World::start().await, 0).await;
    let bob = json!({"username": "bob"});
    let mail = json!({"email": "bob@example.test"});
    for (body, member) in [(&bob, "username"), (&mail, "email")] {
        let told = pingone(&fixture, Method::PATCH, body).send().await;
        assert_eq!(
            (told.status.as_u16(), &told.json()["details"][0]["target"]),
            (400, &member.into()),
            "{}",
            told.text
        );
        let told = native(&fixture, Method::PATCH, "", body.clone()).send().await;
        assert_eq!(told.status, 409, "{}", told.text);
        assert!(told.text.contains(&format!("{member}: another one has it")), "{}", told.text);
    }
    let traits = |username: &str, email: &str| json!({"username": username, "email": email});
    for (traits, word) in [
        (traits("bob", "alice@example.test"), "username"),
        (traits("alice", "bob@example.test"), "e-mail address"),
    ] {
        let body = json!({"schema_id": "person", "state": "active", "traits": traits});
        let path = format!("/admin/identities/{}", fixture.alice());
        let told = fixture.admin(Method::PUT, &path, &body).send().await;
        assert_eq!(told.status, 409, "{}", told.text);
        assert!(told.text.contains(&format!("Another identity has this {word}.")), "{}", told.text);
    }
    let told = fixture.apply("users]]\nusername = 'alice'\nemail = 'bob@example.test'").send().await;
    assert!(!told.status.is_success() && told.text.contains("bob@example.test is taken"), "{}", told.text);
}

/// Goal: F-16: no channel makes a name with a part that cannot be seen, and every channel takes a name composed or not.
#[tokio::test]
async fn a_name_is_what_people_see_at_every_channel() {
    let fixture = AdminFixture::open(World::start().await, 0).await;
    let (hidden, composed, decomposed) = ("al\u{200b}ice", "jos\u{e9}", "jose\u{301}");
    let pingone_new = |name: &str| {
        let path = format!("/v1/environments/{}/users", fixture.world.data.realm.id);
        let body = json!({"username": name, "email": "new@example.test"}).to_string();
        let ask = fixture.world.ask(Method::POST, &path).bearer(&fixture.bearer).body(body);
        ask.header("content-type", "application/json")
    };
    let native_new = |name: &str| {
        let body = json!({"username": name, "password": RIGHT});
        fixture.admin(Method::POST, &format!("/v1/realms/{}/users", fixture.world.data.realm.id), &body)
    };
    let kratos_new = |name: &str| {
        let traits = json!({"username": name, "email": "new@example.test"});
        fixture.admin(Method::POST, "/admin/identities", &json!({"schema_id": "person", "traits": traits}))
    };
    let apply_new = |name: &str| fixture.apply(&format!("users]]\nusername = \"{name}\""));
    let channels: [&dyn Fn(&str) -> WorldRequest; 4] = [&pingone_new, &native_new, &kratos_new, &apply_new];
    for (n, channel) in channels.iter().enumerate() {
        let refused = channel(hidden).send().await;
        assert!(refused.status.is_client_error(), "{n}: {} {}", refused.status, refused.text);
        assert!(refused.text.contains("none that cannot be seen"), "{n}: {}", refused.text);
    }
    // Ids are public: nobody is called like somebody else's.
    let id = fixture.world.data.alice.id.to_string();
    for (n, channel) in channels.iter().enumerate() {
        let refused = channel(&id.to_uppercase()).send().await;
        assert!(refused.status.is_client_error(), "{n}: {} {}", refused.status, refused.text);
        assert!(refused.text.contains("is no UUID"), "{n}: {}", refused.text);
    }
    let renamed = native(&fixture, Method::PATCH, "", json!({"username": id})).send().await;
    assert_eq!(renamed.status, 422, "{}", renamed.text);
    let renamed = native(&fixture, Method::PATCH, "", json!({"username": "b\u{202e}ob"})).send().await;
    assert_eq!(renamed.status, 422, "{}", renamed.text);
    done("native", native_new(composed)).await;
    for channel in &channels[..3] {
        let twin = channel(decomposed).send().await;
        assert!(twin.status.is_client_error() && twin.text.contains("username"), "{}", twin.text);
    }
    done("apply", apply_new(decomposed)).await; // The document means the user who is there, and spells the name anew.
    for name in [composed, decomposed] {
        let reply = kratos_ask(&fixture.world, name, RIGHT).await.send().await;
        assert_eq!(reply.status, 200, "Kratos {name:?}: {}", reply.text);
        assert_eq!(pingone_from(&fixture.world, HOME, name, RIGHT).await, 200, "PingOne {name:?}");
    }
}
