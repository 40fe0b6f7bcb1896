//! Users over HTTP: made, found, changed, disabled, deleted, and their passwords.
//!
//! Contract pingone.md 4.2; P-61.

use serde_json::{Value, json};

use super::{NOBODY, Office, id, own};
use crate::fixture::{ALICE, BOB};

const SET: &str = "application/vnd.pingidentity.password.set+json";
const SET_VALUE: &str = "application/vnd.pingidentity.password.setValue+json";
const IMPORT: &str = "application/vnd.pingidentity.user.import+json";

fn dora() -> Value {
    json!({
        "username": "dora", "email": "dora@example.test", "name": {"given": "Dora", "family": "Explorer"},
        "nickname": "D", "unknown": 1,
    })
}

/// A user is made with what is needed, read, replaced, patched and deleted.
#[tokio::test]
async fn a_user_is_made_changed_and_deleted() {
    let office = Office::open().await;
    let made = office.create("users", dora()).await;
    assert_eq!(
        (&made["username"], &made["email"], &made["enabled"], &made["population"]["id"]),
        (
            &"dora".into(),
            &"dora@example.test".into(),
            &true.into(),
            &office.fixture.world.data.population.id.to_string().into()
        )
    );
    assert_eq!(made["account"], json!({"canAuthenticate": true, "status": "OK"}));
    assert_eq!(
        (&made["lifecycle"]["status"], &made["name"]["given"]),
        (&"ACCOUNT_OK".into(), &"Dora".into())
    );
    assert_eq!(made["createdAt"], "2026-11-20T09:14:07.312Z");
    assert!(made.get("unknown").is_none());
    let path = own(&made);
    let patched =
        office.send("PATCH", &path, json!({"name": {"family": null, "middle": "T"}, "nickname": null})).await;
    assert_eq!(patched.json()["name"], json!({"given": "Dora", "middle": "T"}));
    assert!(patched.json().get("nickname").is_none());
    assert_eq!(patched.json()["email"], "dora@example.test");
    let replaced =
        office.send("PUT", &path, json!({"username": "Theodora", "email": "t@example.test"})).await.json();
    assert_eq!((&replaced["username"], replaced.get("name")), (&"Theodora".into(), None));
    let moved = json!({"population": {"id": office.fixture.world.data.guests.id.to_string()}});
    let moved = office.send("PATCH", &path, moved).await.json();
    assert_eq!(moved["population"]["id"], office.fixture.world.data.guests.id.to_string());
    office.delete(&path).await;
    office.ask("DELETE", &path).send().await.assert_error(404, "NOT_FOUND", None);
}

#[tokio::test]
async fn bad_users_are_told_what_is_wrong() {
    let office = Office::open().await;
    let without = |name: &str| {
        let mut dora = dora();
        dora.as_object_mut().expect("an object").remove(name);
        dora
    };
    let with = |name: &str, value: Value| {
        let mut dora = dora();
        dora[name] = value;
        dora
    };
    for (body, code, target) in [
        (without("username"), "REQUIRED_VALUE", "username"),
        (without("email"), "REQUIRED_VALUE", "email"),
        (with("username", json!("Alice")), "UNIQUENESS_VIOLATION", "username"),
        (with("username", json!("x".repeat(256))), "INVALID_VALUE", "username"),
        (with("email", json!("nowhere")), "INVALID_VALUE", "email"),
        (with("email", json!(1)), "INVALID_VALUE", "email"),
        (with("name", json!([1])), "INVALID_VALUE", "user"),
        (with("population", json!({"id": NOBODY})), "INVALID_VALUE", "population"),
        (with("enabled", json!("yes")), "INVALID_VALUE", "enabled"),
    ] {
        office.refused("POST", "users", body, code, target).await;
    }
    let raw = office.ask("POST", "users").header("content-type", "application/json");
    raw.body("{").send().await.assert_error(400, "INVALID_REQUEST", None);
    let typed = office.ask("POST", "users").header("content-type", "text/plain").body("{}").send().await;
    typed.assert_error(415, "INVALID_REQUEST", None);
    let alice = office.fixture.world.data.alice.id;
    office
        .refused(
            "PATCH",
            &format!("users/{alice}"),
            json!({"username": "bob"}),
            "UNIQUENESS_VIOLATION",
            "username",
        )
        .await;
    office
        .refused("PUT", &format!("users/{alice}"), json!({"username": "alice"}), "REQUIRED_VALUE", "email")
        .await;
    for photo in [json!({"href": "javascript:alert(1)"}), json!("data:text/html,x")] {
        let body = json!({"photo": photo});
        office.refused("PATCH", &format!("users/{alice}"), body, "INVALID_VALUE", "photo").await;
    }
    office.ask("GET", &format!("users/{NOBODY}")).send().await.assert_error(404, "NOT_FOUND", None);
}

/// A password is set, taken away and given at import; it ends no session by itself (Q-21).
#[tokio::test]
async fn passwords_are_set_and_taken_away() {
    let office = Office::open().await;
    let alice = office.fixture.world.data.alice.id;
    let held = office.fixture.sign_on(ALICE).await;
    let path = format!("users/{alice}/password");
    let put = async |kind: &str, body: Value| {
        office.ask("PUT", &path).header("content-type", kind).body(body.to_string()).send().await
    };
    let reply = put(SET, json!({"value": "Looking-glass-12", "forceChange": false})).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["status"]), (200, &"OK".into()), "{}", reply.text);
    office.fixture.assert_live(&held).await;
    office.fixture.sign_on(("alice", "Looking-glass-12")).await;
    let flow = office.fixture.flow(&office.fixture.shop(), &[]).await;
    assert_eq!(office.fixture.check(&flow, ALICE).send().await.status, 400);
    put(SET, json!({})).await.assert_error(400, "INVALID_DATA", Some(("REQUIRED_VALUE", Some("value"))));
    put(SET, json!({"value": "Xxxxxxx1", "forceChange": true})).await.assert_error(
        400,
        "INVALID_DATA",
        Some(("INVALID_VALUE", Some("forceChange"))),
    );
    let bypassing = json!({"value": "Xxxxxxx1", "bypassPolicy": true});
    put(SET, bypassing.clone()).await.assert_error(
        400,
        "INVALID_DATA",
        Some(("INVALID_VALUE", Some("bypassPolicy"))),
    );
    for method in ["PUT", "PATCH"] {
        let mut user = dora();
        user["password"] = bypassing.clone();
        office.refused(method, &format!("users/{alice}"), user, "INVALID_VALUE", "password").await;
    }
    put(SET, json!({"value": "x".repeat(1025)})).await.assert_error(
        400,
        "INVALID_DATA",
        Some(("INVALID_VALUE", Some("value"))),
    );
    put("application/json", json!({"value": "x"})).await.assert_error(415, "INVALID_REQUEST", None);
    assert_eq!(put(SET_VALUE, json!({})).await.json()["status"], "NO_PASSWORD");
    assert_eq!(office.read(&path).await["status"], "NO_PASSWORD");
    let flow = office.fixture.flow(&office.fixture.shop(), &[]).await;
    assert_eq!(office.fixture.check(&flow, ("alice", "Looking-glass-12")).send().await.status, 400);
    let mut imported = dora();
    imported["password"] = json!({"value": "Explorer-map-3"});
    let import = office.ask("POST", "users").header("content-type", IMPORT).body(imported.to_string());
    assert_eq!(import.send().await.status, 201);
    office.fixture.sign_on(("dora", "Explorer-map-3")).await;
}

/// P-61: one request disables or deletes a user, and all sessions of theirs are over when it is answered, for good.
#[tokio::test]
async fn a_user_who_is_disabled_or_deleted_has_no_session() {
    let mut office = Office::open().await;
    let alice = office.fixture.world.data.alice.id;
    let path = format!("users/{alice}");
    let (one, two) = (office.fixture.sign_on(ALICE).await, office.fixture.sign_on(ALICE).await);
    let bob = office.fixture.sign_on(BOB).await;
    let enable = async |office: &Office, enabled: bool| {
        let reply = office.send("PUT", &format!("{path}/enabled"), json!({"enabled": enabled})).await;
        assert_eq!((reply.status.as_u16(), reply.json()), (200, json!({"enabled": enabled})));
    };
    enable(&office, false).await;
    office.fixture.assert_ended(&one).await;
    office.fixture.crash_and_restart().await;
    assert_eq!(office.read(&format!("{path}/enabled")).await, json!({"enabled": false}));
    assert_eq!(office.read(&path).await["account"]["canAuthenticate"], false);
    let flow = office.fixture.flow(&office.fixture.shop(), &[]).await;
    let refused = office.fixture.check(&flow, ALICE).send().await;
    refused.assert_error(400, "REQUEST_FAILED", Some(("ACCOUNT_NOT_USABLE", None)));
    enable(&office, true).await;
    for held in [&one, &two] {
        office.fixture.assert_ended(held).await;
    }
    let again = office.fixture.sign_on(ALICE).await;
    office.delete(&path).await;
    office.fixture.assert_ended(&again).await;
    office.ask("GET", &format!("{path}/sessions")).send().await.assert_error(404, "NOT_FOUND", None);
    office.fixture.assert_live(&bob).await;
}

/// Lists of users: filtered, paged by following `next`, bounded.
#[tokio::test]
async fn users_are_found_by_filter_and_page() {
    let office = Office::open().await;
    for n in 0..7 {
        let body = json!({"username": format!("page-{n}"), "email": format!("p{n}@example.test"),
            "name": {"family": if n < 3 { "Low" } else { "High" }}});
        office.create("users", body).await;
    }
    let found = async |filter: &str| {
        let path = format!("users?{}", crate::fixture::encoded(&[("filter", filter)]));
        let list = office.read(&path).await;
        let mut names: Vec<String> = list["_embedded"]["users"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|user| user["username"].as_str().expect("a name").to_owned())
            .collect();
        names.sort();
        assert_eq!(list["count"], names.len());
        names
    };
    assert_eq!(found(r#"username eq "ALICE""#).await, ["alice"]);
    assert_eq!(found(r#"email eq "p3@example.test""#).await, ["page-3"]);
    assert_eq!(found(r#"username eq "p3@example.test""#).await, Vec::<String>::new(), "not by the address");
    assert_eq!(found(r#"username sw "page" and name.family eq "low""#).await, ["page-0", "page-1", "page-2"]);
    assert_eq!(
        found(r#"(username eq "bob" or username eq "alice") and enabled eq true"#).await,
        ["alice", "bob"]
    );
    let guests = office.fixture.world.data.guests.id;
    assert_eq!(found(&format!(r#"population.id eq "{guests}""#)).await, ["carol"]);
    let bad = office.ask("GET", "users?filter=username%20co%20%22a%22").send().await;
    bad.assert_error(400, "INVALID_DATA", Some(("INVALID_FILTER", Some("filter"))));

    let filter = crate::fixture::encoded(&[("filter", r#"username sw "page""#), ("limit", "3")]);
    let (mut next, mut seen, mut pages) = (Some(office.fixture.m(&format!("users?{filter}"))), vec![], 0);
    while let Some(path) = next {
        let page = office.read(&path).await;
        pages += 1;
        seen.extend(page["_embedded"]["users"].as_array().expect("a list").iter().map(id));
        next = page["_links"]["next"]["href"]
            .as_str()
            .map(|href| href.trim_start_matches(crate::fixture::API).to_owned());
    }
    seen.sort();
    seen.dedup();
    assert_eq!((seen.len(), pages), (7, 3));
    let all = office.read("users?limit=2").await;
    assert_eq!((&all["size"], &all["count"]), (&2.into(), &11.into()));
    for bad in ["limit=0", "limit=x", "cursor=x"] {
        assert_eq!(office.ask("GET", &format!("users?{bad}")).send().await.status, 400, "{bad}");
    }
}

/// After a sign-on the user says when and from where.
#[tokio::test]
async fn a_user_knows_the_last_sign_on() {
    let office = Office::open().await;
    let path = format!("users/{}", office.fixture.world.data.alice.id);
    assert!(office.read(&path).await.get("lastSignOn").is_none());
    office.fixture.sign_on(ALICE).await;
    let user = office.read(&path).await;
    assert_eq!(
        (&user["lastSignOn"]["at"], &user["name"]["formatted"]),
        (&"2026-11-20T09:14:07.312Z".into(), &"Alice".into())
    );
}
