//! getSessionInfo: shapes by version, of whom one may ask, and that asking is no activity.
//!
//! Contract am.md 1.7.

use serde_json::json;

use crate::fixture::{ALICE, AUTHENTICATE, BOBBY, FaceFixture, SESSIONS, WARDEN};

/// A-9: six strings, times in UTC to the second; the properties from 4.0 on, the handle up to 3.x.
#[tokio::test]
async fn the_own_session_is_shown() {
    let fixture = FaceFixture::start().await;
    let token = fixture.sign_on(ALICE).await;
    fixture.wait_s(61);
    for (version, members) in [("2.0", 7), ("3.2", 7), ("4.0", 7), ("5.1", 7)] {
        let reply = fixture.action("getSessionInfo", version).token(&token).send().await;
        let info = reply.json();
        for (name, value) in [
            ("username", "alice"),
            ("universalId", "id=alice,ou=user,o=alpha,ou=services,ou=am-config"),
            ("realm", "/alpha"),
            ("latestAccessTime", "2026-11-20T09:14:07Z"),
            ("maxIdleExpirationTime", "2026-11-20T09:44:07Z"),
            ("maxSessionExpirationTime", "2026-11-20T11:14:07Z"),
        ] {
            assert_eq!(info[name], value, "{version}");
        }
        let newer = version >= "4.0";
        assert_eq!(info.get("properties").is_some(), newer, "{version}");
        assert_eq!(info.get("sessionHandle").is_none(), newer, "{version}");
        assert_eq!(info.as_object().unwrap().len(), members, "{version}");
        if newer {
            assert_eq!(info["properties"]["favColor"], "", "listed and not set");
            assert!(info["properties"]["AMCtxId"].as_str().unwrap().ends_with("-0"));
        }
    }
}

/// A-9, A-10: the root realm's universal id; a token in the body is a credential from 4.0 on.
#[tokio::test]
async fn a_token_in_the_body_is_enough_for_frodo() {
    let fixture = FaceFixture::start().await;
    let admin = fixture.sign_on_admin().await;
    let ask = |version| fixture.action("getSessionInfo", version).json(&json!({"tokenId": admin}));
    let info = ask("4.0").send().await.json();
    assert_eq!(info["universalId"], "id=amadmin,ou=user,ou=am-config");
    assert_eq!(info["realm"], "/");
    for older in ["2.0", "3.2"] {
        assert_eq!(ask(older).send().await.refused(401), "Access Denied", "{older}");
    }
    let dead = fixture.action("getSessionInfo", "4.0").json(&json!({"tokenId": "garbage"}));
    assert_eq!(dead.send().await.refused(401), "Access Denied");
}

/// A-43: from 4.0 on there is an action that counts as activity; getSessionInfo never does (Q-29), and validate does
/// unless it is told not to.
#[tokio::test]
async fn one_of_the_two_resets_the_idle_time() {
    let fixture = FaceFixture::start().await;
    let token = fixture.sign_on(ALICE).await;
    let seen = |action: &'static str| {
        let ask = fixture.action(action, "5.1").token(&token).send();
        async { ask.await.json()["latestAccessTime"].as_str().unwrap().to_owned() }
    };
    let first = seen("getSessionInfo").await;
    fixture.wait_s(2);
    assert_eq!(seen("getSessionInfo").await, first);
    assert!(fixture.lives(&token).await, "asked with refresh=false");
    assert_eq!(seen("getSessionInfo").await, first);
    let reset = seen("getSessionInfoAndResetIdleTime").await;
    assert_ne!(reset, first);
    assert_eq!(seen("getSessionInfo").await, reset);
    fixture.wait_s(2);
    fixture.action("validate", "5.1").token(&token).send().await;
    assert_ne!(seen("getSessionInfo").await, reset);

    let bobby = fixture.sign_on(BOBBY).await;
    let ask = fixture.action("getSessionInfoAndResetIdleTime", "4.0").json(&json!({"tokenId": token}));
    assert_eq!(ask.token(&bobby).send().await.refused(403), "Forbidden");
    let ask = fixture.action("getSessionInfoAndResetIdleTime", "4.0").json(&json!({"tokenId": token}));
    assert_eq!(ask.send().await.refused(401), "Access Denied", "the token in the body is no caller here");
}

/// A-31, Q-6: another user's session is an administrator's to look at, and only there.
#[tokio::test]
async fn strangers_are_refused() {
    let fixture = FaceFixture::start().await;
    let (alice, second, bobby) =
        (fixture.sign_on(ALICE).await, fixture.sign_on(ALICE).await, fixture.sign_on(BOBBY).await);
    let (admin, warden) = (fixture.sign_on_admin().await, fixture.sign_on(WARDEN).await);
    let ask = |caller: &str, target: &str| {
        fixture.action("getSessionInfo", "4.0").token(caller).json(&json!({"tokenId": target})).send()
    };
    for caller in [&second, &admin, &warden] {
        assert_eq!(ask(caller, &alice).await.json()["username"], "alice");
    }
    assert_eq!(ask(&bobby, &alice).await.refused(403), "Forbidden");
    assert_eq!(ask(&bobby, "garbage").await.refused(403), "Forbidden");
    assert_eq!(ask(&warden, &admin).await.refused(403), "Forbidden", "of another realm");
    assert_eq!(ask(&admin, "garbage").await.text, r#"{"valid":false}"#);
}

/// A-11: the own session is over: 401, by which a poller knows. 1.x does not have the action.
#[tokio::test]
async fn the_poller_learns_that_it_is_over() {
    let fixture = FaceFixture::start().await;
    let token = fixture.sign_on(ALICE).await;
    fixture.action("logout", "2.0").token(&token).send().await;
    let reply = fixture.action("getSessionInfo", "2.0").cookie(&token).send().await;
    assert_eq!(reply.refused(401), "Access Denied");
    let token = fixture.sign_on(ALICE).await;
    let reply = fixture.action("getSessionInfo", "1.2").token(&token).send().await;
    assert_eq!(reply.refused(501), "Action getSessionInfo not implemented for this resource");
}

/// Q-29: asking about oneself does not keep one alive.
#[tokio::test]
async fn looking_is_no_activity() {
    let fixture = FaceFixture::start().await;
    let at = "/am/json/realms/root/realms/idleone/authenticate";
    let token = fixture.sign_on_at(at, ALICE).await;
    for _ in 0..2 {
        fixture.wait_s(25);
        assert_eq!(fixture.action("getSessionInfo", "4.0").token(&token).send().await.status, 200);
    }
    fixture.wait_s(25);
    assert_eq!(fixture.action("getSessionInfo", "4.0").token(&token).send().await.status, 401);
}

/// Goal: a handle is stable, never the token, and opens nothing.
#[tokio::test]
async fn a_handle_is_no_token() {
    let fixture = FaceFixture::start().await;
    let reply = fixture.pair(AUTHENTICATE, ALICE).send().await.json();
    let token = reply["tokenId"].as_str().unwrap();
    let handle = || async {
        let info = fixture.action("getSessionInfo", "2.1").token(token).send().await.json();
        info["sessionHandle"].as_str().unwrap().to_owned()
    };
    let shown = handle().await;
    assert!(shown.starts_with("shandle:") && !shown.contains(&token[30..]));
    assert_eq!(shown, handle().await);
    for bad in [shown.as_str(), &shown[8..]] {
        assert_eq!(fixture.action("logout", "2.1").token(bad).send().await.refused(401), "Access Denied");
        let path = format!("{SESSIONS}/{bad}?_action=validate");
        assert_eq!(fixture.post(&path).send().await.text, r#"{"valid":false}"#);
    }
}
