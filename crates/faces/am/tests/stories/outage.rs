//! When the store cannot: 503 and a word about when, never "not live", never "ended".
//!
//! The disk is full, or the store does not answer at all. Contract am.md 0.6 for the shape.

use adieu_testkit::failing::Failure;
use serde_json::{Value, json};

use crate::fixture::{ALICE, AUTHENTICATE, Ask, FaceFixture, LOGIN, Reply, SESSIONS};

/// Pages of 4 KiB: the schema and the people fit, and little more.
const PAGES_MAX: u32 = 64;

/// NO-FALSE-NO, ENDED-IS-DURABLE: with a full disk a sign-on and an attempt are 503 with `Retry-After`, in the shape of the
/// place; what writes nothing is answered, and every session can still be ended.
#[tokio::test]
async fn a_full_disk_is_said_and_nothing_is_half_done() {
    let fixture = FaceFixture::with_pages(PAGES_MAX).await;
    let mut tokens = Vec::new();
    while let Some(reply) = done(fixture.pair(AUTHENTICATE, ALICE)).await {
        tokens.push(reply.json()["tokenId"].as_str().unwrap().to_owned());
        assert!(tokens.len() < 5000, "the disk never fills");
    }
    while done(fixture.post(AUTHENTICATE)).await.is_some() {}

    let page = fixture.ask("GET", LOGIN).send().await;
    assert_eq!(page.status, 200, "what writes nothing is still answered");

    // An ending is written where its session stands: it finds room when nothing else does.
    for token in &tokens {
        let reply = fixture.action("logout", "3.1").token(token).send().await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        assert!(!fixture.lives(token).await, "what is said to be over is over");
    }
}

/// The answer, if there was room for what was asked.
async fn done(ask: Ask) -> Option<Reply> {
    let reply = ask.send().await;
    if reply.status == 200 {
        return Some(reply);
    }
    unavailable(&reply);
    None
}

fn unavailable(reply: &Reply) {
    assert_eq!(reply.refused(503), "Service Unavailable");
    assert_eq!(reply.header("retry-after"), "1");
    assert!(!reply.text.contains("disk") && !reply.text.contains("SQL"), "the cause is for the log");
}

/// NO-FALSE-NO: whatever is asked while nothing can be read is 503, and no "not live", "not yours" or "nothing found".
#[tokio::test]
async fn who_cannot_read_says_so() {
    let mut fixture = FaceFixture::start().await;
    let (alice, admin) = (fixture.sign_on(ALICE).await, fixture.sign_on_admin().await);
    fixture.with_failing_store().await.fail(Failure::Everything);
    for action in
        ["validate", "getSessionInfo", "getSessionInfoAndResetIdleTime", "refresh", "getSessionProperties"]
    {
        unavailable(&fixture.action(action, "5.1").token(&alice).send().await);
        unavailable(
            &fixture.action(action, "5.1").token(&admin).json(&json!({"tokenId": alice})).send().await,
        );
    }
    for path in ["/am/json/users?_action=idFromSession", "/am/json/users?_action=validateGoto"] {
        unavailable(&fixture.post(path).token(&alice).send().await);
    }
    let query = format!("{SESSIONS}?_queryFilter=realm%20eq%20%22/alpha%22");
    unavailable(&fixture.ask("GET", &query).token(&admin).send().await);
    unavailable(&fixture.ask("GET", "/am/json/serverinfo/version").token(&admin).send().await);
    unavailable(&fixture.post(AUTHENTICATE).token(&alice).send().await);
    unavailable(&fixture.pair(&format!("{AUTHENTICATE}?noSession=true"), ALICE).send().await);
}

/// ENDED-IS-DURABLE: what was not written or is in doubt is 503, never "true"; asked again afterwards, it is done.
#[tokio::test]
async fn what_is_not_sure_is_not_said() {
    let mut fixture = FaceFixture::start().await;
    let store = fixture.with_failing_store().await;
    for failure in [Failure::NotTaken, Failure::LandedInDoubt, Failure::LostInDoubt] {
        store.fail(Failure::None);
        let (alice, admin) = (fixture.sign_on(ALICE).await, fixture.sign_on_admin().await);
        let info = fixture.action("getSessionInfo", "2.0").token(&alice).send().await.json();
        let orders: [(&str, &str, Value); 5] = [
            ("updateSessionProperties", "5.1", json!({"tokenId": alice, "favColor": "x"})),
            ("setProperty", "1.2", json!({"tokenId": alice, "favColor": "x"})),
            ("deleteProperty", "1.2", json!({"tokenId": alice, "properties": ["favColor"]})),
            ("logoutByHandle", "5.1", json!({"sessionHandles": [info["sessionHandle"]]})),
            ("logoutByUser", "5.1", json!({"username": "alice"})),
        ];
        store.fail(failure);
        for (action, version, body) in &orders[..3] {
            unavailable(&fixture.action(action, version).token(&admin).json(body).send().await);
        }
        for (action, version, body) in &orders[3..] {
            store.fail(failure);
            unavailable(&fixture.action(action, version).token(&admin).json(body).send().await);
            store.fail(Failure::None);
            assert_eq!(fixture.action(action, version).token(&admin).json(body).send().await.status, 200);
            assert!(!fixture.lives(&alice).await, "{action} {failure:?}");
        }
    }
}
