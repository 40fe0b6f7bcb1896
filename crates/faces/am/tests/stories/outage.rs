//! When the store cannot: 503 and a word about when, never "not live", never "ended".
//!
//! The disk is full; what is in memory can still be read. Contract am.md 0.6 for the shape.

use crate::house::{ALICE, AUTHENTICATE, Ask, House, LOGIN, Reply};

/// Pages of 4 KiB: the schema and the people fit, and little more.
const PAGES_MAX: u32 = 64;

/// NO-FALSE-NO, ENDED-IS-DURABLE: with a full disk a sign-on and an attempt are 503 with `Retry-After`, in the shape of the
/// place; what writes nothing is answered, and every session can still be ended.
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

    // An ending is written where its session stands: it finds room when nothing else does.
    for token in &tokens {
        let reply = house.action("logout", "3.1").token(token).send().await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        assert!(!house.lives(token).await, "what is said to be over is over");
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
