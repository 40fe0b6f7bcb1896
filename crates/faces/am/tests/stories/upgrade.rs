//! Sign-on while a session is there, and sign-on that opens none.
//!
//! Contract am.md 3.1, 3.4.

use adieu_authority::{NewPerson, SessionToken};
use adieu_face_am::Settings;
use serde_json::{Value, json};

use crate::fixture::{ALICE, AUTHENTICATE, BOBBY, COOKIE, FaceFixture, settings};

/// A-24: the pair is verified, nothing is opened; by headers and by callbacks.
#[tokio::test]
async fn a_sign_on_may_open_nothing() {
    let fixture = FaceFixture::start().await;
    let path = format!("{AUTHENTICATE}?noSession=true");
    let reply = fixture.pair(&path, ALICE).json(&json!({})).send().await;
    assert_eq!(
        (reply.status.as_u16(), reply.text.as_str()),
        (200, r#"{"successUrl":"/am/console","realm":"/alpha"}"#)
    );
    assert!(reply.cookie(COOKIE).is_none());

    let mut asked = fixture.post(&path).send().await.json();
    asked["callbacks"][0]["input"][0]["value"] = ALICE.0.into();
    asked["callbacks"][1]["input"][0]["value"] = ALICE.1.into();
    let reply = fixture.post(&path).json(&asked).send().await;
    assert!(reply.status == 200 && reply.json().get("tokenId").is_none() && reply.cookie(COOKIE).is_none());

    assert_eq!(fixture.pair(&path, (ALICE.0, "wrong")).send().await.refused(401), "Login failure");
    let user = fixture.user("/alpha", "alice").await.id;
    assert!(fixture.authority().count_live_sessions(user).await.unwrap() == 0);
}

/// A-24: it leaves alone the session that comes along, too.
#[tokio::test]
async fn opening_nothing_changes_nothing() {
    let fixture = FaceFixture::start().await;
    let token = fixture.sign_on(ALICE).await;
    let reply = fixture.pair(&format!("{AUTHENTICATE}?noSession=true"), ALICE).cookie(&token).send().await;
    assert!(reply.status == 200 && reply.cookie(COOKIE).is_none());
    assert!(fixture.lives(&token).await);
}

/// Goal: whoever only proves to be there has a password hash from elsewhere replaced as well.
#[tokio::test]
async fn a_proof_alone_renews_an_imported_hash() {
    let fixture = FaceFixture::start().await;
    let realm = fixture.authority().realm_at("/alpha").await.unwrap().unwrap();
    let population = fixture.authority().populations(realm.id).await.unwrap().remove(0);
    let hash = "{SSHA}E4hGnaWwSXswH7k7xSvgpGDvWxhzYWx0c2FsdA=="; // Of the same password.
    let new = NewPerson { username: "erin".into(), password_hash: Some(hash.into()), ..NewPerson::default() };
    fixture.authority().create_user(&population, new).await.unwrap();
    let path = format!("{AUTHENTICATE}?noSession=true");
    assert_eq!(fixture.pair(&path, ("erin", ALICE.1)).send().await.status, 200);
    let stored = fixture.user("/alpha", "erin").await.password.unwrap();
    assert!(stored.starts_with("$argon2id$"), "it is one of ours now");
    assert_eq!(fixture.pair(&path, ("erin", ALICE.1)).send().await.status, 200);
}

fn at(query: &str) -> String {
    format!("{AUTHENTICATE}{query}")
}

/// A-38: under `ForceAuth` and by the query parameter, by headers and by callbacks: a new token for the same session,
/// and the old token is dead.
#[tokio::test]
async fn an_upgrade_kills_the_old_token() {
    let fixture = FaceFixture::start().await;
    let mut token = fixture.sign_on(ALICE).await;
    let id = SessionToken::parse(&token).unwrap().id;
    for n in 0..4 {
        let query = if n % 2 == 0 {
            "?ForceAuth=true".to_owned()
        } else {
            format!("?sessionUpgradeSSOTokenId={token}")
        };
        let carried = if n % 2 == 0 { token.as_str() } else { "" };
        let reply = if n < 2 {
            fixture.pair(&at(&query), ALICE).cookie(carried).send().await
        } else {
            let ask = || fixture.post(&at(&query)).header("X-Requested-With", "x").cookie(carried);
            let mut asked = ask().send().await.json();
            asked["callbacks"][0]["input"][0]["value"] = ALICE.0.into();
            asked["callbacks"][1]["input"][0]["value"] = ALICE.1.into();
            ask().json(&asked).send().await
        };
        assert_eq!(reply.status, 200, "{}", reply.text);
        let next = reply.json()["tokenId"].as_str().unwrap().to_owned();
        assert!(!fixture.lives(&token).await && fixture.lives(&next).await);
        assert_eq!(SessionToken::parse(&next).unwrap().id, id, "the session is the same");
        assert!(reply.cookie(COOKIE).unwrap().contains(&next));
        token = next;
    }
}

/// A-38: nobody upgrades another's session, and only who proves to be somebody hears about it.
#[tokio::test]
async fn an_upgrade_is_the_same_users() {
    let fixture = FaceFixture::start().await;
    let token = fixture.sign_on(ALICE).await;
    let message = "Session Upgrade fails since user is different than original authenticated user";
    for query in [format!("?sessionUpgradeSSOTokenId={token}"), "?ForceAuth=true".into()] {
        let reply = fixture.pair(&at(&query), BOBBY).cookie(&token).send().await;
        assert_eq!(reply.refused(400), message);
        assert!(reply.cookie(COOKIE).is_none());
        let wrong = fixture.pair(&at(&query), (BOBBY.0, "wrong")).cookie(&token).send().await;
        assert_eq!(wrong.refused(401), "Login failure");
    }
    let elsewhere = format!("/am/json/authenticate?sessionUpgradeSSOTokenId={token}");
    assert_eq!(
        fixture.pair(&elsewhere, ALICE).send().await.refused(400),
        message,
        "a namesake in another realm"
    );
    for none in ["garbage", "", "am*1AAAA"] {
        let query = format!("?sessionUpgradeSSOTokenId={none}");
        assert_eq!(
            fixture.pair(&at(&query), ALICE).send().await.refused(400),
            "Invalid session upgrade token"
        );
    }
    assert!(fixture.lives(&token).await);
    let bobby = fixture.user("/alpha", "bobby").await.id;
    assert!(fixture.authority().count_live_sessions(bobby).await.unwrap() == 0);
}

/// Contract am.md 3.1, Q-9: a live session of the realm is used again; its token is not shown to who has it in a cookie.
#[tokio::test]
async fn a_live_session_is_used_again() {
    let fixture = FaceFixture::start().await;
    let token = fixture.sign_on(ALICE).await;
    let ask = |path: &str| fixture.post(path).header("Accept-API-Version", "resource=2.1");
    let used =
        |token: &str| format!(r#"{{"tokenId":"{token}","successUrl":"/am/console","realm":"/alpha"}}"#);
    let by_cookie = ask(AUTHENTICATE).cookie(&token).send().await;
    assert_eq!((by_cookie.text, by_cookie.status.as_u16()), (used(""), 200));
    let by_header = ask(AUTHENTICATE).token(&token).json(&json!({})).send().await;
    assert_eq!(by_header.text, used(&token));
    assert!(by_header.cookie(COOKIE).is_none() && fixture.lives(&token).await);
    let asks = |reply: Value| reply["authId"].is_string();
    assert!(asks(ask(&at("?ForceAuth=true")).cookie(&token).send().await.json()));
    assert!(asks(ask(&at("?noSession=true")).cookie(&token).send().await.json()));
    assert!(asks(ask("/am/json/authenticate").cookie(&token).send().await.json()), "of another realm");
    assert!(asks(ask(AUTHENTICATE).cookie("garbage").send().await.json()));
    fixture.action("logout", "3.1").token(&token).send().await;
    assert!(asks(ask(AUTHENTICATE).cookie(&token).send().await.json()));
}

/// Q-9: a setting keeps the token out of bodies; the cookie has it.
#[tokio::test]
async fn the_token_may_stay_out_of_the_body() {
    let fixture = FaceFixture::with(Settings { token_in_body: false, ..settings() }).await;
    let reply = fixture.pair(AUTHENTICATE, ALICE).send().await;
    assert_eq!(reply.json()["tokenId"], "");
    let line = reply.cookie(COOKIE).unwrap();
    let token = line[COOKIE.len() + 1..].split(';').next().unwrap();
    assert!(fixture.lives(token).await);
}
