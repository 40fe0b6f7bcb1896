//! What an application may be and may have, and what is left of it when it loses that: cases that were found by attack.
//!
//! Everything over HTTP, as a program of this dialect does it.

use serde_json::{Value, json};

use super::{Office, id, own};
use crate::fixture::{ALICE, App, BOB, Held, claims};

const CALLBACK: &str = "https://till.example.test/cb";
const INACTIVE: &str = r#"{"active":false}"#;
/// The resource that is this API, and its scopes.
const API: &str = "8d2e4c61-0f5a-4e3b-a7c9-1b6d3f2e5a20";
const DELETE: &str = "8d2e4c61-0f5a-4e3b-a7c9-1b6d3f2e5a22";

fn described() -> Value {
    json!({
        "name": "Till", "enabled": true, "type": "WEB_APP", "protocol": "OPENID_CONNECT",
        "tokenEndpointAuthMethod": "CLIENT_SECRET_BASIC", "grantTypes": ["AUTHORIZATION_CODE", "REFRESH_TOKEN"],
        "responseTypes": ["CODE"], "redirectUris": [CALLBACK],
    })
}

impl Office {
    /// An application that was made by this API, with its path and secret.
    async fn till(&self) -> (String, App) {
        let made = self.create("applications", described()).await;
        let path = own(&made);
        let secret = self.read(&format!("{path}/secret")).await["secret"].as_str().expect("one").to_owned();
        (path, App { id: id(&made), secret, redirect: CALLBACK.into() })
    }

    async fn switch(&self, path: &str, enabled: bool) {
        let mut next = described();
        next["enabled"] = enabled.into();
        assert_eq!(self.send("PUT", path, next).await.status, 200);
    }

    async fn delete_session(&self, held: &Held, of: &str) -> u16 {
        let path = self.fixture.m(&format!("users/{of}/sessions/{}", held.sid));
        self.fixture.delete(&path).bearer(&held.access).send().await.status.as_u16()
    }
}

/// S-7. Goal: who proves itself to nobody has no name of its own.
/// Method: such an application is made and changed by this API, and one that is there from before asks for a token.
#[tokio::test]
async fn a_public_application_gets_no_token_in_its_own_name() {
    let office = Office::open().await;
    let mut public = described();
    public["tokenEndpointAuthMethod"] = "NONE".into();
    public["grantTypes"] = json!(["AUTHORIZATION_CODE", "CLIENT_CREDENTIALS"]);
    office.refused("POST", "applications", public.clone(), "INVALID_VALUE", "grantTypes").await;
    let (path, till) = office.till().await;
    office.refused("PUT", &path, public.clone(), "INVALID_VALUE", "grantTypes").await;
    public["grantTypes"] = json!(["AUTHORIZATION_CODE"]);
    assert_eq!(office.send("PUT", &path, public).await.status, 200);
    let form = [("grant_type", "client_credentials"), ("client_id", till.id.as_str())];
    let reply = office.fixture.post(&office.fixture.a("as/token")).form(&form).send().await;
    reply.assert_oauth(400, "unauthorized_client");
}

/// S-8. Goal: an application has the scopes of this API that it was granted, at this moment, and no others.
/// Method: it asks without a grant, with one, and when the grant is gone again, each time in the name of an administrator.
#[tokio::test]
async fn a_scope_of_the_api_needs_a_grant() {
    let office = Office::open().await;
    let fixture = &office.fixture;
    let (path, till) = office.till().await;
    let bob = fixture.world.data.bob.id.to_string();
    let alice = fixture.world.data.alice.id.to_string();
    let wanted = "openid p1:delete:sessions p1:launch:rockets strange";
    let without = fixture.sign_on_to(&till, ALICE, None, wanted).await;
    assert_eq!(claims(&without.access)["scope"], "openid");
    let victim = fixture.sign_on(BOB).await;
    assert_eq!(office.delete_session(&Held { sid: victim.sid.clone(), ..without.clone() }, &bob).await, 401);
    assert_eq!(office.delete_session(&without, &alice).await, 401);

    let grant = json!({"resource": {"id": API}, "scopes": [{"id": DELETE}]});
    let granted = office.create(&format!("{path}/grants"), grant).await;
    let with = fixture.sign_on_to(&till, ALICE, None, wanted).await;
    assert_eq!(claims(&with.access)["scope"], "openid p1:delete:sessions");
    let other = fixture.sign_on_to(&till, ALICE, None, wanted).await;
    assert_eq!(office.delete_session(&Held { sid: other.sid, ..with.clone() }, &alice).await, 204);

    office.delete(&own(&granted)).await;
    let other = fixture.sign_on(ALICE).await;
    let late = Held { sid: other.sid.clone(), ..with.clone() };
    assert_eq!(office.delete_session(&late, &alice).await, 403, "a token of before, after the grant");
    let renewed = fixture.refresh(&till, &with.refresh).await.json();
    assert_eq!(renewed["scope"], "openid");
    fixture.assert_live(&other).await;
}

/// S-9. Goal: what an application held when it was switched off does not come back with it; nor what it held when a grant type
/// was taken from it.
#[tokio::test]
async fn nothing_revives_with_an_application() {
    let office = Office::open().await;
    let fixture = &office.fixture;
    let (path, till) = office.till().await;
    let held = fixture.sign_on_to(&till, ALICE, None, "openid").await;
    assert_eq!(fixture.introspect(&till, &held.access).await.json()["active"], true);
    office.switch(&path, false).await;
    office.switch(&path, true).await;
    for token in [&held.access, &held.refresh] {
        assert_eq!(fixture.introspect(&till, token).await.text, INACTIVE);
    }
    fixture.refresh(&till, &held.refresh).await.assert_oauth(400, "invalid_grant");
    assert!(fixture.is_signed_on(&held.st).await, "sessions live on");

    let again = fixture.sign_on_to(&till, ALICE, None, "openid").await;
    let mut less = described();
    less["grantTypes"] = json!(["AUTHORIZATION_CODE"]);
    assert_eq!(office.send("PUT", &path, less).await.status, 200);
    office.switch(&path, true).await;
    fixture.refresh(&till, &again.refresh).await.assert_oauth(400, "invalid_grant");
}

/// S-19, F-7. Goal: a token is told to whom it concerns, and only their question keeps its session awake.
/// Method: another application asks, then a worker that reads sessions; the clock stands between.
#[tokio::test]
async fn a_token_is_told_to_whom_it_concerns() {
    let office = Office::open().await;
    let fixture = &office.fixture;
    let held = fixture.sign_on(ALICE).await;
    let path = fixture.m(&format!("sessions/{}", held.sid));
    let seen = async || fixture.get(&path).bearer(&office.bearer).send().await.json()["activeAt"].to_string();
    let before = seen().await;
    fixture.world.wait_s(120);
    for token in [&held.access, &held.refresh] {
        assert_eq!(fixture.introspect(&fixture.billing(), token).await.text, INACTIVE);
    }
    assert_eq!(seen().await, before, "a stranger's question is no activity");

    let data = &fixture.world.data;
    let (id, secret) = (data.worker.id.to_string(), data.secret(&data.worker).to_owned());
    let worker = App { id, secret, redirect: String::new() };
    assert_eq!(fixture.introspect(&worker, &held.access).await.json()["active"], true, "it reads sessions");
    assert_eq!(fixture.introspect(&worker, &held.refresh).await.text, INACTIVE, "no use to anybody else");
    assert_ne!(seen().await, before);

    let told = fixture.introspect(&fixture.shop(), &held.refresh).await.json();
    assert_eq!((&told["active"], &told["token_use"]), (&json!(true), &json!("refresh_token")));
    assert!(told.get("token_type").is_none(), "RFC 7662 §2.2: it is no Bearer: {told}");
    let own = fixture.worker().await;
    assert_eq!(fixture.introspect(&fixture.shop(), &own).await.text, INACTIVE, "a worker's own token");
    assert_eq!(fixture.introspect(&worker, &own).await.json()["active"], true);
}

/// S-20, F-18. Goal: no address is registered that a browser would run, or that leads nowhere.
#[tokio::test]
async fn no_odd_address_is_registered() {
    let office = Office::open().await;
    for bad in ["nonsense", "javascript:alert(1)", "data:text/html,x", "https://till.test/#x", "myapp://cb"] {
        for member in ["redirectUris", "postLogoutRedirectUris"] {
            let mut odd = described();
            odd[member] = json!([bad]);
            office.refused("POST", "applications", odd, "INVALID_VALUE", member).await;
        }
    }
    let mut native = described();
    native["redirectUris"] = json!(["com.example.till:/cb", "http://127.0.0.1/cb"]);
    office.create("applications", native).await;
    let odd = json!({"username": "zoe", "email": "foo", "population": {"id": office.fixture.world.data.population.id.to_string()}});
    office.refused("POST", "users", odd, "INVALID_VALUE", "email").await;
}

/// F-27. Goal: a program on the user's machine gets its answer at the port that it got.
#[tokio::test]
async fn an_address_of_this_machine_is_meant_at_any_port() {
    let office = Office::open().await;
    let mut native = described();
    native["redirectUris"] = json!(["http://127.0.0.1/cb", "http://localhost/cb"]);
    let made = office.create("applications", native).await;
    let held = office.fixture.sign_on(ALICE).await;
    let asked = async |redirect: &str| {
        let app = App { id: id(&made), secret: String::new(), redirect: redirect.into() };
        office.fixture.get(&office.fixture.authorize(&app, &[])).cookie(&held.st).send().await
    };
    let answer = asked("http://127.0.0.1:61023/cb").await;
    assert!(answer.location().starts_with("http://127.0.0.1:61023/cb?code="), "{}", answer.location());
    for other in ["http://127.0.0.1:61023/other", "http://localhost:61023/cb", "http://[::1]:61023/cb"] {
        assert_eq!(asked(other).await.status, 400, "{other}");
    }
}

/// F-9. Goal: what narrows who may use an application is never dropped: it cannot be enforced here, so it is refused by name.
#[tokio::test]
async fn what_would_narrow_access_is_not_dropped() {
    let office = Office::open().await;
    for (member, value) in [
        ("accessControl", json!({"role": {"type": "ADMIN_USERS_ONLY"}})),
        ("accessControl", json!({"group": {"type": "ANY_GROUP", "groups": [{"id": "x"}]}})),
        ("parRequirement", json!("REQUIRED")),
        ("requireSignedRequestObject", json!(true)),
    ] {
        let mut narrow = described();
        narrow[member] = value;
        office.refused("POST", "applications", narrow.clone(), "INVALID_VALUE", member).await;
    }
    let mut open = described();
    open["accessControl"] = json!({"role": null});
    open["parRequirement"] = "OPTIONAL".into();
    assert_eq!(office.send("POST", "applications", open).await.status, 201);
}
