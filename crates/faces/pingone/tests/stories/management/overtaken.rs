//! Rights over the users of a population, asked of the very record that changes.
//!
//! Between the question and the change the user is moved away or made somebody else's superior; the order is forced by
//! the store. Contract pingone.md 3.3.

use std::sync::Arc;

use adieu_authority::{Actor, Channel, Origin, Role, RoleAssignment, RoleScope, User, UserEdit};
use adieu_testkit::failing::FailingStore;
use serde_json::{Value, json};

use super::{FORBIDDEN, Office, own};
use crate::fixture::{BOB, RESET};
use crate::outages::failing;

const SET: &str = "application/vnd.pingidentity.password.set+json";
const SET_VALUE: &str = "application/vnd.pingidentity.password.setValue+json";
const JSON: &str = "application/json";

/// What a clerk does to Bob: method, path behind his, media type, body.
type Act<'a> = (&'a str, &'a str, &'a str, Value);

fn acts_on_bob() -> [Act<'static>; 4] {
    [
        ("PUT", "/password", SET, json!({"value": "Taken-over-99"})),
        ("PUT", "/password", SET_VALUE, json!({})),
        ("PUT", "/enabled", JSON, json!({"enabled": false})),
        ("DELETE", "", JSON, json!({})),
    ]
}

/// A clerk of Bob's population, before a store that lets others come first.
async fn clerk() -> (Office, Arc<FailingStore>) {
    let (fixture, store) = failing().await;
    let bearer = fixture.client("clerk", vec![over_home(&fixture, Role::IdentityDataAdmin)]).await;
    (Office { fixture, bearer }, store)
}

fn over_home(fixture: &crate::fixture::FaceFixture, role: Role) -> RoleAssignment {
    RoleAssignment { role, scope: RoleScope::Population(fixture.world.data.population.id) }
}

impl Office {
    async fn bob(&self) -> User {
        let found = self.fixture.world.authority().user(self.fixture.world.data.bob.id).await.expect("read");
        User::clone(&found.expect("bob is there"))
    }

    /// Somebody with more rights changes Bob.
    fn changes_bob(&self, edit: UserEdit) -> impl Future<Output = ()> + Send + 'static {
        let (authority, bob) = (self.fixture.world.authority().clone(), self.fixture.world.data.bob.id);
        async move {
            let origin = Origin::of(Actor::Operator, Channel::named("test"), None);
            authority.edit_user(bob, edit, origin).await.expect("a change");
        }
    }

    /// The clerk acts on Bob, who is changed before the store takes it, and hears that this is not theirs to do.
    async fn is_overtaken(&self, store: &FailingStore, by: UserEdit, (method, rest, kind, body): Act<'_>) {
        let before = self.bob().await;
        store.before_the_next_change(self.changes_bob(by.clone()));
        let path = format!("users/{}{rest}", before.id);
        let ask = self.ask(method, &path).header("content-type", kind);
        let reply = ask.body(body.to_string()).send().await;
        assert_eq!(reply.status, 403, "{method} {rest} {kind}: {}", reply.text);
        reply.assert_error(403, "ACCESS_FAILED", FORBIDDEN);
        let after = self.bob().await;
        let expected = by.applied_to(&before, after.updated_at);
        assert_eq!(format!("{after:?}"), format!("{expected:?}"), "{method} {rest} {kind}");
        let back = UserEdit {
            population: Some(before.population),
            roles: Some(before.roles),
            ..UserEdit::default()
        };
        self.changes_bob(back).await;
    }
}

/// Goal: whoever is moved out of a clerk's population meanwhile keeps password, sessions and record.
#[tokio::test]
async fn a_user_who_is_moved_away_meanwhile_is_not_changed() {
    let (office, store) = clerk().await;
    let moved = UserEdit { population: Some(office.fixture.world.data.guests.id), ..UserEdit::default() };
    for act in acts_on_bob() {
        office.is_overtaken(&store, moved.clone(), act).await;
    }
}

/// Goal: whoever is given more rights than the clerk has meanwhile keeps password, sessions and record.
#[tokio::test]
async fn a_user_who_rises_meanwhile_is_not_changed() {
    let (office, store) = clerk().await;
    let scope = RoleScope::Realm(office.fixture.world.data.realm.id);
    let risen = vec![RoleAssignment { role: Role::RealmAdmin, scope }];
    let risen = UserEdit { roles: Some(risen), ..UserEdit::default() };
    for act in acts_on_bob() {
        office.is_overtaken(&store, risen.clone(), act).await;
    }
}

/// Goal: whoever is moved out of a clerk's population meanwhile is given no role there, and keeps those they have.
#[tokio::test]
async fn a_user_who_is_moved_away_meanwhile_keeps_their_roles() {
    let (office, store) = clerk().await;
    let (bob, home) = (office.fixture.world.data.bob.id, office.fixture.world.data.population.id);
    let given =
        |role: &str| json!({"role": {"id": role}, "scope": {"id": home.to_string(), "type": "POPULATION"}});
    let (admin, reader) =
        (given("5a1f0d3e-8c47-4b62-9e10-7d2c6b3a4f01"), given("5a1f0d3e-8c47-4b62-9e10-7d2c6b3a4f02"));
    let made = office.create(&format!("users/{bob}/roleAssignments"), reader).await;
    let path = own(&made);
    let (_, assignment) = path.rsplit_once('/').expect("an id");
    let moved = UserEdit { population: Some(office.fixture.world.data.guests.id), ..UserEdit::default() };
    office.is_overtaken(&store, moved.clone(), ("POST", "/roleAssignments", JSON, admin)).await;
    let rest = format!("/roleAssignments/{assignment}");
    office.is_overtaken(&store, moved, ("DELETE", &rest, JSON, json!({}))).await;
}

/// Goal: whoever is moved out of a clerk's population meanwhile keeps their session, whichever way it is to end.
#[tokio::test]
async fn a_session_of_a_user_who_is_moved_away_meanwhile_lives_on() {
    let (office, store) = clerk().await;
    let (bob, held) = (office.fixture.world.data.bob.id, office.fixture.sign_on(BOB).await);
    let (home, guests) = (office.fixture.world.data.population.id, office.fixture.world.data.guests.id);
    let to = |population| UserEdit { population: Some(population), ..UserEdit::default() };
    let ways = [
        ("DELETE", format!("users/{bob}/sessions/{}", held.sid), JSON),
        ("POST", format!("sessions/{}", held.sid), RESET),
        ("DELETE", "sessions/me".to_owned(), JSON),
        ("POST", "sessions/me".to_owned(), RESET),
    ];
    for (method, path, kind) in &ways {
        store.before_the_next_change(office.changes_bob(to(guests)));
        let ask = office.ask(method, path).header("content-type", kind).cookie(&held.st);
        ask.send().await.assert_error(403, "ACCESS_FAILED", FORBIDDEN);
        office.fixture.assert_live(&held).await;
        office.changes_bob(to(home)).await;
    }
    let (method, path, _) = &ways[0];
    assert_eq!(office.ask(method, path).send().await.status, 204, "the clerk reaches who is there");
    office.fixture.assert_ended(&held).await;
}

/// What is given to an application while it is removed goes with it, and nothing is given to one that is gone.
#[tokio::test]
async fn what_an_application_is_given_while_it_is_removed_goes_with_it() {
    let (fixture, store) = failing().await;
    let bearer = fixture.worker().await;
    let office = Office { fixture, bearer };
    let world = &office.fixture.world;
    let (authority, realm) = (world.authority().clone(), world.data.realm.id);
    let assign = |policy: &str| json!({"signOnPolicy": {"id": policy}, "priority": 1});
    let policy = office.create("signOnPolicies", json!({"name": "Late"})).await;
    let shop = json!({
        "name": "Shop", "enabled": true, "type": "WEB_APP", "protocol": "OPENID_CONNECT",
        "tokenEndpointAuthMethod": "CLIENT_SECRET_BASIC", "grantTypes": ["AUTHORIZATION_CODE"],
        "responseTypes": ["CODE"], "redirectUris": ["https://shop.example.test/cb"],
    });
    let left = async || {
        let mut left = Vec::new();
        for kind in ["pingone.application", "pingone.application-grant", "pingone.sign-on-policy-assignment"]
        {
            left.extend(authority.documents(realm, kind, 100).await.expect("documents"));
        }
        left.len()
    };
    let before = left().await;
    let made = office.create("applications", shop.clone()).await;
    let path = format!("{}/signOnPolicyAssignments", own(&made));
    let body = assign(policy["id"].as_str().expect("an id"));
    let giving = office.ask("POST", &path).header("content-type", JSON).body(body.to_string());
    let given = Arc::new(std::sync::atomic::AtomicU16::new(0));
    let status = Arc::clone(&given);
    store.before_the_next_change(async move {
        status.store(giving.send().await.status.as_u16(), std::sync::atomic::Ordering::SeqCst);
    });
    assert_eq!(office.ask("DELETE", &own(&made)).send().await.status, 204);
    assert_eq!(given.load(std::sync::atomic::Ordering::SeqCst), 201, "it was there");
    assert_eq!(left().await, before);

    let made = office.create("applications", shop).await;
    let removing = office.ask("DELETE", &own(&made));
    store.before_the_next_change(async move { assert_eq!(removing.send().await.status, 204) });
    let path = format!("{}/signOnPolicyAssignments", own(&made));
    let late = office.ask("POST", &path).header("content-type", JSON).body(body.to_string()).send().await;
    assert_eq!(late.status, 404, "{}", late.text);
    assert_eq!(left().await, before);
}
