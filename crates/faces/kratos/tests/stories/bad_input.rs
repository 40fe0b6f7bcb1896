//! Wrong types, sizes, encodings, methods, doubled and missing fields, dead and forged tokens.
//!
//! Each gets this dialect's own error, never a 500, a redirect to a foreign place or a half-done act.

use adieu_testkit::World;
use axum::http::Method;

const PATHS: [&str; 10] = [
    "/sessions/whoami",
    "/sessions/token-exchange",
    "/self-service/logout",
    "/self-service/logout/browser",
    "/self-service/logout/api",
    "/self-service/login",
    "/self-service/login/browser",
    "/self-service/login/api",
    "/self-service/login/flows",
    "/self-service/errors",
];

/// Goal: whatever comes, the answer is one of this dialect's, and Alice's session lives on. HOME-LIMITS.
/// Method: every path × method × odd query, headers and body.
#[tokio::test]
async fn rubbish_gets_an_error_of_this_dialect_and_ends_nothing() {
    let world = World::start().await;
    let alice = world.sign_on_kratos("alice", "Rabbit-hole-11").await;
    let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"];
    let queries =
        ["", "?flow=%ff&id=%00&token=%C0%AF", "?token=a&token=b&flow=x&flow=y", "?=&&&=%", "?return_to=%01"];
    let bodies: [(&str, &[u8]); 6] = [
        ("", b""),
        ("application/json", b"{\"session_token\":{}}"),
        ("application/json", b"\xff\xfe"),
        ("application/json; charset=utf-8", b"[[[[[[[[[[[["),
        ("application/x-www-form-urlencoded", b"%%%&=&a=b&a=c"),
        ("multipart/form-data; boundary=", b"--\r\n"),
    ];
    for path in PATHS {
        for method in methods {
            for query in queries {
                for (kind, body) in bodies {
                    let method = Method::from_bytes(method.as_bytes()).expect("a method");
                    let ask = world.ask(method.clone(), &format!("{path}{query}"));
                    let ask = ask
                        .header("accept", "application/json")
                        .header("cookie", "ory_kratos_session=\"; =;;");
                    let ask = ask.header("authorization", "Bearer").header("x-request-id", "r");
                    let reply = ask.header("content-type", kind).body(body.to_vec()).send().await;
                    let what = format!("{method} {path}{query} {kind}: {} {}", reply.status, reply.text);
                    assert!(reply.status.as_u16() < 500, "{what}");
                    let to = reply.location();
                    assert!(
                        to.is_empty() || to.starts_with('/') || to.starts_with("http://127.0.0.1:45"),
                        "{what} {to}"
                    );
                }
            }
        }
    }
    let whoami = world.get("/sessions/whoami").header("x-session-token", &alice).send().await;
    assert_eq!(whoami.status, 200);
}

/// Goal: K-23, no forged token opens anything: every character of a live one is changed in turn.
#[tokio::test]
async fn a_forged_token_opens_nothing() {
    let world = World::start().await;
    let alice = world.sign_on_kratos("alice", "Rabbit-hole-11").await;
    for n in "ory_st_".len()..alice.len() {
        let mut forged = alice.clone().into_bytes();
        forged[n] = if forged[n] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).expect("ASCII");
        let whoami = world.get("/sessions/whoami").header("x-session-token", &forged).send().await;
        assert_eq!(whoami.status, 401, "character {n}");
        let body = serde_json::json!({"session_token": forged});
        let logout = world.delete("/self-service/logout/api").json(&body).send().await;
        assert_eq!(logout.status, 403, "character {n}");
    }
    let whoami = world.get("/sessions/whoami").header("x-session-token", &alice).send().await;
    assert_eq!(whoami.status, 200);
}

/// Goal: sessions of another realm are not live here, and can not be ended here.
#[tokio::test]
async fn a_session_of_another_realm_is_nobodys_here() {
    let world = World::start().await;
    let ask = world.post("/am/json/realms/root/authenticate").header("accept-api-version", "resource=2.0");
    let ask = ask.header("x-openam-username", "groundling").header("x-openam-password", "Water-level-55");
    let token =
        ask.json(&serde_json::json!({})).send().await.json()["tokenId"].as_str().expect("one").to_owned();
    let whoami = world.get("/sessions/whoami").header("x-session-token", &token).send().await;
    assert_eq!(whoami.status, 401);
    let body = serde_json::json!({"session_token": token});
    assert_eq!(world.delete("/self-service/logout/api").json(&body).send().await.status, 403);
    let validate = world.post("/am/json/realms/root/sessions?_action=validate");
    let validate = validate.header("accept-api-version", "resource=3.1");
    let reply = validate.json(&serde_json::json!({"tokenId": token})).send().await;
    assert_eq!(reply.json()["valid"], true);
}
