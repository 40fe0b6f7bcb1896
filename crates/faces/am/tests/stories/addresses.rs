//! Realms and resources by every form of address, and what is at none.
//!
//! Contract am.md 0.1, 0.2.

use adieu_face_am::Settings;
use serde_json::json;

use crate::fixture::{ALICE, CAROL, FaceFixture, settings};

/// A-20: every form, with and without a slash at the end, leads to the same place.
#[tokio::test]
async fn every_form_of_address_is_served() {
    let fixture = FaceFixture::start().await;
    for form in [
        "/am/json/realms/root/realms/alpha/sessions",
        "/am/json/realms/root/realms/Alpha/sessions/",
        "/am/json/realms/ROOT/sessions/",
        "/am/json/realms/root/sessions",
        "/am/json/realms/alpha/sessions",
        "/am/json/realms/root/realms/alpha/realms/sub/sessions",
        "/am/json/sessions",
        "/am/json/sessions/",
        "/am/json/alpha/sessions",
        "/am/json/ALPHA/sub/sessions/",
        "/json/alpha/sessions",
    ] {
        for query in ["?_action=logout", "?_action=logout&realm=/alpha", "?realm=alpha&_action=logout"] {
            let token = fixture.sign_on(ALICE).await;
            let ask = fixture.post(&format!("{form}{query}")).header("Accept-API-Version", "resource=3.1");
            let reply = ask.token(&token).send().await;
            assert_eq!(reply.text, r#"{"result":"Successfully logged out"}"#, "{form}{query}");
            assert!(!fixture.lives(&token).await);
        }
    }
}

/// A-20: one signs on where the address says; at `authenticate` the parameter wins over any path.
#[tokio::test]
async fn the_realm_of_a_sign_on_is_the_addressed_one() {
    let fixture = FaceFixture::start().await;
    for (path, realm) in [
        ("/am/json/alpha/sub/authenticate", "/alpha/sub"),
        ("/am/json/realms/root/realms/alpha/realms/sub/authenticate/", "/alpha/sub"),
        ("/am/json/authenticate?realm=/alpha/sub", "/alpha/sub"),
        ("/am/json/authenticate?realm=ALPHA%2Fsub", "/alpha/sub"),
        ("/am/json/realms/root/authenticate?realm=alpha/sub", "/alpha/sub"),
        ("/am/json/alpha/authenticate", "/alpha"),
    ] {
        let reply = fixture.pair(path, CAROL).send().await;
        assert_eq!(reply.json()["realm"], realm, "{path}");
    }
    let reply = fixture.pair("/am/json/realms/root/realms/quota/authenticate", CAROL).send().await;
    assert_eq!(reply.refused(401), "Login failure", "known in another realm only");
}

/// A-42: an unknown realm is 404 for everybody, before anything else is looked at.
#[tokio::test]
async fn unknown_realms_are_named() {
    let fixture = FaceFixture::start().await;
    let token = fixture.sign_on(ALICE).await;
    for (path, status, message) in [
        ("realms/root/realms/nowhere/sessions?_action=logout", 404, "Realm \"/nowhere\" not found"),
        ("realms/root/realms/alpha/realms/NoWhere/sessions", 404, "Realm \"/alpha/NoWhere\" not found"),
        ("realms/nowhere/authenticate", 404, "Realm \"nowhere\" not found"),
        ("nowhere/sessions?_action=logout", 404, "Resource 'nowhere/sessions' not found"),
        ("alpha/nowhere/sessions?_action=logout", 404, "Resource 'nowhere/sessions' not found"),
        ("sessions?_action=logout&realm=/nowhere", 400, "Invalid realm, /nowhere"),
        ("sessions?_action=logout&realm=", 200, ""),
        (
            "sessions?_action=logout&realm=/&realm=/alpha",
            400,
            "Multiple values provided for the single-valued request parameter 'realm'",
        ),
        ("alpha", 404, "Resource '' not found"),
        ("realms/root/nothing", 404, "Resource 'nothing' not found"),
        ("", 404, "Resource '' not found"),
    ] {
        if status == 200 {
            continue;
        }
        for token in ["", &token] {
            let reply = fixture.post(&format!("/am/json/{path}")).token(token).send().await;
            assert_eq!(reply.refused(status), message, "{path}");
        }
    }
    assert!(fixture.lives(&token).await);
}

/// Goal: what is not under `/json` is not there, and no spelling of a path makes the server stumble.
#[tokio::test]
async fn nothing_else_is_served() {
    let fixture = FaceFixture::start().await;
    for path in ["/am/json/%ff/sessions", "/am/json/sessions/a/b/c", "/am/json/realms"] {
        let reply = fixture.post(&format!("{path}?_action=validate")).send().await;
        reply.refused(404);
    }
    let deep = format!("/am/json{}/sessions?_action=logout", "/alpha".repeat(500));
    fixture.post(&deep).send().await.refused(404);
}

/// Contract am.md 0.1: any context path, whether the mount takes it off or not.
#[tokio::test]
async fn the_context_path_is_a_setting() {
    let fixture = FaceFixture::with(Settings { context_path: "/openam".into(), ..settings() }).await;
    let token = fixture.sign_on_at("/openam/json/alpha/authenticate", ALICE).await;
    for path in ["/openam/json/sessions", "/json/sessions"] {
        let ask =
            fixture.post(&format!("{path}?_action=validate")).header("Accept-API-Version", "resource=4.0");
        assert_eq!(ask.json(&json!({"tokenId": token})).send().await.json()["valid"], true);
    }
    let reply = fixture.post("/openamx/json/sessions?_action=validate").token(&token).send().await;
    assert_eq!(reply.status, 404);
}
