//! Endings over the API: each target, now and before, in every dialect, over a crash, and with keys.
//!
//! Each story asks in another dialect whether the session is live.

use adieu_authority::{EndTarget, Reason, Span};
use adieu_testkit::World;
use adieu_testkit::failing::Failure;
use http::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{alice, ask, ask_with, end, get, is_live, problem, signed_on};

/// Goal: ENDED-IS-DURABLE, ONE-SESSION: a session ended here is ended in every dialect and outlives a crash; ending it
/// again says that it was over before.
#[tokio::test]
async fn a_session_ends_everywhere_and_for_good() {
    let mut world = World::start().await;
    let (token, id) = alice(&world).await;

    let reply = end(&world, json!({"session": id, "reason": "A laptop was stolen"})).await;

    let answer = reply.json();
    assert_eq!((reply.status.as_u16(), &answer["ended"]), (200, &json!("now")), "{}", reply.text);
    assert_eq!(answer["user"], world.data.alice.id.to_string());
    assert_eq!(
        (&answer["session"], &answer["ending"]["reason"]),
        (&json!(id), &json!("A laptop was stolen"))
    );
    for _ in 0..2 {
        assert!(!is_live(&world, &token).await);
        let check = world.get("/ui/check").bearer(&token).send().await;
        assert_eq!(check.status, 401);
        let shown = get(&world, &format!("/v1/sessions/{id}")).await;
        assert_eq!((&shown["state"], &shown["ending"]), (&json!("ended"), &answer["ending"]));
        assert_eq!(shown["ending"]["actor"], json!({"kind": "operator", "id": null}));
        let again = end(&world, json!({"session": id, "reason": "A repetition"})).await;
        let again = again.json();
        assert_eq!((&again["ended"], &again["ending"]), (&json!("before"), &answer["ending"]));
        world.crash_and_restart().await;
    }
}

/// Goal: each target reaches what it names and nothing else.
#[tokio::test]
async fn a_target_reaches_what_it_names() {
    let world = World::start().await;
    let (one, one_id) = alice(&world).await;
    let (two, _) = alice(&world).await;
    let (bobs, _) = signed_on(&world, "bob", "Builder-tools-22").await;
    let user = world.data.alice.id.to_string();

    let reply = end(&world, json!({"user": user, "except": one_id})).await;
    assert_eq!(reply.json()["ended"], "now");
    assert_eq!((is_live(&world, &one).await, is_live(&world, &two).await), (true, false));

    end(&world, json!({"user": user})).await;
    assert_eq!((is_live(&world, &one).await, is_live(&world, &bobs).await), (false, true));

    let client = world.data.app.id.to_string();
    let reply = end(&world, json!({"client": client})).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["client"]), (200, &json!(client)));
    assert!(is_live(&world, &bobs).await, "a client's tokens end, no session");

    end(&world, json!({"realm": world.data.realm.id.to_string()})).await;
    assert!(!is_live(&world, &bobs).await);
}

/// Goal: what names nothing, or too much, ends nothing and says why.
#[tokio::test]
async fn an_order_that_means_nothing_ends_nothing() {
    let world = World::start().await;
    let (token, id) = alice(&world).await;
    let (alice, bob) = (world.data.alice.id.to_string(), world.data.bob.id.to_string());
    let nobody = "00000000-0000-4000-8000-000000000000";
    for (order, expect) in [
        (json!({}), (422, "invalid")),
        (json!({"session": id, "user": alice}), (422, "invalid")),
        (json!({"session": id, "except": id}), (422, "invalid")),
        (json!({"session": id, "grants": true}), (422, "invalid")),
        (json!({"user": bob, "except": id, "grants": true}), (422, "invalid")),
        (json!({"session": "x"}), (422, "invalid")),
        (json!({"session": null}), (422, "invalid")),
        (json!({"session": id, "because": "x"}), (422, "invalid")),
        (json!({"session": id, "reason": "x".repeat(257)}), (422, "invalid")),
        (json!({"session": id, "reason": " "}), (422, "invalid")),
        (json!({"session": id, "reason": "two\nlines"}), (422, "invalid")),
        (json!({"user": bob, "except": id}), (422, "invalid")),
        (json!([id]), (422, "invalid")),
        (json!({"session": nobody}), (404, "not-found")),
        (json!({"user": nobody}), (404, "not-found")),
        (json!({"realm": nobody}), (404, "not-found")),
        (json!({"client": "nobody"}), (404, "not-found")),
    ] {
        let reply = end(&world, order.clone()).await;
        let (status, kind) = problem(&reply);
        assert_eq!((status, kind.as_str()), expect, "{order}");
    }
    assert!(is_live(&world, &token).await);
}

/// Goal: a repetition with the same key gets the same answer and ends nothing that began since; for a day, over a crash.
#[tokio::test]
async fn a_key_makes_a_repetition_harmless() {
    let mut world = World::start().await;
    let user = world.data.alice.id.to_string();
    let order = || Some(json!({"user": user}));
    let key = [("idempotency-key", "case 4711")];
    alice(&world).await;
    let first = ask_with(&world, Method::POST, "/v1/endings", order(), &key).await;
    assert_eq!(first.json()["ended"], "now");
    let (since, _) = alice(&world).await;
    world.wait_s(5);

    let spelled_otherwise = Some(json!({"user": user.to_uppercase()}));
    for body in [order(), spelled_otherwise] {
        let again = ask_with(&world, Method::POST, "/v1/endings", body, &key).await;
        assert_eq!(again.text, first.text);
        world.crash_and_restart().await;
    }
    assert!(is_live(&world, &since).await);
    let other = Some(json!({"user": world.data.bob.id.to_string()}));
    let refused = ask_with(&world, Method::POST, "/v1/endings", other, &key).await;
    assert_eq!(problem(&refused), (422, "key-reused".into()));

    world.wait_s(24 * 3600 + 1);
    ask_with(&world, Method::POST, "/v1/endings", order(), &key).await;
    assert!(!is_live(&world, &since).await, "a day later the key is a new one");
}

/// Goal: of two that come at once with the same key, one ends and both get its answer.
#[tokio::test]
async fn repetitions_that_come_at_once_take_turns() {
    let world = World::start().await;
    let (_, id) = alice(&world).await;
    let key = [("idempotency-key", "at-once")];
    let order = || Some(json!({"session": id}));
    let ask = || ask_with(&world, Method::POST, "/v1/endings", order(), &key);
    let (one, two) = tokio::join!(ask(), ask());
    assert_eq!((&one.json()["ended"], &one.text), (&json!("now"), &two.text));
    for bad in ["", &"x".repeat(256)] {
        let key = [("idempotency-key", bad)];
        let reply = ask_with(&world, Method::POST, "/v1/endings", order(), &key).await;
        assert_eq!(problem(&reply), (400, "malformed".into()));
    }
}

/// Goal: NO-FALSE-NO, ENDED-IS-DURABLE: an ending that is not confirmed is neither done nor not done; one that was not
/// taken says so.
#[tokio::test]
async fn a_store_that_fails_is_said_to_fail() {
    let mut world = World::start().await;
    let (_, id) = alice(&world).await;
    let store = world.with_failing_store().await;
    for (failure, expect) in [
        (Failure::NotTaken, "not-taken"),
        (Failure::LostInDoubt, "in-doubt"),
        (Failure::LandedInDoubt, "in-doubt"),
        (Failure::Everything, "cannot-tell"),
    ] {
        store.fail(failure);
        let reply = end(&world, json!({"session": id})).await;
        assert_eq!((problem(&reply), reply.header("retry-after")), ((503, expect.into()), "1"));
    }
    store.fail(Failure::None);
    let again = end(&world, json!({"session": id})).await;
    assert_eq!(again.json()["ended"], "before", "one of the two in doubt had landed");
}

/// Goal: of two nodes that get the same key one ends; the other one says "later again" and nothing ends twice. A node that
/// dies in between frees the key.
/// Method: the record of the key is as another node has written it when it began.
#[tokio::test]
async fn a_key_that_another_node_has_taken_waits_for_it() {
    let world = World::start().await;
    let (token, id) = alice(&world).await;
    let target = EndTarget::One(id.parse().expect("a session id"));
    let meaning = format!("{target:?} {:?}", None::<Reason>);
    let hash = Sha256::digest(b"native-ending\0elsewhere");
    let name: [u8; 16] = hash[..16].try_into().expect("16 bytes");
    let root = world.authority().root_realm().await.expect("read").expect("the root").id;
    let body = json!({"meaning": meaning}).to_string().into_bytes();
    let taken = world.authority().create_flow(name, "native-ending", root, Span::from_s(30), body).await;
    assert!(taken.expect("written"));
    let key = [("idempotency-key", "elsewhere")];
    let ask =
        async || ask_with(&world, Method::POST, "/v1/endings", Some(json!({"session": id})), &key).await;
    let reply = ask().await;
    assert_eq!((problem(&reply), reply.header("retry-after").is_empty()), ((503, "not-taken".into()), false));
    assert!(is_live(&world, &token).await);
    world.wait_s(31);
    assert_eq!(ask().await.json()["ended"], "now");
    assert!(!is_live(&world, &token).await);
}

/// Goal: whoever is about to end many sees how many first, and nothing has ended by that.
#[tokio::test]
async fn a_dry_run_counts_and_ends_nothing() {
    let world = World::start().await;
    let first = world.sign_on_kratos("alice", "Rabbit-hole-11").await;
    let second = world.sign_on_kratos("alice", "Rabbit-hole-11").await;
    let session = adieu_authority::SessionToken::parse(&first).expect("a token").id.to_string();
    let (user, realm) = (world.data.alice.id.to_string(), world.data.realm.id.to_string());
    let would_end = async |mut order: Value| {
        order["dry_run"] = true.into();
        let shown = ask(&world, Method::POST, "/v1/endings", Some(order)).await.json();
        assert_eq!((&shown["ended"], &shown["ending"]), (&json!("not"), &Value::Null));
        shown["would_end"].clone()
    };
    let of = |live: Option<u64>| json!({"live_sessions": live, "more": false});
    assert_eq!(would_end(json!({"session": session})).await, of(Some(1)));
    assert_eq!(would_end(json!({"user": user})).await, of(Some(2)));
    assert_eq!(would_end(json!({"user": user, "except": session})).await, of(Some(1)));
    assert_eq!(would_end(json!({"realm": realm})).await, of(Some(2)));
    assert_eq!(would_end(json!({"client": world.data.app.id.to_string()})).await, of(None));
    let unknown =
        ask(&world, Method::POST, "/v1/endings", Some(json!({"realm": user, "dry_run": true}))).await;
    assert_eq!(problem(&unknown), (404, "not-found".into()));
    for token in [first, second] {
        assert_eq!(world.get("/sessions/whoami").header("x-session-token", &token).send().await.status, 200);
    }
}

/// Goal: the answer to an ending says how many live sessions ended by it, and no more than those.
#[tokio::test]
async fn an_ending_says_how_many_live_sessions_it_ended() {
    let world = World::start().await;
    let first = world.sign_on_kratos("alice", "Rabbit-hole-11").await;
    for _ in 0..2 {
        world.sign_on_kratos("alice", "Rabbit-hole-11").await;
    }
    let session = adieu_authority::SessionToken::parse(&first).expect("a token").id.to_string();
    let (user, realm) = (world.data.alice.id.to_string(), world.data.realm.id.to_string());
    let did_end = async |order: Value| {
        ask(&world, Method::POST, "/v1/endings", Some(order)).await.json()["did_end"].clone()
    };
    let of = |live: u32| json!({"live_sessions": live, "more": false});
    assert_eq!(did_end(json!({"session": session})).await, of(1));
    assert_eq!(did_end(json!({"session": session})).await, Value::Null, "it was over before");
    assert_eq!(did_end(json!({"user": user})).await, of(2));
    assert_eq!(did_end(json!({"user": user})).await, of(0));
    assert_eq!(did_end(json!({"realm": realm})).await, Value::Null, "these are not counted");
}
