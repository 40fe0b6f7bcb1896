//! Sign-on: by headers, by callbacks, and every way in which it fails.
//!
//! Contract am.md 3.1 to 3.3.

use adieu_authority::{Cause, Channel, EndKind, EndOrder, EndTarget, Origin, SessionToken};
use serde_json::{Value, json};

use crate::fixture::{ALICE, AUTHENTICATE, BOBBY, COOKIE, FaceFixture, Reply};

/// A-6: token, where to, realm, in this order; two cookies; `application/json` without a charset.
#[tokio::test]
async fn a_pair_in_the_headers_signs_on() {
    let fixture = FaceFixture::start().await;
    let reply = fixture.pair(AUTHENTICATE, ALICE).json(&json!({})).send().await;
    let token = reply.json()["tokenId"].as_str().unwrap().to_owned();
    assert_eq!(reply.text, format!(r#"{{"tokenId":"{token}","successUrl":"/am/console","realm":"/alpha"}}"#));
    assert_eq!(reply.cookie(COOKIE).unwrap(), format!("{COOKIE}={token}; Path=/; HttpOnly"));
    assert_eq!(reply.cookie("amlbcookie").unwrap(), "amlbcookie=01; Path=/; HttpOnly");
    assert_eq!(reply.all("content-type"), ["application/json"]);
    assert_eq!(reply.all("content-api-version"), ["resource=2.1"]);
    assert_eq!(reply.all("x-frame-options"), ["SAMEORIGIN"]);
    assert!(reply.all("content-security-policy").is_empty());
    assert!(fixture.lives(&token).await);
}

/// RFC 2047: names and passwords outside ASCII come as encoded words; a name has no blanks at its ends.
#[tokio::test]
async fn encoded_words_are_read() {
    let fixture = FaceFixture::start().await;
    let ask = fixture.pair(AUTHENTICATE, (" =?UTF-8?B?YWxpY2U=?= ", "=?UTF-8?Q?Rabbit-hole-11?="));
    assert_eq!(ask.send().await.status, 200);
}

/// Contract am.md 3.3: only a `goto` that passes the rules is followed.
#[tokio::test]
async fn a_goto_leads_only_where_it_may() {
    let fixture = FaceFixture::start().await;
    for (goto, leads) in [
        ("http://app.example.org:3000/in", "http://app.example.org:3000/in"),
        ("/here", "/here"),
        ("https://evil.test/", "/am/console"),
        ("//evil.test", "/am/console"),
        ("", "/am/console"),
    ] {
        let reply = fixture.pair(&format!("{AUTHENTICATE}?goto={goto}"), ALICE).send().await;
        assert_eq!(reply.json()["successUrl"], leads, "{goto}");
    }
}

async fn started(fixture: &FaceFixture) -> Value {
    let ask = fixture.post(AUTHENTICATE).header("Accept-API-Version", "resource=2.1, protocol=1.0");
    let reply = ask.send().await;
    assert_eq!(reply.status, 200);
    assert!(reply.cookie(COOKIE).is_none(), "the session's cookie comes at the end");
    assert!(reply.cookie("amlbcookie").is_some());
    reply.json()
}

async fn sent(fixture: &FaceFixture, body: &Value) -> Reply {
    let ask = fixture.post(AUTHENTICATE).header("Accept-API-Version", "resource=2.1, protocol=1.0");
    ask.json(body).send().await
}

fn filled(mut asked: Value, (name, password): (&str, &str)) -> Value {
    asked["callbacks"][0]["input"][0]["value"] = name.into();
    asked["callbacks"][1]["input"][0]["value"] = password.into();
    asked
}

/// A-21: an empty request is asked for both, under a signed `authId` with an end; filled in, it signs on.
#[tokio::test]
async fn callbacks_are_asked_and_filled() {
    let fixture = FaceFixture::start().await;
    let asked = started(&fixture).await;
    let auth_id = asked["authId"].as_str().unwrap();
    assert_eq!(auth_id.split('.').count(), 3);
    let claims = adieu_claims(auth_id);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
    assert_eq!((&claims["realm"], &claims["authIndexValue"]), (&json!("/alpha"), &json!("ldapService")));
    for (n, kind, input) in [(0, "NameCallback", "IDToken1"), (1, "PasswordCallback", "IDToken2")] {
        let callback = &asked["callbacks"][n];
        assert_eq!((&callback["type"], &callback["input"][0]["name"]), (&json!(kind), &json!(input)));
    }
    let reply = sent(&fixture, &filled(asked, ALICE)).await;
    assert!(fixture.lives(reply.json()["tokenId"].as_str().unwrap()).await);
    assert!(reply.cookie(COOKIE).is_some());
}

fn adieu_claims(token: &str) -> Value {
    use base64::Engine as _;
    let part = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// A-22: a wrong password and an unknown user are told alike.
#[tokio::test]
async fn a_wrong_pair_is_refused() {
    let fixture = FaceFixture::start().await;
    let expect =
        r#"{"code":401,"reason":"Unauthorized","message":"Login failure","detail":{"failureUrl":""}}"#;
    for who in [(ALICE.0, "wrong"), ("nobody", "x"), (ALICE.0, BOBBY.1), ("alice\u{e4}", "x")] {
        for reply in [
            fixture.pair(AUTHENTICATE, who).send().await,
            sent(&fixture, &filled(started(&fixture).await, who)).await,
        ] {
            assert_eq!((reply.status.as_u16(), reply.text.as_str()), (401, expect), "{who:?}");
            assert!(reply.header("content-type").starts_with("application/json"));
            assert!(reply.cookie(COOKIE).is_none());
        }
    }
    let reply = fixture.post(AUTHENTICATE).header("Accept-API-Version", "resource=1.0, protocol=1.0");
    let reply = reply.header("X-OpenAM-Username", "alice").header("X-OpenAM-Password", "x").send().await;
    assert_eq!(reply.text, r#"{"errorMessage":"Login failure","failureUrl":""}"#, "the old shape");
}

/// A-23: too late, and used before, are the same 401 with the number that XUI looks for.
#[tokio::test]
async fn an_attempt_can_be_finished_once_and_in_time() {
    let fixture = FaceFixture::start().await;
    let over = |reply: &Reply| {
        assert_eq!(reply.refused(401), "Session has timed out");
        assert_eq!(reply.json()["detail"]["errorCode"], "110");
    };
    let body = filled(started(&fixture).await, ALICE);
    assert_eq!(sent(&fixture, &body).await.status, 200);
    over(&sent(&fixture, &body).await);

    let body = filled(started(&fixture).await, (ALICE.0, "wrong"));
    assert_eq!(sent(&fixture, &body).await.refused(401), "Login failure");
    over(&sent(&fixture, &filled(body, ALICE)).await);

    let body = filled(started(&fixture).await, ALICE);
    fixture.wait_s(299);
    let late = filled(started(&fixture).await, ALICE);
    fixture.wait_s(1);
    over(&sent(&fixture, &body).await);
    assert_eq!(sent(&fixture, &late).await.status, 200);
}

/// Goal: of two who finish the same attempt at once, one signs on.
#[tokio::test]
async fn one_attempt_gives_one_session() {
    let fixture = FaceFixture::start().await;
    let body = filled(started(&fixture).await, ALICE);
    let (one, other) = tokio::join!(sent(&fixture, &body), sent(&fixture, &body));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
}

/// Contract am.md 3.3: what is no attempt of ours is 400, and one that came without callbacks is asked again.
#[tokio::test]
async fn odd_attempts_are_refused() {
    let fixture = FaceFixture::start().await;
    let asked = started(&fixture).await;
    let id = asked["authId"].as_str().unwrap().to_owned();
    let token = fixture.sign_on(ALICE).await;
    let with = |id: Value| {
        let mut body = filled(asked.clone(), ALICE);
        body["authId"] = id;
        body
    };
    for bad in
        [json!("x"), json!(""), json!("a.b.c"), json!(7), json!({}), json!(token), json!(format!("{id}x"))]
    {
        assert_eq!(sent(&fixture, &with(bad.clone())).await.status, 400, "{bad}");
    }
    let mut few = asked.clone();
    few["callbacks"].as_array_mut().unwrap().pop();
    let message = "Incorrect number of callbacks found in JSON response";
    assert_eq!(sent(&fixture, &few).await.refused(400), message);
    let elsewhere = fixture.post("/am/json/authenticate").json(&with(json!(id))).send().await;
    assert_eq!(elsewhere.refused(400), "AuthId JWT is of another realm");

    let again = sent(&fixture, &json!({"authId": id})).await.json();
    assert_ne!(again["authId"], asked["authId"]);
    assert_eq!(sent(&fixture, &filled(asked.clone(), ALICE)).await.status, 401, "the first one is used up");
    assert_eq!(sent(&fixture, &filled(again, ALICE)).await.status, 200);
}

/// A-37: media types, sizes, broken JSON; nothing of it signs anybody on.
#[tokio::test]
async fn odd_bodies_are_refused() {
    let fixture = FaceFixture::start().await;
    let post = |kind: &str, body: &str| {
        let ask = fixture.pair(AUTHENTICATE, ALICE).header("Content-Type", kind);
        ask.body(body.to_owned()).send()
    };
    assert_eq!(post("text/plain", "x").await.refused(415), "Unsupported Media Type");
    assert_eq!(post("application/x-www-form-urlencoded", "a=b").await.status, 415);
    assert_eq!(post("text/plain", "").await.status, 200);
    assert_eq!(post("APPLICATION/JSON;charset=utf-8", "{}").await.status, 200);
    for bad in ["{", "{} x", "nonsense", "\u{0}"] {
        post("application/json", bad).await.refused(400);
    }
    for taken in ["[]", "null", "\"x\"", "7", r#"{"x":1}"#] {
        assert_eq!(post("application/json", taken).await.status, 200, "{taken}");
    }
    let large = format!("\"{}\"", "a".repeat(70_000));
    post("application/json", &large).await.refused(413);
}

/// Contract am.md 3.1: one service, by its names; every other index leads nowhere; only POST.
#[tokio::test]
async fn indexes_and_methods() {
    let fixture = FaceFixture::start().await;
    let at = |query: &str| fixture.pair(&format!("{AUTHENTICATE}?{query}"), ALICE).send();
    for good in ["authIndexType=service&authIndexValue=LDAPservice", "authIndexValue=x", "noSession=false"] {
        assert_eq!(at(good).await.status, 200, "{good}");
    }
    for (bad, message) in [
        ("authIndexType=colour&authIndexValue=blue", "Unknown Authentication Index Type"),
        ("authIndexType=service", "No Configuration found"),
        ("authIndexType=module&authIndexValue=DataStore", "No Configuration found"),
        (
            "authIndexType=service&authIndexType=service",
            "Multiple values provided for the single-valued request parameter 'authIndexType'",
        ),
    ] {
        assert_eq!(at(bad).await.refused(400), message);
    }
    for method in ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        let reply = fixture.ask(method, AUTHENTICATE).send().await;
        assert_eq!(reply.refused(405), "Method Not Allowed", "{method}");
        assert_eq!(reply.header("allow"), "POST");
    }
    assert_eq!(fixture.ask("HEAD", AUTHENTICATE).send().await.status, 405);
    fixture.post(&format!("{AUTHENTICATE}/x")).send().await.refused(404);
}

/// A-25: a version that `authenticate` does not have: 404, nothing in it, no version.
#[tokio::test]
async fn an_unknown_version_is_404_and_empty() {
    let fixture = FaceFixture::start().await;
    let ask = fixture.post(AUTHENTICATE).header("Accept-API-Version", "resource=42.0");
    let reply = ask.header("X-OpenAM-Username", ALICE.0).header("X-OpenAM-Password", ALICE.1).send().await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (404, ""));
    assert!(reply.all("content-api-version").is_empty() && reply.all("set-cookie").is_empty());
}

/// Goal: a new sign-on gives a new token; the session that the same user agent carries goes on under it, another's
/// is left alone, and a reset one begins anew under its id.
#[tokio::test]
async fn a_sign_on_rotates_the_token() {
    let fixture = FaceFixture::start().await;
    let first = fixture.sign_on(ALICE).await;
    let reply = fixture.pair(AUTHENTICATE, ALICE).cookie(&first).send().await.json();
    let second = reply["tokenId"].as_str().unwrap().to_owned();
    assert!(!fixture.lives(&first).await && fixture.lives(&second).await);

    let reply = fixture.pair(AUTHENTICATE, BOBBY).cookie(&second).send().await.json();
    let bobby = reply["tokenId"].as_str().unwrap().to_owned();
    assert!(fixture.lives(&bobby).await);
    assert_ne!(SessionToken::parse(&bobby).unwrap().id, SessionToken::parse(&second).unwrap().id);

    let id = SessionToken::parse(&second).unwrap().id;
    let origin = Origin::of_holder(Channel::named("test"), None);
    let target = EndTarget::One(id);
    let order = EndOrder {
        realm: None,
        target,
        kind: EndKind::Reset,
        cause: Cause::SignOff,
        spare: None,
        within: None,
        origin,
    };
    fixture.authority().end(order).await.unwrap();
    assert!(!fixture.lives(&second).await);
    let reply = fixture.pair(AUTHENTICATE, ALICE).cookie(&second).send().await.json();
    let third = reply["tokenId"].as_str().unwrap().to_owned();
    assert_eq!(SessionToken::parse(&third).unwrap().id, id);
    assert!(fixture.lives(&third).await && !fixture.lives(&second).await);
}

/// Goal: S-13, a page of another site signs nobody on as somebody else: what a browser sends is JSON by its type, or carries a
/// header for which it asks first. Whoever is no browser sends what it likes.
#[tokio::test]
async fn a_form_of_another_site_signs_nobody_on() {
    let fixture = FaceFixture::start().await;
    let browsers = [
        ("Cookie", "other=1"),
        ("Origin", "https://evil.example.test"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Mode", "no-cors"),
    ];
    let names = [
        ("Content-Type", "application/json; charset=utf-8"),
        ("Accept-API-Version", "resource=2.1"),
        ("X-Requested-With", "XMLHttpRequest"),
    ];
    let asked = || {
        let ask = fixture.post(AUTHENTICATE);
        ask.header("X-OpenAM-Username", ALICE.0).header("X-OpenAM-Password", ALICE.1).body("{}")
    };
    for (name, value) in browsers {
        let reply = asked().header(name, value).send().await;
        assert_eq!((reply.status.as_u16(), reply.cookie(COOKIE)), (403, None), "{name}: {}", reply.text);
        for (said, how) in names {
            let reply = asked().header(name, value).header(said, how).send().await;
            assert_eq!(reply.status, 200, "{name} {said}: {}", reply.text);
        }
    }
    let filled = filled(started(&fixture).await, ALICE).to_string();
    let ask = fixture.post(AUTHENTICATE).header("Origin", "null").body(filled);
    let reply = ask.send().await;
    assert_eq!((reply.status.as_u16(), reply.cookie(COOKIE)), (403, None));
    assert_eq!(asked().send().await.status, 200, "a program");
}
