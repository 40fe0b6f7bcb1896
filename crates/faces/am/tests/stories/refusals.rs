//! What is refused before, behind and beside the actions of sessions; nothing of it ends anything.
//!
//! Contract am.md 0.4 to 0.8, 1.12.

use std::convert::Infallible;

use adieu_face_am::{Settings, VersionDefault};
use axum::body::Body;
use futures_util::stream;
use serde_json::json;

use crate::fixture::{ALICE, FaceFixture, Reply, SESSIONS, WARDEN, settings};

/// A-37: types, broken JSON, sizes; each is 400 or 413, and the session lives.
#[tokio::test]
async fn odd_bodies_end_nothing() {
    let fixture = FaceFixture::start().await;
    let token = fixture.sign_on(ALICE).await;
    let post = |kind: &str, body: &str| {
        let ask = fixture.action("logout", "3.1").token(&token).header("Content-Type", kind);
        ask.body(body.to_owned()).send()
    };
    for (kind, body) in [
        ("text/plain", "x"),
        ("text/plain", ""),
        ("application/x-www-form-urlencoded", "tokenId=x"),
        ("application/jose", "a.b.c"),
        ("multipart/form-data; boundary=x", "--x--"),
        ("", "{}"),
        ("json", "{}"),
    ] {
        let message = post(kind, body).await.refused(400);
        assert!(message.contains("only the content-type 'application/json'"), "{kind}: {message}");
    }
    let reply = post("application/json", r#"{"tokenId":"#).await;
    let message = "The request could not be processed because the provided content is not valid JSON";
    assert_eq!(reply.refused(400), message);
    assert!(reply.json()["detail"].is_string());
    let message = "The request could not be processed because there is trailing data after the JSON content";
    assert_eq!(post("application/json", "{} {}").await.refused(400), message);
    for odd in [json!(7), json!(true), json!([]), json!({})] {
        let body = json!({"tokenId": odd}).to_string();
        assert_eq!(post("application/json", &body).await.refused(400), "tokenId must be a string");
    }
    post("application/json", &format!("\"{}\"", "a".repeat(70_000))).await.refused(413);
    assert!(fixture.lives(&token).await);
    let reply = post("Application/JSON; charset=utf-8", "[1, \"x\"]").await;
    assert_eq!(reply.status, 200, "what is read by nobody may be anything");
}

/// HOME-LIMITS: a body that never ends is cut off by time, and ends nothing.
#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let fixture = FaceFixture::start().await;
    let token = fixture.sign_on(ALICE).await;
    let body = Body::from_stream(stream::pending::<Result<Vec<u8>, Infallible>>());
    tokio::time::pause(); // Nothing else waits now: the time to the limit passes at once.
    let reply = fixture.action("logout", "3.1").token(&token).body(body).send().await;
    tokio::time::resume();
    reply.refused(408);
    assert!(fixture.lives(&token).await);
}

/// Contract am.md 0.7: conditions that make no sense for an action.
#[tokio::test]
async fn conditions_are_refused() {
    let fixture = FaceFixture::start().await;
    let token = fixture.sign_on(ALICE).await;
    for (name, status) in
        [("If-Match", 412), ("If-None-Match", 412), ("If-Modified-Since", 409), ("If-Unmodified-Since", 409)]
    {
        let reply = fixture.action("logout", "3.1").token(&token).header(name, "x").send().await;
        assert!(reply.refused(status).contains(name));
        assert!(reply.all("content-api-version").is_empty());
    }
    assert!(fixture.lives(&token).await);
}

/// Contract am.md 0.7: `_action` in any letters, once, and only where it belongs.
#[tokio::test]
async fn the_action_is_named_once() {
    let fixture = FaceFixture::start().await;
    let token = fixture.sign_on(ALICE).await;
    let at = |query: &str, protocol: &str| {
        let ask = fixture.post(&format!("{SESSIONS}{query}")).token(&token);
        ask.header("Accept-API-Version", &format!("resource=2.0, protocol={protocol}")).send()
    };
    let message = "Multiple values provided for the single-valued request parameter '_action'";
    assert_eq!(at("?_action=logout&_action=logout", "1.0").await.refused(400), message);
    let message = "Multiple values provided for the single-valued request parameter 'tokenId'";
    assert_eq!(at("?_action=logout&tokenId=a&tokenId=b", "1.0").await.refused(400), message);
    for old in ["1.0", "2.0"] {
        let message = "No values provided for the request parameter '_action'";
        assert_eq!(at("", old).await.refused(400), message);
    }
    at("", "2.1").await.refused(403);
    at("?_action=", "1.0").await.refused(403);
    at("?_ACTION=logout", "2.1").await.refused(403);
    assert!(fixture.lives(&token).await);
    assert_eq!(at("?_action=LogOut", "1.0").await.status, 200);
}

/// Goal: no method but POST signs anybody off, HEAD least of all.
#[tokio::test]
async fn other_methods_end_nothing() {
    let fixture = FaceFixture::start().await;
    let token = fixture.sign_on(ALICE).await;
    for (method, status) in [
        ("GET", 400),
        ("DELETE", 400),
        ("PUT", 400),
        ("PATCH", 400),
        ("HEAD", 501),
        ("OPTIONS", 501),
        ("TRACE", 501),
        ("LOGOUT", 501),
    ] {
        let reply = fixture.ask(method, &format!("{SESSIONS}?_action=logout")).token(&token).send().await;
        assert_eq!(reply.status, status, "{method}");
    }
    let ask = fixture.action("logout", "3.1").token(&token);
    ask.header("X-HTTP-Method-Override", "GET").send().await.refused(400);
    assert!(fixture.lives(&token).await);
}

/// A-36: unknown actions: 401, 403, 501. 1.x and 2.x know each other's actions, but nothing that came later.
#[tokio::test]
async fn unknown_actions_are_told_to_administrators() {
    let fixture = FaceFixture::start().await;
    let (user, warden, admin) =
        (fixture.sign_on(ALICE).await, fixture.sign_on(WARDEN).await, fixture.sign_on_admin().await);
    for (action, version, by_user) in [
        ("frobnicate", "1.2", 403),
        ("frobnicate", "2.1", 403),
        ("frobnicate", "5.1", 403),
        ("", "3.2", 403),
        ("logoutByUser", "1.2", 403),
        ("logoutByUser", "4.0", 403),
        ("getSessionInfoAndResetIdleTime", "2.1", 403),
        ("getSessionInfoAndResetIdleTime", "3.2", 403),
        ("getTimeLeft", "2.1", 501),
        ("getPropertyNames", "5.1", 501),
        ("getSessionInfo", "1.2", 501),
        ("refresh", "1.2", 501),
    ] {
        let ask = |token: &str| fixture.action(action, version).token(token).send();
        assert_eq!(ask("").await.refused(401), "Access Denied");
        let reply = ask(&user).await;
        reply.refused(by_user);
        assert_eq!(reply.header("content-api-version").is_empty(), by_user == 403, "{action} {version}");
        for able in [&admin, &warden] {
            let reply = ask(able).await;
            assert_eq!(reply.refused(501), format!("Action {action} not implemented for this resource"));
            assert_eq!(reply.header("content-api-version"), format!("resource={version}"));
        }
    }
    let elsewhere = fixture.post("/am/json/sessions?_action=frobnicate").token(&warden).send().await;
    elsewhere.refused(403); // An administrator of another realm.
}

/// A-36: readings and changes as recorded; OPTIONS of nobody's origin is a method like any other.
#[tokio::test]
async fn readings_and_changes_are_not_implemented() {
    let fixture = FaceFixture::start().await;
    let (user, admin) = (fixture.sign_on(ALICE).await, fixture.sign_on_admin().await);
    for (method, path, nobody, by_user, by_admin) in [
        ("GET", "", 401, 400, 400),
        ("GET", "/x", 401, 403, 501),
        ("GET", "/x?_queryFilter=true", 401, 403, 501),
        ("DELETE", "/x", 401, 403, 501),
        ("DELETE", "", 401, 403, 400),
        ("GET", "/a/b", 401, 403, 404),
    ] {
        for (token, status) in [("", nobody), (&user, by_user), (&admin, by_admin)] {
            let reply = fixture.ask(method, &format!("{SESSIONS}{path}")).token(token).send().await;
            reply.refused(status);
        }
    }
}

/// A-25, A-5: who names no version is served by the newest and warned; unknown ones are 404, for nobody 401.
#[tokio::test]
async fn versions_are_negotiated() {
    let fixture = FaceFixture::start().await;
    let token = fixture.sign_on(ALICE).await;
    let info = || fixture.post(&format!("{SESSIONS}?_action=getSessionInfo"));
    let reply = info().token(&token).send().await;
    assert_eq!(reply.all("content-api-version"), ["resource=5.1"]);
    assert_eq!(reply.all("warning"), [r#"100 chf "Accept-API-Version should be included in the request.""#]);
    for (asked, served) in [("2.0", "2.1"), ("3.0", "3.2"), ("3.1", "3.2"), ("4", "4.0"), ("5.0", "5.1")] {
        let reply =
            info().token(&token).header("Accept-API-Version", &format!("resource={asked}")).send().await;
        assert_eq!(reply.all("content-api-version"), [format!("resource={served}")]);
        assert!(reply.all("warning").is_empty());
    }
    for unknown in ["42.0", "1.3", "2.2", "4.1", "0.1", "99999999999.0"] {
        let ask = || info().header("Accept-API-Version", &format!("resource={unknown}"));
        let reply = ask().token(&token).send().await;
        assert_eq!(reply.refused(404), "Resource '' not found");
        assert!(reply.all("content-api-version").is_empty());
        ask().send().await.refused(401);
    }
    let reply = info().token(&token).header("Accept-API-Version", "resource=x").send().await;
    assert_eq!(
        (reply.status.as_u16(), reply.text.as_str()),
        (400, "Version string is in an invalid format: resource=x")
    );
    assert!(reply.all("content-type").is_empty());
}

/// Contract am.md 0.5: the default is a setting, and so is the warning.
#[tokio::test]
async fn the_default_version_is_a_setting() {
    for (version_default, status, served) in
        [(VersionDefault::Oldest, 501, &["resource=1.2"][..]), (VersionDefault::None, 400, &[])]
    {
        let fixture =
            FaceFixture::with(Settings { version_default, version_warning: false, ..settings() }).await;
        let token = fixture.sign_on(ALICE).await;
        let reply = fixture.post(&format!("{SESSIONS}?_action=getSessionInfo")).token(&token).send().await;
        reply.refused(status);
        assert_eq!(reply.all("content-api-version"), served);
        assert!(reply.all("warning").is_empty());
    }
}

fn dressed(reply: &Reply) {
    for (name, value) in [
        ("x-frame-options", "SAMEORIGIN"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none';frame-ancestors 'none';sandbox"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("expires", "0"),
        ("pragma", "no-cache"),
    ] {
        assert_eq!(reply.all(name), [value], "{name} of {}", reply.status);
    }
    assert!(!reply.all("cache-control").is_empty());
}

/// A-40: the security headers stand on every answer under `/json`, errors of every kind included.
#[tokio::test]
async fn every_answer_is_dressed() {
    let fixture = FaceFixture::start().await;
    let token = fixture.sign_on(ALICE).await;
    let large = "a".repeat(70_000);
    for ask in [
        fixture.action("getSessionInfo", "4.0").token(&token),
        fixture.action("validate", "4.0"),
        fixture.action("frobnicate", "4.0").token(&token),
        fixture.action("logout", "42.0").token(&token),
        fixture.action("logout", "x").token(&token),
        fixture.action("logout", "4.0").token(&token).body(large),
        fixture.action("logout", "4.0").token(&token).header("If-Match", "x"),
        fixture.action("logout", "4.0").token(&token),
        fixture.post(&format!("{SESSIONS}?_action=logout")).cookie(&token),
        fixture.post("/am/json/realms/root/realms/nowhere/sessions"),
        fixture.ask("GET", "/am/json/serverinfo/*"),
        fixture.ask("GET", "/am/json/serverinfo/nope"),
        fixture.ask("BREW", SESSIONS),
        fixture.post("/am/json/nothing"),
    ] {
        dressed(&ask.send().await);
    }
}
