//! serverinfo: what a client asks before it can sign on.
//!
//! Contract am.md 3.5.

use crate::fixture::FaceFixture;

/// A-7: without credentials; garbage ones do not disturb.
#[tokio::test]
async fn the_name_of_the_cookie_is_told_to_everybody() {
    let fixture = FaceFixture::start().await;
    for (path, realm) in [
        ("/am/json/serverinfo/*", "/"),
        ("/am/json/realms/root/realms/alpha/serverinfo/*", "/alpha"),
        ("/am/json/alpha/serverinfo/%2A/", "/alpha"),
        ("/am/json/serverinfo/*?realm=/alpha/sub", "/alpha/sub"),
    ] {
        let ask = fixture.ask("GET", path).header("Accept-API-Version", "resource=1.0, protocol=1.0");
        let reply = ask.cookie("garbage").send().await;
        assert_eq!(reply.status, 200, "{path}");
        let info = reply.json();
        assert_eq!(info["cookieName"], "iPlanetDirectoryPro");
        assert_eq!(info["realm"], realm);
        assert!(info.get("_id").is_none(), "protocol 1.0 names no resource");
        assert_eq!(reply.all("cache-control"), ["no-store"]);
        assert_eq!(reply.all("content-api-version"), ["resource=1.1"]);
        assert!(reply.header("etag").starts_with('"'));
    }
    let reply = fixture.ask("GET", "/am/json/serverinfo/*").send().await;
    assert!(reply.text.starts_with(r#"{"_id":"*","_rev":""#), "{}", reply.text);
    let reply = fixture.ask("GET", "/am/json/serverinfo/cookieDomains").send().await;
    assert_eq!(reply.json()["domains"], serde_json::json!([]));
}

#[tokio::test]
async fn all_else_is_refused() {
    let fixture = FaceFixture::start().await;
    for (method, path, status) in [
        ("GET", "/am/json/serverinfo/nope", 501),
        ("GET", "/am/json/serverinfo", 404),
        ("GET", "/am/json/serverinfo/a/b", 404),
        ("GET", "/am/json/serverinfo/*?_action=x", 400),
        ("POST", "/am/json/serverinfo/*?_action=x", 501),
        ("POST", "/am/json/serverinfo/*", 501),
        ("DELETE", "/am/json/serverinfo/*", 501),
        ("PUT", "/am/json/serverinfo/*", 400),
        ("OPTIONS", "/am/json/serverinfo/*", 501),
        ("GET", "/am/json/nowhere/serverinfo/*", 404),
    ] {
        fixture.ask(method, path).send().await.refused(status);
    }
    let reply = fixture.ask("GET", "/am/json/serverinfo/*").header("Accept-API-Version", "resource=2.0");
    assert_eq!(reply.send().await.refused(404), "Resource '*' not found");
}
