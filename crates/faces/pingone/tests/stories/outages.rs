//! What the store cannot tell or not take: 503 with a word about when, whoever asks for what.
//!
//! NO-FALSE-NO: it is never 401, 403 or 404, and never "revoked" or "done".

use std::sync::Arc;

use adieu_face_pingone::service;
use adieu_testkit::failing::{FailingStore, Failure};

use crate::fixture::{ALICE, FaceFixture, Reply, settings};

const SET: &str = "application/vnd.pingidentity.password.set+json";
const JSON: &str = "application/json";
const APP: &str = r#"{"name":"X","type":"WORKER","protocol":"OPENID_CONNECT","tokenEndpointAuthMethod":"CLIENT_SECRET_BASIC"}"#;
const ROLE: &str =
    r#"{"role":{"id":"5a1f0d3e-8c47-4b62-9e10-7d2c6b3a4f02"},"scope":{"type":"POPULATION","id":"?"}}"#;

/// A channel over a store that can be told to fail.
pub(crate) async fn failing() -> (FaceFixture, Arc<FailingStore>) {
    let mut fixture = FaceFixture::open().await;
    let elsewhere = FaceFixture::open().await;
    drop(std::mem::replace(&mut fixture.service, elsewhere.service));
    let store = fixture.world.with_failing_store().await;
    fixture.service = service(fixture.world.authority().clone(), settings());
    (fixture, store)
}

fn assert_later(reply: &Reply, what: &str) {
    assert_eq!(reply.status, 503, "{what}: {}", reply.text);
    assert_eq!(reply.header("retry-after"), "1", "{what}");
}

/// Goal: an application is replaced whole or not at all: what is kept beside its client changes in the same commit.
/// Method: the store lets every change of the client come too late, and takes all other writes.
#[tokio::test]
async fn an_application_that_is_not_replaced_is_as_it_was() {
    let (fixture, store) = failing().await;
    let worker = fixture.worker().await;
    let apps = format!("/v1/environments/{}/applications", fixture.env());
    let json = |ask: crate::fixture::Ask| ask.header("content-type", JSON).bearer(&worker);
    let made = json(fixture.post(&apps)).body(APP).send().await;
    assert_eq!(made.status, 201, "{}", made.text);
    let path = format!("{apps}/{}", made.json()["id"].as_str().expect("an id"));
    let before = fixture.get(&path).bearer(&worker).send().await.json();
    let other = APP.replace("\"X\"", "\"Y\",\"description\":\"another\"");
    store.fail(Failure::Overtaken);
    assert_later(&json(fixture.ask(http::Method::PUT, &path)).body(other.clone()).send().await, "replace");
    store.fail(Failure::None);
    assert_eq!(fixture.get(&path).bearer(&worker).send().await.json(), before);
    store.fail(Failure::LandedInDoubt);
    assert_later(
        &json(fixture.ask(http::Method::PUT, &path)).body(other.clone()).send().await,
        "replace in doubt",
    );
    store.fail(Failure::None);
    let after = fixture.get(&path).bearer(&worker).send().await.json();
    assert_eq!((&after["name"], &after["description"]), (&"Y".into(), &"another".into()));
}

/// NO-FALSE-NO: nothing can be read.
#[tokio::test]
async fn what_cannot_be_read_is_503() {
    let (fixture, store) = failing().await;
    let (worker, held, shop) = (fixture.worker().await, fixture.sign_on(ALICE).await, fixture.shop());
    store.fail(Failure::Everything);
    let env = format!("/v1/environments/{}", fixture.env());
    for path in [
        "/v1/environments".to_owned(),
        env.clone(),
        format!("{env}/users"),
        format!("{env}/users/{}", fixture.world.data.alice.id),
        format!("{env}/users/{}/sessions", fixture.world.data.alice.id),
        format!("{env}/applications/{}/secret", shop.id),
        format!("{env}/sessions/me"),
        fixture.a("as/userinfo"),
    ] {
        assert_later(&fixture.get(&path).bearer(&worker).cookie(&held.st).send().await, &path);
    }
    assert_later(
        &fixture.get(&format!("{}?id_token_hint={}", fixture.a("as/idpSignoff"), held.id_token)).send().await,
        "hint",
    );
    let revoke =
        fixture.post(&fixture.a("as/revoke")).basic(&shop.id, &shop.secret).form(&[("token", &held.access)]);
    assert_later(&revoke.send().await, "revoke");
    store.fail(Failure::None);
    fixture.assert_live(&held).await;
}

/// S-REV-6: NO-FALSE-NO, ENDED-IS-DURABLE: nothing can be written, or nobody knows whether it was; then it is not called done, and
/// what landed counts.
#[tokio::test]
async fn what_cannot_be_written_is_503() {
    let (fixture, store) = failing().await;
    let (worker, held, shop) = (fixture.worker().await, fixture.sign_on(ALICE).await, fixture.shop());
    let alice = format!("users/{}", fixture.world.data.alice.id);
    let role = ROLE.replace('?', &fixture.world.data.population.id.to_string());
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
            let ask = fixture.ask(method.parse().expect("a method"), &fixture.m(&path)).bearer(&worker);
            let reply = ask.header("content-type", kind).body(body.to_owned()).send().await;
            assert_later(&reply, &format!("{method} {path} {failure:?}"));
        }
        let revoke = fixture.post(&fixture.a("as/revoke")).basic(&shop.id, &shop.secret);
        assert_later(&revoke.form(&[("token", &held.refresh)]).send().await, "revoke");
    }
    store.fail(Failure::None);
    fixture.assert_live(&held).await;
    store.fail(Failure::LandedInDoubt);
    let revoke =
        fixture.post(&fixture.a("as/revoke")).basic(&shop.id, &shop.secret).form(&[("token", &held.access)]);
    assert_later(&revoke.send().await, "in doubt");
    store.fail(Failure::None);
    assert_eq!(fixture.introspect(&shop, &held.access).await.text, r#"{"active":false}"#);
    assert!(fixture.is_signed_on(&held.st).await);
}
