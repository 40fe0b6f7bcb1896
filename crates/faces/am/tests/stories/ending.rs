//! Sign-off: whose session ends, what is answered, what becomes of the cookies.
//!
//! Contract am.md 1.3 and 2.

use adieu_authority::{Cause, Channel, EndKind, EndOrder, EndTarget, Origin};
use adieu_face_am::Settings;
use adieu_http_kit::companion::{Companion, Companions, CookieRealms};
use adieu_http_kit::cookies::SessionCookieName;
use serde_json::json;

use crate::fixture::{ALICE, AUTHENTICATE, BOBBY, COOKIE, FaceFixture, SESSIONS, WARDEN, settings};

const ENDED: &str = r#"{"result":"Successfully logged out"}"#;
const BEFORE: &str = r#"{"result":"Token has expired"}"#;

/// Goal: the exchange of the founding document, byte by byte (A-1, A-4, A-5), and A-3 right behind it.
#[tokio::test]
async fn the_founding_document_works_as_written() {
    let settings = Settings { cookie_domains: vec!["example.com".into()], ..settings() };
    let fixture = FaceFixture::with(settings).await;
    let token = fixture.sign_on(ALICE).await;
    let ask = || {
        let ask = fixture.post(&format!("{SESSIONS}/?_action=logout"));
        ask.header("iplanetDirectoryPro", &token).header("Accept-API-Version", "resource=3.1, protocol=1.0")
    };

    let reply = ask().send().await;

    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, ENDED));
    assert_eq!(reply.text.len(), 36);
    for (name, values) in [
        ("x-frame-options", &["SAMEORIGIN"][..]),
        ("x-content-type-options", &["nosniff"]),
        ("cache-control", &["private", "no-cache, no-store, must-revalidate"]),
        ("content-api-version", &["resource=3.2"]),
        ("expires", &["0"]),
        ("pragma", &["no-cache"]),
        ("content-type", &["application/json;charset=UTF-8"]),
        ("warning", &[]),
    ] {
        assert_eq!(reply.all(name), values, "{name}");
    }
    let cleared = [
        "iPlanetDirectoryPro=\"\"; Path=/; Domain=example.com; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly",
        "amlbcookie=LOGOUT; Path=/; Domain=example.com; Expires=Thu, 01 Jan 1970 00:00:10 GMT",
        // F-4, beside the document's two: the cookie of before it had a domain.
        "iPlanetDirectoryPro=\"\"; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly",
    ];
    assert_eq!(reply.all("set-cookie"), cleared);

    let again = ask().send().await;
    assert_eq!(again.text, r#"{"code":401,"reason":"Unauthorized","message":"Access Denied"}"#);
    assert_eq!(again.status, 401);
    assert_eq!(again.all("set-cookie"), cleared, "Q-25: a dead cookie is taken away as well");
    assert!(again.all("content-api-version").is_empty());
}

/// A-2: after the end the token is worth nothing, in any carrier, at any action, in any version.
#[tokio::test]
async fn a_dead_token_opens_nothing_anywhere() {
    let fixture = FaceFixture::start().await;
    let token = fixture.sign_on(ALICE).await;
    assert_eq!(fixture.action("logout", "4.0").token(&token).send().await.text, ENDED);
    for version in ["1.2", "2.0", "3.0", "4.0", "5.1"] {
        let body = json!({"tokenId": token});
        for ask in [
            fixture.action("validate", version).token(&token),
            fixture.action("validate", version).cookie(&token),
            fixture.action("validate", version).json(&body),
            fixture.action(&format!("validate&tokenId={token}"), version),
        ] {
            assert_eq!(ask.send().await.text, r#"{"valid":false}"#, "{version}");
        }
        for action in ACTIONS {
            for ask in [
                fixture.action(action, version).token(&token),
                fixture.action(action, version).cookie(&token),
                fixture.action(action, version).json(&body),
                fixture.action(&format!("{action}&tokenId={token}"), version),
            ] {
                assert_eq!(ask.send().await.refused(401), "Access Denied", "{action} {version}");
            }
        }
    }
    let path = format!("{SESSIONS}/{token}?_action=validate");
    assert_eq!(fixture.post(&path).send().await.text, r#"{"valid":false}"#);
    for (method, path, status) in [
        ("GET", "/am/json/sessions?_queryFilter=realm eq '/alpha'", 401),
        ("POST", "/am/json/users?_action=idFromSession", 401),
        ("POST", "/am/json/users?_action=validateGoto", 401),
        ("GET", "/am/json/serverinfo/version", 403),
    ] {
        let ask = fixture.ask(method, &path.replace(' ', "%20"));
        ask.token(&token).send().await.refused(status);
    }
}

/// Every action but validate, and one that is none.
const ACTIONS: [&str; 19] = [
    "logout",
    "logoutByHandle",
    "logoutByUser",
    "getSessionInfo",
    "getSessionInfoAndResetIdleTime",
    "refresh",
    "getSessionProperties",
    "updateSessionProperties",
    "getPropertyNames",
    "getProperty",
    "setProperty",
    "deleteProperty",
    "isActive",
    "getIdle",
    "getMaxIdle",
    "getMaxSessionTime",
    "getTimeLeft",
    "getMaxTime",
    "frobnicate",
];

/// A-15, A-16: an administrator names a session in the body; the own one lives on and keeps its cookie.
#[tokio::test]
async fn an_administrator_ends_a_users_session() {
    let fixture = FaceFixture::start().await;
    let (admin, token) = (fixture.sign_on_admin().await, fixture.sign_on(ALICE).await);
    for version in ["1.2", "2.0", "3.1", "4.0", "5.1"] {
        let token = fixture.sign_on(ALICE).await;
        let ask = || fixture.action("logout", version).token(&admin).json(&json!({"tokenId": token}));
        let reply = ask().send().await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, ENDED), "{version}");
        assert!(reply.all("set-cookie").is_empty());
        assert!(!fixture.lives(&token).await && fixture.lives(&admin).await);
        let again = ask().send().await;
        assert_eq!((again.status.as_u16(), again.text.as_str()), (200, BEFORE));
        assert!(again.all("set-cookie").is_empty());
    }
    assert!(fixture.lives(&token).await, "of several sessions one was named");
    for nothing in ["garbage", "", "shandle:x"] {
        let reply =
            fixture.action("logout", "3.1").token(&admin).json(&json!({"tokenId": nothing})).send().await;
        assert_eq!(reply.text, BEFORE, "{nothing:?} names no session, and least of all the caller's own");
    }
    assert!(fixture.lives(&admin).await);
}

/// Goal: the body beats the query, the query beats the path, each beats the caller's own (contract am.md 1.1).
#[tokio::test]
async fn the_named_session_ends_and_no_other() {
    let fixture = FaceFixture::start().await;
    let admin = fixture.sign_on_admin().await;
    let [body, query, path] =
        [fixture.sign_on(ALICE).await, fixture.sign_on(ALICE).await, fixture.sign_on(ALICE).await];
    let at = format!("{SESSIONS}/{path}?_action=logout&tokenId={query}");
    let ask = || fixture.post(&at).header("Accept-API-Version", "resource=4.0").token(&admin);
    assert_eq!(ask().json(&json!({"tokenId": body})).send().await.text, ENDED);
    assert_eq!(
        [fixture.lives(&body).await, fixture.lives(&query).await, fixture.lives(&path).await],
        [false, true, true]
    );
    assert_eq!(ask().json(&json!({"tokenId": null})).send().await.text, ENDED);
    assert_eq!([fixture.lives(&query).await, fixture.lives(&path).await], [false, true]);
    let at = format!("{SESSIONS}/{path}?_action=logout");
    assert_eq!(fixture.post(&at).token(&admin).send().await.text, ENDED);
    assert!(!fixture.lives(&path).await && fixture.lives(&admin).await);
}

/// Q-2, Q-3: from 3.0 on a live token in the body is proof enough, a dead one is none. A token in the address is no
/// proof in any version, and a dead credential is not made good by a live body.
#[tokio::test]
async fn holding_the_token_is_enough_from_three_on() {
    let fixture = FaceFixture::start().await;
    for version in ["3.0", "4.0", "5.1"] {
        let token = fixture.sign_on(ALICE).await;
        let ask = || fixture.action("logout", version).json(&json!({"tokenId": token}));
        let reply = fixture.action(&format!("logout&tokenId={token}"), version).send().await;
        assert_eq!(reply.refused(401), "Access Denied");
        assert_eq!(ask().token("1dead").send().await.refused(401), "Access Denied");
        assert!(fixture.lives(&token).await);
        assert_eq!(ask().send().await.text, ENDED, "{version}");
        assert!(!fixture.lives(&token).await);
        assert_eq!(ask().send().await.refused(401), "Access Denied");
    }
}

/// A-12: the JavaScript SDK's request; naming the own token is the same as naming none.
#[tokio::test]
async fn the_own_session_ends_with_its_cookies() {
    let fixture = FaceFixture::start().await;
    let sdk = |token: &str| {
        let ask = fixture.post(&format!("{SESSIONS}/?_action=logout")).cookie(token);
        ask.header("Accept-API-Version", "protocol=1.0,resource=2.0")
            .header("X-Requested-With", "forgerock-sdk")
    };
    let token = fixture.sign_on(ALICE).await;
    let reply = sdk(&token).send().await;
    assert_eq!(reply.text, ENDED);
    assert!(reply.cookie(COOKIE).unwrap().contains("01 Jan 1970"));
    assert!(reply.cookie("amlbcookie").unwrap().starts_with("amlbcookie=LOGOUT;"));

    let token = fixture.sign_on(ALICE).await;
    let reply = sdk(&token).json(&json!({"tokenId": token})).send().await;
    assert_eq!(reply.text, ENDED);
    assert!(reply.cookie(COOKIE).is_some());
}

/// A-13: a form of another site carries the cookie and neither header; it ends nothing.
#[tokio::test]
async fn another_site_cannot_sign_anybody_off() {
    let fixture = FaceFixture::start().await;
    let token = fixture.sign_on(ALICE).await;
    let bare = || fixture.post(&format!("{SESSIONS}?_action=logout"));
    assert_eq!(bare().cookie(&token).send().await.refused(403), "Forbidden");
    let reply = bare().cookie(&token).token(&token).send().await;
    assert_eq!(reply.refused(403), "Forbidden", "a header beside it changes nothing");
    assert_eq!(bare().header("Cookie", &format!("iplanetdirectorypro={token}")).send().await.status, 403);
    assert!(fixture.lives(&token).await);
    assert_eq!(bare().token(&token).send().await.text, ENDED, "no site makes a browser send the header");

    let fixture = FaceFixture::with(Settings { csrf_filter: false, ..settings() }).await;
    let token = fixture.sign_on(ALICE).await;
    let reply = fixture.post(&format!("{SESSIONS}?_action=logout")).cookie(&token).send().await;
    assert_eq!(reply.text, ENDED, "it can be switched off");
}

/// A-44: idle too long, or at the last moment, is answered like signed off.
#[tokio::test]
async fn time_ends_a_session_like_a_sign_off() {
    let fixture = FaceFixture::start().await;
    for (realm, before, after) in [("idleone", 59, 1), ("lifeone", 59, 1)] {
        let at = format!("/am/json/realms/root/realms/{realm}/authenticate");
        let token = fixture.sign_on_at(&at, ALICE).await;
        fixture.wait_s(before);
        assert!(fixture.lives(&token).await, "{realm}");
        fixture.wait_s(after);
        assert!(!fixture.lives(&token).await, "{realm}");
        let reply = fixture.action("getSessionInfo", "2.0").cookie(&token).send().await;
        assert_eq!(reply.refused(401), "Access Denied");
        let reply = fixture.action("logout", "3.1").token(&token).send().await;
        assert_eq!(reply.refused(401), "Access Denied");
        assert!(reply.cookie(COOKIE).is_some());
        let admin = fixture.sign_on_admin().await;
        let reply =
            fixture.action("logout", "3.1").token(&admin).json(&json!({"tokenId": token})).send().await;
        assert_eq!(reply.text, BEFORE);
    }
}

/// ONE-SESSION: ended or reset through another channel, the session is over here; it cannot be ended twice.
#[tokio::test]
async fn what_another_channel_ends_is_over_here() {
    let fixture = FaceFixture::start().await;
    let admin = fixture.sign_on_admin().await;
    for kind in [EndKind::End, EndKind::Reset] {
        let token = fixture.sign_on(BOBBY).await;
        let id = adieu_authority::SessionToken::parse(&token).unwrap().id;
        let origin = Origin::of_holder(Channel::named("test"), None);
        let order = EndOrder {
            realm: None,
            target: EndTarget::One(id),
            kind,
            cause: Cause::SignOff,
            spare: None,
            within: None,
            origin,
        };
        fixture.authority().end(order).await.unwrap();
        assert!(!fixture.lives(&token).await);
        assert_eq!(fixture.action("logout", "3.1").token(&token).send().await.refused(401), "Access Denied");
        let reply =
            fixture.action("logout", "3.1").token(&admin).json(&json!({"tokenId": token})).send().await;
        assert_eq!(reply.text, BEFORE);
    }
}

/// Goal: who is disabled is signed off everywhere, and cannot come back by the old token.
#[tokio::test]
async fn a_disabled_user_is_signed_off() {
    let fixture = FaceFixture::start().await;
    let (token, user) = (fixture.sign_on(BOBBY).await, fixture.user("/alpha", "bobby").await);
    let origin = || Origin::of_holder(Channel::named("test"), None);
    fixture.authority().set_enabled(user.id, false, origin()).await.unwrap();
    assert!(!fixture.lives(&token).await);
    let reply = fixture.pair(AUTHENTICATE, BOBBY).send().await;
    assert_eq!(reply.refused(401), "User Locked Out.");
    assert_eq!(reply.json()["detail"]["failureUrl"], "");
    fixture.authority().set_enabled(user.id, true, origin()).await.unwrap();
    assert!(!fixture.lives(&token).await);
}

/// A cookie of another dialect that goes with AM's.
pub(crate) fn companion() -> Companions {
    Companions::new(vec![Companion {
        name: SessionCookieName::exact("ory_kratos_session"),
        path: "/".into(),
        prefix: "ory_st_".into(),
        secure: false,
        same_site: None,
        life_s: None,
        domain: None,
        realms: CookieRealms::ALL,
    }])
}

/// Goal: where a browser is signed on in several dialects at once, it is signed off in all.
#[tokio::test]
async fn other_dialects_cookies_come_and_go_together() {
    let fixture = FaceFixture::with(Settings { companions: companion(), ..settings() }).await;
    let reply = fixture.pair(AUTHENTICATE, ALICE).send().await;
    let token = reply.json()["tokenId"].as_str().unwrap().trim_start_matches("am*").to_owned();
    let kratos = reply.cookie("ory_kratos_session").unwrap();
    assert_eq!(kratos, format!("ory_kratos_session=ory_st_{token}; Path=/; HttpOnly"));
    let reply = fixture.action("logout", "3.1").token(&format!("ory_st_{token}")).send().await;
    assert_eq!(reply.text, ENDED, "any carrier takes any of our credentials");
    assert!(reply.cookie("ory_kratos_session").unwrap().contains("01 Jan 1970"));
}

/// Goal: an administrator of `/alpha` is one there, also by the log; two sign-offs at once are one ending.
#[tokio::test]
async fn two_sign_offs_at_once_are_one_ending() {
    let fixture = FaceFixture::start().await;
    let warden = fixture.sign_on(WARDEN).await;
    let token = fixture.sign_on(ALICE).await;
    let ask = || fixture.action("logout", "3.1").token(&warden).json(&json!({"tokenId": token})).send();
    let (one, other) = tokio::join!(ask(), ask());
    let mut said = [one.text, other.text];
    said.sort();
    assert_eq!(said, [ENDED, BEFORE]);
}
