//! A client that is removed takes along what the dialects kept of it, whoever removes it.
//!
//! Nothing here looks into those documents; what they say is the story of the dialect itself.

use adieu_testkit::World;
use http::Method;
use serde_json::json;

use crate::both_win::AdminFixture;

const KINDS: [&str; 3] =
    ["pingone.application", "pingone.application-grant", "pingone.sign-on-policy-assignment"];

impl AdminFixture {
    async fn kept(&self) -> Vec<String> {
        let (authority, realm) = (self.world.authority(), self.world.data.realm.id);
        let mut kept = Vec::new();
        for kind in KINDS {
            let documents = authority.documents(realm, kind, 100).await.expect("documents");
            kept.extend(documents.into_iter().map(|document| format!("{kind} {}", document.id)));
        }
        kept
    }

    /// An application with a page of its own, a grant and an assigned policy; gives its id.
    async fn full_application(&self) -> String {
        let body = json!({
            "name": "Kiosk", "enabled": true, "type": "WEB_APP", "protocol": "OPENID_CONNECT",
            "tokenEndpointAuthMethod": "CLIENT_SECRET_BASIC", "grantTypes": ["AUTHORIZATION_CODE"],
            "responseTypes": ["CODE"], "redirectUris": ["https://kiosk.example.test/cb"],
            "loginPageUrl": "https://kiosk.example.test/sign-on",
        });
        let made = self.manage(Method::POST, "applications", &body).send().await;
        assert_eq!(made.status, 201, "{}", made.text);
        let id = made.json()["id"].as_str().expect("an id").to_owned();
        let body = json!({"signOnPolicy": {"id": self.policy(0)}, "priority": 1});
        let path = format!("applications/{id}/signOnPolicyAssignments");
        let assigned = self.manage(Method::POST, &path, &body).send().await;
        assert_eq!(assigned.status, 201, "{}", assigned.text);
        id
    }
}

/// Goal: nobody who makes a client of an earlier one's id gets that one's sign-on page, grants and policies. Method: the removal at
/// every channel that has one, beside an application whose id begins alike.
#[tokio::test]
async fn what_a_dialect_kept_of_a_client_goes_with_it_whoever_removes_it() {
    let fixture = AdminFixture::open(World::start().await, 1).await;
    let authority = fixture.world.authority();
    let neighbour = fixture.full_application().await;
    let before = fixture.kept().await;
    assert!(before.iter().any(|name| name.ends_with(&neighbour)), "{before:?}");

    let id = fixture.full_application().await;
    assert_eq!(fixture.kept().await.len(), before.len() + 2);
    let removed = fixture.world.admin(Method::DELETE, &format!("/v1/clients/{id}")).send().await;
    assert_eq!(removed.status, 204, "{}", removed.text);
    assert_eq!(fixture.kept().await, before, "the native API");

    let id = fixture.full_application().await;
    let removed = fixture.manage(Method::DELETE, &format!("applications/{id}"), &json!({})).send().await;
    assert_eq!(removed.status, 204, "{}", removed.text);
    assert_eq!(fixture.kept().await, before, "PingOne");

    let id = fixture.full_application().await;
    let others = authority.clients(fixture.world.data.realm.id).await.expect("clients");
    let others = others.iter().filter(|client| client.id.as_str() != id);
    let others: Vec<_> = others.map(|client| format!("{{ client_id = '{}' }}", client.id)).collect();
    let document = format!("[[realms]]\npath = '/alpha'\nclients = [{}]\n", others.join(", "));
    let body = json!({"document": document, "prune": true});
    let applied = fixture.admin(Method::POST, "/v1/declaration", &body).send().await;
    assert_eq!(applied.status, 200, "{}", applied.text);
    assert!(applied.text.contains(&format!("- client {id}")), "{}", applied.text);
    assert_eq!(fixture.kept().await, before, "a document that is applied");
}
