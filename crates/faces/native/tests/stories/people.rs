//! Users over the API: made, found, changed, given a password, removed; and what ends because of it.
//!
//! Whether somebody can sign on is asked in Kratos' dialect.

use adieu_testkit::World;
use http::Method;
use serde_json::{Value, json};

use super::{ask, get, is_live, problem, signed_on};

const PASSWORD: &str = "correct-horse-9";

async fn make(world: &World, body: Value) -> Value {
    let path = format!("/v1/realms/{}/users", world.data.realm.id);
    let reply = ask(world, Method::POST, &path, Some(body)).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let user = reply.json();
    assert_eq!(reply.header("location"), format!("/v1/users/{}", user["id"].as_str().expect("an id")));
    user
}

/// Goal: a user who is made here signs on in a dialect; each change does what it says, and ends what it must.
#[tokio::test]
async fn a_user_is_made_changed_and_removed() {
    let world = World::start().await;
    let user =
        make(&world, json!({"username": "Ada", "email": "ada@example.test", "password": PASSWORD})).await;
    let path = format!("/v1/users/{}", user["id"].as_str().unwrap());
    assert_eq!((&user["enabled"], &user["has_password"]), (&json!(true), &json!(true)));
    let (token, _) = signed_on(&world, "ada", PASSWORD).await;

    let change = json!({"username": "Ada L", "email": null, "metadata_admin": {"a": 1}});
    let changed = ask(&world, Method::PATCH, &path, Some(change)).await.json();
    assert_eq!((&changed["username"], &changed["email"]), (&json!("Ada L"), &Value::Null));
    assert_eq!(changed["traits"], json!({"username": "Ada L"}), "traits that repeat names follow them");
    assert!(is_live(&world, &token).await, "a new name ends nothing");

    let change = Some(json!({"enabled": false}));
    assert_eq!(ask(&world, Method::PATCH, &path, change).await.status, 200);
    assert!(!is_live(&world, &token).await);
    ask(&world, Method::PATCH, &path, Some(json!({"enabled": true}))).await;
    assert!(!is_live(&world, &token).await, "ENDED-STAYS-ENDED");

    let (token, _) = signed_on(&world, "ada l", PASSWORD).await;
    assert_eq!(ask(&world, Method::DELETE, &path, None).await.status, 204);
    assert!(!is_live(&world, &token).await);
    assert_eq!(ask(&world, Method::GET, &path, None).await.status, 404);
    assert_eq!(ask(&world, Method::DELETE, &path, None).await.status, 404);
}

/// Goal: a new password ends the sessions that the old one opened, unless that is not wanted.
#[tokio::test]
async fn a_new_password_ends_the_sessions_of_the_old_one() {
    let mut config = adieu_testkit::world::profile_config("main");
    config.passwords.change_ends_sessions = true;
    let world = World::with_config(config).await;
    let user = make(&world, json!({"username": "ada", "password": PASSWORD})).await;
    let path = format!("/v1/users/{}/password", user["id"].as_str().unwrap());
    let (token, _) = signed_on(&world, "ada", PASSWORD).await;
    let gentle = json!({"password": "battery-staple-1", "end_sessions": false});
    assert_eq!(ask(&world, Method::PUT, &path, Some(gentle)).await.status, 204);
    assert!(is_live(&world, &token).await);
    let reply = ask(&world, Method::PUT, &path, Some(json!({"password": "battery-staple-2"}))).await;
    assert_eq!(reply.status, 204);
    assert!(!is_live(&world, &token).await);
    signed_on(&world, "ada", "battery-staple-2").await;
    let short = ask(&world, Method::PUT, &path, Some(json!({"password": "short"}))).await;
    assert_eq!(problem(&short), (422, "invalid".into()));
}

/// Goal: pages of users cover each once; a name finds one in any letter case.
#[tokio::test]
async fn users_are_found_by_page_and_by_name() {
    let world = World::start().await;
    let list = format!("/v1/realms/{}/users", world.data.realm.id);
    let all = get(&world, &list).await["items"].as_array().unwrap().clone();
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = get(&world, &format!("{list}?limit=1{next}")).await;
        seen.extend(page["items"].as_array().unwrap().clone());
        let Some(cursor) = page["next"].as_str() else { break };
        next = format!("&after={cursor}");
    }
    assert_eq!(seen, all);
    let found = get(&world, &format!("{list}?name=ALICE@example.test")).await;
    assert_eq!(found["items"][0]["username"], "alice");
    assert_eq!(get(&world, &format!("{list}?name=nobody")).await["items"], json!([]));
}

/// Goal: what can't be is refused with the member that is wrong, and a refused value is not repeated.
#[tokio::test]
async fn a_user_who_can_not_be_is_refused() {
    let world = World::start().await;
    let path = format!("/v1/realms/{}/users", world.data.realm.id);
    let (realm, people) = (world.data.realm.id.to_string(), world.data.population.id.to_string());
    let nowhere = "00000000-0000-4000-8000-000000000000";
    for (body, expect) in [
        (json!({"username": "ALICE"}), (409, "name-taken")),
        (json!({"username": ""}), (422, "invalid")),
        (json!({"username": "a\nb"}), (422, "invalid")),
        (json!({"email": "a@example.test"}), (422, "invalid")),
        (json!({"username": "x", "password": "hunter2"}), (422, "invalid")),
        (json!({"username": "x", "password": ["hunter2hunter2"]}), (422, "invalid")),
        (json!({"username": "x", "password_hash": "hunter2"}), (422, "invalid")),
        (json!({"username": "x", "population": nowhere}), (422, "invalid")),
        (json!({"username": "x", "roles": [{"role": "realm_admin", "realm": nowhere}]}), (422, "invalid")),
        (json!({"username": "x", "roles": [{"role": "king", "realm": realm}]}), (422, "invalid")),
        (
            json!({"username": "x", "roles": [{"role": "realm_admin", "population": people}]}),
            (422, "invalid"),
        ),
        (json!({"username": "x", "roles": [["realm_admin", realm]]}), (422, "invalid")),
        (json!({"username": "x", "traits": "hunter2"}), (422, "invalid")),
        (json!({"username": "x", "admin": true}), (422, "invalid")),
    ] {
        let reply = ask(&world, Method::POST, &path, Some(body.clone())).await;
        let (status, kind) = problem(&reply);
        assert_eq!((status, kind.as_str()), expect, "{body}");
        assert!(!reply.text.contains("hunter2"), "{}", reply.text);
    }
}

/// Goal: users are found by a part of their name or address, in any letter case, a page at a time.
#[tokio::test]
async fn users_are_found_by_a_part_of_their_name() {
    let world = World::start().await;
    let list = format!("/v1/realms/{}/users", world.data.realm.id);
    for n in 0..5 {
        let new = json!({"username": format!("Needle-{n}"), "email": format!("n{n}@hay.test")});
        assert_eq!(ask(&world, Method::POST, &list, Some(new)).await.status, 201);
    }
    let found = async |query: &str| get(&world, &format!("{list}?{query}")).await;
    let names = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().expect("users");
        items.iter().map(|user| user["username"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(names(&found("contains=NEEDLE").await).len(), 5);
    assert_eq!(names(&found("contains=3%40hay").await), ["Needle-3"]);
    assert!(names(&found("contains=nobody").await).is_empty());
    let empty = ask(&world, Method::GET, &format!("{list}?contains="), None).await;
    assert_eq!(problem(&empty), (400, "malformed".into()));
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = found(&format!("contains=needle&limit=2{after}")).await;
        seen.extend(names(&page));
        assert!(names(&page).len() <= 2);
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    seen.sort();
    assert_eq!(seen, ["Needle-0", "Needle-1", "Needle-2", "Needle-3", "Needle-4"]);
}

/// Goal: whoever has lost the second factor gets in by the password again on an administrator's word.
#[tokio::test]
async fn an_administrator_takes_a_lost_factor_away() {
    let world = World::start().await;
    let (_, session) = signed_on(&world, "alice", "Rabbit-hole-11").await;
    let session = session.parse().expect("an id");
    let set = world.authority().draw_code_set();
    let done = world.authority().confirm_recovery_codes(session, set, true).await;
    done.expect("a live session");
    let path = format!("/v1/users/{}/recovery-codes", world.data.alice.id);
    let dropped = ask(&world, Method::DELETE, &format!("{path}?reason=lost"), None).await;
    assert_eq!(dropped.status, 204, "{}", dropped.text);
    let user = world.authority().user(world.data.alice.id).await.expect("read").expect("alice");
    assert!(user.recovery_codes.is_none());
    let unknown =
        ask(&world, Method::DELETE, "/v1/users/00000000-0000-4000-8000-000000000001/recovery-codes", None);
    assert_eq!(problem(&unknown.await), (404, "not-found".into()));
}

/// Goal: F-53, one user has one name and one address in all dialects: traits that name somebody else are refused, by the member's
/// name, however the record comes.
#[tokio::test]
async fn traits_that_name_somebody_else_are_refused() {
    let world = World::start().await;
    let people = format!("/v1/realms/{}/users", world.data.realm.id);
    let traits = json!({"username": "ada", "email": "ada@victim.example"});
    for (traits, member) in
        [(traits.clone(), "traits.username"), (json!({"email": "ada@victim.example"}), "traits.email")]
    {
        for email in [json!("mm1@example.com"), Value::Null] {
            let body = json!({"username": "mm1", "email": email, "traits": traits});
            let refused = ask(&world, Method::POST, &people, Some(body)).await;
            let (status, detail) = (refused.status.as_u16(), refused.json()["detail"].to_string());
            assert!(status == 422 && detail.contains(member), "{}", refused.text);
        }
    }
    let user = make(&world, json!({"username": "Mm1", "traits": {"username": "mm1", "name": "M"}})).await;
    let path = format!("/v1/users/{}", user["id"].as_str().unwrap());
    assert_eq!(ask(&world, Method::PATCH, &path, Some(json!({"traits": traits}))).await.status, 422);
    let both = json!({"username": "mm2", "traits": {"username": "mm1"}});
    assert_eq!(ask(&world, Method::PATCH, &path, Some(both)).await.status, 422);
    let renamed = ask(&world, Method::PATCH, &path, Some(json!({"username": "mm2"}))).await;
    assert_eq!(renamed.json()["traits"], json!({"username": "mm2", "name": "M"}));
    let document =
        format!("[[realms]]\npath = '/alpha'\n[[realms.users]]\nusername = 'mm3'\ntraits = '{traits}'\n");
    let order = json!({"document": document, "dry_run": true});
    let refused = ask(&world, Method::POST, "/v1/declaration", Some(order)).await;
    assert!(
        refused.status.is_client_error() && refused.text.contains("traits name another"),
        "{}",
        refused.text
    );
}
