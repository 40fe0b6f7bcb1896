//! What an administrator does to identities and their sessions, beyond what was recorded.
//!
//! The same people sign on natively; whoami says who is live.

use adieu_testkit::World;
use adieu_testkit::world::{Reply, profile_config};
use axum::http::Method;
use serde_json::{Value, json};

const PASSWORD: &str = "correct-horse-battery-9";

async fn make(world: &World, name: &str, config: Value) -> String {
    let body = json!({
        "schema_id": "person",
        "traits": {"email": format!("{name}@example.test")},
        "credentials": {"password": {"config": config}},
    });
    let reply = world.admin(Method::POST, "/admin/identities").json(&body).send().await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.json()["id"].as_str().expect("an id").to_owned()
}

async fn somebody(world: &World, name: &str) -> (String, String) {
    let id = make(world, name, json!({"password": PASSWORD})).await;
    (id, sign_on(world, name).await)
}

async fn sign_on(world: &World, name: &str) -> String {
    world.sign_on_kratos(&format!("{name}@example.test"), PASSWORD).await
}

async fn whoami(world: &World, token: &str) -> Reply {
    world.get("/sessions/whoami").header("x-session-token", token).send().await
}

async fn session_of(world: &World, token: &str) -> String {
    whoami(world, token).await.json()["id"].as_str().expect("an id").to_owned()
}

async fn manage(world: &World, body: Value) -> Reply {
    world.admin(Method::POST, "/admin/sessions").json(&body).send().await
}

/// Goal: K-42, many sessions end or are deleted at once, by session, by identity and for everybody.
#[tokio::test]
async fn sessions_end_in_bulk() {
    let world = World::start().await;
    let (ada, one) = somebody(&world, "ada").await;
    let two = sign_on(&world, "ada").await;
    let (bob, his) = somebody(&world, "bob2").await;
    let ids = [session_of(&world, &one).await, session_of(&world, &two).await];

    let reply = manage(&world, json!({"action": "disable", "sessions": [ids[0]]})).await;
    assert_eq!((reply.status.as_u16(), reply.json()), (200, json!({"processed": 1, "more": false})));
    assert_eq!(whoami(&world, &one).await.status, 401);
    assert_eq!(whoami(&world, &two).await.status, 200);
    let record = world.admin(Method::GET, &format!("/admin/sessions/{}", ids[0])).send().await;
    assert_eq!(
        (record.status.as_u16(), &record.json()["active"]),
        (200, &json!(false)),
        "it is kept as a record"
    );
    let again = manage(&world, json!({"action": "disable", "sessions": [ids[0]]})).await;
    assert_eq!(again.json()["processed"], 0, "it was not live any more");

    let reply = manage(&world, json!({"action": "delete", "identities": [ada]})).await;
    assert_eq!(reply.json(), json!({"processed": 2, "more": false}));
    assert_eq!(whoami(&world, &two).await.status, 401);
    for id in &ids {
        let record = world.admin(Method::GET, &format!("/admin/sessions/{id}")).send().await;
        assert_eq!(record.status, 404, "deleted sessions leave no record");
    }
    assert_eq!(whoami(&world, &his).await.status, 200);
    let reply = manage(&world, json!({"action": "disable", "identities": ["*"]})).await;
    assert_eq!(reply.json()["more"], json!(false));
    assert_eq!(whoami(&world, &his).await.status, 401, "everybody is {bob}, too");
}

/// Goal: K-33, the count of others that ended is of those that lived, and a repetition ended none; the recorded count, of all that are
/// remembered, is a switch.
#[tokio::test]
async fn the_count_is_of_sessions_that_lived_and_ended_by_the_request() {
    let mut config = profile_config("main");
    config.kratos.count_has_ended = false;
    let world = World::with_config(config).await;
    let (ada, mine) = somebody(&world, "ada").await;
    let end_others = async || {
        let reply = world.delete("/sessions").header("x-session-token", &mine).send().await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()["count"].clone()
    };
    let (gone, other) = (sign_on(&world, "ada").await, sign_on(&world, "ada").await);
    let body = json!({"session_token": gone});
    assert_eq!(world.delete("/self-service/logout/api").json(&body).send().await.status, 204);
    assert_eq!(end_others().await, 1, "one of the two others was signed off before");
    assert_eq!(whoami(&world, &other).await.status, 401);
    assert_eq!(end_others().await, 0, "nothing is left to end");
    for _ in 0..2 {
        sign_on(&world, "ada").await;
    }
    assert_eq!(end_others().await, 2);
    // The same at the administration, where only live ones are counted.
    sign_on(&world, "ada").await;
    let disable = || manage(&world, json!({"action": "disable", "identities": [ada]}));
    assert_eq!(disable().await.json()["processed"], 2);
    assert_eq!(disable().await.json()["processed"], 0);
}

/// Goal: K-42, what is no such wish changes nothing.
#[tokio::test]
async fn odd_bulk_wishes_are_refused() {
    let world = World::start().await;
    let (ada, token) = somebody(&world, "ada").await;
    let id = session_of(&world, &token).await;
    let many: Vec<String> = (0..501).map(|_| id.clone()).collect();
    for bad in [
        json!({}),
        json!({"action": "disable"}),
        json!({"action": "odd", "sessions": [id]}),
        json!({"action": "disable", "sessions": [id], "identities": [ada]}),
        json!({"action": "disable", "sessions": ["x"]}),
        json!({"action": "disable", "sessions": ["*"]}),
        json!({"action": "disable", "identities": ["*", ada]}),
        json!({"action": "disable", "sessions": many}),
        json!({"action": "disable", "sessions": [id], "odd": 1}),
        json!([]),
        json!("x"),
    ] {
        let reply = manage(&world, bad.clone()).await;
        assert_eq!(reply.status, 400, "{bad}: {}", reply.text);
        assert_eq!(reply.json()["error"]["code"], 400);
    }
    assert_eq!(whoami(&world, &token).await.status, 200);
}

/// Goal: K-53, a password that was hashed elsewhere works at once, and gets a hash of our own at the first sign-on.
#[tokio::test]
async fn imported_hashes_work_and_die_out() {
    let world = World::start().await;
    // All of the same password, made by the reference tools of each kind.
    let hashes = [("bcrypt", bcrypt_hash()), ("pbkdf2", pbkdf2_hash()), ("ssha", ssha_hash())];
    for (kind, hash) in &hashes {
        let name = format!("old{kind}");
        let id = make(&world, &name, json!({"hashed_password": hash})).await;
        let path = format!("/admin/identities/{id}?include_credential=password");
        let stored = async || {
            let reply = world.admin(Method::GET, &path).send().await.json();
            reply["credentials"]["password"]["config"]["hashed_password"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        assert_eq!(stored().await, *hash);
        let token = sign_on(&world, &name).await;
        assert_eq!(whoami(&world, &token).await.status, 200, "{kind}");
        assert!(stored().await.starts_with("$argon2id$"), "{kind} is replaced");
        sign_on(&world, &name).await;
    }
    for bad in [
        "",
        "x",
        "$md5$x",
        "$2b$31$EGdrhbKUv8Oc9vGiXX0HQOxSg445d458Muh7DAHskb6QbtCvdxcie",
        "$argon2i$v=19$m=64,t=2,p=1$c29t$",
    ] {
        let body = json!({"schema_id": "person", "traits": {"email": "x@example.test"},
            "credentials": {"password": {"config": {"hashed_password": bad}}}});
        let reply = world.admin(Method::POST, "/admin/identities").json(&body).send().await;
        assert_eq!(reply.status, 400, "{bad}");
    }
}

fn bcrypt_hash() -> String {
    bcrypt::hash_with_result(PASSWORD, 4).expect("a cost").to_string()
}

fn pbkdf2_hash() -> String {
    use base64::Engine;
    let base64 = base64::engine::general_purpose::STANDARD_NO_PAD;
    let mut output = [0; 32];
    pbkdf2::pbkdf2_hmac::<sha2::Sha256>(PASSWORD.as_bytes(), b"saltsaltsaltsalt", 100, &mut output);
    format!("$pbkdf2-sha256$i=100,l=32${}${}", base64.encode(b"saltsaltsaltsalt"), base64.encode(output))
}

fn ssha_hash() -> String {
    use base64::Engine;
    use sha2::Digest;
    let digest = sha2::Sha256::new().chain_update(PASSWORD).chain_update(b"salt").finalize();
    let bytes = [&digest[..], b"salt"].concat();
    format!("{{SSHA256}}{}", base64::engine::general_purpose::STANDARD.encode(bytes))
}

/// Goal: K-54, Q5: a whole identity is replaced; set inactive and back, its sessions stay dead.
#[tokio::test]
async fn a_replaced_identity_keeps_its_password_and_no_session_comes_back() {
    let world = World::start().await;
    let (id, token) = somebody(&world, "ada").await;
    let path = format!("/admin/identities/{id}");
    let put = async |state: &str| {
        let traits = json!({"email": "ada@example.test", "name": "Ada"});
        let body =
            json!({"schema_id": "person", "traits": traits, "state": state, "metadata_public": {"a": 1}});
        world.admin(Method::PUT, &path).json(&body).send().await
    };
    let reply = put("active").await;
    assert_eq!(
        (reply.status.as_u16(), &reply.json()["metadata_public"]),
        (200, &json!({"a": 1})),
        "{}",
        reply.text
    );
    assert_eq!(whoami(&world, &token).await.status, 200, "a change of the record ends nothing");
    assert_eq!(put("inactive").await.json()["state"], "inactive");
    assert_eq!(whoami(&world, &token).await.status, 401);
    assert_eq!(put("active").await.json()["state"], "active");
    assert_eq!(whoami(&world, &token).await.status, 401, "it stays dead");
    let token = sign_on(&world, "ada").await;
    assert_eq!(whoami(&world, &token).await.json()["identity"]["traits"]["name"], "Ada");
}

/// Goal: K-53, a batch makes what is good of it and says of the rest why not.
#[tokio::test]
async fn a_batch_makes_each_or_says_why_not() {
    let world = World::start().await;
    let make = |email: &str| json!({"create": {"schema_id": "person", "traits": {"email": email}}});
    let body = json!({"identities": [make("a@example.test"), make("bad"), make("A@example.test")]});
    let reply = world.admin(Method::PATCH, "/admin/identities").json(&body).send().await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let results = reply.json()["identities"].as_array().expect("a list").clone();
    let actions: Vec<_> = results.iter().map(|one| one["action"].as_str().unwrap_or_default()).collect();
    assert_eq!(actions, ["create", "error", "error"]);
    assert_eq!((&results[1]["error"]["code"], &results[2]["error"]["code"]), (&json!(400), &json!(409)));
}

/// Goal: K-34, a user ends no session of somebody else, and is not told that it is there.
#[tokio::test]
async fn somebody_elses_session_is_left_alone() {
    let world = World::start().await;
    let (_, hers) = somebody(&world, "ada").await;
    let (_, his) = somebody(&world, "bob2").await;
    let id = session_of(&world, &his).await;
    for under in ["", "/auth"] {
        let path = format!("{under}/sessions/{id}");
        let reply = world.delete(&path).header("x-session-token", &hers).send().await;
        assert_eq!(reply.status, 204);
        assert_eq!(whoami(&world, &his).await.status, 200);
        let list = world.get(&format!("{under}/sessions")).header("x-session-token", &hers).send().await;
        assert_eq!(list.json(), json!([]));
    }
}

/// Goal: F-6, a loop over numbered pages sees everybody once and ends; its links keep the rest of the query.
#[tokio::test]
async fn numbered_pages_are_cut_and_end() {
    let world = World::start().await;
    let all = world.admin(Method::GET, "/admin/identities").send().await.json();
    let all: Vec<String> = ids(&all);
    let mut seen = Vec::new();
    for page in 1.. {
        let path = format!("/admin/identities?page={page}&per_page=2");
        let reply = world.admin(Method::GET, &path).send().await;
        let found = ids(&reply.json());
        let link = reply.header("link");
        let next = format!("</admin/identities?page={}&per_page=2>; rel=\"next\"", page + 1);
        assert_eq!(link.contains(&next), seen.len() + found.len() < all.len(), "{page}: {link}");
        if found.is_empty() {
            break;
        }
        assert!(found.len() <= 2, "{found:?}");
        seen.extend(found);
    }
    assert_eq!(seen, all);
    let beyond = format!("/admin/identities?page={}&per_page=1000", u64::MAX);
    assert_eq!(world.admin(Method::GET, &beyond).send().await.json(), json!([]));
    // The newer pair wins where it is there.
    let both = world.admin(Method::GET, "/admin/identities?page=2&per_page=2&page_size=1").send().await;
    assert_eq!(ids(&both.json()), all[..1]);
}

fn ids(list: &Value) -> Vec<String> {
    let list = list.as_array().expect("a list");
    list.iter().map(|one| one["id"].as_str().expect("an id").to_owned()).collect()
}

/// Goal: F-13, a patch brings a hash that was made elsewhere; it takes none away, shows none and touches no other credential.
#[tokio::test]
async fn a_patch_replaces_a_hash() {
    let world = World::start().await;
    let (id, token) = somebody(&world, "ada").await;
    let path = format!("/admin/identities/{id}");
    let patch = async |operations: Value| {
        let reply = world.admin(Method::PATCH, &path).json(&operations).send().await;
        (reply.status.as_u16(), reply.json())
    };
    let at = "/credentials/password/config/hashed_password";
    for bad in [
        json!([{"op": "remove", "path": at}]),
        json!([{"op": "remove", "path": "/credentials/password"}]),
        json!([{"op": "replace", "path": at, "value": "x"}]),
        json!([{"op": "replace", "path": "/credentials", "value": {}}]),
        json!([{"op": "add", "path": "/credentials/oidc", "value": {"config": {}}}]),
        json!([{"op": "copy", "from": at, "path": "/metadata_public/hash"}]),
        json!([{"op": "move", "from": "/credentials/password", "path": "/metadata_public/hash"}]),
        json!([{"op": "copy", "from": "", "path": "/metadata_public/all"}]),
    ] {
        assert_eq!(patch(bad.clone()).await.0, 400, "{bad}");
    }
    let (status, _) = patch(json!([{"op": "add", "path": "/metadata_public", "value": {"a": 1}}])).await;
    assert_eq!(status, 200);
    assert_eq!(whoami(&world, &token).await.status, 200, "no password was changed");
    sign_on(&world, "ada").await;
    let other = bcrypt::hash_with_result("another-Horse-7", 4).expect("a cost").to_string();
    let (status, body) = patch(json!([{"op": "replace", "path": at, "value": other}])).await;
    assert_eq!(status, 200, "{body}");
    let email = "ada@example.test";
    let token = world.sign_on_kratos(email, "another-Horse-7").await;
    assert_eq!(whoami(&world, &token).await.status, 200);
}

/// Goal: F-34, members are found in whatever letter case a client writes them.
#[tokio::test]
async fn members_are_matched_in_any_letter_case() {
    let world = World::start().await;
    let body = json!({
        "Schema_ID": "person", "TRAITS": {"email": "case@example.test"},
        "Credentials": {"PASSWORD": {"Config": {"Password": PASSWORD}}},
    });
    let made = world.admin(Method::POST, "/admin/identities").json(&body).send().await;
    assert_eq!(made.status, 201, "{}", made.text);
    let token = sign_on(&world, "case").await;
    let logout = world.ask(Method::DELETE, "/self-service/logout/api").json(&json!({"Session_Token": token}));
    assert_eq!(logout.send().await.status, 204);
    assert_eq!(whoami(&world, &token).await.status, 401);
    let flow = world.get("/self-service/login/api").send().await.json();
    let path = format!("/self-service/login?flow={}", flow["id"].as_str().expect("an id"));
    let submit = json!({"Method": "password", "IDENTIFIER": "case@example.test", "Password": PASSWORD});
    let reply = world.ask(Method::POST, &path).json(&submit).send().await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

/// Goal: a body in which a member stands twice is refused with its name; a submission may say the same thing twice.
#[tokio::test]
async fn a_member_that_says_two_things_is_refused() {
    let world = World::start().await;
    let (id, _) = somebody(&world, "ada").await;
    let doubled = r#"{"schema_id":"person","traits":{"email":"a@example.test","email":"b@example.test"}}"#;
    let path = format!("/admin/identities/{id}");
    for (method, path) in [(Method::POST, "/admin/identities"), (Method::PUT, &path)] {
        let ask = world.admin(method, path).header("content-type", "application/json");
        let reply = ask.body(doubled).send().await;
        assert_eq!(reply.status, 400, "{}", reply.text);
        assert!(reply.text.contains("`email`"), "{}", reply.text);
    }
    let submit = async |body: String| {
        let flow = world.get("/self-service/login/api").send().await.json();
        let path = format!("/self-service/login?flow={}", flow["id"].as_str().expect("an id"));
        world.post(&path).header("content-type", "application/json").body(body).send().await
    };
    let with = |more: &str| {
        format!(r#"{{"method":"password","identifier":"ada@example.test","password":"{PASSWORD}"{more}}}"#)
    };
    for doubled in [
        r#"{"schema_id":"person","State":"inactive","state":"active","traits":{"email":"c@example.test"}}"#,
        r#"[{"op":"replace","path":"/state","PATH":"/schema_id","value":"inactive"}]"#,
    ] {
        let method = if doubled.starts_with('[') { Method::PATCH } else { Method::PUT };
        let ask = world.admin(method, &path).header("content-type", "application/json");
        let reply = ask.body(doubled).send().await;
        assert_eq!(reply.status, 400, "{}", reply.text);
        assert!(reply.text.contains("stands there twice"), "{}", reply.text);
    }
    let same = submit(with(r#","method":"password""#)).await;
    assert_eq!(same.status, 200, "{}", same.text);
    let other = submit(with(r#","identifier":"alice""#)).await;
    assert!(other.status == 400 && other.text.contains("`identifier`"), "{}", other.text);
    let other = submit(with(r#","Identifier":"alice""#)).await;
    assert!(other.status == 400 && other.text.contains("`identifier`"), "{}", other.text);
    let form = async |body: String| {
        let flow = world.get("/self-service/login/api").send().await.json();
        let path = format!("/self-service/login?flow={}", flow["id"].as_str().expect("an id"));
        let ask = world.post(&path).header("content-type", "application/x-www-form-urlencoded");
        ask.body(body).send().await
    };
    let fields = format!("method=password&identifier=ada%40example.test&password={PASSWORD}");
    let other = form(format!("{fields}&identifier=alice")).await;
    assert!(other.status == 400 && other.text.contains("`identifier`"), "{}", other.text);
    let same = form(format!("{fields}&method=password")).await;
    assert_eq!(same.status, 200, "{}", same.text);
}

/// Goal: F-33, the links of a filtered list keep its filter.
#[tokio::test]
async fn links_keep_the_filter() {
    let world = World::start().await;
    let (id, _) = somebody(&world, "ada").await;
    for _ in 0..2 {
        sign_on(&world, "ada").await;
    }
    let path = format!("/admin/identities/{id}/sessions?active=true&page_size=1");
    let reply = world.admin(Method::GET, &path).send().await;
    let link = reply.header("link");
    let links: Vec<&str> = link.split("rel=").filter(|part| part.contains('<')).collect();
    assert!(links.len() > 1 && links.iter().all(|link| link.contains("?active=true&")), "{link}");
}

/// Goal: K-53, K-54, F-52, identities that other interfaces made are changed: what GET gave can be put again, and only traits that
/// change are held against the schema.
#[tokio::test]
async fn identities_of_other_interfaces_are_changed() {
    let world = World::start().await;
    let people = format!("/v1/realms/{}/users", world.data.realm.id);
    for (name, person) in [
        (
            "dora",
            json!({"username": "dora", "traits": {"username": "dora", "name": {"given": "Dora"}, "nickname": "D"}}),
        ),
        ("ida", json!({"username": "ida"})),
        ("eve", json!({"username": "eve", "email": "eve@example.test", "traits": {}})),
    ] {
        let made = world.admin(Method::POST, &people).json(&person).send().await;
        assert_eq!(made.status, 201, "{}", made.text);
        let path = format!("/admin/identities/{}", made.json()["id"].as_str().expect("an id"));
        let patch = json!([{"op": "replace", "path": "/metadata_public", "value": {"a": 1}}]);
        let patched = world.admin(Method::PATCH, &path).json(&patch).send().await;
        assert_eq!(
            (patched.status.as_u16(), &patched.json()["metadata_public"]),
            (200, &json!({"a": 1})),
            "{}",
            patched.text
        );
        let mut body = json!({});
        for member in ["schema_id", "traits", "metadata_public", "metadata_admin", "state"] {
            body[member] = patched.json()[member].clone();
        }
        let put = world.admin(Method::PUT, &path).json(&body).send().await;
        assert_eq!(put.status, 200, "{}", put.text);
        let native =
            world.admin(Method::GET, &format!("/v1/users/{}", made.json()["id"].as_str().expect("an id")));
        let native = native.send().await.json();
        assert_eq!((&native["username"], &native["email"]), (&json!(name), &made.json()["email"]));
        let off = json!([{"op": "replace", "path": "/state", "value": "inactive"}]);
        assert_eq!(world.admin(Method::PATCH, &path).json(&off).send().await.status, 200);
        let odd = json!([{"op": "add", "path": "/traits/odd", "value": 1}]);
        assert_eq!(world.admin(Method::PATCH, &path).json(&odd).send().await.status, 400);
    }
}

/// Goal: K-53, F-64, identities are found by a part of a name by which they sign on, a page at a time; by no part they are not.
#[tokio::test]
async fn identities_are_found_by_a_part_of_a_name() {
    let world = World::start().await;
    for name in ["similar-one", "similar-two", "else"] {
        make(&world, name, json!({"password": PASSWORD})).await;
    }
    for filter in ["credentials_identifier_similar", "preview_credentials_identifier_similar"] {
        let list = format!("/admin/identities?{filter}=SIMILAR-");
        let found = world.admin(Method::GET, &list).send().await.json();
        assert_eq!(found.as_array().map(Vec::len), Some(2), "{found}");
        let page = world.admin(Method::GET, &format!("{list}&page_size=1")).send().await;
        let next =
            page.header("link").split(',').find(|link| link.contains("rel=\"next\"")).map(str::to_owned);
        let next = next.expect("a next page").split(['<', '>']).nth(1).expect("an address").to_owned();
        let next = next.split_once("/admin/").expect("our list").1.to_owned();
        let second = world.admin(Method::GET, &format!("/admin/{next}")).send().await.json();
        assert!(second.as_array().map(Vec::len) == Some(1) && second != page.json(), "{second}");
        let none = world.admin(Method::GET, &format!("/admin/identities?{filter}=")).send().await;
        assert_eq!(none.status, 400, "{}", none.text);
    }
}
