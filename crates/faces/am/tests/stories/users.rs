//! What clients ask besides: whose session it is, where to go, the server's version, indented answers, other origins.
//!
//! Contract am.md 0.7, 0.9, 3.5, 3.6.

use serde_json::json;

use crate::fixture::{ALICE, AUTHENTICATE, FaceFixture, ORIGIN, SESSIONS};

/// A-39: the session's own realm, wherever it is asked for; in every version; 401 without a live token.
#[tokio::test]
async fn the_id_comes_from_the_session() {
    let fixture = FaceFixture::start().await;
    let token = fixture.sign_on(ALICE).await;
    let expect = r#"{"id":"alice","realm":"/alpha","dn":"id=alice,ou=user,o=alpha,ou=services,ou=am-config","successURL":"/am/console","fullLoginURL":"/am/UI/Login?realm=%2Falpha"}"#;
    for (path, asked, served) in [
        ("/am/json/users?_action=idFromSession", "1.1", "1.2"),
        ("/am/json/alpha/users?_action=idFromSession", "2.0", "2.1"),
        ("/am/json/realms/root/realms/alpha/users/?_action=IDFROMSESSION", "3.0", "3.0"),
        ("/am/json/realms/root/users?_action=idFromSession", "4.0", "4.0"),
    ] {
        let ask = fixture.post(path).header("Accept-API-Version", &format!("protocol=1.0, resource={asked}"));
        let reply = ask.token(&token).json(&json!({})).send().await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, expect), "{path}");
        assert_eq!(reply.all("content-api-version"), [format!("resource={served}")]);
    }
    let ask =
        || fixture.post("/am/json/users?_action=idFromSession").header("Accept-API-Version", "resource=2.0");
    assert_eq!(ask().send().await.refused(401), "Access Denied");
    assert_eq!(ask().cookie("garbage").send().await.refused(401), "Access Denied");
    let unknown =
        fixture.post("/am/json/users?_action=idFromSession").header("Accept-API-Version", "resource=42.0");
    assert_eq!(unknown.token(&token).send().await.refused(404), "Resource '' not found");
    fixture.action("logout", "2.0").token(&token).send().await;
    assert_eq!(ask().token(&token).send().await.refused(401), "Access Denied");
}

/// Contract am.md 3.6: a goto that may be followed, else where everybody goes.
#[tokio::test]
async fn a_goto_is_validated() {
    let fixture = FaceFixture::start().await;
    let token = fixture.sign_on(ALICE).await;
    let path = "/am/json/alpha/users?_action=validateGoto";
    for (goto, leads) in [
        (json!("http://app.example.org:3000/in"), "http://app.example.org:3000/in"),
        (json!("/enduser/"), "/enduser/"),
        // F-28: the own host needs no list.
        (json!("http://127.0.0.1:4433/am/oauth2/x?y=1"), "http://127.0.0.1:4433/am/oauth2/x?y=1"),
        (json!("http://127.0.0.1:4434/"), "/am/console"),
        (json!("https://evil.test/"), "/am/console"),
        (json!("//evil.test/"), "/am/console"),
        (json!(null), "/am/console"),
        (json!(7), "/am/console"),
    ] {
        let reply = fixture.post(path).token(&token).json(&json!({"goto": goto})).send().await;
        assert_eq!(reply.text, format!(r#"{{"successURL":"{leads}"}}"#), "{goto}");
    }
    fixture.post(path).json(&json!({"goto": "/"})).send().await.refused(401);
}

/// Goal: nothing else of users is served: 403 for a user, 501 for an administrator.
#[tokio::test]
async fn profiles_are_not_served() {
    let fixture = FaceFixture::start().await;
    let (user, admin) = (fixture.sign_on(ALICE).await, fixture.sign_on_admin().await);
    for (method, path) in [
        ("GET", "/am/json/alpha/users/alice"),
        ("GET", "/am/json/alpha/users?_queryFilter=true"),
        ("POST", "/am/json/alpha/users?_action=create"),
        ("POST", "/am/json/alpha/users/alice?_action=idFromSession"),
        ("DELETE", "/am/json/alpha/users/alice"),
    ] {
        for (token, status) in [("", 401), (&user, 403), (&admin, 501)] {
            fixture.ask(method, path).token(token).send().await.refused(status);
        }
    }
}

/// A-46: three numbers, told to administrators only.
#[tokio::test]
async fn the_version_is_told_to_administrators() {
    let fixture = FaceFixture::start().await;
    let (user, admin) = (fixture.sign_on(ALICE).await, fixture.sign_on_admin().await);
    let ask = |token: &str| {
        let ask = fixture.ask("GET", "/am/json/serverinfo/version").token(token);
        ask.header("Accept-API-Version", "resource=1.0").send()
    };
    assert_eq!(ask("").await.refused(403), "No session for request.");
    assert_eq!(ask("garbage").await.refused(403), "No session for request.");
    assert_eq!(ask(&user).await.refused(403), "The user has insufficient privileges");
    let told = ask(&admin).await.json();
    assert_eq!(told["_id"], "version");
    let numbers: Vec<u32> =
        told["version"].as_str().unwrap().split('.').map(|n| n.parse().unwrap()).collect();
    assert_eq!(numbers.len(), 3);
    assert!(told["fullVersion"].as_str().unwrap().starts_with(told["version"].as_str().unwrap()));
}

/// A-41: indented answers and errors, read answers cut to fields, id and revision by protocol.
#[tokio::test]
async fn answers_can_be_indented_and_cut() {
    let fixture = FaceFixture::start().await;
    let token = fixture.sign_on(ALICE).await;
    let path = format!("{SESSIONS}?_action=logout&_prettyPrint=TRUE&_fields=nope");
    let ask = || fixture.post(&path).header("Accept-API-Version", "resource=3.1, protocol=1.0");
    let refused = "{\n  \"code\": 401,\n  \"reason\": \"Unauthorized\",\n  \"message\": \"Access Denied\"\n}";
    assert_eq!(ask().send().await.text, refused);
    assert_eq!(ask().token(&token).send().await.text, "{\n  \"result\": \"Successfully logged out\"\n}");

    let read = |query: &str, version: &str| {
        let ask = fixture.ask("GET", &format!("/am/json/serverinfo/*?{query}"));
        ask.header("Accept-API-Version", version).send()
    };
    let reply = read("_fields=cookieName", "resource=1.1, protocol=1.0").await;
    assert_eq!(reply.text, r#"{"cookieName":"iPlanetDirectoryPro"}"#);
    assert_eq!(reply.header("etag"), read("", "resource=1.1, protocol=1.0").await.header("etag"));
    let reply = read("_fields=/realm,zeroPageLogin/enabled,nope", "resource=1.1, protocol=1.0").await;
    assert_eq!(reply.text, r#"{"realm":"/","zeroPageLogin":{"enabled":false}}"#);
    for newer in ["resource=1.1, protocol=2.1", "resource=1.1"] {
        let names = read("_fields=cookieName", newer).await.json();
        let names: Vec<&String> = names.as_object().unwrap().keys().collect();
        assert_eq!(names, ["_id", "_rev", "cookieName"]);
    }
    let reply = read("_prettyPrint=x", "resource=1.1, protocol=1.0").await;
    assert!(!reply.text.contains('\n'), "no error, and not indented");
}

/// A-47: an allowed origin may send what the SDKs send, with credentials, and read answers and errors.
#[tokio::test]
async fn an_allowed_origin_passes_the_preflight() {
    let fixture = FaceFixture::start().await;
    for path in [SESSIONS, AUTHENTICATE, "/am/json/realms/root/realms/nowhere/sessions"] {
        let ask = fixture.ask("OPTIONS", path).header("Origin", ORIGIN);
        let reply = ask.header("Access-Control-Request-Method", "POST").send().await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, ""));
        assert!(reply.all("content-type").is_empty());
        assert_eq!(reply.all("access-control-allow-origin"), [ORIGIN]);
        assert_eq!(reply.all("access-control-allow-credentials"), ["true"]);
        assert_eq!(reply.all("vary"), ["Origin"]);
        let methods = reply.header("access-control-allow-methods").to_owned();
        assert!(methods.contains("POST") && methods.contains("GET"));
        let allowed: Vec<&str> = reply.header("access-control-allow-headers").split(", ").collect();
        for name in [
            "accept-api-version",
            "authorization",
            "content-type",
            "x-requested-with",
            "x-requested-platform",
            "x-forgerock-transactionid",
            "if-none-match",
            "iplanetdirectorypro",
        ] {
            assert!(allowed.contains(&name), "{name}");
        }
    }
    let token = fixture.sign_on(ALICE).await;
    for (ask, status) in [
        (fixture.action("getSessionInfo", "2.0").cookie(&token), 200),
        (fixture.action("getSessionInfo", "2.0"), 401),
        (fixture.post(&format!("{SESSIONS}?_action=logout")).cookie(&token), 403),
        (fixture.ask("GET", "/am/json/serverinfo/*"), 200),
        (fixture.ask("OPTIONS", SESSIONS), 501),
    ] {
        let reply = ask.header("Origin", ORIGIN).send().await;
        assert_eq!(reply.status, status);
        assert_eq!(reply.all("access-control-allow-origin"), [ORIGIN]);
    }
    assert!(fixture.lives(&token).await, "the guard against forged requests does not look at origins");
}

/// A-47: any other origin gets no permission, however like the allowed one it looks.
#[tokio::test]
async fn another_origin_reads_nothing() {
    let fixture = FaceFixture::start().await;
    for origin in [
        "http://evil.example.net",
        "null",
        "http://app.example.org",
        "https://app.example.org:3000",
        "http://app.example.org:3000.evil.test",
        "http://APP.example.org:3000",
        "",
    ] {
        let ask = fixture.ask("OPTIONS", SESSIONS).header("Origin", origin);
        let reply = ask.header("Access-Control-Request-Method", "POST").send().await;
        assert_eq!(reply.status, 501, "{origin}");
        let reads = fixture.ask("GET", "/am/json/serverinfo/*").header("Origin", origin).send().await;
        for reply in [reply, reads] {
            assert!(
                reply.headers.keys().all(|name| !name.as_str().starts_with("access-control-")),
                "{origin}"
            );
        }
    }
}
