//! Endings that were: by the id that an answer named, and in a list by time, with filters.
//!
//! Every answer is held against the document.

use adieu_testkit::World;
use adieu_testkit::failing::Failure;
use http::Method;
use serde_json::{Value, json};

use super::{alice, ask, end, get, problem, signed_on};

async fn listed(world: &World, query: &str) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = get(world, &format!("/v1/endings?limit=2{query}{after}")).await;
        let mut items = page["items"].as_array().expect("items").clone();
        for item in &mut items {
            let notices =
                item.as_object_mut().and_then(|item| item.shift_remove("notices")).expect("notices");
            assert!(notices["counts"]["pending"].is_u64() && notices["receipts"].is_null(), "{notices}");
        }
        all.extend(items);
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return all,
        }
    }
}

fn ids(endings: &[Value]) -> Vec<&str> {
    endings.iter().map(|one| one["id"].as_str().expect("an id")).collect()
}

/// Goal: what was ended is found by the id that the answer named, in its body and its header: how, whom, what; over a crash, and
/// in the order of time.
#[tokio::test]
async fn an_ending_is_found_by_its_id_and_in_the_list() {
    let mut world = World::start().await;
    let (_, one) = alice(&world).await;
    let (_, two) = alice(&world).await;
    let (user, realm) = (world.data.alice.id.to_string(), world.data.realm.id.to_string());
    let client = world.data.app.id.to_string();
    let mut given = Vec::new();
    for (order, reach) in [
        (json!({"session": one, "reason": "A laptop was stolen"}), "session"),
        (json!({"user": user, "except": two}), "user"),
        (json!({"client": client}), "client"),
        (json!({"realm": realm}), "realm"),
        (json!({"user": user, "grants": true}), "total"),
    ] {
        let reply = end(&world, order).await;
        let (answer, told) = (reply.json(), reply.header("adieu-ending").to_owned());
        assert_eq!(answer["id"], told.as_str(), "{answer}");
        let mut found = get(&world, &format!("/v1/endings/{told}")).await;
        let notices = found.as_object_mut().and_then(|found| found.shift_remove("notices")).expect("notices");
        assert_eq!((&notices["complete"], &notices["receipts"]), (&json!(false), &json!([])));
        assert_eq!((&found["reach"], &found["ending"]), (&json!(reach), &answer["ending"]));
        for member in ["session", "client"] {
            assert_eq!(found[member], answer[member], "{reach}");
        }
        assert_eq!(found["realm"], json!(realm));
        assert_eq!(found["user"], if reach == "realm" { Value::Null } else { answer["user"].clone() });
        assert_eq!(found["spared"], if reach == "user" { json!(two) } else { Value::Null });
        given.push(found);
        world.wait_s(60);
    }
    given.reverse();
    let again = end(&world, json!({"session": one})).await;
    assert_eq!((&again.json()["id"], again.header("adieu-ending")), (&Value::Null, ""), "it was over");
    world.crash_and_restart().await;
    assert_eq!(listed(&world, "").await, given);
    let page = get(&world, "/v1/endings?limit=1").await;
    assert_eq!(page["looked_back_to"], given[0]["written_at"]);
    for unknown in ["x", &one, "00000000-0000-4000-8000-000000000000"] {
        let reply = ask(&world, Method::GET, &format!("/v1/endings/{unknown}"), None).await;
        assert_eq!(problem(&reply), (404, "not-found".into()), "{unknown}");
    }
}

/// Goal: a list shows what its filters name, all of them together, and what no filter can mean is refused.
#[tokio::test]
async fn a_list_shows_what_its_filters_name() {
    let world = World::start().await;
    let (_, hers) = alice(&world).await;
    let (token, _) = signed_on(&world, "bob", "Builder-tools-22").await;
    let (alice, bob) = (world.data.alice.id.to_string(), world.data.bob.id.to_string());
    let one = end(&world, json!({"session": hers})).await.header("adieu-ending").to_owned();
    world.wait_s(3600);
    let signed_off =
        world.delete("/self-service/logout/api").json(&json!({"session_token": token})).send().await;
    let two = signed_off.header("adieu-ending").to_owned();
    let removed = ask(&world, Method::DELETE, &format!("/v1/users/{bob}"), None).await;
    let three = removed.header("adieu-ending").to_owned();
    let second = get(&world, &format!("/v1/endings/{two}")).await;
    assert_eq!((&second["reach"], &second["user"]), (&json!("forgotten_session"), &Value::Null));
    let third = get(&world, &format!("/v1/endings/{three}")).await;
    let since = third["written_at"].as_str().expect("a time");
    for (query, expect) in [
        (String::new(), vec![&three, &two, &one]),
        (format!("&user={alice}"), vec![&one]),
        (format!("&user={bob}"), vec![&three]),
        (format!("&realm={}", world.data.realm.id), vec![&three, &two, &one]),
        ("&cause=sign_off".into(), vec![&two]),
        ("&actor=operator".into(), vec![&three, &one]),
        (format!("&actor=user:{bob}"), vec![&two]),
        ("&actor=operator&cause=user_removed".into(), vec![&three]),
        (format!("&since={since}"), vec![&three, &two]),
        (format!("&until={since}"), vec![&one]),
        (format!("&user={bob}&until={since}"), vec![]),
        ("&state=pending".into(), vec![&three, &two, &one]), // Their notices are still to be made.
        ("&state=pending,refused&cause=sign_off".into(), vec![&two]),
        ("&state=confirmed".into(), vec![]),
        ("&client=nobodys".into(), vec![]),
    ] {
        assert_eq!(ids(&listed(&world, &query).await), expect, "{query}");
    }
    for query in [
        "user=x",
        "realm=",
        "cause=boredom",
        "actor=nobody",
        "actor=user:x",
        "state=told",
        "state=pending,",
        "since=yesterday",
        "until=2026-11-29",
        "after=x",
        "session=x",
        "cause=idle&cause=idle",
    ] {
        let reply = ask(&world, Method::GET, &format!("/v1/endings?{query}"), None).await;
        assert_eq!(problem(&reply), (400, "malformed".into()), "{query}");
    }
}

/// Goal: NO-FALSE-NO: while the store cannot be read, the answer is never that there was no such ending.
#[tokio::test]
async fn an_ending_that_can_not_be_read_is_not_denied() {
    let mut world = World::start().await;
    let (_, id) = alice(&world).await;
    let ending = end(&world, json!({"session": id})).await.header("adieu-ending").to_owned();
    world.with_failing_store().await.fail(Failure::Everything);
    for path in [format!("/v1/endings/{ending}"), "/v1/endings".into()] {
        let reply = ask(&world, Method::GET, &path, None).await;
        assert_eq!(problem(&reply), (503, "cannot-tell".into()), "{path}");
    }
}
