//! What the store cannot tell or not take: 503 with a word about when, whoever asks for what.
//!
//! NO-FALSE-NO: it is never 401, 403 or 404, and never "revoked" or "done".

use std::sync::Arc;

use adieu_face_pingone::service;
use adieu_testkit::failing::{FailingStore, Failure};

use crate::house::{ALICE, Door, Reply, settings};

const SET: &str = "application/vnd.pingidentity.password.set+json";
const JSON: &str = "application/json";
const APP: &str =
    r#"{"name":"X","type":"WORKER","protocol":"OPENID_CONNECT","tokenEndpointAuthMethod":"NONE"}"#;
const ROLE: &str =
    r#"{"role":{"id":"5a1f0d3e-8c47-4b62-9e10-7d2c6b3a4f02"},"scope":{"type":"POPULATION","id":"?"}}"#;

/// A door over a store that can be told to fail.
pub(crate) async fn failing() -> (Door, Arc<FailingStore>) {
    let mut door = Door::open().await;
    let elsewhere = Door::open().await;
    drop(std::mem::replace(&mut door.service, elsewhere.service));
    let store = door.world.with_failing_store().await;
    door.service = service(door.world.authority().clone(), settings());
    (door, store)
}

fn assert_later(reply: &Reply, what: &str) {
    assert_eq!(reply.status, 503, "{what}: {}", reply.text);
    assert_eq!(reply.header("retry-after"), "1", "{what}");
}

/// Goal: an application is replaced whole or not at all: what is kept beside its client changes in the same commit.
/// Method: the store lets every change of the client come too late, and takes all other writes.
#[tokio::test]
async fn an_application_that_is_not_replaced_is_as_it_was() {
    let (door, store) = failing().await;
    let worker = door.worker().await;
    let apps = format!("/v1/environments/{}/applications", door.env());
    let json = |ask: crate::house::Ask| ask.header("content-type", JSON).bearer(&worker);
    let made = json(door.post(&apps)).body(APP).send().await;
    assert_eq!(made.status, 201, "{}", made.text);
    let path = format!("{apps}/{}", made.json()["id"].as_str().expect("an id"));
    let before = door.get(&path).bearer(&worker).send().await.json();
    let other = APP.replace("\"X\"", "\"Y\",\"description\":\"another\"");
    store.fail(Failure::Overtaken);
    assert_later(&json(door.ask(http::Method::PUT, &path)).body(other.clone()).send().await, "replace");
    store.fail(Failure::None);
    assert_eq!(door.get(&path).bearer(&worker).send().await.json(), before);
    store.fail(Failure::LandedInDoubt);
    assert_later(
        &json(door.ask(http::Method::PUT, &path)).body(other.clone()).send().await,
        "replace in doubt",
    );
    store.fail(Failure::None);
    let after = door.get(&path).bearer(&worker).send().await.json();
    assert_eq!((&after["name"], &after["description"]), (&"Y".into(), &"another".into()));
}

/// NO-FALSE-NO: nothing can be read.
#[tokio::test]
async fn what_cannot_be_read_is_503() {
    let (door, store) = failing().await;
    let (worker, held, shop) = (door.worker().await, door.sign_on(ALICE).await, door.shop());
    store.fail(Failure::Everything);
    let env = format!("/v1/environments/{}", door.env());
    for path in [
        "/v1/environments".to_owned(),
        env.clone(),
        format!("{env}/users"),
        format!("{env}/users/{}", door.world.data.alice.id),
        format!("{env}/users/{}/sessions", door.world.data.alice.id),
        format!("{env}/applications/{}/secret", shop.id),
        format!("{env}/sessions/me"),
        door.a("as/userinfo"),
    ] {
        assert_later(&door.get(&path).bearer(&worker).cookie(&held.st).send().await, &path);
    }
    assert_later(
        &door.get(&format!("{}?id_token_hint={}", door.a("as/idpSignoff"), held.id_token)).send().await,
        "hint",
    );
    let revoke =
        door.post(&door.a("as/revoke")).basic(&shop.id, &shop.secret).form(&[("token", &held.access)]);
    assert_later(&revoke.send().await, "revoke");
    store.fail(Failure::None);
    door.assert_live(&held).await;
}

/// NO-FALSE-NO, ENDED-IS-DURABLE: nothing can be written, or nobody knows whether it was; then it is not called done, and
/// what landed counts.
#[tokio::test]
async fn what_cannot_be_written_is_503() {
    let (door, store) = failing().await;
    let (worker, held, shop) = (door.worker().await, door.sign_on(ALICE).await, door.shop());
    let alice = format!("users/{}", door.world.data.alice.id);
    let role = ROLE.replace('?', &door.world.data.population.id.to_string());
    for failure in [Failure::NotTaken, Failure::LostInDoubt] {
        store.fail(failure);
        for (method, path, kind, body) in [
            ("POST", "populations".to_owned(), JSON, r#"{"name":"X"}"#),
            ("POST", "users".to_owned(), JSON, r#"{"username":"x","email":"x@example.test"}"#),
            ("PATCH", alice.clone(), JSON, r#"{"nickname":"A"}"#),
            ("PUT", format!("{alice}/enabled"), JSON, r#"{"enabled":false}"#),
            ("PUT", format!("{alice}/password"), SET, r#"{"value":"Another-one-1"}"#),
            ("POST", format!("{alice}/roleAssignments"), JSON, role.as_str()),
            ("DELETE", alice.clone(), JSON, ""),
            ("POST", "applications".to_owned(), JSON, APP),
            ("POST", format!("applications/{}/secret", shop.id), JSON, ""),
            ("DELETE", format!("applications/{}", shop.id), JSON, ""),
            ("POST", "signOnPolicies".to_owned(), JSON, r#"{"name":"X"}"#),
            ("POST", "ssoCookieSettings".to_owned(), JSON, r#"{"useNonPersistentSessionTokenCookie":true}"#),
        ] {
            let ask = door.ask(method.parse().expect("a method"), &door.m(&path)).bearer(&worker);
            let reply = ask.header("content-type", kind).body(body.to_owned()).send().await;
            assert_later(&reply, &format!("{method} {path} {failure:?}"));
        }
        let revoke = door.post(&door.a("as/revoke")).basic(&shop.id, &shop.secret);
        assert_later(&revoke.form(&[("token", &held.refresh)]).send().await, "revoke");
    }
    store.fail(Failure::None);
    door.assert_live(&held).await;
    store.fail(Failure::LandedInDoubt);
    let revoke =
        door.post(&door.a("as/revoke")).basic(&shop.id, &shop.secret).form(&[("token", &held.access)]);
    assert_later(&revoke.send().await, "in doubt");
    store.fail(Failure::None);
    assert_eq!(door.introspect(&shop, &held.access).await.text, r#"{"active":false}"#);
    assert!(door.is_signed_on(&held.st).await);
}
