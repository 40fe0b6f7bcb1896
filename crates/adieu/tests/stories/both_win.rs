//! Two channels that change different members of one record at the same moment: both win, in every pair of channels.
//!
//! The order of events is forced by the store: the second channel changes the record after the first one has read it
//! and said its change, and before the store takes that.

mod single_changes;

use adieu_authority::{Client, Document, Population, RoleAssignment, User, Version};
use adieu_testkit::World;
use adieu_testkit::failing::{FailingStore, Failure};
use adieu_testkit::world::WorldRequest;
use http::Method;
use serde_json::{Value, json};

/// One round of a pair: numbers make the values of each round new, so that every change changes something.
pub(crate) type Round = u32;

/// A channel by which a record is changed: how, and what its change comes to.
struct ChangeChannel<T> {
    name: &'static str,
    change: fn(&AdminFixture, Round) -> WorldRequest,
    /// Whether it stands in the record, which was the first one before.
    won: fn(&T, &T, Round) -> bool,
}

const ROLES: [&str; 4] = ["identity-data-admin", "identity-data-reader", "realm-admin", "client-admin"];

const USER_CHANNELS: [ChangeChannel<User>; 5] = [
    ChangeChannel {
        name: "native PATCH",
        change: |fixture, n| {
            let body = json!({"metadata_admin": {"round": n}});
            fixture.admin(Method::PATCH, &format!("/v1/users/{}", fixture.alice()), &body)
        },
        won: |_, user, n| member(user.metadata_admin.as_deref(), "/round") == json!(n),
    },
    ChangeChannel {
        name: "Kratos PATCH",
        change: |fixture, n| {
            let body = json!([{"op": "add", "path": "/metadata_public/round", "value": n}]);
            fixture.admin(Method::PATCH, &format!("/admin/identities/{}", fixture.alice()), &body)
        },
        won: |_, user, n| member(user.metadata_public.as_deref(), "/round") == json!(n),
    },
    ChangeChannel {
        name: "PingOne PATCH",
        change: |fixture, n| {
            let body = json!({"email": format!("alice-{n}@example.test")});
            fixture.manage(Method::PATCH, &format!("users/{}", fixture.alice()), &body)
        },
        won: |_, user, n| {
            let address = format!("alice-{n}@example.test");
            member(Some(&user.traits), "/email") == json!(address) && user.email == Some(address)
        },
    },
    ChangeChannel {
        name: "PingOne PUT",
        change: |fixture, n| {
            let email = "alice@example.test";
            let body = json!({"username": "alice", "email": email, "externalId": format!("hr-{n}")});
            fixture.manage(Method::PUT, &format!("users/{}", fixture.alice()), &body)
        },
        won: |_, user, n| user.external_id == Some(format!("hr-{n}")),
    },
    ChangeChannel {
        name: "apply",
        change: |fixture, n| fixture.apply(&format!("users]]\nusername = 'alice'\nroles = {}", roles(n))),
        won: |_, user, n| has_roles(&user.roles, n),
    },
];

const CLIENT_CHANNELS: [ChangeChannel<Client>; 5] = [
    ChangeChannel {
        name: "native PATCH",
        change: |fixture, n| {
            let path = format!("/v1/clients/{}", fixture.shop());
            fixture.admin(Method::PATCH, &path, &json!({"access_life_s": 100 + n}))
        },
        won: |_, client, n| client.access_life.s() == 100 + i64::from(n),
    },
    ChangeChannel {
        name: "PingOne PUT",
        change: |fixture, n| {
            let body = json!({
                "name": "Shop", "enabled": true, "type": "WEB_APP", "protocol": "OPENID_CONNECT",
                "tokenEndpointAuthMethod": "CLIENT_SECRET_BASIC", "grantTypes": ["AUTHORIZATION_CODE"],
                "responseTypes": ["CODE"], "redirectUris": [format!("https://shop.example.test/{n}")],
            });
            fixture.manage(Method::PUT, &format!("applications/{}", fixture.shop()), &body)
        },
        won: |_, client, n| client.redirect_uris == [format!("https://shop.example.test/{n}")],
    },
    ChangeChannel {
        name: "PingOne secret",
        change: |fixture, _| {
            fixture.manage(Method::POST, &format!("applications/{}/secret", fixture.shop()), &json!({}))
        },
        won: |before, client, _| client.secret_version > before.secret_version,
    },
    ChangeChannel {
        name: "PingOne policy",
        change: |fixture, n| {
            let body = json!({"signOnPolicy": {"id": fixture.policy(n)}, "priority": 1000 - n});
            fixture.manage(
                Method::POST,
                &format!("applications/{}/signOnPolicyAssignments", fixture.shop()),
                &body,
            )
        },
        won: |_, client, n| client.acr == Some(format!("Round_{n}")),
    },
    ChangeChannel {
        name: "apply",
        change: |fixture, n| {
            fixture.apply(&format!("clients]]\nclient_id = '{}'\nroles = {}", fixture.shop(), roles(n)))
        },
        won: |_, client, n| has_roles(&client.roles, n),
    },
];

/// Both channels replace the record whole, and so do those of documents: the later change stands as it was said.
const POPULATION_CHANNELS: [ChangeChannel<Population>; 2] = [
    ChangeChannel {
        name: "PingOne PUT",
        change: |fixture, n| {
            let body = json!({"name": format!("Home of round {n}"), "description": "put"});
            fixture.manage(Method::PUT, &format!("populations/{}", fixture.home()), &body)
        },
        won: |_, home, n| {
            home.name == format!("Home of round {n}") && home.description.as_deref() == Some("put")
        },
    },
    ChangeChannel {
        name: "apply",
        change: |fixture, n| {
            fixture.apply(&format!(
                "populations]]\nid = '{}'\nname = 'Applied in round {n}'\ndescription = 'applied'",
                fixture.home()
            ))
        },
        won: |_, home, n| {
            home.name == format!("Applied in round {n}") && home.description.as_deref() == Some("applied")
        },
    },
];

const POLICY_KIND: &str = "pingone.sign-on-policy";

const DOCUMENT_CHANNELS: [ChangeChannel<Document>; 2] = [
    ChangeChannel {
        name: "PingOne PUT",
        change: |fixture, n| {
            let body = json!({"name": format!("Put_{n}"), "description": "put"});
            fixture.manage(Method::PUT, &format!("signOnPolicies/{}", fixture.policy(0)), &body)
        },
        won: |_, policy, n| member(Some(&policy.body), "/name") == json!(format!("Put_{n}")),
    },
    ChangeChannel {
        name: "apply",
        change: |fixture, n| {
            fixture.apply(&format!(
                "documents]]\nkind = '{POLICY_KIND}'\nid = '{}'\nbody = '{}'",
                fixture.policy(0),
                json!({"name": format!("Applied_{n}"), "description": "applied"})
            ))
        },
        won: |_, policy, n| member(Some(&policy.body), "/name") == json!(format!("Applied_{n}")),
    },
];

/// The server, and whoever may change anything in it.
pub(crate) struct AdminFixture {
    pub(crate) world: World,
    pub(crate) bearer: String,
    policies: Vec<String>,
    /// Alice's session token and a settings flow of hers.
    own: (String, String),
    /// The hash of the password that she began with.
    password: String,
    /// PingOne's own API and one of its scopes.
    api: (String, String),
}

impl AdminFixture {
    pub(crate) async fn open(world: World, rounds: Round) -> Self {
        let (client, form) = (&world.data.worker, [("grant_type", "client_credentials")]);
        let basic = format!("{}:{}", client.id, world.data.secret(client));
        let basic = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, basic);
        let ask = world.post(&format!("/{}/as/token", world.data.realm.id));
        let token = ask.header("authorization", &format!("Basic {basic}")).form(&form).send().await.json();
        let bearer = token["access_token"].as_str().expect("a token").to_owned();
        let mut fixture = Self {
            world,
            bearer,
            policies: Vec::new(),
            own: Default::default(),
            password: String::new(),
            api: Default::default(),
        };
        for n in 0..rounds {
            let body = json!({"name": format!("Round_{n}")});
            let made = fixture.manage(Method::POST, "signOnPolicies", &body).send().await.json();
            fixture.policies.push(made["id"].as_str().expect("an id").to_owned());
        }
        fixture
    }

    pub(crate) fn alice(&self) -> String {
        self.world.data.alice.id.to_string()
    }

    fn shop(&self) -> String {
        self.world.data.app.id.to_string()
    }

    fn home(&self) -> String {
        self.world.data.population.id.to_string()
    }

    pub(crate) fn policy(&self, n: Round) -> &str {
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

    async fn population(&self) -> Population {
        let found = self.world.authority().population(self.world.data.population.id).await.expect("read");
        found.expect("the population")
    }

    async fn document(&self) -> Document {
        let (realm, id) = (self.world.data.realm.id, self.policy(0));
        let found = self.world.authority().document(realm, POLICY_KIND, id).await.expect("read");
        found.expect("the policy")
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
async fn race<T>(
    fixture: &AdminFixture,
    store: &FailingStore,
    channels: (&ChangeChannel<T>, &ChangeChannel<T>),
    n: Round,
) {
    race_rounds(fixture, store, channels, (n, n)).await;
}

/// The same with a round for each of them.
async fn race_rounds<T>(
    fixture: &AdminFixture,
    store: &FailingStore,
    channels: (&ChangeChannel<T>, &ChangeChannel<T>),
    rounds: (Round, Round),
) {
    let (first, second) = channels;
    let pair = format!("{}, then {}", first.name, second.name);
    let meanwhile = (second.change)(fixture, rounds.1);
    let shown = pair.clone();
    store.before_the_next_change(async move {
        let reply = meanwhile.send().await;
        assert!(reply.status.is_success(), "{shown}: {}", reply.text);
    });
    let reply = (first.change)(fixture, rounds.0).send().await;
    assert!(reply.status.is_success(), "{pair}: {}", reply.text);
}

fn assert_both_won<T>(
    channels: (&ChangeChannel<T>, &ChangeChannel<T>),
    (before, after): (&T, &T),
    (was, is): (Version, Version),
    n: Round,
) {
    let (first, second) = channels;
    for channel in [first, second] {
        assert!(
            (channel.won)(before, after, n),
            "{}, then {}: {} lost",
            first.name,
            second.name,
            channel.name
        );
    }
    assert_eq!(is, was.next().next(), "{}, then {}: two changes", first.name, second.name);
}

/// All ordered pairs of different channels, but those of which one replaces what the other one says.
fn pairs<'c, T>(
    channels: impl IntoIterator<Item = &'c ChangeChannel<T>>,
    one_replaces_the_other: impl Fn(&str, &str) -> bool,
) -> Vec<(&'c ChangeChannel<T>, &'c ChangeChannel<T>)> {
    let channels: Vec<_> = channels.into_iter().collect();
    let all = channels.iter().flat_map(|first| channels.iter().map(move |second| (*first, *second)));
    let both = |(first, second): &(&ChangeChannel<T>, &ChangeChannel<T>)| {
        first.name != second.name && !one_replaces_the_other(first.name, second.name)
    };
    all.filter(both).collect()
}

/// Goal: whoever changes a user through one channel loses nothing to whoever changes the same user through another one.
/// Method: in each pair the second channel's request is answered while the first one's change is on its way to the
/// store.
#[tokio::test]
async fn two_channels_that_change_one_user_at_once_both_win() {
    let mut world = World::start().await;
    let store = world.with_failing_store().await;
    let fixture = AdminFixture::open(world, 0).await;
    // The replacement clears what the other dialect's request keeps of a user: one of the two is meant to lose.
    let replaced = |one: &str, other: &str| {
        [one, other].contains(&"PingOne PUT") && [one, other].contains(&"PingOne PATCH")
    };
    for (n, channels) in (0..).zip(pairs(&USER_CHANNELS, replaced)) {
        let before = fixture.user().await;
        race(&fixture, &store, channels, n).await;
        let after = fixture.user().await;
        assert_both_won(channels, (&before, &after), (before.version, after.version), n);
    }
}

/// Goal: the same for a client: settings, roles, secret and policy.
#[tokio::test]
async fn two_channels_that_change_one_client_at_once_both_win() {
    let mut world = World::start().await;
    let store = world.with_failing_store().await;
    let fixture = AdminFixture::open(world, 20).await;
    for (n, channels) in (0..).zip(pairs(&CLIENT_CHANNELS, |_, _| false)) {
        let before = fixture.client().await;
        race(&fixture, &store, channels, n).await;
        let after = fixture.client().await;
        assert_both_won(channels, (&before, &after), (before.version, after.version), n);
    }
}

/// All ordered pairs of channels that replace a record: the first one comes later and stands as a whole, over what the second
/// one wrote.
async fn assert_replaced_one_after_the_other<T>(
    fixture: &AdminFixture,
    store: &FailingStore,
    channels: &[ChangeChannel<T>],
    read: impl AsyncFn() -> (T, Version),
) {
    let all = channels.iter().flat_map(|first| channels.iter().map(move |second| (first, second)));
    for (n, (first, second)) in (0..).zip(all) {
        let (before, was) = read().await;
        let pair = format!("{}, then {}", first.name, second.name);
        race_rounds(fixture, store, (first, second), (2 * n, 2 * n + 1)).await;
        let (after, is) = read().await;
        assert!((first.won)(&before, &after, 2 * n), "{pair}: {} lost", first.name);
        assert_eq!(is, was.next().next(), "{pair}: two changes");
    }
}

/// Goal: two channels that replace one population at the same moment do so one after the other, whole: no mixture of the two,
/// and no change that is answered and never was.
#[tokio::test]
async fn two_channels_that_replace_one_population_at_once_come_one_after_the_other() {
    let mut world = World::start().await;
    let store = world.with_failing_store().await;
    let fixture = AdminFixture::open(world, 0).await;
    let read = async || {
        let population = fixture.population().await;
        let version = population.version;
        (population, version)
    };
    assert_replaced_one_after_the_other(&fixture, &store, &POPULATION_CHANNELS, read).await;
}

/// Goal: the same for a document that a dialect keeps.
#[tokio::test]
async fn two_channels_that_replace_one_document_at_once_come_one_after_the_other() {
    let mut world = World::start().await;
    let store = world.with_failing_store().await;
    let fixture = AdminFixture::open(world, 1).await;
    let read = async || {
        let document = fixture.document().await;
        let version = document.version;
        (document, version)
    };
    assert_replaced_one_after_the_other(&fixture, &store, &DOCUMENT_CHANNELS, read).await;
}

/// Goal: HOME-LIMITS: a change that is overtaken again and again ends in a clear "later again", and has written nothing.
#[tokio::test]
async fn a_change_that_is_always_overtaken_is_not_taken() {
    let mut world = World::start().await;
    let store = world.with_failing_store().await;
    let fixture = AdminFixture::open(world, 0).await;
    let before = fixture.user().await;
    store.fail(Failure::Overtaken);
    let reply = (USER_CHANNELS[0].change)(&fixture, 1).send().await;
    assert_eq!((reply.status.as_u16(), reply.header("retry-after")), (503, "1"), "{}", reply.text);
    assert_eq!(format!("{:?}", fixture.user().await), format!("{before:?}"));
}
