//! When the store cannot: 503 and a word about when, never "not live", never "ended".
//!
//! The disk is full; what is in memory can still be read. Contract am.md 0.6 for the shape.

use serde_json::json;

use crate::house::{ALICE, AUTHENTICATE, Ask, House, LOGIN, Reply};

/// Pages of 4 KiB: the schema and the people fit, and little more.
const PAGES_MAX: u32 = 64;

/// NO-FALSE-NO, ENDED-IS-DURABLE: with a full disk a sign-on, an attempt and a sign-off are 503 with `Retry-After`, in
/// the shape of the place; the session that could not be ended lives, and is not said to be over.
#[tokio::test]
async fn a_full_disk_is_said_and_nothing_is_half_done() {
    let house = House::with_pages(PAGES_MAX).await;
    let mut tokens = Vec::new();
    while let Some(reply) = done(house.pair(AUTHENTICATE, ALICE)).await {
        tokens.push(reply.json()["tokenId"].as_str().unwrap().to_owned());
        assert!(tokens.len() < 5000, "the disk never fills");
    }
    while done(house.post(AUTHENTICATE)).await.is_some() {}

    let page = house.ask("GET", LOGIN).send().await;
    assert_eq!(page.status, 200, "what writes nothing is still answered");

    let mut refused = 0;
    for token in &tokens {
        let reply = house.action("logout", "3.1").token(token).send().await;
        if reply.status == 200 {
            assert!(!house.lives(token).await, "what is said to be over is over");
            continue;
        }
        unavailable(&reply);
        assert!(reply.all("set-cookie").is_empty(), "the cookie of a session that lives stays");
        assert!(house.lives(token).await);
        let admin = house.action("logout", "3.1").token(&tokens[tokens.len() - 1]);
        let reply = admin.json(&json!({"tokenId": token})).send().await;
        if reply.status != 200 {
            unavailable(&reply);
        }
        refused += 1;
        if refused == 3 {
            break;
        }
    }
    assert!(refused > 0, "every sign-off found room");
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
