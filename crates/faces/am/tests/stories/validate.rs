//! validate in every version: shapes, where the token stands, what counts as activity.
//!
//! Contract am.md 1.6.

use serde_json::json;

use crate::fixture::{ALICE, FaceFixture, SESSIONS};

/// A-8: from 3.0 on with the audit id, which getSessionInfo calls `AMCtxId`; exactly these members in this order.
#[tokio::test]
async fn a_live_session_is_described() {
    let fixture = FaceFixture::start().await;
    let token = fixture.sign_on(ALICE).await;
    let info = fixture.action("getSessionInfo", "4.0").token(&token).send().await.json();
    let uid = info["properties"]["AMCtxId"].as_str().unwrap().to_owned();
    for version in ["3.0", "3.2", "4.0", "5.0", "5.1"] {
        let reply = fixture.action("validate", version).json(&json!({"tokenId": token})).send().await;
        let expect = format!(r#"{{"valid":true,"sessionUid":"{uid}","uid":"alice","realm":"/alpha"}}"#);
        assert_eq!(reply.text, expect, "{version}");
    }
    for garbage in ["", "garbage", "shandle:abc", &token[..token.len() - 1]] {
        let reply = fixture.action("validate", "4.0").json(&json!({"tokenId": garbage})).send().await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, r#"{"valid":false}"#), "{garbage}");
    }
}

/// A-32: the old form, with the token in the path and no credential.
#[tokio::test]
async fn the_old_form_has_no_audit_id() {
    let fixture = FaceFixture::start().await;
    let token = fixture.sign_on(ALICE).await;
    let path = format!("/am/json/sessions/{token}?_action=validate");
    let ask = || fixture.post(&path).header("Accept-API-Version", "resource=1.1");
    assert_eq!(ask().send().await.text, r#"{"valid":true,"uid":"alice","realm":"/alpha"}"#);
    fixture.action("logout", "1.2").token(&token).send().await;
    assert_eq!(ask().send().await.text, r#"{"valid":false}"#);
}

/// Q-5: without any token the older versions miss it, the newer ones miss a caller.
#[tokio::test]
async fn nothing_to_validate() {
    let fixture = FaceFixture::start().await;
    for version in ["1.0", "2.0"] {
        let reply = fixture.action("validate", version).send().await;
        assert_eq!(reply.refused(400), "iPlanetDirectoryCookie not set on request");
        assert!(!reply.header("content-api-version").is_empty(), "an error of the action names its version");
    }
    for version in ["3.0", "4.0", "5.1"] {
        assert_eq!(fixture.action("validate", version).send().await.refused(401), "Access Denied");
    }
    let body = json!({"tokenId": 7});
    assert_eq!(
        fixture.action("validate", "4.0").json(&body).send().await.refused(400),
        "tokenId must be a string"
    );
}

/// Contract am.md 1.6, effect: validate keeps a session from idling away, unless it is told not to.
#[tokio::test]
async fn validate_is_activity_unless_told_otherwise() {
    let fixture = FaceFixture::start().await;
    let at = "/am/json/realms/root/realms/idleone/authenticate";
    let (kept, left) = (fixture.sign_on_at(at, ALICE).await, fixture.sign_on_at(at, ALICE).await);
    for _ in 0..3 {
        fixture.wait_s(40);
        assert_eq!(fixture.action("validate", "4.0").token(&kept).send().await.json()["valid"], true);
        let looked = fixture.post(&format!("{SESSIONS}/{left}?_action=validate&refresh=false")).send().await;
        assert_eq!(looked.status, 200);
    }
    assert!(fixture.lives(&kept).await && !fixture.lives(&left).await);
}
