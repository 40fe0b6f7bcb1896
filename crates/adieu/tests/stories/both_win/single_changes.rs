//! The channels that change one thing of a user or a client, by a route of its own, and those that replace a record whole: beside
//! each other and beside those that change several things at once.
//!
//! Before each pair the record is brought to where both channels have something to change.

use adieu_authority::{Client, LockChange, User, UserEdit};
use adieu_core::RecoveryCodes;
use adieu_testkit::World;
use http::Method;
use serde_json::json;

use super::{
    AdminFixture, CLIENT_CHANNELS, ChangeChannel, USER_CHANNELS, assert_both_won, member, pairs, race,
};
use adieu_authority::{Channel, Origin};

const KRATOS_PUT: &str = "Kratos PUT";
const KRATOS_SETTINGS: &str = "Kratos settings";
const ENABLED: &str = "PingOne enabled";
const LOCK: &str = "PingOne lock";
const POPULATION: &str = "PingOne population";
const PINGONE_PASSWORD: &str = "PingOne password";
const USER_ROLES: &str = "PingOne role of a user";
const NATIVE_PASSWORD: &str = "native password";
const NATIVE_UNLOCK: &str = "native unlock";
const NATIVE_CODES: &str = "native recovery codes";

/// "Client Application Developer".
const DEVELOPER: &str = "5a1f0d3e-8c47-4b62-9e10-7d2c6b3a4f04";

const MORE_USER_CHANNELS: [ChangeChannel<User>; 10] = [
    ChangeChannel {
        name: KRATOS_PUT,
        change: |fixture, n| {
            let traits =
                json!({"email": "alice@example.test", "username": "alice", "name": format!("Put {n}")});
            let body = json!({"schema_id": "person", "traits": traits, "state": "active"});
            fixture.admin(Method::PUT, &format!("/admin/identities/{}", fixture.alice()), &body)
        },
        won: |_, user, n| member(Some(&user.traits), "/name") == json!(format!("Put {n}")),
    },
    ChangeChannel {
        name: KRATOS_SETTINGS,
        change: |fixture, n| {
            let (token, flow) = &fixture.own;
            let traits =
                json!({"email": "alice@example.test", "username": "alice", "name": format!("Own {n}")});
            let ask = fixture.world.post(&format!("/self-service/settings?flow={flow}"));
            ask.header("x-session-token", token).json(&json!({"method": "profile", "traits": traits}))
        },
        won: |_, user, n| member(Some(&user.traits), "/name") == json!(format!("Own {n}")),
    },
    ChangeChannel {
        name: ENABLED,
        change: |fixture, _| {
            fixture.manage(
                Method::PUT,
                &format!("users/{}/enabled", fixture.alice()),
                &json!({"enabled": true}),
            )
        },
        won: |before, user, _| user.enabled && !before.enabled,
    },
    ChangeChannel {
        name: LOCK,
        change: |fixture, _| {
            let kind = "application/vnd.pingidentity.account.lock+json";
            let path = format!("/v1/environments/{}/users/{}", fixture.world.data.realm.id, fixture.alice());
            fixture.world.post(&path).bearer(&fixture.bearer).header("content-type", kind).body("")
        },
        won: |before, user, _| user.lock.is_some() && before.lock.is_none(),
    },
    ChangeChannel {
        name: POPULATION,
        change: |fixture, _| {
            let body = json!({"id": fixture.world.data.guests.id.to_string()});
            fixture.manage(Method::PUT, &format!("users/{}/population", fixture.alice()), &body)
        },
        won: |before, user, _| user.population != before.population,
    },
    ChangeChannel {
        name: PINGONE_PASSWORD,
        change: |fixture, n| {
            let kind = "application/vnd.pingidentity.password.set+json";
            let path = format!(
                "/v1/environments/{}/users/{}/password",
                fixture.world.data.realm.id,
                fixture.alice()
            );
            let ask = fixture.world.ask(Method::PUT, &path).bearer(&fixture.bearer);
            ask.header("content-type", kind).body(json!({"value": format!("Rabbit-round-{n}")}).to_string())
        },
        won: |before, user, _| user.password != before.password,
    },
    ChangeChannel {
        name: USER_ROLES,
        change: |fixture, _| {
            let scope = json!({"id": fixture.world.data.realm.id.to_string(), "type": "ENVIRONMENT"});
            let body = json!({"role": {"id": DEVELOPER}, "scope": scope});
            fixture.manage(Method::POST, &format!("users/{}/roleAssignments", fixture.alice()), &body)
        },
        won: |before, user, _| user.roles.len() == before.roles.len() + 1,
    },
    ChangeChannel {
        name: NATIVE_PASSWORD,
        change: |fixture, n| {
            let body = json!({"password": format!("Burrow-round-{n}")});
            fixture.admin(Method::PUT, &format!("/v1/users/{}/password", fixture.alice()), &body)
        },
        won: |before, user, _| user.password != before.password,
    },
    ChangeChannel {
        name: NATIVE_UNLOCK,
        change: |fixture, _| {
            fixture.world.admin(Method::POST, &format!("/v1/users/{}/unlock", fixture.alice()))
        },
        won: |before, user, _| user.lock.is_none() && before.lock.is_some(),
    },
    ChangeChannel {
        name: NATIVE_CODES,
        change: |fixture, _| {
            fixture.world.admin(Method::DELETE, &format!("/v1/users/{}/recovery-codes", fixture.alice()))
        },
        won: |before, user, _| user.recovery_codes.is_none() && before.recovery_codes.is_some(),
    },
];

/// Whether one of the two replaces or forbids what the other one says: then one is meant to lose.
fn about_the_same(one: &str, other: &str) -> bool {
    let among = |names: &[&str]| names.contains(&one) && names.contains(&other);
    among(&["PingOne PUT", "PingOne PATCH", KRATOS_PUT, KRATOS_SETTINGS])
        || among(&["native PATCH", KRATOS_PUT])
        || among(&["Kratos PATCH", KRATOS_PUT])
        || among(&[ENABLED, KRATOS_PUT])
        || among(&[ENABLED, KRATOS_SETTINGS]) // Nobody disabled changes anything.
        || among(&[NATIVE_CODES, KRATOS_SETTINGS]) // Who has codes needs one for that.
        || among(&["apply", USER_ROLES])
        || among(&[PINGONE_PASSWORD, NATIVE_PASSWORD])
        || among(&[LOCK, NATIVE_UNLOCK])
}

impl AdminFixture {
    /// Brings Alice to where these two channels have something to change.
    async fn prepare_user(&mut self, names: [&str; 2]) {
        let about = |name: &str| names.contains(&name);
        let (authority, alice) = (self.world.authority().clone(), self.world.data.alice.id);
        let locked = if about(NATIVE_UNLOCK) { LockChange::Lock { until: None } } else { LockChange::Unlock };
        let edit = UserEdit {
            population: Some(self.world.data.population.id),
            enabled: Some(!about(ENABLED)),
            lock: Some(locked),
            recovery_codes: Some(
                about(NATIVE_CODES).then(|| RecoveryCodes::unused(authority.draw_code_set())),
            ),
            roles: (about(USER_ROLES) || about("apply")).then(Vec::new),
            metadata_public: Some(Some("{}".into())), // A patch adds to what is there.
            ..UserEdit::default()
        };
        let origin = Origin::of_holder(Channel::named("test"), None);
        if about(KRATOS_SETTINGS) {
            // She signs on before anything would hinder her.
            let plain = UserEdit {
                enabled: Some(true),
                lock: Some(LockChange::Unlock),
                recovery_codes: Some(None),
                password: Some(Some(self.password.clone())),
                ..UserEdit::default()
            };
            authority.edit_user(alice, plain, origin.clone()).await.expect("a change");
            let token = self.world.sign_on_kratos("alice", "Rabbit-hole-11").await;
            let flow = self.world.get("/self-service/settings/api").header("x-session-token", &token);
            let flow = flow.send().await.json()["id"].as_str().expect("a flow").to_owned();
            self.own = (token, flow);
        }
        authority.edit_user(alice, edit, origin).await.expect("a change");
    }
}

/// Goal: whoever changes one thing of a user by a route of its own, or their own account, loses nothing to whoever changes
/// another thing through any other channel, and takes nothing from them.
#[tokio::test]
async fn a_single_change_of_a_user_and_any_other_one_both_win() {
    let mut world = World::start().await;
    let store = world.with_failing_store().await;
    let mut fixture = AdminFixture::open(world, 0).await;
    fixture.password = fixture.user().await.password.expect("a password");
    let all: Vec<_> = USER_CHANNELS.iter().chain(&MORE_USER_CHANNELS).collect();
    let is_new = |name: &str| MORE_USER_CHANNELS.iter().any(|channel| channel.name == name);
    let known = |one: &str, other: &str| about_the_same(one, other) || !(is_new(one) || is_new(other));
    // In every sixteenth round a document gives no role, and there would be nothing to change.
    for (n, channels) in (0..).filter(|n| (n + 1) % 16 != 0).zip(pairs(all, known)) {
        fixture.prepare_user([channels.0.name, channels.1.name]).await;
        let before = fixture.user().await;
        race(&fixture, &store, channels, n).await;
        let after = fixture.user().await;
        assert_both_won(channels, (&before, &after), (before.version, after.version), n);
    }
}

const NATIVE_SECRET: &str = "native secret";
const GRANT: &str = "PingOne grant";
const CLIENT_ROLES: &str = "PingOne role of an application";

/// PingOne's own API and its scope to read sessions.
const MORE_CLIENT_CHANNELS: [ChangeChannel<Client>; 3] = [
    ChangeChannel {
        name: NATIVE_SECRET,
        change: |fixture, _| {
            fixture.admin(Method::POST, &format!("/v1/clients/{}/secret", fixture.shop()), &json!({}))
        },
        won: |before, client, _| client.secret_version > before.secret_version,
    },
    ChangeChannel {
        name: GRANT,
        change: |fixture, _| {
            let (resource, scope) = &fixture.api;
            let body = json!({"resource": {"id": resource}, "scopes": [{"id": scope}]});
            fixture.manage(Method::POST, &format!("applications/{}/grants", fixture.shop()), &body)
        },
        won: |before, client, _| client.api_scopes.len() == before.api_scopes.len() + 1,
    },
    ChangeChannel {
        name: CLIENT_ROLES,
        change: |fixture, _| {
            let scope = json!({"id": fixture.world.data.realm.id.to_string(), "type": "ENVIRONMENT"});
            let body = json!({"role": {"id": DEVELOPER}, "scope": scope});
            fixture.manage(Method::POST, &format!("applications/{}/roleAssignments", fixture.shop()), &body)
        },
        won: |before, client, _| client.roles.len() == before.roles.len() + 1,
    },
];

impl AdminFixture {
    /// Takes every grant and role from the shop, so that these two channels have something to give.
    async fn prepare_client(&mut self, names: [&str; 2]) {
        let path = format!("applications/{}/grants", self.shop());
        let listed = self.manage(Method::GET, &path, &json!({})).send().await.json();
        for grant in listed["_embedded"]["grants"].as_array().expect("a list") {
            let own = format!("{path}/{}", grant["id"].as_str().expect("an id"));
            assert_eq!(self.manage(Method::DELETE, &own, &json!({})).send().await.status, 204);
        }
        let id = self.world.data.app.id.clone();
        self.world
            .edit_client(&id, |client| {
                client.api_scopes.clear();
                if names.contains(&CLIENT_ROLES) {
                    client.roles.clear();
                }
            })
            .await;
    }
}

/// Goal: the same for a client: its secret, its grants and its roles.
#[tokio::test]
async fn a_single_change_of_a_client_and_any_other_one_both_win() {
    let mut world = World::start().await;
    let store = world.with_failing_store().await;
    let mut fixture = AdminFixture::open(world, 40).await;
    let resources = fixture.manage(Method::GET, "resources", &json!({})).send().await.json();
    let all = resources["_embedded"]["resources"].as_array().expect("a list");
    let api = all.iter().find(|one| one["type"] == "PINGONE_API").expect("the API");
    let api = api["id"].as_str().expect("an id").to_owned();
    let scopes = fixture.manage(Method::GET, &format!("resources/{api}/scopes"), &json!({})).send().await;
    let scope = scopes.json()["_embedded"]["scopes"][0]["id"].as_str().expect("an id").to_owned();
    fixture.api = (api, scope);
    let all: Vec<_> = CLIENT_CHANNELS.iter().chain(&MORE_CLIENT_CHANNELS).collect();
    let is_new = |name: &str| MORE_CLIENT_CHANNELS.iter().any(|channel| channel.name == name);
    let known = |one: &str, other: &str| {
        let roles = ["apply", CLIENT_ROLES];
        !(is_new(one) || is_new(other)) || (roles.contains(&one) && roles.contains(&other))
    };
    for (n, channels) in (0..).zip(pairs(all, known)) {
        fixture.prepare_client([channels.0.name, channels.1.name]).await;
        let before = fixture.client().await;
        race(&fixture, &store, channels, n).await;
        let after = fixture.client().await;
        assert_both_won(channels, (&before, &after), (before.version, after.version), n);
    }
}
