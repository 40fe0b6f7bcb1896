//! The founding workflow from start to end, call by call, with nothing there but an environment and a worker.
//!
//! Contract pingone.md 4.1, steps 0 to 15.

use serde_json::{Value, json};

use super::{Office, id, own};
use crate::fixture::{APPS, App, CHECK, claims};

const SET: &str = "application/vnd.pingidentity.password.set+json";

/// Steps 1 to 8: everything that must exist before somebody signs on. The application and its user.
async fn set_up(office: &Office) -> (App, Value) {
    let app = office
        .create(
            "applications",
            json!({
                "enabled": true, "name": "Workflow", "description": "A web application",
                "type": "WEB_APP", "protocol": "OPENID_CONNECT", "grantTypes": ["AUTHORIZATION_CODE"],
                "redirectUris": ["https://workflow.example.test/cb"], "responseTypes": ["CODE"],
                "tokenEndpointAuthMethod": "CLIENT_SECRET_BASIC", "pkceEnforcement": "OPTIONAL",
            }),
        )
        .await; // 1
    let secret = office.read(&format!("{}/secret", own(&app))).await; // 2
    let policy = office.create("signOnPolicies", json!({"name": "Simple_Login", "default": false})).await; // 3
    let action = json!({"type": "LOGIN", "priority": 1, "registration": {"enabled": false}, "recovery": {"enabled": false}});
    office.create(&format!("{}/actions", own(&policy)), action).await; // 4
    let assignment = json!({"signOnPolicy": {"id": id(&policy)}, "priority": 1});
    office.create(&format!("{}/signOnPolicyAssignments", own(&app)), assignment).await; // 5
    let population = office.create("populations", json!({"name": "Workflow", "description": "Ours"})).await; // 6
    let user = json!({
        "email": "joe@example.test", "name": {"given": "Joe", "family": "Smith"},
        "population": {"id": id(&population)}, "username": "joe",
    });
    let user = office.create("users", user).await; // 7
    let password = json!({"value": "Two-federate-1", "forceChange": false}).to_string();
    let set =
        office.ask("PUT", &format!("{}/password", own(&user))).header("content-type", SET).body(password);
    assert_eq!(set.send().await.json()["status"], "OK"); // 8
    let app = App {
        id: id(&app),
        secret: secret["secret"].as_str().expect("a secret").to_owned(),
        redirect: "https://workflow.example.test/cb".into(),
    };
    (app, user)
}

/// P-62: the published workflow runs from its first step to its last; step 14 shows one session, and step 15 ends it.
#[tokio::test]
async fn the_founding_workflow_runs_from_start_to_end() {
    let office = Office::open().await; // 0
    let (app, user) = set_up(&office).await;
    let fixture = &office.fixture;
    let reply = fixture.get(&fixture.authorize(&app, &[("scope", "openid")])).send().await; // 9
    let start = format!("{APPS}/{}/signon/?flowId=", fixture.env());
    let flow = reply.location().strip_prefix(&start).expect("a flow").to_owned();
    let path = fixture.a(&format!("flows/{flow}"));
    assert_eq!(fixture.get(&path).send().await.json()["status"], "USERNAME_PASSWORD_REQUIRED"); // 10
    let credentials = json!({"username": "joe", "password": "Two-federate-1"}).to_string();
    let reply = fixture.post(&path).header("content-type", CHECK).body(credentials).send().await; // 11
    assert_eq!(reply.json()["status"], "COMPLETED", "{}", reply.text);
    let st = reply.cookie("ST").expect("a session token").to_owned();
    let reply = fixture.get(&fixture.a(&format!("as/resume?flowId={flow}"))).cookie(&st).send().await; // 12
    let code =
        reply.location().split(['?', '&']).find_map(|part| part.strip_prefix("code=")).expect("a code");
    let reply = fixture.redeem(&app, code).await; // 13
    assert_eq!(reply.status, 200, "{}", reply.text);
    let access = reply.json()["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(claims(&access)["acr"], "Simple_Login");
    let sessions = office.read(&format!("{}/sessions", own(&user))).await; // 14
    assert_eq!(sessions["_embedded"]["sessions"].as_array().map(Vec::len), Some(1), "P-62");
    assert_eq!(sessions["_embedded"]["sessions"][0]["id"], claims(&access)["sid"]);
    let reply = fixture.get(&fixture.a("as/signoff")).cookie(&st).send().await; // 15
    assert_eq!(
        (reply.status.as_u16(), reply.location()),
        (302, format!("{APPS}/{}/signon/#signedOff", fixture.env()).as_str())
    );

    assert_eq!(fixture.introspect(&app, &access).await.text, r#"{"active":false}"#);
    assert_eq!(office.read(&format!("{}/sessions", own(&user))).await["count"], 0);
}
