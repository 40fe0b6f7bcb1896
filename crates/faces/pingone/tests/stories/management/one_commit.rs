//! A decision of an administrator is one commit: what changes together is there as a whole, or not at all.
//!
//! The store takes one write and no second one, so that whatever needs two would be seen half done. Contract pingone.md 4.2 to 4.4.

use std::sync::Arc;

use adieu_authority::{Role, RoleAssignment, RoleScope};
use adieu_testkit::failing::FailingStore;
use serde_json::{Value, json};

use super::{Office, id, own};
use crate::outages::failing;

async fn office() -> (Office, Arc<FailingStore>) {
    let (fixture, store) = failing().await;
    let bearer = fixture.worker().await;
    (Office { fixture, bearer }, store)
}

impl Office {
    /// Asks for a change while the store takes one write and no more.
    async fn in_one_commit(&self, store: &FailingStore, (method, path): (&str, &str), body: Value) -> Value {
        store.take_only(0);
        let refused = self.send(method, path, body.clone()).await;
        assert_eq!(refused.status, 503, "{method} {path} writes: {}", refused.text);
        store.take_only(1);
        let reply = self.send(method, path, body).await;
        store.take_all();
        assert!(reply.status.is_success(), "{method} {path}: {} {}", reply.status, reply.text);
        if reply.text.is_empty() { Value::Null } else { reply.json() }
    }

    async fn shop_acr(&self) -> Option<String> {
        let shop = self.shop().await;
        shop.acr.clone()
    }

    async fn shop(&self) -> Arc<adieu_authority::Client> {
        let data = &self.fixture.world.data;
        let found = self.fixture.world.authority().client(data.realm.id, &data.app.id).await;
        found.expect("read").expect("the shop")
    }
}

/// Goal: an assignment and the name that it gives the application's sign-ons are written together, and so are the new name of a
/// policy and those of all its applications.
#[tokio::test]
async fn a_policy_and_the_names_of_sign_ons_change_in_one_commit() {
    let (office, store) = office().await;
    let policy = office.create("signOnPolicies", json!({"name": "Counter"})).await;
    let other = office.create("signOnPolicies", json!({"name": "Kiosk"})).await;
    let assignments = format!("applications/{}/signOnPolicyAssignments", office.fixture.shop().id);
    let assign = |policy: &Value| json!({"signOnPolicy": {"id": id(policy)}, "priority": 1});

    let made = office.in_one_commit(&store, ("POST", &assignments), assign(&policy)).await;
    assert_eq!(office.shop_acr().await.as_deref(), Some("Counter"));
    office.in_one_commit(&store, ("PUT", &own(&policy)), json!({"name": "Desk"})).await;
    assert_eq!(office.shop_acr().await.as_deref(), Some("Desk"));
    office.in_one_commit(&store, ("PUT", &own(&made)), assign(&other)).await;
    assert_eq!(office.shop_acr().await.as_deref(), Some("Kiosk"));
    office.in_one_commit(&store, ("PUT", &own(&policy)), json!({"name": "Counter"})).await;
    assert_eq!(office.shop_acr().await.as_deref(), Some("Kiosk"), "it has another policy by now");
    office.in_one_commit(&store, ("DELETE", &own(&made)), Value::Null).await;
    assert_eq!((office.shop_acr().await, &office.read(&assignments).await["size"]), (None, &json!(0)));
}

/// Goal: a policy goes with its actions.
#[tokio::test]
async fn a_policy_goes_with_its_actions_in_one_commit() {
    let (office, store) = office().await;
    let policy = office.create("signOnPolicies", json!({"name": "Counter"})).await;
    let actions = format!("{}/actions", own(&policy));
    for priority in 1..3 {
        office.create(&actions, json!({"type": "LOGIN", "priority": priority})).await;
    }
    office.in_one_commit(&store, ("DELETE", &own(&policy)), Value::Null).await;
    office.ask("GET", &own(&policy)).send().await.assert_error(404, "NOT_FOUND", None);
    let world = &office.fixture.world;
    let kind = "pingone.sign-on-policy-action";
    let left = world.authority().documents(world.data.realm.id, kind, 10).await.expect("documents");
    assert_eq!(left.len(), 0);
}

/// Goal: a grant and the scopes of its client are given, exchanged and taken together.
#[tokio::test]
async fn a_grant_and_the_scopes_of_its_client_change_in_one_commit() {
    let (office, store) = office().await;
    let world = &office.fixture.world;
    world.edit_client(&world.data.app.id, |client| client.api_scopes.clear()).await;
    let resources = office.read("resources").await;
    let api = resources["_embedded"]["resources"].as_array().expect("a list");
    let api = api.iter().find(|one| one["type"] == "PINGONE_API").expect("the API").clone();
    let scopes = office.read(&format!("{}/scopes", own(&api))).await["_embedded"]["scopes"].clone();
    let grant = |n: usize| json!({"resource": {"id": id(&api)}, "scopes": [{"id": scopes[n]["id"]}]});
    let named = |n: usize| vec![scopes[n]["name"].as_str().expect("a name").to_owned()];
    let path = format!("applications/{}/grants", office.fixture.shop().id);

    let made = office.in_one_commit(&store, ("POST", &path), grant(0)).await;
    assert_eq!(office.shop().await.api_scopes, named(0));
    office.in_one_commit(&store, ("PUT", &own(&made)), grant(1)).await;
    assert_eq!(office.shop().await.api_scopes, named(1));
    office.in_one_commit(&store, ("DELETE", &own(&made)), Value::Null).await;
    assert_eq!((office.shop().await.api_scopes.len(), &office.read(&path).await["size"]), (0, &json!(0)));
}

/// Goal: an environment is there with what it is said to be, or is not there.
#[tokio::test]
async fn an_environment_is_made_with_what_it_is_said_to_be_in_one_commit() {
    let (office, store) = office().await;
    let authority = office.fixture.world.authority().clone();
    let root = authority.root_realm().await.expect("a store").expect("the root realm");
    let role = RoleAssignment { role: Role::RealmAdmin, scope: RoleScope::Realm(root.id) };
    let bearer = office.fixture.client("root-admin", vec![role]).await;
    let office = Office { bearer, ..office };
    let new = json!({
        "name": "My Shop", "type": "SANDBOX", "region": "EU", "license": {"id": super::NOBODY}, "description": "x",
    });
    let made = office.in_one_commit(&store, ("POST", "/v1/environments"), new).await;
    assert_eq!((&made["name"], &made["description"]), (&json!("My Shop"), &json!("x")));
}
