//! Sessions as the API lists them: newest first, a page at a time, with what became of them.
//!
//! Time passes only where a story lets it.

use adieu_testkit::World;
use http::Method;
use serde_json::{Value, json};

use super::{alice, ask, end, get, problem};

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().expect("items");
    items.iter().map(|one| one["id"].as_str().expect("an id").to_owned()).collect()
}

/// Goal: pages of a realm and of a user cover every session once, newest first, whatever ends meanwhile.
#[tokio::test]
async fn pages_cover_every_session_once() {
    let world = World::start().await;
    let mut opened = Vec::new();
    for _ in 0..7 {
        opened.insert(0, alice(&world).await.1);
        world.wait_s(1);
    }
    let of_realm = format!("/v1/realms/{}/sessions", world.data.realm.id);
    let of_user = format!("/v1/users/{}/sessions", world.data.alice.id);
    for list in [of_realm, of_user] {
        let (mut seen, mut next) = (Vec::new(), String::new());
        loop {
            let page = get(&world, &format!("{list}?limit=3{next}")).await;
            assert!(page["items"].as_array().is_some_and(|items| items.len() <= 3));
            seen.extend(ids(&page));
            let Some(cursor) = page["next"].as_str() else { break };
            next = format!("&after={cursor}");
        }
        assert_eq!(seen, opened, "{list}");
        end(&world, json!({"session": opened[0]})).await;
        assert_eq!(ids(&get(&world, &format!("{list}?live=true")).await), opened[1..]);
        assert_eq!(ids(&get(&world, &format!("{list}?live=false")).await), opened[..1]);
    }
}

/// Goal: a session shows whose it is, how it came about and what became of it, but no property and no secret.
#[tokio::test]
async fn a_session_shows_what_became_of_it() {
    let world = World::start().await;
    let (token, id) = alice(&world).await;
    let path = format!("/v1/sessions/{id}");
    let shown = get(&world, &path).await;
    assert_eq!((&shown["state"], &shown["user"]["username"]), (&json!("live"), &json!("alice")));
    assert_eq!((&shown["channel"], &shown["methods"][0]["name"]), (&json!("kratos"), &json!("password")));
    assert!(shown.get("properties").is_none() && !shown.to_string().contains(&token[44..]));
    world.wait_s(25 * 3600);
    let shown = get(&world, &path).await;
    assert_eq!((&shown["state"], &shown["ending"]["cause"]), (&json!("ended"), &json!("expired")));
    for path in ["/v1/sessions/x", "/v1/sessions/00000000-0000-4000-8000-000000000000"] {
        assert_eq!(problem(&ask(&world, Method::GET, path, None).await), (404, "not-found".into()));
    }
}
