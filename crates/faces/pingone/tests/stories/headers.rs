//! Headers of every answer, pages of other origins, and what happens to those who try too often.
//!
//! Contract pingone.md 5.1, 5.2, 5.4 and 5.5.

use adieu_authority::Client;
use http::Method;

use crate::fixture::{ALICE, BOB, FaceFixture, Reply};

const ORIGIN: &str = "https://app.example.test";
const OTHER: &str = "https://evil.example.test";

/// P-59: the caller's transaction id comes back cleaned, a new one if there is none; on errors and redirects, too.
#[tokio::test]
async fn transaction_ids_come_back() {
    let fixture = FaceFixture::open().await;
    let header = "x-ping-external-transaction-id";
    for path in [
        fixture.a("as/jwks"),
        fixture.a("as/signoff"),
        fixture.a("nothing"),
        fixture.m("users"),
        "/v1/x".into(),
    ] {
        let reply = fixture.get(&path).header("X-PING-External-Transaction-ID", "a b").send().await;
        assert_eq!(reply.header(header), "a_b", "{path}");
        assert_eq!(reply.header("x-ping-external-session-id"), "");
        let (one, two) = (fixture.get(&path).send().await, fixture.get(&path).send().await);
        assert_eq!(one.header(header).len(), 36, "{path}");
        assert_ne!(one.header(header), two.header(header));
    }
    let session = fixture.get(&fixture.a("as/jwks")).header("x-ping-external-session-id", "s;1").send().await;
    assert_eq!(session.header("x-ping-external-session-id"), "s_1");
}

async fn with_origins() -> FaceFixture {
    let fixture = FaceFixture::open().await;
    let (authority, realm) = (fixture.world.authority(), fixture.world.data.realm.id);
    for client in authority.clients(realm).await.expect("clients") {
        let own = client.id.as_str() == fixture.shop().id;
        let change =
            |client: &mut Client| client.origins = Some(if own { vec![ORIGIN.into()] } else { vec![] });
        fixture.world.edit_client(&client.id, change).await;
    }
    fixture
}

fn allowed(reply: &Reply) -> (&str, &str) {
    (reply.header("access-control-allow-origin"), reply.header("access-control-allow-credentials"))
}

/// P-60: an origin that the application lists reads with credentials, redirects and the landing page included; no other does.
#[tokio::test]
async fn listed_origins_may_read_and_others_may_not() {
    let fixture = with_origins().await;
    let held = fixture.sign_on(ALICE).await;
    let hint = format!("{}?id_token_hint={}", fixture.a("as/signoff"), held.id_token);
    let authorize = |app| fixture.authorize(app, &[("response_mode", "pi.flow")]);
    let (shop, billing) = (fixture.shop(), fixture.billing());
    for (path, status) in [
        (authorize(&shop), 200),
        (fixture.authorize(&shop, &[]), 302),
        (fixture.a("as/.well-known/openid-configuration"), 200),
        (fixture.a("signon/"), 200),
        (fixture.a("as/userinfo"), 401),
        (hint.clone(), 302),
        (fixture.a("as/signoff"), 302),
    ] {
        for origin in [OTHER, "null", "https://app.example.test.evil.test", "http://app.example.test"] {
            let reply = fixture.get(&path).header("origin", origin).send().await;
            assert_eq!((reply.status.as_u16(), allowed(&reply)), (status, ("", "")), "{path} {origin}");
            assert_eq!(reply.header("vary"), "Origin");
        }
        let reply = fixture.get(&path).header("origin", ORIGIN).send().await;
        assert_eq!((reply.status.as_u16(), allowed(&reply)), (status, (ORIGIN, "true")), "{path}");
        assert_eq!(allowed(&fixture.get(&path).send().await), ("", ""));
    }
    let reply = fixture.get(&authorize(&billing)).header("origin", ORIGIN).send().await;
    assert_eq!(allowed(&reply), ("", ""), "it is not that application's origin");
    let token = fixture.post(&fixture.a("as/token")).header("origin", ORIGIN).send().await;
    assert_eq!(allowed(&token), (ORIGIN, "true"));
    let users = fixture.get(&fixture.m("users")).header("origin", ORIGIN).send().await;
    assert_eq!(allowed(&users), ("", ""), "the management API is not for pages");
}

/// P-60: a browser that asks beforehand is told what it may send; an origin that may nothing is told nothing.
#[tokio::test]
async fn a_browser_asks_beforehand() {
    let fixture = with_origins().await;
    let ask = |origin: &str| {
        let ask = fixture.ask(Method::OPTIONS, &fixture.a("as/authorize")).header("origin", origin);
        ask.header("access-control-request-method", "POST")
            .header("access-control-request-headers", "x-a, x-b")
    };
    let told = ask(ORIGIN).send().await;
    assert_eq!((told.status.as_u16(), allowed(&told), told.text.as_str()), (204, (ORIGIN, "true"), ""));
    for (name, value) in [
        ("access-control-allow-methods", "GET, POST"),
        ("access-control-allow-headers", "x-a, x-b"),
        ("access-control-max-age", "600"),
        ("access-control-allow-max-age", "600"),
    ] {
        assert_eq!(told.header(name), value);
    }
    let other = ask(OTHER).send().await;
    assert_eq!(
        (other.status.as_u16(), allowed(&other), other.header("access-control-allow-headers")),
        (204, ("", ""), "")
    );
    let plain = fixture.ask(Method::OPTIONS, &fixture.a("as/token")).header("origin", ORIGIN).send().await;
    assert_eq!(plain.status, 405);
}

/// An application that says nothing of origins lets every page read, but never with the browser's credentials: with them a
/// page of anybody would read codes.
#[tokio::test]
async fn without_a_list_nobody_reads_with_credentials() {
    let fixture = FaceFixture::open().await;
    let held = fixture.sign_on(ALICE).await;
    let path = fixture.authorize(&fixture.shop(), &[("response_mode", "pi.flow")]);
    let reply = fixture.get(&path).cookie(&held.st).header("origin", OTHER).send().await;
    assert_eq!(allowed(&reply), (OTHER, ""));
}

/// P-64: who fails too often waits: 429 with a bounded number of seconds, for the right password as well; nobody else does.
#[tokio::test]
async fn who_fails_too_often_waits() {
    let fixture = FaceFixture::open().await;
    let flow = fixture.flow(&fixture.shop(), &[]).await;
    for left in (0..10).rev() {
        let reply = fixture.check(&flow, ("alice", "wrong")).send().await;
        reply.assert_error(400, "INVALID_DATA", Some(("INVALID_VALUE", Some("password"))));
        assert_eq!(reply.json()["details"][0]["innerError"]["failuresRemaining"], left);
    }
    let wait = async |who| {
        let reply = fixture.check(&flow, who).send().await;
        reply.assert_error(429, "REQUEST_LIMITED", Some(("LIMIT_EXCEEDED", None)));
        reply.header("retry-after").parse::<i64>().expect("a number of seconds")
    };
    let seconds = wait(ALICE).await;
    assert!((1..=30).contains(&seconds), "{seconds}");
    assert_eq!(fixture.check(&fixture.flow(&fixture.shop(), &[]).await, BOB).send().await.status, 200);
    fixture.world.wait_s(29);
    assert!((1..=30).contains(&wait(("ALICE", ALICE.1)).await), "in whatever spelling");
    fixture.world.wait_s(1);
    assert_eq!(fixture.check(&flow, ALICE).send().await.status, 200);
    let flow = fixture.flow(&fixture.shop(), &[]).await;
    let reply = fixture.check(&flow, ("alice", "wrong")).send().await;
    assert_eq!(
        reply.json()["details"][0]["innerError"]["failuresRemaining"],
        9,
        "the right password forgives"
    );
}
