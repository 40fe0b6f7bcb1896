//! Ending by handle and by user.
//!
//! Contract am.md 1.4, 1.5.

use serde_json::{Value, json};

use crate::fixture::{ALICE, AUTHENTICATE, BOBBY, CAROL, COOKIE, FaceFixture, SESSIONS, WARDEN};

async fn handle_of(fixture: &FaceFixture, token: &str) -> String {
    let info = fixture.action("getSessionInfo", "2.1").token(token).send().await.json();
    info["sessionHandle"].as_str().unwrap().to_owned()
}

async fn by_handles(fixture: &FaceFixture, caller: &str, handles: Value) -> Value {
    let ask = fixture.action("logoutByHandle", "5.1").token(caller);
    let reply = ask.json(&json!({"sessionHandles": handles})).send().await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()["result"].clone()
}

/// A-18: each handle is answered as it was sent, in its order; what is over is over, and stays so.
#[tokio::test]
async fn sessions_end_by_their_handles() {
    let fixture = FaceFixture::start().await;
    let admin = fixture.sign_on_admin().await;
    let (one, two, three) =
        (fixture.sign_on(ALICE).await, fixture.sign_on(ALICE).await, fixture.sign_on(BOBBY).await);
    let handle = handle_of(&fixture, &one).await;
    let never = "shandle:AQIC5wM2LY4SfcNeverIssued.*AAJTSQ*";
    let asked = json!([handle, never, three, "garbage"]);
    for third in [true, false] {
        let result = by_handles(&fixture, &admin, asked.clone()).await;
        let names: Vec<&String> = result.as_object().unwrap().keys().collect();
        assert_eq!(json!(names), asked);
        assert_eq!(result[&handle], true);
        assert_eq!(result[never], true, "nobody can use it");
        assert_eq!(result[&three], third, "a live token is taken, a dead one is nothing");
        assert_eq!(result["garbage"], false);
        assert!(!fixture.lives(&one).await && !fixture.lives(&three).await);
        assert!(fixture.lives(&two).await && fixture.lives(&admin).await);
    }
    assert_eq!(by_handles(&fixture, &admin, json!([])).await, json!({}));
}

/// A-18: an administrator of one realm ends nothing in another, and hears so handle by handle (Q-21); a user ends nothing
/// at all, the own session included.
#[tokio::test]
async fn handles_are_for_administrators_of_the_user() {
    let fixture = FaceFixture::start().await;
    let (admin, warden, alice) =
        (fixture.sign_on_admin().await, fixture.sign_on(WARDEN).await, fixture.sign_on(ALICE).await);
    let (of_admin, of_alice) = (handle_of(&fixture, &admin).await, handle_of(&fixture, &alice).await);
    let ask =
        fixture.action("logoutByHandle", "2.0").token(&alice).json(&json!({"sessionHandles": [of_alice]}));
    assert_eq!(ask.send().await.refused(403), "Forbidden");
    let ask = fixture.post("/am/json/sessions?_action=logoutByHandle").token(&warden);
    ask.json(&json!({"sessionHandles": [of_alice]})).send().await.refused(403);
    assert!(fixture.lives(&alice).await);
    let result = by_handles(&fixture, &warden, json!([of_admin, of_alice])).await;
    assert_eq!(result, json!({of_admin: false, of_alice: true}));
    assert!(fixture.lives(&admin).await && !fixture.lives(&alice).await);
}

/// Goal: a handle is what the server derived, and its seal is looked at: a changed one names no session.
#[tokio::test]
async fn a_changed_handle_ends_nothing() {
    let fixture = FaceFixture::start().await;
    let (admin, alice) = (fixture.sign_on_admin().await, fixture.sign_on(ALICE).await);
    let handle = handle_of(&fixture, &alice).await;
    for at in [8, 20, 30, 40, 50] {
        let mut changed = handle.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        by_handles(&fixture, &admin, json!([changed, format!("{handle}A"), &handle[..40]])).await;
        assert!(fixture.lives(&alice).await, "{changed}");
    }
}

/// A-35: anything but a list of texts is refused, and ends nothing.
#[tokio::test]
async fn a_list_is_asked_for() {
    let fixture = FaceFixture::start().await;
    let (admin, alice) = (fixture.sign_on_admin().await, fixture.sign_on(ALICE).await);
    let handle = handle_of(&fixture, &alice).await;
    let message = "The \"sessionHandles\" field is not defined in the request or it's not a JSON array";
    for body in [
        json!({}),
        json!([handle]),
        json!({"sessionHandles": handle}),
        json!({"sessionHandles": [handle, 7]}),
    ] {
        let reply = fixture.action("logoutByHandle", "5.1").token(&admin).json(&body).send().await;
        assert_eq!(reply.refused(400), message, "{body}");
    }
    assert_eq!(fixture.action("logoutByHandle", "5.1").token(&admin).send().await.refused(400), message);
    assert!(fixture.lives(&alice).await);
}

/// Contract am.md 2: who ends the own session by its handle or with all others loses the cookie, too.
#[tokio::test]
async fn the_own_cookie_goes_with_the_own_session() {
    let fixture = FaceFixture::start().await;
    let warden = fixture.sign_on(WARDEN).await;
    let handle = handle_of(&fixture, &warden).await;
    let reply =
        fixture.action("logoutByHandle", "5.1").token(&warden).json(&json!({"sessionHandles": [handle]}));
    assert!(reply.send().await.cookie(COOKIE).is_some_and(|line| line.contains("1970")));
    let alice = fixture.sign_on(ALICE).await;
    let reply = fixture.action("logoutByUser", "5.1").token(&alice).json(&json!({"username": "alice"}));
    assert!(reply.send().await.cookie(COOKIE).is_some_and(|line| line.contains("1970")));
}

/// A-19: all sessions of the user in the addressed realm, and no other ones; a namesake is somebody else.
#[tokio::test]
async fn every_session_of_a_user_ends_in_one_realm() {
    let fixture = FaceFixture::start().await;
    let admin = fixture.sign_on_admin().await;
    let sub = "/am/json/realms/root/realms/alpha/realms/sub/authenticate";
    let (one, two) = (fixture.sign_on(CAROL).await, fixture.sign_on(CAROL).await);
    let (namesake, bobby) = (fixture.sign_on_at(sub, CAROL).await, fixture.sign_on(BOBBY).await);
    let by_user = |caller: &str, name: &str| {
        let ask = fixture.action("logoutByUser", "5.0").token(caller);
        ask.json(&json!({"username": name})).send()
    };
    assert_eq!(by_user("", "carol").await.refused(401), "Access Denied");
    for (caller, name) in [(&bobby, "carol"), (&bobby, "nobody"), (&namesake, "carol")] {
        assert_eq!(by_user(caller, name).await.refused(403), "Forbidden");
    }
    assert!(fixture.lives(&one).await);
    for _ in 0..2 {
        let reply = by_user(&admin, "Carol").await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, r#"{"result":true}"#));
        assert!(reply.cookie(COOKIE).is_none());
    }
    assert!(!fixture.lives(&one).await && !fixture.lives(&two).await);
    assert!(fixture.lives(&namesake).await && fixture.lives(&bobby).await && fixture.lives(&admin).await);
    assert_eq!(by_user(&admin, "nobody").await.json()["result"], true, "Q-20");
}

/// A-19: the user's own name is allowed, the id stands for the name, and without a name there is nothing to do.
#[tokio::test]
async fn users_end_their_own_sessions() {
    let fixture = FaceFixture::start().await;
    let (one, two) = (fixture.sign_on(ALICE).await, fixture.sign_on(ALICE).await);
    let ask = |body: Value| fixture.action("logoutByUser", "5.1").token(&one).json(&body).send();
    for body in [json!({}), json!({"username": 7}), json!({"username": ""}), json!([])] {
        ask(body).await.refused(400);
    }
    assert!(fixture.lives(&one).await && fixture.lives(&two).await);
    let id = fixture.user("/alpha", "alice").await.id.to_string();
    assert_eq!(ask(json!({"username": id})).await.json()["result"], true);
    assert!(!fixture.lives(&one).await && !fixture.lives(&two).await);
    let again = fixture.pair(AUTHENTICATE, ALICE).send().await;
    assert_eq!(again.status, 200, "who signs on anew has a session");
    let path = format!("{SESSIONS}?_action=logoutByUser");
    fixture.post(&path).token(&one).json(&json!({"username": "alice"})).send().await.refused(401);
}
