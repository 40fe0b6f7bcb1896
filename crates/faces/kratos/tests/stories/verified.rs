//! What is verified of users is for administrators to say, whatever a schema lets users say of themselves.
//!
//! By JSON, as programs have it. Other dialects' clearing of the two members is the authority's, which has tests of its own.

use adieu_testkit::World;
use axum::http::Method;
use serde_json::{Value, json};

use crate::browser::pages_config;

const NEW: &str = "quite-unusual-words-4";
const SCHEMA: &str = r#"{"type": "object", "properties": {"traits": {"type": "object", "required": ["email"],
    "properties": {"email": {"type": "string", "format": "email",
    "ory.sh/kratos": {"credentials": {"password": {"identifier": true}}}}}}}}"#;

/// A server that lets strangers register and say whatever they like, beside its schema.
async fn lenient() -> (World, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let schema = folder.path().join("schema.json");
    std::fs::write(&schema, SCHEMA).expect("written");
    let mut config = pages_config();
    config.kratos.schema_file = schema.display().to_string();
    (World::with_config(config).await, folder)
}

/// Goal: H6-6: nobody says in a registration or in the settings that the own address or number is verified, whatever was typed for yes; the
/// member is named, and what an administrator said may stand in the form.
#[tokio::test]
async fn users_do_not_verify_themselves() {
    let (world, _folder) = lenient().await;
    for (member, said) in [("email_verified", json!(true)), ("phone_number_verified", json!("true"))] {
        let flow = world.get("/self-service/registration/api").send().await.json();
        let path = format!("/self-service/registration?flow={}", flow["id"].as_str().expect("a flow"));
        let traits = json!({"email": "eve@example.test", member: said});
        let body = json!({"method": "password", "password": NEW, "traits": traits});
        let refused = world.post(&path).json(&body).send().await;
        assert_eq!(refused.status, 400, "{}", refused.text);
        assert!(refused.text.contains(&format!("{member} is for administrators to say")), "{}", refused.text);
    }
    let found = world.authority().user_named(world.data.realm.id, "eve@example.test").await;
    assert!(found.expect("read").is_none());

    let token = world.sign_on_kratos("alice", "Rabbit-hole-11").await;
    let save = async |traits: Value| {
        let flow =
            world.get("/self-service/settings/api").header("x-session-token", &token).send().await.json();
        let path = format!("/self-service/settings?flow={}", flow["id"].as_str().expect("a flow"));
        let body = json!({"method": "profile", "traits": traits});
        world.post(&path).header("x-session-token", &token).json(&body).send().await
    };
    let refused = save(json!({"email": "alice@example.test", "email_verified": true})).await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    assert!(refused.text.contains("email_verified is for administrators to say"), "{}", refused.text);

    let path = format!("/v1/users/{}", world.data.alice.id);
    let verified = json!({"traits": {"email": "alice@example.test", "email_verified": true}});
    assert_eq!(world.admin(Method::PATCH, &path).json(&verified).send().await.status, 200);
    let kept = save(json!({"email": "alice@example.test", "email_verified": true, "nickname": "Al"})).await;
    assert_eq!(kept.status, 200, "{}", kept.text);
    let moved = save(json!({"email": "al@example.test", "email_verified": true})).await;
    assert_eq!(moved.status, 200, "{}", moved.text);
    let traits = world.admin(Method::GET, &path).send().await.json()["traits"].clone();
    assert_eq!(traits, json!({"email": "al@example.test"}), "another address is not verified");
}

/// Goal: H6-6: an administrator who changes the address alone says nothing of it; who says both at once is believed.
#[tokio::test]
async fn another_address_is_verified_anew() {
    let (world, _folder) = lenient().await;
    let path = format!("/v1/users/{}", world.data.alice.id);
    let change = async |body: Value| world.admin(Method::PATCH, &path).json(&body).send().await.json();
    change(json!({"traits": {"email": "alice@example.test", "email_verified": true}})).await;
    let same = change(json!({"email": "alice@example.test"})).await;
    assert_eq!(same["traits"]["email_verified"], true, "{same}");
    let other = change(json!({"email": "al@example.test"})).await;
    assert_eq!(other["traits"], json!({"email": "al@example.test"}));
    let both = json!({"email": "ally@example.test", "traits": {"email": "ally@example.test", "email_verified": true}});
    assert_eq!(change(both).await["traits"]["email_verified"], true);
    // JSON Patch of one member carries the others over.
    let patch = json!([{"op": "replace", "path": "/traits/email", "value": "ada@example.test"}]);
    let at = format!("/admin/identities/{}", world.data.alice.id);
    let patched = world.admin(Method::PATCH, &at).json(&patch).send().await;
    assert_eq!(patched.json()["traits"], json!({"email": "ada@example.test"}), "{}", patched.text);
}
