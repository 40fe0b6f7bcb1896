//! Sign-on policies over HTTP: kept, assigned, and named in tokens.
//!
//! Contract pingone.md 4.4.

use serde_json::json;

use super::{NOBODY, Office, id, own};
use crate::fixture::{ALICE, claims};

/// The built-in policy is there; others are made, renamed, assigned and deleted, and name the sign-ons of applications.
#[tokio::test]
async fn a_policy_names_the_sign_ons_of_its_applications() {
    let office = Office::open().await;
    let acr = async || claims(&office.fixture.sign_on(ALICE).await.access)["acr"].clone();
    let built_in = office.read("signOnPolicies").await["_embedded"]["signOnPolicies"][0].clone();
    assert_eq!((&built_in["name"], &built_in["default"]), (&"Single_Factor".into(), &true.into()));
    assert_eq!(acr().await, "Single_Factor");
    let made = office.create("signOnPolicies", json!({"name": "Counter", "description": "x"})).await;
    let path = own(&made);
    let assignments = format!("applications/{}/signOnPolicyAssignments", office.fixture.shop().id);
    let assign = |policy: &str, priority: u32| json!({"signOnPolicy": {"id": policy}, "priority": priority});
    let assigned = office.create(&assignments, assign(&id(&made), 2)).await;
    assert_eq!(acr().await, "Counter");
    let in_use = office.ask("DELETE", &path).send().await;
    in_use.assert_error(400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", Some("id"))));
    assert_eq!(office.send("PUT", &path, json!({"name": "Desk"})).await.status, 200);
    assert_eq!(acr().await, "Desk");
    let first = office.create(&assignments, assign(&id(&built_in), 1)).await;
    assert_eq!(acr().await, "Single_Factor", "the first by priority");
    office.delete(&own(&first)).await;
    assert_eq!(office.read(&assignments).await["size"], 1);
    office.delete(&own(&assigned)).await;
    assert_eq!(acr().await, "Single_Factor");
    office.delete(&path).await;
}

#[tokio::test]
async fn what_a_sign_on_would_leave_undone_is_refused() {
    let office = Office::open().await;
    let made = office.create("signOnPolicies", json!({"name": "Counter"})).await;
    let actions = format!("{}/actions", own(&made));
    let action = office
        .create(&actions, json!({"type": "LOGIN", "priority": 1, "registration": {"enabled": false}}))
        .await;
    assert_eq!((&action["type"], &action["signOnPolicy"]["id"]), (&"LOGIN".into(), &id(&made).into()));
    for (body, code, target) in [
        (json!({"type": "MULTI_FACTOR_AUTHENTICATION", "priority": 1}), "INVALID_VALUE", "type"),
        (json!({"type": "LOGIN"}), "REQUIRED_VALUE", "priority"),
        (
            json!({"type": "LOGIN", "priority": 1, "registration": {"enabled": true}}),
            "INVALID_VALUE",
            "registration",
        ),
        (json!({"type": "LOGIN", "priority": 1, "condition": {"x": 1}}), "INVALID_VALUE", "condition"),
    ] {
        office.refused("POST", &actions, body, code, target).await;
    }
    assert_eq!(office.read(&actions).await["size"], 1);
    office.delete(&own(&action)).await;
    for (body, code, target) in [
        (json!({"name": "Counter"}), "UNIQUENESS_VIOLATION", "name"),
        (json!({"name": "Single_Factor"}), "UNIQUENESS_VIOLATION", "name"),
        (json!({"name": "X", "default": true}), "INVALID_VALUE", "default"),
        (json!({}), "REQUIRED_VALUE", "name"),
    ] {
        office.refused("POST", "signOnPolicies", body, code, target).await;
    }
    let built_in = id(&office.read("signOnPolicies").await["_embedded"]["signOnPolicies"][0]);
    let reply = office.ask("DELETE", &format!("signOnPolicies/{built_in}")).send().await;
    reply.assert_error(400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", Some("id"))));
    office.ask("GET", &format!("signOnPolicies/{NOBODY}")).send().await.assert_error(404, "NOT_FOUND", None);
    let path = format!("applications/{}/signOnPolicyAssignments", office.fixture.shop().id);
    let unknown = json!({"signOnPolicy": {"id": NOBODY}, "priority": 1});
    office.refused("POST", &path, unknown, "INVALID_VALUE", "signOnPolicy").await;
}
