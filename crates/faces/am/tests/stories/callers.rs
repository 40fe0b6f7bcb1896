//! Who the caller is: cookie and header, their spelling, and which wins.
//!
//! Contract am.md 0.3.

use adieu_face_am::Settings;

use crate::fixture::{ALICE, BOBBY, COOKIE, FaceFixture, SESSIONS, settings};

/// Contract am.md 0.3: a percent-encoded token is another text, in the cookie and in the header.
#[tokio::test]
async fn nothing_is_decoded() {
    let fixture = FaceFixture::start().await;
    let token = fixture.sign_on(ALICE).await;
    let encoded = format!("%{:02X}{}", token.as_bytes()[0], &token[1..]);
    let info = || fixture.action("getSessionInfo", "2.0");
    assert_eq!(info().token(&encoded).send().await.refused(401), "Access Denied");
    assert_eq!(info().cookie(&encoded).send().await.refused(401), "Access Denied");
    let path = format!("{SESSIONS}/{encoded}?_action=validate");
    assert_eq!(fixture.post(&path).send().await.json()["valid"], true, "but a path is decoded");
}

/// A-14: the header's name is matched in any letter case, also that of a configured cookie.
#[tokio::test]
async fn the_name_of_the_header_is_the_cookies_in_any_case() {
    let name = "6ac6499e9da2071";
    let fixture = FaceFixture::with(Settings { cookie_name: name.into(), ..settings() }).await;
    let token = fixture.sign_on(ALICE).await;
    for (header, status) in [(name, 200), ("6AC6499E9DA2071", 200), (COOKIE, 401), ("X-Session-Token", 401)] {
        let reply = fixture.action("getSessionInfo", "2.0").header(header, &token).send().await;
        assert_eq!(reply.status, status, "{header}");
    }
    let reply = fixture.action("getSessionInfo", "2.0").header("Cookie", &format!("a=b; {name}={token}"));
    assert_eq!(reply.send().await.status, 200);
    let info = fixture.ask("GET", "/am/json/serverinfo/*").send().await;
    assert_eq!(info.json()["cookieName"], name);
    let reply = fixture.action("logout", "3.1").header(name, &token).send().await;
    assert!(reply.cookie(name).unwrap().starts_with(&format!("{name}=\"\"; ")));
    assert!(reply.cookie(COOKIE).is_none());
}

/// A-48: the cookie is the caller, dead or alive; the first of two counts.
#[tokio::test]
async fn the_cookie_beats_the_header() {
    let fixture = FaceFixture::start().await;
    let (alice, bobby) = (fixture.sign_on(ALICE).await, fixture.sign_on(BOBBY).await);
    let who =
        |cookies: String| fixture.action("getSessionInfo", "4.0").header("Cookie", &cookies).token(&bobby);
    let name = |reply: crate::fixture::Reply| reply.json()["username"].as_str().unwrap().to_owned();
    assert_eq!(name(who(format!("{COOKIE}={alice}")).send().await), "alice");
    assert_eq!(name(who(format!("{COOKIE}={alice}; {COOKIE}={bobby}")).send().await), "alice");
    assert_eq!(who(format!("{COOKIE}=garbage")).send().await.refused(401), "Access Denied");
    assert_eq!(name(who(format!("{COOKIE}=")).send().await), "bobby", "an empty one is none");
    assert_eq!(name(who("other=x".into()).send().await), "bobby");

    let reply = fixture.action("logout", "3.1").cookie(&alice).token(&bobby).send().await;
    assert_eq!(reply.status, 200);
    assert!(!fixture.lives(&alice).await && fixture.lives(&bobby).await);
}

/// Goal: forged and garbled tokens open nothing, and no byte of a header makes the server stumble.
#[tokio::test]
async fn garbage_is_nobody() {
    let fixture = FaceFixture::start().await;
    let token = fixture.sign_on(ALICE).await;
    let forged = format!("{}{}", &token[..44], if token.ends_with('A') { 'B' } else { 'A' });
    let long = "1".repeat(8000);
    let prefixed = format!("{}{token}", "x".repeat(17));
    for bad in [forged.as_str(), &token[..44], &format!("{token}="), "x", &long, &prefixed, "é", "\"", "a b"]
    {
        for ask in [fixture.action("getSessionInfo", "4.0"), fixture.action("logout", "4.0")] {
            assert_eq!(ask.token(bad).send().await.refused(401), "Access Denied", "{bad:.20}");
        }
        assert_eq!(fixture.action("validate", "4.0").token(bad).send().await.text, r#"{"valid":false}"#);
    }
    assert!(fixture.lives(&token).await);
}
