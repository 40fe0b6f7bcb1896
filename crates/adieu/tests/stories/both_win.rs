//! Two channels that change different members of one record at the same moment: both win, in every pair of channels.
//!
//! The order of events is forced by the store: the second channel changes the record after the first one has read it
//! and said its change, and before the store takes that.

use adieu_authority::{Client, RoleAssignment, User, Version};
use adieu_testkit::World;
use adieu_testkit::failing::{FailingStore, Failure};
use adieu_testkit::world::WorldRequest;
use http::Method;
use serde_json::{Value, json};

/// One round of a pair: numbers make the values of each round new, so that every change changes something.
pub(crate) type Round = u32;

/// A channel by which a record is changed: how, and what its change comes to.
struct ChangeDoor<T> {
    name: &'static str,
    change: fn(&House, Round) -> WorldRequest,
    /// Whether it stands in the record, which was the first one before.
    won: fn(&T, &T, Round) -> bool,
}

const ROLES: [&str; 4] = ["identity-data-admin", "identity-data-reader", "realm-admin", "client-admin"];

const USER_DOORS: [ChangeDoor<User>; 5] = [
    ChangeDoor {
        name: "native PATCH",
        change: |house, n| {
            let body = json!({"metadata_admin": {"round": n}});
            house.admin(Method::PATCH, &format!("/v1/users/{}", house.alice()), &body)
        },
        won: |_, user, n| member(user.metadata_admin.as_deref(), "/round") == json!(n),
    },
    ChangeDoor {
        name: "Kratos PATCH",
        change: |house, n| {
            let body = json!([{"op": "add", "path": "/metadata_public/round", "value": n}]);
            house.admin(Method::PATCH, &format!("/admin/identities/{}", house.alice()), &body)
        },
        won: |_, user, n| member(user.metadata_public.as_deref(), "/round") == json!(n),
    },
    ChangeDoor {
        name: "PingOne PATCH",
        change: |house, n| {
            let body = json!({"email": format!("alice-{n}@example.test")});
            house.manage(Method::PATCH, &format!("users/{}", house.alice()), &body)
        },
        won: |_, user, n| {
            let address = format!("alice-{n}@example.test");
            member(Some(&user.traits), "/email") == json!(address) && user.email == Some(address)
        },
    },
    ChangeDoor {
        name: "PingOne PUT",
        change: |house, n| {
            let email = "alice@example.test";
            let body = json!({"username": "alice", "email": email, "externalId": format!("hr-{n}")});
            house.manage(Method::PUT, &format!("users/{}", house.alice()), &body)
        },
        won: |_, user, n| user.external_id == Some(format!("hr-{n}")),
    },
    ChangeDoor {
        name: "apply",
        change: |house, n| house.apply(&format!("users]]\nusername = 'alice'\nroles = {}", roles(n))),
        won: |_, user, n| has_roles(&user.roles, n),
    },
];

const CLIENT_DOORS: [ChangeDoor<Client>; 5] = [
    ChangeDoor {
        name: "native PATCH",
        change: |house, n| {
            let path = format!("/v1/clients/{}", house.shop());
            house.admin(Method::PATCH, &path, &json!({"access_life_s": 100 + n}))
        },
        won: |_, client, n| client.access_life.s() == 100 + i64::from(n),
    },
    ChangeDoor {
        name: "PingOne PUT",
        change: |house, n| {
            let body = json!({
                "name": "Shop", "enabled": true, "type": "WEB_APP", "protocol": "OPENID_CONNECT",
                "tokenEndpointAuthMethod": "CLIENT_SECRET_BASIC", "grantTypes": ["AUTHORIZATION_CODE"],
                "responseTypes": ["CODE"], "redirectUris": [format!("https://shop.example.test/{n}")],
            });
            house.manage(Method::PUT, &format!("applications/{}", house.shop()), &body)
        },
        won: |_, client, n| client.redirect_uris == [format!("https://shop.example.test/{n}")],
    },
    ChangeDoor {
        name: "PingOne secret",
        change: |house, _| {
            house.manage(Method::POST, &format!("applications/{}/secret", house.shop()), &json!({}))
        },
        won: |before, client, _| client.secret_version == before.secret_version + 1,
    },
    ChangeDoor {
        name: "PingOne policy",
        change: |house, n| {
            let body = json!({"signOnPolicy": {"id": house.policy(n)}, "priority": 1000 - n});
            house.manage(
                Method::POST,
                &format!("applications/{}/signOnPolicyAssignments", house.shop()),
                &body,
            )
        },
        won: |_, client, n| client.acr == Some(format!("Round_{n}")),
    },
    ChangeDoor {
        name: "apply",
        change: |house, n| {
            house.apply(&format!("clients]]\nclient_id = '{}'\nroles = {}", house.shop(), roles(n)))
        },
        won: |_, client, n| has_roles(&client.roles, n),
    },
];

/// The house, and whoever may change anything in it.
pub(crate) struct House {
    pub(crate) world: World,
    pub(crate) bearer: String,
    policies: Vec<String>,
}

impl House {
    pub(crate) async fn open(world: World, rounds: Round) -> Self {
        let (client, form) = (&world.data.worker, [("grant_type", "client_credentials")]);
        let basic = format!("{}:{}", client.id, world.data.secret(client));
        let basic = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, basic);
        let ask = world.post(&format!("/{}/as/token", world.data.realm.id));
        let token = ask.header("authorization", &format!("Basic {basic}")).form(&form).send().await.json();
        let bearer = token["access_token"].as_str().expect("a token").to_owned();
        let mut house = Self { world, bearer, policies: Vec::new() };
        for n in 0..rounds {
            let body = json!({"name": format!("Round_{n}")});
            let made = house.manage(Method::POST, "signOnPolicies", &body).send().await.json();
            house.policies.push(made["id"].as_str().expect("an id").to_owned());
        }
        house
    }

    pub(crate) fn alice(&self) -> String {
        self.world.data.alice.id.to_string()
    }

    fn shop(&self) -> String {
        self.world.data.app.id.to_string()
    }

    fn policy(&self, n: Round) -> &str {
        &self.policies[n as usize]
    }

    pub(crate) fn admin(&self, method: Method, path: &str, body: &Value) -> WorldRequest {
        self.world.admin(method, path).json(body)
    }

    pub(crate) fn manage(&self, method: Method, path: &str, body: &Value) -> WorldRequest {
        let path = format!("/v1/environments/{}/{path}", self.world.data.realm.id);
        self.world.ask(method, &path).bearer(&self.bearer).json(body)
    }

    pub(crate) fn apply(&self, thing: &str) -> WorldRequest {
        let document = format!("[[realms]]\npath = '/alpha'\n[[realms.{thing}\n");
        self.admin(Method::POST, "/v1/declaration", &json!({"document": document}))
    }

    async fn user(&self) -> User {
        let found = self.world.authority().user(self.world.data.alice.id).await.expect("read");
        User::clone(&found.expect("alice"))
    }

    async fn client(&self) -> Client {
        let found = self.world.authority().any_client(&self.world.data.app.id).await.expect("read");
        Client::clone(&found.expect("the shop"))
    }
}

/// Other roles in each round: those whose bits are set in its number.
fn picked(n: Round) -> impl Iterator<Item = usize> {
    (0..ROLES.len()).filter(move |bit| (n + 1) >> bit & 1 == 1)
}

fn roles(n: Round) -> String {
    let roles: Vec<_> = picked(n).map(|bit| format!("{{ role = '{}' }}", ROLES[bit])).collect();
    format!("[{}]", roles.join(", "))
}

fn has_roles(roles: &[RoleAssignment], n: Round) -> bool {
    use adieu_authority::Role::{ClientAdmin, IdentityDataAdmin, IdentityDataReader, RealmAdmin};
    let all = [IdentityDataAdmin, IdentityDataReader, RealmAdmin, ClientAdmin];
    roles.iter().map(|given| given.role).eq(picked(n).map(|bit| all[bit]))
}

fn member(text: Option<&str>, pointer: &str) -> Value {
    let value: Value = serde_json::from_str(text.unwrap_or("null")).expect("JSON");
    value.pointer(pointer).cloned().unwrap_or_default()
}

/// Lets the second channel change the record while the first one is about to.
async fn race<T>(house: &House, store: &FailingStore, doors: (&ChangeDoor<T>, &ChangeDoor<T>), n: Round) {
    let (first, second) = doors;
    let (pair, meanwhile) = (format!("{}, then {}", first.name, second.name), (second.change)(house, n));
    let shown = pair.clone();
    store.before_the_next_change(async move {
        let reply = meanwhile.send().await;
        assert!(reply.status.is_success(), "{shown}: {}", reply.text);
    });
    let reply = (first.change)(house, n).send().await;
    assert!(reply.status.is_success(), "{pair}: {}", reply.text);
}

fn assert_both_won<T>(
    doors: (&ChangeDoor<T>, &ChangeDoor<T>),
    (before, after): (&T, &T),
    (was, is): (Version, Version),
    n: Round,
) {
    let (first, second) = doors;
    for door in [first, second] {
        assert!((door.won)(before, after, n), "{}, then {}: {} lost", first.name, second.name, door.name);
    }
    assert_eq!(is, was.next().next(), "{}, then {}: two changes", first.name, second.name);
}

/// All ordered pairs of different channels, but those of which one replaces what the other one says.
fn pairs<T>(
    doors: &[ChangeDoor<T>],
    one_replaces_the_other: impl Fn(&str, &str) -> bool,
) -> impl Iterator<Item = (&ChangeDoor<T>, &ChangeDoor<T>)> {
    let all = doors.iter().flat_map(|first| doors.iter().map(move |second| (first, second)));
    all.filter(move |(first, second)| {
        first.name != second.name && !one_replaces_the_other(first.name, second.name)
    })
}

/// Goal: whoever changes a user through one channel loses nothing to whoever changes the same user through another one.
/// Method: in each pair the second channel's request is answered while the first one's change is on its way to the
/// store.
#[tokio::test]
async fn two_doors_that_change_one_user_at_once_both_win() {
    let mut world = World::start().await;
    let store = world.with_failing_store().await;
    let house = House::open(world, 0).await;
    // The replacement clears what the other dialect's request keeps of a user: one of the two is meant to lose.
    let replaced = |one: &str, other: &str| {
        [one, other].contains(&"PingOne PUT") && [one, other].contains(&"PingOne PATCH")
    };
    for (n, doors) in (0..).zip(pairs(&USER_DOORS, replaced)) {
        let before = house.user().await;
        race(&house, &store, doors, n).await;
        let after = house.user().await;
        assert_both_won(doors, (&before, &after), (before.version, after.version), n);
    }
}

/// Goal: the same for a client: settings, roles, secret and policy.
#[tokio::test]
async fn two_doors_that_change_one_client_at_once_both_win() {
    let mut world = World::start().await;
    let store = world.with_failing_store().await;
    let house = House::open(world, 20).await;
    for (n, doors) in (0..).zip(pairs(&CLIENT_DOORS, |_, _| false)) {
        let before = house.client().await;
        race(&house, &store, doors, n).await;
        let after = house.client().await;
        assert_both_won(doors, (&before, &after), (before.version, after.version), n);
    }
}

/// Goal: HOME-LIMITS: a change that is overtaken again and again ends in a clear "later again", and has written nothing.
#[tokio::test]
async fn a_change_that_is_always_overtaken_is_not_taken() {
    let mut world = World::start().await;
    let store = world.with_failing_store().await;
    let house = House::open(world, 0).await;
    let before = house.user().await;
    store.fail(Failure::Overtaken);
    let reply = (USER_DOORS[0].change)(&house, 1).send().await;
    assert_eq!((reply.status.as_u16(), reply.header("retry-after")), (503, "1"), "{}", reply.text);
    assert_eq!(format!("{:?}", house.user().await), format!("{before:?}"));
}
