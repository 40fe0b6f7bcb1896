//! Session properties and the times of sessions.
//!
//! Contract am.md 1.8 to 1.10.

use adieu_face_am::Settings;
use serde_json::{Value, json};

use crate::fixture::{ALICE, BOBBY, FaceFixture, Reply, WARDEN, settings};

async fn did(fixture: &FaceFixture, action: &str, version: &str, caller: &str, body: Value) -> Reply {
    fixture.action(action, version).token(caller).json(&body).send().await
}

/// A-30: what is written is read back, by part and whole, by the owner and by an administrator, in every version.
#[tokio::test]
async fn listed_properties_go_round() {
    let fixture = FaceFixture::start().await;
    let (alice, bobby, admin) =
        (fixture.sign_on(ALICE).await, fixture.sign_on(BOBBY).await, fixture.sign_on_admin().await);
    let read = |version: &'static str| did(&fixture, "getSessionProperties", version, &alice, json!({}));
    assert_eq!(read("2.0").await.text, r#"{"favColor":"","LoginLocation":""}"#);
    let reply =
        did(&fixture, "updateSessionProperties", "2.0", &alice, json!({"LoginLocation": "Berlin"})).await;
    assert_eq!(reply.text, r#"{"favColor":"","LoginLocation":"Berlin"}"#, "Q-8: a part is enough");
    let body = json!({"favColor": "blue", "tokenId": alice});
    assert_eq!(did(&fixture, "updateSessionProperties", "5.1", &admin, body.clone()).await.status, 200);
    for version in ["2.1", "3.2", "4.0", "5.1"] {
        assert_eq!(read(version).await.text, r#"{"favColor":"blue","LoginLocation":"Berlin"}"#);
    }
    assert_eq!(did(&fixture, "updateSessionProperties", "5.1", &bobby, body).await.refused(403), "Forbidden");
    let info = fixture.action("getSessionInfo", "4.0").token(&alice).send().await.json();
    assert_eq!(info["properties"]["favColor"], "blue");
    assert!(
        fixture
            .action("getSessionProperties", "5.1")
            .token(&bobby)
            .send()
            .await
            .text
            .contains(r#""favColor":"""#)
    );
}

/// A-30: a session keeps its properties through a crash.
#[tokio::test]
async fn properties_are_durable() {
    let mut fixture = FaceFixture::start().await;
    let alice = fixture.sign_on(ALICE).await;
    did(&fixture, "updateSessionProperties", "4.0", &alice, json!({"favColor": "blue"})).await;
    fixture.crash_and_restart().await;
    let reply = fixture.action("getSessionProperties", "4.0").token(&alice).send().await;
    assert_eq!(reply.json()["favColor"], "blue");
}

/// A-30: unlisted and protected names are forbidden, odd bodies are bad, and nothing of it is written.
#[tokio::test]
async fn other_properties_do_not_exist() {
    let fixture = FaceFixture::start().await;
    let alice = fixture.sign_on(ALICE).await;
    let long = "x".repeat(4097);
    for action in ["updateSessionProperties", "setProperty"] {
        let version = if action == "setProperty" { "1.2" } else { "5.1" };
        for body in
            [json!({"AuthLevel": "5"}), json!({"favColor": "x", "other": "y"}), json!({"favcolor": "x"})]
        {
            let reply = did(&fixture, action, version, &alice, body).await;
            assert_eq!(reply.text, r#"{"code":403,"reason":"Forbidden","message":"Forbidden"}"#);
        }
        for value in [json!(null), json!(7), json!(true), json!([]), json!({}), json!(long)] {
            did(&fixture, action, version, &alice, json!({"favColor": value})).await.refused(400);
        }
        for body in [json!({}), json!([]), json!("favColor"), json!(null), json!({"tokenId": alice})] {
            assert_eq!(did(&fixture, action, version, &alice, body).await.refused(400), "Bad Request");
        }
    }
    let reply = fixture.action("getSessionProperties", "5.1").token(&alice).send().await;
    assert_eq!(reply.text, r#"{"favColor":"","LoginLocation":""}"#);
}

/// A-30: a list that names a protected property lets it be read and not written.
#[tokio::test]
async fn no_list_opens_what_is_protected() {
    let listed = vec!["AuthLevel".to_owned()];
    let fixture = FaceFixture::with(Settings { session_properties: listed, ..settings() }).await;
    let alice = fixture.sign_on(ALICE).await;
    did(&fixture, "updateSessionProperties", "5.1", &alice, json!({"AuthLevel": "5"})).await.refused(403);
    did(&fixture, "deleteProperty", "1.2", &alice, json!({"properties": ["AuthLevel"]})).await.refused(403);
    assert_eq!(did(&fixture, "getProperty", "1.2", &alice, json!({})).await.text, r#"{"AuthLevel":""}"#);
}

/// A-30: the four property actions of 1.x, and what each says of a dead session.
#[tokio::test]
async fn the_old_property_actions() {
    let fixture = FaceFixture::start().await;
    let (alice, admin) = (fixture.sign_on(ALICE).await, fixture.sign_on_admin().await);
    let old = |action: &'static str, body: Value| did(&fixture, action, "1.1", &alice, body);
    assert_eq!(
        old("getPropertyNames", json!({})).await.text,
        r#"{"properties":["favColor","LoginLocation"]}"#
    );
    assert_eq!(old("setProperty", json!({"favColor": "red"})).await.text, r#"{"success":true}"#);
    assert_eq!(old("getProperty", json!({})).await.text, r#"{"favColor":"red","LoginLocation":""}"#);
    let one = json!({"properties": ["favColor"]});
    assert_eq!(old("getProperty", one.clone()).await.text, r#"{"favColor":"red"}"#);
    assert_eq!(old("deleteProperty", one.clone()).await.text, r#"{"success":true}"#);
    assert_eq!(old("getProperty", one.clone()).await.text, r#"{"favColor":""}"#);
    old("getProperty", json!({"properties": ["nope"]})).await.refused(403);
    old("getProperty", json!({"properties": "favColor"})).await.refused(400);
    old("getProperty", json!({"properties": [7]})).await.refused(400);
    old("deleteProperty", json!({})).await.refused(400);

    fixture.action("logout", "1.2").token(&alice).send().await;
    let dead = |action: &'static str, mut body: Value| {
        body["tokenId"] = json!(alice);
        did(&fixture, action, "1.2", &admin, body)
    };
    assert_eq!(dead("getProperty", json!({})).await.text, "{}");
    assert_eq!(dead("setProperty", json!({"favColor": "x"})).await.text, r#"{"success":false}"#);
    assert_eq!(dead("deleteProperty", one).await.text, r#"{"success":false}"#);
    let newer = |action: &'static str| {
        did(&fixture, action, "5.1", &admin, json!({"tokenId": alice, "favColor": "x"}))
    };
    assert_eq!(newer("getSessionProperties").await.refused(400), "Bad Request");
    assert_eq!(newer("updateSessionProperties").await.refused(400), "Bad Request");
}

/// A-29: six fields; seconds and minutes; idle begins anew; the owner may (Q-7), a stranger may not.
#[tokio::test]
async fn refresh_says_the_times_and_resets_the_idle_one() {
    let fixture = FaceFixture::start().await;
    let (alice, bobby) = (fixture.sign_on(ALICE).await, fixture.sign_on(BOBBY).await);
    let (admin, warden) = (fixture.sign_on_admin().await, fixture.sign_on(WARDEN).await);
    fixture.wait_s(600);
    for (version, caller) in [("2.0", &alice), ("3.2", &admin), ("5.1", &warden)] {
        let reply = did(&fixture, "refresh", version, caller, json!({"tokenId": alice})).await;
        let expect = r#"{"uid":"alice","realm":"/alpha","idletime":0,"maxidletime":30,"maxsessiontime":120,"maxtime":6600}"#;
        assert_eq!(reply.text, expect);
    }
    did(&fixture, "refresh", "5.1", &bobby, json!({"tokenId": alice})).await.refused(403);
    fixture.action("refresh", "5.1").json(&json!({"tokenId": alice})).send().await.refused(401);
    fixture.wait_s(1500);
    assert!(fixture.lives(&alice).await, "it was refreshed");
    assert!(!fixture.lives(&bobby).await, "nobody refreshed this one");
    assert_eq!(
        did(&fixture, "refresh", "5.1", &alice, json!({"tokenId": "garbage"})).await.refused(403),
        "Forbidden"
    );
    let admin = fixture.sign_on_admin().await;
    assert_eq!(
        did(&fixture, "refresh", "5.1", &admin, json!({"tokenId": bobby})).await.text,
        r#"{"valid":false}"#
    );
}

/// A-33: each in its own field; two for the owner, all for an administrator; -1 or false when it is over.
#[tokio::test]
async fn the_time_actions() {
    let fixture = FaceFixture::start().await;
    let (alice, admin) = (fixture.sign_on(ALICE).await, fixture.sign_on_admin().await);
    fixture.wait_s(90);
    let all = [
        ("isActive", false, json!({"active": true}), json!({"active": false})),
        ("getIdle", false, json!({"idletime": 90}), json!({"idletime": -1})),
        ("getMaxIdle", true, json!({"maxidletime": 30}), json!({"maxidletime": -1})),
        ("getMaxSessionTime", false, json!({"maxsessiontime": 120}), json!({"maxsessiontime": -1})),
        ("getTimeLeft", true, json!({"maxtime": 7110}), json!({"maxtime": -1})),
        ("getMaxTime", false, json!({"maxtime": 7110}), json!({"maxtime": -1})),
    ];
    for (action, owner_may, expect, _) in &all {
        let reply = fixture.action(action, "1.2").token(&alice).send().await;
        if *owner_may {
            assert_eq!(reply.json(), *expect, "{action}");
        } else {
            assert_eq!(reply.refused(403), "Forbidden", "{action}");
        }
        assert_eq!(did(&fixture, action, "1.2", &admin, json!({"tokenId": alice})).await.json(), *expect);
    }
    let path = "/am/json/realms/root/realms/alpha/sessions?_action=isActive&refresh=true&tokenId=";
    let ask =
        fixture.post(&format!("{path}{alice}")).token(&admin).header("Accept-API-Version", "resource=1.2");
    assert_eq!(ask.send().await.json()["active"], true);
    let idle = did(&fixture, "getIdle", "1.2", &admin, json!({"tokenId": alice})).await;
    assert_eq!(idle.json()["idletime"], 0, "that was activity");

    fixture.action("logout", "1.2").token(&alice).send().await;
    for (action, _, _, over) in &all {
        assert_eq!(
            did(&fixture, action, "1.2", &admin, json!({"tokenId": alice})).await.json(),
            *over,
            "{action}"
        );
    }
}
